//! Windows of time over records.

use super::calendar::{Calendar, now};
use super::columns::RecordedAt;
use super::condition::condition;
use crate::engine::Engine;
use crate::sql::{micros_back, months_back};
use crate::time::BoundTime;
use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;

/// A stretch of time, for the condition [`RecordedAt::within`].
///
/// What is called by a number of units reaches back from the clock of the
/// database, without an upper end; its lower bound is part of it. Months and
/// years are those of the calendar: a month before 31 March is the last day of
/// February. What reaches back 1,000 years or more has no lower bound.
///
/// What is called by a [`Calendar`] is computed from the clock of the program
/// and the time zone that it gives: any `chrono::TimeZone`, such as `Utc`,
/// `FixedOffset` or a `Tz` of `chrono-tz`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window(Extent);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// No lower bound.
    Everything,
    /// Microseconds back from now.
    Micros(i64),
    /// Months back from now.
    Months(i64),
    /// From one instant up to, without, another.
    Between(BoundTime, BoundTime),
}

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// 1,000 years: no engine can tell what is more.
const MAX_MONTHS: i64 = 12_000;
const MAX_MICROS: i64 = 365_243 * DAY;

impl Window {
    const fn back(n: u32, unit: i64) -> Self {
        Self::micros((n as i64).saturating_mul(unit))
    }

    const fn micros(micros: i64) -> Self {
        if micros >= MAX_MICROS {
            Self(Extent::Everything)
        } else if micros < -MAX_MICROS {
            Self(Extent::Micros(-MAX_MICROS))
        } else {
            Self(Extent::Micros(micros))
        }
    }

    /// The last `n` seconds.
    pub const fn seconds(n: u32) -> Self {
        Self::back(n, SECOND)
    }
    /// The last `n` minutes.
    pub const fn minutes(n: u32) -> Self {
        Self::back(n, MINUTE)
    }
    /// The last `n` hours.
    pub const fn hours(n: u32) -> Self {
        Self::back(n, HOUR)
    }
    /// The last `n` times 24 hours.
    pub const fn days(n: u32) -> Self {
        Self::back(n, DAY)
    }
    /// The last `n` times 7 days.
    pub const fn weeks(n: u32) -> Self {
        Self::back(n, 7 * DAY)
    }
    /// The last `n` months of the calendar, to the same day or the last one of
    /// that month, and the same time of day.
    pub const fn months(n: u32) -> Self {
        let months = n as i64;
        if months >= MAX_MONTHS {
            Self(Extent::Everything)
        } else {
            Self(Extent::Months(months))
        }
    }
    /// The last `n` years of the calendar.
    pub const fn years(n: u32) -> Self {
        Self::months(n.saturating_mul(12))
    }
    /// As far back as `delta`; only milliseconds count on SQLite. Of what is
    /// negative, the future.
    pub fn last(delta: TimeDelta) -> Self {
        let overflow = if delta < TimeDelta::zero() {
            i64::MIN
        } else {
            i64::MAX
        };
        Self::micros(delta.num_microseconds().unwrap_or(overflow))
    }
    /// The present hour, day, week, month or year of a time zone.
    pub fn this<Tz: TimeZone>(part: Calendar, tz: &Tz) -> Self {
        Self::of(part, &now().with_timezone(tz))
    }
    /// The hour, day, week, month or year that `at` is in, in its time zone.
    pub fn of<Tz: TimeZone>(part: Calendar, at: &DateTime<Tz>) -> Self {
        let (start, end) = part.around(at);
        Self::between(start, end)
    }
    fn between(start: NaiveDateTime, end: NaiveDateTime) -> Self {
        Self(Extent::Between(BoundTime::new(start), BoundTime::new(end)))
    }
}

impl<S> RecordedAt<S> {
    /// Whether a record was made within a window; an ordinary condition, for
    /// boxed and joined queries too:
    ///
    /// ```text
    /// query = query.filter(ArticleRecords::AT.within(Window::days(3)));
    /// ```
    pub fn within(self, window: Window) -> Within<S> {
        Within { at: self, window }
    }
}

/// The condition of [`RecordedAt::within`].
#[derive(Debug)]
pub struct Within<S> {
    at: RecordedAt<S>,
    window: Window,
}

impl<S> Clone for Within<S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<S> Copy for Within<S> {}

impl<S> QueryId for Within<S> {
    type QueryId = ();
    // The text depends on the kind of the window.
    const HAS_STATIC_QUERY_ID: bool = false;
}
condition!(Within<S> on RecordedAt);

impl<S, DB> QueryFragment<DB> for Within<S>
where
    RecordedAt<S>: QueryFragment<DB>,
    DB: Engine,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("(");
        self.at.walk_ast(out.reborrow())?;
        match &self.window.0 {
            Extent::Everything => out.push_sql(" IS NOT NULL"),
            Extent::Micros(n) => {
                out.push_sql(" >= ");
                let (before, after) = micros_back(DB::KIND);
                out.push_sql(&before);
                DB::bind_number(n, &mut out)?;
                out.push_sql(after);
            }
            Extent::Months(n) => {
                out.push_sql(" >= ");
                for (at, text) in months_back(DB::KIND, "'now'").iter().enumerate() {
                    if at > 0 {
                        DB::bind_number(n, &mut out)?;
                    }
                    out.push_sql(text);
                }
            }
            Extent::Between(start, end) => {
                out.push_sql(" >= ");
                DB::bind_time(start, &mut out)?;
                out.push_sql(" AND ");
                self.at.walk_ast(out.reborrow())?;
                out.push_sql(" < ");
                DB::bind_time(end, &mut out)?;
            }
        }
        out.push_sql(")");
        Ok(())
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;
    use crate::engine::Kind;
    use diesel::{Connection, RunQueryDsl, SqliteConnection};

    fn months_before(now: &str, months: u32) -> Result<String, Box<dyn std::error::Error>> {
        let conn = &mut SqliteConnection::establish(":memory:")?;
        let sql = months_back(Kind::Sqlite, crate::sql::literal(Kind::Sqlite, now))
            .join(&months.to_string());
        let sql = diesel::dsl::sql::<diesel::sql_types::Text>(&sql);
        Ok(diesel::select(sql).get_result(conn)?)
    }

    #[test]
    fn a_month_ends_on_its_last_day() -> Result<(), Box<dyn std::error::Error>> {
        for (now, months, then) in [
            ("2023-03-31 10:20:30.125", 1, "2023-02-28 10:20:30.125"),
            ("2024-03-31 10:20:30.000", 1, "2024-02-29 10:20:30"),
            ("2024-03-31 10:20:30.000", 13, "2023-02-28 10:20:30"),
            ("2024-02-29 00:00:00.000", 12, "2023-02-28 00:00:00"),
            ("2024-02-29 00:00:00.000", 48, "2020-02-29 00:00:00"),
            ("2024-05-31 23:59:59.999", 1, "2024-04-30 23:59:59.999"),
            ("2024-01-31 23:59:59.999", 0, "2024-01-31 23:59:59.999"),
            ("2024-01-15 12:00:00.000", 1, "2023-12-15 12:00:00"),
            ("2024-02-28 12:00:00.000", 11_999, "1024-03-28 12:00:00"),
        ] {
            assert_eq!(months_before(now, months)?, then, "{now} - {months}");
        }
        Ok(())
    }

    #[test]
    fn windows_saturate() {
        assert_eq!(Window::weeks(u32::MAX), Window(Extent::Everything));
        assert_eq!(Window::years(u32::MAX), Window(Extent::Everything));
        assert_eq!(Window::last(TimeDelta::MAX), Window(Extent::Everything));
        let future = Window(Extent::Micros(-MAX_MICROS));
        assert_eq!(Window::last(TimeDelta::MIN), future);
    }
}
