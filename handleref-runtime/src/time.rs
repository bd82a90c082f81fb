//! Timestamps: the SQL types that can hold one, and the clock that writes them.
//!
//! The clock is the database's, so that programs on several machines agree. It
//! is read once per statement and written as UTC: `statement_timestamp()` on
//! PostgreSQL, `UTC_TIMESTAMP(6)` on MySQL and MariaDB, `strftime` on SQLite.
//! Resolution is one microsecond, on SQLite one millisecond (the finest that
//! its own date functions offer).

use crate::engine::{Engine, Kind};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc};
use diesel::query_builder::AstPass;
use diesel::result::QueryResult;
use diesel::sql_types::{self, SqlType};

/// How a timestamp column stores its instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeKind {
    /// Diesel's `Timestamp`, and `Datetime` of MySQL: no zone, read as UTC.
    Plain,
    /// Diesel's `Timestamptz` (PostgreSQL).
    Zoned,
    /// Diesel's `TimestamptzSqlite`: text that ends in `+00:00`.
    ZonedText,
}

/// A SQL type that a managed timestamp column may have.
#[diagnostic::on_unimplemented(
    message = "a column of SQL type `{Self}` cannot be a managed timestamp",
    note = "use `Timestamp`, `Timestamptz` (PostgreSQL), `TimestamptzSqlite` (SQLite) or `Datetime` (MySQL)",
    note = "if this field is none, mark it with `#[handleref(skip)]`"
)]
pub trait TimeSqlType: SqlType {
    /// How the instant is stored.
    const KIND: TimeKind;
    /// The type without `Nullable`.
    type Plain: SqlType<IsNull = sql_types::is_nullable::NotNull> + sql_types::SingleValue + 'static;
    /// The Rust type that is bound for it.
    type Rust: std::fmt::Debug + Clone + Copy + Send + Sync + 'static;
    /// `instant`, given in UTC, as the bound type.
    fn from_utc(instant: NaiveDateTime) -> Self::Rust;
}

macro_rules! time_types {
    ($($(#[$cfg:meta])* $sql:ty => $kind:ident, $rust:ty, $convert:expr;)*) => { $(
        $(#[$cfg])*
        impl TimeSqlType for $sql {
            const KIND: TimeKind = TimeKind::$kind;
            type Plain = $sql;
            type Rust = $rust;
            fn from_utc(instant: NaiveDateTime) -> $rust {
                $convert(instant)
            }
        }
    )* };
}
time_types! {
    sql_types::Timestamp => Plain, NaiveDateTime, std::convert::identity;
    #[cfg(feature = "postgres_backend")]
    sql_types::Timestamptz => Zoned, DateTime<Utc>, |t: NaiveDateTime| t.and_utc();
    #[cfg(feature = "sqlite")]
    sql_types::TimestamptzSqlite => ZonedText, DateTime<Utc>, |t: NaiveDateTime| t.and_utc();
    #[cfg(feature = "mysql_backend")]
    sql_types::Datetime => Plain, NaiveDateTime, std::convert::identity;
}

impl<T> TimeSqlType for sql_types::Nullable<T>
where
    T: TimeSqlType + SqlType<IsNull = sql_types::is_nullable::NotNull>,
{
    const KIND: TimeKind = T::KIND;
    type Plain = T::Plain;
    type Rust = T::Rust;
    fn from_utc(instant: NaiveDateTime) -> Self::Rust {
        T::from_utc(instant)
    }
}

/// Something that names an instant.
///
/// Implemented for chrono's `DateTime` of any zone, for `NaiveDateTime` (read
/// as UTC, as Diesel does), for [`std::time::SystemTime`] and for [`Unix`].
pub trait Instant: Copy {
    /// The instant in UTC.
    fn to_utc(self) -> NaiveDateTime;
}

impl<Tz: TimeZone> Instant for DateTime<Tz>
where
    Self: Copy,
{
    fn to_utc(self) -> NaiveDateTime {
        self.naive_utc()
    }
}

impl Instant for NaiveDateTime {
    fn to_utc(self) -> NaiveDateTime {
        self
    }
}

impl Instant for std::time::SystemTime {
    /// What lies outside the calendar of chrono is clamped to its ends.
    fn to_utc(self) -> NaiveDateTime {
        // chrono's own conversion panics there.
        let delta = match self.duration_since(Self::UNIX_EPOCH) {
            Ok(after) => TimeDelta::from_std(after),
            Err(before) => TimeDelta::from_std(before.duration()).map(|delta| -delta),
        };
        let end = match self < Self::UNIX_EPOCH {
            true => DateTime::<Utc>::MIN_UTC,
            false => DateTime::<Utc>::MAX_UTC,
        };
        let found = delta
            .ok()
            .and_then(|delta| DateTime::UNIX_EPOCH.checked_add_signed(delta));
        found.unwrap_or(end).naive_utc()
    }
}

/// Seconds since 1970-01-01 00:00:00 UTC, fractions kept.
///
/// django-handleref accepts such numbers in `since`; they are a type of their
/// own here because a bare integer means a version. What lies outside the
/// calendar that chrono can represent is clamped to its ends.
///
/// ```
/// use handleref_runtime::time::{Instant, Unix};
/// assert_eq!(Unix(0.5).to_utc().to_string(), "1970-01-01 00:00:00.500");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Unix(pub f64);

impl Instant for Unix {
    fn to_utc(self) -> NaiveDateTime {
        // `as` saturates, and turns NaN into 0.
        let micros = (self.0 * 1e6).round() as i64;
        DateTime::<Utc>::from_timestamp_micros(micros)
            .unwrap_or(if micros < 0 {
                DateTime::<Utc>::MIN_UTC
            } else {
                DateTime::<Utc>::MAX_UTC
            })
            .naive_utc()
    }
}

/// `instant` without what is finer than a microsecond, which no engine stores.
pub(crate) fn floor_micros(instant: NaiveDateTime) -> NaiveDateTime {
    let nanos = instant.nanosecond();
    instant
        .with_nanosecond(nanos - nanos % 1_000)
        .unwrap_or(instant)
}

/// An instant that rows are compared with, as each engine can hold it.
///
/// Every `DateTime<Utc>` can be asked for. MySQL and MariaDB end with the year
/// 9999; so does SQLite, where times are texts that sort as times do from the
/// year 0 up to then; PostgreSQL begins in 4713 BC. No row there is dated beyond
/// those ends (but for PostgreSQL's infinities, which are), so an instant beyond
/// them is compared as the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoundTime {
    wide: NaiveDateTime,
    four_digits: NaiveDateTime,
}

impl BoundTime {
    pub(crate) fn new(instant: impl Instant) -> Self {
        let wide = floor_micros(instant.to_utc());
        Self {
            wide: wide.max(postgres_first()),
            four_digits: clamp_years(wide),
        }
    }

    /// The instant that an engine compares with.
    pub(crate) fn on(&self, engine: Kind) -> &NaiveDateTime {
        match engine {
            Kind::Postgres => &self.wide,
            Kind::Sqlite | Kind::Mysql => &self.four_digits,
        }
    }
}

fn postgres_first() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(-4712, 1, 1)
        .unwrap_or_default()
        .into()
}

/// The nearest instant of the years from 0 to 9999.
fn clamp_years(instant: NaiveDateTime) -> NaiveDateTime {
    let first: NaiveDateTime = NaiveDate::from_ymd_opt(0, 1, 1).unwrap_or_default().into();
    let end: NaiveDateTime = NaiveDate::from_ymd_opt(10_000, 1, 1)
        .unwrap_or_default()
        .into();
    instant.clamp(first, end - TimeDelta::microseconds(1))
}

/// Whether every engine can store this instant, and read it again.
pub(crate) fn is_storable(instant: NaiveDateTime) -> bool {
    (1..=9999).contains(&instant.year())
}

/// Writes the database's clock, as a value for a column of `kind`.
pub(crate) fn push_now<DB: Engine>(kind: TimeKind, out: &mut AstPass<'_, '_, DB>) {
    out.push_sql(now_sql(DB::KIND, kind));
}

/// The clock expression; see [`push_now`].
pub(crate) const fn now_sql(engine: Kind, kind: TimeKind) -> &'static str {
    match (engine, kind) {
        (Kind::Postgres, TimeKind::Plain) => {
            "(pg_catalog.statement_timestamp() AT TIME ZONE 'UTC')"
        }
        (Kind::Postgres, _) => "pg_catalog.statement_timestamp()",
        (Kind::Mysql, _) => "UTC_TIMESTAMP(6)",
        // Diesel writes a whole second without a fraction, `strftime` with
        // ".000". One instant must have one text, or `>` on text is wrong.
        (Kind::Sqlite, TimeKind::ZonedText) => {
            "(replace(strftime('%Y-%m-%d %H:%M:%f', 'now'), '.000', '') || '+00:00')"
        }
        (Kind::Sqlite, _) => "replace(strftime('%Y-%m-%d %H:%M:%f', 'now'), '.000', '')",
    }
}

/// The clock, or `held` if that is later: what a clock that was set back, or that
/// a session forges, must not make go backwards. `held` may be null.
pub(crate) fn rising_sql(engine: Kind, kind: TimeKind, held: &str) -> String {
    let now = now_sql(engine, kind);
    match engine {
        Kind::Postgres => format!("greatest({now}, {held})"),
        Kind::Mysql => format!("GREATEST({now}, COALESCE({held}, {now}))"),
        Kind::Sqlite => format!("max({now}, ifnull({held}, ''))"),
    }
}

/// Writes [`rising_sql`] of a column of `kind`: what a verb stores in `updated_at`,
/// so that it stays what the record of the change says.
pub(crate) fn push_rising<DB: Engine>(
    kind: TimeKind,
    out: &mut AstPass<'_, '_, DB>,
    column: impl FnOnce(&mut AstPass<'_, '_, DB>) -> QueryResult<()>,
) -> QueryResult<()> {
    // Around the column is the same text as around this mark.
    let text = rising_sql(DB::KIND, kind, "\0");
    let (before, after) = text.split_once('\0').unwrap_or((&text, ""));
    out.push_sql(before);
    column(out)?;
    out.push_sql(after);
    Ok(())
}

/// The time of a record that is written now, which is never before that of the
/// `last` record of its row. On SQLite, which has one writer at a time, it is not
/// before any record of the table: there `as_of` takes the times to rise with the numbers.
pub(crate) fn record_time_sql(engine: Kind, records: &str, last: &str) -> String {
    match engine {
        Kind::Sqlite => {
            let last =
                format!("(SELECT recorded_at FROM {records} ORDER BY record_id DESC LIMIT 1)");
            rising_sql(engine, TimeKind::Plain, &last)
        }
        Kind::Postgres | Kind::Mysql => rising_sql(engine, TimeKind::Plain, last),
    }
}

/// `instant` as a SQL literal for a column of `kind`; of the years from 0 to
/// 9999, and otherwise the nearest of them.
pub(crate) fn literal_sql(engine: Kind, kind: TimeKind, instant: NaiveDateTime) -> String {
    let instant = clamp_years(instant);
    match (engine, kind) {
        (Kind::Sqlite, TimeKind::ZonedText) => {
            format!("'{}'", instant.and_utc().format("%F %T%.f%:z"))
        }
        (Kind::Sqlite, _) => format!("'{}'", instant.format("%F %T%.f")),
        (Kind::Postgres, TimeKind::Plain) => format!("TIMESTAMP '{}'", instant.format("%F %T%.6f")),
        (Kind::Postgres, _) => format!("TIMESTAMPTZ '{}+00'", instant.format("%F %T%.6f")),
        (Kind::Mysql, _) => format!("TIMESTAMP '{}'", instant.format("%F %T%.6f")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> NaiveDateTime {
        DateTime::from_timestamp_micros(micros)
            .unwrap_or_default()
            .naive_utc()
    }

    #[test]
    fn sqlite_literals_are_the_texts_that_diesel_writes() {
        assert_eq!(
            literal_sql(Kind::Sqlite, TimeKind::Plain, at(1_000_000)),
            "'1970-01-01 00:00:01'"
        );
        assert_eq!(
            literal_sql(Kind::Sqlite, TimeKind::Plain, at(1_500_000)),
            "'1970-01-01 00:00:01.500'"
        );
        assert_eq!(
            literal_sql(Kind::Sqlite, TimeKind::ZonedText, at(1)),
            "'1970-01-01 00:00:00.000001+00:00'"
        );
    }

    #[test]
    fn every_instant_has_a_place_in_every_calendar() {
        for (instant, postgres, others) in [
            (
                NaiveDateTime::MIN,
                "-4712-01-01 00:00:00",
                "0000-01-01 00:00:00",
            ),
            (
                at(1),
                "1970-01-01 00:00:00.000001",
                "1970-01-01 00:00:00.000001",
            ),
            (
                NaiveDateTime::MAX,
                "+262142-12-31 23:59:59.999999",
                "9999-12-31 23:59:59.999999",
            ),
        ] {
            let bound = BoundTime::new(instant);
            assert_eq!(bound.on(Kind::Postgres).to_string(), postgres);
            assert_eq!(bound.on(Kind::Sqlite).to_string(), others);
            assert_eq!(bound.on(Kind::Mysql).to_string(), others);
        }
    }

    #[test]
    fn a_system_time_saturates_instead_of_panicking() {
        use std::time::{Duration, SystemTime};
        let far = Duration::from_secs(1 << 62);
        for (time, want) in [
            (SystemTime::UNIX_EPOCH.checked_add(far), NaiveDateTime::MAX),
            (SystemTime::UNIX_EPOCH.checked_sub(far), NaiveDateTime::MIN),
            (
                SystemTime::UNIX_EPOCH.checked_sub(Duration::from_micros(1)),
                at(-1),
            ),
        ] {
            let got = time.map(Instant::to_utc);
            assert!(got.is_none_or(|got| got == want), "{got:?}");
        }
    }

    #[test]
    fn nothing_finer_than_a_microsecond_is_compared() {
        let fine = at(7).with_nanosecond(7_999).unwrap_or_default();
        assert_eq!(floor_micros(fine), at(7));
    }

    #[test]
    fn unix_seconds_saturate_instead_of_panicking() {
        assert_eq!(Unix(f64::NAN).to_utc(), at(0));
        assert!(Unix(f64::INFINITY).to_utc() > at(0));
        assert!(Unix(-1e300).to_utc() < at(0));
        assert_eq!(Unix(1_700_000_000.25).to_utc(), at(1_700_000_000_250_000));
    }
}
