//! Values that were erased from the history of the source leave that of a target
//! which records, too.

use super::models::AnyMirrored;
use crate::context::{Scope, Switch};
use crate::engine::Engine;
use crate::error::Error;
use crate::facts::{BOOKKEEPING, RECORD_ID, RECORD_OPERATION};
use crate::key::Key;
use crate::record::maintain::{EventKind, erasure, held, holds, write_event};
use crate::record::query::KeyIs;
use crate::record::subject::Subject;
use crate::record::{Mirrored, Operation, Recall};
use crate::row::ColumnWriter;
use crate::row::columns::Form;
use crate::schema::Catalog;
use crate::session::Session;
use crate::sql::{Sql, quoted};
use crate::sync::Change;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;
use serde_json::json;

/// An erasure, and the change that tells of it.
pub struct Erased {
    change: Change,
    columns: Vec<String>,
}

/// The erasures among some changes.
pub(super) async fn find(
    source: &mut dyn Session,
    models: &[Box<dyn AnyMirrored>],
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
            let erased = model.erased(source, &changes).await?;
            found.extend(erased.into_iter().map(|erased| (at, erased)));
        }
    }
    Ok(found)
}

/// Erases the same in the target.
pub(super) async fn apply(
    target: &mut dyn Session,
    models: &[Box<dyn AnyMirrored>],
    found: &[(usize, Erased)],
) -> Result<(), Error> {
    let mut catalog = Catalog::default();
    for (at, erased) in found {
        if let Some(model) = models.get(*at) {
            model.erase(target, &mut catalog, erased).await?;
        }
    }
    Ok(())
}

/// The erasures of one model. Of a row that is gone, the last delete is repeated.
pub(super) async fn of(
    source: &mut dyn Session,
    subject: &Subject,
    changes: &[&Change],
) -> Result<Vec<Erased>, Error> {
    let ids = |operation| {
        let of = changes.iter().filter(move |it| it.operation == operation);
        of.map(|change| change.id)
    };
    let mut record_ids: Vec<i64> = ids(Operation::Erase).collect();
    let deletes: Vec<String> = ids(Operation::Delete).map(|id| id.to_string()).collect();
    if !deletes.is_empty() {
        let kind = source.kind();
        let records = quoted(kind, subject.recording.records);
        let key = subject.key.iter().map(|name| quoted(kind, name));
        let same: Vec<String> = key.map(|name| format!("q.{name} = r.{name}")).collect();
        let sql = format!(
            "SELECT r.{RECORD_ID} FROM {records} r WHERE r.{RECORD_ID} IN ({}) AND 'delete' = \
             (SELECT q.{RECORD_OPERATION} FROM {records} q WHERE {} AND q.{RECORD_ID} < r.{RECORD_ID} \
             ORDER BY q.{RECORD_ID} DESC LIMIT 1)",
            deletes.join(", "),
            same.join(" AND ")
        );
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
pub(super) async fn erase<M, T>(
    target: &mut dyn Session,
    catalog: &mut Catalog,
    erased: &Erased,
) -> Result<(), Error>
where
    T: Engine,
    M: Recall<T> + Mirrored<T>,
{
    let subject = Subject::of::<M>();
    let table = catalog.table(target, subject.recording.records).await?;
    let list = catalog.table(target, "handleref_recordings").await?;
    let Some(row) = erased.change.row::<M>() else {
        return Ok(());
    };
    let here = erased.columns.iter().map(String::as_str).filter(|name| {
        let kept = BOOKKEEPING.contains(name) || M::RECORDED_KEY.contains(name);
        !kept && table.columns.iter().any(|column| column == name)
    });
    let columns: Vec<&str> = here.collect();
    if list.columns.is_empty() || columns.is_empty() {
        return Ok(());
    }
    let mut scope = Scope::begin(target, Switch::Door).await?;
    let result = erase_in::<M, T>(scope.conn(), &subject, row, &columns).await;
    scope.finish(result).await
}

async fn erase_in<M, T>(
    target: &mut dyn Session,
    subject: &Subject,
    row: &M,
    columns: &[&str],
) -> Result<(), Error>
where
    T: Engine,
    M: Recall<T> + Mirrored<T>,
{
    subject.lock(target).await?;
    let key = row.record_key();
    let holds = holds::holds_of(target, *subject).await?;
    if let Some(reason) = held::held::<M, T>(target, &key, &holds).await? {
        return Err(Error::Held {
            model: subject.name,
            key: key.text(),
            reason,
        });
    }
    let condition = KeyIs::<M, T>::new(&key);
    let forget = Forget {
        row,
        converted: row.converted(),
        columns,
        key: &condition,
    };
    let records = target.execute(Sql::new("").part::<T>(&forget)).await?;
    let record = match records > 0 {
        true => erasure::tell(target, subject, &condition).await?,
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
        "key": key.text(),
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
struct Forget<'a, M: Mirrored<DB>, DB: Engine> {
    row: &'a M,
    converted: M::Converted,
    columns: &'a [&'a str],
    key: &'a (dyn QueryFragment<DB> + Send + Sync),
}

impl<M: Mirrored<DB>, DB: Engine> QueryFragment<DB> for Forget<'_, M, DB> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("UPDATE ");
        out.push_identifier(M::RECORDING.records)?;
        out.push_sql(" SET ");
        let elsewhere = |name: &str| !self.columns.contains(&name);
        let mut writer = ColumnWriter::new(out.reborrow(), Form::Assign).without(&elsewhere);
        self.row.walk_row(&self.converted, &mut writer)?;
        let mut written = writer.written();
        // What is no field has no value here.
        for name in self.columns {
            let columns = M::RECORDING.columns;
            if columns.iter().any(|column| column.name == *name) {
                continue;
            }
            out.push_sql(if written > 0 { ", " } else { "" });
            out.push_identifier(name)?;
            out.push_sql(" = NULL");
            written += 1;
        }
        out.push_sql(" WHERE ");
        self.key.walk_ast(out)
    }
}
