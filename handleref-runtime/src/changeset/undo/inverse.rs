//! Changing one row back.

use super::super::net::{Net, StateAt, Touched, differing};
use super::{Answer, UndoAction};
use crate::error::Error;
use crate::history::FieldChange;
use crate::history::any::{AnyKey, AnyModel};
use crate::history::fields::Metadata;
use crate::revert::Conflict;
use crate::revert::{Revert, insert, make, update};
use crate::schema::Catalog;
use crate::session::Session;
use crate::sql::Sql;
use serde_json::Value;

/// The value of a field, by its name or its column's.
pub(super) type Resolved = (String, Answer);

/// What was done to a row, and what stood in the way.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) action: Option<UndoAction>,
    pub(super) changes: Vec<FieldChange>,
    pub(super) conflicts: Vec<Conflict>,
}

impl Done {
    fn conflict(conflict: Conflict) -> Self {
        Self {
            conflicts: vec![conflict],
            ..Self::default()
        }
    }

    /// With what is written, if anything is.
    pub(super) fn updates(mut self) -> Self {
        let writes = !self.changes.is_empty() && !self.is_blocked();
        self.action = writes.then_some(UndoAction::Update);
        self
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.conflicts.iter().any(Conflict::is_blocking)
    }
}

/// A row that a changeset touched, and how it is changed back.
pub(super) struct Inverse {
    pub(super) model: &'static dyn AnyModel,
    pub(super) facts: Metadata,
    key: AnyKey,
    /// What the changeset did to it.
    pub(super) net: Net,
}

impl Inverse {
    pub(super) fn new(model: &'static dyn AnyModel, touched: Touched) -> Self {
        Self {
            model,
            facts: model.facts(),
            key: touched.key,
            net: touched.net,
        }
    }

    /// Changes it back, unless something stands in the way.
    pub(super) async fn perform(
        &self,
        conn: &mut dyn Session,
        catalog: &mut Catalog,
        resolved: &[Resolved],
    ) -> Result<Done, Error> {
        let net = &self.net;
        if !net.known {
            return Ok(Done::conflict(Conflict::PastUnknown));
        }
        let from = self.facts.from_table().sql(" WHERE ");
        let from = from.typed(&self.key.condition).lock();
        let now = self.model.row(conn, from).await?;
        let now = now.map(|row| row.values());
        match (&net.before, &net.after) {
            (None, None) => Ok(Done::default()),
            (None, Some(after)) => self.remove(conn, after, now).await,
            (Some(before), None) => self.bring_back(conn, catalog, before, now, resolved).await,
            (Some(before), Some(after)) => {
                self.change_back(conn, catalog, [before, after], now, resolved)
                    .await
            }
        }
    }

    /// Deletes what was inserted, as long as it is what was inserted.
    async fn remove(
        &self,
        conn: &mut dyn Session,
        after: &StateAt,
        now: Option<Vec<Value>>,
    ) -> Result<Done, Error> {
        let Some(now) = now else {
            return Ok(Done::default());
        };
        let done = self.removed(after, &now);
        if done.action.is_some() {
            let delete = Sql::new("DELETE FROM ")
                .name(self.facts.table())
                .sql(" WHERE ")
                .typed(&self.key.condition);
            conn.execute(delete).await?;
        }
        Ok(done)
    }

    /// What comes of [`remove`](Self::remove).
    pub(super) fn removed(&self, after: &StateAt, now: &[Value]) -> Done {
        let facts = &self.facts;
        let edited = differing(facts, &after.values, now).into_iter();
        let edited = edited.map(|at| edited_since(facts, at, &after.values, now));
        let conflicts: Vec<Conflict> = edited.collect();
        Done {
            action: conflicts.is_empty().then_some(UndoAction::Delete),
            conflicts,
            ..Done::default()
        }
    }

    /// Inserts what was deleted.
    async fn bring_back(
        &self,
        conn: &mut dyn Session,
        catalog: &mut Catalog,
        before: &StateAt,
        now: Option<Vec<Value>>,
        resolved: &[Resolved],
    ) -> Result<Done, Error> {
        let facts = &self.facts;
        if let Some(now) = now {
            let differing = differing(facts, &before.values, &now);
            let answered = |at: &usize| answer(facts, *at, resolved).is_some();
            if !differing.iter().all(answered) {
                return Ok(Done::conflict(Conflict::KeyTaken));
            }
            let mut write = Write::default();
            for at in differing {
                match answer(facts, at, resolved) {
                    Some(Answer::Text(text)) => {
                        write.answered(self.model, at, text, now.get(at));
                    }
                    Some(Answer::Before) => write.goes_back(facts, at, before, now.get(at)),
                    None => {}
                }
            }
            return self.write(conn, catalog, write).await;
        }
        let to = Revert::from(before.version);
        let plan = make(conn, catalog, self.model, &self.key, to, true).await?;
        let mut done = Done {
            conflicts: plan.conflicts.iter().filter(counts).cloned().collect(),
            ..Done::default()
        };
        if !done.is_blocked() {
            insert(conn, catalog, &self.key, &plan).await?;
            done.action = Some(UndoAction::Insert);
            let places = (0..facts.model.recording.columns.len()).filter(|at| facts.tells(*at));
            done.changes = places
                .filter_map(|at| facts.change(at, None, before.values.get(at)))
                .collect();
        }
        Ok(done)
    }

    /// Gives the fields that were changed their old values, but for those that
    /// were changed again.
    async fn change_back(
        &self,
        conn: &mut dyn Session,
        catalog: &mut Catalog,
        states: [&StateAt; 2],
        now: Option<Vec<Value>>,
        resolved: &[Resolved],
    ) -> Result<Done, Error> {
        let write = self.back(states, now.as_deref(), resolved);
        self.write(conn, catalog, write).await
    }

    /// What [`change_back`](Self::change_back) writes.
    pub(super) fn back(
        &self,
        [before, after]: [&StateAt; 2],
        now: Option<&[Value]>,
        resolved: &[Resolved],
    ) -> Write {
        let (facts, mut write) = (&self.facts, Write::default());
        write.done.conflicts.extend(self.hidden(facts));
        let changed = differing(facts, &before.values, &after.values);
        let Some(now) = now else {
            if !changed.is_empty() {
                write.done.conflicts.push(Conflict::Gone);
            }
            return write;
        };
        for at in 0..facts.model.recording.columns.len() {
            let (old, new, present) = (before.values.get(at), after.values.get(at), now.get(at));
            if !facts.tells(at) {
                continue;
            }
            match answer(facts, at, resolved) {
                Some(Answer::Text(text)) => write.answered(self.model, at, text, present),
                Some(Answer::Before) if present == old => {}
                Some(Answer::Before) => write.goes_back(facts, at, before, present),
                None if !changed.contains(&at) || present == old => {}
                None if present == new => write.goes_back(facts, at, before, present),
                None => {
                    let conflict = edited_since(facts, at, &after.values, now);
                    write.done.conflicts.push(conflict);
                }
            }
        }
        write
    }

    /// Changes a row that is there.
    async fn write(
        &self,
        conn: &mut dyn Session,
        catalog: &mut Catalog,
        write: Write,
    ) -> Result<Done, Error> {
        let mut done = write.done;
        if done.changes.is_empty() || done.is_blocked() {
            return Ok(done);
        }
        let back = write.back.into_iter();
        let revert = back.fold(Revert::fields(), |revert, (column, version)| {
            revert.named(column, version)
        });
        let plan = make(conn, catalog, self.model, &self.key, revert, true).await?;
        let conflicts = plan.conflicts.iter().filter(counts).cloned();
        done.conflicts.extend(conflicts);
        if !done.is_blocked() {
            update(conn, catalog, &self.key, &plan, &write.literals).await?;
        }
        Ok(done.updates())
    }

    /// Fields that changed, but whose values are not known.
    fn hidden(&self, facts: &Metadata) -> Vec<Conflict> {
        let columns = facts.model.recording.columns.iter().zip(facts.fields);
        columns
            .filter(|(column, _)| self.net.redacted.iter().any(|name| name == column.name))
            .map(|(_, field)| Conflict::ValueUnknown { field })
            .collect()
    }
}

/// What is written to a row that is there.
#[derive(Default)]
pub(super) struct Write {
    /// Columns, and the versions that they go back to.
    pub(super) back: Vec<(&'static str, i64)>,
    /// Columns, and the texts that somebody says they are to be.
    literals: Vec<(&'static str, Option<String>)>,
    pub(super) done: Done,
}

impl Write {
    /// The field at a place becomes what it was.
    fn goes_back(
        &mut self,
        facts: &Metadata,
        at: usize,
        before: &StateAt,
        present: Option<&Value>,
    ) {
        let columns = facts.model.recording.columns;
        let column = columns.get(at).map(|it| (it.name, before.version));
        self.back.extend(column);
        let change = facts.change(at, present, before.values.get(at));
        self.done.changes.extend(change);
    }

    /// The field at a place becomes what somebody says.
    fn answered(
        &mut self,
        model: &dyn AnyModel,
        at: usize,
        text: &Option<String>,
        present: Option<&Value>,
    ) {
        let facts = model.facts();
        let Some(column) = facts.model.recording.columns.get(at) else {
            return;
        };
        let becomes = model
            .clean(at, text.as_deref())
            .unwrap_or_else(|_| text.clone().map_or(Value::Null, Value::String));
        if present == Some(&becomes) {
            return;
        }
        self.literals.push((column.name, text.clone()));
        let change = facts.change(at, present, Some(&becomes));
        self.done.changes.extend(change);
    }
}

/// What somebody says that the field at a place is to be.
fn answer<'a>(facts: &Metadata, at: usize, resolved: &'a [Resolved]) -> Option<&'a Answer> {
    let mut resolved = resolved.iter();
    let found = resolved.find(|(name, _)| facts.is_named(at, name));
    found.map(|(_, answer)| answer)
}

/// What is overwritten is looked at here, field by field.
fn counts(conflict: &&Conflict) -> bool {
    !matches!(conflict, Conflict::LaterEdit { .. })
}

fn edited_since(facts: &Metadata, at: usize, then: &[Value], now: &[Value]) -> Conflict {
    let value = |values: &[Value]| values.get(at).cloned().unwrap_or_default();
    Conflict::EditedSince {
        field: facts.fields.get(at).copied().unwrap_or_default(),
        then: value(then),
        now: value(now),
    }
}
