//! Which records a prune deletes.

use super::Subject;
use super::held::{self, is_held};
use super::holds::holds_of;
use crate::error::Error;
use crate::facts::{RECORD_ID, RECORDED_AT};
use crate::history::any::{AnyKey, Keyed};
use crate::session::Session;
use crate::sql::{Sql, literal_sql, quoted, raw, same_key};
use crate::time::TimeKind;
use chrono::NaiveDateTime;

/// Which records go: those that every rule lets go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) before: Option<NaiveDateTime>,
    pub(super) keep: Option<u32>,
    pub(super) batch: u32,
}

/// A record that is to be deleted, and the one that follows it.
pub(super) struct Doomed {
    pub(super) id: i64,
    pub(super) hidden_by: i64,
    pub(super) hidden_at: NaiveDateTime,
}

/// The last of the next records, and how many they are.
pub(super) fn bounds_sql(subject: &Subject, after: i64, batch: u32) -> Sql<'static> {
    Sql::once(raw!(
        "SELECT COALESCE(MAX({RECORD_ID}), 0), COUNT(*) FROM (SELECT {RECORD_ID} FROM ",
        RECORD_ID
    ))
    .name(subject.recording.records)
    .made(raw!(" WHERE {RECORD_ID} > ", RECORD_ID))
    .bind(after)
    .made(raw!(
        " ORDER BY {RECORD_ID} LIMIT {batch}",
        RECORD_ID,
        batch
    ))
    .sql(") handleref_b")
}

pub(super) async fn doomed(
    conn: &mut dyn Session,
    model: &Keyed,
    rules: Rules,
    (after, until): (i64, i64),
) -> Result<Vec<Doomed>, Error> {
    let subject = &model.subject;
    let Some(keys) = held::keys(model, &holds_of(conn, *subject).await?) else {
        return Ok(Vec::new());
    };
    let keys: Vec<&AnyKey> = keys.iter().collect();
    let kind = conn.kind();
    let records = quoted(kind, subject.recording.records);
    let later = raw!(
        "{} AND handleref_o.{RECORD_ID} > {records}.{RECORD_ID}",
        [same_key(kind, subject.key, "handleref_o", &records)],
        RECORD_ID,
        records
    );
    // The subject is not aliased, so that the key's columns, which are written
    // without a table, are those of the record in question.
    let mut inner = Sql::new("SELECT ").made(raw!(
        "{records}.{RECORD_ID} AS handleref_id, (SELECT MIN(handleref_o.{RECORD_ID}) \
         FROM {records} handleref_o WHERE {later}) AS handleref_next FROM {records} WHERE {records}.{RECORD_ID} > {after} \
         AND {records}.{RECORD_ID} <= {until}",
        records, RECORD_ID, later, after, until
    ));
    if let Some(before) = rules.before {
        let before = literal_sql(kind, TimeKind::Plain, before);
        inner = inner.made(raw!(
            " AND {records}.{RECORDED_AT} <= {before} AND EXISTS (SELECT 1 FROM {records} handleref_o \
             WHERE {later} AND handleref_o.{RECORDED_AT} <= {before})",
            records, RECORDED_AT, before, later
        ));
    }
    if let Some(keep) = rules.keep {
        inner = inner.made(raw!(
            " AND (SELECT handleref_o.{RECORD_ID} FROM {records} handleref_o WHERE {later} \
             ORDER BY handleref_o.{RECORD_ID} LIMIT 1 OFFSET {}) IS NOT NULL",
            [keep - 1],
            RECORD_ID,
            records,
            later
        ));
    }
    if !keys.is_empty() {
        inner = any(inner.sql(" AND NOT "), &keys, &|key| {
            is_held(kind, subject, key)
        });
    }
    let query = Sql::once("SELECT handleref_d.handleref_id, handleref_d.handleref_next, handleref_n.")
        .name(RECORDED_AT)
        .sql(" FROM (")
        .append(inner)
        .made(raw!(
            ") handleref_d JOIN {records} handleref_n ON handleref_n.{RECORD_ID} = handleref_d.handleref_next",
            records, RECORD_ID
        ));
    let rows = conn.rows(query).await?;
    let read = |(id, hidden_by, hidden_at)| Doomed {
        id,
        hidden_by,
        hidden_at,
    };
    Ok(rows.into_iter().map(read).collect())
}

/// `(a OR b OR ..)`, as a flat tree: SQLite's may not be deeper than 1000.
pub(super) fn any<'a>(
    sql: Sql<'a>,
    keys: &[&'a AnyKey],
    one: &dyn Fn(&'a AnyKey) -> Sql<'a>,
) -> Sql<'a> {
    match keys {
        [] => sql.sql("(1 = 0)"),
        [key] => sql.sql("(").append(one(key)).sql(")"),
        keys => {
            let (first, rest) = keys.split_at(keys.len() / 2);
            any(any(sql.sql("("), first, one).sql(" OR "), rest, one).sql(")")
        }
    }
}
