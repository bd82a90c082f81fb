//! What is compared does not change.

use super::place::{Keys, Place};
use crate::engine::Kind;
use crate::error::Error;
use crate::history::subject::at_home;
use crate::schema::RecordedTable;
use crate::session::Session;
use crate::session::absent::or_not_installed;
use crate::sql::{Raw, Sql, raw};

/// Takes the locks that are taken for all tables at once, always in the same order.
pub(super) async fn take(conn: &mut dyn Session, places: &[Place]) -> Result<(), Error> {
    let mut all: Vec<&RecordedTable> = places.iter().map(|place| &place.facts).collect();
    all.sort_by_key(|facts| facts.listed());
    for facts in &all {
        recording(conn, facts).await?;
    }
    if conn.kind() == Kind::Postgres && !all.is_empty() {
        // The record tables too: backfills and relatives write them without
        // changing the tables.
        let both =
            |facts: &&RecordedTable| [facts.table(Kind::Postgres), facts.records(Kind::Postgres)];
        let tables: Vec<_> = all.iter().flat_map(both).collect();
        let lock = raw!(
            "LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE",
            [Raw::join(tables, ", ")]
        );
        conn.batch(&lock).await?;
    }
    Ok(())
}

/// Takes the row of a recording, as prunes and erasures do.
async fn recording(conn: &mut dyn Session, facts: &RecordedTable) -> Result<(), Error> {
    let sql = Sql::new("SELECT backfilled FROM handleref_recordings WHERE record_table = ")
        .bind(facts.listed())
        .made(at_home(conn.kind(), &facts.table, facts.recording.records))
        .lock();
    let (model, records) = (facts.model, facts.recording.records);
    match conn.first::<(bool,)>(sql).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(Error::NotInstalled { model, records }),
        Err(error) => Err(or_not_installed(conn, error, (model, records)).await),
    }
}

/// Locks the rows, where a table is not locked as a whole.
pub(super) async fn rows(
    conn: &mut dyn Session,
    facts: &RecordedTable,
    keys: Keys<'_>,
) -> Result<(), Error> {
    if conn.kind() == Kind::Mysql {
        let sql = Sql::new("SELECT COUNT(*) FROM ")
            .made(facts.table(Kind::Mysql))
            .sql(" WHERE 1 = 1");
        conn.one::<(i64,)>(keys.continued(sql).lock()).await?;
    }
    Ok(())
}
