//! Values that were erased from the history of the source leave that of a target
//! which records, too.

use super::of::One;
use crate::context::{Scope, Switch};
use crate::error::Error;
use crate::facts::BOOKKEEPING;
use crate::history::Operation;
use crate::history::any::{AnyInstance, AnyKey};
use crate::history::previous::repeated_sql;
use crate::history::subject::Subject;
use crate::maintain::{EventKind, erasure, held, holds, write_event};
use crate::row::columns::Form;
use crate::schema::Catalog;
use crate::session::Session;
use crate::sql::{Raw, Sql, quoted};
use crate::sync::Change;
use serde_json::json;

/// An erasure, and the change that tells of it.
pub(super) struct Erased {
    change: Change,
    columns: Vec<String>,
}

/// The erasures among some changes.
pub(super) async fn find(
    source: &mut dyn Session,
    models: &[One],
    changes: &[Change],
) -> Result<Vec<(usize, Erased)>, Error> {
    let mut found = Vec::new();
    for (at, model) in models.iter().enumerate() {
        let may_tell = |change: &&Change| {
            let tells = matches!(change.operation, Operation::Erase | Operation::Delete);
            tells && change.model == model.name()
        };
        let changes: Vec<&Change> = changes.iter().filter(may_tell).collect();
        if !changes.is_empty() {
            let erased = of(source, &model.subject(), &changes).await?;
            found.extend(erased.into_iter().map(|erased| (at, erased)));
        }
    }
    Ok(found)
}

/// Erases the same in the target.
pub(super) async fn apply(
    target: &mut dyn Session,
    models: &[One],
    found: &[(usize, Erased)],
) -> Result<(), Error> {
    let mut catalog = Catalog::default();
    for (at, erased) in found {
        if let Some(model) = models.get(*at) {
            erase(target, model, &mut catalog, erased).await?;
        }
    }
    Ok(())
}

/// The erasures of one model. Of a row that is gone, the last delete is repeated.
async fn of(
    source: &mut dyn Session,
    subject: &Subject,
    changes: &[&Change],
) -> Result<Vec<Erased>, Error> {
    let ids = |operation| {
        let of = changes.iter().filter(move |it| it.operation == operation);
        of.map(|change| change.id)
    };
    let mut record_ids: Vec<i64> = ids(Operation::Erase).collect();
    let deletes: Vec<i64> = ids(Operation::Delete).collect();
    if !deletes.is_empty() {
        let kind = source.kind();
        let records = quoted(kind, subject.recording.records);
        let sql = repeated_sql(kind, &records, subject.key, &Raw::numbers(deletes));
        let again: Vec<(i64,)> = source.rows(Sql::once(sql)).await?;
        record_ids.extend(again.into_iter().map(|(id,)| id));
    }
    if record_ids.is_empty() {
        return Ok(Vec::new());
    }
    let erasures = erasure::by_records(source, subject.recording.records, &record_ids).await?;
    let erased = erasures.into_iter().filter_map(|erasure| {
        let mut changes = changes.iter();
        let change = changes.find(|change| change.id == erasure.record)?;
        Some(Erased {
            change: (*change).clone(),
            columns: erasure.columns,
        })
    });
    Ok(erased.collect())
}

/// Erases the same columns in the records of the target, if it records, and
/// leaves the same traces.
async fn erase(
    target: &mut dyn Session,
    model: &One,
    catalog: &mut Catalog,
    erased: &Erased,
) -> Result<(), Error> {
    let subject = model.subject();
    let table = catalog.table(target, subject.recording.records).await?;
    let list = catalog.table(target, "handleref_recordings").await?;
    let here = erased.columns.iter().map(String::as_str).filter(|name| {
        let kept = BOOKKEEPING.contains(name) || subject.key.contains(name);
        !kept && table.columns.iter().any(|column| column == name)
    });
    let columns: Vec<&str> = here.collect();
    if list.columns.is_empty() || columns.is_empty() {
        return Ok(());
    }
    let mut scope = Scope::begin(target, Switch::Door).await?;
    let result = erase_in(scope.conn(), model, &*erased.change.row, &columns).await;
    scope.finish(result).await
}

async fn erase_in(
    target: &mut dyn Session,
    model: &One,
    row: &dyn AnyInstance,
    columns: &[&str],
) -> Result<(), Error> {
    let subject = model.subject();
    let Some(key) = model.target.key_of(row) else {
        return Ok(());
    };
    subject.lock(target).await?;
    let holds = holds::holds_of(target, subject).await?;
    let keyed = model.target.keyed();
    if let Some(reason) = held::held(target, &keyed, &key, &holds).await? {
        return Err(Error::Held {
            model: subject.name,
            key: key.text,
            reason,
        });
    }
    let records = match forgetting(model, row, &key, columns) {
        Some(sql) => target.execute(sql).await?,
        None => 0,
    };
    let record = match records > 0 {
        true => erasure::tell(target, &subject, &key.condition).await?,
        false => None,
    };
    let is_property = |name: &&&str| {
        let mut properties = subject.recording.properties.iter();
        properties.any(|property| property.name == **name)
    };
    let properties: Vec<_> = columns.iter().filter(is_property).collect();
    let others: Vec<_> = columns.iter().filter(|name| !is_property(name)).collect();
    let detail = json!({
        "model": subject.name,
        "key": key.text,
        "columns": others,
        "properties": properties,
        "live_row": false,
        "record": record,
    });
    let records = i64::try_from(records).unwrap_or(i64::MAX);
    let table = Some(subject.recording.records);
    write_event(target, &EventKind::Erase, table, &detail, Some(records)).await?;
    Ok(())
}

/// `UPDATE <records> SET <what came in the place of the values> WHERE <key>`
fn forgetting<'a>(
    model: &One,
    row: &'a dyn AnyInstance,
    key: &'a AnyKey,
    columns: &[&str],
) -> Option<Sql<'a>> {
    let subject = model.subject();
    let names = subject.recording.columns.iter().map(|column| column.name);
    let fields: Vec<&'static str> = names.filter(|name| columns.contains(name)).collect();
    // What is no field has no value here.
    let rest = columns.iter().filter(|name| !fields.contains(name));
    let rest: Vec<&&str> = rest.collect();
    let mut comma = if fields.is_empty() { "" } else { ", " };
    let mut sql = Sql::new("UPDATE ")
        .name(subject.recording.records)
        .sql(" SET ");
    if !fields.is_empty() {
        sql = sql.fragment(model.writer.columns(row, Form::Assign, fields)?);
    }
    for name in rest {
        sql = sql.sql(comma).name((*name).to_owned()).sql(" = NULL");
        comma = ", ";
    }
    Some(sql.sql(" WHERE ").typed(&key.condition))
}
