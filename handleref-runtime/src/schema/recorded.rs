//! A recorded table, without its model's type: what a schema or a model says.

use super::Schema;
use crate::engine::Kind;
use crate::model::Roles;
use crate::record::facts::Recording;
use crate::record::{LiveName, Recorded};
use crate::sql::quoted;

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
    pub(crate) fn of<M: Recorded>() -> Self {
        Self {
            model: M::RECORDED_NAME,
            schema: None,
            table: M::LiveTable::SQL_NAME.to_owned(),
            key: M::RECORDED_KEY.to_vec(),
            recording: M::RECORDING,
            roles: M::RECORDED_ROLES,
        }
    }

    /// Whether both are about one table.
    pub(crate) fn same(&self, other: &Self) -> bool {
        (&self.schema, &self.table) == (&other.schema, &other.table)
    }

    fn beside(&self, kind: Kind, name: &str) -> String {
        match &self.schema {
            Some(schema) => format!("{}.{}", quoted(kind, schema), quoted(kind, name)),
            None => quoted(kind, name),
        }
    }

    /// The table's name, quoted.
    pub(crate) fn table(&self, kind: Kind) -> String {
        self.beside(kind, &self.table)
    }

    /// The record table's name, quoted.
    pub(crate) fn records(&self, kind: Kind) -> String {
        self.beside(kind, self.recording.records)
    }

    /// The record table as `handleref_recordings` lists it.
    pub(crate) fn listed(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{schema}.{}", self.recording.records),
            None => self.recording.records.to_owned(),
        }
    }
}
