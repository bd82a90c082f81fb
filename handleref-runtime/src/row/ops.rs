//! The operations on one row, step by step.

use super::statements::{Change, Managed, Probe, Reload, Remove, Returning, Save};
use super::{Outcome, Row, SelectionSql};
use crate::engine::Engine;
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
    if let Some(managed) = write(conn, row, Save::<M, C::Backend>::new(row)).await? {
        row.apply(managed);
        return Ok(Outcome::Written);
    }
    let found = probe(conn, row).await?;
    if found.deleted {
        return Err(Error::Deleted {
            model: M::NAME,
            key: row.key().text(),
        });
    }
    found.same_version(row)?;
    Ok(Outcome::Unchanged)
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
    write(conn, row, Change { row, change, test }).await
}

/// Executes an `UPDATE` of this row and gives the managed columns that it
/// wrote; `None` if it wrote none.
async fn write<C, M, S>(conn: &mut C, row: &M, statement: S) -> Result<Option<M::Managed>, Error>
where
    C: Steps,
    M: Row<C::Backend>,
    S: QueryFragment<C::Backend> + QueryId + Send,
{
    let handed = row.handed();
    if handed.is_empty() {
        return write_plainly(conn, row, statement).await;
    }
    let mut handing = Handing::begin(conn, handed).await?;
    let result = write_plainly(handing.conn(), row, statement).await;
    handing.finish(result).await
}

async fn write_plainly<C, M, S>(
    conn: &mut C,
    row: &M,
    statement: S,
) -> Result<Option<M::Managed>, Error>
where
    C: Steps,
    M: Row<C::Backend>,
    S: QueryFragment<C::Backend> + QueryId + Send,
{
    if C::Backend::RETURNING {
        let mut written = conn
            .load::<M::ManagedSql, M::Managed, _>(Returning::<S, M>::new(statement))
            .await?;
        return Ok(written.pop());
    }
    // The transaction keeps the row locked until it is read back.
    if conn.in_transaction() {
        return write_and_read(conn, row, statement).await;
    }
    let mut transaction = Transaction::begin(conn).await?;
    let result = write_and_read(transaction.conn(), row, statement).await;
    transaction.finish(result).await
}

async fn write_and_read<C, M, S>(
    conn: &mut C,
    row: &M,
    statement: S,
) -> Result<Option<M::Managed>, Error>
where
    C: Steps,
    M: Row<C::Backend>,
    S: QueryFragment<C::Backend> + QueryId + Send,
{
    if conn.execute(statement).await? == 0 {
        return Ok(None);
    }
    managed(conn, row).await
}

/// Reads the managed columns of a row.
pub(crate) async fn managed<C, M>(conn: &mut C, row: &M) -> Result<Option<M::Managed>, Error>
where
    C: Steps,
    M: Row<C::Backend>,
{
    Ok(conn
        .load::<M::ManagedSql, M::Managed, _>(Managed(row))
        .await?
        .pop())
}

/// What the database holds of a row that was not written.
pub(crate) struct Found {
    pub(crate) version: i64,
    pub(crate) deleted: bool,
}

impl Found {
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
    let found = conn.numbers(Probe::<M, C::Backend>::new(row)).await?.pop();
    let (version, deleted) = found.ok_or_else(|| Error::Gone {
        model: M::NAME,
        key: row.key().text(),
    })?;
    Ok(Found {
        version,
        deleted: deleted != 0,
    })
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
