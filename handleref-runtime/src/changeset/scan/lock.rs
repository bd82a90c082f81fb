//! Nobody changes what is compared.

use super::place::{Keys, Place};
use crate::absent::or_not_installed;
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::executor::Steps;
use crate::record::query;
use crate::record::subject::at_home;
use crate::schema::RecordedTable;
use crate::text::{Sql, for_update, integer};

/// Takes the locks that are taken for all tables at once, always in the same order.
pub(super) async fn take<C: Steps>(
    conn: &mut C,
    places: &[Place<C::Backend>],
) -> Result<(), Error> {
    let mut all: Vec<&RecordedTable> = places.iter().map(|place| &place.facts).collect();
    all.sort_by_key(|facts| facts.listed());
    for facts in &all {
        recording(conn, facts).await?;
    }
    if C::Backend::KIND == Kind::Postgres && !all.is_empty() {
        // The record tables too: backfills and relatives write them without
        // changing the tables.
        let both =
            |facts: &&RecordedTable| [facts.table(Kind::Postgres), facts.records(Kind::Postgres)];
        let tables: Vec<_> = all.iter().flat_map(both).collect();
        let lock = format!(
            "LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE",
            tables.join(", ")
        );
        conn.batch(&lock).await?;
    }
    Ok(())
}

/// Takes the row of a recording, as prunes and erasures do.
async fn recording<C: Steps>(conn: &mut C, facts: &RecordedTable) -> Result<(), Error> {
    let sql = Sql::new::<C>()
        .sql(&format!(
            "SELECT CAST(backfilled AS {0}), CAST(0 AS {0})",
            integer::<C>()
        ))
        .sql(" FROM handleref_recordings WHERE record_table = ")
        .text(&facts.listed())
        .sql(&at_home(
            C::Backend::KIND,
            &facts.table,
            facts.recording.records,
        ))
        .sql(for_update::<C>());
    let (model, records) = (facts.model, facts.recording.records);
    match conn.numbers(sql.query()).await {
        Ok(found) if found.is_empty() => Err(Error::NotInstalled { model, records }),
        Ok(_) => Ok(()),
        Err(error) => Err(or_not_installed(conn, error, (model, records)).await),
    }
}

/// Locks the rows, where a table is not locked as a whole.
pub(super) async fn rows<C: Steps>(
    conn: &mut C,
    facts: &RecordedTable,
    keys: Keys<'_, C::Backend>,
) -> Result<(), Error> {
    if C::Backend::KIND == Kind::Mysql {
        let sql = query::Sql::new("SELECT CAST(COUNT(*) AS SIGNED), CAST(0 AS SIGNED) FROM ")
            .text(facts.table(Kind::Mysql))
            .text(" WHERE 1 = 1")
            .part(&keys)
            .text(" FOR UPDATE");
        conn.numbers(sql).await?;
    }
    Ok(())
}
