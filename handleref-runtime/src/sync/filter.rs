//! Conditions on the rows of single models.

use crate::executor::Executor;
use crate::record::Recorded;
use diesel::query_builder::QueryFragment;
use std::fmt;
use std::marker::PhantomData;

/// Conditions for the connection `C`.
pub trait Filters<C: Executor>: Send + Sync {
    /// The condition on the records of a record table.
    #[doc(hidden)]
    fn of(&self, records: &str) -> Option<&Condition<'_, C>>;
}

type Condition<'a, C> =
    dyn QueryFragment<<C as crate::executor::Steps>::Backend> + Send + Sync + 'a;

impl<C: Executor> Filters<C> for () {
    fn of(&self, _: &str) -> Option<&Condition<'_, C>> {
        None
    }
}

/// A condition on the rows of `M`, and those on others.
pub struct Only<M, P, F> {
    condition: P,
    others: F,
    model: PhantomData<fn() -> M>,
}

impl<M, P, F> Only<M, P, F> {
    pub(super) fn new(condition: P, others: F) -> Self {
        Self {
            condition,
            others,
            model: PhantomData,
        }
    }
}

impl<M, P, F> fmt::Debug for Only<M, P, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a condition")
    }
}

impl<C, M, P, F> Filters<C> for Only<M, P, F>
where
    C: Executor,
    M: Recorded,
    P: QueryFragment<C::Backend> + Send + Sync,
    F: Filters<C>,
{
    fn of(&self, records: &str) -> Option<&Condition<'_, C>> {
        if records == M::RECORDING.records {
            return Some(&self.condition);
        }
        self.others.of(records)
    }
}
