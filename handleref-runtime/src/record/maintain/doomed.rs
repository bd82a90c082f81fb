//! Which records a prune deletes.

use super::Subject;
use super::held::{self, IsHeld};
use super::holds::holds_of;
use crate::engine::Engine;
use crate::error::Error;
use crate::executor::{Executor, Steps};
use crate::record::facts::{RECORD_ID, RECORDED_AT};
use crate::record::model::Recall;
use crate::record::query::Sql;
use crate::text::{self, as_text, integer, parse_time, quoted, read_all, time_as_text};
use crate::time::{TimeKind, literal_sql};
use chrono::NaiveDateTime;
use diesel::query_builder::QueryFragment;

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
pub(super) fn bounds_sql<C: Steps>(subject: &Subject, after: i64, batch: u32) -> text::Sql {
    let integer = integer::<C>();
    text::Sql::new::<C>()
        .sql(&format!(
            "SELECT CAST(COALESCE(MAX({RECORD_ID}), 0) AS {integer}), CAST(COUNT(*) AS {integer}) \
             FROM (SELECT {RECORD_ID} FROM "
        ))
        .name(subject.recording.records)
        .sql(&format!(" WHERE {RECORD_ID} > "))
        .number(after)
        .sql(&format!(" ORDER BY {RECORD_ID} LIMIT "))
        .number(batch.into())
        .sql(") handleref_b")
}

pub(super) async fn doomed<M, C>(
    conn: &mut C,
    subject: &Subject,
    rules: Rules,
    (after, until): (i64, i64),
) -> Result<Vec<Doomed>, Error>
where
    C: Executor,
    M: Recall<C>,
{
    let Some(keys) = held::keys::<M>(&holds_of(conn, *subject).await?) else {
        return Ok(Vec::new());
    };
    let conditions: Vec<_> = keys.iter().map(IsHeld::<M, C>::new).collect();
    let kind = C::Backend::KIND;
    let records = quoted(kind, subject.recording.records);
    let same = |one: &str, other: &str| -> String {
        let columns = subject.key.iter().map(|column| {
            let column = quoted(kind, column);
            format!("{one}.{column} = {other}.{column} AND ")
        });
        columns.collect()
    };
    let later = format!(
        "{}handleref_o.{RECORD_ID} > {records}.{RECORD_ID}",
        same("handleref_o", &records)
    );
    // The subject is not aliased, so that the key's columns, which are written
    // without a table, are those of the record in question.
    let mut inner = Sql::new("SELECT ").text(format!(
        "{records}.{RECORD_ID} AS handleref_id, (SELECT MIN(handleref_o.{RECORD_ID}) FROM {records} handleref_o \
         WHERE {later}) AS handleref_next FROM {records} WHERE {records}.{RECORD_ID} > {after} \
         AND {records}.{RECORD_ID} <= {until}"
    ));
    if let Some(before) = rules.before {
        let before = literal_sql(kind, TimeKind::Plain, before);
        inner = inner.text(format!(
            " AND {records}.{RECORDED_AT} <= {before} AND EXISTS (SELECT 1 FROM {records} handleref_o \
             WHERE {later} AND handleref_o.{RECORDED_AT} <= {before})"
        ));
    }
    if let Some(keep) = rules.keep {
        inner = inner.text(format!(
            " AND (SELECT handleref_o.{RECORD_ID} FROM {records} handleref_o WHERE {later} \
             ORDER BY handleref_o.{RECORD_ID} LIMIT 1 OFFSET {}) IS NOT NULL",
            keep - 1
        ));
    }
    if !conditions.is_empty() {
        inner = any(inner.text(" AND NOT "), &conditions);
    }
    let query = Sql::new("SELECT ")
        .text(as_text::<C>("handleref_d.handleref_id"))
        .text(", ")
        .text(as_text::<C>("handleref_d.handleref_next"))
        .text(", ")
        .text(time_as_text::<C>(&format!("handleref_n.{RECORDED_AT}")))
        .text(", ")
        .text(as_text::<C>("NULL"))
        .text(" FROM (")
        .append(inner)
        .text(format!(
            ") handleref_d JOIN {records} handleref_n ON handleref_n.{RECORD_ID} = handleref_d.handleref_next"
        ));
    read_all(
        conn.texts(query).await?,
        "a record to prune",
        |(id, next, at, _)| {
            Some(Doomed {
                id: id?.parse().ok()?,
                hidden_by: next?.parse().ok()?,
                hidden_at: parse_time(&at?)?,
            })
        },
    )
}

/// `(a OR b OR ..)`, as a flat tree: SQLite's may not be deeper than 1000.
pub(super) fn any<'a, DB: Engine, F>(sql: Sql<'a, DB>, keys: &'a [F]) -> Sql<'a, DB>
where
    F: QueryFragment<DB> + Send + Sync,
{
    match keys {
        [] => sql.text("(1 = 0)"),
        [key] => sql.text("(").part(key).text(")"),
        keys => {
            let (one, other) = keys.split_at(keys.len() / 2);
            any(any(sql.text("("), one).text(" OR "), other).text(")")
        }
    }
}
