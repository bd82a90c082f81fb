//! The cascade, step by step; one logic for every model and connection.

use super::parents::{LockParents, Orphan};
use super::set::{Change, Count, Lock, Members, Origin, Set, Touch, Update};
use super::stamp::{self, TICK};
use super::{Boxed, Fragment, Link, Node};
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::executor::{Executor, Transaction};
use chrono::NaiveDateTime;
use std::any::TypeId;
use std::cmp::Ordering;
use std::sync::Arc;

/// What to do with the rows that the user named.
pub(crate) struct Task<'a, C: Executor> {
    pub(crate) root: Node<C>,
    /// A `WHERE` clause, or nothing.
    pub(crate) target: &'a Fragment<'a, C::Backend>,
    pub(crate) change: Change,
    /// Restore soft-deleted parents as well, instead of refusing.
    pub(crate) upward: bool,
    /// Further assignments to the rows of the root.
    pub(crate) values: Option<&'a Fragment<'a, C::Backend>>,
}

/// How often a deletion is tried anew when another one took the same moment.
const ATTEMPTS: usize = 8;
/// How far a restore goes up; a tree deeper than that is a cycle.
const HEIGHT: usize = 64;

/// Runs `task` in a transaction (a savepoint inside one) and gives the number
/// of rows of the root's table that changed.
pub(crate) async fn run<C: Executor>(conn: &mut C, task: &Task<'_, C>) -> Result<usize, Error> {
    let mut transaction = Transaction::begin(conn).await?;
    let result = inside(transaction.conn(), task).await;
    transaction.finish(result).await
}

/// The tables that a cascade reaches.
struct Tree<C: Executor> {
    /// Links of the root's table to itself.
    own_links: Vec<&'static [&'static str]>,
    /// The other tables, each after its parent.
    branches: Vec<Branch<C>>,
}

struct Branch<C: Executor> {
    link: Link<C>,
    /// The branch that this one hangs on; `None`: the root.
    parent: Option<usize>,
    own_links: Vec<&'static [&'static str]>,
}

impl<C: Executor> Tree<C> {
    fn new(root: &Node<C>) -> Self {
        let mut tree = Self {
            own_links: Vec::new(),
            branches: Vec::new(),
        };
        tree.own_links = tree.grow(root.model, (root.children)(), None);
        tree
    }

    /// Adds `children`, and gives the links of `model` to itself.
    fn grow(
        &mut self,
        model: TypeId,
        children: Vec<Link<C>>,
        parent: Option<usize>,
    ) -> Vec<&'static [&'static str]> {
        let mut own_links = Vec::new();
        for link in children {
            if link.node.model == model {
                own_links.push(link.foreign_key);
                continue;
            }
            let (at, model, grandchildren) =
                (self.branches.len(), link.node.model, (link.node.children)());
            self.branches.push(Branch {
                link,
                parent,
                own_links: Vec::new(),
            });
            // Cycles over several models do not compile, so this ends.
            self.branches[at].own_links = self.grow(model, grandchildren, Some(at));
        }
        own_links
    }

    /// The set of each table, the root's first.
    fn sets<'a>(&'a self, task: &'a Task<'a, C>) -> Vec<Arc<Set<'a, C>>> {
        let change = task.change;
        let mut sets = vec![Arc::new(Set {
            node: &task.root,
            origin: Origin::Target(task.target),
            change,
            own_links: &self.own_links,
            // Rows that a tree reaches from the root must not get them.
            values: task.values.filter(|_| self.own_links.is_empty()),
            without: None,
        })];
        for branch in &self.branches {
            let parent = sets[branch.parent.map_or(0, |at| at + 1)].clone();
            sets.push(Arc::new(Set {
                node: &branch.link.node,
                origin: Origin::Below(parent, branch.link.foreign_key),
                change,
                own_links: &branch.own_links,
                values: None,
                without: None,
            }));
        }
        sets
    }
}

/// The same inside a transaction that is open already.
pub(crate) async fn inside<C: Executor>(conn: &mut C, task: &Task<'_, C>) -> Result<usize, Error> {
    let tree = Tree::new(&task.root);
    let sets = tree.sets(task);
    if C::Backend::KIND == Kind::Sqlite {
        // Takes the write lock first: a read that turns into a write is
        // refused by SQLite if somebody else wrote in between.
        conn.execute(Touch(&task.root)).await?;
    }
    let locked = conn.numbers(Lock(&sets[0])).await?;
    if locked.iter().all(|(rows, _)| *rows == 0) {
        return Ok(0);
    }
    match task.change {
        Change::Restore => {
            restore_parents(conn, &sets, task.upward).await?;
            match task.values.filter(|_| !tree.own_links.is_empty()) {
                Some(values) => apply_to_tree(conn, task, sets, values).await,
                None => apply(conn, &sets, None).await,
            }
        }
        // A single table leaves nothing to be told apart on restore.
        Change::Delete if sets.len() == 1 && tree.own_links.is_empty() => {
            apply(conn, &sets, None).await
        }
        Change::Delete => delete_family(conn, &sets).await,
    }
}

/// Applies the change to every set, children first: a set is described by its
/// parents, which must still be as they were.
async fn apply<C: Executor>(
    conn: &mut C,
    sets: &[Arc<Set<'_, C>>],
    stamp: Option<NaiveDateTime>,
) -> Result<usize, Error> {
    let mut of_root = 0;
    for set in sets.iter().rev() {
        of_root = update(conn, set, stamp).await?;
    }
    Ok(of_root)
}

/// The same for a root whose table is a tree, if only the rows that the user
/// named get `values`: what they reach goes first.
async fn apply_to_tree<'a, C: Executor>(
    conn: &mut C,
    task: &'a Task<'a, C>,
    mut sets: Vec<Arc<Set<'a, C>>>,
    values: &'a Fragment<'a, C::Backend>,
) -> Result<usize, Error> {
    let named = |values| Set {
        node: &task.root,
        origin: Origin::Target(task.target),
        change: task.change,
        own_links: &[],
        values,
        without: None,
    };
    let below = Set {
        own_links: sets[0].own_links,
        without: Some(Arc::new(named(None))),
        ..named(None)
    };
    // Branches go on describing themselves by the whole tree.
    sets[0] = Arc::new(below);
    let reached = apply(conn, &sets, None).await?;
    Ok(reached + update(conn, &named(Some(values)), None).await?)
}

async fn update<C: Executor>(
    conn: &mut C,
    set: &Set<'_, C>,
    stamp: Option<NaiveDateTime>,
) -> Result<usize, Error> {
    let (members, update) = (Members(set), Update { set, stamp });
    let (members, update): (&Fragment<'_, _>, &Fragment<'_, _>) = (&members, &update);
    (set.node.apply)(conn, members, update, set.change == Change::Delete).await
}

/// Deletes with one moment for the whole family, which no other deletion has.
async fn delete_family<C: Executor>(
    conn: &mut C,
    sets: &[Arc<Set<'_, C>>],
) -> Result<usize, Error> {
    let nodes: Vec<_> = sets.iter().map(|set| set.node).collect();
    let mut moment = stamp::fresh(conn, &nodes).await?;
    for _ in 0..ATTEMPTS {
        let mut savepoint = Transaction::begin(conn).await?;
        let result = delete_at(savepoint.conn(), sets, moment).await;
        match savepoint.finish(result).await {
            Err(Attempt::Taken) => moment += TICK,
            Err(Attempt::Lost) => moment = stamp::after_rows(conn, sets, moment).await?,
            Err(Attempt::Failed(error)) => return Err(error),
            Ok(rows) => return Ok(rows),
        }
    }
    Err(Error::Stamp {
        model: nodes.first().map_or("", |node| node.name),
    })
}

enum Attempt {
    /// Another deletion has the same moment.
    Taken,
    /// A row did not keep the moment: a guard stamped a later one, or the
    /// column is too coarse.
    Lost,
    Failed(Error),
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

async fn delete_at<C: Executor>(
    conn: &mut C,
    sets: &[Arc<Set<'_, C>>],
    moment: NaiveDateTime,
) -> Result<usize, Attempt> {
    let mut of_root = 0;
    let mut tables: Vec<(&Node<C>, usize)> = Vec::new();
    for set in sets.iter().rev() {
        of_root = update(conn, set, Some(moment)).await?;
        match tables
            .iter_mut()
            .find(|(node, _)| node.model == set.node.model)
        {
            Some((_, rows)) => *rows += of_root,
            None => tables.push((set.node, of_root)),
        }
    }
    for (node, ours) in tables {
        let found = conn
            .numbers(Count {
                node,
                stamp: moment,
            })
            .await?;
        // Rows of ours are locked; any more were deleted by someone else in
        // the same moment.
        for (all, _) in found {
            match usize::try_from(all).unwrap_or(0).cmp(&ours) {
                Ordering::Less => return Err(Attempt::Lost),
                Ordering::Equal => {}
                Ordering::Greater => return Err(Attempt::Taken),
            }
        }
    }
    Ok(of_root)
}

/// Refuses if a row is to be restored under a soft-deleted parent, or restores
/// those parents first.
async fn restore_parents<C: Executor>(
    conn: &mut C,
    sets: &[Arc<Set<'_, C>>],
    upward: bool,
) -> Result<(), Error> {
    for set in sets {
        above(conn, set, sets, upward, 0).await?;
    }
    Ok(())
}

fn above<'a, C: Executor>(
    conn: &'a mut C,
    set: &'a Arc<Set<'a, C>>,
    restored: &'a [Arc<Set<'a, C>>],
    upward: bool,
    height: usize,
) -> Boxed<'a, Result<(), Error>> {
    Box::pin(async move {
        for link in (set.node.parents)() {
            if C::Backend::KIND != Kind::Sqlite {
                let lock = LockParents {
                    children: set,
                    link: &link,
                    upward,
                };
                conn.numbers(lock).await?;
            }
            let orphan = Orphan {
                children: set,
                link: &link,
                restored,
            };
            let Some((first, second, third, fourth)) = conn.texts(orphan).await?.pop() else {
                continue;
            };
            if !upward || height == HEIGHT {
                let parts: Vec<_> = [first, second, third, fourth]
                    .into_iter()
                    .flatten()
                    .collect();
                return Err(Error::ParentDeleted {
                    model: set.node.name,
                    parent: link.node.name,
                    parent_key: parts.join(","),
                });
            }
            let parents = Arc::new(Set {
                node: &link.node,
                origin: Origin::Above(set.clone(), link.foreign_key),
                change: Change::Restore,
                own_links: &[],
                values: None,
                without: None,
            });
            above(conn, &parents, &[], upward, height + 1).await?;
            update(conn, &parents, None).await?;
        }
        Ok(())
    })
}
