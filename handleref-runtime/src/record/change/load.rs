//! The changes of one model, loaded by the numbers of their records.

use super::{AnyRow, Change, Place};
use crate::engine::Engine;
use crate::error::Error;
use crate::facts::{
    RECORD_CHANGESET, RECORD_ID, RECORD_OPERATION, RECORD_REDACTED, RECORD_VERSION, RECORDED_AT,
};
use crate::key::Key;
use crate::record::query::Loaded;
use crate::record::{ChangesetNo, Fields, Json, LiveName, Operation, Recall};
use crate::session::Session;
use crate::sql::{Sql, unreadable};
use chrono::NaiveDateTime;
use std::collections::HashMap;
use std::sync::Arc;

pub(crate) async fn load<M, DB>(
    conn: &mut dyn Session,
    places: &[Place],
) -> Result<Vec<Change>, Error>
where
    DB: Engine,
    M: Recall<DB> + Loaded<DB> + Fields<Json>,
{
    let from = Sql::new(" FROM ")
        .name(M::RECORDING.records)
        .sql(" AS ")
        .name(M::LiveTable::SQL_NAME)
        .sql(" WHERE ")
        .sql(RECORD_ID)
        .sql(" IN (")
        .list(places.iter().map(|place| place.id))
        .sql(")");
    let rows = M::load_after(conn, columns(M::RECORDING.redacts()), from).await?;
    let places: HashMap<i64, Place> = places.iter().map(|place| (place.id, *place)).collect();
    let changes = rows.into_iter().map(|(head, row)| {
        let (what, key) = (M::RECORDED_NAME, row.record_key().text());
        change(what, key, &places, head.read()?, Arc::new(row))
    });
    changes.collect()
}

/// Number, version, operation, time, changeset, and redacted columns.
type Columns = (i64, i64, String, NaiveDateTime, Option<i64>, Option<String>);

fn columns(redacts: bool) -> (usize, Sql<'static>) {
    let mut sql = Sql::new("").names(
        "",
        &[
            RECORD_ID,
            RECORD_VERSION,
            RECORD_OPERATION,
            RECORDED_AT,
            RECORD_CHANGESET,
        ],
    );
    sql = match redacts {
        true => sql.sql(", ").name(RECORD_REDACTED),
        false => sql.sql(", NULL"),
    };
    (6, sql)
}

/// An operation of a later version of ours is an error, not a gap.
fn change(
    model: &'static str,
    key: String,
    places: &HashMap<i64, Place>,
    (id, version, operation, at, changeset, redacted): Columns,
    row: Arc<dyn AnyRow>,
) -> Result<Change, Error> {
    let known = Operation::read(&operation).zip(places.get(&id));
    let (operation, place) = known.ok_or_else(|| unreadable(&format!("a record of {model}")))?;
    let redacted = redacted.unwrap_or_default();
    let redacted = redacted.split(',').filter(|name| !name.is_empty());
    Ok(Change {
        id,
        model,
        key,
        version,
        operation,
        at: at.and_utc(),
        changeset: changeset.map(ChangesetNo),
        redacted: redacted.map(str::to_owned).collect(),
        place: *place,
        row,
    })
}
