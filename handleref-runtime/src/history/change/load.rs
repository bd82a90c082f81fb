//! The changes of one model, loaded with their rows.

use super::super::any::{AnyInstance, AnyModel};
use super::head::RecordHead;
use super::{Change, Place};
use crate::any::Metadata;
use crate::error::Error;
use crate::facts::RECORD_ID;
use crate::session::Session;
use crate::sql::{Raw, Sql, unreadable};
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
    let rows = model.load(conn, RecordHead::columns(&facts), from).await?;
    let places: HashMap<i64, Place> = places.iter().map(|place| (place.id, *place)).collect();
    let rows = rows.into_iter().map(|(head, row)| {
        let head = RecordHead::read(&facts, head)?;
        let place = places.get(&head.id);
        let place = place.ok_or_else(|| unreadable(&format!("a record of {}", facts.name())))?;
        Ok(change(&facts, head, *place, row))
    });
    rows.collect()
}

/// The changes of a query over the records of a model; `mark` is the expression
/// of the mark of a place.
pub(crate) async fn page(
    conn: &mut dyn Session,
    model: &dyn AnyModel,
    mark: Raw,
    from: Sql<'_>,
) -> Result<Vec<Change>, Error> {
    let facts = model.facts();
    let (count, columns) = RecordHead::columns(&facts);
    let columns = columns.sql(", ").made(mark);
    let rows = model.load(conn, (count + 1, columns), from).await?;
    let rows = rows.into_iter().map(|(head, row)| {
        let (head, mark) = RecordHead::read_marked(&facts, head)?;
        let place = Place { id: head.id, mark };
        Ok(change(&facts, head, place, row))
    });
    rows.collect()
}

fn change(facts: &Metadata, head: RecordHead, place: Place, row: Arc<dyn AnyInstance>) -> Change {
    Change {
        id: head.id,
        model: facts.name(),
        key: row.key(),
        version: head.version,
        operation: head.operation,
        at: head.at,
        changeset: head.changeset,
        redacted: head.redacted,
        place,
        row,
    }
}
