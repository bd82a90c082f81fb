//! The operations on one row, step by step.

use super::statements::{Change, Probe, Reload, Remove, Returning, Save, Stored};
use super::{Outcome, Row, SelectionSql};
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::executor::{Steps, Transaction};
use crate::key::Key;
use crate::record::handed::Handing;
use diesel::Selectable;
use diesel::deserialize::FromSqlRow;
use diesel::query_builder::{QueryFragment, QueryId};

pub(crate) async fn save<C, M>(conn: &mut C, row: &mut M) -> Result<Outcome, Error>
where
    C: Steps,
    M: Row<C::Backend>,
{
    if row.held_mark() {
        return Err(Error::Deleted {
            model: M::NAME,
            key: row.key().text(),
        });
    }
    if let Some(saved) = save_with(conn, row, Save::<M, C::Backend>::new(row)).await? {
        row.settle(saved);
        return Ok(Outcome::Written);
    }
    let probe = Probe::<M, C::Backend>::with_values(row);
    let found = Found::of(row, conn.numbers(probe).await?.pop())?;
    if found.deleted {
        return Err(Error::Deleted {
            model: M::NAME,
            key: row.key().text(),
        });
    }
    found.same_version(row)?;
    if found.exact {
        return Ok(Outcome::Unchanged);
    }
    if C::Backend::KIND == Kind::Mysql
        && let Some(saved) = save_with(conn, row, Save::<M, C::Backend>::by_catalogue(row)).await?
    {
        row.settle(saved);
        return Ok(Outcome::Written);
    }
    // The row holds what the columns make of the values, and the instance gets
    // it; unless somebody has written another version in the meantime.
    let stored = Stored {
        row: &*row,
        columns: M::SAVED,
        of_version: true,
    };
    if let Some(saved) = conn.load::<M::SavedSql, M::Saved, _>(stored).await?.pop() {
        row.settle(saved);
    }
    Ok(Outcome::Unchanged)
}

async fn save_with<C, M>(
    conn: &mut C,
    row: &M,
    save: Save<'_, M, C::Backend>,
) -> Result<Option<M::Saved>, Error>
where
    C: Steps,
    M: Row<C::Backend>,
{
    write::<_, _, _, M::SavedSql, _>(conn, row, save, M::SAVED).await
}

/// Executes `change`; `None` if no row was written.
pub(crate) async fn change<C, M, S, T>(
    conn: &mut C,
    row: &M,
    change: S,
    test: T,
) -> Result<Option<M::Managed>, Error>
where
    C: Steps,
    M: Row<C::Backend>,
    S: QueryFragment<C::Backend> + Send + Sync,
    T: QueryFragment<C::Backend> + Send + Sync,
{
    let change = Change { row, change, test };
    write::<_, _, _, M::ManagedSql, _>(conn, row, change, M::MANAGED).await
}

/// Executes an `UPDATE` of this row and gives these columns as it wrote them;
/// `None` if it wrote nothing.
async fn write<C, M, S, ST, T>(
    conn: &mut C,
    row: &M,
    statement: S,
    columns: &'static [&'static str],
) -> Result<Option<T>, Error>
where
    C: Steps,
    M: Row<C::Backend>,
    S: QueryFragment<C::Backend> + QueryId + Send,
    ST: 'static,
    T: FromSqlRow<ST, C::Backend> + Send + 'static,
{
    let handed = row.handed();
    if handed.is_empty() {
        return write_plainly(conn, row, statement, columns).await;
    }
    let mut handing = Handing::begin(conn, handed).await?;
    let result = write_plainly(handing.conn(), row, statement, columns).await;
    handing.finish(result).await
}

async fn write_plainly<C, M, S, ST, T>(
    conn: &mut C,
    row: &M,
    statement: S,
    columns: &'static [&'static str],
) -> Result<Option<T>, Error>
where
    C: Steps,
    M: Row<C::Backend>,
    S: QueryFragment<C::Backend> + QueryId + Send,
    ST: 'static,
    T: FromSqlRow<ST, C::Backend> + Send + 'static,
{
    if C::Backend::RETURNING {
        let returning = Returning { statement, columns };
        return Ok(conn.load::<ST, T, _>(returning).await?.pop());
    }
    // The transaction keeps the row locked until it is read back.
    if conn.in_transaction() {
        return write_and_read(conn, row, statement, columns).await;
    }
    let mut transaction = Transaction::begin(conn).await?;
    let result = write_and_read(transaction.conn(), row, statement, columns).await;
    transaction.finish(result).await
}

async fn write_and_read<C, M, S, ST, T>(
    conn: &mut C,
    row: &M,
    statement: S,
    columns: &'static [&'static str],
) -> Result<Option<T>, Error>
where
    C: Steps,
    M: Row<C::Backend>,
    S: QueryFragment<C::Backend> + QueryId + Send,
    ST: 'static,
    T: FromSqlRow<ST, C::Backend> + Send + 'static,
{
    if conn.execute(statement).await? == 0 {
        return Ok(None);
    }
    let of_version = false;
    let stored = Stored {
        row,
        columns,
        of_version,
    };
    Ok(conn.load::<ST, T, _>(stored).await?.pop())
}

/// Reads the managed columns of a row.
pub(crate) async fn managed<C, M>(conn: &mut C, row: &M) -> Result<Option<M::Managed>, Error>
where
    C: Steps,
    M: Row<C::Backend>,
{
    let stored = Stored {
        row,
        columns: M::MANAGED,
        of_version: false,
    };
    let found = conn.load::<M::ManagedSql, M::Managed, _>(stored).await?;
    Ok(found.into_iter().next())
}

/// What the database holds of a row that was not written.
pub(crate) struct Found {
    pub(crate) version: i64,
    pub(crate) deleted: bool,
    /// Whether it holds just the values of the instance; true if not asked for.
    exact: bool,
}

impl Found {
    /// Takes the answer to a [`Probe`].
    fn of<M: Row<DB>, DB: Engine>(row: &M, answer: Option<(i64, i64)>) -> Result<Self, Error> {
        let (version, flags) = answer.ok_or_else(|| Error::Gone {
            model: M::NAME,
            key: row.key().text(),
        })?;
        Ok(Self {
            version,
            deleted: flags & 1 != 0,
            exact: flags & 2 == 0,
        })
    }

    /// # Errors
    /// `Stale` if the model has a version and the instance holds another one.
    pub(crate) fn same_version<M: Row<DB>, DB: Engine>(&self, row: &M) -> Result<(), Error> {
        match row.held_version() {
            Some(expected) if expected != self.version => Err(Error::Stale {
                model: M::NAME,
                key: row.key().text(),
                expected,
                found: self.version,
            }),
            _ => Ok(()),
        }
    }
}

pub(crate) async fn probe<C, M>(conn: &mut C, row: &M) -> Result<Found, Error>
where
    C: Steps,
    M: Row<C::Backend>,
{
    Found::of(
        row,
        conn.numbers(Probe::<M, C::Backend>::new(row)).await?.pop(),
    )
}

pub(crate) async fn hard_delete<C, M>(conn: &mut C, row: &M) -> Result<(), Error>
where
    C: Steps,
    M: Row<C::Backend>,
{
    if conn.execute(Remove(row)).await? > 0 {
        return Ok(());
    }
    let found = probe(conn, row).await?;
    found.same_version(row)?;
    // The row is there, with this version, and yet was not deleted: a trigger
    // or a rule of the database keeps it.
    Err(Error::Database(diesel::result::Error::NotFound))
}

pub(crate) async fn reload<C, M>(conn: &mut C, row: &mut M) -> Result<(), Error>
where
    C: Steps,
    M: Row<C::Backend> + Selectable<C::Backend> + FromSqlRow<SelectionSql<M, C>, C::Backend>,
    M::SelectExpression: QueryFragment<C::Backend> + Send + Sync,
    SelectionSql<M, C>: 'static,
{
    let query = Reload {
        row: &*row,
        selection: M::construct_selection(),
    };
    let loaded = conn.load::<SelectionSql<M, C>, M, _>(query).await?.pop();
    *row = loaded.ok_or_else(|| Error::Gone {
        model: M::NAME,
        key: row.key().text(),
    })?;
    Ok(())
}
