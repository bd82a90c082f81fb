//! What a prune took away that a reader may not have seen.

use super::position::Position;
use crate::changeset::AnyModel;
use crate::engine::Kind;
use crate::error::Error;
use crate::record::facts::{RECORD_ID, RECORD_STAMP};
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
    models: &[Box<dyn AnyModel>],
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

/// Notes, in the transaction of a prune, that these records are about to go.
pub(crate) async fn note(conn: &mut dyn Session, records: &str, ids: &[i64]) -> Result<(), Error> {
    let Some(last) = ids.iter().max() else {
        return Ok(());
    };
    let kind = conn.kind();
    let mark = match kind {
        Kind::Sqlite => Sql::new("NULL"),
        Kind::Postgres => Sql::new("pg_snapshot_xmax(pg_current_snapshot())::text::bigint"),
        Kind::Mysql => Sql::new("").bind(last_stamp(conn, records, ids).await?),
    };
    let greatest = match kind {
        Kind::Sqlite => "max",
        Kind::Postgres | Kind::Mysql => "GREATEST",
    };
    let raised = |column: &'static str, to: Sql<'static>| {
        let sql = Sql::new(column).sql(" = ").sql(greatest);
        let sql = sql.sql("(COALESCE(").sql(column);
        sql.sql(", 0), COALESCE(").append(to).sql(", 0))")
    };
    let sql = Sql::new("UPDATE handleref_recordings SET ")
        .append(raised("pruned_record", Sql::new("").bind(*last)))
        .sql(", ")
        .append(raised("pruned_mark", mark))
        .sql(" WHERE record_table = ")
        .bind(records);
    conn.execute(sql).await?;
    Ok(())
}

/// The last stamp of some records. If one has none yet, no reader has seen it:
/// then it is one that no reader has reached.
async fn last_stamp(conn: &mut dyn Session, records: &str, ids: &[i64]) -> Result<i64, Error> {
    let sql = Sql::new("SELECT COALESCE(MAX(").name(RECORD_STAMP);
    let sql = sql.sql("), 0), COUNT(*) - COUNT(").name(RECORD_STAMP);
    let sql = sql.sql(") FROM ").name(records).sql(" WHERE ");
    let sql = sql.name(RECORD_ID).sql(" IN (").list(ids).sql(")");
    let (last, without): (i64, i64) = conn.one(sql).await?;
    if without == 0 {
        return Ok(last);
    }
    conn.batch("UPDATE handleref_database SET stamp = stamp + 1")
        .await?;
    let sql = Sql::new("SELECT stamp FROM handleref_database");
    Ok(conn.one::<(i64,)>(sql).await?.0)
}
