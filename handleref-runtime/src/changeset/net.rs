//! The net effect of a changeset on the rows of one model: how each was before
//! the first of its records, and how it is after the last one.

use super::models::Facts;
use super::object::ObjectRef;
use super::stored::Changeset;
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::executor::Executor;
use crate::key::Key;
use crate::record::facts::{
    RECORD_CHANGESET, RECORD_ID, RECORD_OPERATION, RECORD_REDACTED, RECORD_VERSION,
};
use crate::record::living::lives_sql;
use crate::record::query::{Beside, Loaded, Rest, Sql};
use crate::record::{Fields, Json, LiveName, Operation, Recall, Recorded};
use crate::text::{integer, quoted};
use serde_json::Value;
use std::collections::HashMap;

/// A row at one of its records.
#[derive(Debug, Clone)]
pub(super) struct StateAt {
    pub(super) version: i64,
    /// Whether it is not soft-deleted.
    pub(super) live: bool,
    /// In the order of the columns.
    pub(super) values: Vec<Value>,
}

/// What a changeset did to one row.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Net {
    pub(super) object: ObjectRef,
    /// Its first and its last record in the changeset.
    pub(super) first: i64,
    pub(super) last: i64,
    /// `None` if it was not there.
    pub(super) before: Option<StateAt>,
    pub(super) after: Option<StateAt>,
    /// The redacted columns that changed.
    pub(super) redacted: Vec<String>,
    /// Whether `before` is known.
    pub(super) known: bool,
}

/// The places of the columns in which two states of a row differ: those whose
/// values are recorded, without those that handleref writes with every change.
pub(super) fn differing(facts: &Facts, one: &[Value], other: &[Value]) -> Vec<usize> {
    let columns = 0..facts.model.recording.columns.len();
    columns
        .filter(|at| facts.tells(*at) && one.get(*at) != other.get(*at))
        .collect()
}

/// A row that a changeset touched.
pub(super) struct Touched<M: Recorded> {
    pub(super) key: M::RecordKey,
    pub(super) net: Net,
}

/// The rows of a model that a changeset touched, in the order of their first
/// records. Two queries, whatever the number of rows.
pub(super) async fn touched<M, C>(
    conn: &mut C,
    changeset: &Changeset,
) -> Result<Vec<Touched<M>>, Error>
where
    C: Executor,
    M: Recall<C> + Loaded<C> + Fields<Json>,
{
    let (kind, table) = (C::Backend::KIND, M::LiveTable::SQL_NAME);
    let records = quoted(kind, M::RECORDING.records);
    let belongs = belongs(changeset);
    let from = format!(
        " FROM {records} AS {} WHERE {belongs} ORDER BY {RECORD_ID}",
        quoted(kind, table)
    );
    let rows = M::load_beside(conn, beside::<M, C>(), rest(from)).await?;
    let mut found: Vec<Touched<M>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (id, version, said, lives, row) in rows {
        let key = row.record_key();
        let text = key.text();
        let (operation, redacted) = said.split_once(' ').unwrap_or((&said, ""));
        let at = *places.entry(text).or_insert_with_key(|text| {
            found.push(Touched {
                key,
                net: Net {
                    object: ObjectRef {
                        model: M::RECORDED_NAME.to_owned(),
                        key: text.clone(),
                    },
                    first: id,
                    last: id,
                    before: None,
                    after: None,
                    redacted: Vec::new(),
                    known: operation == Operation::Insert.as_str(),
                },
            });
            found.len() - 1
        });
        let Some(Touched { net, .. }) = found.get_mut(at) else {
            continue;
        };
        net.last = id;
        net.after = state(operation, version, lives, &row);
        let names = redacted.split(',').filter(|name| !name.is_empty());
        for name in names {
            if !net.redacted.iter().any(|known| known == name) {
                net.redacted.push(name.to_owned());
            }
        }
    }
    if found.is_empty() {
        return Ok(found);
    }
    for (_, version, operation, lives, row) in before::<M, C>(conn, &belongs).await? {
        let place = places.get(&row.record_key().text());
        if let Some(Touched { net, .. }) = place.and_then(|at| found.get_mut(*at)) {
            let operation = operation.split_once(' ').map_or(&*operation, |(it, _)| it);
            net.before = state(operation, version, lives, &row);
            net.known = true;
        }
    }
    Ok(found)
}

fn state<M: Fields<Json>>(operation: &str, version: i64, lives: i64, row: &M) -> Option<StateAt> {
    (operation != Operation::Delete.as_str()).then(|| StateAt {
        version,
        live: lives != 0,
        values: row.values(),
    })
}

fn rest<'a, C: Executor>(sql: String) -> Rest<'a, C> {
    Rest(Sql::once(sql))
}

/// Whether a record belongs to a changeset. The range of numbers finds it by
/// the primary key.
fn belongs(changeset: &Changeset) -> String {
    let until = match changeset.last {
        Some(last) => format!(" AND {RECORD_ID} <= {last}"),
        None => String::new(),
    };
    format!(
        "{RECORD_CHANGESET} = {} AND {RECORD_ID} > {}{until}",
        changeset.no.0, changeset.first
    )
}

/// Number, version, operation with redacted columns, and whether the row lives.
fn beside<'a, M: Recorded, C: Executor>() -> Rest<'a, C> {
    let kind = C::Backend::KIND;
    let said = match (M::RECORDING.redacts(), kind) {
        (false, _) => RECORD_OPERATION.to_owned(),
        (true, Kind::Mysql) => {
            format!("CONCAT({RECORD_OPERATION}, ' ', COALESCE({RECORD_REDACTED}, ''))")
        }
        (true, _) => format!("{RECORD_OPERATION} || ' ' || COALESCE({RECORD_REDACTED}, '')"),
    };
    let integer = integer::<C>();
    rest(format!(
        "{RECORD_ID}, {RECORD_VERSION}, {said}, CAST(CASE WHEN {} THEN 1 ELSE 0 END AS {integer})",
        lives_sql(kind, M::RECORDED_ROLES, "")
    ))
}

/// The last record of each touched row before its first one in the changeset.
async fn before<M, C>(conn: &mut C, belongs: &str) -> Result<Vec<Beside<M>>, Error>
where
    C: Executor,
    M: Recall<C> + Loaded<C>,
{
    let kind = C::Backend::KIND;
    let records = quoted(kind, M::RECORDING.records);
    let names: Vec<String> = M::RECORDED_KEY.iter().map(|it| quoted(kind, it)).collect();
    let same: Vec<String> = names
        .iter()
        .map(|name| format!("handleref_p.{name} = handleref_f.{name}"))
        .collect();
    let (names, same) = (names.join(", "), same.join(" AND "));
    let table = quoted(kind, M::LiveTable::SQL_NAME);
    let from = format!(
        " FROM (SELECT {names}, MIN({RECORD_ID}) AS handleref_first FROM {records} WHERE {belongs} GROUP BY {names}) handleref_f \
         JOIN {records} AS {table} ON {table}.{RECORD_ID} = \
         (SELECT MAX(handleref_p.{RECORD_ID}) FROM {records} handleref_p WHERE {same} \
         AND handleref_p.{RECORD_ID} < handleref_f.handleref_first)"
    );
    Ok(M::load_beside(conn, beside::<M, C>(), rest(from)).await?)
}
