//! Models that are in the feed, without their types.

use super::Feed;
use super::diff::Diff;
use super::make;
use super::parent::Parent;
use crate::changeset::{Boxed, Facts, Model, Models};
use crate::executor::Executor;
use crate::key::Key;
use crate::record::query::{Loaded, RefersTo};
use crate::record::{Fields, Json, Recall, Recorded};
use crate::sync::Change;
use diesel::query_builder::QueryFragment;
use std::marker::PhantomData;

/// One model that is in the feed, or a tuple of up to eight; tuples may be nested.
#[diagnostic::on_unimplemented(
    message = "the feed of `{Self}` cannot be read on the connection `{C}`",
    note = "name one model with `impl Feed`, or a tuple of up to eight of them; each derives `Recorded`, `Queryable`, `Selectable` and `Serialize`"
)]
pub trait Feeds<C: Executor>: Models<C> {
    /// Adds them to a list.
    #[doc(hidden)]
    fn feeds(models: &mut Vec<Box<dyn AnyFeed<C>>>);
}

/// A condition on records.
pub(crate) type Condition<C> =
    dyn QueryFragment<<C as crate::executor::Steps>::Backend> + Send + Sync;

/// A model without its type.
#[doc(hidden)]
pub trait AnyFeed<C: Executor>: Send + Sync {
    /// What is known of it.
    fn facts(&self) -> Facts;
    /// Under what its diffs are put.
    fn parent(&self) -> Option<Parent>;
    /// What is told of these changes, which are all of this model.
    fn diffs<'a>(&'a self, conn: &'a mut C, changes: &'a [&'a Change]) -> Boxed<'a, Vec<Diff>>;
    /// Whether these columns are the key of a row of this model, given as text; none
    /// if it cannot be one.
    fn key_is(&self, key: &str, columns: &'static [&'static str]) -> Option<Box<Condition<C>>>;
}

struct Of<M>(PhantomData<fn() -> M>);

impl<M, C> AnyFeed<C> for Of<M>
where
    C: Executor + 'static,
    M: Feed + Recall<C> + Loaded<C> + Fields<Json>,
{
    fn facts(&self) -> Facts {
        Facts::of::<M>()
    }

    fn parent(&self) -> Option<Parent> {
        M::parent()
    }

    fn diffs<'a>(&'a self, conn: &'a mut C, changes: &'a [&'a Change]) -> Boxed<'a, Vec<Diff>> {
        Box::pin(make::of_model::<M, C>(conn, changes))
    }

    fn key_is(&self, key: &str, columns: &'static [&'static str]) -> Option<Box<Condition<C>>> {
        let key = M::RecordKey::parse(key)?;
        Some(Box::new(RefersTo::<M, C>::new(key, columns)))
    }
}

/// One model; a trait of its own, so that all it lacks is one error.
#[doc(hidden)]
pub trait FeedModel<C: Executor>: Model<C> {
    fn feed() -> Box<dyn AnyFeed<C>>;
}

#[diagnostic::do_not_recommend]
impl<M, C> FeedModel<C> for M
where
    C: Executor + 'static,
    M: Feed + Recall<C> + Loaded<C> + Fields<Json>,
{
    fn feed() -> Box<dyn AnyFeed<C>> {
        Box::new(Of::<M>(PhantomData))
    }
}

#[diagnostic::do_not_recommend]
impl<M: Recorded + FeedModel<C>, C: Executor> Feeds<C> for M {
    fn feeds(models: &mut Vec<Box<dyn AnyFeed<C>>>) {
        models.push(M::feed());
    }
}

macro_rules! tuples {
    ($(($($model:ident)+))*) => { $(
        impl<$($model: Feeds<Conn>,)+ Conn: Executor> Feeds<Conn> for ($($model,)+) {
            fn feeds(models: &mut Vec<Box<dyn AnyFeed<Conn>>>) {
                $($model::feeds(models);)+
            }
        }
    )* };
}
tuples! {
    (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H)
}

/// The models of a list, each once, by their names: in the order in which
/// cursors have them.
pub(crate) fn feeds<Ms: Feeds<C>, C: Executor>() -> Vec<Box<dyn AnyFeed<C>>> {
    let mut models = Vec::new();
    Ms::feeds(&mut models);
    models.sort_by_key(|model| model.facts().name());
    models.dedup_by_key(|model| model.facts().records());
    models
}
