//! The query for what changed.

use super::cursor::{Cursor, Inner};
use super::filter::{AnyFilter, Filters, Only};
use super::follow::{Batches, Follow, Pages};
use super::reader::{Ask, Reader, by_name, names, not_installed};
use super::{reach, witness};
use crate::any::Engines;
use crate::engine::Engine;
use crate::error::Error;
use crate::history::models::Listed;
use crate::history::{AnyModel, Models, Registered};
use crate::history::{Change, Operation, Recorded};
use crate::session::{Boxed, Executor, Session};
use diesel::SelectableExpression;
use diesel::sql_types::BoolOrNullableBool;
use std::fmt;
use std::sync::Arc;

/// The changes of recorded models (one, or a tuple of up to eight, which may be
/// nested), in the order in which they became visible.
///
/// ```text
/// let mut cursor = Cursor::beginning();
/// loop {
///     let batch = handleref::changes::<(Topic, Article)>().since(&cursor).limit(500).load(conn)?;
///     for change in &batch.changes {
///         match change.row::<Article>() { .. }
///     }
///     cursor = batch.cursor;                 // keep it where the changes went, in one transaction
///     if !batch.more { break }
/// }
/// ```
///
/// Every committed change is in exactly one of the batches, whichever
/// transactions overlapped, and the changes of a row come in the order of its
/// versions. Inside a batch, and from batch to batch, what one transaction saw
/// of another comes after it: a child after its parent. (Where a foreign key is
/// checked only at the commit, a transaction may write the child first; then it
/// comes first. So may rows of one table that one statement writes, on PostgreSQL.)
///
/// The rows that were there before recording began are no changes, nor are
/// their baselines.
pub fn changes<Ms>() -> ChangesSince<Ms> {
    ChangesSince {
        cursor: Cursor::beginning(),
        operations: Vec::new(),
        limit: 1_000,
        filters: (),
        models: Listed::typed(),
    }
}

/// A query for changes, made by [`changes`].
#[must_use = "nothing is read before `.load(conn)`"]
#[derive(Clone)]
pub struct ChangesSince<Ms, F = ()> {
    cursor: Cursor,
    operations: Vec<Operation>,
    limit: u32,
    filters: F,
    models: Listed<Ms>,
}

impl<Ms, F> fmt::Debug for ChangesSince<Ms, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "changes since {}", self.cursor)
    }
}

/// Some changes, and where they end.
#[derive(Debug, Clone, serde::Serialize)]
#[non_exhaustive]
pub struct Batch {
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// What has been read with this batch, the changes that a filter left out
    /// among it.
    pub cursor: Cursor,
    /// Whether there are more already.
    pub more: bool,
}

impl IntoIterator for Batch {
    type Item = Change;
    type IntoIter = std::vec::IntoIter<Change>;
    fn into_iter(self) -> Self::IntoIter {
        self.changes.into_iter()
    }
}

impl<'a> IntoIterator for &'a Batch {
    type Item = &'a Change;
    type IntoIter = std::slice::Iter<'a, Change>;
    fn into_iter(self) -> Self::IntoIter {
        self.changes.iter()
    }
}

/// The greatest number of changes in one batch.
const MOST: u32 = 10_000;

impl ChangesSince<Registered> {
    /// Of the models of a registry.
    pub(crate) fn of_registered(models: Arc<[Engines]>) -> Self {
        Self {
            models: Listed::registered(models),
            ..changes()
        }
    }
}

impl<Ms, F> ChangesSince<Ms, F> {
    /// Those that were not read yet; without it, all that are still there.
    pub fn since(mut self, cursor: &Cursor) -> Self {
        self.cursor = cursor.clone();
        self
    }

    /// At most so many, from 1 to 10,000; otherwise 1,000.
    pub fn limit(mut self, changes: u32) -> Self {
        self.limit = changes.clamp(1, MOST);
        self
    }

    /// Only such; without it, all kinds.
    pub fn operations(mut self, operations: impl IntoIterator<Item = Operation>) -> Self {
        self.operations = operations.into_iter().collect();
        self
    }

    /// Of the model `M` only the changes after which this is true of the row (of
    /// a deleted row: as it was last). A change that makes it untrue is left out,
    /// so for a copy of some rows ask for columns that stay as they are.
    ///
    /// ```text
    /// handleref::changes::<(Topic, Article)>().only::<Article, _>(articles::topic_id.eq(7))
    /// ```
    pub fn only<M, P>(self, condition: P) -> ChangesSince<Ms, Only<M, P, F>>
    where
        M: Recorded,
        P: SelectableExpression<M::Records>,
        P::SqlType: BoolOrNullableBool,
    {
        ChangesSince {
            cursor: self.cursor,
            operations: self.operations,
            limit: self.limit,
            filters: Only::new(condition, self.filters),
            models: self.models,
        }
    }

    /// The position of now: whatever is committed and visible is before it.
    /// With a copy of the tables from the same snapshot (a repeatable-read
    /// transaction, on SQLite any) it is where to go on.
    ///
    /// # Errors
    /// [`Error::NotInstalled`], [`Error::Standby`], [`Error::Copied`] or
    /// [`Error::Database`].
    pub fn now<'a, C>(self, conn: &'a mut C) -> C::Output<'a, Result<Cursor, Error>>
    where
        Ms: Models<C::Engine>,
        C: Executor,
    {
        C::finish(now(conn, self.models.on::<C::Engine>()))
    }

    /// Reads them: four to six queries, and one for each model that changed; on
    /// MySQL and MariaDB first a transaction that numbers what is new.
    ///
    /// # Errors
    /// [`Error::Foreign`] and [`Error::WrongModels`] if the cursor is of another
    /// database or for other models, [`Error::TooOld`] if records after it were
    /// pruned, [`Error::NotInstalled`], [`Error::Standby`], [`Error::Copied`],
    /// [`Error::Database`].
    pub fn load<'a, C>(self, conn: &'a mut C) -> C::Output<'a, Result<Batch, Error>>
    where
        Self: 'a,
        Ms: Models<C::Engine>,
        F: Filters<C::Engine>,
        C: Executor,
    {
        C::run(async move { self.batch::<C::Engine>(conn, &self.cursor).await })
    }

    /// Reads these, and then what comes; see [`Follow`].
    pub fn follow(self) -> Follow<Self> {
        Follow::new(self)
    }

    async fn batch<DB>(&self, conn: &mut dyn Session, cursor: &Cursor) -> Result<Batch, Error>
    where
        DB: Engine,
        Ms: Models<DB>,
        F: Filters<DB>,
    {
        let ask = Ask {
            operations: &self.operations,
            limit: self.limit,
            before: None,
            newest: false,
        };
        let filters = |records: &str| Filters::<DB>::of(&self.filters, records);
        batch(conn, self.models.on::<DB>(), cursor, ask, &filters).await
    }
}

pub(crate) fn batch<'a>(
    conn: &'a mut dyn Session,
    models: Result<Vec<&'static dyn AnyModel>, Error>,
    cursor: &'a Cursor,
    ask: Ask<'a>,
    filters: &'a AnyFilter<'a>,
) -> Boxed<'a, Result<Batch, Error>> {
    Box::pin(async move {
        let reader = Reader::open(conn, by_name(models?), cursor, Some(ask.limit)).await?;
        let (changes, cut) = reader.page(conn, ask, filters).await?;
        let cursor = match cut {
            Some(place) => reader.cut(place, changes.last()),
            None => reader.end(changes.last()),
        };
        Ok(Batch {
            changes,
            cursor,
            more: cut.is_some() || reader.rest(),
        })
    })
}

/// What changed in models of a registry.
#[cfg(any(feature = "axum", feature = "manage"))]
pub(crate) fn batch_of<'a>(
    conn: &'a mut dyn Session,
    models: Arc<[Engines]>,
    cursor: &'a Cursor,
    limit: u32,
) -> Boxed<'a, Result<Batch, Error>> {
    let models = Listed::<Registered>::registered(models).at(conn.kind());
    let ask = Ask {
        operations: &[],
        limit,
        before: None,
        newest: false,
    };
    batch(conn, models, cursor, ask, &|_| None)
}

/// The position of now of models of a registry.
#[cfg(any(feature = "axum", feature = "manage"))]
pub(crate) fn now_of(
    conn: &mut dyn Session,
    models: Arc<[Engines]>,
) -> Boxed<'_, Result<Cursor, Error>> {
    let models = Listed::<Registered>::registered(models).at(conn.kind());
    now(conn, models)
}

pub(crate) fn now<'a>(
    conn: &'a mut dyn Session,
    models: Result<Vec<&'static dyn AnyModel>, Error>,
) -> Boxed<'a, Result<Cursor, Error>> {
    Box::pin(async move {
        let models = by_name(models?);
        let (database, position) = match reach::now(conn).await {
            Ok(now) => now,
            Err(error) => return Err(not_installed(conn, error, &models).await),
        };
        let witness = witness::newest(conn, &models).await?;
        Ok(Cursor::new(Inner {
            database: database.token,
            models: names(&models),
            position,
            witness,
        }))
    })
}

impl<M: Recorded, F> ChangesSince<M, F> {
    /// Only the changes after which this is true of the row; as
    /// [`only`](ChangesSince::only).
    pub fn filter<P>(self, condition: P) -> ChangesSince<M, Only<M, P, F>>
    where
        P: SelectableExpression<M::Records>,
        P::SqlType: BoolOrNullableBool,
    {
        self.only::<M, P>(condition)
    }
}

impl Pages for Batch {
    fn cursor(&self) -> &Cursor {
        &self.cursor
    }
    fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
    fn more(&self) -> bool {
        self.more
    }
}

impl<Ms, F, C> Batches<C> for ChangesSince<Ms, F>
where
    Ms: Models<C::Engine>,
    F: Filters<C::Engine>,
    C: Executor,
{
    type Batch = Batch;
    type Reading<'a>
        = C::Output<'a, Result<Batch, Error>>
    where
        Self: 'a,
        C: 'a;

    fn read<'a>(&'a self, conn: &'a mut C, cursor: Option<Cursor>) -> Self::Reading<'a> {
        C::run(async move {
            let cursor = cursor.as_ref().unwrap_or(&self.cursor);
            self.batch::<C::Engine>(conn, cursor).await
        })
    }
}
