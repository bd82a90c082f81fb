//! The statements that erase.

use super::targets::Target;
use super::{Erased, What};
use crate::context::{Scope, Switch};
use crate::engine::Kind;
use crate::error::Error;
use crate::history::any::{AnyKey, Boxed, Keyed};
use crate::history::subject::Subject;
use crate::maintain::erasure;
use crate::maintain::events::{EventKind, write_event};
use crate::maintain::held::held;
use crate::maintain::holds::holds_of;
use crate::session::Session;
use crate::sql::{Raw, Sql, as_text, differs, quoted, raw};
use serde_json::json;

/// Erases values of the row with the first key, and of the records of all keys; or tries
/// that out, and keeps nothing of it.
pub(crate) fn erase(
    conn: &mut dyn Session,
    model: Keyed,
    what: What,
    keys: Vec<AnyKey>,
    keep: bool,
) -> Boxed<'_, Erased> {
    Box::pin(async move {
        let mut scope = Scope::begin(conn, Switch::Door).await?;
        let result = inside(scope.conn(), &model, &what, &keys).await;
        if keep {
            return scope.finish(result).await;
        }
        let rolled_back = scope.roll_back().await;
        result.and_then(|erased| rolled_back.map(|()| erased))
    })
}

async fn inside(
    conn: &mut dyn Session,
    model: &Keyed,
    what: &What,
    keys: &[AnyKey],
) -> Result<Erased, Error> {
    let (kind, subject) = (conn.kind(), model.subject);
    subject.lock(conn).await?;
    let targets = what.targets(conn, &subject).await?;
    let holds = holds_of(conn, subject).await?;
    for key in keys {
        if let Some(reason) = held(conn, model, key, &holds).await? {
            return Err(Error::Held {
                model: subject.name,
                key: key.text.clone(),
                reason,
            });
        }
    }
    let mut erased = Erased {
        records: 0,
        live_row: false,
        columns: targets.iter().map(|it| it.name.clone()).collect(),
    };
    for (at, key) in keys.iter().enumerate() {
        let live = live_sql(kind, &subject, &targets, key).filter(|_| at == 0);
        let live_row = match live {
            Some(sql) => conn.execute(sql).await? > 0,
            None => lock_row(conn, &subject, key).await.map(|()| false)?,
        };
        // After the row, whose change may have left old values in a baseline.
        let records = match records_sql(kind, &subject, &targets, key) {
            Some(sql) => conn.execute(sql).await?,
            None => 0,
        };
        let record = match records > 0 {
            true => erasure::tell(conn, &subject, &key.condition).await?,
            false => None,
        };
        let records = i64::try_from(records).unwrap_or(i64::MAX);
        let names = |properties: bool| -> Vec<&str> {
            let of_kind = targets.iter().filter(|it| it.is_property == properties);
            of_kind.map(|it| it.name.as_str()).collect()
        };
        let detail = json!({
            "model": subject.name,
            "key": key.text,
            "columns": names(false),
            "properties": names(true),
            "live_row": live_row,
            "record": record,
        });
        let table = Some(subject.recording.records);
        write_event(conn, &EventKind::Erase, table, &detail, Some(records)).await?;
        erased.records += records;
        erased.live_row |= live_row;
    }
    Ok(erased)
}

/// Waits for a transaction that is changing the row, or the record of that change would
/// keep the values.
async fn lock_row(conn: &mut dyn Session, subject: &Subject, key: &AnyKey) -> Result<(), Error> {
    let sql = Sql::new("SELECT 1 FROM ")
        .name(subject.table)
        .sql(" WHERE ")
        .typed(&key.condition)
        .lock();
    conn.first::<(i64,)>(sql).await?;
    Ok(())
}

/// The update of records; none if there is nothing to assign.
fn records_sql<'a>(
    kind: Kind,
    subject: &Subject,
    targets: &[Target],
    key: &'a AnyKey,
) -> Option<Sql<'a>> {
    let set = targets
        .iter()
        .map(|it| assigned(kind, &it.name, it.recorded.as_ref()));
    let set: Vec<_> = set.collect();
    (!set.is_empty()).then(|| {
        Sql::new("UPDATE ")
            .name(subject.recording.records)
            .sql(" SET ")
            .made(Raw::join(set, ", "))
            .sql(" WHERE ")
            .typed(&key.condition)
    })
}

/// The update of the row, unless there is nothing to erase any more; none if
/// there is nothing to assign.
fn live_sql<'a>(
    kind: Kind,
    subject: &Subject,
    targets: &[Target],
    key: &'a AnyKey,
) -> Option<Sql<'a>> {
    let columns = targets.iter();
    let columns = columns.filter_map(|it| Some((it.name.as_str(), it.live.as_ref()?.as_ref())));
    let (mut set, mut differing) = (Vec::new(), Vec::new());
    for (name, with) in columns {
        set.push(assigned(kind, name, with));
        differing.push(is_other(kind, name, with));
    }
    if set.is_empty() {
        return None;
    }
    // As a verb does it; a guard leaves that alone.
    let bump = subject
        .roles
        .bump(kind, subject.name, |name| quoted(kind, name));
    set.extend(bump.map(|(name, value)| raw!("{} = {value}", [quoted(kind, name)], value)));
    let sql = Sql::new("UPDATE ")
        .name(subject.table)
        .sql(" SET ")
        .made(Raw::join(set, ", "))
        .sql(" WHERE ")
        .typed(&key.condition)
        .made(raw!(" AND ({})", [Raw::join(differing, " OR ")]));
    Some(sql)
}

fn assigned(kind: Kind, name: &str, with: Option<&Raw>) -> Raw {
    match with {
        Some(sql) => raw!("{} = ({sql})", [quoted(kind, name)], sql),
        None => raw!("{} = NULL", [quoted(kind, name)]),
    }
}

/// Whether a column is not yet what it is to be. Compared as text: not every
/// type can be compared.
fn is_other(kind: Kind, name: &str, with: Option<&Raw>) -> Raw {
    let column = quoted(kind, name);
    let Some(sql) = with else {
        return raw!("{column} IS NOT NULL", column);
    };
    let (column, value) = (as_text(kind, column), as_text(kind, raw!("({sql})", sql)));
    differs(kind, column, value)
}
