//! Parents of a set that is to be restored.

use super::Link;
use super::set::{Read, Set, push_absent, push_equal, push_except, push_join, push_numbered};
use super::statements::push_verb;
use crate::engine::{Engine, Kind, fails_late};
use crate::sql::{as_text, quoted};
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;
use std::sync::Arc;

/// Locks the parents of a set, live or not: a parent that is being deleted is
/// waited for, and one that is live stays so until the child is restored.
/// SQLite has one writer at a time and needs no lock.
pub(crate) struct LockParents<'a> {
    pub(crate) children: &'a Set<'a>,
    pub(crate) link: &'a Link,
    /// Whether the parents will be restored themselves.
    pub(crate) upward: bool,
}

impl<DB: Engine> QueryFragment<DB> for LockParents<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        fails_late::<DB>(&mut out);
        push_verb::<DB>("SELECT", self.children.is_recursive(), &mut out);
        let (before, share, after) = match DB::KIND {
            Kind::Postgres => (
                "count(*) FROM (SELECT 1 FROM ",
                " FOR SHARE",
                ") AS handleref_locked",
            ),
            _ => ("count(*) FROM ", " LOCK IN SHARE MODE", ""),
        };
        out.push_sql(before);
        walk_parents(self.children, self.link, &[], out.reborrow())?;
        out.push_sql(if self.upward { " FOR UPDATE" } else { share });
        out.push_sql(after);
        Ok(())
    }
}

/// The parents of a set, for a `SELECT`: tables and conditions; without what is
/// in one of `besides`.
fn walk_parents<'b, DB: Engine>(
    children: &'b Set<'_>,
    link: &Link,
    besides: &[&'b Arc<Set<'b>>],
    mut out: AstPass<'_, 'b, DB>,
) -> QueryResult<()> {
    let keys = link.node.keys;
    if DB::KIND == Kind::Postgres {
        link.node.push_table(&mut out)?;
        out.push_sql(" WHERE (");
        super::push_columns("", keys, &mut out)?;
        out.push_sql(") IN (SELECT ");
        push_numbered(&"".into(), 0..keys.len(), &mut out);
        out.push_sql(" FROM ((");
        children.walk(link.foreign_key, Read::Current, out.reborrow())?;
        out.push_sql(")");
        push_except(besides.iter().copied(), keys, &mut out)?;
        out.push_sql(") AS handleref_set)");
        return Ok(());
    }
    out.push_sql("(SELECT DISTINCT ");
    push_numbered(&"".into(), 0..keys.len(), &mut out);
    out.push_sql(" FROM (");
    children.walk(link.foreign_key, Read::Current, out.reborrow())?;
    out.push_sql(") AS handleref_inner) AS handleref_set");
    push_join::<DB>(&mut out);
    link.node.push_table(&mut out)?;
    out.push_sql(" ON ");
    push_equal(&"handleref_set".into(), keys, 0, &mut out)?;
    out.push_sql(" WHERE 1 = 1");
    for set in besides {
        out.push_sql(" AND ");
        let own = |out: &mut AstPass<'_, '_, DB>, at: usize| {
            link.node.push_table(out)?;
            out.push_sql(".");
            keys.get(at).map_or(Ok(()), |key| out.push_identifier(key))
        };
        push_absent(keys.len(), own, set, Read::Current, &mut out)?;
    }
    Ok(())
}

/// The key of a soft-deleted parent of a set, unless the parent is in one of
/// `restored` itself.
pub(crate) struct Orphan<'a> {
    pub(crate) children: &'a Set<'a>,
    pub(crate) link: &'a Link,
    pub(crate) restored: &'a [Arc<Set<'a>>],
}

impl<DB: Engine> QueryFragment<DB> for Orphan<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        fails_late::<DB>(&mut out);
        let parent = &self.link.node;
        let besides: Vec<_> = (self.restored.iter())
            .filter(|set| set.node.model == parent.model)
            .collect();
        let recursive =
            self.children.is_recursive() || besides.iter().any(|set| set.is_recursive());
        push_verb::<DB>("SELECT", recursive, &mut out);
        for (at, key) in parent.keys.iter().enumerate() {
            out.push_sql(if at > 0 { ", " } else { "" });
            out.push_sql(&as_text(DB::KIND, quoted(DB::KIND, key)));
        }
        out.push_sql(" FROM ");
        walk_parents(self.children, self.link, &besides, out.reborrow())?;
        out.push_sql(" AND ");
        DB::own(&parent.deleted)?.walk_ast(out.reborrow())?;
        out.push_sql(" LIMIT 1");
        if DB::KIND == Kind::Mysql {
            // A plain read would show the parent as it was before we waited.
            out.push_sql(" LOCK IN SHARE MODE");
        }
        Ok(())
    }
}
