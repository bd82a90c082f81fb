//! Parts of queries that need a model's types.

use super::model::{Recall, Recorded};
use crate::engine::row::AnyRow;
use crate::engine::{Engine, Typed};
use crate::row::columns::Form;
use crate::row::{ColumnWriter, SelectionSql};
use crate::session::{Boxed, Head, Session};
use crate::sql::Sql;
use diesel::Selectable;
use diesel::deserialize::FromSqlRow;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;
use std::marker::PhantomData;

/// `key columns = values`, without a table.
pub(crate) struct KeyIs<'a, M: Recorded, DB> {
    key: &'a M::RecordKey,
    engine: PhantomData<fn() -> DB>,
}

impl<'a, M: Recorded, DB> KeyIs<'a, M, DB> {
    pub(crate) fn new(key: &'a M::RecordKey) -> Self {
        Self {
            key,
            engine: PhantomData,
        }
    }
}

impl<M: Recall<DB>, DB: Engine> QueryFragment<DB> for KeyIs<'_, M, DB> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        M::walk_key(self.key, &mut ColumnWriter::new(out, Form::Equals))
    }
}

/// The columns of a key in some form, without a table.
pub(crate) struct OwnKey<M: Recorded, DB> {
    key: M::RecordKey,
    form: Form,
    engine: PhantomData<fn() -> DB>,
}

impl<M: Recorded, DB> OwnKey<M, DB> {
    pub(crate) fn new(key: M::RecordKey, form: Form) -> Self {
        Self {
            key,
            form,
            engine: PhantomData,
        }
    }
}

impl<M: Recall<DB>, DB: Engine> QueryFragment<DB> for OwnKey<M, DB> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        M::walk_key(&self.key, &mut ColumnWriter::new(out, self.form))
    }
}

/// `columns = values`: whether these columns refer to the row with this key.
pub(crate) struct RefersTo<M: Recorded, DB> {
    key: M::RecordKey,
    columns: &'static [&'static str],
    engine: PhantomData<fn() -> DB>,
}

impl<M: Recorded, DB> RefersTo<M, DB> {
    pub(crate) fn new(key: M::RecordKey, columns: &'static [&'static str]) -> Self {
        Self {
            key,
            columns,
            engine: PhantomData,
        }
    }
}

impl<M: Recall<DB>, DB: Engine> QueryFragment<DB> for RefersTo<M, DB> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let writer = ColumnWriter::new(out, Form::Equals);
        M::walk_key(&self.key, &mut writer.named(self.columns))
    }
}

/// A model that can be loaded from the engine `DB`, from its table or from
/// records; short for the bounds of Diesel.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be loaded from `{DB}`",
    note = "derive `Queryable` and `Selectable`"
)]
pub trait Loaded<DB: Engine>: Recorded {
    /// What Diesel selects for it.
    #[doc(hidden)]
    fn selection() -> Typed<'static>;

    /// Reads a row, without so many columns at its beginning.
    #[doc(hidden)]
    fn read_row(row: &AnyRow<'_>, first: usize) -> QueryResult<Self>;
}

#[diagnostic::do_not_recommend]
impl<M, DB> Loaded<DB> for M
where
    DB: Engine,
    M: Recorded + Selectable<DB> + FromSqlRow<SelectionSql<M, DB>, DB>,
    M::SelectExpression: QueryFragment<DB> + Send + Sync,
    SelectionSql<M, DB>: 'static,
{
    fn selection() -> Typed<'static> {
        DB::typed(Box::new(M::construct_selection()))
    }

    fn read_row(row: &AnyRow<'_>, first: usize) -> QueryResult<Self> {
        row.read_after::<DB, SelectionSql<M, DB>, M>(first)
    }
}

/// Loads the rows of `FROM ..`.
pub(crate) async fn load<M, DB>(conn: &mut dyn Session, from: Sql<'_>) -> QueryResult<Vec<M>>
where
    DB: Engine,
    M: Loaded<DB>,
{
    let mut rows = Vec::new();
    let mut take = |_, row: &AnyRow<'_>| {
        rows.push(M::read_row(row, 0)?);
        Ok(())
    };
    each(conn, (0, Sql::new("")), M::selection(), from, &mut take).await?;
    Ok(rows)
}

/// What takes rows behind columns of ours.
pub(crate) type TakeRow<'a> = dyn FnMut(Head, &AnyRow<'_>) -> QueryResult<()> + Send + 'a;

/// Gives each row of `FROM ..` to `take`, behind so many columns.
pub(crate) fn each<'a>(
    conn: &'a mut dyn Session,
    (width, columns): (usize, Sql<'a>),
    selection: Typed<'a>,
    from: Sql<'a>,
    take: &'a mut TakeRow<'_>,
) -> Boxed<'a, QueryResult<()>> {
    Box::pin(async move {
        let query = Sql::new("SELECT ").append(columns);
        let query = query.sql(if width > 0 { ", " } else { "" });
        let query = query.fragment(selection).append(from);
        conn.each(query, &mut |row| take(Head::of(row, width)?, row))
            .await
    })
}
