//! Recorded models, one or several, without their types.

use super::net::{Touched, touched};
use super::stored::Changeset;
use super::undo::Inverse;
use crate::error::Error;
use crate::executor::Executor;
use crate::record::facts::Capture;
use crate::record::query::Loaded;
use crate::record::subject::Subject;
use crate::record::{Fields, Json, Recall, Recorded};
use crate::sync::{Change, Place, rows};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

/// One recorded model, or a tuple of up to eight; tuples may be nested.
#[diagnostic::on_unimplemented(
    message = "the changes of `{Self}` cannot be read on the connection `{C}`",
    note = "name one model that derives `Recorded`, `Queryable`, `Selectable` and `Serialize`, or a tuple of up to eight of them"
)]
pub trait Models<C: Executor> {
    /// Adds them to a list.
    #[doc(hidden)]
    fn list(models: &mut Vec<Box<dyn AnyModel<C>>>);
}

/// What is done in the end.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// A recorded model without its type.
#[doc(hidden)]
pub trait AnyModel<C: Executor>: Send + Sync {
    /// What is known of it.
    fn facts(&self) -> Facts;
    /// What a changeset did to its rows, and how it is undone.
    fn touched<'a>(
        &'a self,
        conn: &'a mut C,
        changeset: &'a Changeset,
    ) -> Boxed<'a, Vec<Box<dyn Inverse<C>>>>;
    /// The changes that these records are.
    #[doc(hidden)]
    fn changes<'a>(&'a self, conn: &'a mut C, places: &'a [Place]) -> Boxed<'a, Vec<Change>>;
}

/// What is known of a model.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    pub(super) model: Subject,
    pub(super) fields: &'static [&'static str],
}

impl Facts {
    pub(crate) fn of<M: Fields<Json>>() -> Self {
        Self {
            model: Subject::of::<M>(),
            fields: M::FIELDS,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.model.name
    }

    pub(crate) fn table(&self) -> &'static str {
        self.model.table
    }

    pub(crate) fn records(&self) -> &'static str {
        self.model.recording.records
    }

    /// Whether the values of a column are recorded and say what somebody
    /// changed; handleref itself writes the version and the timestamps.
    pub(crate) fn tells(&self, at: usize) -> bool {
        let roles = &self.model.roles;
        let managed = [
            roles.version.map(|(name, _)| name),
            roles.created_at.map(|(name, _)| name),
            roles.updated_at.map(|(name, _)| name),
        ];
        let column = self.model.recording.columns.get(at);
        column.is_some_and(|column| {
            column.capture == Capture::Value && !managed.contains(&Some(column.name))
        })
    }

    /// Whether an undo may be told what the field at a place is to be.
    pub(super) fn is_open(&self, at: usize) -> bool {
        let column = self.model.recording.columns.get(at);
        self.tells(at) && column.is_some_and(|column| !self.model.key.contains(&column.name))
    }

    /// Whether this is the name of the field at a place, or of its column.
    pub(super) fn is_named(&self, at: usize, name: &str) -> bool {
        let column = self.model.recording.columns.get(at);
        self.fields.get(at).is_some_and(|field| *field == name)
            || column.is_some_and(|column| column.name == name)
    }

    /// The place of a column.
    pub(crate) fn at(&self, column: &str) -> Option<usize> {
        let mut columns = self.model.recording.columns.iter();
        columns.position(|one| one.name == column)
    }
}

struct Of<M>(PhantomData<fn() -> M>);

impl<M, C> AnyModel<C> for Of<M>
where
    C: Executor,
    M: Recall<C> + Loaded<C> + Fields<Json>,
{
    fn facts(&self) -> Facts {
        Facts::of::<M>()
    }

    fn touched<'a>(
        &'a self,
        conn: &'a mut C,
        changeset: &'a Changeset,
    ) -> Boxed<'a, Vec<Box<dyn Inverse<C>>>> {
        Box::pin(async move {
            let found = touched::<M, C>(conn, changeset).await?;
            let boxed = |one: Touched<M>| Box::new(one) as Box<dyn Inverse<C>>;
            Ok(found.into_iter().map(boxed).collect())
        })
    }

    fn changes<'a>(&'a self, conn: &'a mut C, places: &'a [Place]) -> Boxed<'a, Vec<Change>> {
        Box::pin(rows::load::<M, C>(conn, places))
    }
}

/// One model; a trait of its own, so that all it lacks is one error.
#[doc(hidden)]
pub trait Model<C: Executor> {
    fn boxed() -> Box<dyn AnyModel<C>>;
}

#[diagnostic::do_not_recommend]
impl<M, C> Model<C> for M
where
    C: Executor,
    M: Recall<C> + Loaded<C> + Fields<Json>,
{
    fn boxed() -> Box<dyn AnyModel<C>> {
        Box::new(Of::<M>(PhantomData))
    }
}

#[diagnostic::do_not_recommend]
impl<M: Recorded + Model<C>, C: Executor> Models<C> for M {
    fn list(models: &mut Vec<Box<dyn AnyModel<C>>>) {
        models.push(M::boxed());
    }
}

macro_rules! tuples {
    ($(($($model:ident)+))*) => { $(
        impl<$($model: Models<Conn>,)+ Conn: Executor> Models<Conn> for ($($model,)+) {
            fn list(models: &mut Vec<Box<dyn AnyModel<Conn>>>) {
                $($model::list(models);)+
            }
        }
    )* };
}
tuples! {
    (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H)
}

/// The models of a list, each once.
pub(crate) fn models<Ms: Models<C>, C: Executor>() -> Vec<Box<dyn AnyModel<C>>> {
    let mut models = Vec::new();
    Ms::list(&mut models);
    let mut seen: Vec<&'static str> = Vec::new();
    models.retain(|model| {
        let records = model.facts().model.recording.records;
        let new = !seen.contains(&records);
        seen.push(records);
        new
    });
    models
}
