//! Whether this database has the history that a cursor was made from.
//!
//! A backup that was restored has the token of its database, but not its last
//! changes; soon it has others under the same numbers. So a cursor names the
//! last change that was read, and that has to be there. (PostgreSQL's
//! transaction ids need more than that; see `identity`.)

use super::cursor::{Inner, Witness};
use super::position::Position;
use super::prune::pruned;
use crate::engine::Kind;
use crate::error::Error;
use crate::facts::{RECORD_ID, RECORDED_AT};
use crate::history::AnyModel;
use crate::session::Session;
use crate::sql::Sql;
use chrono::NaiveDateTime;

/// Fails if the database does not have what the cursor says was read. `last` is
/// the last tick or stamp, or the last number.
pub(super) async fn check(
    conn: &mut dyn Session,
    models: &[&'static dyn AnyModel],
    known: &Inner,
    last: i64,
) -> Result<(), Error> {
    match &known.position {
        Position::Tick(tick) if *tick > last => return Err(Error::Foreign),
        Position::Stamp { stamp, .. } if *stamp > last => return Err(Error::Foreign),
        Position::Window(window) => {
            return match window.low.max(known.position.low()) > last {
                true => Err(Error::Foreign),
                false => Ok(()),
            };
        }
        _ => {}
    }
    let Some(witness) = &known.witness else {
        return Ok(());
    };
    let model = models.get(witness.model).ok_or(Error::Foreign)?;
    let records = model.facts().records();
    let this = Sql::new(" WHERE ").name(RECORD_ID).sql(" = ");
    let found = read(conn, records, witness.model, this.bind(witness.id)).await?;
    match found {
        Some(found) if found == *witness => Ok(()),
        Some(_) => Err(Error::Foreign),
        None => {
            let pruned = pruned(conn, &[records]).await?;
            match pruned.iter().any(|one| one.record >= witness.id) {
                true => Ok(()),
                false => Err(Error::Foreign),
            }
        }
    }
}

/// The newest change of all.
pub(super) async fn newest(
    conn: &mut dyn Session,
    models: &[&'static dyn AnyModel],
) -> Result<Option<Witness>, Error> {
    let mut newest: Option<Witness> = None;
    if conn.kind() == Kind::Postgres {
        return Ok(newest);
    }
    for (at, model) in models.iter().enumerate() {
        let last = Sql::new(" WHERE ").name(RECORD_ID).sql(" > 0 ORDER BY ");
        let last = last.name(RECORD_ID).sql(" DESC LIMIT 1");
        let found = read(conn, model.facts().records(), at, last).await?;
        newest = newest.into_iter().chain(found).max_by_key(|one| one.id);
    }
    Ok(newest)
}

async fn read(
    conn: &mut dyn Session,
    records: &str,
    model: usize,
    which: Sql<'_>,
) -> Result<Option<Witness>, Error> {
    let sql = Sql::new("SELECT ").names("", &[RECORD_ID, RECORDED_AT]);
    let sql = sql.sql(" FROM ").name(records).append(which);
    let row: Option<(i64, NaiveDateTime)> = conn.first(sql).await?;
    Ok(row.map(|(id, at)| Witness {
        model,
        id,
        at: at.and_utc().timestamp_micros(),
    }))
}
