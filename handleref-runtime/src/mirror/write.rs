//! The statements that write whole rows, and those that find them by their keys.

use super::models::Op;
use crate::engine::{Engine, Kind, Typed};
use crate::error::Error;
use crate::facts::{Capture, RecordedColumn};
use crate::history::Mirrored;
use crate::history::any::{AnyInstance, AnyKey};
use crate::history::subject::Subject;
use crate::row::ColumnWriter;
use crate::row::columns::Form;
use crate::sql::{Raw, Sql, overriding, quoted, raw};
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;
use std::marker::PhantomData;

/// Whole rows of a model, as an engine writes them.
pub(super) trait AnyWriter: Send + Sync {
    /// These columns of a row, in the order of the struct; `None` if it is of
    /// another type.
    fn columns<'a>(
        &self,
        row: &'a dyn AnyInstance,
        form: Form,
        names: Vec<&'static str>,
    ) -> Option<Typed<'a>>;
}

struct TypedWriter<M, DB>(PhantomData<fn() -> (M, DB)>);

/// What writes rows of `M`.
pub(super) fn writer<M: Mirrored<DB>, DB: Engine>() -> &'static dyn AnyWriter {
    &TypedWriter::<M, DB>(PhantomData)
}

impl<M: Mirrored<DB>, DB: Engine> AnyWriter for TypedWriter<M, DB> {
    fn columns<'a>(
        &self,
        row: &'a dyn AnyInstance,
        form: Form,
        names: Vec<&'static str>,
    ) -> Option<Typed<'a>> {
        let row = row.any().downcast_ref::<M>()?;
        Some(DB::typed(Box::new(Columns {
            row,
            converted: row.converted(),
            form,
            names,
        })))
    }
}

/// Some columns of a row.
struct Columns<'a, M: Mirrored<DB>, DB: Engine> {
    row: &'a M,
    converted: M::Converted,
    form: Form,
    names: Vec<&'static str>,
}

impl<M: Mirrored<DB>, DB: Engine> QueryFragment<DB> for Columns<'_, M, DB> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let others = |name: &str| !self.names.contains(&name);
        let mut writer = ColumnWriter::new(out, self.form).without(&others);
        self.row.walk_row(&self.converted, &mut writer)
    }
}

/// Whether a column is taken from the live row: its values are not recorded. A
/// change of skipped columns alone is not recorded at all, but raises the version.
pub(super) fn is_from_live(subject: &Subject, name: &str) -> bool {
    let columns = subject.recording.columns;
    let skipped = |it: &RecordedColumn| matches!(it.capture, Capture::Skipped(_));
    let raised = [
        subject.roles.version.map(|(name, _)| name),
        subject.roles.updated_at.map(|(name, _)| name),
    ];
    let column = columns.iter().find(|column| column.name == name);
    (raised.contains(&Some(name)) && columns.iter().any(skipped))
        || column.is_some_and(|it| it.capture != Capture::Value)
}

/// Whether the records of a model lack columns.
pub(super) fn is_partial(subject: &Subject) -> bool {
    let mut columns = subject.recording.columns.iter();
    columns.any(|column| column.capture != Capture::Value)
}

/// The columns of a row, first those that its record has, then those that only
/// the live row has.
struct Halves {
    record: Vec<&'static str>,
    live: Vec<&'static str>,
}

impl Halves {
    /// Without columns that are `left_out`.
    fn of(subject: &Subject, left_out: impl Fn(&str) -> bool) -> Self {
        let names = subject.recording.columns.iter().map(|column| column.name);
        let names = names.filter(|name| !left_out(name));
        let (live, record) =
            names.partition(|name| is_partial(subject) && is_from_live(subject, name));
        Self { record, live }
    }

    fn names(&self) -> Vec<&'static str> {
        self.record.iter().chain(&self.live).copied().collect()
    }

    /// The values of a row.
    fn values<'a>(&self, writer: &dyn AnyWriter, op: &'a Op, form: Form) -> Result<Sql<'a>, Error> {
        let row = op.row()?;
        let halves = [(row, &self.record), (op.live().unwrap_or(row), &self.live)];
        let mut sql = Sql::new("");
        let mut comma = "";
        for (row, names) in halves {
            if !names.is_empty() {
                let part = writer.columns(row, form, names.clone());
                let part = part.ok_or_else(|| op.wrong_type())?;
                sql = sql.sql(comma).fragment(part);
                comma = ", ";
            }
        }
        Ok(sql)
    }
}

fn has(names: &[String], name: &str) -> bool {
    names.iter().any(|one| one == name)
}

/// `INSERT INTO .. VALUES (..), (..)`, without columns that the database computes.
pub(super) fn insert<'a>(
    kind: Kind,
    subject: &Subject,
    writer: &dyn AnyWriter,
    ops: &[&'a Op],
    generated: &[String],
) -> Result<Sql<'a>, Error> {
    let halves = Halves::of(subject, |name| has(generated, name));
    let mut sql = match ops.len() > 1 {
        true => Sql::once("INSERT INTO "),
        false => Sql::new("INSERT INTO "),
    };
    sql = sql
        .name(subject.table)
        .sql(" (")
        .names("", &halves.names())
        .sql(") ")
        .sql(overriding(kind))
        .sql("VALUES ");
    for (at, op) in ops.iter().enumerate() {
        sql = sql
            .sql(if at > 0 { ", (" } else { "(" })
            .append(halves.values(writer, op, Form::Values)?)
            .sql(")");
    }
    Ok(sql)
}

/// `UPDATE .. SET <all values> WHERE <key>`; `None` if it would assign nothing.
pub(super) fn update<'a>(
    subject: &Subject,
    writer: &dyn AnyWriter,
    op: &'a Op,
    key: &'a AnyKey,
    generated: &[String],
) -> Result<Option<Sql<'a>>, Error> {
    let left_out = |name: &str| has(generated, name) || subject.key.contains(&name);
    let halves = Halves::of(subject, left_out);
    if halves.names().is_empty() {
        return Ok(None);
    }
    let sql = Sql::new("UPDATE ")
        .name(subject.table)
        .sql(" SET ")
        .append(halves.values(writer, op, Form::Assign)?)
        .sql(" WHERE ")
        .typed(&key.condition);
    Ok(Some(sql))
}

/// A condition: the key is one of these.
pub(super) fn one_of<'a>(subject: &Subject, keys: &'a [AnyKey]) -> Sql<'a> {
    let mut sql = Sql::once("");
    if let [column] = subject.key {
        sql = sql.name(*column);
        for (at, key) in keys.iter().enumerate() {
            sql = sql
                .sql(if at > 0 { ", " } else { " IN (" })
                .typed(&key.values);
        }
    } else {
        for (at, key) in keys.iter().enumerate() {
            sql = sql
                .sql(if at > 0 { ") OR (" } else { "(" })
                .typed(&key.condition);
        }
    }
    sql.sql(")")
}

/// How many rows of so many columns go into one statement. SQLite binds 32,766
/// values at most, the servers 65,535.
pub(super) fn rows_per_statement(columns: usize) -> usize {
    (16_000 / columns.max(1)).clamp(1, 500)
}

/// `SELECT` how many rows of `child` refer to the row with this key.
pub(super) fn referring<'a>(
    kind: Kind,
    subject: &Subject,
    key: &'a AnyKey,
    child: &str,
    columns: &[(String, String)],
) -> Sql<'a> {
    let quoted = |name: &str| quoted(kind, name);
    let same = columns.iter();
    let same = same.map(|(from, to)| {
        raw!(
            "handleref_c.{} = handleref_p.{}",
            [quoted(from), quoted(to)]
        )
    });
    let same: Vec<Raw> = same.collect();
    Sql::new("")
        .made(raw!(
            "SELECT COUNT(*) FROM {} handleref_c WHERE EXISTS \
         (SELECT 1 FROM {} handleref_p WHERE {} AND ",
            [
                quoted(child),
                quoted(subject.table),
                Raw::join(same, " AND ")
            ]
        ))
        .typed(&key.condition)
        .sql(")")
}

/// `UPDATE .. SET <these columns> = NULL WHERE <key>`
pub(super) fn unlinking<'a>(
    kind: Kind,
    subject: &Subject,
    key: &'a AnyKey,
    columns: &[(String, String)],
) -> Sql<'a> {
    let columns = columns.iter();
    let nulls: Vec<Raw> = columns
        .map(|(from, _)| raw!("{} = NULL", [quoted(kind, from)]))
        .collect();
    let table = quoted(kind, subject.table);
    let text = raw!(
        "UPDATE {table} SET {} WHERE ",
        [Raw::join(nulls, ", ")],
        table
    );
    Sql::new("").made(text).typed(&key.condition)
}
