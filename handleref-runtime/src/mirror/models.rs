//! Mirrored models, one or several, without their types.

use super::digest::Digest;
use super::erased::Erased;
use super::of::Of;
use super::rows::Walk;
use super::write::{is_from_live, is_partial};
use crate::engine::Engine;
use crate::error::Error;
use crate::record::query::Loaded;
use crate::record::{Fields, Json, Mirrored, Operation, Recall, Recorded};
use crate::schema::Catalog;
use crate::session::Session;
use crate::sync::Change;
use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::marker::PhantomData;
use std::sync::Arc;

/// What is done in the end.
pub(super) type Boxed<'a, T> = crate::session::Boxed<'a, Result<T, Error>>;

/// A row of any model.
pub(super) type Row = Arc<dyn Any + Send + Sync>;

/// What a row of the target must be.
pub struct Op {
    /// The place of the model in the list.
    pub(super) model: usize,
    /// The row's key, as text.
    pub(super) key: String,
    pub(super) kind: Do,
    /// The change that says so; none in a copy and in a repair.
    pub(super) change: Option<Change>,
    /// The row as the source has it, where that is wanted.
    pub(super) live: Option<Row>,
}

/// What is done to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Do {
    /// It is new at the source.
    Insert,
    /// It was there before.
    Update,
    /// It is gone.
    Delete,
}

impl Op {
    pub(super) fn is_same_row(&self, other: &Self) -> bool {
        self.model == other.model && self.key == other.key
    }

    /// The row, as a record or the source has it.
    pub(super) fn row<M: Recorded>(&self) -> Result<&M, Error> {
        let recorded = self.change.as_ref().and_then(Change::row);
        recorded
            .or_else(|| self.live())
            .ok_or_else(|| Error::Mirror {
                what: format!("{} {}", M::RECORDED_NAME, self.key),
                reason: "its change holds a row of another type; two models have one name".into(),
            })
    }

    pub(super) fn live<M: Recorded>(&self) -> Option<&M> {
        self.live.as_ref()?.downcast_ref()
    }

    /// The values that the row must have.
    pub(super) fn values<M: Fields<Json>>(&self) -> Result<Vec<serde_json::Value>, Error> {
        let row: &M = self.row()?;
        let mut values = row.values();
        if let (true, Some(live)) = (is_partial::<M>(), self.live::<M>()) {
            let columns = M::RECORDING.columns.iter();
            for ((value, live), column) in values.iter_mut().zip(live.values()).zip(columns) {
                if is_from_live::<M>(column.name) {
                    *value = live;
                }
            }
        }
        Ok(values)
    }
}

/// How the target has a row that is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    Absent,
    /// As it must be.
    Same,
    /// With another state, of this version.
    Other(Option<i64>),
}

/// Digests of rows by their keys.
pub(super) type Digests = BTreeMap<String, Digest>;

/// Recorded models that can be mirrored from the engine `S` to `T`: one, or
/// a tuple of up to eight, which may be nested; parents first.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be mirrored from `{S}` to `{T}`",
    note = "name one model that derives `Recorded`, `Queryable`, `Selectable` and `Serialize`, or a tuple of up to eight of them",
    note = "on both engines every field must be `FromSql` and `ToSql` for its column"
)]
pub trait MirrorModels<S: Engine, T: Engine> {
    /// Adds them to a list.
    #[doc(hidden)]
    fn list(models: &mut Vec<Box<dyn AnyMirrored>>);
}

/// A mirrored model without its type.
#[doc(hidden)]
pub trait AnyMirrored: Send + Sync {
    /// The name of the struct.
    fn name(&self) -> &'static str;
    /// The name of the table.
    fn table(&self) -> &'static str;
    /// Whether all changes of all rows are recorded.
    fn is_complete(&self) -> bool;
    /// Whether changes need the live row with their record.
    fn is_partial(&self) -> bool;
    /// How many rows go into one statement.
    fn rows_per_statement(&self) -> usize;

    /// The rows of these changes as the source has them now, by their keys.
    fn live<'a>(
        &'a self,
        source: &'a mut dyn Session,
        changes: &'a [&'a Change],
    ) -> Boxed<'a, HashMap<String, Row>>;
    /// The next rows of the source, as what the target must have.
    fn source_page<'a>(
        &'a self,
        source: &'a mut dyn Session,
        walk: &'a mut Walk,
        size: u32,
    ) -> Boxed<'a, Vec<Arc<Op>>>;
    /// The keys of the next rows of the target that the source has not.
    fn surplus<'a>(
        &'a self,
        source: &'a mut dyn Session,
        target: &'a mut dyn Session,
        walk: &'a mut Walk,
        size: u32,
    ) -> Boxed<'a, Option<Vec<Arc<Op>>>>;

    fn found<'a>(&'a self, target: &'a mut dyn Session, ops: &'a [&'a Op])
    -> Boxed<'a, Vec<Found>>;
    fn insert<'a>(
        &'a self,
        target: &'a mut dyn Session,
        ops: &'a [&'a Op],
        generated: &'a [String],
    ) -> Boxed<'a, usize>;
    fn update<'a>(
        &'a self,
        target: &'a mut dyn Session,
        op: &'a Op,
        generated: &'a [String],
    ) -> Boxed<'a, usize>;
    fn delete<'a>(&'a self, target: &'a mut dyn Session, ops: &'a [&'a Op]) -> Boxed<'a, usize>;
    /// Takes a reference out of a row that is to go; none that is part of its key.
    fn unlink<'a>(
        &'a self,
        target: &'a mut dyn Session,
        op: &'a Op,
        columns: &'a [(String, String)],
    ) -> Boxed<'a, usize>;
    /// Whether rows of these tables refer to the row in the target.
    fn is_referred_to<'a>(
        &'a self,
        target: &'a mut dyn Session,
        op: &'a Op,
        tables: &'a [&'static str],
        catalog: &'a mut Catalog,
    ) -> Boxed<'a, bool>;

    /// The erasures of which some changes tell.
    fn erased<'a>(
        &'a self,
        source: &'a mut dyn Session,
        changes: &'a [&'a Change],
    ) -> Boxed<'a, Vec<Erased>>;
    /// Erases the same in the records of the target, if it has any.
    fn erase<'a>(
        &'a self,
        target: &'a mut dyn Session,
        catalog: &'a mut Catalog,
        erased: &'a Erased,
    ) -> Boxed<'a, ()>;

    fn source_digests<'a>(
        &'a self,
        source: &'a mut dyn Session,
        keys: &'a [String],
    ) -> Boxed<'a, Digests>;
    fn target_digests<'a>(
        &'a self,
        target: &'a mut dyn Session,
        keys: &'a [String],
    ) -> Boxed<'a, Digests>;
    /// The digests of the next rows of the source.
    fn digest_page<'a>(
        &'a self,
        source: &'a mut dyn Session,
        walk: &'a mut Walk,
        size: u32,
    ) -> Boxed<'a, Digests>;
    fn target_count<'a>(&'a self, target: &'a mut dyn Session) -> Boxed<'a, i64>;
    /// What the target must have for these keys, as the source is now.
    fn wanted<'a>(
        &'a self,
        source: &'a mut dyn Session,
        keys: &'a [String],
    ) -> Boxed<'a, Vec<Arc<Op>>>;
    /// That the rows of the target with these keys must go.
    fn unwanted<'a>(
        &'a self,
        target: &'a mut dyn Session,
        keys: &'a [String],
    ) -> Boxed<'a, Vec<Arc<Op>>>;
}

/// What is done in the target because of a change; nothing if only the live
/// row says it, and that is gone.
pub(super) fn op(model: usize, change: Change, live: Option<Row>) -> Option<Op> {
    let kind = match change.operation {
        Operation::Delete => Do::Delete,
        Operation::Insert | Operation::Baseline => Do::Insert,
        _ => Do::Update,
    };
    let key = change.key.clone();
    // Values were taken out of the records, not out of the row.
    let erased = change.operation == Operation::Erase;
    if erased && live.is_none() {
        return None;
    }
    Some(Op {
        model,
        key,
        kind,
        change: (!erased).then_some(change),
        live,
    })
}

/// One model; a trait of its own, so that all it lacks is one error.
#[doc(hidden)]
pub trait MirrorModel<S: Engine, T: Engine> {
    fn boxed(at: usize) -> Box<dyn AnyMirrored>;
}

#[diagnostic::do_not_recommend]
impl<M, S, T> MirrorModel<S, T> for M
where
    S: Engine,
    T: Engine,
    M: Recall<S> + Loaded<S> + Recall<T> + Loaded<T> + Fields<Json> + Mirrored<T>,
{
    fn boxed(at: usize) -> Box<dyn AnyMirrored> {
        Box::new(Of::<M, S, T> {
            at,
            model: PhantomData,
            engines: PhantomData,
        })
    }
}

#[diagnostic::do_not_recommend]
impl<M: Recorded + MirrorModel<S, T>, S: Engine, T: Engine> MirrorModels<S, T> for M {
    fn list(models: &mut Vec<Box<dyn AnyMirrored>>) {
        models.push(M::boxed(models.len()));
    }
}

macro_rules! tuples {
    ($(($($model:ident)+))*) => { $(
        impl<$($model: MirrorModels<Source, Target>,)+ Source: Engine, Target: Engine>
            MirrorModels<Source, Target> for ($($model,)+)
        {
            fn list(models: &mut Vec<Box<dyn AnyMirrored>>) {
                $($model::list(models);)+
            }
        }
    )* };
}
tuples! {
    (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H)
}
