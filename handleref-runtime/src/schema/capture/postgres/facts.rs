//! What the triggers need to know of the catalogue.

use super::user_sql;
use crate::schema::capture::RecordTarget;
use crate::schema::dialect::Wanted;
use crate::schema::live::Live;
use crate::schema::names::{TableName, folded, literal, quoted};
use crate::schema::postgres::Postgres;

/// The operator by which values of a column are equal: the one of its type's
/// default order, wherever that is.
pub(super) fn equality(target: &RecordTarget<'_>, column: &str) -> String {
    let found = target.recorded.facts.iter().find(|(name, kind, ..)| {
        kind.as_deref() == Some("equality") && name.as_deref() == Some(column)
    });
    match found {
        Some((_, _, Some(schema), Some(name))) => {
            let schema = match *schema == target.live.detail {
                true => target.home(),
                false => quoted(schema, '"'),
            };
            format!("OPERATOR({schema}.{name})")
        }
        _ => EQUAL.into(),
    }
}

/// The [`equality`] of most types.
pub(super) const EQUAL: &str = "OPERATOR(pg_catalog.=)";

/// The schemas in which every user may create.
pub(super) fn open_schemas<'a>(target: &'a RecordTarget<'_>) -> impl Iterator<Item = &'a str> {
    let facts = target.recorded.facts.iter();
    facts.filter_map(|(name, kind, ..)| match kind.as_deref() {
        Some(OPEN) => name.as_deref(),
        _ => None,
    })
}

/// The columns of a table whose type has an equality of its own, such as citext.
const EQUALITIES: &str = "WITH RECURSIVE base (attname, type) AS \
     (SELECT a.attname, a.atttypid FROM pg_catalog.pg_attribute a WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped \
     UNION ALL SELECT b.attname, t.typbasetype FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.type WHERE t.typtype = 'd') \
     SELECT b.attname, n.nspname AS schema, o.oprname AS operator FROM base b \
     JOIN pg_catalog.pg_opclass c ON c.opcintype = b.type AND c.opcdefault \
     JOIN pg_catalog.pg_am m ON m.oid = c.opcmethod AND m.amname = 'btree' \
     JOIN pg_catalog.pg_amop p ON p.amopfamily = c.opcfamily AND p.amoplefttype = c.opcintype AND p.amoprighttype = c.opcintype AND p.amopstrategy = 3 \
     JOIN pg_catalog.pg_operator o ON o.oid = p.amopopr \
     JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace AND n.nspname <> 'pg_catalog'";

/// Marks a table that is partitioned among the facts.
pub(super) const PARTITIONED: &str = "partitioned";

/// Marks the tables that inherit from the table, or are its partitions, among the facts.
pub(super) const CHILD: &str = "child";

/// Marks the labels of enums among the facts.
pub(in crate::schema) const LABEL: &str = "label";

/// Marks the schemas in which every user may create among the facts.
const OPEN: &str = "open";

/// Marks the domains of the table's columns that refuse null among the facts.
pub(in crate::schema) const NEEDED: &str = "needed";

/// The tables that inherit from this one, those that it inherits from, how
/// columns are compared, the labels of enums, and the schemas that are open to all.
pub(in crate::schema) fn facts(wanted: &Wanted, live: &Live) -> Option<String> {
    use crate::schema::dialect::Dialect;
    let TableName { table, .. } = &wanted.table;
    let oid = literal(&Postgres.qualified(live.schema.as_deref(), table));
    let oid = format!("to_regclass({oid})");
    Some(format!(
        "SELECT i.inhrelid::regclass::text, '{CHILD}'::text, NULL::text, NULL::text FROM pg_catalog.pg_inherits i WHERE i.inhparent = {oid} \
         UNION ALL SELECT i.inhparent::regclass::text, 'parent', NULL, NULL FROM pg_catalog.pg_inherits i WHERE i.inhrelid = {oid} \
         UNION ALL SELECT NULL, '{}', NULL, NULL FROM pg_catalog.pg_class WHERE oid = {oid} AND relkind = 'p' \
         UNION ALL SELECT attname::text, 'equality', schema::text, operator::text FROM ({}) AS equalities \
         UNION ALL SELECT format_type(e.enumtypid, NULL)::text, '{LABEL}', e.enumlabel::text, NULL FROM pg_catalog.pg_enum e \
         UNION ALL (WITH RECURSIVE d (oid) AS (SELECT a.atttypid FROM pg_catalog.pg_attribute a \
         WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped \
         UNION SELECT t.typbasetype FROM d JOIN pg_catalog.pg_type t ON t.oid = d.oid WHERE t.typtype = 'd') \
         SELECT format_type(t.oid, NULL)::text, '{NEEDED}', NULL, NULL FROM d JOIN pg_catalog.pg_type t ON t.oid = d.oid \
         WHERE t.typnotnull) \
         UNION ALL SELECT n.nspname::text, '{OPEN}', NULL, NULL FROM pg_catalog.pg_namespace n \
         WHERE pg_catalog.has_schema_privilege('public', n.oid, 'CREATE') ORDER BY 1",
        PARTITIONED,
        EQUALITIES.replace("{oid}", &oid),
    ))
}

pub(in crate::schema) fn uncovered(target: &RecordTarget<'_>) -> Vec<String> {
    let mut paths = Vec::new();
    for (name, kin, ..) in &target.recorded.facts {
        let (Some(name), Some(kin)) = (name, kin) else {
            continue;
        };
        paths.push(match kin.as_str() {
            LABEL | NEEDED => continue,
            OPEN if *name == target.live.detail && user_sql(target) => format!(
                "any user can create functions in the schema `{name}`, and so decides what SQL of its properties \
                 and conditions means; REVOKE CREATE ON SCHEMA {} FROM PUBLIC",
                quoted(name, '"')
            ),
            CHILD => format!("statements that name its partition or child `{name}`"),
            "parent" => format!("statements that name its parent `{name}`"),
            _ => continue,
        });
    }
    for trigger in &target.live.triggers {
        let definition = folded(&trigger.definition);
        let ours = trigger.name.starts_with("handleref_");
        if !ours && definition.contains("after") && definition.contains("foreachrow") {
            paths.push(format!(
                "if the trigger `{}` writes to the row that has set it off, the records of the two changes are in the wrong order",
                trigger.name
            ));
        }
    }
    paths
}
