//! What makes a database another one than all others; see `sync::identity`.

use crate::engine::Kind;
use crate::session::Session;
use crate::sql::{Raw, Sql};
use diesel::result::QueryResult;

/// A token that no other database has, in SQL.
pub(crate) fn token(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => "lower(hex(randomblob(16)))",
        Kind::Postgres => "replace(gen_random_uuid()::text, '-', '')",
        Kind::Mysql => "REPLACE(UUID(), '-', '')",
    }
}

/// Where the database is, in SQL, if that decides what its records mean.
pub(crate) fn home(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite | Kind::Mysql => "''",
        Kind::Postgres => {
            "(SELECT c.system_identifier::text || '/' || d.oid::text FROM pg_control_system() c, pg_database d WHERE d.datname = current_database())"
        }
    }
}

/// Whether the database was copied to another place since its token was made.
pub(crate) async fn is_copied(conn: &mut dyn Session, table: Raw) -> QueryResult<bool> {
    let kind = conn.kind();
    if kind != Kind::Postgres {
        return Ok(false);
    }
    let sql = Sql::new("SELECT home IS DISTINCT FROM ").sql(home(kind));
    let found: Option<(bool,)> = conn.first(sql.sql(" FROM ").made(table)).await?;
    Ok(found.is_some_and(|(moved,)| moved))
}

/// What makes a copy a database of its own, on PostgreSQL: as soon as no one
/// writes records, those that are there are distinguished from those to come.
pub(crate) fn adopt(table: &str, recordings: &str, sequence: &str) -> Vec<String> {
    let (token, home) = (token(Kind::Postgres), home(Kind::Postgres));
    vec![
        format!(
            "DO $handleref$\nDECLARE one text;\nBEGIN\n  FOR one IN SELECT record_table FROM {recordings} LOOP\n    \
             EXECUTE 'LOCK TABLE ' || (SELECT string_agg(quote_ident(part), '.') FROM unnest(string_to_array(one, '.')) AS part) || ' IN SHARE MODE';\n  \
             END LOOP;\nEND\n$handleref$"
        ),
        format!(
            "UPDATE {table} SET token = {token}, home = {home}, born_record = (SELECT last_value FROM {sequence})"
        ),
        // The ids of transactions that a prune noted were those of the other place.
        format!("UPDATE {recordings} SET pruned_mark = 0 WHERE pruned_mark <> 0"),
    ]
}
