//! The deletion of a family, at one moment that no other deletion has.

use super::Node;
use super::run::{Expected, update};
use super::set::Set;
use super::stamp::{self, TICK};
use super::statements::Count;
use crate::error::Error;
use crate::session::{Session, Transaction};
use crate::sql::Sql;
use chrono::NaiveDateTime;
use std::cmp::Ordering;
use std::sync::Arc;

/// How often a change is tried anew when another one came between.
pub(crate) const ATTEMPTS: usize = 8;

/// Deletes with one moment for the whole family, which no other deletion has.
pub(super) async fn delete_family(
    conn: &mut dyn Session,
    sets: &[Arc<Set<'_>>],
    expected: &[Expected],
) -> Result<usize, Attempt> {
    let nodes: Vec<_> = sets.iter().map(|set| set.node).collect();
    let mut moment = stamp::fresh(conn, &nodes).await?;
    let mut lost = false;
    for _ in 0..ATTEMPTS {
        let mut savepoint = Transaction::begin(conn).await?;
        let result = delete_at(savepoint.conn(), sets, moment, expected).await;
        let result = savepoint.finish(result).await;
        lost = matches!(result, Err(Attempt::Lost));
        match result {
            Err(Attempt::Taken) => moment += TICK,
            Err(Attempt::Lost) => moment = stamp::after_rows(conn, sets, moment).await?,
            ended => return ended,
        }
    }
    let model = nodes.first().map_or("", |node| node.name);
    Err(if lost && nodes.iter().any(|node| node.hooked) {
        Error::Interfered { model }.into()
    } else {
        Error::Stamp { model }.into()
    })
}

/// Why a change was not made.
pub(crate) enum Attempt {
    /// Another deletion has the same moment.
    Taken,
    /// A row did not keep the moment: a guard stamped a later one, or the
    /// column is too coarse.
    Lost,
    /// Rows came to a set of parents after their children were changed: by
    /// another session, which is waited for the next time, or by a hook.
    Grown {
        model: &'static str,
    },
    Failed(Error),
}

impl From<Attempt> for Error {
    fn from(attempt: Attempt) -> Self {
        match attempt {
            Attempt::Failed(error) => error,
            Attempt::Grown { model } => Self::Interfered { model },
            // Tried anew where they come from.
            Attempt::Taken | Attempt::Lost => Self::Stamp { model: "" },
        }
    }
}

impl From<Error> for Attempt {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<diesel::result::Error> for Attempt {
    fn from(error: diesel::result::Error) -> Self {
        Self::Failed(error.into())
    }
}

async fn delete_at(
    conn: &mut dyn Session,
    sets: &[Arc<Set<'_>>],
    moment: NaiveDateTime,
    expected: &[Expected],
) -> Result<usize, Attempt> {
    let mut of_root = 0;
    let mut tables: Vec<(&Node, usize)> = Vec::new();
    for (set, expected) in sets.iter().zip(expected).rev() {
        of_root = update(conn, set, Some(moment), *expected).await?;
        match tables
            .iter_mut()
            .find(|(node, _)| node.model == set.node.model)
        {
            Some((_, rows)) => *rows += of_root,
            None => tables.push((set.node, of_root)),
        }
    }
    for (node, ours) in tables {
        let count = Count {
            node,
            stamp: moment,
        };
        let (all,): (usize,) = conn.one(Sql::every(&count)).await?;
        // Rows of ours are locked; any more were deleted by someone else in
        // the same moment.
        match all.cmp(&ours) {
            Ordering::Less => return Err(Attempt::Lost),
            Ordering::Equal => {}
            Ordering::Greater => return Err(Attempt::Taken),
        }
    }
    Ok(of_root)
}
