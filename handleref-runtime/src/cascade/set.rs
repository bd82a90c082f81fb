//! Sets of rows, described in SQL.

use super::{Fragment, Node, push_columns};
use crate::engine::{Engine, Kind, locking_read};
use crate::executor::Executor;
use crate::last_version::next_sql;
use crate::text::quoted;
use crate::time::{TimeKind, literal_sql, push_now};
use chrono::NaiveDateTime;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use std::sync::Arc;

/// Whether rows are soft-deleted or restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Delete,
    Restore,
}

/// Where the rows of a set come from.
pub(crate) enum Origin<'a, C: Executor> {
    /// The rows that the user named: a `WHERE` clause, or nothing.
    Target(&'a Fragment<'a, C::Backend>),
    /// The children of a set; when restoring only those with its mark.
    Below(Arc<Set<'a, C>>, &'static [&'static str]),
    /// The parents of a set, by the foreign key of the set's rows.
    Above(Arc<Set<'a, C>>, &'static [&'static str]),
}

/// The rows of one table that a change is about: those of the origin that are
/// live (to delete) or deleted (to restore), and what they reach by links of
/// the table to itself.
pub(crate) struct Set<'a, C: Executor> {
    pub(crate) node: &'a Node<C>,
    pub(crate) origin: Origin<'a, C>,
    pub(crate) change: Change,
    /// Foreign keys by which rows of this table are children of this table.
    pub(crate) own_links: &'a [&'static [&'static str]],
    /// Further assignments to its rows.
    pub(crate) values: Option<&'a Fragment<'a, C::Backend>>,
    /// Rows that are left out, though what they reach is not.
    pub(crate) without: Option<Arc<Set<'a, C>>>,
}

impl<'a, C: Executor> Set<'a, C> {
    fn state(&self) -> &Fragment<'static, C::Backend> {
        match self.change {
            Change::Delete => &*self.node.live,
            Change::Restore => &*self.node.deleted,
        }
    }

    /// The columns that a row is matched by: its key and, when restoring, the
    /// moment of its deletion.
    fn columns(&self, with_stamp: bool) -> Vec<&'static str> {
        let stamp = self.node.roles.mark().map(|(name, _)| name);
        self.node
            .keys
            .iter()
            .copied()
            .chain(stamp.filter(|_| with_stamp))
            .collect()
    }

    /// `SELECT <columns> FROM <table> WHERE <origin> AND <state>`
    fn walk_base<'b>(
        &'b self,
        columns: &[&str],
        mut out: AstPass<'_, 'b, C::Backend>,
    ) -> QueryResult<()> {
        out.push_sql("SELECT ");
        push_columns("", columns, &mut out)?;
        out.push_sql(" FROM ");
        (self.node.push_table)(&mut out)?;
        match &self.origin {
            Origin::Target(clause) => {
                let backend = C::Backend::default();
                let everything = clause.is_noop(&backend)?;
                clause.walk_ast(out.reborrow())?;
                out.push_sql(if everything { " WHERE " } else { " AND " });
            }
            Origin::Below(parents, foreign_key) => {
                let with_stamp = self.change == Change::Restore;
                let stamp = self
                    .node
                    .roles
                    .mark()
                    .map(|(name, _)| name)
                    .filter(|_| with_stamp);
                let own: Vec<_> = foreign_key.iter().copied().chain(stamp).collect();
                out.push_sql(" WHERE ");
                walk_in(&own, parents, &parents.columns(with_stamp), out.reborrow())?;
                out.push_sql(" AND ");
            }
            Origin::Above(children, foreign_key) => {
                out.push_sql(" WHERE (");
                push_columns("", self.node.keys, &mut out)?;
                out.push_sql(") IN (SELECT ");
                push_columns("", foreign_key, &mut out)?;
                out.push_sql(" FROM ");
                (children.node.push_table)(&mut out)?;
                out.push_sql(" WHERE ");
                walk_in(
                    children.node.keys,
                    children,
                    children.node.keys,
                    out.reborrow(),
                )?;
                out.push_sql(") AND ");
            }
        }
        self.state().walk_ast(out)
    }

    /// The set as a query of `columns`, which are among those of its table.
    fn walk<'b>(
        &'b self,
        columns: &[&str],
        mut out: AstPass<'_, 'b, C::Backend>,
    ) -> QueryResult<()> {
        if self.own_links.is_empty() {
            return self.walk_base(columns, out);
        }
        let with_stamp = self.change == Change::Restore;
        let all = self.columns(with_stamp);
        out.push_sql("SELECT ");
        push_columns("", columns, &mut out)?;
        out.push_sql(" FROM (WITH RECURSIVE handleref_tree(");
        push_columns("", &all, &mut out)?;
        out.push_sql(") AS (");
        self.walk_base(&all, out.reborrow())?;
        for foreign_key in self.own_links {
            // `UNION` without ALL ends when no new row comes, cycles or not.
            out.push_sql(" UNION SELECT ");
            push_columns("handleref_row", &all, &mut out)?;
            out.push_sql(" FROM (SELECT * FROM ");
            (self.node.push_table)(&mut out)?;
            out.push_sql(" WHERE ");
            self.state().walk_ast(out.reborrow())?;
            out.push_sql(") AS handleref_row JOIN handleref_tree ON ");
            for (at, (own, key)) in foreign_key.iter().zip(self.node.keys).enumerate() {
                if at > 0 {
                    out.push_sql(" AND ");
                }
                push_columns("handleref_row", &[*own], &mut out)?;
                out.push_sql(" = ");
                push_columns("handleref_tree", &[*key], &mut out)?;
            }
            if let Some((stamp, _)) = self.node.roles.mark().filter(|_| with_stamp) {
                out.push_sql(" AND ");
                push_columns("handleref_row", &[stamp], &mut out)?;
                out.push_sql(" = ");
                push_columns("handleref_tree", &[stamp], &mut out)?;
            }
        }
        out.push_sql(") SELECT ");
        push_columns("", columns, &mut out)?;
        out.push_sql(" FROM handleref_tree) AS handleref_family");
        if let Some(without) = &self.without {
            out.push_sql(" WHERE NOT ");
            walk_in(self.node.keys, without, self.node.keys, out)?;
        }
        Ok(())
    }

    /// The condition of its rows, for statements on its table.
    pub(super) fn walk_members<'b>(&'b self, out: AstPass<'_, 'b, C::Backend>) -> QueryResult<()> {
        walk_in(self.node.keys, self, self.node.keys, out)
    }
}

/// `(<own>) IN (SELECT DISTINCT <columns> FROM (<set>) ..)`
///
/// The inner `DISTINCT` keeps MySQL from merging the set into the statement
/// around it, which may write the same table (error 1093).
pub(super) fn walk_in<'b, C: Executor>(
    own: &[&str],
    set: &'b Set<'_, C>,
    columns: &[&str],
    mut out: AstPass<'_, 'b, C::Backend>,
) -> QueryResult<()> {
    out.push_sql("(");
    push_columns("", own, &mut out)?;
    out.push_sql(") IN (SELECT ");
    push_columns("", columns, &mut out)?;
    out.push_sql(" FROM (SELECT DISTINCT ");
    push_columns("", columns, &mut out)?;
    out.push_sql(" FROM (");
    set.walk(columns, out.reborrow())?;
    out.push_sql(") AS handleref_inner) AS handleref_set)");
    Ok(())
}

/// Gives a fragment built here what a statement needs.
macro_rules! statements {
    ($($node:ident)*) => { $(
        impl<C: Executor> QueryId for $node<'_, C> {
            type QueryId = ();
            const HAS_STATIC_QUERY_ID: bool = false;
        }
    )* };
}
pub(super) use statements;
statements!(Members Update Lock Touch Count);

/// The condition of the rows of a set, for statements on its table.
pub(crate) struct Members<'a, C: Executor>(pub(crate) &'a Set<'a, C>);

impl<C: Executor> QueryFragment<C::Backend> for Members<'_, C> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, C::Backend>) -> QueryResult<()> {
        self.0.walk_members(out)
    }
}

/// `UPDATE .. SET <mark> WHERE <set>`
pub(crate) struct Update<'a, C: Executor> {
    pub(crate) set: &'a Set<'a, C>,
    /// The moment of the change; `None`: the database's clock.
    pub(crate) stamp: Option<NaiveDateTime>,
}

impl<C: Executor> QueryFragment<C::Backend> for Update<'_, C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, C::Backend>) -> QueryResult<()> {
        let node = self.set.node;
        if self.stamp.is_some() {
            // The moment stands in the text.
            out.unsafe_to_cache_prepared();
        }
        out.push_sql("UPDATE ");
        (node.push_table)(&mut out)?;
        out.push_sql(" SET ");
        if let Some(values) = self.set.values {
            values.walk_ast(out.reborrow())?;
            out.push_sql(", ");
        }
        let delete = self.set.change == Change::Delete;
        node.status.walk_assignment(delete, &mut out)?;
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
        if let Some((version, bits)) = node.roles.version {
            out.push_sql(separator);
            out.push_identifier(version)?;
            out.push_sql(" = ");
            let kind = C::Backend::KIND;
            let held = quoted(kind, version);
            out.push_sql(&next_sql(kind, &held, bits, node.name));
            separator = ", ";
        }
        if let Some((updated_at, kind)) = node.roles.updated_at {
            out.push_sql(separator);
            out.push_identifier(updated_at)?;
            out.push_sql(" = ");
            self.push_moment(kind, &mut out);
        }
        out.push_sql(" WHERE ");
        walk_in(node.keys, self.set, node.keys, out.reborrow())?;
        // Once more, for rows that another transaction changed meanwhile:
        // PostgreSQL re-reads this condition under the row's lock, but not the set.
        out.push_sql(" AND ");
        self.set.state().walk_ast(out)
    }
}

impl<C: Executor> Update<'_, C> {
    fn push_moment(&self, kind: TimeKind, out: &mut AstPass<'_, '_, C::Backend>) {
        match self.stamp {
            Some(stamp) => out.push_sql(&literal_sql(C::Backend::KIND, kind, stamp)),
            None => push_now(kind, out),
        }
    }
}

/// Locks the rows of a set against other writers and counts them.
pub(crate) struct Lock<'a, C: Executor>(pub(crate) &'a Set<'a, C>);

impl<C: Executor> QueryFragment<C::Backend> for Lock<'_, C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, C::Backend>) -> QueryResult<()> {
        let node = self.0.node;
        locking_read::<C::Backend>(&mut out);
        match C::Backend::KIND {
            // SQLite locks the database, at the first statement that can write.
            Kind::Sqlite | Kind::Mysql => out.push_sql("SELECT count(*), 0 FROM "),
            Kind::Postgres => out.push_sql("SELECT count(*), 0::bigint FROM (SELECT 1 FROM "),
        }
        (node.push_table)(&mut out)?;
        out.push_sql(" WHERE ");
        walk_in(node.keys, self.0, node.keys, out.reborrow())?;
        out.push_sql(" AND ");
        self.0.state().walk_ast(out.reborrow())?;
        out.push_sql(match C::Backend::KIND {
            Kind::Sqlite => "",
            Kind::Mysql => " FOR UPDATE",
            Kind::Postgres => " FOR UPDATE) AS handleref_locked",
        });
        Ok(())
    }
}

/// A statement that writes nothing but takes SQLite's write lock.
pub(crate) struct Touch<'a, C: Executor>(pub(crate) &'a Node<C>);

impl<C: Executor> QueryFragment<C::Backend> for Touch<'_, C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, C::Backend>) -> QueryResult<()> {
        out.push_sql("UPDATE ");
        (self.0.push_table)(&mut out)?;
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
pub(crate) struct Count<'a, C: Executor> {
    pub(crate) node: &'a Node<C>,
    pub(crate) stamp: NaiveDateTime,
}

impl<C: Executor> QueryFragment<C::Backend> for Count<'_, C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, C::Backend>) -> QueryResult<()> {
        // The moment stands in the text.
        out.unsafe_to_cache_prepared();
        out.push_sql(if C::Backend::KIND == Kind::Postgres {
            "SELECT count(*), 0::bigint FROM "
        } else {
            "SELECT count(*), 0 FROM "
        });
        (self.node.push_table)(&mut out)?;
        if let Some((mark, kind)) = self.node.roles.mark() {
            out.push_sql(" WHERE ");
            out.push_identifier(mark)?;
            out.push_sql(" = ");
            out.push_sql(&literal_sql(C::Backend::KIND, kind, self.stamp));
            if self.node.roles.deleted_at.is_none() {
                // Live rows are no part of a deletion.
                out.push_sql(" AND ");
                self.node.deleted.walk_ast(out)?;
            }
        }
        Ok(())
    }
}
