//! The changes of one model, loaded by the numbers of their records.

use super::super::any::{AnyInstance, AnyModel};
use super::{Change, Place};
use crate::error::Error;
use crate::facts::{
    RECORD_CHANGESET, RECORD_ID, RECORD_OPERATION, RECORD_REDACTED, RECORD_VERSION, RECORDED_AT,
};
use crate::history::{ChangesetNo, Operation};
use crate::session::Session;
use crate::sql::{Sql, unreadable};
use chrono::NaiveDateTime;
use std::collections::HashMap;
use std::sync::Arc;

/// The changes that these records are.
pub(crate) async fn load(
    conn: &mut dyn Session,
    model: &dyn AnyModel,
    places: &[Place],
) -> Result<Vec<Change>, Error> {
    let facts = model.facts();
    let from = facts
        .from_records()
        .sql(" WHERE ")
        .sql(RECORD_ID)
        .sql(" IN (")
        .list(places.iter().map(|place| place.id))
        .sql(")");
    let columns = columns(facts.model.recording.redacts());
    let rows = model.load(conn, columns, from).await?;
    let places: HashMap<i64, Place> = places.iter().map(|place| (place.id, *place)).collect();
    let changes = rows
        .into_iter()
        .map(|(head, row)| change(facts.name(), &places, head.read()?, row));
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
    places: &HashMap<i64, Place>,
    (id, version, operation, at, changeset, redacted): Columns,
    row: Arc<dyn AnyInstance>,
) -> Result<Change, Error> {
    let known = Operation::read(&operation).zip(places.get(&id));
    let (operation, place) = known.ok_or_else(|| unreadable(&format!("a record of {model}")))?;
    let redacted = redacted.unwrap_or_default();
    let redacted = redacted.split(',').filter(|name| !name.is_empty());
    Ok(Change {
        id,
        model,
        key: row.key(),
        version,
        operation,
        at: at.and_utc(),
        changeset: changeset.map(ChangesetNo),
        redacted: redacted.map(str::to_owned).collect(),
        place: *place,
        row,
    })
}
