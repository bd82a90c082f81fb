//! What stands in the way of a revert, and what it would overwrite.

use super::super::diff::FieldChange;
use super::super::living::lives_sql;
use super::super::model::{Recall, Recorded};
use super::super::query::{KeyIs, Sql};
use super::Source;
use super::proposed::{Base, proposed};
use crate::engine::{Engine, Kind};
use crate::executor::Executor;

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
pub(super) struct Proposal<'a, M: Recorded, C> {
    pub(super) key: &'a KeyIs<'a, M, C>,
    pub(super) base: Base,
    pub(super) sources: &'a [Source],
    pub(super) changes: &'a [FieldChange],
    pub(super) lock: bool,
}

impl<M: Recall<C>, C: Executor> Proposal<'_, M, C> {
    fn row(&self) -> Sql<'_, C::Backend> {
        proposed::<M, C>(self.key, self.base, self.sources)
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
        let roles = M::RECORDED_ROLES;
        let mark = roles.deleted_at.map(|(name, _)| name);
        let marks: Vec<_> = mark.into_iter().chain(roles.status).collect();
        matches!(self.base, Base::Record(_)) || self.changes_any(&marks)
    }
}

/// ` AND <the row lives>`
fn living<'a, M: Recorded, C: Executor>(prefix: &'static str) -> Sql<'a, C::Backend> {
    let lives = lives_sql(C::Backend::KIND, M::RECORDED_ROLES, prefix);
    Sql::new(" AND ").text(lives)
}

/// `SELECT` of up to four columns as texts.
fn texts<'a, DB: Engine>(prefix: &'static str, columns: &[String], engine: Kind) -> Sql<'a, DB> {
    let text = if engine == Kind::Mysql {
        "CHAR"
    } else {
        "TEXT"
    };
    let mut query = Sql::new("SELECT ");
    for at in 0..4 {
        query = query.text(if at > 0 { ", CAST(" } else { "CAST(" });
        query = match columns.get(at) {
            Some(column) => query.text(prefix).name(column.clone()),
            None => query.text("NULL"),
        };
        query = query.text(format!(" AS {text})"));
    }
    query
}
