//! Parts of the feed: by time, from either end, in pages.

use crate::models::*;
use crate::support::{Db, each_engine};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryDsl;
use diesel::prelude::ExpressionMethods;
use handleref::Cursor;
use handleref::feed::{Database, Diff, Feed, diffs};

fn second(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600 + second, 0).unwrap()
}

/// A question "0" that became "1" a second later, and so on to "5"; at 2026-01-01.
macro_rules! six {
    ($db:expr, $conn:expr) => {
        ask!($conn, 1, "0");
        for text in 1..6 {
            reword!($conn, 1, text.to_string());
        }
        dated($db, "");
    };
}

/// Version 1 was recorded at second 0, and so on.
fn dated(db: &Db, at: &str) {
    for version in 1..=6 {
        let time = second(version - 1).format("%F %T");
        behind_the_door(
            db,
            &format!(
                "UPDATE question_records SET recorded_at = '{time}{at}' WHERE record_version = {version}"
            ),
        );
    }
}

fn texts(diffs: &[Diff]) -> String {
    let one = |value: serde_json::Value| value.as_str().unwrap().to_owned();
    told(diffs, "text").into_iter().map(one).collect()
}

each_engine! {
    async fn times_with_and_without_their_ends(db: tables, conn) {
        six!(&db, conn);
        let feed = || Question::diffs(&STORE).of(&1);
        for (query, expected) in [
            (feed().from(second(2)), "2345"),
            (feed().since(second(2)), "345"),
            (feed().until(second(2)), "012"),
            (feed().before(second(2)), "01"),
            (feed().from(second(1)).until(second(3)), "123"),
            (feed().since(second(1)).before(second(3)), "2"),
            (feed().from(second(4)).from(second(1)), "45"),
            (feed().from(second(9)), ""),
            (feed().from(second(2)).reverse(), "5432"),
            (feed().from(second(2)).newest(2), "45"),
            (feed().until(second(3)).newest(2), "23"),
            (feed().until(second(3)).newest(2).reverse(), "32"),
            (feed().from(second(2)).limit(2), "23"),
            (feed().from(second(2)).reverse().limit(2), "54"),
            // Finer than what is stored.
            (feed().from(second(2) + TimeDelta::nanoseconds(1)), "345"),
            (feed().before(second(2) + TimeDelta::nanoseconds(1)), "012"),
            (feed().from(chrono::NaiveDateTime::MIN).before(chrono::NaiveDateTime::MAX), "012345"),
        ] {
            let name = format!("{query:?}");
            let read = go!(query.load(conn))?;
            assert_eq!(texts(&read.diffs), expected, "{name}");
        }
        dated(&db, ".000001");
        let read = go!(feed().from(second(2)).before(second(3)).load(conn))?;
        assert_eq!(texts(&read.diffs), "2");
        let read = go!(feed().since(second(2)).until(second(3)).load(conn))?;
        assert_eq!(texts(&read.diffs), "2");
    }

    async fn first_and_last(db: tables, conn) {
        assert_eq!(go!(diffs(&STORE).first(conn))?, None);
        assert_eq!(go!(diffs(&STORE).last(conn))?, None);
        six!(&db, conn);
        let feed = || Question::diffs(&STORE);
        let ends = [go!(feed().first(conn))?, go!(feed().last(conn))?].map(Option::unwrap);
        assert_eq!(ends.clone().map(|diff| diff.at), [second(0), second(5)]);
        assert_eq!(texts(&ends), "05");
        let first = go!(feed().from(second(1)).reverse().newest(3).first(conn))?.unwrap();
        let last = go!(feed().until(second(3)).limit(2).last(conn))?.unwrap();
        assert_eq!(texts(&[first, last]), "13");
    }

    /// In pages from either end, and by the cursor from any of them.
    async fn pages(db: tables, conn) {
        six!(&db, conn);
        let feed = || Question::diffs(&STORE).limit(2);
        let (mut cursor, mut forward) = (Cursor::beginning(), String::new());
        loop {
            let page = go!(feed().since(&cursor).load(conn))?;
            // There may be nothing more, after all.
            if !page.diffs.is_empty() {
                forward.push_str(&texts(&page.diffs));
                forward.push('/');
            }
            cursor = page.cursor.to_string().parse()?;
            if !page.more { break; }
        }
        assert_eq!(forward, "01/23/45/");
        let mut page = go!(feed().reverse().load(conn))?;
        let newest = page.cursor.clone();
        let mut backward = texts(&page.diffs);
        while page.more {
            let last = page.diffs.last().unwrap();
            page = go!(feed().reverse().before(last).load(conn))?;
            backward.push_str(&texts(&page.diffs));
        }
        assert_eq!(backward, "543210");
        let third = go!(feed().limit(3).load(conn))?;
        let until = go!(feed().limit(9).until(&third.diffs[2]).load(conn))?;
        assert_eq!(texts(&until.diffs), "012");
        // What was not read, from its end: nothing of what was.
        let unread = go!(feed().limit(9).since(&third.cursor).reverse().load(conn))?;
        assert_eq!(texts(&unread.diffs), "543");
        for cursor in [newest, unread.cursor] {
            assert!(go!(feed().since(&cursor).load(conn))?.diffs.is_empty());
        }
        reword!(conn, 1, "6");
        let next = go!(feed().since(&cursor).load(conn))?;
        assert_eq!((texts(&next.diffs).as_str(), next.more), ("6", false));
    }

    /// Too old is hidden, whichever way it is asked for.
    async fn max_age(db: tables, conn) {
        let store = Database::<All>::new().max_age(TimeDelta::minutes(10));
        ask!(conn, 1, "old");
        reword!(conn, 1, "new");
        let old = (Utc::now() - TimeDelta::seconds(601)).format("%F %T");
        behind_the_door(&db, &format!("UPDATE question_records SET recorded_at = '{old}' WHERE record_version = 1"));
        assert_eq!(go!(diffs(&STORE).load(conn))?.diffs.len(), 2);
        for query in [diffs(&store), diffs(&store).reverse(), diffs(&store).from(second(0)), diffs(&store).of_object(&handleref::changeset::ObjectRef::new::<Question>(&1))] {
            let read = go!(query.load(conn))?;
            assert_eq!(told(&read.diffs, "text"), ["new"]);
        }
        let first = go!(Question::diffs(&store).first(conn))?.unwrap();
        assert_eq!(first.data["fields"]["text"], "new");
        let longer = Database::<All>::new().max_age(TimeDelta::minutes(11));
        assert_eq!(go!(diffs(&longer).load(conn))?.diffs.len(), 2);
        let ever = Database::<All>::new().max_age(TimeDelta::MAX);
        assert_eq!(go!(diffs(&ever).load(conn))?.diffs.len(), 2);
        let never = Database::<All>::new().max_age(TimeDelta::zero());
        assert_eq!(go!(diffs(&never).load(conn))?.diffs, []);
    }
}
