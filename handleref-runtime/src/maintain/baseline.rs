//! The statement that writes the first records of rows.

use super::Subject;
use super::keys::Range;
use crate::context::numbers::{LAST_OF_SQLITE, next_number};
use crate::engine::Kind;
use crate::facts::{
    Capture, RECORD_CHANGESET, RECORD_ID, RECORD_OPERATION, RECORD_REDACTED, RECORD_VERSION,
    RECORDED_AT,
};
use crate::sql::{Raw, literal, quoted, raw, same_key};

/// The condition of a row of the range that is to have a baseline.
pub(super) fn missing(kind: Kind, subject: &Subject, range: &Range) -> Raw {
    let table = quoted(kind, subject.table);
    let records = quoted(kind, subject.recording.records);
    let same = same_key(kind, subject.key, "handleref_r", &table);
    // The range once more, or some engines begin at the first record each time.
    let mut condition = raw!(
        "{} AND NOT EXISTS (SELECT 1 FROM {records} handleref_r WHERE {same} AND {})",
        [
            range.condition(kind, &table, subject.key),
            range.condition(kind, "handleref_r", subject.key)
        ],
        records,
        same
    );
    if let Some(only) = subject.recording.condition {
        condition.push(raw!(" AND ({only})", only));
    }
    condition
}

/// `INSERT INTO <records> .. SELECT .. FROM <table> WHERE <missing>`
pub(super) fn insert_sql(kind: Kind, subject: &Subject, range: &Range, size: u32) -> Raw {
    let recording = &subject.recording;
    let table = quoted(kind, subject.table);
    let version = match subject.roles.version {
        Some((version, _)) => raw!("{table}.{}", [quoted(kind, version)], table),
        None => "1".into(),
    };
    let key: Vec<_> = subject
        .key
        .iter()
        .map(|it| raw!("{table}.{}", [quoted(kind, it)], table))
        .collect();
    let key = Raw::join(key, ", ");
    // Baselines come before everything else, so their numbers are negative.
    let id = match next_number(kind) {
        Some(next) => raw!("-{next}", next),
        None => raw!(
            "ROW_NUMBER() OVER (ORDER BY {key}) - {size} - 1 - {LAST_OF_SQLITE}",
            key,
            size,
            LAST_OF_SQLITE
        ),
    };
    let began = raw!(
        "(SELECT began_at FROM handleref_recordings WHERE record_table = {})",
        [literal(kind, recording.records)]
    );
    let mut pairs: Vec<(&str, Raw)> = vec![
        (RECORD_ID, id),
        (RECORD_VERSION, version),
        (RECORD_OPERATION, "'baseline'".into()),
        (RECORDED_AT, began),
        (RECORD_CHANGESET, "NULL".into()),
    ];
    if recording.redacts() {
        pairs.push((RECORD_REDACTED, "NULL".into()));
    }
    pairs.extend(recording.columns.iter().map(|column| {
        let value = match column.capture {
            Capture::Value => {
                column.as_recorded(kind, raw!("{table}.{}", [quoted(kind, column.name)], table))
            }
            Capture::Skipped(stand_in) | Capture::Redacted(stand_in) => {
                stand_in.map_or_else(|| "NULL".into(), |sql| raw!("({sql})", sql))
            }
        };
        (column.name, value)
    }));
    pairs.extend(recording.properties.iter().map(|property| {
        let value = property
            .sql
            .map_or_else(|| "NULL".into(), |sql| raw!("({sql})", sql));
        (property.name, value)
    }));
    let names: Vec<_> = pairs.iter().map(|(name, _)| quoted(kind, name)).collect();
    let values: Vec<_> = pairs.into_iter().map(|(_, value)| value).collect();
    raw!(
        "INSERT INTO {} ({}) SELECT {} FROM {table} WHERE {} ORDER BY {key}",
        [
            quoted(kind, recording.records),
            Raw::join(names, ", "),
            Raw::join(values, ", "),
            missing(kind, subject, range)
        ],
        table,
        key
    )
}
