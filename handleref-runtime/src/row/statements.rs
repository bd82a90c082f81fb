//! The statements behind the operations on one row.

use super::Row;
use super::columns::{ColumnWriter, Form};
use crate::engine::{Engine, Fragment, Kind, fails_late};
use crate::sql::{integer, raw};
use crate::write::{Bump, TableName};
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;

/// The row that a statement is about: by its key, and by its version if the
/// model has one.
pub(crate) struct ByKey<'a, M>(pub(crate) &'a M);

impl<'a, M> ByKey<'a, M> {
    pub(crate) fn walk<DB>(&self, out: AstPass<'_, 'a, DB>, with_version: bool) -> QueryResult<()>
    where
        DB: Engine,
        M: Row<DB>,
    {
        let mut writer = ColumnWriter::new(out, Form::Equals);
        self.0.walk_key(&mut writer)?;
        if with_version {
            self.0.walk_version(&mut writer)?;
        }
        Ok(())
    }
}

/// `UPDATE .. SET <all values> WHERE <key, version, live> AND <something differs>`
pub(crate) struct Save<'a, M: Row<DB>, DB: Engine> {
    row: &'a M,
    form: Form,
    converted: M::Converted,
    live: M::LiveTest,
    bump: Bump<M>,
}

impl<'a, M: Row<DB>, DB: Engine> Save<'a, M, DB> {
    /// Leaves the row alone if only the catalogue of MySQL or MariaDB can say
    /// whether something differs; see [`by_catalogue`](Self::by_catalogue).
    pub(crate) fn new(row: &'a M) -> Self {
        Self {
            form: Form::CertainlyDiffers,
            ..Self::by_catalogue(row)
        }
    }

    /// Writes whatever differs.
    pub(crate) fn by_catalogue(row: &'a M) -> Self {
        Self {
            row,
            form: Form::Differs,
            converted: row.converted(),
            live: M::live_test(),
            bump: Bump::new(),
        }
    }
}

impl<M: Row<DB>, DB: Engine> QueryFragment<DB> for Save<'_, M, DB> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("UPDATE ");
        M::table().push(&mut out)?;
        out.push_sql(" SET ");
        let mut assignments = ColumnWriter::new(out.reborrow(), Form::Assign);
        self.row.walk_values(&self.converted, &mut assignments)?;
        let values = assignments.written();
        let bumps = M::ROLES.version.is_some() || M::ROLES.updated_at.is_some();
        if bumps {
            if values > 0 {
                out.push_sql(", ");
            }
            self.bump.walk_ast(out.reborrow())?;
        } else if values == 0 {
            self.row
                .walk_key(&mut ColumnWriter::new(out.reborrow(), Form::Assign))?;
        }
        out.push_sql(" WHERE ");
        ByKey(self.row).walk(out.reborrow(), true)?;
        out.push_sql(" AND ");
        self.live.walk_ast(out.reborrow())?;
        out.push_sql(" AND (");
        self.walk_comparison(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

impl<M: Row<DB>, DB: Engine> Save<'_, M, DB> {
    fn walk_comparison<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let table = M::table().quoted()?;
        let mut conditions = ColumnWriter::new(out.reborrow(), self.form).of_table(&table);
        self.row.walk_values(&self.converted, &mut conditions)?;
        let compared = conditions.written();
        if DB::KIND != Kind::Postgres {
            if compared == 0 {
                // Only a key and managed columns: nothing can differ.
                out.push_sql("1 = 0");
            }
            return Ok(());
        }
        if compared > 0 {
            out.push_sql(" OR ");
        }
        // A copy of the row, into which the values are put as an assignment
        // would put them. By their bytes: not every type has an equality, and
        // that of some hides a change.
        out.push_sql(&raw!(
            "{table}.* OPERATOR(pg_catalog.*<>) pg_catalog.json_populate_record({table}.*, \
             (SELECT pg_catalog.row_to_json(handleref_v) FROM (SELECT ",
            table
        ));
        let mut copies = ColumnWriter::new(out.reborrow(), Form::Copies);
        self.row.walk_values(&self.converted, &mut copies)?;
        out.push_sql(") handleref_v))");
        Ok(())
    }
}

/// `UPDATE .. SET <change> WHERE <key, version> AND <test>`
pub(crate) struct Change<'a, M, DB: Engine> {
    pub(crate) row: &'a M,
    pub(crate) change: &'a Fragment<'a, DB>,
    pub(crate) test: &'a Fragment<'a, DB>,
}

impl<M: Row<DB>, DB: Engine> QueryFragment<DB> for Change<'_, M, DB> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("UPDATE ");
        M::table().push(&mut out)?;
        out.push_sql(" SET ");
        self.change.walk_ast(out.reborrow())?;
        out.push_sql(" WHERE ");
        ByKey(self.row).walk(out.reborrow(), true)?;
        out.push_sql(" AND ");
        self.test.walk_ast(out)
    }
}

/// `DELETE FROM .. WHERE <key, version>`
pub(crate) struct Remove<'a, M>(pub(crate) &'a M);

impl<M: Row<DB>, DB: Engine> QueryFragment<DB> for Remove<'_, M> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("DELETE FROM ");
        M::table().push(&mut out)?;
        out.push_sql(" WHERE ");
        ByKey(self.0).walk(out, true)
    }
}

/// `SELECT <columns> FROM .. WHERE <key>`, of this version or of any.
pub(crate) struct Stored<'a, M> {
    pub(crate) row: &'a M,
    pub(crate) columns: &'static [&'static str],
    pub(crate) of_version: bool,
}

impl<M: Row<DB>, DB: Engine> QueryFragment<DB> for Stored<'_, M> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        push_columns(self.columns, &mut out)?;
        out.push_sql(" FROM ");
        M::table().push(&mut out)?;
        out.push_sql(" WHERE ");
        ByKey(self.row).walk(out, self.of_version)
    }
}

fn push_columns<DB: Engine>(columns: &[&str], out: &mut AstPass<'_, '_, DB>) -> QueryResult<()> {
    if columns.is_empty() {
        // The row alone is asked for.
        out.push_sql("1");
    }
    for (at, column) in columns.iter().enumerate() {
        if at > 0 {
            out.push_sql(", ");
        }
        out.push_identifier(column)?;
    }
    Ok(())
}

/// Version and mark of a row, to say why nothing was written to it.
pub(crate) struct Probe<'a, M: Row<DB>, DB: Engine> {
    row: &'a M,
    live: M::LiveTest,
    /// The values, if they are to be compared with the row's.
    converted: Option<M::Converted>,
}

impl<'a, M: Row<DB>, DB: Engine> Probe<'a, M, DB> {
    pub(crate) fn new(row: &'a M) -> Self {
        Self {
            row,
            live: M::live_test(),
            converted: None,
        }
    }

    /// Asks too whether the row holds just the values of the instance.
    pub(crate) fn with_values(row: &'a M) -> Self {
        Self {
            converted: Some(row.converted()),
            ..Self::new(row)
        }
    }
}

/// `SELECT <version>, <1 if it is deleted>`, both as 64-bit integers.
pub(crate) fn push_held<'b, M: Row<DB>, DB: Engine>(
    live: &'b M::LiveTest,
    out: &mut AstPass<'_, 'b, DB>,
) -> QueryResult<()> {
    let integer = integer(DB::KIND);
    out.push_sql("SELECT CAST(");
    match M::ROLES.version {
        Some((version, _)) => out.push_identifier(version)?,
        None => out.push_sql("0"),
    }
    out.push_sql(" AS ");
    out.push_sql(integer);
    out.push_sql("), CAST(CASE WHEN ");
    live.walk_ast(out.reborrow())?;
    out.push_sql(" THEN 0 ELSE 1 END AS ");
    out.push_sql(integer);
    out.push_sql(")");
    Ok(())
}

impl<M: Row<DB>, DB: Engine> QueryFragment<DB> for Probe<'_, M, DB> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        fails_late::<DB>(&mut out);
        push_held::<M, DB>(&self.live, &mut out)?;
        if let Some(converted) = &self.converted {
            out.push_sql(" + CAST(CASE WHEN ");
            let mut writer = ColumnWriter::new(out.reborrow(), Form::Holds);
            self.row.walk_values(converted, &mut writer)?;
            if writer.written() == 0 {
                out.push_sql("1 = 1");
            }
            out.push_sql(" THEN 0 ELSE 2 END AS ");
            out.push_sql(integer(DB::KIND));
            out.push_sql(")");
        }
        out.push_sql(" FROM ");
        M::table().push(&mut out)?;
        out.push_sql(" WHERE ");
        ByKey(self.row).walk(out.reborrow(), false)?;
        if DB::KIND == Kind::Mysql {
            // Under REPEATABLE READ a plain read shows the row as it was when
            // the transaction began, not as the UPDATE just saw it.
            out.push_sql(" FOR UPDATE");
        }
        Ok(())
    }
}

/// `SELECT <selection of the struct> FROM .. WHERE <key>`
pub(crate) struct Reload<'a, M, S> {
    pub(crate) row: &'a M,
    pub(crate) selection: S,
}

impl<M: Row<DB>, S: QueryFragment<DB>, DB: Engine> QueryFragment<DB> for Reload<'_, M, S> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        self.selection.walk_ast(out.reborrow())?;
        out.push_sql(" FROM ");
        M::table().push(&mut out)?;
        out.push_sql(" WHERE ");
        ByKey(self.row).walk(out, false)
    }
}
