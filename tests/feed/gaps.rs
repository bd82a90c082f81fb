//! Going on: nothing is missed, nothing comes twice.

use crate::models::*;
use crate::support::{Db, Engine, each_engine};
use chrono::{TimeDelta, Utc};
use diesel::QueryDsl;
use diesel::prelude::ExpressionMethods;
use handleref::feed::{Database, Feed, diffs};
use handleref::{Cursor, Error, changes};

each_engine! {
    /// After a read by time, and after one from the end, a transaction that was
    /// going on all the while is in the next batch.
    async fn overlapping_transactions(db: tables, conn) {
        ask!(conn, 1, "a");
        let start = Utc::now() - TimeDelta::minutes(10);
        let other = &mut connect!(db);
        // SQLite has one writer at a time.
        if db.engine != Engine::Sqlite {
            sql!(other, "BEGIN");
            ask!(other, 2, "slow");
        }
        ask!(conn, 3, "b");
        ask!(conn, 4, "c");
        let feed = || Question::diffs(&STORE);
        let by_time = go!(feed().from(start).load(conn))?;
        let page = go!(feed().from(start).limit(2).load(conn))?;
        let newest = go!(feed().newest(1).load(conn))?;
        let rest = go!(feed().since(&page.cursor).reverse().load(conn))?;
        assert_eq!(told(&by_time.diffs, "text"), ["a", "b", "c"]);
        assert_eq!((told(&page.diffs, "text"), page.more), (vec!["a".into(), "b".into()], true));
        assert_eq!((told(&newest.diffs, "text"), newest.more), (vec!["c".into()], true));
        assert_eq!((told(&rest.diffs, "text"), rest.more), (vec!["c".into()], false));
        match db.engine {
            Engine::Sqlite => { ask!(other, 2, "slow"); }
            _ => { sql!(other, "COMMIT"); }
        }
        for cursor in [&by_time.cursor, &newest.cursor, &rest.cursor] {
            let next = go!(feed().since(cursor).load(conn))?;
            assert_eq!(told(&next.diffs, "text"), ["slow"]);
            let again = go!(feed().since(cursor).reverse().load(conn))?;
            assert_eq!(told(&again.diffs, "text"), ["slow"]);
        }
        // In the middle of a window, from its end: the rest of it and what came.
        let rest = go!(feed().since(&page.cursor).reverse().load(conn))?;
        let mut texts: Vec<_> = told(&rest.diffs, "text");
        texts.sort_by_key(|text| text.to_string());
        assert_eq!(texts, ["c", "slow"]);
        let (mut cursor, mut read) = (page.cursor, Vec::new());
        loop {
            // The bounds of time hold for what comes later, if they are said again.
            let next = go!(feed().since(&cursor).from(start).limit(1).load(conn))?;
            read.extend(told(&next.diffs, "text"));
            cursor = next.cursor;
            if !next.more { break; }
        }
        assert_eq!(read, ["c", "slow"]);
    }

    /// One token for all questions of a store, and for its changes.
    async fn one_cursor_for_a_store(db: tables, conn) {
        ask!(conn, 1, "a");
        offer!(conn, 1, Some(1), "me");
        let cursor = go!(Question::diffs(&STORE).of(&9).load(conn))?.cursor;
        reword!(conn, 1, "b");
        run!(conn, diesel::update(choices::table).set(choices::votes.eq(1)));
        assert_eq!(go!(Question::diffs(&STORE).of(&1).since(&cursor).load(conn))?.diffs.len(), 2);
        assert_eq!(go!(diffs(&STORE).since(&cursor).load(conn))?.diffs.len(), 2);
        assert_eq!(go!(changes::<All>().since(&cursor).load(conn))?.changes.len(), 2);
        assert!(go!(Memo::diffs(&STORE).since(&cursor).load(conn))?.diffs.is_empty());
        let now = go!(changes::<All>().now(conn))?;
        assert!(go!(diffs(&STORE).since(&now).load(conn))?.diffs.is_empty());
    }

    /// A cursor of other models, or of another database, is refused.
    async fn cursors_that_do_not_fit(db: tables, conn) {
        ask!(conn, 1, "a");
        let few = Database::<(Choice, Question)>::new();
        let cursor = go!(diffs(&few).load(conn))?.cursor;
        for reverse in [false, true] {
            let query = diffs(&STORE).since(&cursor);
            let read = go!(if reverse { query.reverse() } else { query }.load(conn));
            assert!(matches!(read, Err(Error::WrongModels { .. })), "{read:?}");
        }
        let other = match db.engine {
            #[cfg(feature = "sqlite")]
            Engine::Sqlite => Db::sqlite(),
            #[cfg(feature = "postgres")]
            Engine::Postgres => Db::postgres(),
            #[cfg(feature = "mysql")]
            Engine::Mysql => Db::mysql(),
            #[allow(unreachable_patterns)]
            _ => unreachable!(),
        };
        tables(&other);
        let there = &mut connect!(other);
        ask!(there, 1, "a");
        let read = go!(diffs(&few).since(&cursor).load(there));
        assert!(matches!(read, Err(Error::Foreign)), "{read:?}");
    }

    /// Records that a reader has not seen and that were pruned: no silent gap.
    async fn pruned_diffs(db: tables, conn) {
        use handleref::Maintain;
        ask!(conn, 1, "a");
        let cursor = go!(diffs(&STORE).load(conn))?.cursor;
        for text in ["b", "c", "d"] {
            reword!(conn, 1, text);
        }
        go!(Question::prune().keep_last(1).execute(conn))?;
        for query in [diffs(&STORE), diffs(&STORE).reverse()] {
            let read = go!(query.since(&cursor).load(conn));
            assert!(matches!(read, Err(Error::TooOld { model: "Question" })), "{read:?}");
        }
        // From the beginning there is what is left; what was before it is not known.
        let left = go!(diffs(&STORE).since(&Cursor::beginning()).load(conn))?.diffs;
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].data["fields"]["text"], "d");
    }
}
