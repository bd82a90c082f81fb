//! The statements that erase.

use super::targets::Target;
use super::{Erase, Erased};
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::key::Key;
use crate::record::maintain::erasure;
use crate::record::maintain::events::{EventKind, write_event};
use crate::record::maintain::held::held;
use crate::record::maintain::holds::holds_of;
use crate::record::model::{Recall, Recorded};
use crate::record::query::KeyIs;
use crate::record::subject::Subject;
use crate::session::Session;
use crate::sql::{Sql, as_text, quoted};
use crate::time::rising_sql;
use diesel::query_builder::QueryFragment;
use serde_json::json;

impl<M: Recorded> Erase<M> {
    pub(super) async fn run<DB>(&self, conn: &mut dyn Session) -> Result<Erased, Error>
    where
        DB: Engine,
        M: Recall<DB>,
    {
        let subject = Subject::of::<M>();
        subject.lock(conn).await?;
        let targets = self.targets(conn).await?;
        let holds = holds_of(conn, subject).await?;
        let keys = || std::iter::once(&self.key).chain(&self.others);
        for key in keys() {
            if let Some(reason) = held::<M, DB>(conn, key, &holds).await? {
                return Err(Error::Held {
                    model: subject.name,
                    key: key.text(),
                    reason,
                });
            }
        }
        let mut erased = Erased {
            records: 0,
            live_row: false,
            columns: targets.iter().map(|it| it.name.clone()).collect(),
        };
        for (at, key) in keys().enumerate() {
            let condition = KeyIs::<M, DB>::new(key);
            let live = live_sql::<DB>(&subject, &targets, &condition).filter(|_| at == 0);
            let live_row = match live {
                Some(sql) => conn.execute(sql).await? > 0,
                None => lock_row::<M, DB>(conn, &condition).await.map(|()| false)?,
            };
            // After the row, whose change may have left old values in a baseline.
            let records = match records_sql::<DB>(&subject, &targets, &condition) {
                Some(sql) => conn.execute(sql).await?,
                None => 0,
            };
            let record = match records > 0 {
                true => erasure::tell(conn, &subject, &condition).await?,
                false => None,
            };
            let records = i64::try_from(records).unwrap_or(i64::MAX);
            let names = |properties: bool| -> Vec<&str> {
                let of_kind = targets.iter().filter(|it| it.is_property == properties);
                of_kind.map(|it| it.name.as_str()).collect()
            };
            let detail = json!({
                "model": subject.name,
                "key": key.text(),
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
}

/// Waits for a transaction that is changing the row, or the record of that change would
/// keep the values.
async fn lock_row<M, DB>(conn: &mut dyn Session, condition: &KeyIs<'_, M, DB>) -> Result<(), Error>
where
    DB: Engine,
    M: Recall<DB>,
{
    let sql = Sql::new("SELECT 1 FROM ")
        .name(Subject::of::<M>().table)
        .sql(" WHERE ")
        .part::<DB>(condition)
        .lock();
    conn.first::<(i64,)>(sql).await?;
    Ok(())
}

/// The update of records; none if there is nothing to assign.
fn records_sql<'a, DB: Engine>(
    subject: &Subject,
    targets: &[Target],
    condition: &'a (dyn QueryFragment<DB> + Send + Sync + 'a),
) -> Option<Sql<'a>> {
    let kind = DB::KIND;
    let set = targets
        .iter()
        .map(|it| assigned(kind, &it.name, it.recorded.as_deref()));
    let set: Vec<_> = set.collect();
    (!set.is_empty()).then(|| {
        Sql::new("UPDATE ")
            .name(subject.recording.records)
            .sql(" SET ")
            .made(set.join(", "))
            .sql(" WHERE ")
            .part::<DB>(condition)
    })
}

/// The update of the row, unless there is nothing to erase any more; none if
/// there is nothing to assign.
fn live_sql<'a, DB: Engine>(
    subject: &Subject,
    targets: &[Target],
    condition: &'a (dyn QueryFragment<DB> + Send + Sync + 'a),
) -> Option<Sql<'a>> {
    let kind = DB::KIND;
    let columns = targets.iter();
    let columns = columns.filter_map(|it| Some((it.name.as_str(), it.live.as_ref()?.as_deref())));
    let (mut set, mut differing) = (Vec::new(), Vec::new());
    for (name, with) in columns {
        set.push(assigned(kind, name, with));
        differing.push(differs::<DB>(name, with));
    }
    if set.is_empty() {
        return None;
    }
    // As a verb does it; a guard leaves that alone.
    if let Some((version, _)) = subject.roles.version {
        let version = quoted(kind, version);
        set.push(format!("{version} = {version} + 1"));
    }
    if let Some((updated_at, time)) = subject.roles.updated_at {
        let updated_at = quoted(kind, updated_at);
        let later = rising_sql(kind, time, &updated_at);
        set.push(format!("{updated_at} = {later}"));
    }
    let sql = Sql::new("UPDATE ")
        .name(subject.table)
        .sql(" SET ")
        .made(set.join(", "))
        .sql(" WHERE ")
        .part::<DB>(condition)
        .made(format!(" AND ({})", differing.join(" OR ")));
    Some(sql)
}

fn assigned(kind: Kind, name: &str, with: Option<&str>) -> String {
    match with {
        Some(sql) => format!("{} = ({sql})", quoted(kind, name)),
        None => format!("{} = NULL", quoted(kind, name)),
    }
}

/// Whether a column is not yet what it is to be. Compared as text: not every
/// type can be compared.
fn differs<DB: Engine>(name: &str, with: Option<&str>) -> String {
    let column = quoted(DB::KIND, name);
    let Some(sql) = with else {
        return format!("{column} IS NOT NULL");
    };
    let (column, value) = (
        as_text(DB::KIND, &column),
        as_text(DB::KIND, &format!("({sql})")),
    );
    match DB::KIND {
        Kind::Sqlite => format!("{column} IS NOT {value}"),
        Kind::Postgres => format!("{column} IS DISTINCT FROM {value}"),
        Kind::Mysql => format!("NOT (BINARY {column} <=> BINARY {value})"),
    }
}
