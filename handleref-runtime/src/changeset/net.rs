//! The net effect of a changeset on the rows of one model: how each was before
//! the first of its records, and how it is after the last one.

use super::stored::Changeset;
use crate::engine::Kind;
use crate::error::Error;
use crate::facts::{
    RECORD_CHANGESET, RECORD_ID, RECORD_OPERATION, RECORD_REDACTED, RECORD_VERSION,
};
use crate::history::any::{AnyInstance, AnyKey, AnyModel, Rows};
use crate::history::fields::Metadata;
use crate::history::previous::previous_sql;
use crate::history::subject::Subject;
use crate::history::{ObjectRef, Operation};
use crate::model::lives_sql;
use crate::session::{Head, Session};
use crate::sql::{Raw, Sql, quoted, raw};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// A row at one of its records.
#[derive(Debug, Clone)]
pub(super) struct StateAt {
    /// The number of the record.
    pub(super) record: i64,
    pub(super) version: i64,
    /// Whether it is not soft-deleted.
    pub(super) live: bool,
    /// In the order of the columns.
    pub(super) values: Vec<Value>,
}

/// What a changeset did to one row.
#[derive(Debug, Clone)]
pub(super) struct Net {
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
pub(super) fn differing(facts: &Metadata, one: &[Value], other: &[Value]) -> Vec<usize> {
    let columns = 0..facts.model.recording.columns.len();
    columns
        .filter(|at| facts.tells(*at) && one.get(*at) != other.get(*at))
        .collect()
}

/// A row that a changeset touched.
pub(super) struct Touched {
    pub(super) key: AnyKey,
    pub(super) net: Net,
}

/// What a changeset did to the rows of a model.
pub(super) async fn nets(
    conn: &mut dyn Session,
    model: &dyn AnyModel,
    changeset: &Changeset,
) -> Result<Vec<Net>, Error> {
    Ok(read(conn, model, changeset).await?.0)
}

/// The same, and the keys of the rows.
pub(super) async fn touched(
    conn: &mut dyn Session,
    model: &dyn AnyModel,
    changeset: &Changeset,
) -> Result<Vec<Touched>, Error> {
    let (nets, rows) = read(conn, model, changeset).await?;
    let touched = nets.into_iter().filter_map(|net| {
        let row = rows.get(&net.object.key)?;
        let key = model.key_of(&**row)?;
        Some(Touched { key, net })
    });
    Ok(touched.collect())
}

/// The rows of a model that a changeset touched, in the order of their first
/// records, and one state of each by its key. Two queries, whatever the number
/// of rows.
async fn read(
    conn: &mut dyn Session,
    model: &dyn AnyModel,
    changeset: &Changeset,
) -> Result<(Vec<Net>, HashMap<String, Arc<dyn AnyInstance>>), Error> {
    let (kind, subject) = (conn.kind(), model.facts().model);
    let from = of_changeset(&subject, changeset);
    let rows = model.load(conn, columns(kind, &subject), from).await?;
    let by_key = rows.iter().map(|(_, row)| (row.key(), row.clone()));
    let by_key = by_key.collect();
    let earlier = match rows.is_empty() {
        true => Vec::new(),
        false => {
            let from = before(kind, &subject, changeset);
            model.load(conn, columns(kind, &subject), from).await?
        }
    };
    let records = |rows: Rows| -> Result<Vec<Read>, Error> {
        let rows = rows.into_iter();
        rows.map(|(head, row)| record(head, row.key(), row.values()))
            .collect()
    };
    let nets = net_of(subject.name, records(rows)?, records(earlier)?);
    Ok((nets, by_key))
}

/// A record, without the type of its row.
struct Read {
    id: i64,
    version: i64,
    operation: String,
    redacted: Option<String>,
    live: bool,
    key: String,
    values: Vec<Value>,
}

fn record(head: Head, key: String, values: Vec<Value>) -> Result<Read, Error> {
    let (id, version, operation, redacted, live) = head.read()?;
    Ok(Read {
        id,
        version,
        operation,
        redacted,
        live,
        key,
        values,
    })
}

impl Read {
    fn state(self) -> Option<StateAt> {
        (self.operation != Operation::Delete.as_str()).then_some(StateAt {
            record: self.id,
            version: self.version,
            live: self.live,
            values: self.values,
        })
    }
}

/// From the records of a changeset, and the last one of each row before them.
fn net_of(model: &'static str, rows: Vec<Read>, before: Vec<Read>) -> Vec<Net> {
    let mut found: Vec<Net> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for row in rows {
        let at = *places.entry(row.key.clone()).or_insert_with_key(|key| {
            found.push(Net {
                object: ObjectRef {
                    model: model.to_owned(),
                    key: key.clone(),
                },
                first: row.id,
                last: row.id,
                before: None,
                after: None,
                redacted: Vec::new(),
                known: row.operation == Operation::Insert.as_str(),
            });
            found.len() - 1
        });
        let Some(net) = found.get_mut(at) else {
            continue;
        };
        net.last = row.id;
        let names = row.redacted.as_deref().unwrap_or_default().split(',');
        for name in names.filter(|name| !name.is_empty()) {
            if !net.redacted.iter().any(|known| known == name) {
                net.redacted.push(name.to_owned());
            }
        }
        net.after = row.state();
    }
    for row in before {
        let place = places.get(&row.key);
        if let Some(net) = place.and_then(|at| found.get_mut(*at)) {
            net.before = row.state();
            net.known = true;
        }
    }
    found
}

/// Whether a record belongs to a changeset. The range of numbers finds it by
/// the primary key.
fn belongs<'a>(sql: Sql<'a>, changeset: &Changeset) -> Sql<'a> {
    let sql = sql.name(RECORD_CHANGESET).sql(" = ").bind(changeset.no.0);
    let sql = sql.sql(" AND ").name(RECORD_ID);
    let sql = sql.sql(" > ").bind(changeset.first);
    match changeset.last {
        Some(last) => sql.sql(" AND ").name(RECORD_ID).sql(" <= ").bind(last),
        None => sql,
    }
}

/// Number, version, operation, redacted columns, and whether the row lives.
fn columns(kind: Kind, subject: &Subject) -> (usize, Sql<'static>) {
    let sql = Sql::new("").names("", &[RECORD_ID, RECORD_VERSION, RECORD_OPERATION]);
    let sql = match subject.recording.redacts() {
        true => sql.sql(", ").name(RECORD_REDACTED),
        false => sql.sql(", NULL"),
    };
    let lives = lives_sql(kind, subject.roles, "");
    let sql = sql.sql(", CASE WHEN ").made(lives);
    (5, sql.sql(" THEN 1 ELSE 0 END"))
}

fn of_changeset(subject: &Subject, changeset: &Changeset) -> Sql<'static> {
    let from = Sql::new(" FROM ").name(subject.recording.records);
    let from = from.sql(" AS ").name(subject.table).sql(" WHERE ");
    let from = belongs(from, changeset).sql(" ORDER BY ");
    from.name(RECORD_ID)
}

/// The last record of each touched row before its first one in the changeset.
fn before(kind: Kind, subject: &Subject, changeset: &Changeset) -> Sql<'static> {
    let records = quoted(kind, subject.recording.records);
    let table = quoted(kind, subject.table);
    let names = subject.key.iter().map(|name| quoted(kind, name));
    let names = Raw::join(names, ", ");
    let first = "handleref_f.handleref_first";
    let previous = previous_sql(kind, &records, subject.key, "handleref_f", first);
    let from = Sql::new("").made(raw!(
        " FROM (SELECT {names}, MIN({RECORD_ID}) AS handleref_first FROM {records} WHERE ",
        names,
        RECORD_ID,
        records
    ));
    belongs(from, changeset).made(raw!(
        " GROUP BY {names}) handleref_f JOIN {records} AS {table} ON {table}.{RECORD_ID} = {previous}",
        names,
        records,
        table,
        RECORD_ID,
        previous
    ))
}
