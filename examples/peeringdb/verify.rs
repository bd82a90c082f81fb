//! Proves that two databases hold the same rows: every row of either side is
//! looked up on the other and compared, column by column.

use crate::models::{
    Exchange, ExchangeLan, Facility, Network, NetworkExchangeLan, NetworkFacility, Organisation,
};
use crate::sync::{Conn, Mirrored};
use diesel::{QueryDsl, QueryResult, RunQueryDsl};
use handleref::HandleRef;
use serde::Serialize;
use std::fmt;

/// What a comparison found.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// How many rows the source holds, soft-deleted ones included.
    pub rows: usize,
    /// What is not the same; empty if both sides are equal.
    pub differences: Vec<Difference>,
}

/// A row that is not the same on both sides.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference {
    /// The source has it, the mirror has not.
    Missing { row: String },
    /// The mirror has it, the source has not.
    Extra { row: String },
    /// Both have it, but some columns differ.
    Unequal { row: String, columns: Vec<String> },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { row } => write!(f, "{row} is not in the mirror"),
            Self::Extra { row } => write!(f, "{row} is in the mirror, but not in the source"),
            Self::Unequal { row, columns } => write!(f, "{row} differs in {}", columns.join(", ")),
        }
    }
}

/// Compares all models.
///
/// # Errors
/// If one of the databases cannot be read.
pub fn compare(source: &mut Conn, mirror: &mut Conn) -> QueryResult<Comparison> {
    let mut found = Comparison::default();
    compare_model::<Organisation>(source, mirror, &mut found)?;
    compare_model::<Facility>(source, mirror, &mut found)?;
    compare_model::<Network>(source, mirror, &mut found)?;
    compare_model::<Exchange>(source, mirror, &mut found)?;
    compare_model::<ExchangeLan>(source, mirror, &mut found)?;
    compare_model::<NetworkFacility>(source, mirror, &mut found)?;
    compare_model::<NetworkExchangeLan>(source, mirror, &mut found)?;
    Ok(found)
}

/// How many rows a database holds.
///
/// # Errors
/// If it cannot be read.
pub fn rows(conn: &mut Conn) -> QueryResult<i64> {
    Ok(Organisation::with_deleted()
        .count()
        .get_result::<i64>(conn)?
        + Facility::with_deleted().count().get_result::<i64>(conn)?
        + Network::with_deleted().count().get_result::<i64>(conn)?
        + Exchange::with_deleted().count().get_result::<i64>(conn)?
        + ExchangeLan::with_deleted()
            .count()
            .get_result::<i64>(conn)?
        + NetworkFacility::with_deleted()
            .count()
            .get_result::<i64>(conn)?
        + NetworkExchangeLan::with_deleted()
            .count()
            .get_result::<i64>(conn)?)
}

fn compare_model<M>(source: &mut Conn, mirror: &mut Conn, found: &mut Comparison) -> QueryResult<()>
where
    M: Mirrored + Serialize,
{
    for row in M::changed(source, None)? {
        let row = row?;
        found.rows += 1;
        found.differences.extend(match row.twin(mirror)? {
            None => Some(Difference::Missing { row: name(&row) }),
            Some(twin) if twin != row => Some(Difference::Unequal {
                row: name(&row),
                columns: columns(&row, &twin),
            }),
            Some(_) => None,
        });
    }
    for row in M::changed(mirror, None)? {
        let row = row?;
        if row.twin(source)?.is_none() {
            found
                .differences
                .push(Difference::Extra { row: name(&row) });
        }
    }
    Ok(())
}

/// The row's handle, such as `net12`.
fn name<M: HandleRef>(row: &M) -> String {
    row.handle()
        .unwrap_or_else(|error| format!("a row of {} ({error})", M::TAG))
}

/// The names of the columns in which two rows differ.
fn columns<M: Serialize>(one: &M, other: &M) -> Vec<String> {
    let object = |row| {
        serde_json::to_value(row)
            .ok()
            .and_then(|value| value.as_object().cloned())
            .unwrap_or_default()
    };
    let other = object(other);
    object(one)
        .into_iter()
        .filter(|(name, value)| other.get(name) != Some(value))
        .map(|(name, _)| name)
        .collect()
}
