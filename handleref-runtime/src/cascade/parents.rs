//! Parents of a set that is to be restored.

use super::set::{Set, statements, walk_in};
use super::{Link, push_columns};
use crate::engine::{Engine, Kind, locking_read};
use crate::executor::Executor;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use std::sync::Arc;

statements!(LockParents Orphan);

/// Locks the parents of a set, live or not: a parent that is being deleted is
/// waited for, and one that is live stays so until the child is restored.
/// SQLite has one writer at a time and needs no lock.
pub(crate) struct LockParents<'a, C: Executor> {
    pub(crate) children: &'a Set<'a, C>,
    pub(crate) link: &'a Link<C>,
    /// Whether the parents will be restored themselves.
    pub(crate) upward: bool,
}

impl<C: Executor> QueryFragment<C::Backend> for LockParents<'_, C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, C::Backend>) -> QueryResult<()> {
        locking_read::<C::Backend>(&mut out);
        let (before, share, after) = match C::Backend::KIND {
            Kind::Postgres => (
                "SELECT count(*), 0::bigint FROM (SELECT 1 FROM ",
                " FOR SHARE",
                ") AS handleref_locked",
            ),
            _ => ("SELECT count(*), 0 FROM ", " LOCK IN SHARE MODE", ""),
        };
        out.push_sql(before);
        (self.link.node.push_table)(&mut out)?;
        out.push_sql(" WHERE ");
        walk_parents(self.children, self.link, out.reborrow())?;
        out.push_sql(if self.upward { " FOR UPDATE" } else { share });
        out.push_sql(after);
        Ok(())
    }
}

/// The condition of the parents of a set.
fn walk_parents<'b, C: Executor>(
    children: &'b Set<'_, C>,
    link: &Link<C>,
    mut out: AstPass<'_, 'b, C::Backend>,
) -> QueryResult<()> {
    out.push_sql("(");
    push_columns("", link.node.keys, &mut out)?;
    out.push_sql(") IN (SELECT ");
    push_columns("", link.foreign_key, &mut out)?;
    out.push_sql(" FROM ");
    (children.node.push_table)(&mut out)?;
    out.push_sql(" WHERE ");
    walk_in(
        children.node.keys,
        children,
        children.node.keys,
        out.reborrow(),
    )?;
    out.push_sql(")");
    Ok(())
}

/// The key of a soft-deleted parent of a set, unless the parent is in one of
/// `restored` itself.
pub(crate) struct Orphan<'a, C: Executor> {
    pub(crate) children: &'a Set<'a, C>,
    pub(crate) link: &'a Link<C>,
    pub(crate) restored: &'a [Arc<Set<'a, C>>],
}

impl<C: Executor> QueryFragment<C::Backend> for Orphan<'_, C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, C::Backend>) -> QueryResult<()> {
        locking_read::<C::Backend>(&mut out);
        let parent = &self.link.node;
        let text = if C::Backend::KIND == Kind::Mysql {
            "CHAR"
        } else {
            "TEXT"
        };
        out.push_sql("SELECT ");
        // Up to four columns of a key, as `Key` allows.
        for at in 0..4 {
            if at > 0 {
                out.push_sql(", ");
            }
            out.push_sql("CAST(");
            match parent.keys.get(at) {
                Some(key) => out.push_identifier(key)?,
                None => out.push_sql("NULL"),
            }
            out.push_sql(" AS ");
            out.push_sql(text);
            out.push_sql(")");
        }
        out.push_sql(" FROM ");
        (parent.push_table)(&mut out)?;
        out.push_sql(" WHERE ");
        parent.deleted.walk_ast(out.reborrow())?;
        out.push_sql(" AND ");
        walk_parents(self.children, self.link, out.reborrow())?;
        for restored in self
            .restored
            .iter()
            .filter(|set| set.node.model == parent.model)
        {
            out.push_sql(" AND NOT ");
            walk_in(parent.keys, restored, parent.keys, out.reborrow())?;
        }
        out.push_sql(" LIMIT 1");
        if C::Backend::KIND == Kind::Mysql {
            // A plain read would show the parent as it was before we waited.
            out.push_sql(" LOCK IN SHARE MODE");
        }
        Ok(())
    }
}
