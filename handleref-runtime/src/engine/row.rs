//! Rows without the type of their connection.

use crate::engine::Engine;
use diesel::backend::Backend;
use diesel::deserialize::FromSqlRow;
use diesel::result::{Error, QueryResult};
use diesel::row::{Field, PartialRow, Row, RowIndex, RowSealed};
use std::marker::PhantomData;
use std::ops::Range;

/// A row of a backend, from any connection.
#[doc(hidden)]
pub type DynRow<'r, DB> = dyn Cells<DB> + 'r;

/// A row of some engine.
#[doc(hidden)]
#[allow(missing_debug_implementations)]
pub enum AnyRow<'r> {
    #[cfg(feature = "sqlite")]
    Sqlite(&'r DynRow<'r, diesel::sqlite::Sqlite>),
    #[cfg(feature = "postgres_backend")]
    Postgres(&'r DynRow<'r, diesel::pg::Pg>),
    #[cfg(feature = "mysql_backend")]
    Mysql(&'r DynRow<'r, diesel::mysql::Mysql>),
    #[doc(hidden)]
    Never(std::convert::Infallible, PhantomData<&'r ()>),
}

impl AnyRow<'_> {
    /// Reads the whole row as Diesel does.
    pub(crate) fn read<DB: Engine, ST, U: FromSqlRow<ST, DB>>(&self) -> QueryResult<U> {
        self.read_after::<DB, ST, U>(0)
    }

    /// The same without the first columns.
    pub(crate) fn read_after<DB: Engine, ST, U: FromSqlRow<ST, DB>>(
        &self,
        first: usize,
    ) -> QueryResult<U> {
        let row = DB::row(self)?;
        U::build_from_row(&TypedRow { row, first }).map_err(Error::DeserializationError)
    }
}

/// What is asked of a row.
#[doc(hidden)]
pub trait Cells<DB: Backend + 'static> {
    /// How many columns there are.
    fn count(&self) -> usize;
    /// One of them.
    fn cell(&self, at: usize) -> Option<Box<dyn Field<'_, DB> + '_>>;
    /// The place of a name.
    fn place(&self, name: &str) -> Option<usize>;
}

/// A row of Diesel.
// Unused in a build without any connection.
#[allow(dead_code)]
pub(crate) struct DieselRow<'a, R>(R, PhantomData<&'a ()>);

impl<R> DieselRow<'_, R> {
    #[allow(dead_code)]
    pub(crate) fn new(row: R) -> Self {
        Self(row, PhantomData)
    }
}

impl<'a, DB: Backend + 'static, R: Row<'a, DB>> Cells<DB> for DieselRow<'a, R> {
    fn count(&self) -> usize {
        self.0.field_count()
    }
    fn cell(&self, at: usize) -> Option<Box<dyn Field<'_, DB> + '_>> {
        let field = self.0.get(at)?;
        Some(Box::new(field))
    }
    fn place(&self, name: &str) -> Option<usize> {
        self.0.idx(name)
    }
}

/// An erased row, as a row of Diesel again: what reads it is compiled for the
/// engine, and not for each connection.
struct TypedRow<'r, DB: Backend + 'static> {
    row: &'r DynRow<'r, DB>,
    first: usize,
}

struct TypedField<'f, DB: Backend + 'static>(Box<dyn Field<'f, DB> + 'f>);

impl<'f, DB: Backend + 'static> Field<'f, DB> for TypedField<'f, DB> {
    fn field_name(&self) -> Option<&str> {
        self.0.field_name()
    }
    fn value(&self) -> Option<DB::RawValue<'_>> {
        self.0.value()
    }
}

impl<DB: Backend + 'static> RowSealed for TypedRow<'_, DB> {}

impl<DB: Backend + 'static> RowIndex<usize> for TypedRow<'_, DB> {
    fn idx(&self, at: usize) -> Option<usize> {
        (at < self.field_count()).then_some(at)
    }
}
impl<DB: Backend + 'static> RowIndex<&str> for TypedRow<'_, DB> {
    fn idx(&self, name: &str) -> Option<usize> {
        self.row.place(name)?.checked_sub(self.first)
    }
}

impl<'r, DB: Backend + 'static> Row<'r, DB> for TypedRow<'r, DB> {
    type Field<'f>
        = TypedField<'f, DB>
    where
        'r: 'f,
        Self: 'f;
    type InnerPartialRow = Self;

    fn field_count(&self) -> usize {
        self.row.count().saturating_sub(self.first)
    }

    fn get<'f, I>(&'f self, at: I) -> Option<Self::Field<'f>>
    where
        'r: 'f,
        Self: RowIndex<I>,
    {
        let at = self.idx(at)?;
        self.row.cell(at + self.first).map(TypedField)
    }

    fn partial_row(&self, range: Range<usize>) -> PartialRow<'_, Self> {
        PartialRow::new(self, range)
    }
}
