//! The operations on one row, step by step: for all models at once.

use super::statements::{Change, Probe, Reload, Remove, Save, Stored};
use super::{Outcome, Row, SelectionSql};
use crate::context::handed::{Handed, Handing};
use crate::engine::{Engine, Fragment, Kind, Typed};
use crate::error::Error;
use crate::key::Key;
use crate::session::{AnyRow, Boxed, EachRow, Session, Transaction};
use crate::sql::Sql;
use diesel::Selectable;
use diesel::deserialize::FromSqlRow;
use diesel::query_builder::QueryFragment;
use std::marker::PhantomData;

/// A row of a program, without the type of its model.
pub(crate) trait Instance: Send + Sync {
    fn model(&self) -> &'static str;
    fn key(&self) -> String;
    /// The version that it holds, if the model has one.
    fn version(&self) -> Option<i64>;
    /// What Rust computes for the triggers.
    fn handed(&self) -> Vec<Handed>;
    fn save(&self) -> Typed<'_>;
    fn save_by_catalogue(&self) -> Typed<'_>;
    fn probe(&self, with_values: bool) -> Typed<'_>;
    fn stored(&self, columns: &'static [&'static str], of_version: bool) -> Typed<'_>;
    fn remove(&self) -> Typed<'_>;
}

/// A row of `M` for the engine `DB`.
pub(crate) struct TypedInstance<'a, M, DB>(&'a M, PhantomData<fn() -> DB>);

impl<'a, M: Row<DB>, DB: Engine> TypedInstance<'a, M, DB> {
    pub(crate) fn new(row: &'a M) -> Self {
        Self(row, PhantomData)
    }
}

impl<M: Row<DB>, DB: Engine> Instance for TypedInstance<'_, M, DB> {
    fn model(&self) -> &'static str {
        M::NAME
    }
    fn key(&self) -> String {
        self.0.key().text()
    }
    fn version(&self) -> Option<i64> {
        self.0.held_version()
    }
    fn handed(&self) -> Vec<Handed> {
        self.0.handed()
    }
    fn save(&self) -> Typed<'_> {
        DB::typed(Box::new(Save::<M, DB>::new(self.0)))
    }
    fn save_by_catalogue(&self) -> Typed<'_> {
        DB::typed(Box::new(Save::<M, DB>::by_catalogue(self.0)))
    }
    fn probe(&self, with_values: bool) -> Typed<'_> {
        DB::typed(match with_values {
            true => Box::new(Probe::<M, DB>::with_values(self.0)),
            false => Box::new(Probe::<M, DB>::new(self.0)),
        })
    }
    fn stored(&self, columns: &'static [&'static str], of_version: bool) -> Typed<'_> {
        DB::typed(Box::new(Stored {
            row: self.0,
            columns,
            of_version,
        }))
    }
    fn remove(&self) -> Typed<'_> {
        DB::typed(Box::new(Remove(self.0)))
    }
}

pub(crate) async fn save<M: Row<DB>, DB: Engine>(
    conn: &mut dyn Session,
    row: &mut M,
) -> Result<Outcome, Error> {
    if row.held_mark() {
        return Err(Error::Deleted {
            model: M::NAME,
            key: row.key().text(),
        });
    }
    let mut saved = None;
    let instance = TypedInstance::<M, DB>::new(row);
    let mut take = |row: &AnyRow<'_>| {
        saved = Some(row.read::<DB, M::SavedSql, M::Saved>()?);
        Ok(())
    };
    let outcome = save_instance(conn, &instance, M::SAVED, &mut take).await?;
    if let Some(saved) = saved {
        row.settle(saved);
    }
    Ok(outcome)
}

fn save_instance<'a>(
    conn: &'a mut dyn Session,
    row: &'a dyn Instance,
    columns: &'static [&'static str],
    take: &'a mut EachRow<'a>,
) -> Boxed<'a, Result<Outcome, Error>> {
    Box::pin(async move {
        if write(conn, row, &row.save(), columns, take).await? {
            return Ok(Outcome::Written);
        }
        let found = probe(conn, row, true).await?;
        if found.deleted {
            return Err(Error::Deleted {
                model: row.model(),
                key: row.key(),
            });
        }
        found.same_version(row)?;
        if found.exact {
            return Ok(Outcome::Unchanged);
        }
        if conn.kind() == Kind::Mysql
            && write(conn, row, &row.save_by_catalogue(), columns, take).await?
        {
            return Ok(Outcome::Written);
        }
        // The row holds what the columns make of the values, and the instance
        // gets it; unless another version was written in the meantime.
        read(conn, &row.stored(columns, true), take).await?;
        Ok(Outcome::Unchanged)
    })
}

/// Executes `change`; `None` if no row was written.
pub(crate) async fn change<M: Row<DB>, DB: Engine>(
    conn: &mut dyn Session,
    row: &M,
    change: &Fragment<'_, DB>,
    test: &Fragment<'_, DB>,
) -> Result<Option<M::Managed>, Error> {
    let mut managed = None;
    let instance = TypedInstance::<M, DB>::new(row);
    let update = DB::typed(Box::new(Change { row, change, test }));
    let mut take = |row: &AnyRow<'_>| {
        managed = Some(row.read::<DB, M::ManagedSql, M::Managed>()?);
        Ok(())
    };
    write(conn, &instance, &update, M::MANAGED, &mut take).await?;
    Ok(managed)
}

/// Executes an `UPDATE` of this row, and hands over these columns as it wrote
/// them; whether it wrote anything.
fn write<'a>(
    conn: &'a mut dyn Session,
    row: &'a dyn Instance,
    update: &'a Typed<'a>,
    columns: &'static [&'static str],
    take: &'a mut EachRow<'_>,
) -> Boxed<'a, Result<bool, Error>> {
    Box::pin(async move {
        let handed = row.handed();
        if handed.is_empty() {
            return write_plainly(conn, row, update, columns, take).await;
        }
        let mut handing = Handing::begin(conn, handed).await?;
        let result = write_plainly(handing.conn(), row, update, columns, take).await;
        handing.finish(result).await
    })
}

async fn write_plainly(
    conn: &mut dyn Session,
    row: &dyn Instance,
    update: &Typed<'_>,
    columns: &'static [&'static str],
    take: &mut EachRow<'_>,
) -> Result<bool, Error> {
    // MySQL has no `RETURNING`; MariaDB has none for `UPDATE` before version 13.
    if conn.kind() != Kind::Mysql {
        let sql = Sql::new("").typed(update).sql(" RETURNING ");
        // Without columns the row alone is asked for.
        let sql = match columns {
            [] => sql.sql("1"),
            columns => sql.names("", columns),
        };
        return each(conn, sql, take).await;
    }
    // The transaction keeps the row locked until it is read back.
    if conn.in_transaction() {
        return write_and_read(conn, row, update, columns, take).await;
    }
    let mut transaction = Transaction::begin(conn).await?;
    let result = write_and_read(transaction.conn(), row, update, columns, take).await;
    transaction.finish(result).await
}

async fn write_and_read(
    conn: &mut dyn Session,
    row: &dyn Instance,
    update: &Typed<'_>,
    columns: &'static [&'static str],
    take: &mut EachRow<'_>,
) -> Result<bool, Error> {
    if conn.execute(Sql::new("").typed(update)).await? == 0 {
        return Ok(false);
    }
    read(conn, &row.stored(columns, false), take).await
}

/// Hands over the row that a query finds; whether there was one.
pub(crate) async fn read(
    conn: &mut dyn Session,
    query: &Typed<'_>,
    take: &mut EachRow<'_>,
) -> Result<bool, Error> {
    each(conn, Sql::new("").typed(query), take).await
}

async fn each(
    conn: &mut dyn Session,
    query: Sql<'_>,
    take: &mut EachRow<'_>,
) -> Result<bool, Error> {
    let mut found = false;
    conn.each(query, &mut |row: &AnyRow<'_>| {
        found = true;
        take(row)
    })
    .await?;
    Ok(found)
}

/// What the database holds of a row that was not written.
pub(crate) struct Found {
    pub(crate) version: i64,
    pub(crate) deleted: bool,
    /// Whether it holds just the values of the instance; true if not asked for.
    exact: bool,
}

impl Found {
    /// # Errors
    /// `Stale` if the model has a version and the instance holds another one.
    pub(crate) fn same_version(&self, row: &dyn Instance) -> Result<(), Error> {
        match row.version() {
            Some(expected) if expected != self.version => Err(Error::Stale {
                model: row.model(),
                key: row.key(),
                expected,
                found: self.version,
            }),
            _ => Ok(()),
        }
    }
}

async fn probe(
    conn: &mut dyn Session,
    row: &dyn Instance,
    with_values: bool,
) -> Result<Found, Error> {
    let probe = row.probe(with_values);
    let found = conn.first(Sql::new("").typed(&probe)).await?;
    let (version, flags): (i64, i64) = found.ok_or_else(|| Error::Gone {
        model: row.model(),
        key: row.key(),
    })?;
    Ok(Found {
        version,
        deleted: flags & 1 != 0,
        exact: flags & 2 == 0,
    })
}

/// Why nothing was written: nothing was to be done, or an error.
pub(crate) fn unchanged<'a>(
    conn: &'a mut dyn Session,
    row: &'a dyn Instance,
    delete: bool,
) -> Boxed<'a, Result<(), Error>> {
    Box::pin(async move {
        let found = probe(conn, row, false).await?;
        if found.deleted == delete {
            return Ok(());
        }
        found.same_version(row)
    })
}

pub(crate) fn hard_delete<'a>(
    conn: &'a mut dyn Session,
    row: &'a dyn Instance,
) -> Boxed<'a, Result<(), Error>> {
    Box::pin(async move {
        if conn.execute(Sql::new("").typed(&row.remove())).await? > 0 {
            return Ok(());
        }
        probe(conn, row, false).await?.same_version(row)?;
        // The row is there, with this version, and yet was not deleted: a trigger
        // or a rule of the database keeps it.
        Err(Error::Database(diesel::result::Error::NotFound))
    })
}

pub(crate) async fn reload<M, DB>(conn: &mut dyn Session, row: &mut M) -> Result<(), Error>
where
    DB: Engine,
    M: Row<DB> + Selectable<DB> + FromSqlRow<SelectionSql<M, DB>, DB>,
    M::SelectExpression: QueryFragment<DB> + Send + Sync,
    SelectionSql<M, DB>: 'static,
{
    let query = Reload {
        row: &*row,
        selection: M::construct_selection(),
    };
    let query = Sql::new("").part::<DB>(&query);
    let loaded = conn.typed::<DB, SelectionSql<M, DB>, M>(query).await?.pop();
    *row = loaded.ok_or_else(|| Error::Gone {
        model: M::NAME,
        key: row.key().text(),
    })?;
    Ok(())
}
