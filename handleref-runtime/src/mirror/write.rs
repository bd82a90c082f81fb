//! The statements that write whole rows, and those that find them by their keys.

use crate::engine::{Engine, Kind};
use crate::facts::{Capture, RecordedColumn};
use crate::record::query::KeyIs;
use crate::record::{LiveName, Mirrored, Recall, Recorded};
use crate::row::ColumnWriter;
use crate::row::columns::Form;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;
use std::marker::PhantomData;

/// The values of one row: those that its record has, and those that
/// only the live row has.
pub(super) struct Values<'a, M: Mirrored<DB>, DB: Engine> {
    record: (&'a M, M::Converted),
    live: Option<(&'a M, M::Converted)>,
}

/// Whether a column is taken from the live row: its values are not recorded. A
/// change of skipped columns alone is not recorded at all, but raises the version.
pub(super) fn is_from_live<M: Recorded>(name: &str) -> bool {
    let roles = &M::RECORDED_ROLES;
    let columns = M::RECORDING.columns;
    let skipped = |it: &RecordedColumn| matches!(it.capture, Capture::Skipped(_));
    let raised = [
        roles.version.map(|(name, _)| name),
        roles.updated_at.map(|(name, _)| name),
    ];
    let column = columns.iter().find(|column| column.name == name);
    (raised.contains(&Some(name)) && columns.iter().any(skipped))
        || column.is_some_and(|it| it.capture != Capture::Value)
}

/// Whether the records of a model lack columns.
pub(super) fn is_partial<M: Recorded>() -> bool {
    let mut columns = M::RECORDING.columns.iter();
    columns.any(|column| column.capture != Capture::Value)
}

impl<'a, M: Mirrored<DB>, DB: Engine> Values<'a, M, DB> {
    pub(super) fn new(record: &'a M, live: &'a M) -> Self {
        Self {
            record: (record, record.converted()),
            live: is_partial::<M>().then(|| (live, live.converted())),
        }
    }

    /// Writes the columns that are not `left_out`.
    fn walk<'b>(
        &'b self,
        mut out: AstPass<'_, 'b, DB>,
        form: Form,
        left_out: &dyn Fn(&str) -> bool,
    ) -> QueryResult<usize> {
        let (row, converted) = &self.record;
        let elsewhere =
            |name: &str| left_out(name) || (self.live.is_some() && is_from_live::<M>(name));
        let mut writer = ColumnWriter::new(out.reborrow(), form).without(&elsewhere);
        row.walk_row(converted, &mut writer)?;
        let mut written = writer.written();
        if let Some((row, converted)) = &self.live {
            let elsewhere = |name: &str| left_out(name) || !is_from_live::<M>(name);
            let mut writer = ColumnWriter::new(out, form)
                .without(&elsewhere)
                .after(written);
            row.walk_row(converted, &mut writer)?;
            written = writer.written();
        }
        Ok(written)
    }
}

/// The columns in the order in which [`Values`] gives them.
fn columns<M: Recorded>(generated: &[String]) -> Vec<&'static str> {
    let names = M::RECORDING.columns.iter().map(|column| column.name);
    let mut names: Vec<_> = names.filter(|name| !has(generated, name)).collect();
    if is_partial::<M>() {
        names.sort_by_key(|name| is_from_live::<M>(name));
    }
    names
}

fn has(names: &[String], name: &str) -> bool {
    names.iter().any(|one| one == name)
}

/// Whether an update would assign anything.
pub(super) fn has_values<M: Recorded>(generated: &[String]) -> bool {
    let mut columns = columns::<M>(generated).into_iter();
    columns.any(|name| !M::RECORDED_KEY.contains(&name))
}

/// `INSERT INTO .. VALUES (..), (..)`
pub(super) struct Insert<'a, M: Mirrored<DB>, DB: Engine> {
    pub(super) rows: Vec<Values<'a, M, DB>>,
    /// Columns that the database computes.
    pub(super) generated: &'a [String],
}

impl<M: Mirrored<DB>, DB: Engine> QueryFragment<DB> for Insert<'_, M, DB> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if self.rows.len() > 1 {
            out.unsafe_to_cache_prepared();
        }
        out.push_sql("INSERT INTO ");
        out.push_identifier(M::LiveTable::SQL_NAME)?;
        for (at, name) in columns::<M>(self.generated).into_iter().enumerate() {
            out.push_sql(if at > 0 { ", " } else { " (" });
            out.push_identifier(name)?;
        }
        // A key may be `GENERATED ALWAYS AS IDENTITY`.
        out.push_sql(match DB::KIND {
            Kind::Postgres => ") OVERRIDING SYSTEM VALUE VALUES ",
            Kind::Sqlite | Kind::Mysql => ") VALUES ",
        });
        for (at, row) in self.rows.iter().enumerate() {
            out.push_sql(if at > 0 { ", (" } else { "(" });
            row.walk(out.reborrow(), Form::Values, &|name| {
                has(self.generated, name)
            })?;
            out.push_sql(")");
        }
        Ok(())
    }
}

/// `UPDATE .. SET <all values> WHERE <key>`
pub(super) struct Update<'a, M: Mirrored<DB>, DB: Engine> {
    pub(super) row: Values<'a, M, DB>,
    pub(super) key: &'a (dyn QueryFragment<DB> + Send + Sync),
    pub(super) generated: &'a [String],
}

impl<M: Mirrored<DB>, DB: Engine> QueryFragment<DB> for Update<'_, M, DB> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("UPDATE ");
        out.push_identifier(M::LiveTable::SQL_NAME)?;
        out.push_sql(" SET ");
        let left_out = |name: &str| has(self.generated, name) || M::RECORDED_KEY.contains(&name);
        self.row.walk(out.reborrow(), Form::Assign, &left_out)?;
        out.push_sql(" WHERE ");
        self.key.walk_ast(out)
    }
}

/// A condition: the key is one of these.
pub(super) struct OneOf<'a, M: Recorded, DB> {
    keys: &'a [M::RecordKey],
    engine: PhantomData<fn() -> DB>,
}

impl<'a, M: Recorded, DB> OneOf<'a, M, DB> {
    pub(super) fn new(keys: &'a [M::RecordKey]) -> Self {
        Self {
            keys,
            engine: PhantomData,
        }
    }
}

impl<M: Recall<DB>, DB: Engine> QueryFragment<DB> for OneOf<'_, M, DB> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        if let [column] = M::RECORDED_KEY {
            out.push_identifier(column)?;
            for (at, key) in self.keys.iter().enumerate() {
                out.push_sql(if at > 0 { ", " } else { " IN (" });
                M::walk_key(key, &mut ColumnWriter::new(out.reborrow(), Form::Values))?;
            }
        } else {
            for (at, key) in self.keys.iter().enumerate() {
                out.push_sql(if at > 0 { ") OR (" } else { "(" });
                M::walk_key(key, &mut ColumnWriter::new(out.reborrow(), Form::Equals))?;
            }
        }
        out.push_sql(")");
        Ok(())
    }
}

/// How many rows of so many columns go into one statement. SQLite binds 32,766
/// values at most, the servers 65,535.
pub(super) fn rows_per_statement(columns: usize) -> usize {
    (16_000 / columns.max(1)).clamp(1, 500)
}

/// `SELECT` how many rows of `child` refer to the row of `M` with this key.
pub(super) fn referring<'a, M: Recall<DB>, DB: Engine>(
    key: &'a KeyIs<'a, M, DB>,
    child: &str,
    columns: &[(String, String)],
) -> crate::sql::Sql<'a> {
    let quoted = |name: &str| crate::sql::quoted(DB::KIND, name);
    let same = columns.iter();
    let same =
        same.map(|(from, to)| format!("handleref_c.{} = handleref_p.{}", quoted(from), quoted(to)));
    let same: Vec<String> = same.collect();
    crate::sql::Sql::new("")
        .made(format!(
            "SELECT COUNT(*) FROM {} handleref_c WHERE EXISTS \
         (SELECT 1 FROM {} handleref_p WHERE {} AND ",
            quoted(child),
            quoted(M::LiveTable::SQL_NAME),
            same.join(" AND ")
        ))
        .part::<DB>(key)
        .sql(")")
}

/// `UPDATE .. SET <these columns> = NULL WHERE <key>`
pub(super) fn unlinking<'a, M: Recall<DB>, DB: Engine>(
    key: &'a KeyIs<'a, M, DB>,
    columns: &[(String, String)],
) -> crate::sql::Sql<'a> {
    let quoted = |name: &str| crate::sql::quoted(DB::KIND, name);
    let columns = columns.iter();
    let nulls: Vec<String> = columns
        .map(|(from, _)| format!("{} = NULL", quoted(from)))
        .collect();
    let table = quoted(M::LiveTable::SQL_NAME);
    let text = format!("UPDATE {table} SET {} WHERE ", nulls.join(", "));
    crate::sql::Sql::new("").made(text).part::<DB>(key)
}
