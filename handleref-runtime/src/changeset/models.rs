//! Recorded models, one or several, without their types.

use super::net::{Net, Touched, touched};
use super::stored::Changeset;
use super::undo::{Inverse, OnEngine};
use crate::engine::Engine;
use crate::error::Error;
use crate::facts::Capture;
use crate::record::query::Loaded;
use crate::record::subject::Subject;
use crate::record::{Change, Fields, Json, Place, Recall, Recorded, change};
use crate::session::Session;
use std::marker::PhantomData;

/// One recorded model, or a tuple of up to eight; tuples may be nested.
#[diagnostic::on_unimplemented(
    message = "the changes of `{Self}` cannot be read from `{DB}`",
    note = "name one model that derives `Recorded`, `Queryable`, `Selectable` and `Serialize`, or a tuple of up to eight of them"
)]
pub trait Models<DB: Engine> {
    /// Adds them to a list.
    #[doc(hidden)]
    fn list(models: &mut Vec<Box<dyn AnyModel>>);
}

/// What is done in the end.
pub(crate) type Boxed<'a, T> = crate::session::Boxed<'a, Result<T, Error>>;

/// A recorded model without its type.
#[doc(hidden)]
pub trait AnyModel: Send + Sync {
    /// What is known of it.
    fn facts(&self) -> Facts;
    /// What a changeset did to its rows.
    fn nets<'a>(
        &'a self,
        conn: &'a mut dyn Session,
        changeset: &'a Changeset,
    ) -> Boxed<'a, Vec<Net>>;
    /// The same, and how it is undone.
    fn touched<'a>(
        &'a self,
        conn: &'a mut dyn Session,
        changeset: &'a Changeset,
    ) -> Boxed<'a, Vec<Box<dyn Inverse>>>;
    /// The changes that these records are.
    #[doc(hidden)]
    fn changes<'a>(
        &'a self,
        conn: &'a mut dyn Session,
        places: &'a [Place],
    ) -> Boxed<'a, Vec<Change>>;
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

    /// The columns of the primary key.
    #[cfg(feature = "redis")]
    pub(crate) fn key(&self) -> &'static [&'static str] {
        self.model.key
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

struct Of<M, DB>(PhantomData<fn() -> (M, DB)>);

impl<M, DB> AnyModel for Of<M, DB>
where
    DB: Engine,
    M: Recall<DB> + Loaded<DB> + Fields<Json>,
{
    fn facts(&self) -> Facts {
        Facts::of::<M>()
    }

    fn nets<'a>(
        &'a self,
        conn: &'a mut dyn Session,
        changeset: &'a Changeset,
    ) -> Boxed<'a, Vec<Net>> {
        Box::pin(async move {
            let found = touched::<M, DB>(conn, changeset).await?;
            Ok(found.into_iter().map(|one| one.net).collect())
        })
    }

    fn touched<'a>(
        &'a self,
        conn: &'a mut dyn Session,
        changeset: &'a Changeset,
    ) -> Boxed<'a, Vec<Box<dyn Inverse>>> {
        Box::pin(async move {
            let found = touched::<M, DB>(conn, changeset).await?;
            let boxed = |one: Touched<M>| Box::new(OnEngine::<M, DB>::new(one)) as Box<dyn Inverse>;
            Ok(found.into_iter().map(boxed).collect())
        })
    }

    fn changes<'a>(
        &'a self,
        conn: &'a mut dyn Session,
        places: &'a [Place],
    ) -> Boxed<'a, Vec<Change>> {
        Box::pin(change::load::load::<M, DB>(conn, places))
    }
}

/// One model; a trait of its own, so that all it lacks is one error.
#[doc(hidden)]
pub trait Model<DB: Engine> {
    fn boxed() -> Box<dyn AnyModel>;
}

#[diagnostic::do_not_recommend]
impl<M, DB> Model<DB> for M
where
    DB: Engine,
    M: Recall<DB> + Loaded<DB> + Fields<Json>,
{
    fn boxed() -> Box<dyn AnyModel> {
        Box::new(Of::<M, DB>(PhantomData))
    }
}

#[diagnostic::do_not_recommend]
impl<M: Recorded + Model<DB>, DB: Engine> Models<DB> for M {
    fn list(models: &mut Vec<Box<dyn AnyModel>>) {
        models.push(M::boxed());
    }
}

macro_rules! tuples {
    ($(($($model:ident)+))*) => { $(
        impl<$($model: Models<Db>,)+ Db: Engine> Models<Db> for ($($model,)+) {
            fn list(models: &mut Vec<Box<dyn AnyModel>>) {
                $($model::list(models);)+
            }
        }
    )* };
}
tuples! {
    (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H)
}

/// The models of a list, each once.
pub(crate) fn models<Ms: Models<DB>, DB: Engine>() -> Vec<Box<dyn AnyModel>> {
    let mut models = Vec::new();
    Ms::list(&mut models);
    distinct(&mut models);
    models
}

fn distinct(models: &mut Vec<Box<dyn AnyModel>>) {
    let mut seen: Vec<&'static str> = Vec::new();
    models.retain(|model| {
        let records = model.facts().model.recording.records;
        let new = !seen.contains(&records);
        seen.push(records);
        new
    });
}
