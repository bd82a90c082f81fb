//! Reading what a changeset did.

use super::change::{Changes, LinkChange, ObjectChange, State};
use super::net::{Net, StateAt, differing, nets};
use super::stored::Changeset;
use crate::any::Engines;
use crate::error::Error;
use crate::facts::Reference;
use crate::history::any::{AnyModel, Boxed};
use crate::history::fields::Metadata;
use crate::history::models::{Listed, Models, Registered};
use crate::history::{FieldChange, ObjectRef};
use crate::session::{Executor, Session};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

impl Changeset {
    /// What the changeset did to the rows of these models (one recorded model,
    /// or a tuple of up to eight, which may be nested): its net effect on each.
    ///
    /// Of several changes of a field the first old and the last new value
    /// count; a field that is back where it was did not change, a row that was
    /// added and deleted was not touched, and a link that was added and removed
    /// is none. Rows of a join table are the links of the object that the
    /// join table names first; their other columns are told if they change in
    /// place.
    ///
    /// ```text
    /// let changes = changeset.changes::<(Article, Tag, ArticleTag)>().load(conn)?;
    /// println!("{changes}");
    /// ```
    pub fn changes<Ms>(&self) -> ChangesOf<'_, Ms> {
        ChangesOf {
            changeset: self,
            models: Listed::typed(),
        }
    }
}

impl<'c> ChangesOf<'c, Registered> {
    /// Of the models of a registry.
    pub(crate) fn of_registered(changeset: &'c Changeset, models: Arc<[Engines]>) -> Self {
        Self {
            changeset,
            models: Listed::registered(models),
        }
    }
}

/// What a changeset did to rows of models of a registry.
#[cfg(any(feature = "axum", feature = "manage"))]
pub(crate) fn changes_of<'a>(
    conn: &'a mut dyn Session,
    models: Arc<[Engines]>,
    changeset: &'a Changeset,
) -> Boxed<'a, Changes> {
    let models = Listed::<Registered>::registered(models).at(conn.kind());
    load(conn, models, changeset)
}

/// The changes of a changeset, not yet read; made by [`Changeset::changes`].
#[must_use = "nothing is read before `.load(conn)`"]
pub struct ChangesOf<'c, Ms> {
    changeset: &'c Changeset,
    models: Listed<Ms>,
}

impl<Ms> fmt::Debug for ChangesOf<'_, Ms> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "changes of {}", self.changeset)
    }
}

impl<Ms> ChangesOf<'_, Ms> {
    /// Reads them: two queries for each model.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn load<'a, C>(self, conn: &'a mut C) -> C::Output<'a, Result<Changes, Error>>
    where
        Self: 'a,
        C: Executor,
        Ms: Models<C::Engine>,
    {
        C::finish(load(conn, self.models.on::<C::Engine>(), self.changeset))
    }
}

pub(super) fn load<'a>(
    conn: &'a mut dyn Session,
    models: Result<Vec<&'static dyn AnyModel>, Error>,
    changeset: &'a Changeset,
) -> Boxed<'a, Changes> {
    Box::pin(async move {
        let mut view = View::default();
        for model in models? {
            let facts = model.facts();
            let nets = nets(conn, model, changeset).await?;
            match facts.model.recording.link {
                true => view.links(&facts, &nets),
                false => nets.iter().for_each(|net| view.object(&facts, net)),
            }
        }
        Ok(view.finish())
    })
}

/// The changes of objects, with the number of the first record of each.
#[derive(Default)]
struct View {
    changes: Vec<(i64, ObjectChange)>,
    places: HashMap<ObjectRef, usize>,
}

impl View {
    fn object(&mut self, facts: &Metadata, net: &Net) {
        let mut change = ObjectChange::of(net.object.clone());
        change.known = net.known;
        change.state = state(net);
        change.values = values(facts, net);
        self.merge(net.first, change);
    }

    fn merge(&mut self, first: i64, change: ObjectChange) {
        let known = self.places.get(&change.object);
        let Some((at, other)) = known.and_then(|at| self.changes.get_mut(*at)) else {
            self.places
                .insert(change.object.clone(), self.changes.len());
            self.changes.push((first, change));
            return;
        };
        *at = first.min(*at);
        other.state = other.state.or(change.state);
        other.known &= change.known;
        other.values.extend(change.values);
        other.links.extend(change.links);
    }

    /// The pairs of a join table that came and went.
    fn links(&mut self, facts: &Metadata, nets: &[Net]) {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for net in nets {
            let pairs = [&net.before, &net.after].map(|state| pair(facts, state.as_ref()));
            let [was, is] = pairs;
            if was.is_some() && was == is {
                self.payload(facts, net);
            }
            before.extend(was.map(|pair| (net.first, pair)));
            after.extend(is.map(|pair| (net.first, pair)));
        }
        for (added, these, others) in [(false, &before, &after), (true, &after, &before)] {
            let others: HashSet<_> = others.iter().map(|(_, pair)| pair).collect();
            for (first, pair) in these {
                if others.contains(pair) {
                    continue;
                }
                let (owner, to) = pair.clone();
                let mut change = ObjectChange::of(owner);
                change.links.push(LinkChange {
                    added,
                    to,
                    through: facts.model.name,
                });
                self.merge(*first, change);
            }
        }
    }

    /// What else a row of a join table holds, if it changed in place.
    fn payload(&mut self, facts: &Metadata, net: &Net) {
        let mut change = ObjectChange::of(net.object.clone());
        change.values = values(facts, net);
        self.merge(net.first, change);
    }

    fn finish(self) -> Changes {
        let mut changes = self.changes;
        changes.retain(|(_, change)| !change.is_empty());
        changes.sort_by_key(|(first, _)| *first);
        Changes(changes.into_iter().map(|(_, change)| change).collect())
    }
}

/// The two objects that a row of a join table links, if the row lives.
fn pair(facts: &Metadata, state: Option<&StateAt>) -> Option<(ObjectRef, ObjectRef)> {
    let state = state.filter(|state| state.live)?;
    let [owner, other] = facts.model.recording.references else {
        return None;
    };
    let referred = |reference: &Reference| {
        let places = reference.columns.iter().map(|column| facts.at(column));
        let values: Option<Vec<&Value>> = places.map(|at| state.values.get(at?)).collect();
        ObjectRef::referred(reference.model, &values?)
    };
    Some((referred(owner)?, referred(other)?))
}

fn state(net: &Net) -> Option<State> {
    match (&net.before, &net.after) {
        (None, Some(_)) if net.known => Some(State::Added),
        (Some(_), None) => Some(State::Deleted),
        (None, None) if !net.known => Some(State::Deleted),
        (Some(before), Some(after)) if before.live && !after.live => Some(State::SoftDeleted),
        (Some(before), Some(after)) if !before.live && after.live => Some(State::Restored),
        _ => None,
    }
}

/// The fields that changed: all of an added row, none of a deleted one.
pub(super) fn values(facts: &Metadata, net: &Net) -> Vec<FieldChange> {
    let Some(after) = &net.after else {
        return Vec::new();
    };
    let columns = facts.model.recording.columns;
    let places: Vec<usize> = match &net.before {
        Some(before) => differing(facts, &before.values, &after.values),
        None if net.known => (0..columns.len()).filter(|at| facts.tells(*at)).collect(),
        None => Vec::new(),
    };
    let old = |at: usize| net.before.as_ref().and_then(|before| before.values.get(at));
    let told = places
        .into_iter()
        .filter_map(|at| Some((at, facts.change(at, old(at), after.values.get(at))?)));
    let hidden = columns.iter().enumerate().filter(|(_, column)| {
        let mut names = net.redacted.iter();
        names.any(|name| name == column.name)
    });
    let redacted = hidden.filter_map(|(at, _)| Some((at, facts.redacted(at)?)));
    let mut all: Vec<(usize, FieldChange)> = told.chain(redacted).collect();
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, change)| change).collect()
}
