//! The query for what changed.

use super::change::Change;
use super::cursor::{Cursor, Inner, Witness};
use super::filter::{Filters, Only};
use super::page::{self, Page};
use super::{prune, reach, witness};
use crate::changeset::{AnyModel, Models, models};
use crate::error::Error;
use crate::executor::Executor;
use crate::record::{Operation, Recorded};
use diesel::SelectableExpression;
use diesel::sql_types::BoolOrNullableBool;
use std::fmt;
use std::marker::PhantomData;

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
        models: PhantomData,
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
    models: PhantomData<fn() -> Ms>,
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

/// The greatest number of changes in one batch.
const MOST: u32 = 10_000;

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
            models: PhantomData,
        }
    }

    /// The position of now: whatever is committed and visible is before it.
    /// With a copy of the tables from the same snapshot (a repeatable-read
    /// transaction, on SQLite any) it is where to go on.
    ///
    /// # Errors
    /// [`Error::Standby`], [`Error::Copied`] or [`Error::Database`].
    pub fn now<'a, C>(self, conn: &'a mut C) -> C::Output<'a, Result<Cursor, Error>>
    where
        Ms: Models<C>,
        C: Executor,
    {
        C::run(async move {
            let models = sorted::<Ms, C>();
            let (database, position) = reach::now(conn).await?;
            let witness = witness::newest(conn, &models).await?;
            Ok(Cursor::new(Inner {
                database: database.token,
                models: names(&models),
                position,
                witness,
            }))
        })
    }

    /// Reads them: two to four queries, and one for each model that changed.
    ///
    /// # Errors
    /// [`Error::Foreign`] and [`Error::WrongModels`] if the cursor is of another
    /// database or for other models, [`Error::TooOld`] if records after it were
    /// pruned, [`Error::Standby`], [`Error::Copied`], [`Error::Database`].
    pub fn load<'a, C>(self, conn: &'a mut C) -> C::Output<'a, Result<Batch, Error>>
    where
        Self: 'a,
        Ms: Models<C>,
        F: Filters<C>,
        C: Executor,
    {
        C::run(async move { self.read(conn).await })
    }

    async fn read<C>(self, conn: &mut C) -> Result<Batch, Error>
    where
        Ms: Models<C>,
        F: Filters<C>,
        C: Executor,
    {
        let models = sorted::<Ms, C>();
        let names = names(&models);
        let known = self.cursor.inner();
        let enough = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let reach = reach::reach(conn, known.map(|it| &it.position), enough).await?;
        let known = self.cursor.of(&reach.database.token, &names)?;
        if let Some(known) = known {
            witness::check(conn, &models, known, reach.database.last).await?;
        }
        let page = Page {
            from: &reach.from,
            to: &reach.to,
            born: reach.database.born,
            operations: &self.operations,
            limit: self.limit,
        };
        let mut found = page::next(conn, &models, &page, &self.filters).await?;
        let cut = found.len() > enough;
        found.truncate(enough);
        let changes = load(conn, &models, &found).await?;
        if let Some(known) = known {
            // Last, so that nothing can have been pruned in between.
            prune::check(conn, &models, &known.position).await?;
        }
        let position = match found.last() {
            Some((_, place)) if cut => reach.from.cut(*place),
            _ => reach.to,
        };
        let last = changes.last().zip(found.last());
        let witness = match last {
            Some((change, (model, _))) => Some(Witness {
                model: *model,
                id: change.id,
                at: change.at.timestamp_micros(),
            }),
            None => known.and_then(|known| known.witness.clone()),
        };
        Ok(Batch {
            changes,
            cursor: Cursor::new(Inner {
                database: reach.database.token,
                models: names,
                position,
                witness,
            }),
            more: cut || reach.rest,
        })
    }
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

/// The models by their names, so that the order in which they are named does
/// not matter.
fn sorted<Ms: Models<C>, C: Executor>() -> Vec<Box<dyn AnyModel<C>>> {
    let mut models = models::<Ms, C>();
    models.sort_by_key(|model| model.facts().name());
    models
}

fn names<C: Executor>(models: &[Box<dyn AnyModel<C>>]) -> Vec<String> {
    let names = models.iter().map(|model| model.facts().name().to_owned());
    names.collect()
}

async fn load<C: Executor>(
    conn: &mut C,
    models: &[Box<dyn AnyModel<C>>],
    found: &[page::Found],
) -> Result<Vec<Change>, Error> {
    let mut changes = Vec::with_capacity(found.len());
    for (at, model) in models.iter().enumerate() {
        let places = found.iter().filter(|(its, _)| *its == at);
        let places: Vec<_> = places.map(|(_, place)| *place).collect();
        if !places.is_empty() {
            changes.extend(model.changes(conn, &places).await?);
        }
    }
    let stamped = matches!(found.first(), Some((_, place)) if place.mark != 0)
        && <C::Backend as crate::engine::Engine>::KIND == crate::engine::Kind::Mysql;
    changes.sort_by_key(|change| (if stamped { change.place.mark } else { 0 }, change.id));
    Ok(changes)
}
