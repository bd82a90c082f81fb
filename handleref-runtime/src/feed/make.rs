//! Diffs, made from changes.

use super::changed::Changed;
use super::diff::Diff;
use super::models::{AnyFeed, Feeds, feeds};
use super::{Feed, parent};
use crate::error::Error;
use crate::facts::RECORD_ID;
use crate::history::any::{AnyInstance, AnyModel, Boxed};
use crate::history::previous::previous_sql;
use crate::history::{FieldChange, Fields, Json, Metadata, Operation};
use crate::session::{Executor, Session};
use crate::sql::{Sql, quoted, raw};
use crate::sync::Change;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// What the feed tells of changes that were read with
/// [`changes`](crate::sync::changes), in their order; nothing of other models than
/// these, nor of what a hook leaves out. One query for each model that changed.
///
/// ```text
/// let batch = handleref::changes::<(Question, Choice)>().since(&cursor).load(conn)?;
/// let diffs = feed::diffs_of::<(Question, Choice), _>(conn, &batch.changes)?;
/// ```
///
/// # Errors
/// [`Error::Database`].
pub fn diffs_of<'a, Ms, C>(
    conn: &'a mut C,
    changes: &'a [Change],
) -> C::Output<'a, Result<Vec<Diff>, Error>>
where
    Ms: Feeds<C::Engine> + 'a,
    C: Executor,
{
    C::finish(of(conn, feeds::<Ms, C::Engine>(), changes))
}

pub(crate) fn of<'a>(
    conn: &'a mut dyn Session,
    models: Vec<&'static dyn AnyFeed>,
    changes: &'a [Change],
) -> Boxed<'a, Vec<Diff>> {
    Box::pin(async move { all(conn, &models, changes, &|_| true).await })
}

/// Whether a change may be told.
pub(crate) type Tells<'a> = dyn Fn(&Change) -> bool + Sync + 'a;

/// The diffs of these changes, as far as they may be told.
pub(super) async fn all(
    conn: &mut dyn Session,
    models: &[&'static dyn AnyFeed],
    changes: &[Change],
    tells: &Tells<'_>,
) -> Result<Vec<Diff>, Error> {
    let mut diffs = Vec::with_capacity(changes.len());
    for model in models {
        let name = model.facts().name();
        let its = changes.iter().filter(|it| it.model == name && tells(it));
        let its: Vec<&Change> = its.collect();
        if !its.is_empty() {
            diffs.extend(of_model(conn, *model, &its).await?);
        }
    }
    let at: HashMap<i64, usize> = changes.iter().map(|it| it.id).zip(0..).collect();
    diffs.sort_by_key(|diff| at.get(&diff.id).copied());
    Ok(diffs)
}

/// The diffs of changes of one model.
async fn of_model(
    conn: &mut dyn Session,
    feed: &dyn AnyFeed,
    changes: &[&Change],
) -> Result<Vec<Diff>, Error> {
    let old = before(conn, feed.model(), changes).await?;
    let diff = |change: &&Change| feed.diff(change, old.get(&change.id).map(|row| &**row));
    Ok(changes.iter().filter_map(diff).collect())
}

pub(super) fn of_change<M: Feed>(change: &Change, old: Option<&M>) -> Option<Diff> {
    let new = change.row::<M>()?;
    let fields = match change.operation {
        Operation::Baseline | Operation::Relative => return None,
        Operation::Delete | Operation::Erase => Vec::new(),
        _ => fields(change, old, new),
    };
    if change.operation == Operation::Update && fields.is_empty() {
        return None;
    }
    let created = change.operation == Operation::Insert;
    let data = M::diff(&Changed {
        old,
        new,
        operation: change.operation,
        created,
        fields,
        change,
    })?;
    let under = M::parent().and_then(|it| parent::object(&it, &Metadata::of::<M>(), new));
    (!is_empty(&data)).then(|| Diff {
        id: change.id,
        object: change.object(),
        under,
        operation: change.operation,
        created,
        version: change.version,
        at: change.at,
        changeset: change.changeset,
        data,
        mark: change.place.mark,
    })
}

fn is_empty(data: &Value) -> bool {
    match data {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The fields that changed. Of a state that is not known all are listed: that of a
/// row that was not there, and one that was pruned.
fn fields<M: Fields<Json>>(change: &Change, old: Option<&M>, new: &M) -> Vec<FieldChange> {
    let facts = Metadata::of::<M>();
    let before = old.map(Fields::<Json>::values);
    let columns = M::RECORDING.columns.iter().zip(new.values()).enumerate();
    columns
        .filter_map(|(at, (column, new))| {
            let redacted = change.redacted.iter().any(|name| name == column.name);
            if redacted {
                return facts.redacted(at);
            }
            let old = match &before {
                Some(before) => before.get(at)?,
                None if M::RECORDED_KEY.contains(&column.name) => return None,
                None => &Value::Null,
            };
            let listed = facts.tells(at) && (before.is_none() || *old != new);
            listed.then(|| facts.change(at, Some(old), Some(&new)))?
        })
        .collect()
}

/// The rows before these changes, by the numbers of the changes' records.
async fn before(
    conn: &mut dyn Session,
    model: &dyn AnyModel,
    changes: &[&Change],
) -> Result<HashMap<i64, Arc<dyn AnyInstance>>, Error> {
    let has_old = |change: &&&Change| {
        use Operation::{Restore, SoftDelete, Update};
        matches!(change.operation, Update | SoftDelete | Restore)
    };
    let ids: Vec<i64> = changes
        .iter()
        .filter(has_old)
        .map(|change| change.id)
        .collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let (kind, facts) = (conn.kind(), model.facts());
    let records = quoted(kind, facts.records());
    let table = quoted(kind, facts.table());
    let id = raw!("handleref_f.{RECORD_ID}", RECORD_ID);
    let previous = previous_sql(kind, &records, facts.key(), "handleref_f", &id);
    let from = Sql::new("")
        .made(raw!(
            " FROM {records} handleref_f JOIN {records} AS {table} ON {table}.{RECORD_ID} = {previous} WHERE {id} IN (",
            records,
            table,
            RECORD_ID,
            previous,
            id
        ))
        .list(ids)
        .sql(")");
    let number = Sql::new("handleref_f.").name(RECORD_ID);
    let rows = model.load(conn, (1, number), from).await?.into_iter();
    rows.map(|(head, row)| Ok((head.read::<(i64,)>()?.0, row)))
        .collect()
}
