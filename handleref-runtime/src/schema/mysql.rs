//! MySQL and MariaDB.
//!
//! DDL commits by itself here, so a plan is applied statement by statement; if
//! it fails half-way, the next one goes on from there. The guard is a `BEFORE
//! UPDATE` trigger. Triggers do not fire for what a foreign key's `ON UPDATE`
//! or `ON DELETE` does: those rows are neither bumped nor stamped.
//!
//! There are no partial indexes. Unique among the living is an index over the
//! columns and `handleref_live`, a generated column that is 1 for a living row
//! and null for a soft-deleted one: rows with a null never collide. The column
//! is invisible, so that `INSERT` without column names works on.

use super::capture::mysql::limits;
use super::capture::{RecordTarget, mysql as records};
use super::dialect::{Change, Dialect, Fill, NewColumn, NewIndex, Swap, Target, Trigger, Wanted};
use super::live::{Live, Queries};
use super::names::{TableName, hex_literal};
use super::problem::ProblemKind;
use crate::engine::Kind;
use crate::model::Living;
use crate::time::TimeKind;

mod guard;
mod stored;
mod swap;

pub(super) use stored::{same_text, stored_literal};
use swap::MARIADB;
pub(super) use swap::{LOCK_TABLES, create_trigger, is_his};

pub(super) struct Mysql;

/// The generated column that is null in soft-deleted rows.
pub(super) const LIVE: &str = "handleref_live";

/// The default of a new column. Functions need the parentheses on MySQL.
fn default_of(fill: &Fill<'_>) -> Option<&'static str> {
    match fill {
        Fill::Null => None,
        Fill::One => Some("1"),
        Fill::Now(..) => Some("(UTC_TIMESTAMP(6))"),
    }
}

/// Whether the collation of a type may call different texts equal.
pub(super) fn collated(sql_type: &str) -> bool {
    ["char", "text", "enum", "set"]
        .iter()
        .any(|name| sql_type.contains(name))
}

impl Dialect for Mysql {
    fn kind(&self) -> Kind {
        Kind::Mysql
    }

    fn swap(&self, live: &Live) -> Swap {
        match live.detail == MARIADB {
            true => Swap::AtOnce,
            false => Swap::Locked,
        }
    }

    fn exclusively(&self, tables: &[String], mut changes: Vec<Change>) -> Vec<Change> {
        let lock = format!("{LOCK_TABLES}{} WRITE", tables.join(" WRITE, "));
        let unlock = "UNLOCK TABLES".to_owned();
        changes.insert(
            0,
            Change {
                up: vec![lock.clone()],
                down: vec![unlock.clone()],
            },
        );
        changes.push(Change {
            up: vec![unlock],
            down: vec![lock],
        });
        changes
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

    fn drop_trigger(&self, on: &Live, _: &str, trigger: &str) -> Vec<String> {
        let trigger = self.qualified(on.schema.as_deref(), trigger);
        vec![format!("DROP TRIGGER IF EXISTS {trigger}")]
    }

    fn support_query(&self, _: Option<&str>, names: &[&str]) -> String {
        let names = names
            .iter()
            .map(|name| hex_literal(name))
            .collect::<Vec<_>>()
            .join(", ");
        format!(
            "SELECT CAST('' AS CHAR), CAST(DATABASE() AS CHAR), CAST(NULL AS CHAR), CAST(NULL AS CHAR) \
             UNION ALL SELECT CAST(TABLE_NAME AS CHAR), CAST(TABLE_SCHEMA AS CHAR), CAST(NULL AS CHAR), CAST(NULL AS CHAR) \
             FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ({names}) \
             UNION ALL SELECT CAST(ROUTINE_NAME AS CHAR), CAST(ROUTINE_SCHEMA AS CHAR), CAST(ROUTINE_DEFINITION AS CHAR), CAST(NULL AS CHAR) \
             FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_NAME IN ({names})"
        )
    }

    fn strays_query(&self, live: &Live, prefix: &str) -> String {
        let schema = live
            .schema
            .as_deref()
            .map_or("DATABASE()".to_owned(), hex_literal);
        format!(
            "SELECT CAST(EVENT_OBJECT_TABLE AS CHAR), CAST(TRIGGER_NAME AS CHAR), \
             CAST(CONCAT('CREATE TRIGGER `', REPLACE(TRIGGER_SCHEMA, '`', '``'), '`.`', REPLACE(TRIGGER_NAME, '`', '``'), '` ', \
             ACTION_TIMING, ' ', EVENT_MANIPULATION, ' ON `', REPLACE(EVENT_OBJECT_SCHEMA, '`', '``'), '`.`', \
             REPLACE(EVENT_OBJECT_TABLE, '`', '``'), '` FOR EACH ROW ', ACTION_STATEMENT) AS CHAR), CAST(DEFINER AS CHAR) \
             FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = {schema} AND LEFT(TRIGGER_NAME, {}) = {} \
             ORDER BY EVENT_OBJECT_TABLE, TRIGGER_NAME",
            prefix.chars().count(),
            hex_literal(prefix),
        )
    }

    fn quote_mark(&self) -> char {
        '`'
    }

    fn name_limit(&self) -> (usize, bool) {
        (64, false)
    }

    fn queries(&self, table: &TableName) -> Queries {
        let name = hex_literal(&table.table);
        let schema = table
            .schema
            .as_deref()
            .map_or("DATABASE()".to_owned(), hex_literal);
        let prefix = table
            .schema
            .as_deref()
            .map_or("NULL".to_owned(), hex_literal);
        let at = format!("TABLE_SCHEMA = {schema} AND TABLE_NAME = {name}");
        let quoted = self.quote(&table.table);
        let sibling = |of: &str| match &table.schema {
            Some(schema) => format!("{}.{of}", self.quote(schema)),
            None => of.to_owned(),
        };
        let (before, on) = (hex_literal(&sibling("")), hex_literal(&sibling(&quoted)));
        Queries {
            table: format!(
                "SELECT CAST(CASE WHEN TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') THEN 'table' \
                 ELSE LOWER(TABLE_TYPE) END AS CHAR), CAST({prefix} AS CHAR), \
                 CAST(IF(VERSION() LIKE '%MariaDB%', '{MARIADB}', 'mysql') AS CHAR), CAST(NULL AS CHAR) \
                 FROM information_schema.TABLES WHERE {at}"
            ),
            // MariaDB says 'NULL' where MySQL has a null.
            columns: format!(
                "SELECT CAST(COLUMN_NAME AS CHAR), CAST(COLUMN_TYPE AS CHAR), CAST(CONCAT(IF(IS_NULLABLE = 'YES', 'n', ''), \
                 IF(COALESCE(GENERATION_EXPRESSION, '') <> '', 'g', ''), IF(EXTRA LIKE '%on update%', 'a', '')) AS CHAR), \
                 CAST(NULLIF(COLUMN_DEFAULT, 'NULL') AS CHAR) \
                 FROM information_schema.COLUMNS WHERE {at} ORDER BY ORDINAL_POSITION"
            ),
            // A unique index over the beginning of a column is another thing.
            indexes: format!(
                "SELECT CAST(INDEX_NAME AS CHAR), CAST(IF(NON_UNIQUE = 0 AND SUB_PART IS NOT NULL, NULL, COLUMN_NAME) AS CHAR), \
                 CAST(IF(NON_UNIQUE = 0, 'u', '') AS CHAR), CAST(NULL AS CHAR) \
                 FROM information_schema.STATISTICS WHERE {at} AND INDEX_TYPE = 'BTREE' ORDER BY INDEX_NAME, SEQ_IN_INDEX"
            ),
            triggers: format!(
                "SELECT CAST(TRIGGER_NAME AS CHAR), \
                 CAST(CONCAT(ACTION_TIMING, ' ', EVENT_MANIPULATION, ' ', ACTION_STATEMENT) AS CHAR), CAST(CONCAT('.', DEFINER) AS CHAR), \
                 CAST(CONCAT('CREATE TRIGGER ', {before}, '`', REPLACE(TRIGGER_NAME, '`', '``'), '` ', ACTION_TIMING, ' ', \
                 EVENT_MANIPULATION, ' ON ', {on}, ' FOR EACH ROW ', ACTION_STATEMENT) AS CHAR) \
                 FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = {schema} AND EVENT_OBJECT_TABLE = {name} ORDER BY TRIGGER_NAME"
            ),
            functions: None,
            types: format!(
                "SELECT CAST(COLUMN_NAME AS CHAR), CAST(CONCAT(COLUMN_TYPE, \
                 COALESCE(CONCAT(' CHARACTER SET ', CHARACTER_SET_NAME), ''), COALESCE(CONCAT(' COLLATE ', COLLATION_NAME), '')) AS CHAR), \
                 CAST(NULL AS CHAR), CAST(NULL AS CHAR) FROM information_schema.COLUMNS WHERE {at} ORDER BY ORDINAL_POSITION"
            ),
        }
    }

    fn version_type(&self, bits: u32, _: &Live) -> &'static str {
        match bits {
            16 => "SMALLINT",
            32 => "INT",
            _ => "BIGINT",
        }
    }

    fn takes_version(&self, bits: u32, sql_type: &str) -> bool {
        let name = match bits {
            16 => "smallint",
            32 => "int",
            _ => "bigint",
        };
        // MariaDB writes a display width.
        let rest = sql_type
            .strip_prefix(name)
            .map(|rest| rest.trim_matches(|c: char| "()".contains(c) || c.is_ascii_digit()));
        rest == Some("")
    }

    fn time_type(&self, _: TimeKind, _: &Live) -> &'static str {
        "DATETIME(6)"
    }

    fn takes_time(&self, _: TimeKind, sql_type: &str) -> bool {
        // TIMESTAMP is right as long as all sessions have one time zone.
        matches!(sql_type, "datetime(6)" | "timestamp(6)")
    }

    fn takes_unique(&self, sql_type: &str) -> bool {
        !(sql_type.ends_with("text") || sql_type.ends_with("blob") || sql_type == "json")
    }

    fn add_columns(&self, target: &Target<'_>, columns: &[NewColumn<'_>]) -> Change {
        let table = target.table(self);
        let (mut add, mut drop) = (Vec::new(), Vec::new());
        let mut change = Change::default();
        for column in columns {
            let name = self.quote(column.name);
            let default = default_of(&column.fill).map_or(" NULL".into(), |default| {
                format!(" NOT NULL DEFAULT {default}")
            });
            add.push(format!("ADD COLUMN {name} {}{default}", column.sql_type));
            drop.push(format!("DROP COLUMN {name}"));
            if let Fill::Now(_, Some((from, _))) = column.fill {
                let from = self.quote(from);
                // The second assignment keeps an ON UPDATE clause of that column from acting.
                change.up.push(format!(
                    "UPDATE {table} SET {name} = COALESCE({from}, {name}), {from} = {from}"
                ));
            }
        }
        change
            .up
            .insert(0, format!("ALTER TABLE {table} {}", add.join(", ")));
        change
            .down
            .push(format!("ALTER TABLE {table} {}", drop.join(", ")));
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

    fn live_column(&self, living: Living<'_>) -> Option<(&'static str, String)> {
        let lives = self.lives(living);
        let value = format!("GENERATED ALWAYS AS (IF({lives}, 1, NULL)) VIRTUAL INVISIBLE");
        Some((LIVE, format!("{} TINYINT {value}", self.quote(LIVE))))
    }

    fn index(&self, target: &Target<'_>, index: &NewIndex<'_>) -> (String, String) {
        let type_of = |column: &str| {
            let found = target.columns.iter().find(|(name, _)| name == column);
            found.map_or("", |(_, sql_type)| sql_type.as_str())
        };
        // Of a key that fills an index alone, the beginning has to do.
        let sizes = index
            .columns
            .iter()
            .map(|column| limits::size(type_of(column)));
        let over = sizes.sum::<u64>().saturating_sub(limits::INDEX);
        let longest = index
            .columns
            .iter()
            .max_by_key(|column| limits::size(type_of(column)));
        let longest = longest.filter(|_| over > 0 && !index.unique);
        let part = |column: &&str| {
            let sql_type = type_of(column);
            let shorter = limits::shorter(sql_type, over).filter(|_| longest == Some(column));
            let prefix = match (self.takes_unique(sql_type), shorter) {
                (false, _) => "(64)".to_owned(),
                (true, Some(length)) => format!("({length})"),
                (true, None) => String::new(),
            };
            format!("{}{prefix}", self.quote(column))
        };
        let columns = index
            .columns
            .iter()
            .map(part)
            .collect::<Vec<_>>()
            .join(", ");
        let unique = if index.unique { "UNIQUE " } else { "" };
        let (name, table) = (self.quote(&index.name), target.table(self));
        (
            format!("CREATE {unique}INDEX {name} ON {table} ({columns})"),
            format!("DROP INDEX {name} ON {table}"),
        )
    }

    fn guard(&self, target: &Target<'_>) -> Option<Trigger> {
        guard::guard(self, target)
    }
}
