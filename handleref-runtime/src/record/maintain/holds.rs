//! What must not be pruned, nor erased.

use super::Subject;
use super::events::{EventKind, write_event};
use crate::absent::or_hidden;
use crate::context::write_lock;
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::executor::{Executor, Steps, Texts, Transaction};
use crate::text::{Sql, as_text, insert, parse_time, read_all, storable, time_as_text};
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
    C::run(async move { load(conn, Sql::new::<C>()).await })
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
    C::run(async move {
        let mut transaction = Transaction::begin(conn).await?;
        let result = release_in(transaction.conn(), id).await;
        transaction.finish(result).await
    })
}

async fn release_in<C: Steps>(conn: &mut C, id: i64) -> Result<bool, Error> {
    write_lock(conn).await?;
    let which = || Sql::new::<C>().sql(" WHERE id = ").number(id);
    let Some(hold) = load(conn, which()).await?.pop() else {
        return Ok(false);
    };
    let delete = Sql::new::<C>().sql("DELETE FROM handleref_holds");
    let deleted = conn.execute(delete.sql(&which().finish()).query()).await?;
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

pub(super) async fn hold<C: Steps>(
    conn: &mut C,
    subject: Subject,
    key: Option<String>,
    reason: &str,
) -> Result<i64, Error> {
    storable("reason of a hold", reason)?;
    storable("key of a hold", key.as_deref().unwrap_or_default())?;
    let mut transaction = Transaction::begin(conn).await?;
    let result = hold_in(transaction.conn(), subject, key, reason).await;
    match transaction.finish(result).await {
        Err(error) => Err(or_hidden(conn, error).await),
        held => held,
    }
}

async fn hold_in<C: Steps>(
    conn: &mut C,
    subject: Subject,
    key: Option<String>,
    reason: &str,
) -> Result<i64, Error> {
    subject.lock(conn).await?;
    let records = subject.recording.records;
    let mut sql = Sql::new::<C>()
        .sql("INSERT INTO handleref_holds (record_table, key_text, reason, placed_at) VALUES (")
        .text(records)
        .sql(", ");
    sql = match &key {
        Some(key) => sql.text(key),
        None => sql.sql("NULL"),
    };
    sql = sql.sql(", ").text(reason).sql(", ").now().sql(")");
    let id = insert(conn, sql).await?;
    let detail = json!({ "hold": id, "model": subject.name, "key": key, "reason": reason });
    write_event(conn, &EventKind::Hold, Some(records), &detail, None).await?;
    Ok(id)
}

/// The holds on the records of a model.
pub(crate) async fn holds_of<C: Steps>(conn: &mut C, subject: Subject) -> Result<Vec<Hold>, Error> {
    let of = Sql::new::<C>()
        .sql(" WHERE record_table = ")
        .text(subject.recording.records);
    load(conn, of).await
}

async fn load<C: Steps>(conn: &mut C, which: Sql) -> Result<Vec<Hold>, Error> {
    let named = match C::Backend::KIND {
        Kind::Mysql => "CONCAT(id, '|', placed_at, '|', record_table)".into(),
        _ => format!(
            "{} || '|' || {} || '|' || record_table",
            as_text::<C>("id"),
            time_as_text::<C>("placed_at")
        ),
    };
    let sql = Sql::new::<C>()
        .sql("SELECT ")
        .sql(&as_text::<C>(&named))
        .sql(", ")
        .sql(&as_text::<C>("key_text"))
        .sql(", ")
        .sql(&as_text::<C>("reason"))
        .sql(", ")
        .sql(&as_text::<C>("NULL"))
        .sql(" FROM handleref_holds")
        .sql(&which.finish())
        .sql(" ORDER BY id");
    let rows = conn.texts(sql.query()).await?;
    // One that cannot be read must not be overlooked.
    read_all(rows, "a row of `handleref_holds`", read)
}

fn read((named, key, reason, _): Texts) -> Option<Hold> {
    let named = named?;
    let mut parts = named.splitn(3, '|');
    let (id, at, records) = (parts.next()?, parts.next()?, parts.next()?);
    Some(Hold {
        id: id.parse().ok()?,
        records: records.to_owned(),
        key,
        reason: reason?,
        placed_at: parse_time(at)?.and_utc(),
    })
}
