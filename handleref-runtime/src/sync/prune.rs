//! What a prune took away that a reader may not have seen.

use super::position::Position;
use crate::error::Error;
use crate::history::AnyModel;
use crate::session::Session;
use crate::sql::Sql;

/// The last record of a record table that was pruned.
pub(super) struct PrunedTo {
    records: String,
    pub(super) record: i64,
    mark: i64,
}

/// Those of some record tables of which records were pruned.
pub(super) async fn pruned(
    conn: &mut dyn Session,
    records: &[&str],
) -> Result<Vec<PrunedTo>, Error> {
    let sql = Sql::new(
        "SELECT record_table, pruned_record, COALESCE(pruned_mark, 0) FROM handleref_recordings \
         WHERE pruned_record IS NOT NULL AND record_table IN (",
    );
    let rows = conn
        .rows(sql.list(records.iter().copied()).sql(")"))
        .await?;
    let read = |(records, record, mark)| PrunedTo {
        records,
        record,
        mark,
    };
    Ok(rows.into_iter().map(read).collect())
}

/// Fails if records after a position were pruned.
pub(super) async fn check(
    conn: &mut dyn Session,
    models: &[&'static dyn AnyModel],
    position: &Position,
) -> Result<(), Error> {
    let facts: Vec<_> = models.iter().map(|model| model.facts()).collect();
    let records: Vec<&str> = facts.iter().map(|facts| facts.records()).collect();
    let pruned = pruned(conn, &records).await?;
    let mut gone = pruned
        .iter()
        .filter(|one| position.is_older(one.record, one.mark));
    let Some(gone) = gone.next() else {
        return Ok(());
    };
    let mut of = facts.iter().filter(|facts| facts.records() == gone.records);
    Err(Error::TooOld {
        model: of.next().map_or("", |facts| facts.name()),
    })
}
