//! The keys that a row may have had before.

use super::Subject;
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::facts::{RECORD_ID, RECORD_OPERATION, RECORD_XID, RECORDED_AT};
use crate::history::model::{LiveName, Recall, Records};
use crate::history::query::{KeyIs, Loaded, load};
use crate::key::Key;
use crate::session::Session;
use crate::sql::{Sql, quoted, raw};
use std::collections::HashSet;

/// Those whose delete was recorded with the insert of this key, and so on backward.
pub(super) async fn former_keys<M, DB>(
    conn: &mut dyn Session,
    key: &M::RecordKey,
) -> Result<Vec<M::RecordKey>, Error>
where
    DB: Engine,
    M: Recall<DB> + Loaded<DB>,
{
    Subject::of::<M>().installed(conn).await?;
    let mut seen = HashSet::from([key.text()]);
    let mut former: Vec<M::RecordKey> = Vec::new();
    let mut next = Some(key.clone());
    let mut at = 0;
    while let Some(key) = next {
        for insert in inserts::<M, DB>(conn, &key).await? {
            let rows = deleted_with::<M, DB>(conn, insert).await?;
            let keys = rows.iter().map(M::record_key);
            former.extend(keys.filter(|key| seen.insert(key.text())));
        }
        next = former.get(at).cloned();
        at += 1;
    }
    Ok(former)
}

/// The records by which a key came to be.
async fn inserts<M, DB>(conn: &mut dyn Session, key: &M::RecordKey) -> Result<Vec<i64>, Error>
where
    DB: Engine,
    M: Recall<DB>,
{
    let condition = KeyIs::<M, DB>::new(key);
    let sql = Sql::new("SELECT ")
        .name(RECORD_ID)
        .sql(" FROM ")
        .name(M::RECORDING.records)
        .sql(" WHERE ")
        .part::<DB>(&condition)
        .made(raw!(
            " AND {RECORD_OPERATION} = 'insert' ORDER BY {RECORD_ID} DESC",
            RECORD_OPERATION,
            RECORD_ID
        ));
    let found: Vec<(i64,)> = conn.rows(sql).await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// The rows whose delete was recorded by the statement of this insert, as far as
/// that can be known: right before it, or at the same moment, and on PostgreSQL
/// in the same transaction.
async fn deleted_with<M, DB>(conn: &mut dyn Session, insert: i64) -> Result<Vec<M>, Error>
where
    DB: Engine,
    M: Recall<DB> + Loaded<DB>,
{
    let kind = DB::KIND;
    let (table, records) = (
        quoted(kind, M::LiveTable::SQL_NAME),
        quoted(kind, M::RECORDING.records),
    );
    let of_insert = |column: &'static str| {
        raw!(
            "{table}.{column} = (SELECT handleref_i.{column} FROM {records} handleref_i \
             WHERE handleref_i.{RECORD_ID} = {insert})",
            table,
            column,
            records,
            RECORD_ID,
            insert
        )
    };
    let mut condition = raw!(
        " WHERE {table}.{RECORD_OPERATION} = 'delete' AND {table}.{RECORD_ID} < {insert} AND \
         ({table}.{RECORD_ID} = {insert} - 1 OR {})",
        [of_insert(RECORDED_AT)],
        table,
        RECORD_OPERATION,
        RECORD_ID,
        insert
    );
    let source = Records::<M>::NEW;
    if kind == Kind::Postgres {
        condition.push(raw!(" AND {}", [of_insert(RECORD_XID)]));
    }
    let from = Sql::once(" FROM ")
        .part::<DB>(&source)
        .made(condition)
        .made(raw!(" ORDER BY {table}.{RECORD_ID} DESC", table, RECORD_ID));
    Ok(load::<M, DB>(conn, from).await?)
}
