//! The clock of the database, and instants in SQL.
//!
//! It is `statement_timestamp()` on PostgreSQL, `UTC_TIMESTAMP(6)` on MySQL and
//! MariaDB, `strftime` on SQLite.

use super::raw::{Raw, Splice, raw};
use crate::engine::{Engine, Kind};
use crate::time::{TimeKind, clamp_years};
use chrono::NaiveDateTime;
use diesel::query_builder::AstPass;

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

/// What stands before and after the number in "n microseconds ago".
pub(crate) fn micros_back(engine: Kind) -> (Raw, &'static str) {
    let now = now_sql(engine, TimeKind::Plain);
    match engine {
        Kind::Postgres => (raw!("({now} - ", now), " * INTERVAL '1 microsecond')"),
        Kind::Mysql => (raw!("({now} - INTERVAL ", now), " MICROSECOND)"),
        Kind::Sqlite => (
            "replace(strftime('%Y-%m-%d %H:%M:%f', 'now', (-".into(),
            " / 1000000.0) || ' seconds'), '.000', '')",
        ),
    }
}

/// What stands around the numbers in "n months ago".
pub(crate) fn months_back(engine: Kind, sqlite_now: impl Splice) -> Vec<Raw> {
    let now = now_sql(engine, TimeKind::Plain);
    match engine {
        Kind::Postgres => vec![
            raw!("({now} - make_interval(months => CAST(", now),
            " AS INTEGER)))".into(),
        ],
        Kind::Mysql => vec![raw!("({now} - INTERVAL ", now), " MONTH)".into()],
        // SQLite makes 3 March of 31 February; the earlier one of that and the
        // last day of the month is what the others mean.
        Kind::Sqlite => vec![
            raw!(
                "min(replace(strftime('%Y-%m-%d %H:%M:%f', {sqlite_now}, (-",
                sqlite_now
            ),
            raw!(
                ") || ' months'), '.000', ''), \
                 replace(date({sqlite_now}, 'start of month', (1 - ",
                sqlite_now
            ),
            raw!(
                ") || ' months', '-1 day') || strftime(' %H:%M:%f', {sqlite_now}), '.000', ''))",
                sqlite_now
            ),
        ],
    }
}

/// The clock, or `held` if that is later: what a clock that was set back, or that
/// a session forges, must not make go backwards. `held` may be null.
pub(crate) fn rising_sql(engine: Kind, kind: TimeKind, held: impl Splice) -> Raw {
    let now = now_sql(engine, kind);
    match engine {
        Kind::Postgres => raw!("greatest({now}, {held})", now, held),
        Kind::Mysql => raw!("GREATEST({now}, COALESCE({held}, {now}))", now, held),
        Kind::Sqlite => raw!("max({now}, ifnull({held}, ''))", now, held),
    }
}

/// The time of a record that is written now, which is never before that of the
/// `last` record of its row. On SQLite, which has one writer at a time, it is not
/// before any record of the table: there `as_of` takes the times to rise with the numbers.
pub(crate) fn record_time_sql(engine: Kind, records: impl Splice, last: impl Splice) -> Raw {
    match engine {
        Kind::Sqlite => {
            let last = raw!(
                "(SELECT recorded_at FROM {records} ORDER BY record_id DESC LIMIT 1)",
                records
            );
            rising_sql(engine, TimeKind::Plain, last)
        }
        Kind::Postgres | Kind::Mysql => rising_sql(engine, TimeKind::Plain, last),
    }
}

/// `instant` as a SQL literal for a column of `kind`; of the years from 0 to
/// 9999, and otherwise the nearest of them.
pub(crate) fn literal_sql(engine: Kind, kind: TimeKind, instant: NaiveDateTime) -> Raw {
    let instant = clamp_years(instant);
    Raw::trusted(match (engine, kind) {
        (Kind::Sqlite, TimeKind::ZonedText) => {
            format!("'{}'", instant.and_utc().format("%F %T%.f%:z"))
        }
        (Kind::Sqlite, _) => format!("'{}'", instant.format("%F %T%.f")),
        (Kind::Postgres, TimeKind::Plain) => format!("TIMESTAMP '{}'", instant.format("%F %T%.6f")),
        (Kind::Postgres, _) => format!("TIMESTAMPTZ '{}+00'", instant.format("%F %T%.6f")),
        (Kind::Mysql, _) => format!("TIMESTAMP '{}'", instant.format("%F %T%.6f")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, TimeDelta};

    fn at(micros: i64) -> NaiveDateTime {
        DateTime::UNIX_EPOCH.naive_utc() + TimeDelta::microseconds(micros)
    }

    #[test]
    fn sqlite_literals_are_the_texts_that_diesel_writes() {
        assert_eq!(
            &*literal_sql(Kind::Sqlite, TimeKind::Plain, at(1_000_000)),
            "'1970-01-01 00:00:01'"
        );
        assert_eq!(
            &*literal_sql(Kind::Sqlite, TimeKind::Plain, at(1_500_000)),
            "'1970-01-01 00:00:01.500'"
        );
        assert_eq!(
            &*literal_sql(Kind::Sqlite, TimeKind::ZonedText, at(1)),
            "'1970-01-01 00:00:00.000001+00:00'"
        );
    }
}
