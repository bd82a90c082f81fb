//! Asking for diffs.

use super::diff::{Diff, Diffs};
use super::range::{End, Range, Scope, Start};
use super::store::Store;
use crate::changeset::ObjectRef;
use crate::error::Error;
use crate::history::Recorded;
use crate::sync::{Batches, Cursor, Follow, Pages};
use crate::time::Instant;
use std::fmt;
use std::marker::PhantomData;

/// The diffs of all models of a store.
///
/// ```text
/// let read = feed::diffs(&store).newest(20).load(conn)?;
/// let next = feed::diffs(&store).since(&read.cursor).load(conn)?;
/// ```
pub fn diffs<S: Clone>(store: &S) -> DiffQuery<S> {
    DiffQuery::new(store, Scope::All)
}

/// A query for diffs, of all models, or of those under objects of `M`; made by
/// [`diffs`] and [`Feed::diffs`](super::Feed::diffs).
#[must_use = "nothing is read before `.load(conn)`, `.first(conn)` or `.last(conn)`"]
#[doc(alias("get_sortedset", "SortedSet"))]
pub struct DiffQuery<S, M = ()> {
    store: S,
    range: Range,
    model: PhantomData<fn() -> M>,
}

impl<S: Clone, M> Clone for DiffQuery<S, M> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
            range: self.range.clone(),
            model: PhantomData,
        }
    }
}

impl<S, M> fmt::Debug for DiffQuery<S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.range.fmt(f)
    }
}

impl<S, M: Recorded> DiffQuery<S, M> {
    /// Only those under the object with this key, whether it still exists or not.
    #[doc(alias = "get_by_object_id")]
    pub fn of(self, key: &M::RecordKey) -> Self {
        self.of_object(&ObjectRef::new::<M>(key))
    }

    /// Only those under the row that this instance is of.
    pub fn of_row(self, row: &M) -> Self {
        self.of_object(&ObjectRef::of(row))
    }
}

impl<S, M> DiffQuery<S, M> {
    pub(super) fn new(store: &S, scope: Scope) -> Self
    where
        S: Clone,
    {
        Self {
            store: store.clone(),
            range: Range::new(scope),
            model: PhantomData,
        }
    }

    /// Only those under this object.
    pub fn of_object(mut self, object: &ObjectRef) -> Self {
        self.range.scope = Scope::Object(object.clone());
        self
    }

    /// Only those later than this time; or, given a `&Cursor`, those that were not
    /// read yet. With both, both.
    ///
    /// A time is the one of the change, by the database's clock. What a slow
    /// transaction commits later has an older time than what was read, so poll by
    /// the cursor, which misses nothing.
    pub fn since(mut self, start: impl Start) -> Self {
        start.start(&mut self.range);
        self
    }

    /// Only those at this time or later.
    pub fn from(mut self, time: impl Instant) -> Self {
        self.range.start_at(time);
        self
    }

    /// Only those at this time or earlier; or, given a `&Diff`, that one and those
    /// before it.
    pub fn until(mut self, end: impl End) -> Self {
        end.end(false, &mut self.range);
        self
    }

    /// Only those earlier than this time; or, given a `&Diff`, those before it.
    ///
    /// ```text
    /// let page = feed::diffs(&store).reverse().limit(20).load(conn)?;
    /// if let Some(last) = page.diffs.last() {
    ///     let older = feed::diffs(&store).reverse().limit(20).before(last).load(conn)?;
    /// }
    /// ```
    pub fn before(mut self, end: impl End) -> Self {
        end.end(true, &mut self.range);
        self
    }

    /// Newest first, from the end.
    pub fn reverse(mut self) -> Self {
        self.range.reverse = true;
        self.range.newest = true;
        self
    }

    /// The last so many, from 1 to 10,000, in order.
    pub fn newest(mut self, diffs: u32) -> Self {
        self.range.newest = true;
        self.limit(diffs)
    }

    /// At most so many, from 1 to 10,000; otherwise 1,000.
    pub fn limit(mut self, diffs: u32) -> Self {
        self.range.limit = diffs.clamp(1, 10_000);
        self
    }

    /// Reads these, and then what comes; see [`Follow`].
    ///
    /// ```text
    /// let mut follow = Question::diffs(&store).of(&7).newest(20).follow();
    /// let latest = follow.poll(conn)?;                                   // the last 20, or fewer
    /// let more = follow.next(conn, Duration::from_secs(15))?;            // as soon as there are
    /// ```
    pub fn follow(self) -> Follow<Self> {
        Follow::new(self)
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`Error::NotInFeed`] if the store does not know the model; those of
    /// [`ChangesSince::load`](crate::sync::ChangesSince::load) on account of a cursor;
    /// and those of the store.
    pub fn load<'a, C>(self, conn: &'a mut C) -> S::Output<'a, Result<Diffs, Error>>
    where
        S: Store<C> + 'a,
        C: 'a,
    {
        self.store.read(conn, self.range, |read| read)
    }

    /// The oldest one, if there is any.
    ///
    /// # Errors
    /// As [`load`](DiffQuery::load).
    #[doc(alias = "min_score")]
    pub fn first<'a, C>(mut self, conn: &'a mut C) -> S::Output<'a, Result<Option<Diff>, Error>>
    where
        S: Store<C> + 'a,
        C: 'a,
    {
        self.range.newest = false;
        self.range.reverse = false;
        self.range.limit = 1;
        self.store
            .read(conn, self.range, |read| read.diffs.into_iter().next())
    }

    /// The newest one, if there is any.
    ///
    /// # Errors
    /// As [`load`](DiffQuery::load).
    #[doc(alias = "max_score")]
    pub fn last<'a, C>(mut self, conn: &'a mut C) -> S::Output<'a, Result<Option<Diff>, Error>>
    where
        S: Store<C> + 'a,
        C: 'a,
    {
        self.range.newest = true;
        self.range.limit = 1;
        self.store
            .read(conn, self.range, |read| read.diffs.into_iter().next())
    }
}

impl Pages for Diffs {
    fn cursor(&self) -> &Cursor {
        &self.cursor
    }
    fn is_empty(&self) -> bool {
        self.diffs.is_empty()
    }
    fn more(&self) -> bool {
        self.more
    }
}

impl<S: Store<C>, M, C> Batches<C> for DiffQuery<S, M> {
    type Batch = Diffs;
    type Reading<'a>
        = S::Output<'a, Result<Diffs, Error>>
    where
        Self: 'a,
        C: 'a;

    fn read<'a>(&'a self, conn: &'a mut C, cursor: Option<Cursor>) -> Self::Reading<'a> {
        let mut next = self.clone();
        if let Some(cursor) = cursor {
            next.range = Range {
                cursor: Some(cursor),
                before: None,
                newest: false,
                reverse: false,
                ..next.range
            };
        }
        next.load(conn)
    }
}
