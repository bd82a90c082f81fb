//! PostgreSQL.
//!
//! The guard is a `BEFORE UPDATE` trigger with a `WHEN` clause: a writer that raises
//! the version pays one comparison of integers and no call. Rows are compared
//! by `*<>`, that is by their bytes: unlike `IS DISTINCT FROM` it works for
//! types without equality (json, xml, point) and sees what a case-insensitive
//! collation hides. An unchanged row is written as it is rather than skipped,
//! so that the writer's row count stays what it expects.

use super::capture::{RecordTarget, postgres as records};
use super::dialect::{
    Change, Dialect, Fill, NewColumn, NewIndex, State, Target, Trigger, Wanted, amends,
    guard_condition,
};
use super::home::{AS_IT_WAS, path_sql};
use super::live::{Live, LiveTrigger, Queries};
use super::names::{TableName, folded, guard_name, literal};
use super::problem::ProblemKind;
use crate::engine::Kind;
use crate::sql::now_sql;
use crate::time::TimeKind;

pub(super) struct Postgres;

/// The type `g.sql_type` of the column `a`, with what its domain is made of,
/// which may be a domain in turn. The first of them that says a length counts.
const GROUND: &str = "CROSS JOIN LATERAL (WITH RECURSIVE d (oid, typmod) AS (SELECT a.atttypid, a.atttypmod \
     UNION ALL SELECT t.typbasetype, CASE WHEN d.typmod = -1 THEN t.typtypmod ELSE d.typmod END \
     FROM d JOIN pg_catalog.pg_type t ON t.oid = d.oid WHERE t.typtype = 'd') \
     SELECT format_type(d.oid, d.typmod)::text AS sql_type FROM d JOIN pg_catalog.pg_type t ON t.oid = d.oid \
     WHERE t.typtype <> 'd') g";

/// The search path of functions in which nothing is found by it. Without the
/// last part temporary tables would come first.
pub(super) const CATALOG: &str = "pg_catalog, pg_temp";

/// The default of a new column; the expression itself, if it has one.
fn default_of(fill: &Fill<'_>) -> Option<&'static str> {
    match fill {
        Fill::Null => None,
        Fill::One => Some("1"),
        Fill::Now(kind, _) => Some(now_sql(Kind::Postgres, *kind)),
    }
}

impl Dialect for Postgres {
    fn kind(&self) -> Kind {
        Kind::Postgres
    }

    fn record_facts(&self, wanted: &Wanted, live: &Live) -> Option<String> {
        records::facts(wanted, live)
    }

    fn record_triggers(&self, target: &RecordTarget<'_>) -> Vec<Trigger> {
        records::triggers(self, target)
    }

    fn record_problems(&self, target: &RecordTarget<'_>) -> Vec<ProblemKind> {
        records::problems(target)
    }

    fn uncovered(&self, target: &RecordTarget<'_>) -> Vec<String> {
        records::uncovered(target)
    }

    fn drop_trigger(&self, on: &Live, table: &str, trigger: &str) -> Vec<String> {
        let table = self.qualified(on.schema.as_deref(), table);
        let function = self.qualified(on.schema.as_deref(), trigger);
        vec![
            format!("DROP TRIGGER IF EXISTS {} ON {table}", self.quote(trigger)),
            format!("DROP FUNCTION IF EXISTS {function}()"),
        ]
    }

    fn support_query(&self, schema: Option<&str>, names: &[&str]) -> String {
        let names = names
            .iter()
            .map(|name| literal(name))
            .collect::<Vec<_>>()
            .join(", ");
        // Not what the search path shows: that may be another user's.
        let home = schema.map_or("current_schema()".to_owned(), literal);
        format!(
            "SELECT ''::text, {home}::text, NULL::text, {}::text \
             UNION ALL SELECT c.relname::text, n.nspname::text, NULL, NULL FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relname IN ({names}) AND n.nspname = {home} \
             UNION ALL SELECT p.proname::text, n.nspname::text, p.prosrc::text, NULL FROM pg_catalog.pg_proc p \
             JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
             WHERE p.proname IN ({names}) AND n.nspname = {home}",
            path_sql(&home),
        )
    }

    fn restore_trigger(&self, on: &Live, found: &LiveTrigger) -> Vec<String> {
        let function = on.functions.iter().find(|it| it.name == found.name);
        let function = function.map(|function| function.restore.trim_end().to_owned());
        let restored = function.into_iter().chain([found.restore.clone()]);
        restored.map(|sql| format!("{AS_IT_WAS}{sql}")).collect()
    }

    fn strays_query(&self, live: &Live, prefix: &str) -> String {
        format!(
            "SELECT c.relname::text, t.tgname::text, pg_get_triggerdef(t.oid)::text, NULL::text \
             FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = {} AND starts_with(t.tgname::text, {}) AND NOT t.tgisinternal ORDER BY c.relname, t.tgname",
            literal(&live.detail),
            literal(prefix),
        )
    }

    fn quote_mark(&self) -> char {
        '"'
    }

    fn name_limit(&self) -> (usize, bool) {
        (63, true)
    }

    fn queries(&self, table: &TableName) -> Queries {
        let name = self.quote(&table.table);
        let qualified = match &table.schema {
            Some(schema) => format!("{}.{name}", self.quote(schema)),
            None => name,
        };
        let oid = format!("to_regclass({})", literal(&qualified));
        let explicit = if table.schema.is_some() {
            "true"
        } else {
            "false"
        };
        Queries {
            table: format!(
                "SELECT CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view' \
                 WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' ELSE 'relation of another kind' END, \
                 CASE WHEN {explicit} OR n.nspname IS DISTINCT FROM current_schema() THEN n.nspname::text END, \
                 n.nspname::text, NULL::text \
                 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = {oid}"
            ),
            // A virtual generated column (PostgreSQL 18) is null in OLD and in NEW.
            columns: format!(
                "SELECT a.attname::text, g.sql_type, \
                 CASE WHEN a.attnotnull THEN '' ELSE 'n' END || CASE a.attgenerated WHEN 's' THEN 'g' WHEN 'v' THEN 'v' ELSE '' END \
                 || CASE a.attidentity WHEN 'a' THEN 'i' ELSE '' END, \
                 pg_get_expr(d.adbin, d.adrelid)::text \
                 FROM pg_catalog.pg_attribute a {GROUND} \
                 LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
                 WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
            ),
            indexes: format!(
                "SELECT c.relname::text, a.attname::text, CASE WHEN m.amname = 'brin' THEN 'b' WHEN i.indisunique THEN 'u' ELSE '' END, \
                 'WHERE ' || pg_get_expr(i.indpred, i.indrelid)::text \
                 FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
                 JOIN pg_catalog.pg_am m ON m.oid = c.relam AND m.amname IN ('btree', 'brin') \
                 CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, at) \
                 LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum > 0 \
                 WHERE i.indrelid = {oid} AND i.indisvalid AND k.at <= i.indnkeyatts ORDER BY c.relname, k.at"
            ),
            triggers: format!(
                "SELECT t.tgname::text, pg_get_triggerdef(t.oid)::text, \
                 CASE WHEN t.tgenabled IN ('D', 'R') THEN 'd' ELSE '' END, pg_get_triggerdef(t.oid)::text \
                 FROM pg_catalog.pg_trigger t WHERE t.tgrelid = {oid} AND NOT t.tgisinternal ORDER BY t.tgname"
            ),
            functions: Some(format!(
                "SELECT p.proname::text, p.prosrc::text, \
                 (CASE WHEN has_function_privilege('public', p.oid, 'EXECUTE') THEN '=' ELSE '-' END || pg_get_userbyid(p.proowner))::text, \
                 pg_get_functiondef(p.oid)::text \
                 FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_class c ON c.relnamespace = p.pronamespace \
                 WHERE c.oid = {oid} AND starts_with(p.proname::text, 'handleref_') AND p.pronargs = 0"
            )),
            // A domain may refuse null, which a record of a skipped column is.
            types: format!(
                "SELECT a.attname::text, \
                 (g.sql_type || CASE WHEN a.attcollation <> 0 AND k.collname <> 'default' \
                 THEN ' COLLATE ' || quote_ident(kn.nspname) || '.' || quote_ident(k.collname) ELSE '' END)::text, NULL::text, NULL::text \
                 FROM pg_catalog.pg_attribute a {GROUND} \
                 LEFT JOIN pg_catalog.pg_collation k ON k.oid = a.attcollation \
                 LEFT JOIN pg_catalog.pg_namespace kn ON kn.oid = k.collnamespace \
                 WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
            ),
        }
    }

    fn version_type(&self, bits: u32, _: &Live) -> &'static str {
        match bits {
            16 => "SMALLINT",
            32 => "INTEGER",
            _ => "BIGINT",
        }
    }

    fn takes_version(&self, bits: u32, sql_type: &str) -> bool {
        sql_type.eq_ignore_ascii_case(match bits {
            16 => "smallint",
            32 => "integer",
            _ => "bigint",
        })
    }

    fn time_type(&self, kind: TimeKind, _: &Live) -> &'static str {
        match kind {
            TimeKind::Plain => "TIMESTAMP",
            _ => "TIMESTAMPTZ",
        }
    }

    fn takes_time(&self, kind: TimeKind, sql_type: &str) -> bool {
        // With a precision, such as `timestamp(3)`, microseconds would be lost.
        let whole = match kind {
            TimeKind::Plain => [
                "timestamp without time zone",
                "timestamp(6) without time zone",
            ],
            _ => ["timestamp with time zone", "timestamp(6) with time zone"],
        };
        whole.contains(&sql_type)
    }

    fn add_columns(&self, target: &Target<'_>, columns: &[NewColumn<'_>]) -> Change {
        let table = target.table(self);
        let (mut add, mut drop, mut copy) = (Vec::new(), Vec::new(), Vec::new());
        for column in columns {
            let (name, sql_type) = (self.quote(column.name), column.sql_type);
            let default = default_of(&column.fill)
                .map(|now| format!(" NOT NULL DEFAULT {now}"))
                .unwrap_or_default();
            add.push(format!("ADD COLUMN {name} {sql_type}{default}"));
            drop.push(format!("DROP COLUMN {name}"));
            if let Fill::Now(kind, Some((from, other))) = column.fill {
                let from = self.quote(from);
                // Converts in either direction.
                let value = if kind == other {
                    from
                } else {
                    format!("{from} AT TIME ZONE 'UTC'")
                };
                // Rewrites the rows without firing triggers, unlike an UPDATE.
                copy.push(format!(
                    "ALTER COLUMN {name} TYPE {sql_type} USING coalesce({value}, {name})"
                ));
            }
        }
        let alter = |actions: Vec<String>| format!("ALTER TABLE {table} {}", actions.join(", "));
        let mut change = Change {
            up: vec![alter(add)],
            down: vec![alter(drop)],
        };
        if !copy.is_empty() {
            change.up.push(alter(copy));
        }
        change
    }

    fn set_default(&self, target: &Target<'_>, column: &str, fill: &Fill<'_>) -> Option<Change> {
        let alter = format!(
            "ALTER TABLE {} ALTER COLUMN {}",
            target.table(self),
            self.quote(column)
        );
        let default = default_of(fill)?;
        Some(Change {
            up: vec![format!("{alter} SET DEFAULT {default}")],
            down: vec![format!("{alter} DROP DEFAULT")],
        })
    }

    fn index(&self, target: &Target<'_>, index: &NewIndex<'_>) -> (String, String) {
        let unique = if index.unique { "UNIQUE " } else { "" };
        let using = if index.rising { "USING brin " } else { "" };
        let condition = index
            .condition
            .as_ref()
            .map(|test| format!(" WHERE {test}"))
            .unwrap_or_default();
        let (name, table, columns) = (
            self.quote(&index.name),
            target.table(self),
            self.quote_all(&index.columns),
        );
        (
            format!("CREATE {unique}INDEX {name} ON {table} {using}({columns}){condition}"),
            format!("DROP INDEX {}", target.sibling(self, &index.name)),
        )
    }

    fn guard(&self, target: &Target<'_>) -> Option<Trigger> {
        let roles = target.wanted.roles;
        let guard_condition = guard_condition(self, roles)?;
        let name = guard_name(self, &target.wanted.table.table);
        let (trigger, function, table) = (
            self.quote(&name),
            target.sibling(self, &name),
            target.table(self),
        );
        let body = body(self, target);
        let mut tag = "$handleref$".to_owned();
        while body.contains(&tag) {
            tag.insert(1, 'x');
        }
        let create_function = format!(
            "CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS {tag}{body}{tag}"
        );
        let create_trigger = format!(
            "CREATE TRIGGER {trigger} BEFORE UPDATE ON {table} FOR EACH ROW\nWHEN ({guard_condition}) EXECUTE FUNCTION {function}()"
        );
        let drop_trigger = format!("DROP TRIGGER IF EXISTS {trigger} ON {table}");
        let drop_function = format!("DROP FUNCTION IF EXISTS {function}()");

        let found = target.live.triggers.iter().find(|found| found.name == name);
        let found_function = target
            .live
            .functions
            .iter()
            .find(|found| found.name == name);
        let right = |definition: &str| {
            let definition = folded(definition);
            let head = folded(&format!("CREATE TRIGGER {trigger} BEFORE UPDATE ON"));
            let tail = folded(&format!(
                "FOR EACH ROW WHEN {guard_condition} EXECUTE FUNCTION"
            ));
            let home = self.qualified(Some(&target.live.detail), &name);
            let ends = |called: &str| definition.ends_with(&folded(&format!("{tail}{called}")));
            definition.starts_with(&head) && (ends(&trigger) || ends(&home))
        };
        let state = match (found, found_function) {
            (None, _) => State::Missing,
            (Some(found), Some(function))
                if function.body == body
                    && has_no_settings(&function.restore)
                    && right(&found.definition) =>
            {
                let alter = |verb: &str| format!("ALTER TABLE {table} {verb} TRIGGER {trigger}");
                if found.disabled {
                    State::Disabled(alter("ENABLE"), alter("DISABLE"))
                } else {
                    State::Right
                }
            }
            (Some(found), _) => State::Altered(self.restore_trigger(target.live, found)),
        };
        Some(Trigger {
            name,
            on: None,
            create: vec![create_function, create_trigger],
            drop: vec![drop_trigger, drop_function],
            state,
            other: false,
        })
    }
}

/// Whether a function has no settings of its own. Everything in it is named with its
/// schema, and a setting would be made and taken back for every row: it costs as
/// much as the rest of the guard.
fn has_no_settings(shown: &str) -> bool {
    let head = shown.split("\nAS $").next().unwrap_or_default();
    folded(head).ends_with("languageplpgsql")
}

/// The body of the guard's function.
fn body(dialect: &Postgres, target: &Target<'_>) -> String {
    let mut body = String::from(
        "\nBEGIN\n  -- Made by handleref. Called only for a writer that does not raise the version.\n",
    );
    for column in target.live.columns.iter().filter(|column| column.generated) {
        let name = dialect.quote(&column.name);
        // Not computed yet, and what is assigned here is computed again.
        body.push_str(&format!("  NEW.{name} := OLD.{name};\n"));
    }
    body.push_str("  IF NEW OPERATOR(pg_catalog.*<>) OLD THEN\n");
    for (column, value) in amends(dialect, target.wanted) {
        body.push_str(&format!("    NEW.{column} := {value};\n"));
    }
    body.push_str("  END IF;\n  RETURN NEW;\nEND\n");
    body
}
