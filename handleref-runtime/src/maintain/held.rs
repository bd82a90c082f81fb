//! Keys that are held, in whatever way they are written.

use super::Subject;
use super::doomed::any;
use super::holds::Hold;
use crate::engine::Kind;
use crate::error::Error;
use crate::history::any::{AnyKey, Keyed};
use crate::session::Session;
use crate::sql::{Raw, Sql, quoted, raw};

/// The keys of holds; `None` if all rows are held. A hold whose key cannot be
/// read (any more) holds everything.
pub(super) fn keys(model: &Keyed, holds: &[Hold]) -> Option<Vec<AnyKey>> {
    let keys = holds
        .iter()
        .map(|hold| model.keys.read(hold.key.as_deref()?));
    keys.collect()
}

/// A condition on the record table: that the record is of this key, as the
/// type and the collation of the column have it.
pub(super) fn is_held<'a>(kind: Kind, subject: &Subject, key: &'a AnyKey) -> Sql<'a> {
    let is = key_is(key);
    if kind != Kind::Postgres {
        return is;
    }
    let columns = subject.key.iter();
    let columns: Vec<_> = columns.map(|name| quoted(kind, name)).collect();
    Sql::new("(")
        .append(is)
        .sql(" OR ")
        .append(key_row(subject, key))
        .made(raw!(
            " OPERATOR(pg_catalog.=) ROW({}))",
            [Raw::join(columns, ", ")]
        ))
}

/// A key as a row of the types that the record table has (PostgreSQL). Two of
/// them are compared by the equality of these types: a bound text would make
/// texts of both sides, and `citext` one that tells cases apart.
fn key_row<'a>(subject: &Subject, key: &'a AnyKey) -> Sql<'a> {
    let kind = Kind::Postgres;
    let names = |prefix: &'static str| {
        let names = subject.key.iter();
        let names: Vec<_> = names
            .map(|name| raw!("{prefix}{}", [quoted(kind, name)], prefix))
            .collect();
        Raw::join(names, ", ")
    };
    // The subquery first, or PostgreSQL would compare its columns one by one,
    // by operators that it finds on the search path.
    Sql::new("")
        .made(raw!(
            "(SELECT ROW({}) FROM pg_catalog.json_populate_record(NULL::{}, \
             (SELECT pg_catalog.row_to_json(handleref_v) FROM (VALUES (",
            [
                names("handleref_k."),
                quoted(kind, subject.recording.records)
            ]
        ))
        .typed(&key.values)
        .made(raw!(")) AS handleref_v({}))) AS handleref_k)", [names("")]))
}

/// Why a row is held, if it is.
pub(crate) async fn held(
    conn: &mut dyn Session,
    model: &Keyed,
    own: &AnyKey,
    holds: &[Hold],
) -> Result<Option<String>, Error> {
    let mut others = Vec::new();
    for hold in holds {
        match hold.key.as_deref().and_then(|key| model.keys.read(key)) {
            Some(key) if key.text != own.text => others.push((key, hold.reason.clone())),
            _ => return Ok(Some(hold.reason.clone())),
        }
    }
    // Halves, until one is left: the usual answer is none of them.
    let mut parts: Vec<&[(AnyKey, String)]> = others.chunks(500).collect();
    while let Some(part) = parts.pop() {
        if !is_one_of(conn, &model.subject, own, part).await? {
            continue;
        }
        match part {
            [(_, reason)] => return Ok(Some(reason.clone())),
            part => {
                let (one, other) = part.split_at(part.len() / 2);
                parts.extend([other, one]);
            }
        }
    }
    Ok(None)
}

fn key_is(key: &AnyKey) -> Sql<'_> {
    Sql::new("").typed(&key.condition)
}

/// Whether a key is one of these. Where the database cannot compare them by
/// themselves, a record, or the row, has to have both.
async fn is_one_of(
    conn: &mut dyn Session,
    subject: &Subject,
    own: &AnyKey,
    others: &[(AnyKey, String)],
) -> Result<bool, Error> {
    let kind = conn.kind();
    let others: Vec<&AnyKey> = others.iter().map(|(key, _)| key).collect();
    let (records, rows): (i64, i64) = if kind == Kind::Postgres {
        let same = |key| {
            key_row(subject, own)
                .sql(" OPERATOR(pg_catalog.=) ")
                .append(key_row(subject, key))
        };
        let sql = any(Sql::once("SELECT CASE WHEN "), &others, &same);
        conn.one(sql.sql(" THEN 1 ELSE 0 END, 0")).await?
    } else {
        let mut sql = Sql::once("SELECT ");
        for (at, table) in [subject.recording.records, subject.table]
            .into_iter()
            .enumerate()
        {
            let table = quoted(kind, table);
            sql = sql
                .sql(if at > 0 { ", " } else { "" })
                .made(raw!("(SELECT COUNT(*) FROM {table} WHERE ", table))
                .typed(&own.condition);
            sql = any(sql.sql(" AND "), &others, &key_is).sql(")");
        }
        conn.one(sql).await?
    };
    Ok(records > 0 || rows > 0)
}
