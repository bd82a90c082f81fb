//! What a prune took away that a reader may not have seen.

use super::position::Position;
use crate::changeset::AnyModel;
use crate::engine::Kind;
use crate::error::Error;
use crate::record::facts::{RECORD_ID, RECORD_STAMP};
use crate::session::Session;
use crate::sql::{Sql, as_text, quoted, read_all};

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
    let mut sql = Sql::new("SELECT record_table, ");
    for column in ["pruned_record", "COALESCE(pruned_mark, 0)"] {
        sql = sql.made(as_text(conn.kind(), column)).sql(", ");
    }
    sql = sql
        .made(as_text(conn.kind(), "NULL"))
        .sql(" FROM handleref_recordings WHERE pruned_record IS NOT NULL AND record_table IN (");
    for (at, name) in records.iter().enumerate() {
        sql = sql.sql(if at > 0 { ", " } else { "" }).bind(*name);
    }
    let rows = conn.texts(sql.sql(")")).await?;
    let read = |(records, record, mark, _): crate::session::Texts| {
        Some(PrunedTo {
            records: records?,
            record: record?.parse().ok()?,
            mark: mark?.parse().ok()?,
        })
    };
    read_all(rows, "a row of `handleref_recordings`", read)
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
    let mark = match conn.kind() {
        Kind::Sqlite => "NULL".to_owned(),
        Kind::Postgres => "pg_snapshot_xmax(pg_current_snapshot())::text::bigint".into(),
        Kind::Mysql => last_stamp(conn, records, ids).await?.to_string(),
    };
    let kind = conn.kind();
    let raised = |column: &str, to: &str| match kind {
        Kind::Sqlite => format!("{column} = max(COALESCE({column}, 0), COALESCE({to}, 0))"),
        _ => format!("{column} = GREATEST(COALESCE({column}, 0), {to})"),
    };
    let sql = Sql::new("UPDATE handleref_recordings SET ")
        .made(raised("pruned_record", &last.to_string()))
        .sql(", ")
        .made(raised("pruned_mark", &mark))
        .sql(" WHERE record_table = ")
        .bind(records);
    conn.execute(sql).await?;
    Ok(())
}

/// The last stamp of some records. If one has none yet, no reader has seen it:
/// then it is one that no reader has reached.
async fn last_stamp(conn: &mut dyn Session, records: &str, ids: &[i64]) -> Result<i64, Error> {
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    let sql = format!(
        "SELECT COALESCE(MAX({RECORD_STAMP}), 0), COUNT(*) - COUNT({RECORD_STAMP}) FROM {} WHERE {RECORD_ID} IN ({})",
        quoted(Kind::Mysql, records),
        ids.join(", ")
    );
    let found = conn.numbers(Sql::once(sql)).await?.pop();
    let (last, without) = found.unwrap_or_default();
    if without == 0 {
        return Ok(last);
    }
    conn.batch("UPDATE handleref_database SET stamp = stamp + 1")
        .await?;
    let sql = "SELECT stamp, 0 FROM handleref_database";
    let found = conn.numbers(Sql::once(sql)).await?.pop();
    Ok(found.map_or(last, |(stamp, _)| stamp))
}
