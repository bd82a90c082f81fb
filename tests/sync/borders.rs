//! Where a cursor does not fit, and what does not get into a batch.

use crate::posts::recorded as tables;
use crate::posts::{All, Post, Topic, posts, topics};
use crate::support::recorded::{Author, Paper, bare_papers, filled, papers};
use crate::support::{Db, Engine, each_engine};
use diesel::QueryDsl;
use diesel::prelude::ExpressionMethods;
use handleref::history::RecordNo;
use handleref::prelude::*;
use handleref::sync::Change;
use handleref::sync::open_transactions;
use handleref::{Cursor, Error, Maintain, changes};

macro_rules! run {
    ($conn:expr, $statement:expr) => {
        go!($statement.execute($conn))?
    };
}
macro_rules! sql {
    ($conn:expr, $sql:expr) => {
        batch!($conn, $sql)?
    };
}
macro_rules! topic {
    ($conn:expr, $id:expr) => {
        run!(
            $conn,
            diesel::insert_into(topics::table).values(&Topic {
                id: $id,
                name: format!("topic {}", $id)
            })
        )
    };
}

/// The position of now. On PostgreSQL one that was read while an older
/// transaction was open, of another test, may lie before what it has read.
macro_rules! settled {
    ($conn:expr, $cursor:expr) => {{
        let (mut cursor, begun) = ($cursor, std::time::Instant::now());
        loop {
            let open = go!(open_transactions($conn))?;
            cursor = go!(changes::<All>().since(&cursor).load($conn))?.cursor;
            if open.is_empty() {
                break cursor;
            }
            assert!(begun.elapsed().as_secs() < 120, "{open:?}");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }};
}

fn keys(changes: &[Change]) -> Vec<&str> {
    changes.iter().map(|change| change.key.as_str()).collect()
}

each_engine! {
    /// What was written first and committed last is in the batch after its commit.
    async fn overlapping_transactions(db: tables, conn) {
        topic!(conn, 1);
        let start = go!(Topic::changes().load(conn))?.cursor;
        // SQLite has one writer at a time.
        if db.engine != Engine::Sqlite {
            let other = &mut connect!(db);
            sql!(other, "BEGIN");
            topic!(other, 2);
            topic!(conn, 3);
            let first = go!(Topic::changes().since(&start).load(conn))?;
            assert_eq!(keys(&first.changes), ["3"]);
            // A reader who was in the middle of a window, too.
            topic!(conn, 4);
            topic!(conn, 5);
            let middle = go!(Topic::changes().since(&first.cursor).limit(1).load(conn))?;
            assert_eq!((keys(&middle.changes), middle.more), (vec!["4"], true));
            let open = go!(open_transactions(conn))?;
            assert!(open.iter().any(|one| one.session != 0 && (chrono::Utc::now() - one.since).num_seconds().abs() < 3_600), "{open:?}");
            sql!(other, "COMMIT");
            let mut cursor = middle.cursor;
            let mut read = Vec::new();
            loop {
                let batch = go!(Topic::changes().since(&cursor).load(conn))?;
                read.extend(keys(&batch.changes).into_iter().map(str::to_owned));
                cursor = batch.cursor;
                if !batch.more { break; }
            }
            assert_eq!(read, ["5", "2"]);
            let again = go!(Topic::changes().since(&start).load(conn))?;
            let mut all = keys(&again.changes);
            all.sort_unstable();
            assert_eq!(all, ["2", "3", "4", "5"]);
        }
    }

    /// A transaction that is rolled back was never there; nor was a savepoint.
    async fn rolled_back(db: tables, conn) {
        topic!(conn, 1);
        let cursor = go!(Topic::changes().load(conn))?.cursor;
        sql!(conn, "BEGIN");
        topic!(conn, 2);
        sql!(conn, "ROLLBACK");
        assert!(go!(Topic::changes().since(&cursor).load(conn))?.changes.is_empty());
        sql!(conn, "BEGIN");
        topic!(conn, 3);
        sql!(conn, "SAVEPOINT s");
        topic!(conn, 4);
        sql!(conn, "ROLLBACK TO SAVEPOINT s");
        sql!(conn, "COMMIT");
        assert_eq!(keys(&go!(Topic::changes().since(&cursor).load(conn))?.changes), ["3"]);
    }

    /// What is not installed says so.
    async fn not_installed(db: bare_papers, conn) {
        if db.engine == Engine::Mysql {
            // Whatever language the server speaks.
            sql!(conn, "SET lc_messages = 'de_DE'");
        }
        let asked = go!(Paper::changes().load(conn));
        assert!(matches!(asked, Err(Error::NotInstalled { model: "Paper", records: "paper_records" })), "{asked:?}");
        let asked = go!(Paper::changes().now(conn));
        assert!(matches!(asked, Err(Error::NotInstalled { .. })), "{asked:?}");
        db.install(&handleref::schema![Author]);
        let asked = go!(changes::<(Author, Paper)>().load(conn));
        assert!(matches!(asked, Err(Error::NotInstalled { model: "Paper", .. })), "{asked:?}");
        // In a transaction of the caller too, which PostgreSQL has ended then.
        sql!(conn, "BEGIN");
        let asked = go!(changes::<(Author, Paper)>().load(conn));
        assert!(matches!(asked, Err(Error::NotInstalled { model: "Paper", .. })), "{asked:?}");
        sql!(conn, "ROLLBACK");
    }

    /// A cursor of another database.
    async fn another_database(db: tables, conn) {
        topic!(conn, 1);
        let cursor = go!(Topic::changes().load(conn))?.cursor;
        let other = match db.engine {
            #[cfg(feature = "sqlite")]
            Engine::Sqlite => Db::sqlite(),
            #[cfg(feature = "postgres")]
            Engine::Postgres => Db::postgres(),
            #[cfg(feature = "mysql")]
            Engine::Mysql => Db::mysql(),
            #[allow(unreachable_patterns)]
            _ => unreachable!("its feature is off"),
        };
        tables(&other);
        let there = &mut connect!(other);
        let foreign = go!(Topic::changes().since(&cursor).load(there));
        assert!(matches!(foreign, Err(Error::Foreign)), "{foreign:?}");
        assert!(go!(Topic::changes().since(&cursor).load(conn))?.changes.is_empty());
    }

    /// A prune takes nothing from those who have read it, and says so to others.
    async fn pruned(db: tables, conn) {
        topic!(conn, 1);
        run!(conn, diesel::insert_into(posts::table).values((posts::id.eq(1), posts::title.eq("0"))));
        let early = go!(changes::<All>().load(conn))?.cursor;
        for title in ["1", "2", "3"] {
            run!(conn, diesel::update(posts::table.find(1)).set(posts::title.eq(title)));
        }
        let late = go!(changes::<All>().since(&early).load(conn))?;
        assert_eq!(late.changes.len(), 3);
        let late = settled!(conn, late.cursor);
        let middle = go!(changes::<All>().since(&early).limit(1).load(conn))?.cursor;
        let only_topics = go!(Topic::changes().limit(1).load(conn))?.cursor;
        assert_eq!(go!(Post::prune().keep_last(1).execute(conn))?.deleted, 3);
        for old in [&early, &middle] {
            let refused = go!(changes::<All>().since(old).load(conn));
            assert!(matches!(refused, Err(Error::TooOld { model: "Post" })), "{refused:?}");
        }
        topic!(conn, 2);
        let next = go!(changes::<All>().since(&late).load(conn))?;
        assert_eq!(keys(&next.changes), ["2"]);
        assert_eq!(go!(Topic::changes().since(&only_topics).load(conn))?.changes.len(), 1);
        // From the beginning there is what is left: how every row is now.
        let left = go!(changes::<All>().load(conn))?;
        let last: Vec<_> = left.changes.iter().map(|it| (it.model, it.version)).collect();
        assert_eq!(last, [("Topic", 1), ("Post", 4), ("Topic", 1)]);
        assert!(go!(changes::<All>().since(&left.cursor).load(conn))?.changes.is_empty());

        // Records that nobody has read.
        let cursor = left.cursor;
        for title in ["4", "5"] {
            run!(conn, diesel::update(posts::table.find(1)).set(posts::title.eq(title)));
        }
        go!(Post::prune().keep_last(1).execute(conn))?;
        let refused = go!(changes::<All>().since(&cursor).load(conn));
        assert!(matches!(refused, Err(Error::TooOld { .. })), "{refused:?}");
    }

    /// Other transactions that came and went between reading and pruning do not
    /// make a reader late.
    async fn pruned_behind_others(db: tables, conn) {
        topic!(conn, 1);
        run!(conn, diesel::insert_into(posts::table).values((posts::id.eq(1), posts::title.eq("0"))));
        run!(conn, diesel::update(posts::table.find(1)).set(posts::title.eq("1")));
        let read = settled!(conn, go!(changes::<All>().load(conn))?.cursor);
        let other = &mut connect!(db);
        for id in [2, 3] {
            topic!(other, id);
        }
        assert_eq!(go!(Post::prune().keep_last(1).execute(conn))?.deleted, 1);
        topic!(other, 4);
        let next = go!(changes::<All>().since(&read).load(conn))?;
        assert_eq!(keys(&next.changes), ["2", "3", "4"]);
    }

    /// An erasure is told, of a row that is gone as well, and it stays gone.
    async fn erased(db: tables, conn) {
        for id in [1, 2] {
            run!(conn, diesel::insert_into(posts::table).values((posts::id.eq(id), posts::title.eq("a"), posts::body.eq("secret"))));
        }
        run!(conn, diesel::delete(posts::table.find(2)));
        let cursor = go!(Post::changes().load(conn))?.cursor;
        go!(Post::erase(1).column(posts::body).execute(conn))?;
        go!(Post::erase(2).column(posts::body).execute(conn))?;
        let told = go!(Post::changes().since(&cursor).load(conn))?;
        let shown: Vec<String> = told.changes.iter().map(|it| format!("{} {} v{}", it.operation, it.key, it.version)).collect();
        assert_eq!(shown, ["erase 1 v1", "delete 2 v2"]);
        assert!(told.changes.iter().all(|it| it.row::<Post>().unwrap().body.is_none()));
        let there: Vec<i32> = go!(posts::table.select(posts::id).as_of::<Post>(RecordNo(i64::MAX)).load(conn))?;
        assert_eq!(there, [1]);
    }

    /// Rows from before the recording are no changes, nor are their baselines.
    async fn rows_from_before(db: filled, conn) {
        go!(Paper::backfill().execute(conn))?;
        assert!(go!(Paper::changes().load(conn))?.changes.is_empty());
        run!(conn, diesel::update(papers::table.find(3)).set(papers::website.eq("w")));
        let told = go!(Paper::changes().load(conn))?;
        assert_eq!(keys(&told.changes), ["3"]);
        assert_eq!(told.changes[0].version, 2);
    }

    /// In a transaction with an old snapshot a reader gets what that shows.
    async fn old_snapshots(db: tables, conn) {
        topic!(conn, 1);
        let first = go!(Topic::changes().load(conn))?;
        let reader = &mut connect!(db);
        sql!(reader, match db.engine {
            Engine::Sqlite => "BEGIN",
            Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ",
            Engine::Mysql => "START TRANSACTION WITH CONSISTENT SNAPSHOT",
        });
        let count: i64 = go!(topics::table.count().get_result(reader))?;
        assert_eq!(count, 1);
        topic!(conn, 2);
        assert!(go!(Topic::changes().since(&first.cursor).load(reader))?.changes.is_empty());
        let now = go!(Topic::changes().now(reader))?;
        let second = go!(Topic::changes().since(&first.cursor).load(conn))?;
        assert_eq!(keys(&second.changes), ["2"]);
        // What has been read elsewhere is not there yet.
        let early = go!(Topic::changes().since(&second.cursor).load(reader));
        assert!(matches!(early, Err(Error::Foreign)), "{early:?}");
        assert!(go!(Topic::changes().since(&first.cursor).load(reader))?.changes.is_empty());
        sql!(reader, "COMMIT");
        assert_eq!(keys(&go!(Topic::changes().since(&now).load(reader))?.changes), ["2"]);
        assert!(go!(Topic::changes().since(&second.cursor).load(reader))?.changes.is_empty());
        assert!("hr1.x".parse::<Cursor>().is_err());
    }
}

/// What a reader locks while it numbers records, no writer needs: other rows, and
/// the same ones again.
#[cfg(feature = "mysql")]
#[test]
fn writers_do_not_wait_for_numbers() {
    use diesel::RunQueryDsl;
    use diesel::connection::SimpleConnection;
    let db = Db::mysql();
    tables(&db);
    let (reader, writer) = (
        &mut db.connect::<diesel::MysqlConnection>(),
        &mut db.connect::<diesel::MysqlConnection>(),
    );
    writer
        .batch_execute(
            "SET SESSION innodb_lock_wait_timeout = 1; INSERT INTO topics (id, name) VALUES (1, 'a'), (2, 'b'); \
             INSERT INTO posts (id, title) VALUES (1, 'a'), (2, 'b')",
        )
        .unwrap();
    let ids: Vec<i64> = Topic::records()
        .select(crate::posts::TopicRecords::RECORD_ID)
        .load(reader)
        .unwrap();
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    // In the middle of a turn.
    reader
        .batch_execute(&format!(
            "BEGIN; SELECT stamp FROM handleref_database FOR UPDATE; SET @handleref_door = TRUE; \
             UPDATE topic_records FORCE INDEX (PRIMARY) SET record_stamp = 1 WHERE record_id IN ({})",
            ids.join(", ")
        ))
        .unwrap();
    for sql in [
        "INSERT INTO topics (id, name) VALUES (3, 'c')",
        "UPDATE topics SET name = 'd' WHERE id = 1",
        "DELETE FROM topics WHERE id = 2",
        "UPDATE posts SET title = 'e'",
        "DELETE FROM posts WHERE id = 2",
    ] {
        let written = writer.batch_execute(sql);
        assert!(written.is_ok(), "{sql}: {written:?}");
    }
    reader.batch_execute("ROLLBACK").unwrap();
    assert_eq!(changes::<All>().load(writer).unwrap().changes.len(), 10);
}
