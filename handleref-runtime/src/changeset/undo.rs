//! Undoing a changeset: planned first, then done.

use super::meta::ChangesetMeta;
use crate::any::{AnyModel, Boxed, Engines};
use crate::engine::Kind;
use crate::error::Error;
use crate::history::models::{Listed, Models, Registered};
use crate::history::{ChangesetNo, FieldChange, ObjectRef, PropertyValue};
use crate::revert::Conflict;
use crate::session::{Executor, Session};
use serde::Serialize;
use std::fmt;
use std::sync::Arc;

mod inverse;
mod order;
mod perform;
mod together;

/// Plans to undo a changeset. `Models` are the recorded models that it
/// changed: one, or a tuple of up to eight, which may be nested.
///
/// ```text
/// let plan = undo_plan::<(Topic, Article)>(changeset).load(conn)?;
/// println!("{plan}");
/// let undone = plan.apply(conn)?;                       // a changeset that names the one it undoes
/// undo_plan::<(Topic, Article)>(undone).load(conn)?;    // its undo is a redo
/// ```
///
/// Each object goes back to what it was before the changeset: what was
/// inserted is deleted, what was deleted is inserted again, what was soft-deleted
/// or restored gets its mark back, and fields get their old values. Fields that
/// were changed later, but not by this changeset, keep what they have. Fields
/// whose values are not recorded stay as they are.
///
/// The changes are made in the reverse order of the records, and so that a row
/// that refers to another one is inserted after and deleted before it.
pub fn undo_plan<Models>(changeset: ChangesetNo) -> Undo<Models> {
    Undo {
        request: Request::new(changeset),
        models: Listed::typed(),
    }
}

impl Undo<Registered> {
    /// Of the models of a registry.
    pub(crate) fn of_registered(changeset: ChangesetNo, models: Arc<[Engines]>) -> Self {
        Self {
            request: Request::new(changeset),
            models: Listed::registered(models),
        }
    }

    /// As [`load`](Undo::load).
    #[cfg(any(feature = "axum", feature = "manage"))]
    pub(crate) fn planned(self, conn: &mut dyn Session) -> Boxed<'_, UndoPlan> {
        let models = self.models.at(conn.kind());
        perform::plan(conn, models, self.request)
    }
}

/// The plan to undo a changeset of models of a registry.
#[cfg(feature = "axum")]
pub(crate) fn undo_plan_of(
    conn: &mut dyn Session,
    models: Arc<[Engines]>,
    changeset: ChangesetNo,
    meta: ChangesetMeta,
) -> Boxed<'_, UndoPlan> {
    Undo::of_registered(changeset, models)
        .meta(meta)
        .planned(conn)
}

/// A plan that is not made yet; see [`undo_plan`].
#[must_use = "nothing is planned before `.load(conn)`"]
pub struct Undo<Models> {
    request: Request,
    models: Listed<Models>,
}

/// The changeset that is to be undone, by whom and why, and what was answered.
#[derive(Debug, Clone)]
struct Request {
    changeset: ChangesetNo,
    meta: ChangesetMeta,
    resolutions: Vec<Resolution>,
    skipped: Vec<ObjectRef>,
}

impl Request {
    fn new(changeset: ChangesetNo) -> Self {
        Self {
            changeset,
            meta: ChangesetMeta::new(),
            resolutions: Vec::new(),
            skipped: Vec::new(),
        }
    }
}

/// The value of a field that was changed since.
#[derive(Debug, Clone)]
struct Resolution {
    object: ObjectRef,
    field: String,
    answer: Answer,
}

/// What it is to be.
#[derive(Debug, Clone)]
enum Answer {
    /// What it was before the changeset.
    Before,
    /// What a text says; `None` is null.
    Text(Option<String>),
}

impl<Ms> Clone for Undo<Ms> {
    fn clone(&self) -> Self {
        Self {
            request: self.request.clone(),
            models: self.models.clone(),
        }
    }
}

impl<Ms> fmt::Debug for Undo<Ms> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Request {
            changeset,
            meta,
            resolutions,
            skipped,
        } = &self.request;
        f.debug_struct("Undo")
            .field("changeset", changeset)
            .field("meta", meta)
            .field("resolutions", resolutions)
            .field("skipped", skipped)
            .finish_non_exhaustive()
    }
}

impl<Ms> Undo<Ms> {
    /// Who undoes it, and why.
    pub fn meta(mut self, meta: ChangesetMeta) -> Self {
        self.request.meta = meta;
        self
    }

    /// What a field (by its name, or its column's) is to be afterwards: the
    /// answer to [`Conflict::EditedSince`], such as a merge of both. It counts
    /// whether there is a conflict or not, and for every field of a row that the
    /// changeset changed, because fields may depend on each other: the size of a
    /// merged text is neither the old one nor the present one.
    ///
    /// A row that was deleted, and is there again as another one
    /// ([`Conflict::KeyTaken`]), is changed if all fields are said in which the
    /// two differ. What was inserted is deleted as a whole, or not at all.
    #[allow(clippy::needless_pass_by_value)] // As a value of Diesel's `eq`.
    pub fn resolve(self, object: &ObjectRef, field: &str, value: impl PropertyValue) -> Self {
        self.answered(object, field, Answer::Text(value.text()))
    }

    /// Gives a field what it was before the changeset, whatever it was set to since: the
    /// other answer to [`Conflict::EditedSince`], which overwrites the later change. As
    /// [`resolve`](Undo::resolve) in everything else.
    pub fn overwrite(self, object: &ObjectRef, field: &str) -> Self {
        self.answered(object, field, Answer::Before)
    }

    /// Leaves a row as it is, such as one with a conflict, and undoes the rest.
    pub fn without(mut self, object: &ObjectRef) -> Self {
        if !self.request.skipped.contains(object) {
            self.request.skipped.push(object.clone());
        }
        self
    }

    fn answered(mut self, object: &ObjectRef, field: &str, answer: Answer) -> Self {
        let known = |one: &Resolution| one.object == *object && one.field == field;
        self.request.resolutions.retain(|one| !known(one));
        self.request.resolutions.push(Resolution {
            object: object.clone(),
            field: field.to_owned(),
            answer,
        });
        self
    }

    /// Makes the plan. It is tried out in a transaction that is rolled back:
    /// what the database itself would refuse is among the conflicts. Rows are
    /// locked meanwhile, and numbers of records are used up.
    ///
    /// # Errors
    /// [`Error::NoChangeset`]; [`Error::NotListed`] if the changeset changed
    /// models that are not among `Models`; [`Error::WrongObject`] if a
    /// [resolution](Undo::resolve), or what is [left out](Undo::without), is of a row that the
    /// changeset did not change, and [`Error::NoField`] if it is of no recorded field, of one of the
    /// key, or of a row that the changeset inserted;
    /// [`Error::Database`].
    pub fn load<'a, C>(self, conn: &'a mut C) -> C::Output<'a, Result<UndoPlan, Error>>
    where
        C: Executor,
        Ms: Models<C::Engine>,
    {
        C::finish(perform::plan(
            conn,
            self.models.on::<C::Engine>(),
            self.request,
        ))
    }
}

/// What undoing a changeset would do, and what stands in its way. Displayed, it
/// is a text for people; serialised, it is for a user interface.
#[derive(Serialize)]
#[must_use = "a plan changes nothing until it is applied"]
#[non_exhaustive]
pub struct UndoPlan {
    /// The changeset that will be undone.
    pub changeset: ChangesetNo,
    /// What will be done, in this order.
    pub steps: Vec<UndoStep>,
    /// What stands in the way, and what will not be undone.
    pub conflicts: Vec<UndoConflict>,
    /// Rows that the changeset inserted: they are deleted as a whole, or not at all.
    #[serde(skip)]
    inserted: Vec<ObjectRef>,
    #[serde(skip)]
    request: Request,
    #[serde(skip)]
    models: Vec<&'static dyn AnyModel>,
    /// The engine that it was made on.
    #[serde(skip)]
    kind: Kind,
}

/// One row that will be written.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct UndoStep {
    /// The row.
    pub object: ObjectRef,
    /// What will be done to it.
    pub action: UndoAction,
    /// The fields that will change, from what they are now.
    pub changes: Vec<FieldChange>,
}

/// What will be done to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UndoAction {
    /// It was deleted, and will be inserted again.
    Insert,
    /// It was changed, and will be changed back.
    Update,
    /// It was inserted, and will be deleted.
    Delete,
}

/// What stands in the way of an undo, and of which object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UndoConflict {
    /// The object.
    pub object: ObjectRef,
    /// What it is.
    #[serde(flatten)]
    pub conflict: Conflict,
}

impl UndoPlan {
    /// What makes it impossible to apply the plan.
    pub fn blockers(&self) -> impl Iterator<Item = &UndoConflict> {
        let conflicts = self.conflicts.iter();
        conflicts.filter(|one| one.conflict.is_blocking())
    }

    /// Does what the plan says, in one transaction and as one changeset, which
    /// [names](super::Changeset::undoes) the one that it undoes. Gives its
    /// number; none if there was nothing to do.
    ///
    /// Everything is looked at again, with the rows locked. Inside another
    /// changeset it joins that one, which then does not name anything.
    ///
    /// # Errors
    /// [`Error::Undo`] with what stands in the way, [`Error::PlanOutdated`] if
    /// the plan would not be the same any more (or was made on another engine),
    /// those of [`load`](Undo::load). Nothing is written then.
    pub fn apply<'a, C: Executor>(
        &'a self,
        conn: &'a mut C,
    ) -> C::Output<'a, Result<Option<ChangesetNo>, Error>> {
        C::finish(self.applied(conn))
    }

    /// Whether the changeset inserted this row, so that no field of it can be taken back.
    #[cfg(feature = "manage")]
    pub(crate) fn is_inserted(&self, object: &ObjectRef) -> bool {
        self.inserted.contains(object)
    }

    pub(crate) fn applied<'a>(
        &'a self,
        conn: &'a mut dyn Session,
    ) -> Boxed<'a, Option<ChangesetNo>> {
        perform::apply(conn, self)
    }
}

impl fmt::Debug for UndoPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UndoPlan")
            .field("changeset", &self.changeset)
            .field("steps", &self.steps)
            .field("conflicts", &self.conflicts)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for UndoPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "undo changeset {}:", self.changeset.0)?;
        if self.steps.is_empty() {
            f.write_str(" nothing to do")?;
        }
        for step in &self.steps {
            write!(f, "\n  {step}")?;
        }
        for conflict in &self.conflicts {
            let word = match conflict.conflict.is_blocking() {
                true => "refused",
                false => "note",
            };
            write!(f, "\n  {word}: {conflict}")?;
        }
        Ok(())
    }
}

impl fmt::Display for UndoStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.action {
            UndoAction::Insert => "insert again",
            UndoAction::Update => "change back",
            UndoAction::Delete => "delete",
        };
        write!(f, "{verb} {}", self.object)?;
        for change in &self.changes {
            write!(f, "\n    {change}")?;
        }
        Ok(())
    }
}

impl fmt::Display for UndoConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.conflict)
    }
}
