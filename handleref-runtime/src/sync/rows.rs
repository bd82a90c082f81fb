//! The changes of one model, loaded by the numbers of their records.

use super::change::Change;
use super::position::Place;
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::executor::Executor;
use crate::key::Key;
use crate::record::facts::{
    RECORD_CHANGESET, RECORD_ID, RECORD_OPERATION, RECORD_REDACTED, RECORD_VERSION, RECORDED_AT,
};
use crate::record::query::{Loaded, Rest, Sql};
use crate::record::{Fields, Json, LiveName, Operation, Recall};
use crate::text::{integer, parse_time, quoted, read_all, time_as_text};
use std::collections::HashMap;
use std::sync::Arc;

pub(crate) async fn load<M, C>(conn: &mut C, places: &[Place]) -> Result<Vec<Change>, Error>
where
    C: Executor,
    M: Recall<C> + Loaded<C> + Fields<Json>,
{
    let kind = C::Backend::KIND;
    let ids: Vec<String> = places.iter().map(|place| place.id.to_string()).collect();
    let from = format!(
        " FROM {} AS {} WHERE {RECORD_ID} IN ({})",
        quoted(kind, M::RECORDING.records),
        quoted(kind, M::LiveTable::SQL_NAME),
        ids.join(", ")
    );
    let beside = Rest(Sql::new("").text(beside::<M, C>()));
    let rows = M::load_beside(conn, beside, Rest(Sql::once(from))).await?;
    let places: HashMap<i64, Place> = places.iter().map(|place| (place.id, *place)).collect();
    let change = |(id, version, said, changeset, row): (i64, i64, String, i64, M)| {
        let mut said = said.splitn(3, '|');
        let operation = Operation::read(said.next()?)?;
        let at = parse_time(said.next()?)?;
        let redacted = said.next().unwrap_or_default().split(',');
        let redacted = redacted.filter(|name| !name.is_empty());
        Some(Change {
            id,
            model: M::RECORDED_NAME,
            key: row.record_key().text(),
            version,
            operation,
            at: at.and_utc(),
            changeset: (changeset != 0).then_some(changeset),
            redacted: redacted.map(str::to_owned).collect(),
            place: *places.get(&id)?,
            row: Arc::new(row),
        })
    };
    // An operation of a later version of ours is an error, not a gap.
    read_all(rows, &format!("a record of {}", M::RECORDED_NAME), change)
}

/// Number, version, operation with time and redacted columns, changeset.
fn beside<M: Recall<C>, C: Executor>() -> String {
    let at = time_as_text::<C>(RECORDED_AT);
    let redacted = match M::RECORDING.redacts() {
        true => format!("COALESCE({RECORD_REDACTED}, '')"),
        false => "''".into(),
    };
    let said = match C::Backend::KIND {
        Kind::Mysql => format!("CONCAT({RECORD_OPERATION}, '|', {at}, '|', {redacted})"),
        _ => format!("{RECORD_OPERATION} || '|' || {at} || '|' || {redacted}"),
    };
    format!(
        "{RECORD_ID}, {RECORD_VERSION}, {said}, CAST(COALESCE({RECORD_CHANGESET}, 0) AS {})",
        integer::<C>()
    )
}
