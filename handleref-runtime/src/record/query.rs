//! Parts of queries that need a model's types.

use super::model::{Recall, Recorded};
use crate::engine::Engine;
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

/// The same with a key of its own.
pub(crate) struct OwnKeyIs<M: Recorded, DB> {
    key: M::RecordKey,
    engine: PhantomData<fn() -> DB>,
}

impl<M: Recorded, DB> OwnKeyIs<M, DB> {
    pub(crate) fn new(key: M::RecordKey) -> Self {
        Self {
            key,
            engine: PhantomData,
        }
    }
}

impl<M: Recall<DB>, DB: Engine> QueryFragment<DB> for OwnKeyIs<M, DB> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        M::walk_key(&self.key, &mut ColumnWriter::new(out, Form::Equals))
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
    /// Loads the rows of `FROM ..`.
    #[doc(hidden)]
    fn load_from<'a>(conn: &'a mut dyn Session, from: Sql<'a>)
    -> Boxed<'a, QueryResult<Vec<Self>>>;

    /// Loads the rows of `FROM ..` behind so many columns.
    #[doc(hidden)]
    fn load_after<'a>(
        conn: &'a mut dyn Session,
        columns: (usize, Sql<'a>),
        from: Sql<'a>,
    ) -> Boxed<'a, QueryResult<Vec<(Head, Self)>>>;
}

#[diagnostic::do_not_recommend]
impl<M, DB> Loaded<DB> for M
where
    DB: Engine,
    M: Recorded + Selectable<DB> + FromSqlRow<SelectionSql<M, DB>, DB>,
    M::SelectExpression: QueryFragment<DB> + Send + Sync,
    SelectionSql<M, DB>: 'static,
{
    fn load_from<'a>(
        conn: &'a mut dyn Session,
        from: Sql<'a>,
    ) -> Boxed<'a, QueryResult<Vec<Self>>> {
        let query = Sql::new("SELECT ").own_part::<DB>(Box::new(M::construct_selection()));
        let query = query.append(from);
        Box::pin(conn.typed::<DB, SelectionSql<M, DB>, M>(query))
    }

    fn load_after<'a>(
        conn: &'a mut dyn Session,
        (width, columns): (usize, Sql<'a>),
        from: Sql<'a>,
    ) -> Boxed<'a, QueryResult<Vec<(Head, Self)>>> {
        let query = Sql::new("SELECT ").append(columns).sql(", ");
        let query = query.own_part::<DB>(Box::new(M::construct_selection()));
        let query = query.append(from);
        Box::pin(conn.typed_after::<DB, SelectionSql<M, DB>, M>(width, query))
    }
}
