//! The cascade, step by step; one logic for every model and connection.

use super::climb::restore_parents;
use super::deletion::delete_family;
pub(crate) use super::deletion::{ATTEMPTS, Attempt};
use super::set::{Change, ForeignKey, Origin, Set};
use super::statements::{Lock, Touch, Unseen, Update};
use super::{Link, Node};
use crate::engine::{Kind, Typed};
use crate::error::Error;
use crate::session::{Session, Transaction};
use crate::sql::Sql;
use chrono::NaiveDateTime;
use std::any::TypeId;
use std::sync::Arc;

/// What to do with the rows that the user named.
pub(crate) struct Task<'a> {
    pub(crate) root: Node,
    /// A `WHERE` clause, or nothing: the rows to begin with.
    pub(crate) named: &'a Typed<'a>,
    /// What finds the same rows once they are locked. It may say less: that a
    /// row has the version that was asked for is known by then, and a hook may
    /// raise it.
    pub(crate) target: &'a Typed<'a>,
    pub(crate) change: Change,
    /// Whether `target` means other rows once a hook ran.
    pub(crate) once: bool,
    /// Restore soft-deleted parents as well, instead of refusing.
    pub(crate) upward: bool,
    /// Further assignments to the rows of the root.
    pub(crate) values: Option<&'a Typed<'a>>,
}

/// Runs `task` in a transaction (a savepoint inside one) and gives the number
/// of rows of the root's table that changed.
pub(crate) async fn run(conn: &mut dyn Session, task: &Task<'_>) -> Result<usize, Error> {
    for _ in 0..ATTEMPTS {
        let mut transaction = Transaction::begin(conn).await?;
        let result = inside(transaction.conn(), task).await;
        match transaction.finish(result).await {
            Err(Attempt::Grown { .. }) => {}
            ended => return Ok(ended?),
        }
    }
    Err(Error::Interfered {
        model: task.root.name,
    })
}

/// The tables that a cascade reaches.
struct Tree {
    /// Links of the root's table to itself.
    own_links: Vec<ForeignKey>,
    /// The other tables, each after its parent.
    branches: Vec<Branch>,
}

struct Branch {
    link: Link,
    /// The branch that this one hangs on; `None`: the root.
    parent: Option<usize>,
    own_links: Vec<ForeignKey>,
}

impl Tree {
    fn new(root: &Node) -> Self {
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
        children: Vec<Link>,
        parent: Option<usize>,
    ) -> Vec<ForeignKey> {
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
    fn sets<'a>(&'a self, task: &'a Task<'a>) -> Vec<Arc<Set<'a>>> {
        let change = task.change;
        let mut sets = vec![Arc::new(Set {
            node: &task.root,
            origin: Origin::Target(task.target),
            change,
            own_links: &self.own_links,
            // Rows that a tree reaches from the root must not get them.
            values: task.values.filter(|_| self.own_links.is_empty()),
            once: task.once,
            without: Vec::new(),
        })];
        for branch in &self.branches {
            let parent = sets[branch.parent.map_or(0, |at| at + 1)].clone();
            sets.push(Arc::new(Set {
                node: &branch.link.node,
                origin: Origin::Below(parent, branch.link.foreign_key),
                change,
                own_links: &branch.own_links,
                values: None,
                once: false,
                without: Vec::new(),
            }));
        }
        sets
    }
}

/// The same inside a transaction that is open already.
pub(crate) async fn inside(conn: &mut dyn Session, task: &Task<'_>) -> Result<usize, Attempt> {
    let tree = Tree::new(&task.root);
    let sets = tree.sets(task);
    if conn.kind() == Kind::Sqlite {
        // Takes the write lock first: a read that turns into a write is
        // refused by SQLite if there was another write in between.
        conn.execute(Sql::every(&Touch(&task.root))).await?;
    }
    let Some(expected) = lock(conn, task, &tree, &sets).await? else {
        return Ok(0);
    };
    match task.change {
        Change::Restore => {
            let above = restore_parents(conn, &sets, task.upward).await?;
            let rows = match task.values.filter(|_| !tree.own_links.is_empty()) {
                Some(values) => apply_to_tree(conn, task, sets, values, expected).await?,
                None => apply(conn, &sets, None, &expected).await?,
            };
            Ok(above + rows)
        }
        // A single table leaves nothing to distinguish on restore.
        Change::Delete if sets.len() == 1 && tree.own_links.is_empty() => {
            apply(conn, &sets, None, &expected).await
        }
        Change::Delete => delete_family(conn, &sets, &expected).await,
    }
}

/// How many rows of a set must change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    least: usize,
    /// No more either: what is below them has been changed already.
    exactly: bool,
}

impl Expected {
    /// As many as there are.
    pub(super) const ANY: Self = Self {
        least: 0,
        exactly: false,
    };
}

/// Locks the named rows, and gives how many rows of each set must change;
/// `None` if there is nothing to do.
///
/// A restore of a row locks its parents. So in a deletion those that are
/// parents are locked from the top to the bottom before anything changes:
/// below a locked row nothing becomes live any more.
async fn lock(
    conn: &mut dyn Session,
    task: &Task<'_>,
    tree: &Tree,
    sets: &[Arc<Set<'_>>],
) -> Result<Option<Vec<Expected>>, Error> {
    let named = Set {
        node: &task.root,
        origin: Origin::Target(task.named),
        change: task.change,
        own_links: &[],
        values: None,
        once: false,
        without: Vec::new(),
    };
    let (rows, snapshot) = count(conn, &named).await?;
    if rows == 0 {
        return Ok(None);
    }
    let mut expected = vec![Expected::ANY; sets.len()];
    expected[0].least = rows;
    let hooked = sets.len() > 1 && sets.iter().any(|set| set.node.hooked);
    let deletes = task.change == Change::Delete;
    for (at, set) in sets.iter().enumerate() {
        let is_tree = !set.own_links.is_empty();
        let is_parent = (tree.branches.iter()).any(|one| one.parent.map_or(0, |at| at + 1) == at);
        let guards =
            deletes && conn.kind() != Kind::Sqlite && (is_tree || is_parent && !set.is_named());
        // What a hook adds below is part of the operation, if nothing hangs on it.
        let exactly = is_parent || is_tree && !set.node.hooked;
        // Rows that a hook takes out of a set are missed by their number.
        if !(guards || hooked) {
            expected[at].exactly = exactly && set.is_named();
            continue;
        }
        // While the lock was waited for a tree may have grown.
        loop {
            let (rows, _) = count(conn, set).await?;
            let settled = rows <= expected[at].least || !is_tree;
            expected[at].least = expected[at].least.max(rows);
            if settled {
                break;
            }
        }
        expected[at].exactly = exactly;
    }
    if snapshot && deletes {
        for set in sets {
            for foreign_key in set.own_links {
                let unseen = Unseen {
                    parents: set,
                    children: set.node,
                    foreign_key,
                };
                conn.one::<(i64,)>(Sql::every(&unseen)).await?;
            }
        }
        for branch in &tree.branches {
            let unseen = Unseen {
                parents: &sets[branch.parent.map_or(0, |at| at + 1)],
                children: &branch.link.node,
                foreign_key: branch.link.foreign_key,
            };
            conn.one::<(i64,)>(Sql::every(&unseen)).await?;
        }
    }
    Ok(Some(expected))
}

/// Locks a set; how many rows it has, and whether the transaction keeps to a snapshot.
async fn count(conn: &mut dyn Session, set: &Set<'_>) -> Result<(usize, bool), Error> {
    Ok(conn.one(Sql::every(&Lock(set))).await?)
}

/// Applies the change to every set, children first: a set is described by its
/// parents, which must still be as they were.
async fn apply(
    conn: &mut dyn Session,
    sets: &[Arc<Set<'_>>],
    stamp: Option<NaiveDateTime>,
    expected: &[Expected],
) -> Result<usize, Attempt> {
    let mut of_root = 0;
    for (set, expected) in sets.iter().zip(expected).rev() {
        of_root = update(conn, set, stamp, *expected).await?;
    }
    Ok(of_root)
}

/// The same for a root whose table is a tree, if only the rows that the user
/// named get `values`: what they reach goes first.
async fn apply_to_tree<'a>(
    conn: &mut dyn Session,
    task: &'a Task<'a>,
    mut sets: Vec<Arc<Set<'a>>>,
    values: &'a Typed<'a>,
    mut expected: Vec<Expected>,
) -> Result<usize, Attempt> {
    let named = |values| Set {
        node: &task.root,
        origin: Origin::Target(task.target),
        change: task.change,
        own_links: &[],
        values,
        once: false,
        without: Vec::new(),
    };
    let below = Set {
        own_links: sets[0].own_links,
        without: vec![Arc::new(named(None))],
        ..named(None)
    };
    // Branches go on describing themselves by the whole tree.
    sets[0] = Arc::new(below);
    let of_tree = std::mem::replace(&mut expected[0], Expected::ANY);
    let reached = apply(conn, &sets, None, &expected).await?;
    let of_named = Expected {
        least: of_tree.least.saturating_sub(reached),
        exactly: false,
    };
    let rows = update(conn, &named(Some(values)), None, of_named).await?;
    Ok(reached + rows)
}

/// Changes the rows of a set, as many as are expected.
pub(super) async fn update(
    conn: &mut dyn Session,
    set: &Set<'_>,
    stamp: Option<NaiveDateTime>,
    expected: Expected,
) -> Result<usize, Attempt> {
    let rows = (set.node.apply)(conn, &Update { set, stamp }).await?;
    let model = set.node.name;
    if rows < expected.least {
        return Err(Error::Interfered { model }.into());
    }
    if expected.exactly && rows > expected.least {
        return Err(Attempt::Grown { model });
    }
    Ok(rows)
}
