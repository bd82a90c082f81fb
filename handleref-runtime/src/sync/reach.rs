//! Up to where a reader can read now.

use super::identity::{Identity, identify};
use super::position::{Open, Position, Window};
use super::snapshot::Snapshot;
use super::stamp::stamp;
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::executor::{Executor, Steps};

/// From one position to another.
pub(super) struct Reach {
    pub(super) database: Identity,
    /// On PostgreSQL with an open window.
    pub(super) from: Position,
    pub(super) to: Position,
    /// A part of what is between that was read already; only on PostgreSQL.
    pub(super) seen: Option<Open>,
    /// Whether there is more beyond.
    pub(super) rest: bool,
}

/// Looks how far there are changes after a position; `enough` will do, if not
/// all are asked for.
pub(super) async fn reach<C: Executor>(
    conn: &mut C,
    known: Option<&Position>,
    enough: Option<usize>,
) -> Result<Reach, Error> {
    let kind = C::Backend::KIND;
    let rest = match kind {
        // Its numbers have to be there before the last one is read.
        Kind::Mysql => stamp(conn, enough.unwrap_or(usize::MAX)).await?,
        _ => false,
    };
    let (database, session) = identify(conn).await?;
    let (from, to) = match kind {
        Kind::Sqlite => (Position::Tick(0), Position::Tick(database.last)),
        Kind::Mysql => {
            let position = |stamp| Position::Stamp {
                stamp,
                id: i64::MAX,
            };
            (position(0), position(database.last))
        }
        Kind::Postgres => {
            let mut window = match known {
                Some(Position::Window(window)) => (**window).clone(),
                _ => Window::beginning(),
            };
            let seen = match enough {
                Some(_) => None,
                None => window.open.take(),
            };
            // What came after an open window is for the next batch.
            let rest = window.open.is_some();
            let window = match rest {
                true => window,
                false => {
                    let (to, high) = snapshot(conn).await?;
                    window.open_to(to, session.sequence, high)
                }
            };
            let from = Position::Window(Box::new(window.clone()));
            let to = Position::Window(Box::new(window.closed()));
            return Ok(Reach {
                database,
                seen,
                rest,
                from,
                to,
            });
        }
    };
    Ok(Reach {
        database,
        from: known.cloned().unwrap_or(from),
        to,
        seen: None,
        rest,
    })
}

/// The snapshot of now, and the last number that was given to a record then.
async fn snapshot<C: Steps>(conn: &mut C) -> Result<(Snapshot, i64), Error> {
    let sql =
        "SELECT pg_current_snapshot()::text, last_value::text, NULL, NULL FROM handleref_record_id";
    let row = conn.texts(diesel::sql_query(sql)).await?.pop();
    let read = |(snapshot, last, ..): crate::executor::Texts| {
        Some((Snapshot::read(&snapshot?)?, last?.parse().ok()?))
    };
    Ok(row.and_then(read).ok_or(diesel::result::Error::NotFound)?)
}
