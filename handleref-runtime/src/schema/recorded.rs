//! A recorded table, without its model's type: what a schema or a model says.

use super::Schema;
use crate::engine::Kind;
use crate::facts::Recording;
use crate::model::Roles;
use crate::sql::{Raw, quoted, raw};

/// A table that is recorded.
#[derive(Debug, Clone)]
pub(crate) struct RecordedTable {
    /// The struct whose recording it is.
    pub(crate) model: &'static str,
    /// The schema that the model names.
    schema: Option<String>,
    pub(crate) table: String,
    pub(crate) key: Vec<&'static str>,
    pub(crate) roles: Roles,
    pub(crate) recording: Recording,
}

impl Schema {
    /// The tables that are recorded.
    pub(crate) fn recorded(&self) -> impl Iterator<Item = RecordedTable> {
        self.tables.iter().filter_map(|wanted| {
            Some(RecordedTable {
                model: wanted.recorder,
                schema: wanted.table.schema.clone(),
                table: wanted.table.table.clone(),
                key: wanted.key.clone(),
                roles: wanted.roles,
                recording: wanted.recording?,
            })
        })
    }
}

impl RecordedTable {
    /// The table of a model, which is known by its name alone.
    pub(crate) fn named(
        (model, table): (&'static str, &str),
        key: &[&'static str],
        recording: Recording,
        roles: Roles,
    ) -> Self {
        Self {
            model,
            schema: None,
            table: table.to_owned(),
            key: key.to_vec(),
            recording,
            roles,
        }
    }

    /// Whether both are about one table.
    pub(crate) fn same(&self, other: &Self) -> bool {
        (&self.schema, &self.table) == (&other.schema, &other.table)
    }

    fn sibling(&self, kind: Kind, name: &str) -> Raw {
        match &self.schema {
            Some(schema) => raw!("{}.{}", [quoted(kind, schema), quoted(kind, name)]),
            None => quoted(kind, name),
        }
    }

    /// The table's name, quoted.
    pub(crate) fn table(&self, kind: Kind) -> Raw {
        self.sibling(kind, &self.table)
    }

    /// The record table's name, quoted.
    pub(crate) fn records(&self, kind: Kind) -> Raw {
        self.sibling(kind, self.recording.records)
    }

    /// The record table as `handleref_recordings` lists it.
    pub(crate) fn listed(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{schema}.{}", self.recording.records),
            None => self.recording.records.to_owned(),
        }
    }
}
