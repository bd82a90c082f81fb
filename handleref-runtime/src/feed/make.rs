//! Diffs, made from changes.

use super::changed::Changed;
use super::diff::Diff;
use super::models::{Feeds, feeds};
use super::{Feed, parent};
use crate::changeset::Facts;
use crate::engine::Engine;
use crate::error::Error;
use crate::executor::Executor;
use crate::record::facts::RECORD_ID;
use crate::record::query::{Loaded, Rest, Sql};
use crate::record::{FieldChange, Fields, Json, LiveName, Operation, Recall};
use crate::sync::Change;
use crate::text::quoted;
use serde_json::Value;
use std::collections::HashMap;

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
    Ms: Feeds<C> + 'a,
    C: Executor,
{
    C::run(of::<Ms, C>(conn, changes))
}

pub(crate) async fn of<Ms, C>(conn: &mut C, changes: &[Change]) -> Result<Vec<Diff>, Error>
where
    Ms: Feeds<C>,
    C: Executor,
{
    let mut diffs = Vec::with_capacity(changes.len());
    for model in feeds::<Ms, C>() {
        let name = model.facts().name();
        let its: Vec<&Change> = changes.iter().filter(|it| it.model == name).collect();
        if !its.is_empty() {
            diffs.extend(model.diffs(conn, &its).await?);
        }
    }
    let at: HashMap<i64, usize> = changes.iter().map(|it| it.id).zip(0..).collect();
    diffs.sort_by_key(|diff| at.get(&diff.id).copied());
    Ok(diffs)
}

/// The diffs of changes of one model.
pub(super) async fn of_model<M, C>(conn: &mut C, changes: &[&Change]) -> Result<Vec<Diff>, Error>
where
    C: Executor,
    M: Feed + Recall<C> + Loaded<C>,
{
    let old = before::<M, C>(conn, changes).await?;
    let diff = |change: &&Change| of_change::<M>(change, old.get(&change.id));
    Ok(changes.iter().filter_map(diff).collect())
}

fn of_change<M: Feed>(change: &Change, old: Option<&M>) -> Option<Diff> {
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
    let under = M::parent().and_then(|it| parent::object(&it, &Facts::of::<M>(), new));
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

/// The fields that changed. Of a state that is not known all are told: that of a
/// row that was not there, and one that was pruned.
fn fields<M: Fields<Json>>(change: &Change, old: Option<&M>, new: &M) -> Vec<FieldChange> {
    let facts = Facts::of::<M>();
    let before = old.map(Fields::<Json>::values);
    let columns = M::RECORDING.columns.iter();
    let fields = M::FIELDS.iter().zip(columns).zip(new.values()).enumerate();
    fields
        .filter_map(|(at, ((field, column), new))| {
            let redacted = change.redacted.iter().any(|name| name == column.name);
            if redacted {
                return Some(FieldChange::redacted(field, column.name));
            }
            let old = match &before {
                Some(before) => before.get(at)?.clone(),
                None if M::RECORDED_KEY.contains(&column.name) => return None,
                None => Value::Null,
            };
            let told = facts.tells(at) && (before.is_none() || old != new);
            told.then(|| FieldChange::told(field, column.name, old, new))
        })
        .collect()
}

/// The rows before these changes, by the numbers of the changes' records.
async fn before<M, C>(conn: &mut C, changes: &[&Change]) -> Result<HashMap<i64, M>, Error>
where
    C: Executor,
    M: Recall<C> + Loaded<C>,
{
    let has_old = |change: &&&Change| {
        use Operation::{Restore, SoftDelete, Update};
        matches!(change.operation, Update | SoftDelete | Restore)
    };
    let ids: Vec<String> = changes
        .iter()
        .filter(has_old)
        .map(|change| change.id.to_string())
        .collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let kind = C::Backend::KIND;
    let records = quoted(kind, M::RECORDING.records);
    let table = quoted(kind, M::LiveTable::SQL_NAME);
    let names = M::RECORDED_KEY.iter().map(|name| quoted(kind, name));
    let same: Vec<String> = names
        .map(|name| format!("handleref_p.{name} = handleref_f.{name}"))
        .collect();
    let from = format!(
        " FROM {records} handleref_f JOIN {records} AS {table} ON {table}.{RECORD_ID} = \
         (SELECT MAX(handleref_p.{RECORD_ID}) FROM {records} handleref_p WHERE {} \
         AND handleref_p.{RECORD_ID} < handleref_f.{RECORD_ID}) WHERE handleref_f.{RECORD_ID} IN ({})",
        same.join(" AND "),
        ids.join(", ")
    );
    let beside =
        format!("handleref_f.{RECORD_ID}, handleref_f.{RECORD_ID}, '', handleref_f.{RECORD_ID}");
    let rows = M::load_beside(conn, Rest(Sql::new("").text(beside)), Rest(Sql::once(from))).await?;
    Ok(rows
        .into_iter()
        .map(|(id, _, _, _, row)| (id, row))
        .collect())
}
