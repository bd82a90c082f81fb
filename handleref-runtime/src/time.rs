//! Timestamps: the SQL types that can hold one, and what names an instant.
//!
//! The clock that writes them is the database's, so that programs on several
//! machines agree. It is read once per statement and written as UTC. Resolution
//! is one microsecond, on SQLite one millisecond (the finest that its own date
//! functions offer).

use crate::engine::Kind;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc};
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
pub(crate) fn clamp_years(instant: NaiveDateTime) -> NaiveDateTime {
    let first: NaiveDateTime = NaiveDate::from_ymd_opt(0, 1, 1).unwrap_or_default().into();
    let end: NaiveDateTime = NaiveDate::from_ymd_opt(10_000, 1, 1)
        .unwrap_or_default()
        .into();
    instant.clamp(first, end - TimeDelta::microseconds(1))
}

/// The nearest instant that every engine can store.
#[cfg(feature = "axum")]
pub(crate) fn clamp_storable(instant: NaiveDateTime) -> NaiveDateTime {
    let first: NaiveDateTime = NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default().into();
    clamp_years(instant).max(first)
}

/// Whether every engine can store this instant, and read it again.
pub(crate) fn is_storable(instant: NaiveDateTime) -> bool {
    (1..=9999).contains(&instant.year())
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
