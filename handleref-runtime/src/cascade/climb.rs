//! What is above the rows that are restored.

use super::parents::{LockParents, Orphan};
use super::run::{Expected, update};
use super::set::{Change, Origin, Set};
use super::{Boxed, Link, Node};
use crate::engine::Kind;
use crate::error::Error;
use crate::session::Session;
use crate::sql::Sql;
use std::sync::Arc;

/// Over how many tables a restore goes up. Each is one query around the other,
/// of which MariaDB takes 63. (A tree within a table is one level.)
const HEIGHT: usize = 16;

/// Refuses if a row is to be restored under a soft-deleted parent, or restores
/// those parents first. Gives how many rows of the root's own table came back so.
pub(super) async fn restore_parents(
    conn: &mut dyn Session,
    sets: &[Arc<Set<'_>>],
    upward: bool,
) -> Result<usize, Error> {
    let mut of_root = 0;
    for (at, set) in sets.iter().enumerate() {
        if !upward {
            below_live(conn, set, sets).await?;
            continue;
        }
        let rows = above(conn, set, sets, 0).await?;
        if at == 0 {
            of_root = rows;
        }
    }
    Ok(of_root)
}

/// Locks the parents of a set, and refuses if one of them is deleted and stays so.
async fn below_live<'a>(
    conn: &mut dyn Session,
    set: &Arc<Set<'a>>,
    restored: &[Arc<Set<'a>>],
) -> Result<(), Error> {
    let links = (set.node.parents)();
    lock_parents(conn, set, &links, false).await?;
    for link in &links {
        let orphan = Orphan {
            children: set,
            link,
            restored,
        };
        let found: Option<Vec<String>> = conn.first(Sql::every(&orphan)).await?;
        if let Some(parts) = found {
            return Err(Error::ParentDeleted {
                model: set.node.name,
                parent: link.node.name,
                parent_key: parts.join(","),
            });
        }
    }
    Ok(())
}

/// Restores what is above a set, the topmost first: other tables by climbing
/// one after the other, ancestors in its own table all at once. Gives the
/// number of the latter.
fn above<'a>(
    conn: &'a mut dyn Session,
    set: &'a Arc<Set<'a>>,
    restored: &'a [Arc<Set<'a>>],
    height: usize,
) -> Boxed<'a, Result<usize, Error>> {
    Box::pin(async move {
        let links = (set.node.parents)();
        let (own, others): (Vec<_>, Vec<_>) =
            (links.iter()).partition(|link| link.node.model == set.node.model);
        // What comes back anyway is not restored twice.
        let besides = |node: &Node| -> Vec<_> {
            let same = restored.iter().filter(|one| one.node.model == node.model);
            same.cloned().collect()
        };
        let climb = |strict| {
            Arc::new(Set {
                node: set.node,
                origin: Origin::Climb {
                    from: set.clone(),
                    foreign_keys: own.iter().map(|link| link.foreign_key).collect(),
                    strict,
                },
                change: Change::Restore,
                own_links: &[],
                values: None,
                once: false,
                without: if strict {
                    besides(set.node)
                } else {
                    Vec::new()
                },
            })
        };
        let kin = if own.is_empty() {
            set.clone()
        } else {
            climb(false)
        };
        lock_parents(conn, &kin, &links, true).await?;
        for link in others {
            let orphan = Orphan {
                children: &kin,
                link,
                restored,
            };
            let found: Option<Vec<String>> = conn.first(Sql::every(&orphan)).await?;
            if found.is_none() {
                continue;
            }
            if height == HEIGHT {
                return Err(Error::TooDeep {
                    model: set.node.name,
                    levels: HEIGHT,
                });
            }
            let parents = Arc::new(Set {
                node: &link.node,
                origin: Origin::Above(kin.clone(), link.foreign_key),
                change: Change::Restore,
                own_links: &[],
                values: None,
                once: false,
                without: besides(&link.node),
            });
            above(conn, &parents, restored, height + 1).await?;
            update(conn, &parents, None, Expected::ANY).await?;
        }
        if own.is_empty() {
            return Ok(0);
        }
        Ok(update(conn, &climb(true), None, Expected::ANY).await?)
    })
}

/// Locks the parents of a set; `upward` those of its ancestors, too.
async fn lock_parents(
    conn: &mut dyn Session,
    children: &Set<'_>,
    links: &[Link],
    upward: bool,
) -> Result<(), Error> {
    if conn.kind() == Kind::Sqlite {
        return Ok(());
    }
    let mut before = None;
    loop {
        let mut locked = 0;
        for link in links {
            let lock = LockParents {
                children,
                link,
                upward,
            };
            let (rows,): (i64,) = conn.one(Sql::every(&lock)).await?;
            locked += rows;
        }
        // While the lock was waited for, a parent may have been deleted: then
        // there is more above it.
        if !(upward && children.is_recursive()) || before.is_some_and(|before| locked <= before) {
            return Ok(());
        }
        before = Some(locked);
    }
}
