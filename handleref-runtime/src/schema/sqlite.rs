//! SQLite.
//!
//! A trigger cannot change the row that is being written, so the guard is an
//! `AFTER UPDATE` trigger that writes the row a second time. What a plain
//! `UPDATE .. RETURNING` gives back was taken before; the verbs of handleref
//! raise the version themselves, and their `RETURNING` is right.
//!
//! `ALTER TABLE ADD COLUMN` takes only constants as defaults of a column that
//! is not null. The column is therefore added with a placeholder, every row is
//! filled, and the placeholder is replaced by the clock in the text of the
//! schema, as "Making Other Kinds Of Table Schema Changes" of SQLite's manual
//! describes it. A trigger that fills the column after the insert would do
//! without, but `INSERT .. RETURNING` would give back the placeholder.

use super::capture::{RecordTarget, sqlite as records};
use super::dialect::{
    Change, Dialect, Fill, NewColumn, NewIndex, State, Target, Trigger, Wanted, amends,
    guard_condition,
};
use super::live::{Live, LiveTrigger, Queries};
use super::names::{TableName, guard_name, literal, squeezed};
use crate::engine::Kind;
use crate::sql::now_sql;
use crate::time::TimeKind;

pub(super) struct Sqlite;

/// A default that stands for the clock until the schema's text is changed.
fn placeholder(kind: TimeKind) -> &'static str {
    match kind {
        TimeKind::ZonedText => "handleref: now, with zone",
        _ => "handleref: now",
    }
}

/// Whether the table was made with `STRICT`, which knows few types.
pub(super) fn strict(live: &Live) -> bool {
    let options = live.detail.rsplit(')').next().unwrap_or_default();
    options
        .to_ascii_uppercase()
        .split([',', ' ', '\n', '\t'])
        .any(|word| word == "STRICT")
}

/// A trigger's text, with the schema that SQLite leaves out when it keeps it.
fn restored(sqlite: &Sqlite, schema: Option<&str>, text: &str) -> String {
    let rest = text.strip_prefix("CREATE TRIGGER ").unwrap_or(text);
    match schema {
        Some(schema) => format!("CREATE TRIGGER {}.{rest}", sqlite.quote(schema)),
        None => text.to_owned(),
    }
}

impl Dialect for Sqlite {
    fn kind(&self) -> Kind {
        Kind::Sqlite
    }

    fn record_triggers(&self, target: &RecordTarget<'_>) -> Vec<Trigger> {
        records::triggers(self, target)
    }

    fn uncovered(&self, target: &RecordTarget<'_>) -> Vec<String> {
        records::uncovered(target)
    }

    fn record_facts(&self, wanted: &Wanted, live: &Live) -> Option<String> {
        Some(records::facts(self, &wanted.table.table, live))
    }

    fn record_type(&self, live: &Live, column: &str, declared: &str) -> String {
        records::record_type(live, column, declared)
    }

    fn drop_trigger(&self, on: &Live, _: &str, trigger: &str) -> Vec<String> {
        let trigger = self.qualified(on.schema.as_deref(), trigger);
        vec![format!("DROP TRIGGER IF EXISTS {trigger}")]
    }

    fn restore_trigger(&self, on: &Live, found: &LiveTrigger) -> Vec<String> {
        vec![restored(self, on.schema.as_deref(), &found.restore)]
    }

    fn support_query(&self, schema: Option<&str>, names: &[&str]) -> String {
        let names = names
            .iter()
            .map(|name| literal(name))
            .collect::<Vec<_>>()
            .join(", ");
        let schema = schema.unwrap_or("main");
        format!(
            "SELECT '', {0}, NULL, NULL UNION ALL SELECT name, {0}, NULL, NULL FROM {1}.sqlite_master \
             WHERE type = 'table' AND name IN ({names})",
            literal(schema),
            self.quote(schema),
        )
    }

    fn strays_query(&self, live: &Live, prefix: &str) -> String {
        format!(
            "SELECT tbl_name, name, sql, NULL FROM {}.sqlite_master WHERE type = 'trigger' AND substr(name, 1, {}) = {}",
            self.quote(live.schema.as_deref().unwrap_or("main")),
            prefix.chars().count(),
            literal(prefix),
        )
    }

    fn quote_mark(&self) -> char {
        '`'
    }

    fn name_limit(&self) -> (usize, bool) {
        (usize::MAX, true)
    }

    fn queries(&self, table: &TableName) -> Queries {
        let name = literal(&table.table);
        let schema = table.schema.as_deref().unwrap_or("main");
        let prefix = table.schema.as_deref().map_or("NULL".to_owned(), literal);
        let (schema, master) = (
            literal(schema),
            format!("{}.sqlite_master", self.quote(schema)),
        );
        Queries {
            table: format!(
                "SELECT CASE WHEN type = 'table' AND sql LIKE 'CREATE VIRTUAL%' THEN 'virtual table' ELSE type END, \
                 {prefix}, sql, NULL \
                 FROM {master} WHERE type IN ('table', 'view') AND name = {name} COLLATE NOCASE"
            ),
            columns: format!(
                "SELECT name, type, CASE WHEN \"notnull\" THEN '' ELSE 'n' END || CASE WHEN hidden > 1 THEN 'g' ELSE '' END, \
                 dflt_value FROM pragma_table_xinfo({name}, {schema}) ORDER BY cid"
            ),
            indexes: format!(
                "SELECT l.name, i.name, CASE WHEN l.\"unique\" THEN 'u' ELSE '' END, \
                 CASE WHEN l.partial THEN (SELECT m.sql FROM {master} m WHERE m.type = 'index' AND m.name = l.name) END \
                 FROM pragma_index_list({name}, {schema}) l, pragma_index_xinfo(l.name, {schema}) i \
                 WHERE i.key ORDER BY l.seq, i.seqno"
            ),
            triggers: format!(
                "SELECT name, sql, NULL, sql FROM {master} WHERE type = 'trigger' AND tbl_name = {name} COLLATE NOCASE"
            ),
            functions: None,
            types: format!(
                "SELECT name, type, NULL, NULL FROM pragma_table_xinfo({name}, {schema}) ORDER BY cid"
            ),
        }
    }

    fn version_type(&self, bits: u32, live: &Live) -> &'static str {
        if bits > 32 && !strict(live) {
            "BIGINT"
        } else {
            "INTEGER"
        }
    }

    fn takes_version(&self, _: u32, sql_type: &str) -> bool {
        sql_type.contains("int")
    }

    fn time_type(&self, kind: TimeKind, live: &Live) -> &'static str {
        match kind {
            _ if strict(live) => "TEXT",
            TimeKind::ZonedText => "TIMESTAMPTZ",
            _ => "TIMESTAMP",
        }
    }

    fn takes_time(&self, _: TimeKind, sql_type: &str) -> bool {
        // Whatever keeps a text as it is; the type says no more on SQLite.
        let text = ["timestamp", "datetime", "text", "char", "clob"];
        text.iter().any(|name| sql_type.contains(name)) && !sql_type.contains("int")
    }

    fn add_columns(&self, target: &Target<'_>, columns: &[NewColumn<'_>]) -> Change {
        let table = target.table(self);
        let mut change = Change::default();
        let (mut values, mut kinds) = (Vec::new(), Vec::new());
        for column in columns {
            let name = self.quote(column.name);
            let constraint = match column.fill {
                Fill::Null => String::new(),
                Fill::One => " NOT NULL DEFAULT 1".into(),
                Fill::Now(kind, from) => {
                    let now = now_sql(Kind::Sqlite, kind);
                    values.push(match from.filter(|(_, from)| *from == kind) {
                        Some((from, _)) => {
                            format!("{name} = coalesce({}, {now})", self.quote(from))
                        }
                        None => format!("{name} = {now}"),
                    });
                    if !kinds.contains(&kind) {
                        kinds.push(kind);
                    }
                    format!(" NOT NULL DEFAULT {}", literal(placeholder(kind)))
                }
            };
            change.up.push(format!(
                "ALTER TABLE {table} ADD COLUMN {name} {}{constraint}",
                column.sql_type
            ));
            change
                .down
                .push(format!("ALTER TABLE {table} DROP COLUMN {name}"));
        }
        if !values.is_empty() {
            change
                .up
                .push(format!("UPDATE {table} SET {}", values.join(", ")));
            change.up.push("PRAGMA writable_schema = ON".into());
            for kind in kinds {
                // The clock's expression holds apostrophes, hence `literal` twice.
                change.up.push(format!(
                    "UPDATE {} SET sql = replace(sql, {}, {}) WHERE type = 'table' AND name = {} COLLATE NOCASE",
                    target.sibling(self, "sqlite_master"),
                    literal(&literal(placeholder(kind))),
                    literal(&format!("({})", now_sql(Kind::Sqlite, kind))),
                    literal(&target.wanted.table.table),
                ));
            }
            change.up.push("PRAGMA writable_schema = RESET".into());
        }
        change
    }

    fn set_default(&self, _: &Target<'_>, _: &str, _: &Fill<'_>) -> Option<Change> {
        None
    }

    fn index(&self, target: &Target<'_>, index: &NewIndex<'_>) -> (String, String) {
        let unique = if index.unique { "UNIQUE " } else { "" };
        let condition = index
            .condition
            .as_ref()
            .map(|test| format!(" WHERE {test}"))
            .unwrap_or_default();
        let name = target.sibling(self, &index.name);
        let (table, columns) = (
            self.quote(&target.wanted.table.table),
            self.quote_all(&index.columns),
        );
        (
            format!("CREATE {unique}INDEX {name} ON {table} ({columns}){condition}"),
            format!("DROP INDEX {name}"),
        )
    }

    fn guard(&self, target: &Target<'_>) -> Option<Trigger> {
        // The trigger that records updates is the guard, too.
        if target.wanted.recording.is_some() || target.live.is_recorded() {
            return None;
        }
        let roles = target.wanted.roles;
        let guard_condition = guard_condition(self, roles)?;
        let name = guard_name(self, &target.wanted.table.table);
        let table = self.quote(&target.wanted.table.table);
        // Byte by byte, whatever the column's collation.
        let differs = |(column, _): &(String, String)| {
            let column = self.quote(column);
            format!("NEW.{column} COLLATE BINARY IS NOT OLD.{column}")
        };
        let differs = target
            .columns
            .iter()
            .map(differs)
            .collect::<Vec<_>>()
            .join(" OR ");
        let assign = |(column, value)| format!("{column} = {value}");
        let assign = amends(self, target.wanted)
            .into_iter()
            .map(assign)
            .collect::<Vec<_>>()
            .join(", ");
        let key = |column: &&str| format!("{0} IS NEW.{0}", self.quote(column));
        let key = target
            .wanted
            .key
            .iter()
            .map(key)
            .collect::<Vec<_>>()
            .join(" AND ");
        let body = format!(
            "AFTER UPDATE ON {table} FOR EACH ROW\n\
             WHEN {guard_condition} AND ({differs})\n\
             BEGIN\n  UPDATE {table} SET {assign} WHERE {key};\nEND"
        );
        let stored = format!("CREATE TRIGGER {} {body}", self.quote(&name));
        let qualified = target.sibling(self, &name);
        let found = target
            .live
            .triggers
            .iter()
            .find(|trigger| trigger.name.eq_ignore_ascii_case(&name));
        let state = match found {
            None => State::Missing,
            Some(found) if squeezed(&found.definition) == squeezed(&stored) => State::Right,
            Some(found) => State::Altered(self.restore_trigger(target.live, found)),
        };
        Some(Trigger {
            name,
            on: None,
            create: vec![format!("CREATE TRIGGER {qualified} {body}")],
            drop: vec![format!("DROP TRIGGER IF EXISTS {qualified}")],
            state,
            other: false,
        })
    }
}
