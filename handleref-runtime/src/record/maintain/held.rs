//! Keys that are held, in whatever way they are written.

use super::Subject;
use super::doomed::any;
use super::holds::Hold;
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::key::Key;
use crate::record::model::{Recall, Recorded};
use crate::record::query::KeyIs;
use crate::row::ColumnWriter;
use crate::row::columns::Form;
use crate::session::Session;
use crate::sql::{Sql, quoted};
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;
use std::marker::PhantomData;

/// The keys of holds; `None` if all rows are held. A hold whose key cannot be
/// read (any more) holds everything.
pub(super) fn keys<M: Recorded>(holds: &[Hold]) -> Option<Vec<M::RecordKey>> {
    let keys = holds
        .iter()
        .map(|hold| M::RecordKey::parse(hold.key.as_deref()?));
    keys.collect()
}

/// A condition on the record table: that the record is of this key, as the
/// type and the collation of the column have it.
pub(super) struct IsHeld<'a, M: Recorded, DB> {
    is: KeyIs<'a, M, DB>,
    row: KeyRow<'a, M, DB>,
}

impl<'a, M: Recorded, DB> IsHeld<'a, M, DB> {
    pub(super) fn new(key: &'a M::RecordKey) -> Self {
        Self {
            is: KeyIs::new(key),
            row: KeyRow::new(key),
        }
    }
}

impl<M: Recall<DB>, DB: Engine> QueryFragment<DB> for IsHeld<'_, M, DB> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if DB::KIND != Kind::Postgres {
            return self.is.walk_ast(out);
        }
        let columns = M::RECORDED_KEY.iter();
        let columns: Vec<_> = columns.map(|name| quoted(Kind::Postgres, name)).collect();
        out.push_sql("(");
        self.is.walk_ast(out.reborrow())?;
        out.push_sql(" OR ");
        self.row.walk_ast(out.reborrow())?;
        out.push_sql(&format!(
            " OPERATOR(pg_catalog.=) ROW({}))",
            columns.join(", ")
        ));
        Ok(())
    }
}

/// A key as a row of the types that the record table has (PostgreSQL). Two of
/// them are compared by the equality of these types: a bound text would make
/// texts of both sides, and `citext` one that tells cases apart.
struct KeyRow<'a, M: Recorded, DB> {
    key: &'a M::RecordKey,
    conn: PhantomData<fn() -> DB>,
}

impl<'a, M: Recorded, DB> KeyRow<'a, M, DB> {
    fn new(key: &'a M::RecordKey) -> Self {
        Self {
            key,
            conn: PhantomData,
        }
    }
}

impl<M: Recall<DB>, DB: Engine> QueryFragment<DB> for KeyRow<'_, M, DB> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let names = |prefix: &str| {
            let names = M::RECORDED_KEY.iter();
            let names: Vec<_> = names
                .map(|name| format!("{prefix}{}", quoted(DB::KIND, name)))
                .collect();
            names.join(", ")
        };
        // The subquery first, or PostgreSQL would compare its columns one by one,
        // by operators that it finds on the search path.
        out.push_sql(&format!(
            "(SELECT ROW({}) FROM pg_catalog.json_populate_record(NULL::{}, \
             (SELECT pg_catalog.row_to_json(handleref_v) FROM (VALUES (",
            names("handleref_k."),
            quoted(DB::KIND, M::RECORDING.records)
        ));
        M::walk_key(
            self.key,
            &mut ColumnWriter::new(out.reborrow(), Form::Values),
        )?;
        out.push_sql(&format!(
            ")) AS handleref_v({}))) AS handleref_k)",
            names("")
        ));
        Ok(())
    }
}

/// Whether two keys are one to their type (PostgreSQL).
struct SameKey<'a, M: Recorded, DB>(KeyRow<'a, M, DB>, KeyRow<'a, M, DB>);

impl<M: Recall<DB>, DB: Engine> QueryFragment<DB> for SameKey<'_, M, DB> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(" OPERATOR(pg_catalog.=) ");
        self.1.walk_ast(out)
    }
}

/// Why a row is held, if it is.
pub(crate) async fn held<M, DB>(
    conn: &mut dyn Session,
    own: &M::RecordKey,
    holds: &[Hold],
) -> Result<Option<String>, Error>
where
    DB: Engine,
    M: Recall<DB>,
{
    let mut others = Vec::new();
    for hold in holds {
        match hold.key.as_deref().and_then(M::RecordKey::parse) {
            Some(key) if key.text() != own.text() => others.push((key, hold.reason.clone())),
            _ => return Ok(Some(hold.reason.clone())),
        }
    }
    // Halves, until one is left: the usual answer is none of them.
    let mut parts: Vec<&[(M::RecordKey, String)]> = others.chunks(500).collect();
    while let Some(part) = parts.pop() {
        if !is_one_of::<M, DB>(conn, own, part).await? {
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

/// Whether a key is one of these. Where the database cannot compare them by
/// themselves, a record, or the row, has to have both.
async fn is_one_of<M, DB>(
    conn: &mut dyn Session,
    own: &M::RecordKey,
    others: &[(M::RecordKey, String)],
) -> Result<bool, Error>
where
    DB: Engine,
    M: Recall<DB>,
{
    let kind = DB::KIND;
    let (records, rows): (i64, i64) = if kind == Kind::Postgres {
        let same = others.iter();
        let same = same.map(|(key, _)| SameKey::<M, DB>(KeyRow::new(own), KeyRow::new(key)));
        let same: Vec<_> = same.collect();
        let sql = any(Sql::new("SELECT CASE WHEN "), &same);
        conn.one(sql.sql(" THEN 1 ELSE 0 END, 0")).await?
    } else {
        let own = KeyIs::<M, DB>::new(own);
        let keys = others.iter().map(|(key, _)| KeyIs::<M, DB>::new(key));
        let keys: Vec<_> = keys.collect();
        let mut sql = Sql::new("SELECT ");
        let tables = [M::RECORDING.records, Subject::of::<M>().table];
        for (at, table) in tables.into_iter().enumerate() {
            let table = quoted(kind, table);
            sql = sql
                .sql(if at > 0 { ", " } else { "" })
                .made(format!("(SELECT COUNT(*) FROM {table} WHERE "))
                .part::<DB>(&own);
            sql = any(sql.sql(" AND "), &keys).sql(")");
        }
        conn.one(sql).await?
    };
    Ok(records > 0 || rows > 0)
}
