//! One recorded model, or several.

use super::any::{AnyModel, any};
use super::model::{Recall, Recorded};
use super::query::Loaded;
use super::value::{Fields, Json};
use crate::any::Engines;
use crate::engine::{Engine, Kind};
use crate::error::Error;
use std::marker::PhantomData;
use std::sync::Arc;

/// One recorded model, or a tuple of up to eight; tuples may be nested.
#[diagnostic::on_unimplemented(
    message = "the changes of `{Self}` cannot be read from `{DB}`",
    note = "name one model that derives `Recorded`, `Queryable`, `Selectable` and `Serialize`, or a tuple of up to eight of them"
)]
pub trait Models<DB: Engine> {
    /// Adds them to a list.
    #[doc(hidden)]
    fn list(models: &mut Vec<&'static dyn AnyModel>);
}

/// One model; a trait of its own, so that all it lacks is one error.
#[doc(hidden)]
pub trait Model<DB: Engine> {
    fn any() -> &'static dyn AnyModel;
}

impl<M, DB> Model<DB> for M
where
    DB: Engine,
    M: Recall<DB> + Loaded<DB> + Fields<Json>,
{
    fn any() -> &'static dyn AnyModel {
        any::<M, DB>()
    }
}

impl<M: Recorded + Model<DB>, DB: Engine> Models<DB> for M {
    fn list(models: &mut Vec<&'static dyn AnyModel>) {
        models.push(M::any());
    }
}

macro_rules! tuples {
    ($(($($model:ident)+))*) => { $(
        impl<$($model: Models<Db>,)+ Db: Engine> Models<Db> for ($($model,)+) {
            fn list(models: &mut Vec<&'static dyn AnyModel>) {
                $($model::list(models);)+
            }
        }
    )* };
}
tuples! {
    (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H)
}

/// Which models an operation is about: those that a type names, or those of a
/// [`Registry`](crate::registry::Registry).
pub(crate) struct Listed<Ms> {
    registered: Option<Arc<[Engines]>>,
    models: PhantomData<fn() -> Ms>,
}

impl<Ms> Listed<Ms> {
    /// Those of the type.
    pub(crate) const fn typed() -> Self {
        Self {
            registered: None,
            models: PhantomData,
        }
    }

    /// Each once.
    ///
    /// # Errors
    /// [`Error::NoModel`] if one of a registry cannot be read on this engine.
    pub(crate) fn on<DB>(&self) -> Result<Vec<&'static dyn AnyModel>, Error>
    where
        DB: Engine,
        Ms: Models<DB>,
    {
        match &self.registered {
            Some(models) => readable(models, DB::KIND),
            None => Ok(models::<Ms, DB>()),
        }
    }
}

impl Listed<Registered> {
    /// As [`on`](Listed::on).
    #[cfg(any(feature = "axum", feature = "manage"))]
    pub(crate) fn at(&self, kind: Kind) -> Result<Vec<&'static dyn AnyModel>, Error> {
        readable(self.registered.as_deref().unwrap_or_default(), kind)
    }

    pub(crate) fn registered(models: Arc<[Engines]>) -> Self {
        Self {
            registered: Some(models),
            models: PhantomData,
        }
    }
}

impl<Ms> Clone for Listed<Ms> {
    fn clone(&self) -> Self {
        Self {
            registered: self.registered.clone(),
            models: PhantomData,
        }
    }
}

/// The models of a [`Registry`](crate::registry::Registry), in the place of a
/// list of types.
#[derive(Debug, Clone, Copy)]
pub enum Registered {}

impl<DB: Engine> Models<DB> for Registered {
    fn list(_: &mut Vec<&'static dyn AnyModel>) {}
}

fn readable(models: &[Engines], kind: Kind) -> Result<Vec<&'static dyn AnyModel>, Error> {
    let found = models.iter().map(|model| {
        model.on(kind).ok_or_else(|| Error::NoModel {
            name: model.any().map_or("", |it| it.facts().name()).to_owned(),
        })
    });
    let mut found = found.collect::<Result<Vec<_>, Error>>()?;
    distinct(&mut found);
    Ok(found)
}

/// The models of a list, each once.
pub(crate) fn models<Ms: Models<DB>, DB: Engine>() -> Vec<&'static dyn AnyModel> {
    let mut models = Vec::new();
    Ms::list(&mut models);
    distinct(&mut models);
    models
}

fn distinct(models: &mut Vec<&'static dyn AnyModel>) {
    let mut seen: Vec<&'static str> = Vec::new();
    models.retain(|model| {
        let records = model.facts().records();
        let new = !seen.contains(&records);
        seen.push(records);
        new
    });
}
