//! A copy of recorded tables in another database, kept in step.

use crate::engine::Engine;
use crate::error::Error;
use crate::history::Models;
use crate::session::{Boxed, Executor, SameMode, Session};
use crate::sync::{Cursor, sorted};
use std::fmt;
use std::marker::PhantomData;

mod apply;
mod copy;
mod digest;
mod erased;
mod models;
mod of;
mod pull;
mod rows;
mod state;
mod verify;
mod write;

use pull::Plan;

#[doc(hidden)]
pub use models::MirrorModel;
pub use models::MirrorModels;
#[doc(hidden)]
pub use of::One;
pub use verify::{Difference, DifferenceKind, Verified};

/// A copy of the tables of recorded models (one, or a tuple of up to eight, which
/// may be nested; parents first) in another database, of the same engine or of
/// another one.
///
/// ```text
/// let mirror = Mirror::<(Topic, Article, Comment)>::new("articles");
/// let pulled = mirror.pull(&mut source, &mut target)?;      // the first time a copy, then what changed
/// let verified = mirror.verify(&mut source, &mut target)?;  // compares, and repairs rows that differ
/// ```
///
/// Both connections are synchronous ones of Diesel, or both of diesel-async;
/// then the methods end in `.await`. Neither may be in a transaction
/// (`AlreadyInTransaction`).
///
/// The target has tables of the same names and columns, which nothing else
/// writes. How far the mirror is, stands in its table `handleref_mirrors`, and
/// is written in the transaction that writes the rows: a mirror that is killed
/// goes on where it was.
pub struct Mirror<Ms> {
    name: String,
    batch: u32,
    page: u32,
    models: PhantomData<fn() -> Ms>,
}

impl<Ms> Clone for Mirror<Ms> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            models: PhantomData,
            ..*self
        }
    }
}

impl<Ms> fmt::Debug for Mirror<Ms> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mirror")
            .field("name", &self.name)
            .field("batch", &self.batch)
            .field("page", &self.page)
            .finish_non_exhaustive()
    }
}

/// What a [`pull`](Mirror::pull) did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pull {
    /// How many rows were copied, if this was the first pull (or the first one
    /// after [`forget`](Mirror::forget)).
    pub copied: Option<u64>,
    /// How many changes were read.
    pub changes: u64,
    /// How many rows of the target were inserted, updated or deleted by
    /// changes. A change that leaves a row as it was writes nothing.
    pub written: u64,
    /// In how many transactions.
    pub batches: u64,
    /// How far the mirror is.
    pub cursor: Cursor,
}

impl<Ms> Mirror<Ms> {
    /// A mirror with this name, of at most 190 characters; a target may have
    /// several of other models.
    ///
    /// ```text
    /// let mirror = Mirror::<(Topic, Article)>::new("articles");
    /// ```
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            batch: 1_000,
            page: 1_000,
            models: PhantomData,
        }
    }

    /// How many changes one transaction applies, from 1 to 10,000; otherwise 1,000.
    ///
    /// ```text
    /// Mirror::<Article>::new("articles").batch(5_000)
    /// ```
    pub fn batch(mut self, changes: u32) -> Self {
        self.batch = changes.clamp(1, 10_000);
        self
    }

    /// How many rows are copied, and compared, at a time, from 1 to 10,000;
    /// otherwise 1,000.
    ///
    /// ```text
    /// Mirror::<Article>::new("articles").page(200)
    /// ```
    pub fn page(mut self, rows: u32) -> Self {
        self.page = rows.clamp(1, 10_000);
        self
    }

    /// Brings the target to the state of the source.
    ///
    /// The first time all rows are copied, out of one snapshot of the source and
    /// in one transaction of the target: no one sees half a copy there. Rows that
    /// the target has and the source has not are deleted. After that each batch
    /// of changes is applied in a transaction of its own, until none is left.
    ///
    /// Two pulls of one mirror at the same time take turns.
    ///
    /// ```text
    /// let pull = mirror.pull(&mut source, &mut target)?;
    /// println!("{} changes, {} rows written", pull.changes, pull.written);
    /// ```
    ///
    /// # Errors
    /// * `Error::Foreign` if the source is another database than before, or an
    ///   older state of it that was restored; `Error::TooOld` if records were
    ///   pruned that the mirror has not read; `Error::WrongModels` if it was of
    ///   other models: [`forget`](Mirror::forget), and pull again.
    /// * [`Error::Mirror`] if the target refuses a row for good, or if a model is
    ///   recorded under a condition only, so that changes are not known.
    /// * [`Error::Database`]; `AlreadyInTransaction` if one of the connections
    ///   is in a transaction.
    ///
    /// All of them leave the target as it was after the last batch.
    pub fn pull<'a, S, T>(
        &'a self,
        source: &'a mut S,
        target: &'a mut T,
    ) -> T::Output<'a, Result<Pull, Error>>
    where
        S: Executor,
        T: Executor<Mode: SameMode<S::Mode>>,
        Ms: Models<S::Engine> + MirrorModels<S::Engine, T::Engine>,
    {
        T::finish(pulled(self.plan::<S::Engine, T::Engine>(), source, target))
    }

    /// Compares the target with the source, and repairs the rows that differ.
    ///
    /// After a [`pull`](Mirror::pull), digests (SHA-256) of ranges of keys are
    /// compared, and those of single rows where ranges differ. A row that
    /// differs while others write is pulled and compared again; only if the
    /// source's row stayed as it is, and the target's still differs, is that a
    /// difference. All differences are repaired in one transaction.
    ///
    /// All rows of both databases are read once.
    ///
    /// ```text
    /// let verified = mirror.verify(&mut source, &mut target)?;
    /// for difference in &verified.differences {
    ///     println!("{difference}");        // Article 7 was changed
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`pull`](Mirror::pull); and [`Error::Mirror`] if a row is still not as
    /// it must be after it was written, because of a trigger of the target or a
    /// column that stores less. Then nothing is repaired.
    pub fn verify<'a, S, T>(
        &'a self,
        source: &'a mut S,
        target: &'a mut T,
    ) -> T::Output<'a, Result<Verified, Error>>
    where
        S: Executor,
        T: Executor<Mode: SameMode<S::Mode>>,
        Ms: Models<S::Engine> + MirrorModels<S::Engine, T::Engine>,
    {
        T::finish(verified(
            self.plan::<S::Engine, T::Engine>(),
            source,
            target,
            true,
        ))
    }

    /// As [`verify`](Mirror::verify), but nothing is repaired; changes are
    /// pulled all the same.
    ///
    /// ```text
    /// assert!(mirror.check(&mut source, &mut target)?.is_equal());
    /// ```
    ///
    /// # Errors
    /// As [`pull`](Mirror::pull).
    pub fn check<'a, S, T>(
        &'a self,
        source: &'a mut S,
        target: &'a mut T,
    ) -> T::Output<'a, Result<Verified, Error>>
    where
        S: Executor,
        T: Executor<Mode: SameMode<S::Mode>>,
        Ms: Models<S::Engine> + MirrorModels<S::Engine, T::Engine>,
    {
        T::finish(verified(
            self.plan::<S::Engine, T::Engine>(),
            source,
            target,
            false,
        ))
    }

    /// How far the mirror is; `None` before the first pull is complete.
    ///
    /// ```text
    /// let cursor = mirror.cursor(&mut target)?;
    /// ```
    ///
    /// # Errors
    /// [`Error::Database`], or [`Error::Mirror`] if what stands there is no cursor.
    pub fn cursor<'a, T: Executor>(
        &'a self,
        target: &'a mut T,
    ) -> T::Output<'a, Result<Option<Cursor>, Error>> {
        T::finish(Box::pin(state::known(target, &self.name)))
    }

    /// Forgets how far the mirror is, so that the next pull starts over with a
    /// copy; the rows stay until then. This is what to do after `Error::Foreign`,
    /// `Error::TooOld` and `Error::WrongModels`.
    ///
    /// ```text
    /// if let Err(Error::TooOld { .. }) = mirror.pull(source, target) {
    ///     mirror.forget(target)?;
    ///     mirror.pull(source, target)?;
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn forget<'a, T: Executor>(
        &'a self,
        target: &'a mut T,
    ) -> T::Output<'a, Result<(), Error>> {
        T::finish(Box::pin(state::forget(target, &self.name)))
    }

    fn plan<S: Engine, T: Engine>(&self) -> Plan<'_>
    where
        Ms: Models<S> + MirrorModels<S, T>,
    {
        let mut models = Vec::new();
        <Ms as MirrorModels<S, T>>::list(&mut models);
        Plan {
            name: &self.name,
            batch: self.batch,
            page: self.page,
            changes: sorted::<Ms, S>,
            models,
        }
    }
}

fn pulled<'a>(
    plan: Plan<'a>,
    source: &'a mut dyn Session,
    target: &'a mut dyn Session,
) -> Boxed<'a, Result<Pull, Error>> {
    Box::pin(async move {
        pull::check(&plan.models)?;
        pull::pull(&plan, source, target).await
    })
}

fn verified<'a>(
    plan: Plan<'a>,
    source: &'a mut dyn Session,
    target: &'a mut dyn Session,
    repair: bool,
) -> Boxed<'a, Result<Verified, Error>> {
    Box::pin(async move {
        pull::check(&plan.models)?;
        verify::verify(&plan, source, target, repair).await
    })
}
