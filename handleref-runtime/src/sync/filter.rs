//! Conditions on the rows of single models.

use crate::engine::Engine;
use crate::history::Recorded;
use crate::sql::Sql;
use diesel::query_builder::QueryFragment;
use std::fmt;
use std::marker::PhantomData;

/// Conditions for the engine `DB`.
pub trait Filters<DB: Engine>: Send + Sync {
    /// The condition on the records of a record table.
    #[doc(hidden)]
    fn of(&self, records: &str) -> Option<Sql<'_>>;
}

impl<DB: Engine> Filters<DB> for () {
    fn of(&self, _: &str) -> Option<Sql<'_>> {
        None
    }
}

/// Conditions without their types, by the names of record tables.
pub(crate) type AnyFilter<'a> = dyn Fn(&str) -> Option<Sql<'a>> + Send + Sync + 'a;

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

impl<DB, M, P, F> Filters<DB> for Only<M, P, F>
where
    DB: Engine,
    M: Recorded,
    P: QueryFragment<DB> + Send + Sync,
    F: Filters<DB>,
{
    fn of(&self, records: &str) -> Option<Sql<'_>> {
        if records == M::RECORDING.records {
            return Some(Sql::new("").part::<DB>(&self.condition));
        }
        self.others.of(records)
    }
}
