//! Columns of a row, as assignments and as comparisons.

use super::differs;
use crate::engine::Engine;
use crate::sql::literal::hex as hex_literal;
use crate::sql::{raw, unweighed};
use diesel::query_builder::AstPass;
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;
use diesel::{Column, Expression};
use std::any::TypeId;

/// Writes the columns that a model names, in one of several forms.
#[doc(hidden)]
#[allow(missing_debug_implementations)]
pub struct ColumnWriter<'a, 'b, DB: Engine> {
    out: AstPass<'a, 'b, DB>,
    form: Form,
    /// Columns that are passed over.
    without: Option<&'a dyn Fn(&str) -> bool>,
    /// What the columns are called, if not by their own names.
    names: &'static [&'static str],
    table: &'a str,
    written: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `column = value, ..`
    Assign,
    /// `column IS DISTINCT FROM value OR ..`, with the value as the column
    /// would hold it. On PostgreSQL only what is not in the copy of the row.
    Differs,
    /// As `Differs`, without asking the catalogue: what is left out may differ.
    CertainlyDiffers,
    /// `value AS column, ..`, for a copy of the row (PostgreSQL).
    Copies,
    /// `column IS value AND ..`: whether the row holds just these values.
    Holds,
    /// `column = value AND ..`
    Equals,
    /// `value, ..`
    Values,
}

impl Form {
    fn compares(self) -> bool {
        !matches!(self, Self::Assign | Self::Equals | Self::Values)
    }
}

impl<'a, 'b, DB: Engine> ColumnWriter<'a, 'b, DB> {
    pub(crate) fn new(out: AstPass<'a, 'b, DB>, form: Form) -> Self {
        Self {
            out,
            form,
            without: None,
            names: &[],
            table: "",
            written: 0,
        }
    }

    /// About a table of this name, as a statement writes it; keys are compared with its columns.
    pub(crate) fn of_table(mut self, table: &'a str) -> Self {
        self.table = table;
        self
    }

    /// Passes over the columns with these names.
    #[cfg(feature = "mirror")]
    pub(crate) fn without(mut self, names: &'a dyn Fn(&str) -> bool) -> Self {
        self.without = Some(names);
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
        if self.form.compares() {
            self.written += usize::from(self.compared::<C, V>(value)?);
            return Ok(());
        }
        self.separate();
        let name = self.names.get(self.written).unwrap_or(&C::NAME);
        self.written += 1;
        if self.form != Form::Values {
            if self.form == Form::Equals && !self.table.is_empty() {
                self.out.push_sql(self.table);
                self.out.push_sql(".");
            }
            self.out.push_identifier(name)?;
            self.out.push_sql(" = ");
        }
        if self.form == Form::Equals {
            self.out.push_sql(unweighed(DB::KIND));
        }
        self.out.push_bind_param::<C::SqlType, V>(value)
    }

    /// Writes a condition or a value about the column; nothing, and false, if
    /// the form has none for its type.
    fn compared<C, V>(&mut self, value: &'b V) -> QueryResult<bool>
    where
        C: Column + Expression<SqlType: 'static>,
        DB: HasSqlType<C::SqlType>,
        V: ToSql<C::SqlType, DB>,
    {
        let comparison = differs::comparison(DB::KIND, TypeId::of::<C::SqlType>());
        let template = match self.form {
            Form::Differs => comparison.direct,
            Form::CertainlyDiffers => comparison.certain.or(comparison.direct),
            Form::Copies => comparison.copied,
            _ => Some(differs::holds(DB::KIND, TypeId::of::<C::SqlType>())),
        };
        let Some(template) = template else {
            return Ok(false);
        };
        self.separate();
        let mut parts = template.split('{');
        self.out.push_sql(parts.next().unwrap_or_default());
        for part in parts {
            let (what, rest) = part.split_once('}').unwrap_or(("", part));
            match what {
                "c" => self.out.push_identifier(C::NAME)?,
                "v" => self.out.push_bind_param::<C::SqlType, V>(value)?,
                "type" => self.catalogued("DATA_TYPE", C::NAME),
                _ => self.catalogued("NUMERIC_SCALE", C::NAME),
            }
            self.out.push_sql(rest);
        }
        if self.form == Form::Copies {
            self.out.push_sql(" AS ");
            self.out.push_identifier(C::NAME)?;
        }
        Ok(true)
    }

    /// What the catalogue of MySQL or MariaDB says about a column.
    fn catalogued(&mut self, what: &'static str, column: &str) {
        // `schema`.`table`, as it is written in the statement.
        let unquoted = |name: &str| hex_literal(&name.trim_matches('`').replace("``", "`"));
        let (schema, table) = match self.table.split_once("`.`") {
            Some((schema, table)) => (unquoted(schema), unquoted(table)),
            None => ("DATABASE()".into(), unquoted(self.table)),
        };
        self.out.push_sql(&raw!(
            "(SELECT {what} FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {schema} \
             AND TABLE_NAME = {table} AND COLUMN_NAME = {})",
            [hex_literal(column)],
            what,
            schema,
            table
        ));
    }

    fn separate(&mut self) {
        if self.written > 0 {
            self.out.push_sql(match self.form {
                Form::Assign | Form::Values | Form::Copies => ", ",
                Form::Differs | Form::CertainlyDiffers => " OR ",
                Form::Equals | Form::Holds => " AND ",
            });
        }
    }
}
