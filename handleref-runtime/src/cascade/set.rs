//! Sets of rows, described in SQL.
//!
//! Every description is a query whose columns are called `handleref_0`,
//! `handleref_1` and so on, so that it can be joined to any table without a
//! name that is meant for two.

use super::{Node, push_columns};
use crate::engine::{Engine, Kind, Typed};
use crate::sql::raw;
use diesel::query_builder::AstPass;
use diesel::result::QueryResult;
use std::sync::Arc;

/// Whether rows are soft-deleted or restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Delete,
    Restore,
}

/// Columns that refer to a key.
pub(super) type ForeignKey = &'static [&'static str];

/// Where the rows of a set come from.
pub(crate) enum Origin<'a> {
    /// The rows that the user named: a `WHERE` clause, or nothing.
    Target(&'a Typed<'a>),
    /// The children of a set; when restoring only those with its mark.
    Below(Arc<Set<'a>>, ForeignKey),
    /// The parents of a set, by the foreign key of the set's rows.
    Above(Arc<Set<'a>>, ForeignKey),
    /// The ancestors of a set in its own table, as far as they are deleted
    /// without a gap.
    Climb {
        from: Arc<Set<'a>>,
        foreign_keys: Vec<ForeignKey>,
        /// Without the rows of the set itself.
        strict: bool,
    },
}

/// The rows of one table that a change is about: those of the origin that are
/// live (to delete) or deleted (to restore), and what they reach by links of
/// the table to itself.
pub(crate) struct Set<'a> {
    pub(crate) node: &'a Node,
    pub(crate) origin: Origin<'a>,
    pub(crate) change: Change,
    /// Foreign keys by which rows of this table are children of this table.
    pub(crate) own_links: &'a [ForeignKey],
    /// Further assignments to its rows.
    pub(crate) values: Option<&'a Typed<'a>>,
    /// Whether its description means other rows once a hook ran.
    pub(crate) once: bool,
    /// Rows that are left out, though what they reach is not.
    pub(crate) without: Vec<Arc<Set<'a>>>,
}

/// How the tables behind a set are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Read {
    /// As the statement reads them: an `UPDATE` sees what is there now.
    Plain,
    /// For a locking `SELECT`. MySQL and MariaDB read a subquery of it from the
    /// transaction's snapshot otherwise, which may be old.
    Current,
}

impl<'a> Set<'a> {
    pub(super) fn state(&self) -> &Typed<'static> {
        match self.change {
            Change::Delete => &self.node.live,
            Change::Restore => &self.node.deleted,
        }
    }

    /// Whether it holds more than the rows that the user named.
    pub(super) fn is_named(&self) -> bool {
        matches!(self.origin, Origin::Target(_))
            && self.own_links.is_empty()
            && self.without.is_empty()
    }

    /// The column whose value a child shares with its parent's deletion.
    fn stamp(&self) -> Option<&'static str> {
        let mark = self.node.roles.mark().map(|(name, _)| name);
        mark.filter(|_| self.change == Change::Restore)
    }

    fn below(&self) -> Option<&Self> {
        match &self.origin {
            Origin::Target(_) => None,
            Origin::Below(set, _) | Origin::Above(set, _) | Origin::Climb { from: set, .. } => {
                Some(set)
            }
        }
    }

    /// How many sets it is described by, one in the other.
    fn depth(&self) -> usize {
        let without = self.without.iter().map(|set| set.depth());
        let below = self.below().map(Self::depth);
        below
            .into_iter()
            .chain(without)
            .max()
            .map_or(0, |it| it + 1)
    }

    /// Whether a recursive query is part of its description.
    pub(super) fn is_recursive(&self) -> bool {
        !self.own_links.is_empty()
            || matches!(self.origin, Origin::Climb { .. })
            || self.below().is_some_and(Self::is_recursive)
            || self.without.iter().any(|set| set.is_recursive())
    }

    /// The set as a query of `columns`, which are among those of its table.
    pub(super) fn walk<'b, DB: Engine>(
        &'b self,
        columns: &[&str],
        read: Read,
        mut out: AstPass<'_, 'b, DB>,
    ) -> QueryResult<()> {
        if self.without.is_empty() {
            return self.walk_all(columns, read, out);
        }
        let all = union(self.node.keys, columns);
        out.push_sql("SELECT ");
        push_picked(&"handleref_all".into(), &all, columns, &mut out);
        out.push_sql(" FROM (");
        let excepts = DB::KIND == Kind::Postgres;
        out.push_sql(if excepts { "(" } else { "" });
        self.walk_all(&all, read, out.reborrow())?;
        if excepts {
            out.push_sql(")");
            push_except(&self.without, &all, &mut out)?;
        }
        out.push_sql(") AS handleref_all");
        for (at, without) in self.without.iter().enumerate().filter(|_| !excepts) {
            out.push_sql(if at == 0 { " WHERE " } else { " AND " });
            let own = |out: &mut AstPass<'_, '_, DB>, at: usize| {
                out.push_sql(&raw!("handleref_all.handleref_{at}", at));
                Ok(())
            };
            push_absent(self.node.keys.len(), own, without, read, &mut out)?;
        }
        Ok(())
    }

    fn walk_all<'b, DB: Engine>(
        &'b self,
        columns: &[&str],
        read: Read,
        out: AstPass<'_, 'b, DB>,
    ) -> QueryResult<()> {
        match &self.origin {
            Origin::Climb {
                from,
                foreign_keys,
                strict,
            } => self.walk_climb(from, foreign_keys, *strict, columns, read, out),
            _ if self.own_links.is_empty() => self.walk_base(columns, read, out),
            _ => self.walk_tree(columns, read, out),
        }
    }

    /// `SELECT <columns> FROM <table> WHERE <origin> AND <state>`
    fn walk_base<'b, DB: Engine>(
        &'b self,
        columns: &[&str],
        read: Read,
        mut out: AstPass<'_, 'b, DB>,
    ) -> QueryResult<()> {
        let upward = matches!(self.origin, Origin::Above(..));
        out.push_sql(if upward {
            "SELECT DISTINCT "
        } else {
            "SELECT "
        });
        push_named(columns, &mut out)?;
        out.push_sql(" FROM ");
        match &self.origin {
            Origin::Below(parents, foreign_key) => {
                let stamp = self.stamp();
                let own: Vec<_> = foreign_key.iter().copied().chain(stamp).collect();
                let keys: Vec<_> = (parents.node.keys.iter().copied())
                    .chain(parents.stamp().filter(|_| stamp.is_some()))
                    .collect();
                self.walk_joined(&own, parents, &keys, read, out.reborrow())?;
            }
            Origin::Above(children, foreign_key) => {
                self.walk_joined(self.node.keys, children, foreign_key, read, out.reborrow())?;
            }
            Origin::Target(_) | Origin::Climb { .. } => self.walk_named(out.reborrow())?,
        }
        push_read::<DB>(read, &mut out);
        Ok(())
    }

    /// `<table> WHERE <the user's condition> AND <state>`
    pub(super) fn walk_named<'b, DB: Engine>(
        &'b self,
        mut out: AstPass<'_, 'b, DB>,
    ) -> QueryResult<()> {
        self.node.push_table(&mut out)?;
        let mut separator = " WHERE ";
        if let Origin::Target(clause) = &self.origin {
            let clause = DB::own(clause)?;
            if !clause.is_noop(&DB::default())? {
                separator = " AND ";
            }
            clause.walk_ast(out.reborrow())?;
        }
        out.push_sql(separator);
        DB::own(self.state())?.walk_ast(out)
    }

    /// `(<other>) JOIN <table> ON <own columns> = <its columns> WHERE <state>`
    fn walk_joined<'b, DB: Engine>(
        &'b self,
        own: &[&str],
        other: &'b Self,
        columns: &[&str],
        read: Read,
        mut out: AstPass<'_, 'b, DB>,
    ) -> QueryResult<()> {
        out.push_sql("(");
        other.walk(columns, read, out.reborrow())?;
        out.push_sql(") AS handleref_next");
        push_join::<DB>(&mut out);
        self.node.push_table(&mut out)?;
        out.push_sql(" ON ");
        push_equal(&"handleref_next".into(), own, 0, &mut out)?;
        out.push_sql(" WHERE ");
        DB::own(self.state())?.walk_ast(out)
    }

    /// What the base reaches downward, in the table itself.
    fn walk_tree<'b, DB: Engine>(
        &'b self,
        columns: &[&str],
        read: Read,
        mut out: AstPass<'_, 'b, DB>,
    ) -> QueryResult<()> {
        let keys = self.node.keys;
        let matched: Vec<_> = keys.iter().copied().chain(self.stamp()).collect();
        let all = union(&matched, columns);
        let tree = raw!("handleref_tree{}", [self.depth()]);
        self.begin_recursion(&tree, all.len(), "", &mut out);
        let (open, close) = parentheses(DB::KIND, read);
        out.push_sql(open);
        self.walk_base(&all, read, out.reborrow())?;
        out.push_sql(close);
        // `UNION` without ALL ends when no new row comes, cycles or not.
        out.push_sql(" UNION ");
        out.push_sql(open);
        out.push_sql("SELECT ");
        push_columns("", &all, &mut out)?;
        self.walk_step(&tree, &mut out)?;
        for (at, foreign_key) in self.own_links.iter().enumerate() {
            out.push_sql(if at == 0 { "((" } else { " OR (" });
            push_equal(&tree, foreign_key, 0, &mut out)?;
            out.push_sql(")");
        }
        out.push_sql(")");
        if let Some(stamp) = self.stamp() {
            out.push_sql(" AND ");
            push_equal(&tree, &[stamp], keys.len(), &mut out)?;
        }
        out.push_sql(" WHERE ");
        DB::own(self.state())?.walk_ast(out.reborrow())?;
        push_read::<DB>(read, &mut out);
        out.push_sql(close);
        out.push_sql(") SELECT ");
        push_picked(&tree, &all, columns, &mut out);
        out.push_sql(" FROM ");
        out.push_sql(&tree);
        Ok(())
    }

    /// What a set reaches upward, in the table itself. A row of the set is in
    /// it with a 1, a row that was reached with a 0; one may be both.
    fn walk_climb<'b, DB: Engine>(
        &'b self,
        from: &'b Self,
        foreign_keys: &[ForeignKey],
        strict: bool,
        columns: &[&str],
        read: Read,
        mut out: AstPass<'_, 'b, DB>,
    ) -> QueryResult<()> {
        let keys = self.node.keys;
        let references: Vec<_> = foreign_keys
            .iter()
            .flat_map(|key| key.iter().copied())
            .collect();
        let all = union(&union(keys, &references), columns);
        let tree = raw!("handleref_tree{}", [self.depth()]);
        self.begin_recursion(&tree, all.len(), ", handleref_named", &mut out);
        let (open, close) = parentheses(DB::KIND, read);
        out.push_sql(open);
        out.push_sql("SELECT ");
        push_picked(&"handleref_start".into(), &all, &all, &mut out);
        out.push_sql(", 1 FROM (");
        from.walk(&all, read, out.reborrow())?;
        out.push_sql(") AS handleref_start");
        out.push_sql(close);
        out.push_sql(" UNION ");
        out.push_sql(open);
        out.push_sql("SELECT ");
        push_columns("", &all, &mut out)?;
        out.push_sql(", 0");
        self.walk_step(&tree, &mut out)?;
        for (at, foreign_key) in foreign_keys.iter().enumerate() {
            out.push_sql(if at == 0 { "((" } else { " OR (" });
            for (part, (key, reference)) in keys.iter().zip(*foreign_key).enumerate() {
                out.push_sql(if part == 0 { "" } else { " AND " });
                push_equal(&tree, &[*key], position(&all, reference), &mut out)?;
            }
            out.push_sql(")");
        }
        out.push_sql(") WHERE ");
        DB::own(self.state())?.walk_ast(out.reborrow())?;
        push_read::<DB>(read, &mut out);
        out.push_sql(close);
        out.push_sql(") SELECT ");
        push_picked(&tree, &all, columns, &mut out);
        out.push_sql(" FROM ");
        out.push_sql(&tree);
        out.push_sql(" GROUP BY ");
        push_numbered(&tree, 0..all.len(), &mut out);
        if strict {
            out.push_sql(" HAVING max(handleref_named) = 0");
        }
        Ok(())
    }

    /// `WITH RECURSIVE <tree>(<columns>) AS (`
    fn begin_recursion<DB: Engine>(
        &self,
        tree: &str,
        columns: usize,
        more: &str,
        out: &mut AstPass<'_, '_, DB>,
    ) {
        out.push_sql("WITH RECURSIVE ");
        out.push_sql(tree);
        out.push_sql("(");
        push_numbered(&"".into(), 0..columns, out);
        out.push_sql(more);
        out.push_sql(") AS (");
    }

    /// ` FROM <tree> JOIN <table> ON `
    fn walk_step<DB: Engine>(&self, tree: &str, out: &mut AstPass<'_, '_, DB>) -> QueryResult<()> {
        out.push_sql(" FROM ");
        out.push_sql(tree);
        push_join::<DB>(out);
        self.node.push_table(out)?;
        out.push_sql(" ON ");
        Ok(())
    }
}

mod push;
use push::{parentheses, position, push_named, push_picked, push_read, union};
pub(super) use push::{push_absent, push_equal, push_except, push_join, push_numbered};
