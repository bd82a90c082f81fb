//! What stands in the way of a revert, and what it would overwrite.

use super::Source;
use super::proposed::{Base, proposed};
use crate::engine::Kind;
use crate::history::any::{AnyKey, AnyModel};
use crate::history::diff::FieldChange;
use crate::history::fields::Metadata;
use crate::model::lives_sql;
use crate::sql::{Sql, as_text, quoted, raw};

mod edits;
mod erased;
mod gone;
mod parents;
mod unique;

pub(super) use edits::later_edits;
pub(super) use erased::erased;
pub(super) use gone::columns_gone;
pub(super) use parents::parents;
pub(super) use unique::unique;

/// A revert that is looked at.
pub(super) struct Proposal<'a> {
    pub(super) kind: Kind,
    pub(super) model: &'a dyn AnyModel,
    pub(super) facts: &'a Metadata,
    pub(super) key: &'a AnyKey,
    pub(super) base: Base,
    pub(super) sources: &'a [Source],
    pub(super) changes: &'a [FieldChange],
    pub(super) lock: bool,
}

impl Proposal<'_> {
    fn row(&self) -> Sql<'_> {
        proposed(self.kind, self.facts, self.key, self.base, self.sources)
    }

    /// ` AND <the row lives>`
    fn living<'a>(&self, prefix: &'static str) -> Sql<'a> {
        let lives = lives_sql(self.kind, self.facts.model.roles, prefix);
        Sql::new(" AND ").made(lives)
    }

    /// Whether any of these columns will get another value.
    fn changes_any(&self, columns: &[impl AsRef<str>]) -> bool {
        matches!(self.base, Base::Record(_))
            || columns.iter().any(|column| {
                let mut changes = self.changes.iter();
                changes.any(|change| change.column == column.as_ref())
            })
    }

    /// Whether the row will be live where it is not now.
    fn revives(&self) -> bool {
        let roles = self.facts.model.roles;
        let mark = roles.deleted_at.map(|(name, _)| name);
        let marks: Vec<_> = mark.into_iter().chain(roles.status).collect();
        matches!(self.base, Base::Record(_)) || self.changes_any(&marks)
    }
}

/// `SELECT` of columns as texts.
fn texts<'a>(prefix: &'static str, columns: &[String], kind: Kind) -> Sql<'a> {
    let mut query = Sql::new("SELECT ");
    for (at, column) in columns.iter().enumerate() {
        let column = raw!("{prefix}{}", [quoted(kind, column)], prefix);
        query = query
            .sql(if at > 0 { ", " } else { "" })
            .made(as_text(kind, &column));
    }
    query
}
