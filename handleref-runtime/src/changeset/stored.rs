//! A changeset as it is stored.

use super::meta::{Actor, ChangesetMeta};
use crate::history::ChangesetNo;
use crate::sql::Sql;
use chrono::NaiveDateTime;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;

/// A changeset: changes that were made together, by whom and why.
///
/// It is found by [`changesets`](super::changesets); what it changed is read
/// with [`changes`](Changeset::changes).
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
#[doc(alias = "revision")]
pub struct Changeset {
    /// Its number; records have it as `record_changeset`. Numbers rise, but a
    /// changeset with a smaller one may be committed later.
    pub no: ChangesetNo,
    /// When: the database's clock at its beginning, or what
    /// [`ChangesetMeta::at`] set.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: Option<Actor>,
    /// Why.
    pub comment: Option<String>,
    /// What it has in common with things elsewhere.
    pub correlation: Option<String>,
    /// Anything else.
    pub metadata: Option<Value>,
    /// The changeset that it undid, if it was made by an
    /// [`UndoPlan`](super::UndoPlan).
    pub undoes: Option<ChangesetNo>,
    /// Its records come after this one.
    #[serde(skip)]
    pub(super) first: i64,
    /// And up to this one; not known before its end.
    #[serde(skip)]
    pub(super) last: Option<i64>,
}

impl Changeset {
    /// The beginning of what a new changeset says: by whom it is.
    pub fn by(actor: impl Into<Actor>) -> ChangesetMeta {
        ChangesetMeta::new().by(actor)
    }

    /// The beginning of what a new changeset says, without an actor.
    pub fn anonymous() -> ChangesetMeta {
        ChangesetMeta::new()
    }

    /// The metadata as a `T`; `None` if there is none.
    ///
    /// # Errors
    /// Those of serde, if it is no `T`.
    pub fn metadata_as<T: DeserializeOwned>(&self) -> Result<Option<T>, serde_json::Error> {
        match &self.metadata {
            Some(value) => serde_json::from_value(value.clone()).map(Some),
            None => Ok(None),
        }
    }

    /// The row that `SELECT` [`columns`] gives.
    pub(super) fn read(row: Row) -> Self {
        let (no, at, first, last, undoes, actor, kind, comment, correlation, metadata) = row;
        let kind = kind.unwrap_or_default();
        Self {
            no: ChangesetNo(no),
            at: at.and_utc(),
            actor: actor.map(|text| Actor::stored(&kind, text)),
            comment,
            correlation,
            // Anyone may write into the table.
            metadata: metadata
                .map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text))),
            undoes: undoes.map(ChangesetNo),
            first,
            last,
        }
    }
}

/// A row of the table, in the order of its [`columns`].
pub(super) type Row = (
    i64,
    NaiveDateTime,
    i64,
    Option<i64>,
    Option<i64>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

/// What a changeset is [read](Changeset::read) from; `prefix` ends in a dot.
pub(super) fn columns(prefix: &'static str) -> Sql<'static> {
    let columns = [
        "id",
        "occurred_at",
        "first_record",
        "last_record",
        "undoes",
        "actor",
        "actor_kind",
        "comment",
        "correlation_id",
        "metadata",
    ];
    Sql::new("").names(prefix, &columns)
}

impl fmt::Display for Changeset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "changeset {}, {}",
            self.no.0,
            self.at.format("%F %T%.3f")
        )?;
        if let Some(actor) = &self.actor {
            write!(f, ", by {actor}")?;
        }
        if let Some(comment) = &self.comment {
            write!(f, ": {comment}")?;
        }
        match self.undoes {
            Some(no) => write!(f, " (undoes {})", no.0),
            None => Ok(()),
        }
    }
}
