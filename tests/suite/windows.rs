//! Windows of time, samples, neighbours and deleted rows, over records.
//!
//! The records are written by hand, so that their times can be chosen.

use crate::support::{Db, Engine, each_engine};
use chrono::offset::LocalResult;
use chrono::{
    DateTime, FixedOffset, Months, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc,
};
use diesel::expression_methods::{BoolExpressionMethods, ExpressionMethods};
use diesel::query_source::{AppearsInFromClause, Never};
use diesel::{QueryDsl, Queryable, Selectable};
use handleref::RecordsDsl;
use handleref::history::{Calendar, Every, Window};
use handleref::{RecordSource, Recorded};

diesel::table! {
    posts (id) {
        id -> Integer,
        topic_id -> Integer,
        title -> Text,
    }
}
diesel::table! {
    places (region, number) {
        region -> Integer,
        number -> Integer,
        name -> Text,
    }
}
diesel::table! {
    labels (id) {
        id -> Integer,
        topic_id -> Integer,
        name -> Text,
    }
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Recorded)]
#[diesel(table_name = posts)]
struct Post {
    id: i32,
    topic_id: i32,
    title: String,
}

/// A key of two columns.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Recorded)]
#[diesel(table_name = places, primary_key(region, number))]
struct Place {
    region: i32,
    number: i32,
    name: String,
}

diesel::allow_tables_to_appear_in_same_query!(posts, labels);
impl AppearsInFromClause<labels::table> for PostRecords {
    type Count = Never;
}
impl AppearsInFromClause<PostRecords> for labels::table {
    type Count = Never;
}

fn tables(db: &Db) {
    let id = match db.engine {
        Engine::Sqlite => "INTEGER",
        _ => "BIGINT",
    };
    let head = format!(
        "record_id {id} PRIMARY KEY, record_version BIGINT NOT NULL, \
         record_operation VARCHAR(16) NOT NULL, recorded_at {{TIME}} NOT NULL, record_changeset BIGINT"
    );
    db.create(&format!(
        "CREATE TABLE post_records ({head}, id INTEGER, topic_id INTEGER, title {{TEXT}})"
    ));
    db.create("CREATE INDEX post_records_key ON post_records (id, record_id)");
    db.create(&format!(
        "CREATE TABLE place_records ({head}, region INTEGER, number INTEGER, name {{TEXT}})"
    ));
    db.create("CREATE TABLE labels (id {KEY} PRIMARY KEY, topic_id INTEGER NOT NULL, name {TEXT} NOT NULL)");
}

/// Records of posts: number, post, operation, instant.
fn put(db: &Db, records: &[(i64, i32, &str, NaiveDateTime)]) {
    for chunk in records.chunks(200) {
        let rows = chunk.iter().map(|(record, post, operation, at)| {
            format!(
                "({record}, 1, '{operation}', '{}', {post}, {}, 'r{record}')",
                at.format("%F %T%.f"),
                post % 2,
            )
        });
        db.execute(&format!(
            "INSERT INTO post_records (record_id, record_version, record_operation, recorded_at, id, topic_id, title) \
             VALUES {}",
            rows.collect::<Vec<_>>().join(", ")
        ));
    }
}

fn updates(db: &Db, records: &[(i64, i32, &str)]) {
    let records = records
        .iter()
        .map(|(record, post, at)| (*record, *post, "update", utc(at)));
    put(db, &records.collect::<Vec<_>>());
}

fn utc(text: &str) -> NaiveDateTime {
    text.replace(' ', "T").parse().unwrap()
}

fn sql(db: &Db, text: &str) {
    db.execute(text);
}

/// To the second, so that every engine stores it.
fn now() -> NaiveDateTime {
    let now = DateTime::<Utc>::from(std::time::SystemTime::now());
    DateTime::from_timestamp(now.timestamp(), 0)
        .unwrap()
        .naive_utc()
}

/// The clock of Central Europe in 2024.
#[derive(Debug, Clone, Copy)]
struct CentralEurope;
#[derive(Debug, Clone, Copy)]
struct Shift(i32);

impl Offset for Shift {
    fn fix(&self) -> FixedOffset {
        FixedOffset::east_opt(self.0 * 3600).unwrap()
    }
}
impl TimeZone for CentralEurope {
    type Offset = Shift;
    fn from_offset(_: &Shift) -> Self {
        Self
    }
    fn offset_from_local_date(&self, date: &NaiveDate) -> LocalResult<Shift> {
        self.offset_from_local_datetime(&NaiveDateTime::from(*date))
    }
    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> LocalResult<Shift> {
        let right = |hours: i32| {
            let found = self.offset_from_utc_datetime(&(*local - TimeDelta::hours(hours.into())));
            found.0 == hours
        };
        match (right(2), right(1)) {
            (true, true) => LocalResult::Ambiguous(Shift(2), Shift(1)),
            (true, false) => LocalResult::Single(Shift(2)),
            (false, true) => LocalResult::Single(Shift(1)),
            (false, false) => LocalResult::None,
        }
    }
    fn offset_from_utc_date(&self, date: &NaiveDate) -> Shift {
        self.offset_from_utc_datetime(&NaiveDateTime::from(*date))
    }
    fn offset_from_utc_datetime(&self, at: &NaiveDateTime) -> Shift {
        let summer = utc("2024-03-31 01:00:00")..utc("2024-10-27 01:00:00");
        Shift(if summer.contains(at) { 2 } else { 1 })
    }
}

/// The numbers of the records of a query, in order.
macro_rules! records {
    ($conn:expr, $query:expr) => {{
        let query = $query
            .select(PostRecords::RECORD_ID)
            .order(PostRecords::RECORD_ID);
        go!(query.load::<i64>($conn))?
    }};
}

const NONE: [i64; 0] = [];

mod one;
mod resample;

each_engine! {
    /// Days are 24 hours; months and years are those of the calendar, and as
    /// many as were asked for.
    async fn rolling_windows(db: tables, conn) {
        let ages = [
            (1, TimeDelta::seconds(20)),
            (2, TimeDelta::minutes(30)),
            (3, TimeDelta::minutes(24 * 60 - 5)),
            (4, TimeDelta::minutes(24 * 60 + 5)),
            (5, TimeDelta::days(13)),
            (6, TimeDelta::days(31)),
            (7, TimeDelta::days(93)),
            (8, TimeDelta::days(364)),
            (9, TimeDelta::days(700)),
            (10, TimeDelta::days(732)),
            (11, TimeDelta::days(9_000)),
        ];
        let now = now();
        put(&db, &ages.map(|(id, age)| (id, 1, "update", now - age)));
        let up_to = |last: i64| (1..=last).collect::<Vec<_>>();
        let all = Post::records();
        assert_eq!(records!(conn, all.created_in_seconds(600)), up_to(1));
        assert_eq!(records!(conn, all.created_in_minutes(40)), up_to(2));
        assert_eq!(records!(conn, all.created_in_hours(24)), up_to(3));
        assert_eq!(records!(conn, all.created_in_days(1)), up_to(3));
        assert_eq!(records!(conn, all.created_in_weeks(2)), up_to(5));
        assert_eq!(records!(conn, all.created_in_months(3)), up_to(6));
        assert_eq!(records!(conn, all.created_in_years(1)), up_to(8));
        assert_eq!(records!(conn, all.created_in_years(2)), up_to(9));
        assert_eq!(records!(conn, all.created_in_months(24)), up_to(9));
        assert_eq!(records!(conn, all.created_in(TimeDelta::days(20))), up_to(5));
        assert_eq!(records!(conn, all.created_in(TimeDelta::milliseconds(600_001))), up_to(1));
        assert_eq!(records!(conn, all.filter(PostRecords::RECORD_ID.gt(2)).created_in_days(2)), [3, 4]);
        let post = Post { id: 1, topic_id: 0, title: String::new() };
        assert_eq!(records!(conn, post.history().created_in_days(1)), up_to(3));
        // As conditions, with others, and boxed.
        let old = diesel::dsl::not(PostRecords::AT.within(Window::years(2)));
        assert_eq!(records!(conn, Post::records().filter(old.or(PostRecords::AT.within(Window::minutes(1))))), [1, 10, 11]);
        let mut query = Post::records().into_boxed();
        query = query.filter(PostRecords::AT.within(Window::days(1)));
        assert_eq!(records!(conn, query.created_in_minutes(40)), up_to(2));
        let count: i64 = go!(Post::records().created_in_months(3).count().get_result(conn))?;
        assert_eq!(count, 6);
    }

    /// What no engine can represent is everything, or nothing.
    async fn windows_saturate(db: tables, conn) {
        let now = now();
        put(&db, &[
            (1, 1, "update", utc("1001-01-01 00:00:00")),
            (2, 1, "update", now - TimeDelta::seconds(100)),
            (3, 1, "update", now + TimeDelta::hours(1)),
        ]);
        let all = Post::records();
        assert_eq!(records!(conn, all.created_in_seconds(u32::MAX)), [2, 3]);
        assert_eq!(records!(conn, all.created_in_minutes(u32::MAX)), [1, 2, 3]);
        assert_eq!(records!(conn, all.created_in_hours(u32::MAX)), [1, 2, 3]);
        assert_eq!(records!(conn, all.created_in_days(u32::MAX)), [1, 2, 3]);
        assert_eq!(records!(conn, all.created_in_weeks(u32::MAX)), [1, 2, 3]);
        assert_eq!(records!(conn, all.created_in_months(u32::MAX)), [1, 2, 3]);
        assert_eq!(records!(conn, all.created_in_years(u32::MAX)), [1, 2, 3]);
        assert_eq!(records!(conn, all.created_in(TimeDelta::MAX)), [1, 2, 3]);
        // 999 years: the engine computes it.
        assert_eq!(records!(conn, all.created_in_years(999)), [2, 3]);
        assert_eq!(records!(conn, all.created_in_days(365_242)), [2, 3]);
        assert_eq!(records!(conn, all.created_in_days(0)), [3]);
        assert_eq!(records!(conn, all.created_in_months(0)), [3]);
        assert_eq!(records!(conn, all.created_in(TimeDelta::minutes(-5))), [3]);
        assert_eq!(records!(conn, all.created_in(TimeDelta::MIN)), NONE);
    }

    /// Every engine goes back by months as chrono does, to the last day of a
    /// month that has no such day.
    async fn months_are_clamped(db: tables, conn) {
        let now = now();
        for months in 1..=36_u32 {
            let bound = now.checked_sub_months(Months::new(months)).unwrap();
            let (early, late) = (i64::from(months), 100 + i64::from(months));
            put(&db, &[
                (early, 1, "update", bound - TimeDelta::seconds(1)),
                (late, 1, "update", bound + TimeDelta::seconds(90)),
            ]);
        }
        for months in 1..=36_u32 {
            let found = records!(conn, Post::records().created_in_months(months));
            assert!(found.contains(&(100 + i64::from(months))), "{months}");
            assert!(!found.contains(&i64::from(months)), "{months}");
        }
        // Only MySQL and MariaDB let a test set the clock.
        if db.engine == Engine::Mysql {
            sql(&db, "DELETE FROM post_records");
            updates(&db, &[
                (1, 1, "2023-02-28 11:59:59.999999"),
                (2, 1, "2023-02-28 12:00:00"),
                (3, 1, "2023-03-30 12:00:00"),
            ]);
            let noon = utc("2023-03-31 12:00:00").and_utc().timestamp();
            go!(diesel::sql_query(format!("SET timestamp = {noon}")).execute(conn))?;
            // The bound itself is in the window.
            assert_eq!(records!(conn, Post::records().created_in_months(1)), [2, 3]);
            assert_eq!(records!(conn, Post::records().created_in_hours(24)), [3]);
            assert_eq!(records!(conn, Post::records().created_in(TimeDelta::seconds(86_399))), NONE);
            let fine = TimeDelta::days(31) + TimeDelta::microseconds(1);
            assert_eq!(records!(conn, Post::records().created_in(fine)), [1, 2, 3]);
        }
    }

    /// Half-open parts of the calendar of a time zone, also where clocks change.
    async fn parts_of_the_calendar(db: tables, conn) {
        updates(&db, &[
            (1, 1, "2024-03-30 22:59:59.999"),
            (2, 1, "2024-03-30 23:00:00"),
            (3, 1, "2024-03-31 21:59:59.999"),
            (4, 1, "2024-03-31 22:00:00"),
            (5, 1, "2024-10-26 22:00:00"),
            (6, 1, "2024-10-27 00:30:00"),
            (7, 1, "2024-10-27 01:30:00"),
            (8, 1, "2024-10-27 22:59:59"),
            (9, 1, "2024-10-27 23:00:00"),
            (10, 1, "2024-12-31 22:59:59"),
            (11, 1, "2024-12-31 23:00:00"),
        ]);
        let all = Post::records();
        let spring = CentralEurope.from_utc_datetime(&utc("2024-03-31 12:00:00"));
        let autumn = CentralEurope.from_utc_datetime(&utc("2024-10-27 00:45:00"));
        // 23 hours, and 25.
        assert_eq!(records!(conn, all.in_the(Calendar::Day, &spring)), [2, 3]);
        assert_eq!(records!(conn, all.in_the(Calendar::Day, &autumn)), [5, 6, 7, 8]);
        // Of the repeated hour the first one.
        assert_eq!(records!(conn, all.in_the(Calendar::Hour, &autumn)), [6]);
        // It is a Sunday.
        assert_eq!(records!(conn, all.in_the(Calendar::Week, &spring)), [1, 2, 3]);
        assert_eq!(records!(conn, all.in_the(Calendar::Month, &spring)), [1, 2, 3]);
        assert_eq!(records!(conn, all.in_the(Calendar::Year, &spring)), (1..=10).collect::<Vec<_>>());
        let east = FixedOffset::east_opt(5 * 3600 + 1800).unwrap();
        // 00:30 to 01:30 in UTC.
        let at = east.with_ymd_and_hms(2024, 10, 27, 6, 45, 0).unwrap();
        assert_eq!(records!(conn, all.in_the(Calendar::Hour, &at)), [6]);
        let history = Post { id: 1, topic_id: 0, title: String::new() }.history();
        assert_eq!(records!(conn, history.in_the(Calendar::Month, &autumn).resample(Every::days(1))), [5, 9]);
        // Whatever chrono can name.
        for at in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            assert_eq!(records!(conn, all.in_the(Calendar::Year, &at)), NONE);
        }
    }

    /// What is made now is in the present hour, day, week, month and year.
    async fn the_present(db: tables, conn) {
        let now = now();
        // The second one is for the case that the hour changes meanwhile.
        put(&db, &[
            (1, 1, "update", now),
            (2, 1, "update", now + TimeDelta::minutes(5)),
            (3, 1, "update", now - TimeDelta::days(400)),
            (4, 1, "update", now + TimeDelta::days(400)),
        ]);
        let all = Post::records();
        let tz = &FixedOffset::west_opt(3 * 3600).unwrap();
        for found in [
            records!(conn, all.in_this_hour(tz)),
            records!(conn, all.in_this_day(tz)),
            records!(conn, all.in_this_week(tz)),
            records!(conn, all.in_this_month(tz)),
            records!(conn, all.in_this_year(&CentralEurope)),
            records!(conn, all.created_within(Window::this(Calendar::Day, &Utc))),
        ] {
            assert!(matches!(found.as_slice(), [1 | 2] | [1, 2]), "{found:?}");
        }
    }
}
