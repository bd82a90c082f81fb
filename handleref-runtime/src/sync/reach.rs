//! Up to where a reader can read now.

use super::identity::{Identity, identify};
use super::position::{Mark, Open, Position, Window};
use super::snapshot::Snapshot;
use super::stamp::stamp;
use crate::engine::Kind;
use crate::error::Error;
use crate::session::Session;
use crate::sql::{Sql, unreadable};

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
pub(super) async fn reach(
    conn: &mut dyn Session,
    known: Option<&Position>,
    enough: Option<usize>,
) -> Result<Reach, Error> {
    let kind = conn.kind();
    let rest = match kind {
        // The numbers have to be there before the last one is read.
        Kind::Mysql => stamp(conn, enough.unwrap_or(usize::MAX)).await?,
        _ => false,
    };
    let database = identify(conn).await?;
    let position = |last| match kind {
        Kind::Sqlite => Position::Tick(last),
        _ => Position::Stamp {
            stamp: last,
            id: i64::MAX,
        },
    };
    if kind != Kind::Postgres {
        return Ok(Reach {
            from: known.cloned().unwrap_or_else(|| position(0)),
            to: position(database.last),
            seen: None,
            rest,
            database,
        });
    }
    let mut window = match known {
        Some(Position::Window(window)) => (**window).clone(),
        _ => Window::beginning(),
    };
    let newest = window.open.as_ref().map(|open| &open.to);
    let newest = newest.or(window.from.as_ref());
    if let (Some(newest), Some(shows)) = (newest, &database.shows)
        && !shows.covers(newest)
    {
        return Err(Error::Foreign);
    }
    let seen = match enough {
        Some(_) => None,
        None => window.open.take(),
    };
    // What came after an open window is for the next batch.
    let rest = window.open.is_some();
    if !rest {
        // It is worth an id of a transaction to step over so many records less.
        if window.ahead.is_none() && database.last - window.low > WORTH {
            window.ahead = mark(conn, database.last).await?;
        }
        // Others are writing nearly always, but mostly for a moment. If one of them
        // takes longer, the next page has more to step over.
        let tries = if enough.is_none() { TRIES } else { 0 };
        for left in (0..=tries).rev() {
            let (to, high) = snapshot(conn).await?;
            let open = window.clone().open_to(to, high);
            if left == 0 || open.clone().closed().ahead.is_none() {
                window = open;
                break;
            }
        }
    }
    Ok(Reach {
        from: Position::Window(Box::new(window.clone())),
        to: Position::Window(Box::new(window.closed())),
        seen,
        rest,
        database,
    })
}

/// How many records may have to be stepped over.
const WORTH: i64 = 1_000;

/// How many snapshots are taken for one without others at work.
const TRIES: u32 = 20;

/// The position of now.
pub(super) async fn now(conn: &mut dyn Session) -> Result<(Identity, Position), Error> {
    let Reach { database, to, .. } = reach(conn, None, None).await?;
    Ok((database, to))
}

/// A mark for a number that was given before; none in a transaction that has
/// an id already.
async fn mark(conn: &mut dyn Session, number: i64) -> Result<Option<Mark>, Error> {
    let sql = "SELECT CASE WHEN pg_current_xact_id_if_assigned() IS NULL THEN pg_current_xact_id() END::text";
    let (xid,): (Option<String>,) = conn.one(Sql::new(sql)).await?;
    let xid = xid.map(|xid| xid.parse().map_err(|_| unreadable("a transaction's id")));
    Ok(xid.transpose()?.map(|xid| Mark { xid, number }))
}

/// The snapshot of now, and the last number that was given to a record then.
async fn snapshot(conn: &mut dyn Session) -> Result<(Snapshot, i64), Error> {
    let sql = "SELECT pg_current_snapshot()::text, last_value FROM handleref_record_id";
    let (snapshot, last): (String, i64) = conn.one(Sql::new(sql)).await?;
    let snapshot = Snapshot::read(&snapshot).ok_or_else(|| unreadable("a snapshot"))?;
    Ok((snapshot, last))
}
