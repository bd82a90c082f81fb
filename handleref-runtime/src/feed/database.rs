//! The diffs of the records themselves.

use super::diff::Diffs;
use super::models::Feeds;
use super::range::Range;
use super::store::Store;
use crate::error::Error;
use crate::executor::Executor;
use chrono::TimeDelta;
use std::fmt;
use std::marker::PhantomData;

/// The feed of these models (one, or a tuple of up to eight, which may be nested),
/// made from their records when it is read.
///
/// ```text
/// let store = feed::Database::<(Question, Choice)>::new().max_age(TimeDelta::hours(1));
/// ```
///
/// A cursor is for all models of the store, whichever it is used for.
pub struct Database<Ms> {
    max_age: Option<TimeDelta>,
    models: PhantomData<fn() -> Ms>,
}

impl<Ms> fmt::Debug for Database<Ms> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("max_age", &self.max_age)
            .finish_non_exhaustive()
    }
}

impl<Ms> Clone for Database<Ms> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<Ms> Copy for Database<Ms> {}

impl<Ms> Default for Database<Ms> {
    fn default() -> Self {
        Self::new()
    }
}

impl<Ms> Database<Ms> {
    /// The feed of all that is recorded.
    pub const fn new() -> Self {
        Self {
            max_age: None,
            models: PhantomData,
        }
    }

    /// Hides what is older, by the database's clock.
    pub const fn max_age(mut self, age: TimeDelta) -> Self {
        self.max_age = Some(age);
        self
    }
}

impl<Ms: Feeds<C>, C: Executor> Store<C> for Database<Ms> {
    type Output<'a, T: 'a>
        = C::Output<'a, T>
    where
        Ms: 'a,
        C: 'a;

    fn read<'a, T, F>(
        &'a self,
        conn: &'a mut C,
        range: Range,
        then: F,
    ) -> C::Output<'a, Result<T, Error>>
    where
        T: Send + 'a,
        F: FnOnce(Diffs) -> T + Send + 'a,
    {
        C::run(async move { self.find(conn, range).await.map(then) })
    }
}

impl<Ms> Database<Ms> {
    pub(crate) async fn find<C>(&self, conn: &mut C, range: Range) -> Result<Diffs, Error>
    where
        Ms: Feeds<C>,
        C: Executor,
    {
        let _ = (conn, range);
        Err(Error::Foreign)
    }
}
