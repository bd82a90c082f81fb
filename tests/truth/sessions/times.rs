//! Instants that are compared with: any of them, whatever the session's zone.

use crate::support::recorded::{Paper, PaperRecords, papers};
use crate::support::{Engine, each_engine};
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use diesel::{ExpressionMethods, QueryDsl, SelectableHelper};
use handleref::history::{Every, Window};
use handleref::maintain::Maintain;
use handleref::prelude::*;
use handleref::time::Unix;
use handleref::{Changeset, Error, changesets, in_changeset_async};
use std::time::{Duration, SystemTime};

/// Instants before every row and after it: as far as types go, and where
/// engines begin and end.
fn ends() -> (Vec<DateTime<Utc>>, Vec<DateTime<Utc>>) {
    let year = |year| {
        let day = NaiveDate::from_ymd_opt(year, 6, 1).unwrap();
        day.and_hms_opt(12, 0, 0).unwrap().and_utc()
    };
    let mut before: Vec<_> = [-9_999, -4_713, -1, 0, 1, 999, 1960, 1969, 1971]
        .map(year)
        .into();
    let mut after: Vec<_> = [2_038, 2_040, 9_998, 9_999, 10_000, 99_999]
        .map(year)
        .into();
    before.push(DateTime::<Utc>::MIN_UTC);
    after.push(DateTime::<Utc>::MAX_UTC);
    (before, after)
}

/// A session far from UTC.
macro_rules! far_away {
    ($db:expr, $conn:expr) => {
        match $db.engine {
            Engine::Sqlite => {}
            Engine::Postgres => drop(go!(
                diesel::sql_query("SET TIME ZONE 'America/New_York'").execute($conn)
            )?),
            Engine::Mysql => drop(go!(
                diesel::sql_query("SET time_zone = '-05:00'").execute($conn)
            )?),
        }
    };
}

macro_rules! paper {
    ($conn:expr, $id:expr) => {
        go!(diesel::insert_into(papers::table)
            .values((
                papers::id.eq($id),
                papers::title.eq(format!("paper {}", $id))
            ))
            .execute($conn))?
    };
}

each_engine! {
    /// `since` and `until` of rows, of every type of instant.
    async fn rows(db: crate::support::recorded::papers, conn) {
        far_away!(db, conn);
        paper!(conn, 1);
        let (before, after) = ends();
        for time in before {
            assert_eq!(go!(papers::table.since(time).count().get_result::<i64>(conn))?, 1, "{time}");
            assert_eq!(go!(papers::table.until(time).count().get_result::<i64>(conn))?, 0, "{time}");
            let time = time.naive_utc();
            assert_eq!(go!(papers::table.since(time).count().get_result::<i64>(conn))?, 1, "{time}");
        }
        for time in after {
            assert_eq!(go!(papers::table.since(time).count().get_result::<i64>(conn))?, 0, "{time}");
            assert_eq!(go!(papers::table.until(time).count().get_result::<i64>(conn))?, 1, "{time}");
            let time = time.naive_utc();
            assert_eq!(go!(papers::table.since(time).count().get_result::<i64>(conn))?, 0, "{time}");
        }
        for (time, rows) in [(Unix(-1e300), 1), (Unix(0.0), 1), (Unix(2_208_988_800.0), 0), (Unix(f64::INFINITY), 0)] {
            assert_eq!(go!(papers::table.since(time).count().get_result::<i64>(conn))?, rows, "{time:?}");
        }
        let far = Duration::from_secs(1 << 62);
        for (time, rows) in [(SystemTime::UNIX_EPOCH + far, 0), (SystemTime::UNIX_EPOCH - far, 1)] {
            assert_eq!(go!(papers::table.since(time).count().get_result::<i64>(conn))?, rows, "{time:?}");
        }
    }

    /// To the microsecond, on both sides, in a session far from UTC.
    async fn borders(db: crate::support::recorded::papers, conn) {
        far_away!(db, conn);
        paper!(conn, 1);
        let at: NaiveDateTime = go!(papers::table.select(papers::updated_at).first(conn))?;
        let recorded: NaiveDateTime = go!(Paper::history_of(1).select(PaperRecords::AT).first(conn))?;
        let micro = TimeDelta::microseconds(1);
        for (time, rows) in [(at - micro, 1), (at, 0), (at + micro, 0)] {
            assert_eq!(go!(papers::table.since(time).count().get_result::<i64>(conn))?, rows, "{time}");
        }
        for (from, to, records) in [
            (recorded, recorded + micro, 1),
            (recorded - micro, recorded, 0),
            (recorded + micro, recorded + micro + micro, 0),
        ] {
            let found = go!(Paper::history_of(1)
                .filter(PaperRecords::AT.ge(from))
                .filter(PaperRecords::AT.lt(to))
                .count().get_result::<i64>(conn))?;
            assert_eq!(found, records, "{from} to {to}");
        }
        let now = go!(papers::table.select(Paper::as_select()).as_of::<Paper>(recorded).load::<Paper>(conn))?;
        assert_eq!(now.len(), 1);
        let early = go!(papers::table.select(Paper::as_select()).as_of::<Paper>(recorded - micro).load::<Paper>(conn))?;
        assert!(early.is_empty());
    }

    /// Before recording began is refused; after all of it is now.
    async fn time_travel(db: crate::support::recorded::papers, conn) {
        far_away!(db, conn);
        paper!(conn, 1);
        let (before, after) = ends();
        for time in after {
            let found = go!(papers::table.select(Paper::as_select()).as_of::<Paper>(time).load::<Paper>(conn))?;
            assert_eq!(found.len(), 1, "{time}");
        }
        for time in before {
            let refused = go!(papers::table.select(Paper::as_select()).as_of::<Paper>(time).load::<Paper>(conn));
            assert!(refused.is_err(), "{time}: {refused:?}");
        }
    }

    /// Windows, resampling in them, and a prune of what is older.
    async fn windows_and_prunes(db: crate::support::recorded::papers, conn) {
        far_away!(db, conn);
        paper!(conn, 1);
        go!(diesel::update(papers::table).set(papers::title.eq("renamed")).execute(conn))?;
        for window in [
            Window::last(TimeDelta::MAX),
            Window::years(900),
            Window::of(handleref::history::Calendar::Year, &Utc::now()),
        ] {
            let found: i64 = go!(Paper::history_of(1).filter(PaperRecords::AT.within(window)).count().get_result(conn))?;
            assert_eq!(found, 2, "{window:?}");
            let found = go!(PaperRecords
                .filter(PaperRecords::AT.within(window))
                .resample(Every::years(1))
                .select(PaperRecords::VERSION)
                .load::<i64>(conn))?;
            assert_eq!(found, [2], "{window:?}");
        }
        let (before, after) = ends();
        for time in before.iter().chain(&after) {
            let window = Window::of(handleref::history::Calendar::Hour, time);
            let found: i64 = go!(Paper::history_of(1).filter(PaperRecords::AT.within(window)).count().get_result(conn))?;
            assert_eq!(found, 0, "{window:?}");
        }
        for time in before {
            assert_eq!(go!(Paper::prune().older_than(time).dry_run(conn))?.deleted, 0, "{time}");
        }
        assert_eq!(go!(Paper::prune().older_than(TimeDelta::MAX).dry_run(conn))?.deleted, 0);
        for time in after {
            assert_eq!(go!(Paper::prune().older_than(time).dry_run(conn))?.deleted, 1, "{time}");
        }
    }

    /// Changesets, by when they were; one that cannot be dated is refused.
    async fn changesets_by_time(db: crate::support::recorded::papers, conn) {
        far_away!(db, conn);
        go!(in_changeset_async(conn, Changeset::by("ann"), async |conn| { paper!(conn, 1); Ok::<_, Error>(()) }))?;
        let (before, after) = ends();
        for time in &before {
            assert_eq!(go!(changesets().from(*time).count(conn))?, 1, "{time}");
            assert_eq!(go!(changesets().before(*time).load(conn))?.len(), 0, "{time}");
        }
        for time in &after {
            assert_eq!(go!(changesets().from(*time).load(conn))?.len(), 0, "{time}");
            assert_eq!(go!(changesets().before(*time).count(conn))?, 1, "{time}");
        }
        for (id, time) in (10..).zip(before.iter().chain(&after)) {
            let meta = Changeset::by("ann").at(*time);
            let done = go!(in_changeset_async(conn, meta, async |conn| { paper!(conn, id); Ok::<_, Error>(()) }));
            match done {
                Ok(_) => {
                    let found = go!(changesets().from(*time).before(*time + TimeDelta::microseconds(1)).load(conn))?;
                    assert_eq!(found.len(), 1, "{time}");
                    assert_eq!(found[0].at, *time);
                }
                Err(Error::NotStorable { what: "time of a changeset", .. }) => {
                    assert!(!(1..=9_999).contains(&chrono::Datelike::year(time)), "{time}");
                    assert_eq!(go!(papers::table.filter(papers::id.eq(id)).count().get_result::<i64>(conn))?, 0);
                }
                Err(other) => panic!("{time}: {other}"),
            }
        }
    }
}
