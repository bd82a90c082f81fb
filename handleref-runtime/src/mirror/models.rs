//! Mirrored models, one or several, without their types.

use super::digest::Digest;
use super::of::One;
use super::write::{is_from_live, is_partial, writer};
use crate::engine::Engine;
use crate::error::Error;
use crate::history::any::{AnyInstance, any};
use crate::history::query::Loaded;
use crate::history::subject::Subject;
use crate::history::{Fields, Json, Mirrored, Operation, Recall, Recorded};
use crate::sync::Change;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A row of any model.
pub(super) type Row = Arc<dyn AnyInstance>;

/// What a row of the target must be.
pub(super) struct Op {
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
    pub(super) fn row(&self) -> Result<&dyn AnyInstance, Error> {
        let recorded = self.change.as_ref().map(|change| &*change.row);
        recorded
            .or_else(|| self.live())
            .ok_or_else(|| self.wrong_type())
    }

    pub(super) fn live(&self) -> Option<&dyn AnyInstance> {
        self.live.as_deref()
    }

    pub(super) fn wrong_type(&self) -> Error {
        let name = self.change.as_ref().map_or("a row", |change| change.model);
        Error::Mirror {
            what: format!("{name} {}", self.key),
            reason: "its change holds a row of another type; two models have one name".into(),
        }
    }

    /// The values that the row must have.
    pub(super) fn values(&self, subject: &Subject) -> Result<Vec<serde_json::Value>, Error> {
        let mut values = self.row()?.values();
        if let (true, Some(live)) = (is_partial(subject), self.live()) {
            let columns = subject.recording.columns.iter();
            for ((value, live), column) in values.iter_mut().zip(live.values()).zip(columns) {
                if is_from_live(subject, column.name) {
                    *value = live;
                }
            }
        }
        Ok(values)
    }
}

/// How the target has a row that is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
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
    fn list(models: &mut Vec<One>);
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
    fn one(at: usize) -> One;
}

#[diagnostic::do_not_recommend]
impl<M, S, T> MirrorModel<S, T> for M
where
    S: Engine,
    T: Engine,
    M: Recall<S> + Loaded<S> + Recall<T> + Loaded<T> + Fields<Json> + Mirrored<T>,
{
    fn one(at: usize) -> One {
        One {
            at,
            source: any::<M, S>(),
            target: any::<M, T>(),
            writer: writer::<M, T>(),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<M: Recorded + MirrorModel<S, T>, S: Engine, T: Engine> MirrorModels<S, T> for M {
    fn list(models: &mut Vec<One>) {
        models.push(M::one(models.len()));
    }
}

macro_rules! tuples {
    ($(($($model:ident)+))*) => { $(
        impl<$($model: MirrorModels<Source, Target>,)+ Source: Engine, Target: Engine>
            MirrorModels<Source, Target> for ($($model,)+)
        {
            fn list(models: &mut Vec<One>) {
                $($model::list(models);)+
            }
        }
    )* };
}
tuples! {
    (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H)
}
