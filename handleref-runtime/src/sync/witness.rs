//! Whether this database has the history that a cursor was made from.
//!
//! A backup that was restored has the token of its database, but not its last
//! changes; soon it has others under the same numbers. So a cursor names the
//! last change that was read, and that has to be there. (PostgreSQL's
//! transaction ids need more than that; see `identity`.)

use super::cursor::{Inner, Witness};
use super::position::Position;
use super::prune::pruned;
use crate::changeset::AnyModel;
use crate::engine::Kind;
use crate::error::Error;
use crate::record::facts::{RECORD_ID, RECORDED_AT};
use crate::session::Session;
use crate::session::Texts;
use crate::sql::Sql;
use crate::sql::{as_text, parse_time, quoted, time_as_text, unreadable};

/// Fails if the database does not have what the cursor says was read. `last` is
/// the last tick or stamp, or the last number.
pub(super) async fn check(
    conn: &mut dyn Session,
    models: &[Box<dyn AnyModel>],
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
    let condition = format!(" WHERE {RECORD_ID} = {}", witness.id);
    let found = read(conn, records, witness.model, &condition).await?;
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
    models: &[Box<dyn AnyModel>],
) -> Result<Option<Witness>, Error> {
    let mut newest: Option<Witness> = None;
    if conn.kind() == Kind::Postgres {
        return Ok(newest);
    }
    for (at, model) in models.iter().enumerate() {
        let end = format!(" WHERE {RECORD_ID} > 0 ORDER BY {RECORD_ID} DESC LIMIT 1");
        let found = read(conn, model.facts().records(), at, &end).await?;
        newest = newest.into_iter().chain(found).max_by_key(|one| one.id);
    }
    Ok(newest)
}

async fn read(
    conn: &mut dyn Session,
    records: &str,
    model: usize,
    end: &str,
) -> Result<Option<Witness>, Error> {
    let null = as_text(conn.kind(), "NULL");
    let sql = format!(
        "SELECT {}, {}, {null}, {null} FROM {}{end}",
        as_text(conn.kind(), RECORD_ID),
        time_as_text(conn.kind(), RECORDED_AT),
        quoted(conn.kind(), records)
    );
    let row = conn.texts(Sql::once(sql)).await?.pop();
    let witness = |(id, at, ..): Texts| {
        Some(Witness {
            model,
            id: id?.parse().ok()?,
            at: parse_time(&at?)?.and_utc().timestamp_micros(),
        })
    };
    row.map(|row| witness(row).ok_or_else(|| unreadable("a record")))
        .transpose()
}
