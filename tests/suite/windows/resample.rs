//! The last records of stretches of time.

use super::{Post, PostRecords, labels, now, posts, put, sql, tables, updates};
use crate::support::each_engine;
use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, Timelike};
use diesel::{ExpressionMethods, JoinOnDsl, QueryDsl, SelectableHelper};
use handleref::RecordsDsl;
use handleref::history::{Every, ZeroLength};
use handleref::{RecordSource, Recorded};
use std::collections::BTreeMap;

const NONE: [i64; 0] = [];

each_engine! {
    /// The last record of each row in each stretch.
    async fn resample(db: tables, conn) {
        assert_eq!(records!(conn, Post::records().resample(Every::hours(1))), NONE);
        updates(&db, &[
            // Three within an hour, one at the boundary of a minute.
            (3, 1, "2024-01-31 00:01:59.999999"),
            (1, 1, "2024-01-31 00:00:10"),
            (4, 1, "2024-01-31 00:02:00"),
            (2, 1, "2024-01-31 00:00:50"),
            // After a gap, another row among them; the clock went back for 8.
            (5, 1, "2024-03-03 10:00:00"),
            (6, 2, "2024-01-31 00:01:00"),
            (7, 2, "2024-03-03 10:20:00"),
            (8, 1, "2024-03-03 09:59:59"),
            // A Monday, another year.
            (9, 1, "2024-03-04 00:00:00"),
            (10, 2, "2025-12-31 23:59:59.5"),
        ]);
        let all = Post::records();
        assert_eq!(records!(conn, all.resample(Every::seconds(1))), (1..=10).collect::<Vec<_>>());
        assert_eq!(records!(conn, all.resample(Every::minutes(1))), [2, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(records!(conn, all.resample(Every::minutes(2))), [3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(records!(conn, all.resample(Every::hours(1))), [4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(records!(conn, all.resample(Every::days(1))), [4, 6, 7, 8, 9, 10]);
        assert_eq!(records!(conn, all.resample(Every::weeks(1))), [4, 6, 7, 8, 9, 10]);
        assert_eq!(records!(conn, all.resample(Every::weeks(2))), [4, 6, 7, 9, 10]);
        assert_eq!(records!(conn, all.resample(Every::months(1))), [4, 6, 7, 9, 10]);
        assert_eq!(records!(conn, all.resample(Every::months(3))), [7, 9, 10]);
        assert_eq!(records!(conn, all.resample(Every::years(1))), [7, 9, 10]);
        assert_eq!(records!(conn, all.resample(Every::years(u32::MAX))), [9, 10]);
        assert_eq!(records!(conn, all.resample(Every::weeks(u32::MAX))), [9, 10]);
        let one = Post { id: 1, topic_id: 1, title: String::new() };
        assert_eq!(records!(conn, one.history().filter(posts::title.le("r4")).resample(Every::hours(1))), [4]);
        assert_eq!(records!(conn, one.history().resample(Every::months(1))), [4, 9]);

        // Before it, filters choose what is looked at; after it, what is left.
        let early = PostRecords::RECORD_ID.le(2);
        assert_eq!(records!(conn, all.filter(early).resample(Every::hours(1))), [2]);
        assert_eq!(records!(conn, all.resample(Every::hours(1)).filter(early)), NONE);
        let days = all.filter(posts::id.eq_any([1, 7])).resample(Every::hours(1)).resample(Every::days(1));
        assert_eq!(records!(conn, days), [4, 8, 9]);
        let page: Vec<Post> = go!(all
            .filter(posts::topic_id.ge(0))
            .resample(Every::days(1))
            .select(Post::as_select())
            .order((posts::id.desc(), PostRecords::AT.asc()))
            .limit(2)
            .offset(1)
            .load(conn))?;
        assert_eq!(page.iter().map(|post| post.title.as_str()).collect::<Vec<_>>(), ["r7", "r10"]);
        let plain: Vec<Post> = go!(all.resample(Every::years(1)).load(conn))?;
        assert_eq!(plain.len(), 3);
        let counts: Vec<(i32, i64)> = go!(all
            .resample(Every::days(1))
            .group_by(posts::id)
            .select((posts::id, diesel::dsl::count_star()))
            .order(posts::id)
            .load(conn))?;
        assert_eq!(counts, [(1, 3), (2, 3)]);
        let count: i64 = go!(all.resample(Every::days(1)).count().get_result(conn))?;
        assert_eq!(count, 6);

        // Boxed before, and boxed after.
        let boxed = all.filter(PostRecords::RECORD_ID.lt(9)).into_boxed();
        assert_eq!(records!(conn, boxed.resample(Every::months(1)).filter(posts::id.eq(1))), [4, 8]);
        assert_eq!(records!(conn, all.into_boxed().resample(Every::years(1))), [7, 9, 10]);
        assert_eq!(records!(conn, all.resample(Every::years(1)).into_boxed()), [7, 9, 10]);
    }

    /// A window before it: the last hour of each row in three days, and so on.
    async fn resample_of_a_window(db: tables, conn) {
        let hours = |n| now() - TimeDelta::hours(n);
        let hour = |at: NaiveDateTime, minute| at.date().and_hms_opt(at.hour(), minute, 0).unwrap();
        let (old, recent) = (hour(hours(24 * 10), 0), hour(hours(24), 0));
        put(&db, &[
            (1, 1, "update", old),
            (2, 1, "update", recent),
            (3, 1, "update", hour(recent, 30)),
            (4, 2, "update", hour(recent, 10)),
            (5, 1, "update", recent + TimeDelta::hours(1)),
            (6, 2, "update", old + TimeDelta::minutes(1)),
        ]);
        let all = Post::records();
        assert_eq!(records!(conn, all.created_in_days(3).resample(Every::hours(1))), [3, 4, 5]);
        assert_eq!(records!(conn, all.created_in_weeks(3).resample(Every::hours(1))), [1, 3, 4, 5, 6]);
        assert_eq!(records!(conn, all.created_in_years(1).resample(Every::years(1_000))), [5, 6]);
        assert_eq!(records!(conn, all.created_in(TimeDelta::days(3)).resample(Every::days(365_000))), [4, 5]);
        // The window after it looks at what is left: of post 2 the last record is an old one.
        assert_eq!(records!(conn, all.resample(Every::years(1_000)).created_in_days(3)), [5]);
        let one = Post { id: 1, topic_id: 1, title: String::new() };
        assert_eq!(records!(conn, one.history().created_in_days(3).resample(Every::hours(1))), [3, 5]);
        let boxed = all.created_in_days(3).into_boxed();
        assert_eq!(records!(conn, boxed.resample(Every::hours(1))), [3, 4, 5]);
    }

    /// The conditions on joined tables hold of the result.
    async fn resample_joined(db: tables, conn) {
        updates(&db, &[(1, 1, "2024-01-01 00:00:01"), (2, 1, "2024-01-01 00:00:02"), (3, 2, "2024-01-01 00:00:03")]);
        sql(&db, "INSERT INTO labels (id, topic_id, name) VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 0, 'c')");
        macro_rules! named {
            ($query:expr) => {{
                let query = $query.select((PostRecords::RECORD_ID, labels::name));
                go!(query.order((PostRecords::RECORD_ID, labels::name)).load::<(i64, String)>(conn))?
                    .into_iter()
                    .map(|(id, name)| format!("{id}{name}"))
                    .collect::<Vec<_>>()
            }};
        }
        let joined = || Post::records().inner_join(labels::table.on(labels::topic_id.eq(posts::topic_id)));
        assert_eq!(named!(joined().resample(Every::days(1))), ["2a", "2b", "3c"]);
        assert_eq!(named!(joined().filter(labels::name.ne("a")).resample(Every::days(1))), ["2b", "3c"]);
        let boxed = joined().filter(labels::name.ne("a")).into_boxed();
        assert_eq!(named!(boxed.resample(Every::days(1))), ["2b", "3c"]);
        assert_eq!(named!(joined().into_boxed().resample(Every::days(1))), ["2a", "2b", "3c"]);
        assert_eq!(named!(joined().created_in_years(100).filter(labels::name.eq("c"))), ["3c"]);
        let after = Post::records()
            .filter(PostRecords::RECORD_ID.lt(2))
            .resample(Every::days(1))
            .inner_join(labels::table.on(labels::topic_id.eq(posts::topic_id)));
        assert_eq!(named!(after), ["1a", "1b"]);
        let right = labels::table
            .inner_join(PostRecords.on(labels::topic_id.eq(posts::topic_id)))
            .filter(labels::name.eq("a"));
        assert_eq!(named!(right.resample(Every::days(1))), ["2a"]);
        assert_eq!(named!(right.created_in_days(1)), [] as [String; 0]);
    }

    /// As a model in memory says, for many instants and lengths.
    async fn resample_as_in_memory(db: tables, conn) {
        let mut state = 7_u64;
        let mut random = |below: i64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            i64::try_from(state >> 33).unwrap() % below
        };
        // Some before 1970, some at boundaries.
        let records = (1..=600).map(|record| {
            let span = [600, 40_000, 200_000_000][usize::try_from(record % 3).unwrap()];
            let seconds = random(span) - span / 10;
            let micros = if record % 7 == 0 { 0 } else { random(1_000) * 1_000 };
            let at = DateTime::from_timestamp_micros(seconds * 1_000_000 + micros).unwrap();
            let at = if record % 11 == 0 { at.date_naive().into() } else { at.naive_utc() };
            (record, i32::try_from(record % 4).unwrap(), "update", at)
        });
        let records = records.collect::<Vec<_>>();
        put(&db, &records);
        let seconds = |at: NaiveDateTime| at.and_utc().timestamp();
        let month = |at: NaiveDateTime| i64::from(at.year()) * 12 + i64::from(at.month0());
        for n in [1, 2, 3, 7, 60, 1_000] {
            let long = i64::from(n);
            let monday = |at| seconds(at) + 3 * 86_400;
            type Number<'a> = Box<dyn Fn(NaiveDateTime) -> i64 + 'a>;
            let cases: [(Every, Number<'_>); 7] = [
                (Every::seconds(n), Box::new(|at| seconds(at).div_euclid(long))),
                (Every::minutes(n), Box::new(|at| seconds(at).div_euclid(60 * long))),
                (Every::hours(n), Box::new(|at| seconds(at).div_euclid(3_600 * long))),
                (Every::days(n), Box::new(|at| seconds(at).div_euclid(86_400 * long))),
                (Every::weeks(n), Box::new(|at| monday(at).div_euclid(604_800 * long))),
                (Every::months(n), Box::new(|at| month(at).div_euclid(long))),
                (Every::years(n), Box::new(|at| month(at).div_euclid(12 * long))),
            ];
            let cases = cases.map(|(every, number)| {
                let mut last = BTreeMap::new();
                for (record, post, _, at) in &records {
                    let best = last.entry((*post, number(*at))).or_insert(0);
                    *best = (*best).max(*record);
                }
                let mut expected = last.into_values().collect::<Vec<_>>();
                expected.sort_unstable();
                (every, expected)
            });
            for (every, expected) in cases {
                assert_eq!(records!(conn, Post::records().resample(every)), expected, "{every:?}");
            }
        }
    }

    /// No length is an error with a type, not a panic and not a wrong answer.
    async fn a_length_of_zero(db: tables, conn) {
        let _ = &db;
        for every in [Every::seconds(0), Every::weeks(0), Every::months(0), Every::years(0)] {
            let result = go!(Post::records().resample(every).load::<Post>(conn));
            let Err(diesel::result::Error::QueryBuilderError(error)) = result else {
                panic!("{result:?}");
            };
            assert!(error.is::<ZeroLength>());
        }
    }
}
