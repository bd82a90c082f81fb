//! The record that says that values were erased.

use crate::context::Switch;
use crate::engine::{Engine, Kind};
use crate::executor::Executor;
use crate::record::facts::{
    RECORD_CHANGESET, RECORD_ID, RECORD_OPERATION, RECORD_REDACTED, RECORD_VERSION, RECORDED_AT,
};
use crate::record::model::Recall;
use crate::record::query::{KeyIs, Sql};
use crate::record::subject::Subject;
use crate::text::quoted;
use crate::time::record_time_sql;
use diesel::result::QueryResult;

/// Repeats the last record of a row, without the values, so that whoever reads
/// changes hears of it, and gives the number of that record. What a gone row
/// ends with has to stay a delete.
pub(super) async fn tell<M, C>(
    conn: &mut C,
    subject: &Subject,
    condition: &KeyIs<'_, M, C>,
) -> QueryResult<Option<i64>>
where
    C: Executor,
    M: Recall<C>,
{
    let kind = C::Backend::KIND;
    let changeset = Switch::Changeset.read(conn).await?;
    if kind == Kind::Sqlite {
        conn.batch("UPDATE handleref_context SET tick = tick + 1")
            .await?;
    }
    let next = match kind {
        Kind::Sqlite => "SELECT tick, 0 FROM handleref_context",
        Kind::Postgres => "SELECT pg_catalog.nextval('handleref_record_id'::pg_catalog.regclass), 0::bigint",
        Kind::Mysql => "SELECT CAST(handleref_next_record() AS SIGNED), CAST(0 AS SIGNED)",
    };
    let next = conn.numbers(diesel::sql_query(next)).await?.pop();
    let Some((id, _)) = next else {
        return Ok(None);
    };
    let records = quoted(kind, subject.recording.records);
    // Only where the row does not number its versions do the records.
    let version = match subject.roles.version {
        Some(_) => RECORD_VERSION.to_owned(),
        None => format!("{RECORD_VERSION} + 1"),
    };
    let operation = format!("CASE {RECORD_OPERATION} WHEN 'delete' THEN 'delete' ELSE 'erase' END");
    let changeset = changeset.map_or_else(|| "NULL".into(), |number| number.to_string());
    let mut pairs = vec![
        (RECORD_ID, id.to_string()),
        (RECORD_VERSION, version),
        (RECORD_OPERATION, operation),
        (RECORDED_AT, record_time_sql(kind, &records, RECORDED_AT)),
        (RECORD_CHANGESET, changeset),
    ];
    if subject.recording.redacts() {
        pairs.push((RECORD_REDACTED, "NULL".into()));
    }
    let columns = subject.recording.columns.iter().map(|column| column.name);
    let properties = subject.recording.properties.iter().map(|one| one.name);
    pairs.extend(
        columns
            .chain(properties)
            .map(|name| (name, quoted(kind, name))),
    );
    let names: Vec<_> = pairs.iter().map(|(name, _)| quoted(kind, name)).collect();
    let values: Vec<_> = pairs.into_iter().map(|(_, value)| value).collect();
    let sql = Sql::once(format!(
        "INSERT INTO {records} ({}) SELECT {} FROM {records} WHERE ",
        names.join(", "),
        values.join(", ")
    ));
    let end = format!(" ORDER BY {RECORD_ID} DESC LIMIT 1");
    let written = conn.execute(sql.part(condition).text(end)).await?;
    Ok((written > 0).then_some(id))
}
