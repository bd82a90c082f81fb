//! What a schema says about recorded tables, for the rest of the crate.

use super::Schema;
use crate::model::Roles;
use crate::record::facts::Recording;

/// A table that is recorded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordedTable<'a> {
    /// The struct whose recording it is.
    pub(crate) model: &'static str,
    /// The schema that the model names.
    pub(crate) schema: Option<&'a str>,
    pub(crate) table: &'a str,
    pub(crate) key: &'a [&'static str],
    pub(crate) roles: Roles,
    pub(crate) recording: Recording,
}

impl Schema {
    /// The tables that are recorded.
    pub(crate) fn recorded(&self) -> impl Iterator<Item = RecordedTable<'_>> {
        self.tables.iter().filter_map(|wanted| {
            Some(RecordedTable {
                model: wanted.recorder,
                schema: wanted.table.schema.as_deref(),
                table: &wanted.table.table,
                key: &wanted.key,
                roles: wanted.roles,
                recording: wanted.recording?,
            })
        })
    }
}
