//! The measurements, compiled once for each engine: `super` is the engine.

use super::{Conn, NOW, RISING, TEXT, TIME};
use crate::tables::{Crowded, Indexed, Kept, Noted};
use crate::{Done, Failure, Wanted, stage};
use diesel::backend::Backend;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Integer, Text};

mod backfill;
mod bulk;
mod changeset;
mod growth;
mod hand;
mod index;
mod owner;
mod past;
mod resample;
mod single;
mod sync;

type Db = <Conn as diesel::Connection>::Backend;

/// Rows of 100 bytes and of 2 kB: what is left for the body beside the other
/// columns. PostgreSQL stores the larger ones in the row too.
const SIZES: [(&str, i64); 2] = [("100 B", 40), ("2 kB", 1_850)];

/// Measures an engine.
pub(crate) fn run(wanted: &Wanted) -> Done {
    let database = super::Database::new(wanted)?;
    // Reading does not wait for the disk, and what fills tables need not.
    let quick_disk = !wanted.durable;
    for (size, body) in SIZES {
        let bench = || -> Result<Bench<'_>, Failure> {
            Ok(Bench {
                wanted,
                conn: database.connect()?,
                size,
                body,
            })
        };
        let part = |name: &'static str, run: fn(&mut Bench<'_>) -> Done| {
            if !wanted.has(name) {
                return Ok(());
            }
            stage(&format!("{name}, rows of {size}"), || run(&mut bench()?))
        };
        let small = body == SIZES[0].1;
        part("single", single::run)?;
        if small {
            part("changeset", changeset::run)?;
            if wanted.has("owner") {
                stage("owner", || owner::run(&mut bench()?, database.connect()?))?;
            }
        }
        if wanted.durable || small {
            part("bulk", bulk::run)?;
        }
        if quick_disk {
            part("past", past::run)?;
        }
        if quick_disk && small {
            part("growth", growth::run)?;
            part("resample", resample::run)?;
            part("backfill", backfill::run)?;
            part("sync", sync::run)?;
            part("index", index::run)?;
        }
    }
    Ok(())
}

/// What a measurement works with.
struct Bench<'a> {
    wanted: &'a Wanted,
    conn: Conn,
    size: &'static str,
    body: i64,
}

impl Bench<'_> {
    fn sql(&mut self, sql: &str) -> Done {
        self.conn
            .batch_execute(sql)
            .map_err(|error| format!("{error} in {sql}").into())
    }

    /// Makes the tables anew, empty and installed.
    fn create(&mut self, tables: &[&str]) -> Done {
        self.make(tables)?;
        self.install(tables)
    }

    fn make(&mut self, tables: &[&str]) -> Done {
        for table in tables {
            // On MariaDB it keeps the table from being truncated, or dropped.
            self.sql(&format!("DROP TABLE IF EXISTS handleref_keep_{table}"))?;
            self.sql(&format!("DROP TABLE IF EXISTS {table}"))?;
            let history = match *table {
                "timed_notes" => " WITH SYSTEM VERSIONING",
                _ => "",
            };
            self.sql(&format!(
                "CREATE TABLE {table} (id INTEGER PRIMARY KEY, title VARCHAR(255) NOT NULL, body {TEXT} NOT NULL, \
                 version BIGINT NOT NULL DEFAULT 1, created_at {TIME} NOT NULL DEFAULT ({NOW}), \
                 updated_at {TIME} NOT NULL DEFAULT ({NOW}), deleted_at {TIME} NULL){history}"
            ))?;
        }
        if tables.contains(&"hand_notes") {
            self.sql("DROP TABLE IF EXISTS hand_records")?;
            self.sql(&format!(
                "CREATE TABLE hand_records (record_id {RISING}, operation VARCHAR(16) NOT NULL, recorded_at {TIME} NOT NULL, \
                 id INTEGER, title VARCHAR(255), body {TEXT}, version BIGINT, created_at {TIME} NULL, updated_at {TIME} NULL, deleted_at {TIME} NULL)"
            ))?;
            self.sql("CREATE INDEX hand_records_id ON hand_records (id, record_id)")?;
            let index = match super::AT_ONCE {
                // As ours on PostgreSQL.
                Some(_) => "USING brin (recorded_at)",
                None => "(recorded_at)",
            };
            self.sql(&format!(
                "CREATE INDEX hand_records_at ON hand_records {index}"
            ))?;
        }
        for (table, records) in [
            ("recorded_notes", "noted_records"),
            ("crowded_notes", "crowded_records"),
        ] {
            if tables.contains(&table) {
                self.sql(&format!("DROP TABLE IF EXISTS {records}"))?;
                // A failure means that nothing has been recorded yet.
                let _ = self.conn.batch_execute(&format!(
                    "DELETE FROM handleref_recordings WHERE record_table = '{records}'"
                ));
            }
        }
        Ok(())
    }

    fn install(&mut self, tables: &[&str]) -> Done {
        if tables.contains(&"kept_notes") {
            handleref::schema![Kept].install(&mut self.conn)?;
        }
        if tables.contains(&"indexed_notes") {
            handleref::schema![Indexed].install(&mut self.conn)?;
        }
        if tables.contains(&"recorded_notes") {
            handleref::schema![Noted].install(&mut self.conn)?;
        }
        if tables.contains(&"crowded_notes") {
            handleref::schema![Crowded].install(&mut self.conn)?;
        }
        Ok(())
    }

    /// Inserts rows with the keys from 1 on, `apart` from each other.
    fn fill(&mut self, table: &str, rows: i64, apart: i64) -> Done {
        let body = super::filler(self.body);
        let series = super::series(1, rows);
        self.sql(&format!(
            "INSERT INTO {table} (id, title, body) SELECT i * {apart}, 'a title', {body} FROM {series}"
        ))
    }

    fn label(&self, what: &str) -> String {
        format!("{what}, rows of {}", self.size)
    }
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    /// From 1 to `sides`.
    fn roll(&mut self, sides: i64) -> i32 {
        // Knuth's constants; the high bits are the better ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i32::try_from((self.0 >> 33) % sides.unsigned_abs() + 1).unwrap_or(1)
    }
}

/// A value for a statement that is written by hand.
enum Value {
    Number(i32),
    Text(String),
}

/// A statement by hand, which Diesel keeps prepared; `?` stands for a value.
struct Statement<'a>(&'a str, &'a [Value]);

impl QueryId for Statement<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl diesel::RunQueryDsl<Conn> for Statement<'_> {}

impl QueryFragment<Db> for Statement<'_>
where
    Db: Backend,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        let mut values = self.1.iter();
        for piece in self.0.split('?') {
            out.push_sql(piece);
            if let Some(value) = values.next() {
                push(value, &mut out)?;
            }
        }
        Ok(())
    }
}

fn push<'b>(value: &'b Value, out: &mut AstPass<'_, 'b, Db>) -> QueryResult<()> {
    match value {
        Value::Number(number) => out.push_bind_param::<Integer, _>(number),
        Value::Text(text) => out.push_bind_param::<Text, _>(text),
    }
}

/// A number that a query finds.
fn number(conn: &mut Conn, sql: &str) -> Result<i64, Failure> {
    let found =
        diesel::select(diesel::dsl::sql::<diesel::sql_types::BigInt>(sql)).get_result(conn)?;
    Ok(found)
}
