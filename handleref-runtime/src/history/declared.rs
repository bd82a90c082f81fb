//! Values between a table and a record column of another type, which
//! `#[recorded(sql_type = "..")]` declares.
//!
//! `schema` lets only those types be declared that take every value of the
//! table's column, and that Diesel reads as it. SQLite, MySQL and MariaDB
//! convert them by themselves; on PostgreSQL most conversions must be written.

use crate::engine::Kind;
use crate::facts::{
    Capture, RECORD_CHANGESET, RECORD_ID, RECORD_OPERATION, RECORD_REDACTED, RECORD_VERSION,
    RECORD_XID, RECORDED_AT, RecordedColumn, Recording,
};
use crate::sql::{Raw, literal, quoted, raw};

impl RecordedColumn {
    /// What the record column holds, if `value` is the SQL of the table's.
    pub(crate) fn as_recorded(&self, kind: Kind, value: Raw) -> Raw {
        match self.converted(kind) {
            Some(sql_type) => raw!("CAST({} AS {sql_type})", [text(sql_type, &value)], sql_type),
            None => value,
        }
    }

    /// What the column of `table` holds, if `value` is the SQL of the record
    /// column's. The table's type is not known, so a row of the table says it.
    pub(crate) fn out_of_record(&self, kind: Kind, table: &str, value: Raw) -> Raw {
        let Some(sql_type) = self.converted(kind) else {
            return value;
        };
        let (table, name) = (quoted(kind, table), quoted(kind, self.name));
        let key = literal(kind, self.name);
        raw!(
            "(json_populate_record(NULL::{table}, json_build_object({key}, {}))).{name}",
            [text(sql_type, &value)],
            table,
            key,
            name
        )
    }

    /// The declared type, if values have to be converted.
    pub(crate) fn converted(&self, kind: Kind) -> Option<&'static str> {
        let sql_type = self.sql_type?;
        (kind == Kind::Postgres && self.capture == Capture::Value).then_some(sql_type)
    }
}

/// The record table as a query whose columns have the types of the table's.
pub(super) fn records(kind: Kind, table: &'static str, recording: &Recording) -> Raw {
    let bookkeeping = [
        RECORD_ID,
        RECORD_VERSION,
        RECORD_OPERATION,
        RECORDED_AT,
        RECORD_CHANGESET,
        RECORD_XID,
    ];
    let redacted = recording.redacts().then_some(RECORD_REDACTED);
    let properties = recording.properties.iter().map(|it| it.name);
    let plain = bookkeeping.into_iter().chain(redacted).chain(properties);
    let plain = plain.map(|name| quoted(kind, name));
    let columns = recording.columns.iter().map(|column| {
        let name = quoted(kind, column.name);
        let value = column.out_of_record(kind, table, name.clone());
        raw!("{value} AS {name}", value, name)
    });
    let columns: Vec<Raw> = plain.chain(columns).collect();
    raw!(
        "(SELECT {} FROM {})",
        [Raw::join(columns, ", "), quoted(kind, recording.records)]
    )
}

/// The value as a text that each of the two types reads. A time is given in
/// UTC, whatever the zone of the session and the style of its dates; a type
/// without a zone passes over the zone.
fn text(sql_type: &str, value: &Raw) -> Raw {
    if !is_moment(sql_type) {
        return raw!("CAST({value} AS TEXT)", value);
    }
    raw!(
        "CASE WHEN isfinite({value}) THEN regexp_replace((CASE WHEN pg_typeof({value}) = 'timestamptz'::regtype \
         THEN to_json({value} AT TIME ZONE 'UTC') ELSE to_json({value}) END) #>> '{{}}', '( BC)?$', '+00\\1') \
         ELSE CAST({value} AS TEXT) END",
        value
    )
}

fn is_moment(sql_type: &str) -> bool {
    sql_type
        .trim()
        .get(.."timestamp".len())
        .is_some_and(|start| start.eq_ignore_ascii_case("timestamp"))
}
