//! What only one kind of connection can show: plain closures, panics, other
//! writers beside a backfill, and dropped futures.

use super::{filled, recorded};
use crate::support::Db;
use crate::support::recorded::{Paper, PaperRecords, papers};
use diesel::QueryDsl;
use diesel::prelude::ExpressionMethods;
#[cfg(feature = "async")]
use handleref::maintain::{EventKind, events, holds};
use handleref::maintain::{Maintain, without_recording};
use handleref::prelude::*;
use handleref::{Error, Operation};

macro_rules! synchronous {
    ($name:ident, $conn:ty) => {
        mod $name {
            use super::*;
            use crate::support::Done;
            use diesel::RunQueryDsl;

            /// Recording goes on after a panic.
            #[test]
            fn a_pause_that_panics() -> Done {
                let db = Db::$name();
                recorded(&db);
                let conn = &mut db.connect::<$conn>();
                let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    without_recording(conn, "panics", |conn| -> Result<(), Error> {
                        insert(conn, 1)?;
                        panic!("a closure that panics");
                    })
                }));
                assert!(panicked.is_err());
                insert(conn, 2)?;
                let recorded: Vec<i32> = Paper::records().select(papers::id).load(conn)?;
                assert_eq!(recorded, [2]);
                without_recording(conn, "does not", |conn| insert(conn, 3))?;
                assert_eq!(Paper::records().count().get_result::<i64>(conn)?, 1);
                assert_eq!(papers::table.count().get_result::<i64>(conn)?, 2);
                Ok(())
            }

            fn insert(conn: &mut $conn, id: i32) -> Result<(), Error> {
                diesel::insert_into(papers::table)
                    .values((papers::id.eq(id), papers::title.eq(format!("t{id}"))))
                    .execute(conn)?;
                Ok(())
            }

            /// Writers go on beside a backfill, one of them slowly; every row
            /// has one baseline, at the beginning, and dense versions.
            #[test]
            fn a_backfill_among_writers() -> Done {
                let db = Db::$name();
                filled(&db);
                let done = std::sync::atomic::AtomicBool::new(false);
                let writer = |mut seed: i32| {
                    let conn = &mut db.connect::<$conn>();
                    while !done.load(std::sync::atomic::Ordering::Relaxed) {
                        seed = (seed * 7 + 3) % 25;
                        let title = format!("{seed}-{:?}", std::time::Instant::now());
                        diesel::update(papers::table.find(seed + 1))
                            .set(papers::title.eq(title))
                            .execute(conn)
                            .unwrap();
                    }
                };
                let slow = || {
                    let conn = &mut db.connect::<$conn>();
                    diesel::Connection::transaction(conn, |conn| {
                        diesel::update(papers::table.find(25))
                            .set(papers::title.eq("slow"))
                            .execute(conn)?;
                        std::thread::sleep(std::time::Duration::from_millis(300));
                        diesel::result::QueryResult::Ok(())
                    })
                    .unwrap();
                };
                let written = std::thread::scope(|scope| {
                    scope.spawn(|| writer(1));
                    scope.spawn(|| writer(5));
                    scope.spawn(slow);
                    std::thread::sleep(std::time::Duration::from_millis(20));
                    let others: Vec<_> = (0..2)
                        .map(|_| {
                            scope.spawn(|| {
                                let conn = &mut db.connect::<$conn>();
                                Paper::backfill()
                                    .batch(8)
                                    .execute(conn)
                                    .map(|it| it.written)
                            })
                        })
                        .collect();
                    let written: Vec<_> = others.into_iter().map(|it| it.join().unwrap()).collect();
                    done.store(true, std::sync::atomic::Ordering::Relaxed);
                    written
                });
                for written in written {
                    written?;
                }
                let conn = &mut db.connect::<$conn>();
                for id in 1..=25 {
                    let history: Vec<(Operation, i64)> = Paper::history_of(id)
                        .order(PaperRecords::VERSION)
                        .select((PaperRecords::OPERATION, PaperRecords::VERSION))
                        .load(conn)?;
                    for (at, (operation, version)) in history.iter().enumerate() {
                        let first = match at {
                            0 => Operation::Baseline,
                            _ => Operation::Update,
                        };
                        assert_eq!(
                            (*operation, *version),
                            (first, at as i64 + 1),
                            "{id} {history:?}"
                        );
                    }
                    assert!(!history.is_empty(), "{id}");
                }
                Ok(())
            }
        }
    };
}
#[cfg(feature = "sqlite")]
synchronous!(sqlite, diesel::SqliteConnection);
#[cfg(feature = "postgres")]
synchronous!(postgres, diesel::PgConnection);
#[cfg(feature = "mysql")]
synchronous!(mysql, diesel::MysqlConnection);

/// A pause that is dropped at each of its waits in turn: nothing of it is
/// committed, or all of it, and nobody else is paused.
#[cfg(feature = "async")]
macro_rules! asynchronous {
    ($name:ident, $engine:ident, $conn:ty) => {
        #[test]
        fn $name() -> crate::support::Done {
            use diesel_async::RunQueryDsl;
            crate::support::block_on(async {
                let db = Db::$engine();
                recorded(&db);
                let conn = &mut db.connect_async::<$conn>().await;
                let (mut broken, mut wakes, mut id) = (0, 0, 0);
                loop {
                    let mut victim = db.connect_async::<$conn>().await;
                    id += 1;
                    let work = without_recording(&mut victim, "dropped", move |conn| {
                        Box::pin(async move {
                            diesel::insert_into(papers::table)
                                .values((papers::id.eq(id), papers::title.eq(format!("t{id}"))))
                                .execute(conn)
                                .await?;
                            Ok::<_, Error>(())
                        })
                    });
                    let ended = up_to(wakes, work).await;
                    let finished = ended.is_some();
                    if let Some(ended) = ended {
                        ended?;
                    } else if let Err(Error::Database(
                        diesel::result::Error::BrokenTransactionManager,
                    )) = holds(&mut victim).await
                    {
                        broken += 1;
                    } else {
                        // Dropped before it began: as good as new.
                        diesel::insert_into(papers::table)
                            .values((papers::id.eq(1000 + id), papers::title.eq(format!("x{id}"))))
                            .execute(&mut victim)
                            .await?;
                        let found = Paper::history_of(1000 + id)
                            .count()
                            .get_result::<i64>(conn)
                            .await?;
                        assert_eq!(found, 1);
                    }
                    drop(victim);
                    tokio::time::sleep(std::time::Duration::from_millis(40)).await;
                    let inserted: i64 = papers::table
                        .filter(papers::id.le(999))
                        .count()
                        .get_result(conn)
                        .await?;
                    let pauses = events().load(conn).await?;
                    let pauses = pauses
                        .iter()
                        .filter(|it| it.kind == EventKind::Pause)
                        .count();
                    let resumed = events().load(conn).await?;
                    let resumed = resumed
                        .iter()
                        .filter(|it| it.kind == EventKind::Resume)
                        .count();
                    assert_eq!(
                        (inserted, resumed),
                        (i64::try_from(pauses).unwrap(), pauses)
                    );
                    let recorded = Paper::records().filter(papers::id.le(999)).count();
                    assert_eq!(recorded.get_result::<i64>(conn).await?, 0);
                    // On a busy machine it may not have waited at all.
                    match finished {
                        true if broken > 0 || id > 200 => break,
                        true => {}
                        false => wakes += 1,
                    }
                }
                assert!(broken > 0, "{wakes}");
                Ok(())
            })
        }
    };
}

/// Runs `operation` until it has waited more than `wakes` times, and drops it then.
#[cfg(feature = "async")]
async fn up_to<F: Future>(wakes: i32, operation: F) -> Option<F::Output> {
    use std::task::Poll;
    let mut operation = std::pin::pin!(operation);
    let mut waited = 0;
    std::future::poll_fn(|context| match operation.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if waited == wakes => Poll::Ready(None),
        Poll::Pending => {
            waited += 1;
            Poll::Pending
        }
    })
    .await
}

#[cfg(feature = "async")]
mod a_dropped_pause {
    use super::*;
    #[cfg(feature = "sqlite")]
    asynchronous!(
        sqlite_async,
        sqlite,
        diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>
    );
    #[cfg(feature = "postgres")]
    asynchronous!(postgres_async, postgres, diesel_async::AsyncPgConnection);
    #[cfg(feature = "mysql")]
    asynchronous!(mysql_async, mysql, diesel_async::AsyncMysqlConnection);
}
