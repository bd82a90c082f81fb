//! What is looked at.

use super::KEYS;
use crate::engine::Engine;
use crate::facts::{Capture, RecordedColumn};
use crate::schema::RecordedTable;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;
use std::fmt;

impl RecordedTable {
    pub(super) fn version(&self) -> Option<&'static str> {
        self.roles.version.map(|(name, _)| name)
    }

    /// The columns whose values are recorded.
    fn values(&self) -> impl Iterator<Item = &RecordedColumn> {
        let columns = self.recording.columns.iter();
        columns.filter(|column| column.capture == Capture::Value)
    }

    /// The columns that are compared.
    pub(super) fn compared(&self) -> impl Iterator<Item = &RecordedColumn> {
        let updated_at = self.roles.updated_at.map(|(name, _)| name);
        let managed = move |name| self.version() == Some(name) || updated_at == Some(name);
        self.values().filter(move |column| !managed(column.name))
    }

    /// Whether records know if a row was soft-deleted.
    pub(super) fn tells_life(&self) -> bool {
        let living = self.roles.living();
        living.is_some_and(|by| self.values().any(|column| column.name == by.column()))
    }
}

/// A condition on the columns of a key.
type Test<DB> = Box<dyn QueryFragment<DB> + Send + Sync>;

/// Rows of a table, or all of them.
pub(super) struct Place<DB: Engine> {
    pub(super) facts: RecordedTable,
    pub(super) whole: bool,
    pub(super) keys: Vec<Test<DB>>,
}

impl<DB: Engine> Place<DB> {
    pub(super) fn new(facts: RecordedTable) -> Self {
        Self {
            facts,
            whole: false,
            keys: Vec::new(),
        }
    }

    /// What is looked at together.
    pub(super) fn parts(&self) -> Vec<Keys<'_, DB>> {
        match self.whole {
            true => vec![Keys(&[])],
            false => self.keys.chunks(KEYS).map(Keys).collect(),
        }
    }
}

impl<DB: Engine> fmt::Debug for Place<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place")
            .field("model", &self.facts.model)
            .field("whole", &self.whole)
            .field("keys", &self.keys.len())
            .finish()
    }
}

/// Keeps a statement out of the cache, and continues a `WHERE` with the keys;
/// without any it is about all rows.
pub(super) struct Keys<'a, DB: Engine>(&'a [Test<DB>]);

impl<DB: Engine> Clone for Keys<'_, DB> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<DB: Engine> Copy for Keys<'_, DB> {}

impl<DB: Engine> QueryFragment<DB> for Keys<'_, DB> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        // It names a table that comes and goes, and locks.
        out.unsafe_to_cache_prepared();
        for (at, key) in self.0.iter().enumerate() {
            out.push_sql(if at == 0 { " AND ((" } else { ") OR (" });
            key.walk_ast(out.reborrow())?;
        }
        if !self.0.is_empty() {
            out.push_sql("))");
        }
        Ok(())
    }
}
