//! Reading on, as it comes.

use crate::models::*;
use crate::support::Db;
use diesel::prelude::*;
use handleref::changes;
use handleref::feed::Feed;
use std::time::Duration;

/// A minute is longer than any of this takes; nothing waits for it.
const LONG: Duration = Duration::from_secs(60);

fn ask<C>(conn: &mut C, id: i32, text: &str)
where
    C: diesel::connection::SimpleConnection,
{
    conn.batch_execute(&format!(
        "INSERT INTO questions (id, text) VALUES ({id}, '{text}')"
    ))
    .unwrap();
}

/// Synchronous: looks, waits while another thread writes, gives up.
macro_rules! blocking {
    ($name:ident $engine:ident $conn:ty) => {
        #[test]
        fn $name() {
            let db = Db::$engine();
            tables(&db);
            let conn = &mut db.connect::<$conn>();
            ask(conn, 1, "a");
            ask(conn, 2, "b");
            let mut follow = Question::diffs(&STORE)
                .newest(1)
                .follow()
                .every(Duration::from_millis(1));
            let newest = follow.next(conn, LONG).unwrap().unwrap();
            assert_eq!(told(&newest.diffs, "text"), ["b"]);
            assert_eq!(follow.cursor(), Some(&newest.cursor));
            assert!(follow.poll(conn).unwrap().diffs.is_empty());
            assert!(follow.next(conn, Duration::ZERO).unwrap().is_none());
            let mut changed = changes::<All>().limit(1).follow();
            for id in ["1", "2"] {
                let batch = changed.next(conn, LONG).unwrap().unwrap();
                assert_eq!(batch.changes.len(), 1);
                assert_eq!(batch.changes[0].key, id);
            }
            std::thread::scope(|scope| {
                let writer = scope.spawn(|| {
                    let conn = &mut db.connect::<$conn>();
                    for id in 3..20 {
                        ask(conn, id, "more");
                    }
                });
                let mut read = 0;
                while read < 17 {
                    let batch = follow.next(conn, LONG).unwrap().expect("not in a minute");
                    assert!(!batch.diffs.is_empty());
                    read += batch.diffs.len();
                }
                writer.join().unwrap();
                assert_eq!(read, 17);
            });
            assert!(follow.next(conn, Duration::ZERO).unwrap().is_none());
        }
    };
}
#[cfg(feature = "sqlite")]
blocking!(sqlite sqlite SqliteConnection);
#[cfg(feature = "postgres")]
blocking!(postgres postgres PgConnection);
#[cfg(feature = "mysql")]
blocking!(mysql mysql MysqlConnection);

/// Asynchronous: a stream on a task of its own, as a handler has it.
#[cfg(feature = "async")]
macro_rules! streaming {
    ($name:ident $engine:ident $sync:ty, $conn:ty) => {
        #[test]
        fn $name() {
            use futures_util::TryStreamExt;
            let db = Db::$engine();
            tables(&db);
            let writer = &mut db.connect::<$sync>();
            ask(writer, 1, "a");
            crate::support::block_on(async {
                let looked = std::sync::Arc::new(tokio::sync::Notify::new());
                let looks = looked.clone();
                let conn = Box::new(db.connect_async::<$conn>().await);
                let follow = handleref::feed::diffs(&STORE).follow();
                let reader = tokio::spawn(async move {
                    let pause = move || {
                        looks.notify_one();
                        tokio::time::sleep(Duration::from_millis(1))
                    };
                    let batches = follow.stream(conn, pause);
                    let mut batches = std::pin::pin!(batches);
                    let mut read = Vec::new();
                    while read.len() < 3 {
                        let batch = batches.try_next().await.unwrap().expect("it does not end");
                        read.extend(told(&batch.diffs, "text"));
                    }
                    read
                });
                // It found the first one, and then nothing.
                looked.notified().await;
                ask(writer, 2, "b");
                looked.notified().await;
                ask(writer, 3, "c");
                let read = tokio::time::timeout(LONG, reader).await;
                assert_eq!(read.expect("not in a minute").unwrap(), ["a", "b", "c"]);
                // A connection that is borrowed; changes.
                let mut conn = db.connect_async::<$conn>().await;
                let batches = changes::<All>()
                    .follow()
                    .stream(&mut conn, std::future::pending::<()> as fn() -> _);
                let first = std::pin::pin!(batches).try_next().await.unwrap().unwrap();
                assert_eq!(first.changes.len(), 3);
            });
        }
    };
}
#[cfg(all(feature = "async", feature = "sqlite"))]
streaming!(sqlite_async sqlite SqliteConnection,
    diesel_async::sync_connection_wrapper::SyncConnectionWrapper<SqliteConnection>);
#[cfg(all(feature = "async", feature = "postgres"))]
streaming!(postgres_async postgres PgConnection, diesel_async::AsyncPgConnection);
#[cfg(all(feature = "async", feature = "mysql"))]
streaming!(mysql_async mysql MysqlConnection, diesel_async::AsyncMysqlConnection);
