//! The record that says that values were erased, and its readers.

use super::events::EventKind;
use crate::context::Switch;
use crate::context::numbers::take_number;
use crate::engine::Typed;
use crate::error::Error;
use crate::facts::{
    RECORD_CHANGESET, RECORD_ID, RECORD_OPERATION, RECORD_REDACTED, RECORD_VERSION, RECORDED_AT,
};
use crate::history::subject::Subject;
use crate::session::Session;
use crate::sql::{Raw, Sql, quoted, raw, record_time_sql, unreadable};
use diesel::result::QueryResult;
use serde_json::Value;

/// Repeats the last record of a row, without the values, so that a reader of
/// changes hears of it, and gives the number of that record. What a gone row
/// ends with has to stay a delete.
pub(crate) async fn tell(
    conn: &mut dyn Session,
    subject: &Subject,
    key: &Typed<'_>,
) -> QueryResult<Option<i64>> {
    let kind = conn.kind();
    let changeset = Switch::Changeset.read(conn).await?;
    let id = take_number(conn).await?;
    let records = quoted(kind, subject.recording.records);
    // Only where the row does not number its versions do the records.
    let version = match subject.roles.version {
        Some(_) => RECORD_VERSION.into(),
        None => raw!("{RECORD_VERSION} + 1", RECORD_VERSION),
    };
    let operation = raw!(
        "CASE {RECORD_OPERATION} WHEN 'delete' THEN 'delete' ELSE 'erase' END",
        RECORD_OPERATION
    );
    let changeset = changeset.map_or_else(|| "NULL".into(), |number| raw!("{number}", number));
    let mut pairs: Vec<(&str, Raw)> = vec![
        (RECORD_ID, raw!("{id}", id)),
        (RECORD_VERSION, version),
        (RECORD_OPERATION, operation),
        (RECORDED_AT, record_time_sql(kind, &records, RECORDED_AT)),
        (RECORD_CHANGESET, changeset),
    ];
    if subject.recording.redacts() {
        pairs.push((RECORD_REDACTED, "NULL".into()));
    }
    let columns = subject.recording.columns.iter().map(|column| column.name);
    let properties = subject.recording.properties.iter().map(|one| one.name);
    pairs.extend(
        columns
            .chain(properties)
            .map(|name| (name, quoted(kind, name))),
    );
    let names: Vec<_> = pairs.iter().map(|(name, _)| quoted(kind, name)).collect();
    let values: Vec<_> = pairs.into_iter().map(|(_, value)| value).collect();
    let sql = Sql::once(raw!(
        "INSERT INTO {records} ({}) SELECT {} FROM {records} WHERE ",
        [Raw::join(names, ", "), Raw::join(values, ", ")],
        records
    ));
    let end = raw!(" ORDER BY {RECORD_ID} DESC LIMIT 1", RECORD_ID);
    let written = conn.execute(sql.typed(key).made(end)).await?;
    Ok((written > 0).then_some(id))
}

/// What was erased from the records of a row.
pub(crate) struct Erasure {
    /// The record that says so; the ones before have lost the values as well.
    pub(crate) record: i64,
    /// Columns and properties.
    pub(crate) columns: Vec<String>,
}

impl Erasure {
    /// Whether a record has lost its value of this column.
    pub(crate) fn covers(&self, record: i64, column: &str) -> bool {
        record <= self.record && self.columns.iter().any(|it| it == column)
    }

    /// From the particulars of an event; `None` if no record tells of it. What
    /// cannot be read must not look as if nothing had been erased.
    fn read(detail: &str) -> Result<Option<Self>, Error> {
        let unknown = || unreadable("an event of an erasure");
        let detail: Value = serde_json::from_str(detail).map_err(|_| unknown())?;
        let list = |name: &str| detail.get(name).and_then(Value::as_array);
        let columns = list("columns")
            .zip(list("properties"))
            .ok_or_else(unknown)?;
        let columns = columns.0.iter().chain(columns.1);
        let columns = columns.map(|it| it.as_str().map(str::to_owned).ok_or_else(unknown));
        let columns = columns.collect::<Result<_, _>>()?;
        match detail.get("record") {
            Some(Value::Null) => Ok(None),
            record => {
                let record = record.and_then(Value::as_i64).ok_or_else(unknown)?;
                Ok(Some(Self { record, columns }))
            }
        }
    }
}

/// The erasures of a row that concern this record of it or later ones. Their
/// events say which columns; they are known by the records that tell of them.
pub(crate) async fn erasures(
    conn: &mut dyn Session,
    records: &str,
    key: &Typed<'_>,
    first: i64,
) -> Result<Vec<Erasure>, Error> {
    let record_ids = Sql::new("SELECT ")
        .name(RECORD_ID)
        .sql(" FROM ")
        .name(records)
        .sql(" WHERE ")
        .typed(key)
        .made(raw!(
            " AND {RECORD_OPERATION} IN ('erase', 'delete') AND {RECORD_ID} >= ",
            RECORD_OPERATION,
            RECORD_ID
        ))
        .bind(first);
    let record_ids: Vec<(i64,)> = conn.rows(record_ids).await?;
    let record_ids: Vec<i64> = record_ids.into_iter().map(|(id,)| id).collect();
    by_records(conn, records, &record_ids).await
}

/// The erasures of which these records tell.
pub(crate) async fn by_records(
    conn: &mut dyn Session,
    records: &str,
    record_ids: &[i64],
) -> Result<Vec<Erasure>, Error> {
    let mut found = Vec::new();
    for ids in record_ids.chunks(50) {
        let mut sql = Sql::new("SELECT detail FROM handleref_events WHERE event = ")
            .bind(EventKind::Erase.as_str())
            .sql(" AND record_table = ")
            .bind(records)
            .sql(" AND (1 = 0");
        for id in ids {
            sql = sql
                .sql(" OR detail LIKE ")
                .bind(format!("%\"record\":{id}%"));
        }
        let details: Vec<(String,)> = conn.rows(sql.sql(")")).await?;
        for (detail,) in &details {
            found.extend(Erasure::read(detail)?.filter(|it| ids.contains(&it.record)));
        }
    }
    Ok(found)
}
