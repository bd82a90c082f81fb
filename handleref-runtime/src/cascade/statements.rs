//! The statements on the rows of a set.

use super::set::{Change, ForeignKey, Read, Set, push_equal, push_join, push_numbered};
use super::{Node, push_columns};
use crate::engine::{Engine, Kind, fails_late};
use crate::sql::{literal_sql, push_now, quoted, rising_sql};
use crate::time::TimeKind;
use chrono::NaiveDateTime;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;

/// The first word of a statement.
///
/// MySQL and MariaDB end a recursion after 1,000 levels; MariaDB with no more
/// than a warning, so that a part of a tree would be taken for the whole. The
/// limit is lifted for this one statement: each of the two reads its own
/// comment, and no session is left changed.
pub(super) fn push_verb<DB: Engine>(verb: &str, recursive: bool, out: &mut AstPass<'_, '_, DB>) {
    let lift = recursive && DB::KIND == Kind::Mysql;
    if lift {
        out.push_sql("/*M! SET STATEMENT max_recursive_iterations = 4294967295 FOR */ ");
    }
    out.push_sql(verb);
    if lift {
        out.push_sql(" /*+ SET_VAR(cte_max_recursion_depth = 4294967295) */");
    }
    out.push_sql(" ");
}

impl Set<'_> {
    /// Its rows, for a `SELECT`: tables and conditions.
    pub(super) fn walk_rows<'b, DB: Engine>(
        &'b self,
        read: Read,
        mut out: AstPass<'_, 'b, DB>,
    ) -> QueryResult<()> {
        if self.is_named() {
            return self.walk_named(out);
        }
        if DB::KIND == Kind::Mysql {
            self.walk_joined_rows(read, out.reborrow())?;
            out.push_sql(" WHERE ");
        } else {
            self.node.push_table(&mut out)?;
            out.push_sql(" WHERE ");
            self.walk_in(out.reborrow())?;
            out.push_sql(" AND ");
        }
        DB::own(self.state())?.walk_ast(out)
    }

    /// `(<set>) JOIN <table> ON <key>`
    ///
    /// The `DISTINCT` keeps MySQL from merging the set into the statement
    /// around it, which may write the same table (error 1093).
    fn walk_joined_rows<'b, DB: Engine>(
        &'b self,
        read: Read,
        mut out: AstPass<'_, 'b, DB>,
    ) -> QueryResult<()> {
        let keys = self.node.keys;
        out.push_sql("(SELECT DISTINCT ");
        push_numbered(&"".into(), 0..keys.len(), &mut out);
        out.push_sql(" FROM (");
        self.walk(keys, read, out.reborrow())?;
        out.push_sql(") AS handleref_inner) AS handleref_set");
        push_join::<DB>(&mut out);
        self.node.push_table(&mut out)?;
        out.push_sql(" ON ");
        push_equal(&"handleref_set".into(), keys, 0, &mut out)
    }

    /// `(<key>) IN (SELECT .. FROM (<set>))`
    fn walk_in<'b, DB: Engine>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let keys = self.node.keys;
        out.push_sql("(");
        push_columns("", keys, &mut out)?;
        out.push_sql(") IN (SELECT ");
        push_numbered(&"".into(), 0..keys.len(), &mut out);
        out.push_sql(" FROM (");
        self.walk(keys, Read::Plain, out.reborrow())?;
        out.push_sql(") AS handleref_set)");
        Ok(())
    }
}

/// `UPDATE .. SET <mark> WHERE <set>`
#[doc(hidden)]
#[allow(missing_debug_implementations)]
pub struct Update<'a> {
    pub(crate) set: &'a Set<'a>,
    /// The moment of the change; `None`: the database's clock.
    pub(crate) stamp: Option<NaiveDateTime>,
}

impl<DB: Engine> QueryFragment<DB> for Update<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let set = self.set;
        if self.stamp.is_some() {
            // The moment stands in the text.
            out.unsafe_to_cache_prepared();
        }
        push_verb::<DB>("UPDATE", set.is_recursive(), &mut out);
        if DB::KIND == Kind::Mysql {
            // As `UPDATE .. WHERE (<key>) IN (<set>)` MariaDB before 11.1 reads,
            // and so locks, all rows of the table.
            set.walk_joined_rows(Read::Plain, out.reborrow())?;
        } else {
            set.node.push_table(&mut out)?;
        }
        out.push_sql(" SET ");
        self.walk_assignments(out.reborrow())?;
        out.push_sql(" WHERE ");
        if DB::KIND != Kind::Mysql {
            set.walk_in(out.reborrow())?;
            // Once more, for rows that another transaction changed meanwhile:
            // PostgreSQL re-reads this condition under the row's lock, but not the set.
            out.push_sql(" AND ");
        }
        DB::own(set.state())?.walk_ast(out)
    }
}

impl Update<'_> {
    /// What is assigned.
    pub(super) fn walk_assignments<'b, DB: Engine>(
        &'b self,
        mut out: AstPass<'_, 'b, DB>,
    ) -> QueryResult<()> {
        let node = self.set.node;
        if let Some(values) = self.set.values {
            DB::own(values)?.walk_ast(out.reborrow())?;
            out.push_sql(", ");
        }
        let delete = self.set.change == Change::Delete;
        DB::own(&node.status[usize::from(delete)])?.walk_ast(out.reborrow())?;
        let mut separator = if node.roles.status.is_some() {
            ", "
        } else {
            ""
        };
        if let Some((deleted_at, kind)) = node.roles.deleted_at {
            out.push_sql(separator);
            out.push_identifier(deleted_at)?;
            out.push_sql(" = ");
            if delete {
                self.push_moment(kind, &mut out);
            } else {
                out.push_sql("NULL");
            }
            separator = ", ";
        }
        let held = |name| quoted(DB::KIND, name);
        let next = node.roles.next_version(DB::KIND, node.name, held);
        if let Some((version, next)) = next {
            out.push_sql(separator);
            out.push_identifier(version)?;
            out.push_sql(" = ");
            out.push_sql(&next);
            separator = ", ";
        }
        if let Some((updated_at, kind)) = node.roles.updated_at {
            out.push_sql(separator);
            out.push_identifier(updated_at)?;
            out.push_sql(" = ");
            match self.stamp {
                Some(_) => self.push_moment(kind, &mut out),
                None => out.push_sql(&rising_sql(DB::KIND, kind, quoted(DB::KIND, updated_at))),
            }
        }
        Ok(())
    }

    fn push_moment<DB: Engine>(&self, kind: TimeKind, out: &mut AstPass<'_, '_, DB>) {
        match self.stamp {
            Some(stamp) => out.push_sql(&literal_sql(DB::KIND, kind, stamp)),
            None => push_now(kind, out),
        }
    }
}

/// Locks the rows of a set against other writers, and counts them. The second
/// number is 1 if the transaction keeps to a snapshot that does not show what
/// others commit meanwhile (asked on PostgreSQL alone).
pub(crate) struct Lock<'a>(pub(crate) &'a Set<'a>);

impl<DB: Engine> QueryFragment<DB> for Lock<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        fails_late::<DB>(&mut out);
        push_verb::<DB>("SELECT", self.0.is_recursive(), &mut out);
        out.push_sql(match DB::KIND {
            // SQLite locks the database, at the first statement that can write.
            Kind::Sqlite | Kind::Mysql => "count(*), 0 FROM ",
            Kind::Postgres => {
                "count(*), CAST(CASE WHEN current_setting('transaction_isolation') \
                 IN ('repeatable read', 'serializable') THEN 1 ELSE 0 END AS BIGINT) FROM (SELECT 1 FROM "
            }
        });
        self.0.walk_rows(Read::Current, out.reborrow())?;
        out.push_sql(match DB::KIND {
            Kind::Sqlite => "",
            Kind::Mysql => " FOR UPDATE",
            Kind::Postgres => " FOR UPDATE) AS handleref_locked",
        });
        Ok(())
    }
}

/// Locks those children of a set that are deleted already.
///
/// For PostgreSQL under a snapshot: one that was restored since then looks
/// deleted, and would stay live below a parent that is being deleted. To lock
/// it is a serialization failure. One that is only about to be restored is
/// passed over: the restore needs the parent, which is locked.
pub(crate) struct Unseen<'a> {
    pub(crate) parents: &'a Set<'a>,
    pub(crate) children: &'a Node,
    pub(crate) foreign_key: ForeignKey,
}

impl<DB: Engine> QueryFragment<DB> for Unseen<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let keys = self.parents.node.keys;
        out.push_sql("SELECT count(*) FROM (SELECT 1 FROM ");
        self.children.push_table(&mut out)?;
        out.push_sql(" WHERE (");
        push_columns("", self.foreign_key, &mut out)?;
        out.push_sql(") IN (SELECT ");
        push_numbered(&"".into(), 0..keys.len(), &mut out);
        out.push_sql(" FROM (");
        self.parents.walk(keys, Read::Plain, out.reborrow())?;
        out.push_sql(") AS handleref_set) AND ");
        DB::own(&self.children.deleted)?.walk_ast(out.reborrow())?;
        out.push_sql(" FOR SHARE SKIP LOCKED) AS handleref_locked");
        Ok(())
    }
}

/// A statement that writes nothing but takes SQLite's write lock.
pub(crate) struct Touch<'a>(pub(crate) &'a Node);

impl<DB: Engine> QueryFragment<DB> for Touch<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("UPDATE ");
        self.0.push_table(&mut out)?;
        out.push_sql(" SET ");
        let key: Vec<_> = self.0.keys.iter().copied().take(1).collect();
        push_columns("", &key, &mut out)?;
        out.push_sql(" = ");
        push_columns("", &key, &mut out)?;
        out.push_sql(" WHERE 1 = 0");
        Ok(())
    }
}

/// How many rows of a table were deleted at a moment.
pub(crate) struct Count<'a> {
    pub(crate) node: &'a Node,
    pub(crate) stamp: NaiveDateTime,
}

impl<DB: Engine> QueryFragment<DB> for Count<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        // The moment stands in the text.
        out.unsafe_to_cache_prepared();
        out.push_sql("SELECT count(*) FROM ");
        self.node.push_table(&mut out)?;
        if let Some((mark, kind)) = self.node.roles.mark() {
            out.push_sql(" WHERE ");
            out.push_identifier(mark)?;
            out.push_sql(" = ");
            out.push_sql(&literal_sql(DB::KIND, kind, self.stamp));
            if self.node.roles.deleted_at.is_none() {
                // Live rows are no part of a deletion.
                out.push_sql(" AND ");
                DB::own(&self.node.deleted)?.walk_ast(out)?;
            }
        }
        Ok(())
    }
}
