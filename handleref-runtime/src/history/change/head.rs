//! What a record has beside the row, where it is loaded with the row.

use crate::any::Metadata;
use crate::error::Error;
use crate::facts::{
    RECORD_CHANGESET, RECORD_ID, RECORD_OPERATION, RECORD_REDACTED, RECORD_VERSION, RECORDED_AT,
};
use crate::history::{ChangesetNo, Operation};
use crate::session::Head;
use crate::sql::{Sql, unreadable};
use chrono::{DateTime, NaiveDateTime, Utc};

#[derive(Clone)]
pub(crate) struct RecordHead {
    pub(crate) id: i64,
    pub(crate) version: i64,
    pub(crate) operation: Operation,
    pub(crate) at: DateTime<Utc>,
    pub(crate) changeset: Option<ChangesetNo>,
    /// The redacted columns that changed.
    pub(crate) redacted: Vec<String>,
}

type Columns = (i64, i64, String, NaiveDateTime, Option<i64>, Option<String>);

impl RecordHead {
    /// The columns that it is read from.
    pub(crate) fn columns(model: &Metadata) -> (usize, Sql<'static>) {
        let names = [
            RECORD_ID,
            RECORD_VERSION,
            RECORD_OPERATION,
            RECORDED_AT,
            RECORD_CHANGESET,
        ];
        let sql = Sql::new("").names("", &names);
        let sql = match model.model.recording.redacts() {
            true => sql.sql(", ").name(RECORD_REDACTED),
            false => sql.sql(", NULL"),
        };
        (6, sql)
    }

    /// From its columns.
    pub(crate) fn read(model: &Metadata, head: Head) -> Result<Self, Error> {
        Self::of(model, head.read()?)
    }

    /// From its columns and an integer.
    pub(crate) fn read_marked(model: &Metadata, head: Head) -> Result<(Self, i64), Error> {
        let (id, version, operation, at, changeset, redacted, mark) = head.read()?;
        let columns = (id, version, operation, at, changeset, redacted);
        Ok((Self::of(model, columns)?, mark))
    }

    /// An operation of a later version of ours is an error, not a gap.
    fn of(model: &Metadata, columns: Columns) -> Result<Self, Error> {
        let (id, version, operation, at, changeset, redacted) = columns;
        let unknown = || unreadable(&format!("a record of {}", model.name()));
        let redacted = redacted.unwrap_or_default();
        let redacted = redacted.split(',').filter(|name| !name.is_empty());
        Ok(Self {
            id,
            version,
            operation: Operation::read(&operation).ok_or_else(unknown)?,
            at: at.and_utc(),
            changeset: changeset.map(ChangesetNo),
            redacted: redacted.map(str::to_owned).collect(),
        })
    }
}
