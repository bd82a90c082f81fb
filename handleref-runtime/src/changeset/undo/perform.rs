//! Changing everything back: for good, or to see what would come of it.

use super::super::net::{Net, Touched, differing, touched};
use super::super::open::Open;
use super::super::query::find;
use super::super::stored::Changeset;
use super::inverse::{Done, Inverse, Resolved};
use super::order::{Item, order};
use super::together;
use super::{Request, Resolution, UndoConflict, UndoPlan, UndoStep};
use crate::context::Home;
use crate::error::Error;
use crate::history::any::{AnyModel, Boxed};
use crate::history::fields::Metadata;
use crate::history::tables::{any_recorded, last_recorded, record_tables};
use crate::history::{ChangesetNo, ObjectRef};
use crate::revert::Conflict;
use crate::schema::{Catalog, ForeignKey};
use crate::session::{Session, Transaction};
use chrono::DateTime;
use diesel::result::Error as DieselError;
use std::collections::HashSet;
use std::sync::Arc;

/// Makes the plan in a transaction that is rolled back.
pub(super) fn plan<'a>(
    conn: &'a mut dyn Session,
    models: Result<Vec<&'static dyn AnyModel>, Error>,
    request: Request,
) -> Boxed<'a, UndoPlan> {
    Box::pin(async move {
        let models = models?;
        let mut open = Open::begin(conn, &request.meta).await?;
        let result = perform(&mut open, &models, &request).await;
        let rolled_back = open.roll_back().await;
        let Performed {
            steps,
            conflicts,
            inserted,
        } = result?;
        rolled_back?;
        Ok(UndoPlan {
            changeset: request.changeset,
            steps,
            conflicts,
            inserted,
            request,
            models,
            kind: conn.kind(),
        })
    })
}

/// Does what the plan says, if it still is the plan.
pub(super) fn apply<'a>(
    conn: &'a mut dyn Session,
    plan: &'a UndoPlan,
) -> Boxed<'a, Option<ChangesetNo>> {
    Box::pin(async move {
        let request = &plan.request;
        if conn.kind() != plan.kind {
            let no = request.changeset;
            return Err(Error::PlanOutdated { no });
        }
        let mut open = Open::undoing(conn, &request.meta, Some(request.changeset)).await?;
        let result = check(&mut open, plan).await;
        let ended = open.end(result).await;
        ended.map(|((), changeset)| changeset)
    })
}

async fn check(open: &mut Open<'_, dyn Session + '_>, plan: &UndoPlan) -> Result<(), Error> {
    let Performed {
        steps, conflicts, ..
    } = perform(open, &plan.models, &plan.request).await?;
    let blocking = conflicts
        .into_iter()
        .filter(|one| one.conflict.is_blocking());
    let blocking: Vec<UndoConflict> = blocking.collect();
    let no = plan.changeset;
    if !blocking.is_empty() {
        return Err(Error::Undo {
            no,
            conflicts: blocking,
        });
    }
    match steps == plan.steps {
        true => Ok(()),
        false => Err(Error::PlanOutdated { no }),
    }
}

/// A touched row, and the place of its table's foreign keys.
struct Row {
    inverse: Inverse,
    keys: usize,
}

/// What came of it.
struct Performed {
    steps: Vec<UndoStep>,
    conflicts: Vec<UndoConflict>,
    /// Rows that the changeset inserted.
    inserted: Vec<ObjectRef>,
}

async fn perform(
    open: &mut Open<'_, dyn Session + '_>,
    models: &[&'static dyn AnyModel],
    request: &Request,
) -> Result<Performed, Error> {
    let (undone, resolutions) = (request.changeset, &*request.resolutions);
    let ours = open.changeset;
    let conn = open.conn();
    let changeset = find(conn, undone).await?;
    let other = unlisted(conn, models, &changeset).await?;
    if !other.is_empty() {
        return Err(not_listed(undone, other));
    }
    let (mut rows, mut foreign): (Vec<Row>, Vec<Arc<[ForeignKey]>>) = Default::default();
    let mut catalog = Catalog::default();
    for model in models {
        let facts = model.facts();
        let touched = touched(conn, *model, &changeset).await?;
        let keys = foreign.len();
        foreign.push(catalog.foreign_keys(conn, facts.model.table).await?);
        rows.extend(touched.into_iter().map(|touched| Row {
            inverse: Inverse::new(*model, touched),
            keys,
        }));
    }
    check_resolutions(&rows, resolutions)?;
    for object in &request.skipped {
        touched_row(&rows, object)?;
    }
    rows.retain(|row| !request.skipped.contains(&row.inverse.net.object));
    let inserted = rows.iter().filter(|row| row.inverse.net.before.is_none());
    let inserted = inserted.map(|row| row.inverse.net.object.clone()).collect();
    let items: Vec<Item<'_>> = rows
        .iter()
        .map(|row| Item {
            facts: row.inverse.facts,
            net: &row.inverse.net,
            foreign: foreign.get(row.keys).map_or(&[], |keys| keys),
        })
        .collect();
    let order = order(&items);
    let this = Changeset::in_progress(ours, last_recorded(conn).await?);
    let inverses: Vec<&Inverse> = order
        .into_iter()
        .filter_map(|at| Some(&rows.get(at)?.inverse))
        .collect();
    let mut finished = together::change_back(conn, &mut catalog, &inverses, resolutions).await?;
    let (mut steps, mut conflicts) = (Vec::new(), Vec::new());
    // Those before this place were tried together, if they can be.
    let mut tried = 0;
    for (at, inverse) in inverses.iter().enumerate() {
        let object = inverse.net.object.clone();
        if at >= tried && !finished.contains_key(&at) {
            let next = inverses.iter().copied().enumerate().skip(at);
            let (done, rows) = together::remove(conn, next).await?;
            finished.extend(done);
            tried = at + rows;
        }
        let done = match finished.remove(&at) {
            Some(done) => done,
            None => step(conn, &mut catalog, inverse, resolutions).await?,
        };
        conflicts.extend(done.conflicts.into_iter().map(|conflict| UndoConflict {
            object: object.clone(),
            conflict,
        }));
        steps.extend(done.action.map(|action| UndoStep {
            object,
            action,
            changes: done.changes,
        }));
    }
    conflicts.extend(collateral(conn, models, &this, &steps).await?);
    let other = unlisted(conn, models, &this).await?;
    match other.is_empty() {
        true => Ok(Performed {
            steps,
            conflicts,
            inserted,
        }),
        false => Err(not_listed(undone, other)),
    }
}

/// Changes one row back, in a savepoint: what the database refuses is a
/// conflict.
async fn step(
    conn: &mut dyn Session,
    catalog: &mut Catalog,
    inverse: &Inverse,
    resolutions: &[Resolution],
) -> Result<Done, Error> {
    let object = &inverse.net.object;
    let resolved: Vec<Resolved> = resolutions
        .iter()
        .filter(|one| one.object == *object)
        .map(|one| (one.field.clone(), one.answer.clone()))
        .collect();
    let mut savepoint = Transaction::begin(conn).await?;
    let result = inverse.perform(savepoint.conn(), catalog, &resolved).await;
    savepoint.finish(result).await.or_else(|error| {
        let message = refused(error)?;
        Ok(Done {
            conflicts: vec![Conflict::Refused { message }],
            ..Done::default()
        })
    })
}

/// What the database says that it refuses to do; any other error stays one.
pub(super) fn refused(error: Error) -> Result<String, Error> {
    use diesel::result::DatabaseErrorKind as Kind;
    match error {
        Error::Database(DieselError::DatabaseError(kind, info))
            if !same(&Kind::ClosedConnection, &kind) =>
        {
            Ok(info.message().to_owned())
        }
        other => Err(other),
    }
}

/// Diesel's kinds cannot be compared.
fn same<T>(one: &T, other: &T) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

/// The record tables with records of a changeset that are of none of the models.
async fn unlisted(
    conn: &mut dyn Session,
    models: &[&'static dyn AnyModel],
    changeset: &Changeset,
) -> Result<Vec<String>, Error> {
    let listed: Vec<&str> = models
        .iter()
        .map(|model| model.facts().model.recording.records)
        .collect();
    let mut found = Vec::new();
    for table in record_tables(conn, &Home::default()).await? {
        let one = std::slice::from_ref(&table);
        if !listed.contains(&table.as_str())
            && any_recorded(conn, &Home::default(), one, changeset.no, changeset.first).await?
        {
            found.push(table);
        }
    }
    Ok(found)
}

fn not_listed(changeset: ChangesetNo, tables: Vec<String>) -> Error {
    Error::NotListed {
        no: changeset,
        tables,
    }
}

/// Rows that changed along, though no step says so: by foreign keys that act,
/// or by somebody's triggers.
async fn collateral(
    conn: &mut dyn Session,
    models: &[&'static dyn AnyModel],
    this: &Changeset,
    steps: &[UndoStep],
) -> Result<Vec<UndoConflict>, Error> {
    let planned: HashSet<&ObjectRef> = steps.iter().map(|step| &step.object).collect();
    let mut conflicts = Vec::new();
    for model in models {
        let facts = model.facts();
        for Touched { net, .. } in touched(conn, *model, this).await? {
            if !planned.contains(&net.object) && has_changed(&facts, &net) {
                conflicts.push(UndoConflict {
                    object: net.object.clone(),
                    conflict: Conflict::Collateral {
                        deleted: net.after.is_none(),
                    },
                });
            }
        }
    }
    Ok(conflicts)
}

fn has_changed(facts: &Metadata, net: &Net) -> bool {
    match (&net.before, &net.after) {
        (Some(before), Some(after)) => !differing(facts, &before.values, &after.values).is_empty(),
        (before, after) => before.is_some() != after.is_some(),
    }
}

/// The row of an object, which the changeset must have touched.
fn touched_row<'r>(rows: &'r [Row], object: &ObjectRef) -> Result<&'r Row, Error> {
    let mut touched = rows.iter();
    let row = touched.find(|row| row.inverse.net.object == *object);
    row.ok_or_else(|| Error::WrongObject {
        object: object.to_string(),
        model: "row of the changeset",
    })
}

/// A resolution has to be of a row that was there before the changeset, and of
/// a field that is recorded and not part of the key.
fn check_resolutions(rows: &[Row], resolutions: &[Resolution]) -> Result<(), Error> {
    for one in resolutions {
        let row = touched_row(rows, &one.object)?;
        let net = &row.inverse.net;
        let mut places = 0..row.inverse.facts.model.recording.columns.len();
        let named =
            |at: usize| row.inverse.facts.is_open(at) && row.inverse.facts.is_named(at, &one.field);
        if net.before.is_none() || !places.any(named) {
            return Err(Error::NoField {
                model: row.inverse.facts.model.name,
                field: one.field.clone(),
            });
        }
    }
    Ok(())
}

impl Changeset {
    /// One that is being recorded, from this record on.
    fn in_progress(no: ChangesetNo, first: i64) -> Self {
        Self {
            no,
            at: DateTime::UNIX_EPOCH,
            actor: None,
            comment: None,
            correlation: None,
            metadata: None,
            undoes: None,
            first,
            last: None,
        }
    }
}
