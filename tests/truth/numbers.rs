//! The numbers of records never run backwards.

mod again;
mod conflicts;
mod plans;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod server;
mod servers;

use crate::support::{Db, Engine};
use diesel::sql_types::BigInt;

/// One number of a query of ours.
#[derive(diesel::QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Changes records, by a connection that has opened the door to them.
fn behind_the_door(db: &Db, sql: &str) {
    let (open, close) = match db.engine {
        Engine::Sqlite => (
            "BEGIN; UPDATE handleref_context SET door = 1",
            "UPDATE handleref_context SET door = 0; COMMIT",
        ),
        Engine::Postgres => (
            "BEGIN; SELECT set_config('handleref.door', '1', true)",
            "COMMIT",
        ),
        Engine::Mysql => ("SET @handleref_door = 1", "SET @handleref_door = NULL"),
    };
    db.create(&format!("{open}; {sql}; {close}"));
}
