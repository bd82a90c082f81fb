//! The indexes that a table lacks.

use super::dialect::{NewIndex, Target};
use super::diff::Compare;
use super::live::LiveIndex;
use super::names::{folded, index_name};
use super::problem::ProblemKind;
use crate::model::Living;

impl Compare<'_> {
    /// An index for what tells the deleted rows, of which there are few, and for
    /// the columns for which one was asked. Version and times change with each
    /// write, so an index of them costs each write more than its record does.
    pub(super) fn indexes(&mut self) {
        let roles = self.target.wanted.roles;
        let times = [roles.created_at, roles.updated_at];
        let times = times.into_iter().flatten().map(|(name, _)| name);
        let version = roles.version.map(|(name, _)| name);
        // By which a cascade finds what was deleted at a moment: `updated_at`, if
        // there is a status and no `deleted_at`.
        let mark = roles.mark().map(|(name, _)| name);
        for column in times.chain(version) {
            let asked = self.target.wanted.indexed.contains(&column);
            match asked || mark == Some(column) {
                true => self.index_on(column, None),
                false => self.no_index_on(column),
            }
        }
        if let Some(status) = roles.status {
            self.index_on(status, None);
        }
        if let Some((deleted_at, _)) = roles.deleted_at {
            // Small if it is partial.
            let partial = self.dialect.live_column(Living::Null("")).is_none();
            let quoted = self.dialect.quote(deleted_at);
            self.index_on(deleted_at, partial.then(|| format!("{quoted} IS NOT NULL")));
        }
    }

    fn index_on(&mut self, column: &str, condition: Option<String>) {
        let satisfies = |index: &LiveIndex| {
            let condition_fits = match (&index.condition, &condition) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(found), Some(wanted)) => ends_with(found, wanted),
            };
            condition_fits && index.columns.first().is_some_and(|first| first == column)
        };
        if !self.target.live.indexes.iter().any(satisfies) {
            let index = self.of_ours(column, condition);
            self.add_index(column, &index);
        }
    }

    fn of_ours<'c>(&self, column: &'c str, condition: Option<String>) -> NewIndex<'c> {
        let table = &self.target.wanted.table.table;
        NewIndex {
            name: index_name(self.dialect, table, false, &[column]),
            columns: vec![column],
            unique: false,
            condition,
            rising: false,
        }
    }

    /// Drops the index that earlier versions made, or that was asked for once.
    fn no_index_on(&mut self, column: &str) {
        let index = self.of_ours(column, None);
        let mut there = self.target.live.indexes.iter();
        if there.any(|found| found.name == index.name) {
            let (create, drop) = self.dialect.index(&self.target, &index);
            let kind = ProblemKind::SurplusIndex { index: index.name };
            self.problem(Some(column), kind);
            self.change(vec![drop], vec![create]);
        }
    }

    fn add_index(&mut self, column: &str, index: &NewIndex<'_>) {
        let (create, drop) = self.dialect.index(&self.target, index);
        let name = index.name.clone();
        if self
            .target
            .live
            .indexes
            .iter()
            .any(|found| found.name == name)
        {
            // Its name is ours, so it is ours to replace.
            self.problem(Some(column), ProblemKind::AlteredIndex { index: name });
            self.change(vec![drop.clone(), create], vec![drop]);
        } else {
            self.problem(Some(column), ProblemKind::MissingIndex { index: name });
            self.change(vec![create], vec![drop]);
        }
    }

    /// Unique among the living.
    pub(super) fn unique(&mut self) {
        let wanted = self.target.wanted;
        let mut live_column_added = false;
        for columns in &wanted.unique {
            let joined = columns.join(", ");
            for column in *columns {
                let found = self
                    .target
                    .live
                    .column(column)
                    .map(|column| column.sql_type.clone());
                if let Some(found) = found.filter(|sql_type| !self.dialect.takes_unique(sql_type)) {
                    self.problem(Some(column), ProblemKind::NotIndexable { found });
                }
            }
            let roles = wanted.roles;
            let Some(living) = roles.living() else {
                if roles.status.is_some() {
                    self.problem(Some(&joined), ProblemKind::UniqueNeedsDeletedAt);
                } else {
                    // Nothing is ever soft-deleted: an ordinary unique index.
                    self.unique_index(&joined, columns.to_vec(), None);
                }
                continue;
            };
            let plain = |index: &&LiveIndex| {
                index.unique && index.condition.is_none() && same_set(&index.columns, columns)
            };
            if let Some(index) = self.target.live.indexes.iter().find(plain) {
                self.problem(
                    Some(&joined),
                    ProblemKind::PlainUnique {
                        index: index.name.clone(),
                    },
                );
            }
            let Some((live_column, definition)) = self.dialect.live_column(living) else {
                let condition = self.dialect.lives(living);
                self.unique_index(&joined, columns.to_vec(), Some(condition));
                continue;
            };
            if !live_column_added && self.target.live.column(live_column).is_none() {
                live_column_added = true;
                let table = self.target.table(self.dialect);
                self.problem(Some(live_column), ProblemKind::MissingColumn);
                self.change(
                    vec![format!("ALTER TABLE {table} ADD COLUMN {definition}")],
                    vec![format!(
                        "ALTER TABLE {table} DROP COLUMN {}",
                        self.dialect.quote(live_column)
                    )],
                );
            }
            let with_live = columns.iter().copied().chain([live_column]).collect();
            self.unique_index(&joined, with_live, None);
        }
    }

    /// The sets of columns that are unique once the plan is applied. What of
    /// ours follows from them must not wait for a second plan.
    pub(super) fn unique_sets(&self) -> Vec<Vec<String>> {
        let Target { wanted, live, .. } = &self.target;
        let there = live.indexes.iter().filter(|index| index.unique);
        let mut sets: Vec<Vec<String>> = there.map(|index| index.columns.clone()).collect();
        let mortal = wanted.roles.status.is_some() || wanted.roles.deleted_at.is_some();
        let live_column = self.dialect.live_column(Living::Null(""));
        let live_column = live_column.filter(|_| mortal).map(|(name, _)| name);
        for columns in &wanted.unique {
            let columns = columns.iter().copied().chain(live_column);
            sets.push(columns.map(str::to_owned).collect());
        }
        sets
    }

    fn unique_index(&mut self, joined: &str, columns: Vec<&str>, condition: Option<String>) {
        let satisfies = |index: &LiveIndex| {
            let same = is_partial_by(index.condition.as_deref(), condition.as_deref());
            index.unique && same && same_set(&index.columns, &columns)
        };
        if !self.target.live.indexes.iter().any(satisfies) {
            let name = index_name(
                self.dialect,
                &self.target.wanted.table.table,
                true,
                &columns,
            );
            self.add_index(
                joined,
                &NewIndex {
                    name,
                    columns,
                    unique: true,
                    condition,
                    rising: false,
                },
            );
        }
    }
}

/// Whether an index has this condition, or none if none is wanted.
pub(super) fn is_partial_by(found: Option<&str>, wanted: Option<&str>) -> bool {
    match (found, wanted) {
        (None, None) => true,
        (Some(found), Some(wanted)) => ends_with(found, wanted),
        _ => false,
    }
}

/// Whether an index is partial by this condition.
fn ends_with(found: &str, condition: &str) -> bool {
    folded(found).ends_with(&folded(&format!("WHERE {condition}")))
}

/// Whether both name the same columns, in whatever order.
fn same_set<A: AsRef<str>, B: AsRef<str>>(some: &[A], others: &[B]) -> bool {
    let sorted = |names: &mut dyn Iterator<Item = String>| {
        let mut names: Vec<String> = names.collect();
        names.sort_unstable();
        names
    };
    sorted(&mut some.iter().map(|name| name.as_ref().to_owned()))
        == sorted(&mut others.iter().map(|name| name.as_ref().to_owned()))
}
