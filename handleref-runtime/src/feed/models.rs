//! Models that are in the feed, without their types.

use super::Feed;
use super::diff::Diff;
use super::make;
use super::parent::Parent;
use crate::engine::{Engine, Typed};
use crate::history::any::{AnyInstance, AnyModel, any};
use crate::history::query::{Loaded, RefersTo};
use crate::history::{Fields, Json, Metadata, Model, Models, Recall, Recorded};
use crate::key::Key;
use crate::sync::Change;
use std::marker::PhantomData;

/// One model that is in the feed, or a tuple of up to eight; tuples may be nested.
#[diagnostic::on_unimplemented(
    message = "the feed of `{Self}` cannot be read from `{DB}`",
    note = "name one model with `impl Feed`, or a tuple of up to eight of them; each derives `Recorded`, `Queryable`, `Selectable` and `Serialize`"
)]
pub trait Feeds<DB: Engine>: Models<DB> {
    /// Adds them to a list.
    #[doc(hidden)]
    fn feeds(models: &mut Vec<&'static dyn AnyFeed>);
}

/// A model without its type.
#[doc(hidden)]
pub trait AnyFeed: Send + Sync {
    /// What is known of it.
    fn facts(&self) -> Metadata;
    /// Under what its diffs are put.
    fn parent(&self) -> Option<Parent>;
    /// The model.
    fn model(&self) -> &'static dyn AnyModel;
    /// The diff of a change of this model, with the row before it.
    fn diff(&self, change: &Change, old: Option<&dyn AnyInstance>) -> Option<Diff>;
    /// Whether these columns are the key of a row of this model, given as text; none
    /// if it cannot be one.
    fn key_is(&self, key: &str, columns: &'static [&'static str]) -> Option<Typed<'static>>;
}

struct TypedFeed<M, DB>(PhantomData<fn() -> (M, DB)>);

impl<M, DB> AnyFeed for TypedFeed<M, DB>
where
    DB: Engine,
    M: Feed + Recall<DB> + Loaded<DB> + Fields<Json>,
{
    fn facts(&self) -> Metadata {
        Metadata::of::<M>()
    }

    fn parent(&self) -> Option<Parent> {
        M::parent()
    }

    fn model(&self) -> &'static dyn AnyModel {
        any::<M, DB>()
    }

    fn diff(&self, change: &Change, old: Option<&dyn AnyInstance>) -> Option<Diff> {
        make::of_change::<M>(change, old.and_then(|old| old.any().downcast_ref()))
    }

    fn key_is(&self, key: &str, columns: &'static [&'static str]) -> Option<Typed<'static>> {
        let key = M::RecordKey::parse(key)?;
        Some(DB::typed(Box::new(RefersTo::<M, DB>::new(key, columns))))
    }
}

/// One model; a trait of its own, so that all it lacks is one error.
#[doc(hidden)]
pub trait FeedModel<DB: Engine>: Model<DB> {
    fn feed() -> &'static dyn AnyFeed;
}

#[diagnostic::do_not_recommend]
impl<M, DB> FeedModel<DB> for M
where
    DB: Engine,
    M: Feed + Recall<DB> + Loaded<DB> + Fields<Json>,
{
    fn feed() -> &'static dyn AnyFeed {
        &TypedFeed::<M, DB>(PhantomData)
    }
}

#[diagnostic::do_not_recommend]
impl<M: Recorded + FeedModel<DB>, DB: Engine> Feeds<DB> for M {
    fn feeds(models: &mut Vec<&'static dyn AnyFeed>) {
        models.push(M::feed());
    }
}

macro_rules! tuples {
    ($(($($model:ident)+))*) => { $(
        impl<$($model: Feeds<Db>,)+ Db: Engine> Feeds<Db> for ($($model,)+) {
            fn feeds(models: &mut Vec<&'static dyn AnyFeed>) {
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
pub(crate) fn feeds<Ms: Feeds<DB>, DB: Engine>() -> Vec<&'static dyn AnyFeed> {
    let mut models = Vec::new();
    Ms::feeds(&mut models);
    models.sort_by_key(|model| model.facts().name());
    models.dedup_by_key(|model| model.facts().records());
    models
}
