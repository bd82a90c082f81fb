//! Where the numbers of records come from, and that they never run backwards.
//!
//! One counter for all record tables of a database. Whatever it is on an engine,
//! it has to be past every number that is stored, also after a dump was loaded,
//! another server took over, or it was dropped.
//!
//! MariaDB has sequences. Without a cache each number is in the binary log
//! before the record that has it, so a replica that takes over goes on after it;
//! with a cache a block that a long statement has begun would be missing there.
//! MySQL has none, and with Galera several nodes write: there a row is inserted
//! into an empty table with an automatic key, and deleted again. A replica, or
//! another node, that gets the row raises its own counter, so a node that changes a
//! row that was changed elsewhere has a greater number than that change.

use super::support::{CHANGESETS, CONTEXT, DATABASE, RECORDINGS, SEQUENCE, Support};
use crate::engine::Kind;
use crate::schema::dialect::Dialect;
use crate::schema::live::ask;
use crate::schema::names::{literal, quoted};
use crate::session::Session;
use crate::sql::{Raw, Sql, integer};
use diesel::result::QueryResult;

/// The counter of MySQL, and of MariaDB where several nodes write.
pub(in crate::schema) const COUNTER: &str = "handleref_numbers";
/// A function that takes a number, for statements outside of triggers (MySQL, MariaDB).
pub(in crate::schema) const NEXT: &str = "handleref_next_record";

/// Numbers of `UUID_SHORT()`, which were used before, are greater than this one.
/// While triggers that use it are replaced, it goes on; by less than this.
const FORMER: [i64; 2] = [1 << 50, 1 << 24];

/// What counts records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::schema) enum Counting {
    /// A row of `handleref_context` (SQLite).
    #[default]
    Tick,
    /// A sequence (PostgreSQL, MariaDB).
    Sequence,
    /// The automatic key of a table (MySQL, Galera).
    Counter,
}

/// What there is of it.
#[derive(Debug, Clone, Default)]
pub(in crate::schema) struct Numbers {
    pub(in crate::schema) counting: Counting,
    /// Whether the binary log holds statements, which give a replica other numbers.
    pub(in crate::schema) by_statement: bool,
    /// The next number, if there is a counter.
    pub(super) next: Option<i64>,
    /// The greatest number that is stored anywhere.
    pub(super) stored: i64,
    /// A query for that, if there is anything to ask.
    floor: Option<String>,
}

impl Numbers {
    /// Which counter the server takes.
    pub(super) async fn counting(conn: &mut dyn Session, kind: Kind) -> QueryResult<Self> {
        let mut numbers = Self::default();
        if kind != Kind::Mysql {
            numbers.counting = match kind {
                Kind::Sqlite => Counting::Tick,
                _ => Counting::Sequence,
            };
            return Ok(numbers);
        }
        let sql = "SELECT CAST(VERSION() AS CHAR), CAST(@@log_bin AS CHAR), CAST(@@binlog_format AS CHAR), CAST(NULL AS CHAR)";
        let row = ask(conn, sql.into()).await?.pop();
        let (version, log, format, _) = row.unwrap_or_default();
        let is = |found: &Option<String>, one: &str| found.as_deref() == Some(one);
        numbers.by_statement = is(&log, "1") && is(&format, "STATEMENT");
        numbers.counting = Counting::Counter;
        if version.is_some_and(|version| version.contains("MariaDB")) {
            let sql = "SELECT CAST(VARIABLE_VALUE AS CHAR), CAST(NULL AS CHAR), CAST(NULL AS CHAR), CAST(NULL AS CHAR) \
                       FROM information_schema.GLOBAL_VARIABLES WHERE VARIABLE_NAME = 'WSREP_ON'";
            let row = ask(conn, sql.into()).await?.pop();
            if !row.is_some_and(|(on, ..)| is(&on, "ON")) {
                numbers.counting = Counting::Sequence;
            }
        }
        Ok(numbers)
    }

    /// Compares the counter with what is stored.
    pub(super) async fn read(
        &mut self,
        conn: &mut dyn Session,
        dialect: &dyn Dialect,
        support: &Support,
    ) -> QueryResult<()> {
        self.floor = floor(conn, dialect, support).await?;
        if let Some(floor) = &self.floor {
            let integer = integer(dialect.kind());
            let sql = Sql::once(Raw::of_plan(format!("SELECT CAST({floor} AS {integer})")));
            (self.stored,) = conn.one(sql).await?;
        }
        let named = |name: &str| support.named(dialect, name);
        let sql = match (dialect.kind(), self.counting) {
            (Kind::Sqlite, _) if support.has(CONTEXT) => {
                format!("SELECT tick + 1 FROM {}", named(CONTEXT))
            }
            (Kind::Postgres, _) if support.has(SEQUENCE) => format!(
                "SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM {}",
                named(SEQUENCE)
            ),
            (Kind::Mysql, Counting::Sequence) if support.has(SEQUENCE) => {
                format!("SELECT next_not_cached_value FROM {}", named(SEQUENCE))
            }
            (Kind::Mysql, Counting::Counter) if support.has(COUNTER) => {
                self.next = Some(automatic(conn, COUNTER).await?);
                return Ok(());
            }
            _ => return Ok(()),
        };
        let found: Option<(i64,)> = conn.first(Sql::once(Raw::of_plan(sql))).await?;
        // On SQLite the row may be gone: then the first number is next.
        self.next = Some(found.map_or(1, |(next,)| next));
        Ok(())
    }

    /// Whether new records would come before old ones.
    pub(super) fn is_below_high_water(&self) -> bool {
        self.next.is_some_and(|next| next <= self.stored)
    }

    /// Sets the counter past all records that are stored when it runs.
    pub(super) fn raise_all(&self, dialect: &dyn Dialect, support: &Support) -> Vec<String> {
        match &self.floor {
            Some(floor) => self.raise(dialect, support, floor),
            None => Vec::new(),
        }
    }

    /// Sets the counter past what `floor` gives, an expression; never back.
    pub(super) fn raise(
        &self,
        dialect: &dyn Dialect,
        support: &Support,
        floor: &str,
    ) -> Vec<String> {
        let named = |name: &str| support.named(dialect, name);
        let [from, room] = FORMER;
        let roomy = || {
            format!(
                "SELECT IF(n > {from}, GREATEST(n, UUID_SHORT() & {}) + {room}, n) INTO @handleref_floor FROM (SELECT {floor} AS n) handleref_n",
                i64::MAX
            )
        };
        match (dialect.kind(), self.counting) {
            (Kind::Sqlite, _) => {
                let context = named(CONTEXT);
                vec![
                    format!(
                        "INSERT INTO {context} (id, tick) SELECT 1, 0 WHERE NOT EXISTS (SELECT 1 FROM {context})"
                    ),
                    format!("UPDATE {context} SET tick = max(tick, {floor})"),
                ]
            }
            (Kind::Postgres, _) => {
                let sequence = named(SEQUENCE);
                vec![format!(
                    "SELECT pg_catalog.setval({}::pg_catalog.regclass, greatest((SELECT last_value FROM {sequence}), {floor}))",
                    literal(&sequence)
                )]
            }
            // Takes nothing but a literal, and never goes back.
            (Kind::Mysql, Counting::Sequence) => vec![
                roomy(),
                format!(
                    "EXECUTE IMMEDIATE CONCAT('DO SETVAL({}, ', @handleref_floor, ')')",
                    named(SEQUENCE)
                ),
            ],
            (Kind::Mysql, _) => {
                let counter = named(COUNTER);
                vec![
                    roomy(),
                    format!(
                        "INSERT INTO {counter} (id) SELECT @handleref_floor FROM DUAL WHERE @handleref_floor > 0"
                    ),
                    format!("DELETE FROM {counter} WHERE id <= @handleref_floor"),
                ]
            }
        }
    }
}

/// The next automatic key of a table. MySQL shows one that is up to a day old,
/// unless a session wants it fresh.
async fn automatic(conn: &mut dyn Session, table: &str) -> QueryResult<i64> {
    let sql = Sql::new("SELECT VERSION() NOT LIKE '%MariaDB%'");
    let (expires,): (bool,) = conn.one(sql).await?;
    if expires {
        conn.batch(&"SET @handleref_expiry = @@SESSION.information_schema_stats_expiry, SESSION information_schema_stats_expiry = 0".into())
            .await?;
    }
    let sql = format!(
        "SELECT CAST(COALESCE(MAX(AUTO_INCREMENT), 1) AS SIGNED) FROM information_schema.TABLES \
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {}",
        literal(table)
    );
    let found = conn.one::<(i64,)>(Sql::once(Raw::of_plan(sql))).await;
    if expires {
        conn.batch(&"SET SESSION information_schema_stats_expiry = @handleref_expiry".into())
            .await?;
    }
    Ok(found?.0)
}

/// An expression for the greatest number that any record, recording or changeset has;
/// `None` if there is none of these. Baselines have negative numbers of the same counter.
async fn floor(
    conn: &mut dyn Session,
    dialect: &dyn Dialect,
    support: &Support,
) -> QueryResult<Option<String>> {
    let named = |name: &str| support.named(dialect, name);
    let mut parts = Vec::new();
    let max = |of: &str, from: &str| format!("SELECT max({of}) AS n FROM {from}");
    let asked = [
        (CHANGESETS, &["first_record", "last_record"][..]),
        (DATABASE, &["born_record"]),
        (
            RECORDINGS,
            &["began_record", "horizon_record", "pruned_record"],
        ),
    ];
    for (name, columns) in asked {
        // One that was dropped is a problem of its own.
        let there = columns
            .iter()
            .filter(|column| support.has(name) && support.lacks(name, column).is_none());
        parts.extend(there.map(|of| max(of, &named(name))));
    }
    if support.has(RECORDINGS) && support.lacks(RECORDINGS, "record_table").is_none() {
        for table in tables(conn, dialect, support).await? {
            parts.push(max("record_id", &table));
            parts.push(format!("SELECT -min(record_id) AS n FROM {table}"));
        }
    }
    if parts.is_empty() {
        return Ok(None);
    }
    Ok(Some(format!(
        "(SELECT coalesce(max(n), 0) FROM ({}) handleref_all)",
        parts.join(" UNION ALL ")
    )))
}

/// The record tables that are listed and there, quoted.
async fn tables(
    conn: &mut dyn Session,
    dialect: &dyn Dialect,
    support: &Support,
) -> QueryResult<Vec<String>> {
    let recordings = support.named(dialect, RECORDINGS);
    let sql = match dialect.kind() {
        Kind::Sqlite => format!(
            "SELECT r.record_table, NULL, NULL, NULL FROM {recordings} r WHERE EXISTS (SELECT 1 FROM \
             pragma_table_info(substr(r.record_table, instr(r.record_table, '.') + 1){}) WHERE name = 'record_id')",
            support
                .place()
                .map_or_else(String::new, |schema| format!(", {}", literal(schema)))
        ),
        Kind::Postgres => format!(
            "SELECT record_table::text, NULL::text, NULL::text, NULL::text FROM {recordings} \
             WHERE EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attname = 'record_id' AND NOT a.attisdropped \
             AND a.attrelid = to_regclass(CASE WHEN strpos(record_table, '.') > 0 \
             THEN quote_ident(split_part(record_table, '.', 1)) || '.' || quote_ident(split_part(record_table, '.', 2)) \
             ELSE quote_ident(record_table) END))"
        ),
        Kind::Mysql => format!(
            "SELECT CAST(record_table AS CHAR), CAST(NULL AS CHAR), CAST(NULL AS CHAR), CAST(NULL AS CHAR) FROM {recordings} \
             WHERE EXISTS (SELECT 1 FROM information_schema.COLUMNS WHERE COLUMN_NAME = 'record_id' \
             AND TABLE_NAME = SUBSTRING_INDEX(record_table, '.', -1) \
             AND TABLE_SCHEMA = IF(LOCATE('.', record_table) > 0, SUBSTRING_INDEX(record_table, '.', 1), DATABASE()))"
        ),
    };
    let rows = ask(conn, sql).await?;
    let mark = dialect.quote_mark();
    let quote = |listed: String| match listed.split_once('.') {
        Some((schema, table)) => format!("{}.{}", quoted(schema, mark), quoted(table, mark)),
        None => dialect.qualified(support.place(), &listed),
    };
    let tables = rows
        .into_iter()
        .filter_map(|(listed, ..)| listed.map(quote));
    let mut tables: Vec<String> = tables.collect();
    // A plan has one order, whatever the catalogue's is.
    tables.sort_unstable();
    Ok(tables)
}
