//! Queries that are put together at run time, piece by piece.

use super::model::{Recall, Recorded};
use crate::engine::{Engine, Kind, fails_late};
use crate::executor::Executor;
use crate::row::columns::Form;
use crate::row::{ColumnWriter, SelectionSql};
use crate::time::BoundTime;
use diesel::Selectable;
use diesel::deserialize::FromSqlRow;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{BigInt, Text};
use std::borrow::Cow;
use std::future::Future;
use std::marker::PhantomData;

/// A fragment of any type.
type Dyn<'a, DB> = dyn QueryFragment<DB> + Send + Sync + 'a;

/// A part of a [`Sql`].
enum Piece<'a, DB: Engine> {
    Text(Cow<'static, str>),
    Name(Cow<'static, str>),
    Number(i64),
    Time(&'a BoundTime),
    /// The end of a read that locks its rows; SQLite has locked everything.
    Lock,
    /// The text has values in it, so the prepared statement is of no more use.
    Once,
    Part(&'a Dyn<'a, DB>),
}

/// SQL text with quoted names, bound numbers and fragments.
pub(crate) struct Sql<'a, DB: Engine>(Vec<Piece<'a, DB>>);

impl<'a, DB: Engine> Sql<'a, DB> {
    pub(crate) fn new(text: &'static str) -> Self {
        Self(vec![Piece::Text(text.into())])
    }

    /// With values in the text: connections keep what they prepare, for ever.
    pub(crate) fn once(text: impl Into<Cow<'static, str>>) -> Self {
        Self(vec![Piece::Once, Piece::Text(text.into())])
    }

    pub(crate) fn text(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.0.push(Piece::Text(text.into()));
        self
    }

    /// A name, quoted.
    pub(crate) fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.0.push(Piece::Name(name.into()));
        self
    }

    /// A bound integer.
    pub(crate) fn number(mut self, number: i64) -> Self {
        self.0.push(Piece::Number(number));
        self
    }

    /// A bound instant.
    pub(crate) fn time(mut self, time: &'a BoundTime) -> Self {
        self.0.push(Piece::Time(time));
        self
    }

    /// Locks the rows that are read; at the end.
    pub(crate) fn lock(mut self) -> Self {
        self.0.push(Piece::Lock);
        self
    }

    pub(crate) fn part(mut self, part: &'a Dyn<'a, DB>) -> Self {
        self.0.push(Piece::Part(part));
        self
    }

    pub(crate) fn append(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Quoted names behind a prefix such as `a.`, separated by commas.
    pub(crate) fn names(mut self, prefix: &'static str, names: &[&'static str]) -> Self {
        for (at, name) in names.iter().enumerate() {
            self = self
                .text(if at > 0 { ", " } else { "" })
                .text(prefix)
                .name(*name);
        }
        self
    }
}

impl<DB: Engine> QueryFragment<DB> for Sql<'_, DB> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_sql(text),
                Piece::Name(name) => out.push_identifier(name)?,
                Piece::Number(number) => DB::bind_number(number, &mut out)?,
                Piece::Time(time) => DB::bind_time(time, &mut out)?,
                Piece::Once => out.unsafe_to_cache_prepared(),
                Piece::Lock if DB::KIND == Kind::Sqlite => {}
                Piece::Lock => {
                    fails_late::<DB>(&mut out);
                    out.push_sql(" FOR UPDATE");
                }
                Piece::Part(part) => part.walk_ast(out.reborrow())?,
            }
        }
        Ok(())
    }
}

impl<DB: Engine> QueryId for Sql<'_, DB> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// `key columns = values`, without a table.
pub(crate) struct KeyIs<'a, M: Recorded, C> {
    key: &'a M::RecordKey,
    conn: PhantomData<fn() -> C>,
}

impl<'a, M: Recorded, C> KeyIs<'a, M, C> {
    pub(crate) fn new(key: &'a M::RecordKey) -> Self {
        Self {
            key,
            conn: PhantomData,
        }
    }
}

impl<M: Recall<C>, C: Executor> QueryFragment<C::Backend> for KeyIs<'_, M, C> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, C::Backend>) -> QueryResult<()> {
        M::walk_key(self.key, &mut ColumnWriter::new(out, Form::Equals))
    }
}

/// The same with a key of its own.
pub(crate) struct OwnKeyIs<M: Recorded, C> {
    key: M::RecordKey,
    conn: PhantomData<fn() -> C>,
}

impl<M: Recorded, C> OwnKeyIs<M, C> {
    pub(crate) fn new(key: M::RecordKey) -> Self {
        Self {
            key,
            conn: PhantomData,
        }
    }
}

impl<M: Recall<C>, C: Executor> QueryFragment<C::Backend> for OwnKeyIs<M, C> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, C::Backend>) -> QueryResult<()> {
        M::walk_key(&self.key, &mut ColumnWriter::new(out, Form::Equals))
    }
}

/// `columns = values`: whether these columns refer to the row with this key.
pub(crate) struct RefersTo<M: Recorded, C> {
    key: M::RecordKey,
    columns: &'static [&'static str],
    conn: PhantomData<fn() -> C>,
}

impl<M: Recorded, C> RefersTo<M, C> {
    pub(crate) fn new(key: M::RecordKey, columns: &'static [&'static str]) -> Self {
        Self {
            key,
            columns,
            conn: PhantomData,
        }
    }
}

impl<M: Recall<C>, C: Executor> QueryFragment<C::Backend> for RefersTo<M, C> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, C::Backend>) -> QueryResult<()> {
        let writer = ColumnWriter::new(out, Form::Equals);
        M::walk_key(&self.key, &mut writer.named(self.columns))
    }
}

/// A model that can be loaded on the connection `C`, from its table or from
/// records; short for the bounds of Diesel.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be loaded on the connection `{C}`",
    note = "derive `Queryable` and `Selectable`"
)]
pub trait Loaded<C: Executor>: Recorded {
    /// Loads the rows of `FROM ..`.
    #[doc(hidden)]
    fn load_from<'a>(
        conn: &'a mut C,
        from: Rest<'a, C>,
    ) -> impl Future<Output = QueryResult<Vec<Self>>> + Send + 'a;

    /// Loads the rows of `FROM ..` with the values of `beside`.
    #[doc(hidden)]
    fn load_beside<'a>(
        conn: &'a mut C,
        beside: Rest<'a, C>,
        from: Rest<'a, C>,
    ) -> impl Future<Output = QueryResult<Vec<Beside<Self>>>> + Send + 'a;
}

/// What is read beside a record's row: two integers, a text, an integer.
pub(crate) type Beside<M> = (i64, i64, String, i64, M);

/// What follows a selection.
#[doc(hidden)]
#[allow(missing_debug_implementations)]
pub struct Rest<'a, C: Executor>(pub(crate) Sql<'a, C::Backend>);

/// `SELECT <before> <the struct's columns> <rest>`
struct Select<'a, S, DB: Engine> {
    before: Option<Sql<'a, DB>>,
    selection: S,
    rest: Sql<'a, DB>,
}

impl<S, DB: Engine> QueryId for Select<'_, S, DB> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<S: QueryFragment<DB>, DB: Engine> QueryFragment<DB> for Select<'_, S, DB> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        if let Some(before) = &self.before {
            before.walk_ast(out.reborrow())?;
            out.push_sql(", ");
        }
        self.selection.walk_ast(out.reborrow())?;
        self.rest.walk_ast(out)
    }
}

type BesideSql<ST> = (BigInt, BigInt, Text, BigInt, ST);

#[diagnostic::do_not_recommend]
impl<M, C> Loaded<C> for M
where
    C: Executor,
    M: Recorded + Selectable<C::Backend> + FromSqlRow<SelectionSql<M, C>, C::Backend>,
    M::SelectExpression: QueryFragment<C::Backend> + Send + Sync,
    SelectionSql<M, C>: 'static,
    Beside<M>: FromSqlRow<BesideSql<SelectionSql<M, C>>, C::Backend>,
{
    async fn load_from<'a>(conn: &'a mut C, from: Rest<'a, C>) -> QueryResult<Vec<Self>> {
        let query = Select {
            before: None,
            selection: M::construct_selection(),
            rest: from.0,
        };
        conn.load::<SelectionSql<M, C>, M, _>(query).await
    }

    async fn load_beside<'a>(
        conn: &'a mut C,
        beside: Rest<'a, C>,
        from: Rest<'a, C>,
    ) -> QueryResult<Vec<Beside<Self>>> {
        let query = Select {
            before: Some(beside.0),
            selection: M::construct_selection(),
            rest: from.0,
        };
        conn.load::<BesideSql<SelectionSql<M, C>>, Beside<M>, _>(query)
            .await
    }
}
