//! What is looked at.

use super::KEYS;
use crate::engine::Typed;
use crate::facts::{Capture, RecordedColumn};
use crate::schema::RecordedTable;
use crate::sql::{Raw, Sql};
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

/// Rows of a table, or all of them.
pub(crate) struct Place {
    pub(super) facts: RecordedTable,
    pub(super) whole: bool,
    /// Conditions on the columns of a key.
    pub(super) keys: Vec<Typed<'static>>,
}

impl Place {
    pub(super) fn new(facts: RecordedTable) -> Self {
        Self {
            facts,
            whole: false,
            keys: Vec::new(),
        }
    }

    /// All rows of a table.
    pub(super) fn whole(facts: RecordedTable) -> Self {
        Self {
            whole: true,
            ..Self::new(facts)
        }
    }

    /// What is looked at together.
    pub(super) fn parts(&self) -> Vec<Keys<'_>> {
        match self.whole {
            true => vec![Keys(&[])],
            false => self.keys.chunks(KEYS).map(Keys).collect(),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place")
            .field("model", &self.facts.model)
            .field("whole", &self.whole)
            .field("keys", &self.keys.len())
            .finish()
    }
}

/// Some keys of a table; without any it is about all rows.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a>(&'a [Typed<'static>]);

impl<'a> Keys<'a> {
    /// Continues a `WHERE` with them, and keeps the statement from being kept: it names a
    /// table that comes and goes, and locks.
    pub(super) fn continued(self, sql: Sql<'a>) -> Sql<'a> {
        let mut sql = sql.once_made(Raw::default());
        for (at, key) in self.0.iter().enumerate() {
            sql = sql.sql(if at == 0 { " AND ((" } else { ") OR (" });
            sql = sql.typed(key);
        }
        match self.0.is_empty() {
            true => sql,
            false => sql.sql("))"),
        }
    }
}
