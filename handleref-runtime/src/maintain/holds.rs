//! What must not be pruned, nor erased.

use super::Subject;
use super::events::{EventKind, write_event};
use crate::context::write_lock;
use crate::error::Error;
use crate::session::absent::or_hidden;
use crate::session::{Boxed, Executor, Session, Transaction, insert};
use crate::sql::{Sql, storable};
use chrono::NaiveDateTime;
use chrono::{DateTime, Utc};
use serde_json::json;

/// Records that are protected: no prune deletes them, and nothing in them can
/// be erased. Placed by [`Maintain::hold`](super::Maintain::hold) and
/// [`hold_all`](super::Maintain::hold_all), ended by [`release`].
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Hold {
    /// Its number.
    pub id: i64,
    /// The record table.
    pub records: String,
    /// The key of the row, as [`Key::text`](crate::key::Key::text) writes it;
    /// none if all rows are held.
    pub key: Option<String>,
    /// Why.
    pub reason: String,
    /// Since when, by the database's clock.
    pub placed_at: DateTime<Utc>,
}

/// All holds, the oldest first.
///
/// ```text
/// for hold in holds(conn)? { println!("{}: {}", hold.records, hold.reason) }
/// ```
///
/// # Errors
/// [`Error::Database`]; also if nothing was ever installed.
pub fn holds<C: Executor>(conn: &mut C) -> C::Output<'_, Result<Vec<Hold>, Error>> {
    C::finish(all(conn))
}

/// Ends a hold, and says whether there was one of this number.
///
/// ```text
/// assert!(release(conn, hold)?);
/// ```
///
/// # Errors
/// [`Error::Database`].
pub fn release<C: Executor>(conn: &mut C, id: i64) -> C::Output<'_, Result<bool, Error>> {
    C::finish(end(conn, id))
}

pub(crate) fn all(conn: &mut dyn Session) -> Boxed<'_, Result<Vec<Hold>, Error>> {
    Box::pin(load(conn, Sql::new("")))
}

pub(crate) fn end(conn: &mut dyn Session, id: i64) -> Boxed<'_, Result<bool, Error>> {
    Box::pin(async move {
        let mut transaction = Transaction::begin(conn).await?;
        let result = release_in(transaction.conn(), id).await;
        transaction.finish(result).await
    })
}

async fn release_in(conn: &mut dyn Session, id: i64) -> Result<bool, Error> {
    write_lock(conn).await?;
    let which = || Sql::new(" WHERE id = ").bind(id);
    let Some(hold) = load(conn, which()).await?.pop() else {
        return Ok(false);
    };
    let delete = Sql::new("DELETE FROM handleref_holds");
    let deleted = conn.execute(delete.append(which())).await?;
    if deleted == 0 {
        return Ok(false);
    }
    let detail = json!({
        "hold": hold.id,
        "key": hold.key,
        "reason": hold.reason,
        "placed_at": hold.placed_at,
    });
    write_event(
        conn,
        &EventKind::Release,
        Some(&hold.records),
        &detail,
        None,
    )
    .await?;
    Ok(true)
}

pub(crate) fn hold<'a>(
    conn: &'a mut dyn Session,
    subject: Subject,
    key: Option<String>,
    reason: &'a str,
) -> Boxed<'a, Result<i64, Error>> {
    Box::pin(async move {
        storable("reason of a hold", reason)?;
        storable("key of a hold", key.as_deref().unwrap_or_default())?;
        let mut transaction = Transaction::begin(conn).await?;
        let result = hold_in(transaction.conn(), subject, key, reason).await;
        match transaction.finish(result).await {
            Err(error) => Err(or_hidden(conn, error).await),
            held => held,
        }
    })
}

async fn hold_in(
    conn: &mut dyn Session,
    subject: Subject,
    key: Option<String>,
    reason: &str,
) -> Result<i64, Error> {
    subject.lock(conn).await?;
    let records = subject.recording.records;
    let mut sql = Sql::new(
        "INSERT INTO handleref_holds (record_table, key_text, reason, placed_at) VALUES (",
    )
    .bind(records)
    .sql(", ");
    sql = sql
        .bind(key.as_deref())
        .sql(", ")
        .bind(reason)
        .sql(", ")
        .now()
        .sql(")");
    let id = insert(conn, sql).await?;
    let detail = json!({ "hold": id, "model": subject.name, "key": key, "reason": reason });
    write_event(conn, &EventKind::Hold, Some(records), &detail, None).await?;
    Ok(id)
}

/// The holds on the records of a model.
pub(crate) async fn holds_of(conn: &mut dyn Session, subject: Subject) -> Result<Vec<Hold>, Error> {
    let of = Sql::new(" WHERE record_table = ").bind(subject.recording.records);
    load(conn, of).await
}

async fn load(conn: &mut dyn Session, which: Sql<'_>) -> Result<Vec<Hold>, Error> {
    let sql = Sql::new("SELECT id, record_table, key_text, reason, placed_at FROM handleref_holds")
        .append(which)
        .sql(" ORDER BY id");
    // One that cannot be read must not be overlooked.
    let rows = conn.rows(sql).await?;
    let read = |(id, records, key, reason, placed_at): Row| Hold {
        id,
        records,
        key,
        reason,
        placed_at: placed_at.and_utc(),
    };
    Ok(rows.into_iter().map(read).collect())
}

/// Number, record table, key, reason, time.
type Row = (i64, String, Option<String>, String, NaiveDateTime);
