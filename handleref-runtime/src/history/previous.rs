//! The record before another one of the same row, in SQL.

use crate::engine::Kind;
use crate::facts::RECORD_ID;
#[cfg(any(feature = "mirror", feature = "redis"))]
use crate::facts::RECORD_OPERATION;
use crate::sql::{Raw, Splice, raw, same_key};

/// The number of the last record before `id` of the row that `row`, an alias or
/// a table, has the key of: `(SELECT MAX(..) ..)`.
pub(crate) fn previous_sql(
    kind: Kind,
    records: &Raw,
    key: &[&str],
    row: impl Splice,
    id: impl Splice,
) -> Raw {
    let same = same_key(kind, key, "handleref_p", row);
    raw!(
        "(SELECT MAX(handleref_p.{RECORD_ID}) FROM {records} handleref_p WHERE {same} \
         AND handleref_p.{RECORD_ID} < {id})",
        RECORD_ID,
        records,
        same,
        id
    )
}

/// The numbers of those of some deletes before which there is another one of the
/// same row: they repeat it, because values were erased.
#[cfg(any(feature = "mirror", feature = "redis"))]
pub(crate) fn repeated_sql(kind: Kind, records: &Raw, key: &[&str], ids: &Raw) -> Raw {
    let id = raw!("handleref_r.{RECORD_ID}", RECORD_ID);
    let previous = previous_sql(kind, records, key, "handleref_r", &id);
    raw!(
        "SELECT {id} FROM {records} handleref_r JOIN {records} handleref_q ON handleref_q.{RECORD_ID} = {previous} \
         WHERE {id} IN ({ids}) AND handleref_q.{RECORD_OPERATION} = 'delete'",
        id,
        records,
        RECORD_ID,
        previous,
        ids,
        RECORD_OPERATION
    )
}
