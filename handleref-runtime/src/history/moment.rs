//! Points in the past.

use crate::engine::{Engine, Kind};
use crate::facts::{RECORD_CHANGESET, RECORD_ID, RECORD_VERSION, RECORDED_AT};
use crate::sql::unweighed;
use crate::time::{BoundTime, Instant};
use diesel::query_builder::AstPass;
use diesel::result::QueryResult;
use std::fmt;

/// What a query can be asked as of: an [`Instant`], a [`RecordNo`], a
/// [`ChangesetNo`] or a [`VersionNo`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no moment",
    note = "give a `DateTime`, `NaiveDateTime` (UTC), `SystemTime` or `handleref::time::Unix`, or a number: `RecordNo(17)`, `VersionNo(3)`, `ChangesetNo(12)`"
)]
pub trait Moment {
    /// The point, as a value.
    #[doc(hidden)]
    fn point(self) -> Point;
}

/// The number of a record: in JSON a plain number. As a moment, the state right after it; exact,
/// where instants may tie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct RecordNo(pub i64);

/// The number of a changeset: in JSON a plain number. As a moment, the state
/// right after its last record.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct ChangesetNo(pub i64);

impl fmt::Display for ChangesetNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Every row in its last version up to this one. A row whose versions up to
/// this one were all pruned is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct VersionNo(pub i64);

/// A point in the past.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    Time(BoundTime),
    Record(i64),
    Changeset(i64),
    Version(i64),
}

impl<T: Instant> Moment for T {
    fn point(self) -> Point {
        Point::Time(BoundTime::new(self))
    }
}
impl Moment for Point {
    fn point(self) -> Point {
        self
    }
}
impl Moment for RecordNo {
    fn point(self) -> Point {
        Point::Record(self.0)
    }
}
impl Moment for ChangesetNo {
    fn point(self) -> Point {
        Point::Changeset(self.0)
    }
}
impl Moment for VersionNo {
    fn point(self) -> Point {
        Point::Version(self.0)
    }
}

impl Point {
    /// Writes whether a record of `records` is not after this point. `tables`
    /// are the record tables of all models of the query.
    pub(super) fn walk<'b, DB>(
        &'b self,
        records: &'static str,
        tables: &[&'static str],
        out: &mut AstPass<'_, 'b, DB>,
    ) -> QueryResult<()>
    where
        DB: Engine,
    {
        match self {
            Self::Time(time) if DB::KIND == Kind::Sqlite => {
                // There is one writer at a time, so times rise with the
                // numbers, and numbers are what the index by key holds.
                out.push_identifier(RECORD_ID)?;
                out.push_sql(" <= (SELECT ");
                out.push_identifier(RECORD_ID)?;
                out.push_sql(" FROM ");
                out.push_identifier(records)?;
                out.push_sql(" WHERE ");
                out.push_identifier(RECORDED_AT)?;
                out.push_sql(" <= ");
                out.push_sql(unweighed(DB::KIND));
                DB::bind_time(time, out)?;
                out.push_sql(" ORDER BY ");
                out.push_identifier(RECORDED_AT)?;
                out.push_sql(" DESC, ");
                out.push_identifier(RECORD_ID)?;
                out.push_sql(" DESC LIMIT 1)");
                Ok(())
            }
            Self::Time(time) => {
                out.push_identifier(RECORDED_AT)?;
                out.push_sql(" <= ");
                DB::bind_time(time, out)
            }
            Self::Record(record) => {
                out.push_identifier(RECORD_ID)?;
                out.push_sql(" <= ");
                out.push_sql(unweighed(DB::KIND));
                DB::bind_number(record, out)
            }
            Self::Version(version) => {
                out.push_identifier(RECORD_VERSION)?;
                out.push_sql(" <= ");
                DB::bind_number(version, out)
            }
            Self::Changeset(changeset) => {
                out.push_identifier(RECORD_ID)?;
                out.push_sql(" <= ");
                last_of(changeset, tables, out)
            }
        }
    }

    /// Writes whether this point is before what is known, of which the row
    /// `handleref_m` of the registry tells.
    pub(super) fn walk_too_early<'b, DB>(
        &'b self,
        tables: &[&'static str],
        out: &mut AstPass<'_, 'b, DB>,
    ) -> QueryResult<()>
    where
        DB: Engine,
    {
        match self {
            Self::Time(time) => {
                DB::bind_time(time, out)?;
                out.push_sql(" < COALESCE(handleref_m.horizon_at, handleref_m.began_at)");
            }
            Self::Record(record) => {
                DB::bind_number(record, out)?;
                out.push_sql(" < COALESCE(handleref_m.horizon_record, handleref_m.began_record)");
            }
            // One that is not known, or not any more, is refused as well.
            Self::Changeset(changeset) => {
                out.push_sql("COALESCE(");
                last_of(changeset, tables, out)?;
                out.push_sql(
                    ", -1) < COALESCE(handleref_m.horizon_record, handleref_m.began_record)",
                );
            }
            // A version says nothing about the others.
            Self::Version(_) => out.push_sql("1 = 0"),
        }
        Ok(())
    }
}

/// Writes the last record of a changeset in any of these tables.
fn last_of<'b, DB>(
    changeset: &'b i64,
    tables: &[&'static str],
    out: &mut AstPass<'_, 'b, DB>,
) -> QueryResult<()>
where
    DB: Engine,
{
    out.push_sql("(SELECT MAX(handleref_c.handleref_last) FROM (");
    for (at, table) in tables.iter().enumerate() {
        out.push_sql(if at > 0 { " UNION ALL " } else { "" });
        out.push_sql("SELECT MAX(");
        out.push_identifier(RECORD_ID)?;
        out.push_sql(") AS handleref_last FROM ");
        out.push_identifier(table)?;
        out.push_sql(" WHERE ");
        out.push_identifier(RECORD_CHANGESET)?;
        out.push_sql(" = ");
        DB::bind_number(changeset, out)?;
        // Which the primary key finds.
        for (sign, end) in [(" > ", "first_record"), (" <= ", "last_record")] {
            out.push_sql(" AND ");
            out.push_identifier(RECORD_ID)?;
            out.push_sql(sign);
            out.push_sql("(SELECT COALESCE(");
            out.push_sql(end);
            out.push_sql(", 9223372036854775807) FROM handleref_changesets WHERE id = ");
            DB::bind_number(changeset, out)?;
            out.push_sql(")");
        }
    }
    out.push_sql(") handleref_c)");
    Ok(())
}
