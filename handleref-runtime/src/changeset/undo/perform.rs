//! Changing everything back: for good, or to see what would come of it.

use super::super::meta::ChangesetMeta;
use super::super::models::{AnyModel, Boxed, Facts};
use super::super::net::{Net, differing};
use super::super::query::find;
use super::super::recording::Open;
use super::super::stored::Changeset;
use super::inverse::{Done, Inverse, Resolved};
use super::order::{Item, order};
use super::{Resolution, UndoConflict, UndoStep};
use crate::context::Home;
use crate::error::Error;
use crate::record::tables::{any_recorded, last_recorded, record_tables};
use crate::record::{ChangesetNo, Conflict, ObjectRef};
use crate::schema::{Catalog, ForeignKey};
use crate::session::{Session, Transaction};
use chrono::DateTime;
use diesel::result::Error as DieselError;
use std::collections::HashSet;
use std::sync::Arc;

/// The changeset that is to be undone, by whom and why, and what was answered.
pub(super) type Asked<'a> = (ChangesetNo, &'a ChangesetMeta, &'a [Resolution]);

/// Makes the plan in a transaction that is rolled back.
pub(super) fn rehearse<'a>(
    conn: &'a mut dyn Session,
    models: &'a [Box<dyn AnyModel>],
    asked: Asked<'a>,
) -> Boxed<'a, (Vec<UndoStep>, Vec<UndoConflict>)> {
    Box::pin(async move {
        let mut open = Open::begin(conn, asked.1).await?;
        let result = perform(&mut open, models, asked).await;
        let rolled_back = open.roll_back().await;
        let plan = result?;
        rolled_back?;
        Ok(plan)
    })
}

/// Does what the plan says, if it still is the plan.
pub(super) fn apply<'a>(
    conn: &'a mut dyn Session,
    models: Vec<Box<dyn AnyModel>>,
    asked: Asked<'a>,
    steps: &'a [UndoStep],
) -> Boxed<'a, Option<ChangesetNo>> {
    Box::pin(async move {
        let mut open = Open::undoing(conn, asked.1, Some(asked.0)).await?;
        let result = check(&mut open, &models, asked, steps).await;
        let ended = open.end(result).await;
        ended.map(|((), changeset)| changeset)
    })
}

async fn check(
    open: &mut Open<'_, dyn Session + '_>,
    models: &[Box<dyn AnyModel>],
    asked: Asked<'_>,
    planned: &[UndoStep],
) -> Result<(), Error> {
    let (steps, conflicts) = perform(open, models, asked).await?;
    let blocking = conflicts
        .into_iter()
        .filter(|one| one.conflict.is_blocking());
    let blocking: Vec<UndoConflict> = blocking.collect();
    let no = asked.0;
    if !blocking.is_empty() {
        return Err(Error::Undo {
            no,
            conflicts: blocking,
        });
    }
    match steps == planned {
        true => Ok(()),
        false => Err(Error::PlanOutdated { no }),
    }
}

/// A touched row of the model with these facts and foreign keys.
struct Row {
    facts: Facts,
    keys: usize,
    inverse: Box<dyn Inverse>,
}

async fn perform(
    open: &mut Open<'_, dyn Session + '_>,
    models: &[Box<dyn AnyModel>],
    (undone, _, resolutions): Asked<'_>,
) -> Result<(Vec<UndoStep>, Vec<UndoConflict>), Error> {
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
        let touched = model.touched(conn, &changeset).await?;
        let keys = foreign.len();
        foreign.push(catalog.foreign_keys(conn, facts.model.table).await?);
        rows.extend(touched.into_iter().map(|inverse| Row {
            facts,
            keys,
            inverse,
        }));
    }
    check_resolutions(&rows, resolutions)?;
    let items: Vec<Item<'_>> = rows
        .iter()
        .map(|row| Item {
            facts: row.facts,
            net: row.inverse.net(),
            foreign: foreign.get(row.keys).map_or(&[], |keys| keys),
        })
        .collect();
    let order = order(&items);
    let this = Changeset::in_progress(ours, last_recorded(conn).await?);
    let (mut steps, mut conflicts) = (Vec::new(), Vec::new());
    for row in order.into_iter().filter_map(|at| rows.get(at)) {
        let object = row.inverse.net().object.clone();
        let done = step(conn, &mut catalog, row, resolutions).await?;
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
        true => Ok((steps, conflicts)),
        false => Err(not_listed(undone, other)),
    }
}

/// Changes one row back, in a savepoint: what the database refuses is a
/// conflict.
async fn step(
    conn: &mut dyn Session,
    catalog: &mut Catalog,
    row: &Row,
    resolutions: &[Resolution],
) -> Result<Done, Error> {
    let object = &row.inverse.net().object;
    let resolved: Vec<Resolved> = resolutions
        .iter()
        .filter(|one| one.object == *object)
        .map(|one| (one.field.clone(), one.value.clone()))
        .collect();
    let mut savepoint = Transaction::begin(conn).await?;
    let result = row
        .inverse
        .perform(savepoint.conn(), catalog, &resolved)
        .await;
    match savepoint.finish(result).await {
        Err(Error::Database(DieselError::DatabaseError(kind, info))) => {
            use diesel::result::DatabaseErrorKind as Kind;
            if same(&Kind::ClosedConnection, &kind) {
                return Err(Error::Database(DieselError::DatabaseError(kind, info)));
            }
            let message = info.message().to_owned();
            Ok(Done {
                conflicts: vec![Conflict::Refused { message }],
                ..Done::default()
            })
        }
        other => other,
    }
}

/// Diesel's kinds cannot be compared.
fn same<T>(one: &T, other: &T) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

/// The record tables with records of a changeset that are of none of the models.
async fn unlisted(
    conn: &mut dyn Session,
    models: &[Box<dyn AnyModel>],
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
    models: &[Box<dyn AnyModel>],
    this: &Changeset,
    steps: &[UndoStep],
) -> Result<Vec<UndoConflict>, Error> {
    let planned: HashSet<&ObjectRef> = steps.iter().map(|step| &step.object).collect();
    let mut conflicts = Vec::new();
    for model in models {
        let facts = model.facts();
        for row in model.touched(conn, this).await? {
            let net = row.net();
            if !planned.contains(&net.object) && has_changed(&facts, net) {
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

fn has_changed(facts: &Facts, net: &Net) -> bool {
    match (&net.before, &net.after) {
        (Some(before), Some(after)) => !differing(facts, &before.values, &after.values).is_empty(),
        (before, after) => before.is_some() != after.is_some(),
    }
}

/// A resolution has to be of a row that was there before the changeset, and of
/// a field that is recorded and not part of the key.
fn check_resolutions(rows: &[Row], resolutions: &[Resolution]) -> Result<(), Error> {
    for one in resolutions {
        let mut touched = rows.iter();
        let row = touched.find(|row| row.inverse.net().object == one.object);
        let Some(row) = row else {
            return Err(Error::WrongObject {
                object: one.object.to_string(),
                model: "row of the changeset",
            });
        };
        let net = row.inverse.net();
        let mut places = 0..row.facts.model.recording.columns.len();
        let named = |at: usize| row.facts.is_open(at) && row.facts.is_named(at, &one.field);
        if net.before.is_none() || !places.any(named) {
            return Err(Error::NoField {
                model: row.facts.model.name,
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
