//! Columns of a row, as assignments and as comparisons.

use crate::engine::{Engine, Kind};
use diesel::query_builder::AstPass;
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::{HasSqlType, Nullable, Text};
use diesel::{Column, Expression};
use std::any::TypeId;

/// Writes the columns that a model names, in one of four forms.
#[doc(hidden)]
#[allow(missing_debug_implementations)]
pub struct ColumnWriter<'a, 'b, DB: Engine> {
    out: AstPass<'a, 'b, DB>,
    form: Form,
    /// Columns that are passed over.
    without: Option<&'a dyn Fn(&str) -> bool>,
    /// What the columns are called, if not by their own names.
    names: &'static [&'static str],
    written: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `column = value, ..`
    Assign,
    /// `column IS DISTINCT FROM value OR ..`
    Differs,
    /// `column = value AND ..`
    Equals,
    /// `value, ..`
    Values,
}

impl<'a, 'b, DB: Engine> ColumnWriter<'a, 'b, DB> {
    pub(crate) fn new(out: AstPass<'a, 'b, DB>, form: Form) -> Self {
        Self {
            out,
            form,
            without: None,
            names: &[],
            written: 0,
        }
    }

    /// Passes over the columns with these names.
    #[cfg(feature = "mirror")]
    pub(crate) fn without(mut self, names: &'a dyn Fn(&str) -> bool) -> Self {
        self.without = Some(names);
        self
    }

    /// Goes on after `written` others.
    #[cfg(feature = "mirror")]
    pub(crate) fn after(mut self, written: usize) -> Self {
        self.written = written;
        self
    }

    /// With other names for the columns, in their order.
    pub(crate) fn named(mut self, names: &'static [&'static str]) -> Self {
        self.names = names;
        self
    }

    /// How many columns were written.
    pub(crate) fn written(&self) -> usize {
        self.written
    }

    /// Writes the column `C` with its value.
    pub fn column<C, V>(&mut self, value: &'b V) -> QueryResult<()>
    where
        C: Column + Expression<SqlType: 'static>,
        DB: HasSqlType<C::SqlType>,
        V: ToSql<C::SqlType, DB>,
    {
        if self.without.is_some_and(|without| without(C::NAME)) {
            return Ok(());
        }
        if self.written > 0 {
            self.out.push_sql(match self.form {
                Form::Assign | Form::Values => ", ",
                Form::Differs => " OR ",
                Form::Equals => " AND ",
            });
        }
        let name = self.names.get(self.written).unwrap_or(&C::NAME);
        self.written += 1;
        if self.form == Form::Differs {
            return self.differs::<C, V>(value);
        }
        if self.form != Form::Values {
            self.out.push_identifier(name)?;
            self.out.push_sql(" = ");
        }
        self.out.push_bind_param::<C::SqlType, V>(value)
    }

    /// Null-safe inequality. Text is compared by bytes, because under a
    /// case-insensitive collation a changed case would be lost otherwise.
    fn differs<C, V>(&mut self, value: &'b V) -> QueryResult<()>
    where
        C: Column + Expression<SqlType: 'static>,
        DB: HasSqlType<C::SqlType>,
        V: ToSql<C::SqlType, DB>,
    {
        let text = is::<C::SqlType, Text>();
        let (before, between, after) = match DB::KIND {
            Kind::Sqlite if text => ("", " COLLATE BINARY IS NOT ", ""),
            Kind::Sqlite => ("", " IS NOT ", ""),
            Kind::Postgres if text => ("", " COLLATE \"C\" IS DISTINCT FROM ", ""),
            // The type `json` has no equality.
            Kind::Postgres if is::<C::SqlType, diesel::sql_types::Json>() => {
                ("CAST(", " AS TEXT) IS DISTINCT FROM CAST(", " AS TEXT)")
            }
            Kind::Postgres => ("", " IS DISTINCT FROM ", ""),
            Kind::Mysql if text => ("NOT (BINARY ", " <=> BINARY ", ")"),
            Kind::Mysql => ("NOT (", " <=> ", ")"),
        };
        self.out.push_sql(before);
        self.out.push_identifier(C::NAME)?;
        self.out.push_sql(between);
        self.out.push_bind_param::<C::SqlType, V>(value)?;
        self.out.push_sql(after);
        Ok(())
    }
}

fn is<
    ST: 'static,
    Wanted: diesel::sql_types::SqlType<IsNull = diesel::sql_types::is_nullable::NotNull> + 'static,
>() -> bool {
    TypeId::of::<ST>() == TypeId::of::<Wanted>()
        || TypeId::of::<ST>() == TypeId::of::<Nullable<Wanted>>()
}
