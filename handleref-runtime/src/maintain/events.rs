//! What was done to the history itself.

use crate::context::Home;
use crate::error::Error;
use crate::history::model::Recorded;
use crate::session::{Boxed, Executor, Session, insert};
use crate::sql::Sql;
use chrono::NaiveDateTime;
use chrono::{DateTime, Utc};
use diesel::result::QueryResult;
use serde_json::Value;
use std::fmt;

/// A row of `handleref_events`: something that was done to the history, or to
/// the recording of it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Event {
    /// Its number; later ones are greater.
    pub id: i64,
    /// When, by the database's clock. A long backfill or prune counts from its
    /// first batch.
    pub at: DateTime<Utc>,
    /// What.
    pub kind: EventKind,
    /// The record table, if it was about one.
    pub records: Option<String>,
    /// Particulars, by the kind of the event: a reason, a key, a horizon.
    pub detail: Value,
    /// The number of records, if any were written, changed or deleted.
    pub affected: Option<i64>,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.at.format("%F %T%.3f"), self.kind)?;
        if let Some(records) = &self.records {
            write!(f, " {records}")?;
        }
        if let Some(affected) = self.affected {
            write!(f, " ({affected} records)")?;
        }
        match &self.detail {
            Value::Null => Ok(()),
            detail => write!(f, " {detail}"),
        }
    }
}

/// What an [`Event`] is about; stored as text, such as `prune`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// A record table was installed or changed.
    Install,
    /// Rows that were older than the recording got their first record.
    Backfill,
    /// Old records were deleted.
    Prune,
    /// Personal data was taken out of the records of a row, or of changesets.
    Erase,
    /// Old values of redacted or skipped columns were taken out of all records.
    Redact,
    /// Recording was switched off.
    Pause,
    /// Recording was switched on again.
    Resume,
    /// On a database with an owner: recording was switched off or opened the
    /// door of the record tables; the detail names the role of the database.
    Switch,
    /// Records were protected.
    Hold,
    /// A protection ended.
    Release,
    /// Something else.
    Other(String),
}

impl EventKind {
    const NAMED: [(Self, &'static str); 10] = [
        (Self::Install, "install"),
        (Self::Backfill, "backfill"),
        (Self::Prune, "prune"),
        (Self::Erase, "erase"),
        (Self::Redact, "redact"),
        (Self::Pause, "pause"),
        (Self::Resume, "resume"),
        (Self::Switch, "switch"),
        (Self::Hold, "hold"),
        (Self::Release, "release"),
    ];

    /// The text in the database.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(text) => text,
            named => {
                let found = Self::NAMED.iter().find(|(kind, _)| kind == named);
                found.map_or("", |(_, text)| text)
            }
        }
    }
}

impl From<&str> for EventKind {
    fn from(text: &str) -> Self {
        let found = Self::NAMED.into_iter().find(|(_, name)| *name == text);
        found.map_or_else(|| Self::Other(text.to_owned()), |(kind, _)| kind)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for EventKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The events, newest first, a page at a time.
///
/// ```text
/// let page = events().load(conn)?;                          // the newest 100
/// if let Some(last) = page.last() {
///     let older = events().before(last.id).load(conn)?;     // and those before
/// }
/// events().of::<Article>().limit(10).load(conn)?;
/// ```
pub fn events() -> Events {
    Events {
        records: None,
        before: None,
        limit: 100,
    }
}

/// A page of events; see [`events`].
#[derive(Debug, Clone)]
#[must_use = "nothing is read before `.load(conn)`"]
pub struct Events {
    records: Option<&'static str>,
    before: Option<i64>,
    limit: u32,
}

impl Events {
    /// Only those of one model.
    pub fn of<M: Recorded>(mut self) -> Self {
        self.records = Some(M::RECORDING.records);
        self
    }

    /// Only those of this record table.
    #[cfg(feature = "manage")]
    pub(crate) fn of_records(mut self, records: &'static str) -> Self {
        self.records = Some(records);
        self
    }

    /// Only those before this one.
    pub fn before(mut self, id: i64) -> Self {
        self.before = Some(id);
        self
    }

    /// At most so many; otherwise 100.
    pub fn limit(mut self, events: u32) -> Self {
        self.limit = events;
        self
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`Error::Database`]; also if nothing was ever installed.
    pub fn load<'a, C: Executor>(
        self,
        conn: &'a mut C,
    ) -> C::Output<'a, Result<Vec<Event>, Error>> {
        C::finish(self.read(conn))
    }

    pub(crate) fn read(self, conn: &mut dyn Session) -> Boxed<'_, Result<Vec<Event>, Error>> {
        Box::pin(async move {
            let rows = conn.rows(self.sql()).await?;
            Ok(rows.into_iter().map(read).collect())
        })
    }

    fn sql(&self) -> Sql<'_> {
        let mut sql = Sql::new(
            "SELECT id, occurred_at, event, record_table, detail, affected FROM handleref_events WHERE 1 = 1",
        );
        if let Some(before) = self.before {
            sql = sql.sql(" AND id < ").bind(before);
        }
        if let Some(records) = self.records {
            sql = sql.sql(" AND record_table = ").bind(records);
        }
        sql.sql(" ORDER BY id DESC LIMIT ")
            .bind(i64::from(self.limit))
    }
}

/// Number, time, event, record table, particulars, rows affected.
type Row = (
    i64,
    NaiveDateTime,
    String,
    Option<String>,
    Option<String>,
    Option<i64>,
);

fn read((id, at, event, records, detail, affected): Row) -> Event {
    Event {
        id,
        at: at.and_utc(),
        kind: EventKind::from(event.as_str()),
        records,
        // Anyone may write into the table.
        detail: detail.map_or(Value::Null, |text| {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }),
        affected,
    }
}

/// Writes an event, and gives its number.
pub(crate) async fn write_event(
    conn: &mut dyn Session,
    kind: &EventKind,
    records: Option<&str>,
    detail: &Value,
    affected: Option<i64>,
) -> QueryResult<i64> {
    write_event_at(conn, &Home::default(), kind, records, detail, affected).await
}

/// The same, in the place that is meant.
pub(super) async fn write_event_at(
    conn: &mut dyn Session,
    home: &Home,
    kind: &EventKind,
    records: Option<&str>,
    detail: &Value,
    affected: Option<i64>,
) -> QueryResult<i64> {
    let mut sql = Sql::new("INSERT INTO ")
        .made(home.table("handleref_events"))
        .sql(" (occurred_at, event, record_table, detail, affected) VALUES (")
        .now()
        .sql(", ")
        .bind(kind.as_str())
        .sql(", ");
    sql = sql.bind(records).sql(", ").bind(detail.to_string());
    insert(conn, sql.sql(", ").bind(affected).sql(")")).await
}

/// An event that grows with the work that it is about, batch by batch, each
/// time in the transaction of the batch.
#[derive(Debug, Clone)]
pub(super) struct Growing {
    kind: EventKind,
    records: &'static str,
    id: Option<i64>,
}

impl Growing {
    pub(super) fn new(kind: EventKind, records: &'static str) -> Self {
        Self {
            kind,
            records,
            id: None,
        }
    }

    /// What to remember once the transaction is committed.
    pub(super) async fn grow(
        &self,
        conn: &mut dyn Session,
        detail: &Value,
        affected: i64,
    ) -> QueryResult<Self> {
        let id = match self.id {
            Some(id) => {
                let sql = Sql::new("UPDATE handleref_events SET detail = ")
                    .bind(detail.to_string())
                    .sql(", affected = affected + ")
                    .bind(affected)
                    .sql(" WHERE id = ")
                    .bind(id);
                conn.execute(sql).await?;
                id
            }
            None => {
                write_event(conn, &self.kind, Some(self.records), detail, Some(affected)).await?
            }
        };
        Ok(Self {
            id: Some(id),
            ..self.clone()
        })
    }
}
