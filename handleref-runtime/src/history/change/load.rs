//! The changes of one model, loaded by the numbers of their records.

use super::super::any::AnyModel;
use super::head::RecordHead;
use super::{Change, Place};
use crate::error::Error;
use crate::facts::RECORD_ID;
use crate::session::Session;
use crate::sql::unreadable;
use std::collections::HashMap;

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
    let rows = model.load(conn, RecordHead::columns(&facts), from).await?;
    let places: HashMap<i64, Place> = places.iter().map(|place| (place.id, *place)).collect();
    let mut changes = Vec::with_capacity(rows.len());
    for (head, row) in rows {
        let head = RecordHead::read(&facts, head)?;
        let place = places.get(&head.id);
        let place = place.ok_or_else(|| unreadable(&format!("a record of {}", facts.name())))?;
        changes.push(Change {
            id: head.id,
            model: facts.name(),
            key: row.key(),
            version: head.version,
            operation: head.operation,
            at: head.at,
            changeset: head.changeset,
            redacted: head.redacted,
            place: *place,
            row,
        });
    }
    Ok(changes)
}
