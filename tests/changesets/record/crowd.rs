//! Many writers on few connections: no record has anyone else's actor.

use super::pools::settle;
use super::*;
use crate::support::Done;
use std::collections::{BTreeMap, BTreeSet};

const WRITERS: usize = 16;
const CONNECTIONS: usize = 4;

/// Small numbers that look random; the same ones in every run.
struct Dice(u64);

impl Dice {
    fn new(seed: usize) -> Self {
        Self(0x9e37_79b9_7f4a_7c15 ^ (seed as u64 + 1).wrapping_mul(0xbf58_476d_1ce4_e5b9))
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }
}

/// What one writer knows of its work.
#[derive(Default)]
struct Log {
    /// Committed: the book, and its changeset.
    committed: Vec<(i32, i64)>,
    /// Dropped on the way: committed or not.
    perhaps: Vec<i32>,
    /// Written outside of any changeset.
    plain: Vec<i32>,
    /// Changesets that were begun.
    begun: usize,
}

fn actor(writer: usize) -> String {
    format!("writer {writer}")
}

/// Four books' numbers for each round: two for the changeset, and a plain one.
fn number(writer: usize, round: usize) -> i32 {
    i32::try_from((writer * 100_000 + round) * 4).unwrap()
}

/// A record: the book, its owner, what was done, and the changeset.
type Written = (i32, String, Operation, Option<i64>);

/// What there is at the end.
macro_rules! check {
    ($db:expr, $conn:expr, $logs:expr) => {{
        settle(&$db);
        let records = go!(Book::records()
            .order(BookRecords::RECORD_ID)
            .select((
                books::id,
                books::owner,
                BookRecords::OPERATION,
                BookRecords::CHANGESET,
            ))
            .load::<Written>($conn))?;
        let rows = go!(books::table.count().get_result::<i64>($conn))?;
        let sums = check(&stored!($conn), &records, &$logs);
        assert_eq!(usize::try_from(rows)?, 2 * sums.committed + sums.plain);
        println!("{:?}: {sums:?}, {} records", $db.engine, records.len());
        sums
    }};
}

#[derive(Debug, Default)]
struct Sums {
    begun: usize,
    committed: usize,
    plain: usize,
    dropped_and_undone: usize,
    dropped_and_committed: usize,
}

/// Every record has its row's owner as the actor of its changeset; what was
/// committed is there whole and once, and nothing else is.
fn check(stored: &[Stored], records: &[Written], logs: &[Log]) -> Sums {
    let actors: BTreeMap<i64, &str> = stored
        .iter()
        .map(|it| (it.id, it.actor.as_deref().unwrap()))
        .collect();
    assert_eq!(actors.len(), stored.len());
    assert!(stored.iter().all(|it| it.last_record.is_some()));
    let wrong: Vec<_> = records
        .iter()
        .filter(|(_, owner, _, no)| no.is_some_and(|no| actors.get(&no) != Some(&owner.as_str())))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} records have the wrong actor, such as {:?}",
        wrong.len(),
        records.len(),
        wrong[0]
    );
    // Book by book.
    let mut there: BTreeMap<i32, Vec<(Operation, Option<i64>)>> = BTreeMap::new();
    for (id, _, operation, no) in records {
        there.entry(*id).or_default().push((*operation, *no));
    }
    let mut found = BTreeSet::new();
    let mut sums = Sums::default();
    for log in logs {
        sums.begun += log.begun;
        sums.plain += log.plain.len();
        let mut committed = log.committed.clone();
        for id in &log.perhaps {
            match there.get(id) {
                Some(records) => committed.push((*id, records[0].1.unwrap())),
                None => sums.dropped_and_undone += 1,
            }
        }
        sums.dropped_and_committed += committed.len() - log.committed.len();
        for (id, no) in committed {
            assert!(found.insert(no), "{no} is there once");
            let whole = [(Operation::Insert, Some(no)), (Operation::Update, Some(no))];
            assert_eq!(there.remove(&id).as_deref(), Some(&whole[..]), "{id}");
            assert_eq!(
                there.remove(&(id + 1)).as_deref(),
                Some(&whole[..1]),
                "{id}"
            );
        }
        for id in &log.plain {
            let plain = [(Operation::Insert, None)];
            assert_eq!(there.remove(id).as_deref(), Some(&plain[..]), "{id}");
        }
    }
    assert!(there.is_empty(), "rolled back, and there: {there:?}");
    assert_eq!(found, actors.keys().copied().collect());
    sums.committed = found.len();
    sums
}

#[cfg(feature = "r2d2")]
mod threads {
    use super::super::pools::synchronous::pool;
    use super::*;
    use crate::support::go_sync as go;
    use diesel::{Connection, RunQueryDsl};
    use handleref::in_changeset;
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

    macro_rules! threads {
        ($name:ident, $conn:ty, $rounds:expr) => {
            #[test]
            fn $name() -> Done {
                /// Two books of this owner, the first of them written twice.
                fn write(conn: &mut $conn, owner: &str, id: i32) -> Result<Option<i64>, Error> {
                    for id in [id, id + 1] {
                        diesel::insert_into(books::table)
                            .values((
                                books::id.eq(id),
                                books::title.eq("-"),
                                books::owner.eq(owner),
                            ))
                            .execute(conn)?;
                    }
                    rename!(conn, id, "renamed");
                    Ok(current_changeset(conn)?.map(|no| no.0))
                }
                let db = Db::$name();
                tables(&db);
                let pool = pool::<$conn>(&db, CONNECTIONS as u32);
                let work = |writer: usize| -> Result<Log, Error> {
                    let (owner, mut dice, mut log) =
                        (actor(writer), Dice::new(writer), Log::default());
                    let meta = || Changeset::by(owner.as_str());
                    for round in 0..$rounds {
                        let id = number(writer, round);
                        let mut conn = pool.get().unwrap();
                        log.begun += 1;
                        let committed = match dice.below(20) {
                            0..=5 => {
                                in_changeset(&mut *conn, meta(), |conn| write(conn, &owner, id))?
                            }
                            6..=8 => {
                                let mut open = open_changeset(&mut *conn, meta())?;
                                write(&mut open, &owner, id)?;
                                open.close()?.map(|no| no.0)
                            }
                            // One in another one, and in a transaction.
                            9 | 10 => conn.transaction(|conn| {
                                in_changeset(conn, meta(), |conn| {
                                    let nobody = Changeset::by("nobody");
                                    in_changeset(conn, nobody, |conn| write(conn, &owner, id))
                                })
                            })?,
                            11 | 12 => {
                                let failed = in_changeset(&mut *conn, meta(), |conn| {
                                    write(conn, &owner, id)?;
                                    Err::<(), _>(refused())
                                });
                                assert!(failed.is_err());
                                None
                            }
                            13 | 14 => {
                                let panicked = catch_unwind(AssertUnwindSafe(|| {
                                    in_changeset(&mut *conn, meta(), |conn| {
                                        write(conn, &owner, id)?;
                                        conn.transaction(|_| -> Result<(), Error> {
                                            resume_unwind(Box::new("expected"))
                                        })
                                    })
                                }));
                                let panic = panicked.expect_err("it panics");
                                assert!(panic.is::<&str>());
                                None
                            }
                            15 => {
                                // It takes the connection with it.
                                let panicked = catch_unwind(AssertUnwindSafe(move || {
                                    let owner = actor(writer);
                                    let meta = Changeset::by(owner.as_str());
                                    let mut open = open_changeset(&mut *conn, meta)?;
                                    write(&mut open, &owner, id)?;
                                    resume_unwind(Box::new("expected"));
                                    #[allow(unreachable_code)]
                                    Ok::<(), Error>(())
                                }));
                                assert!(panicked.is_err());
                                conn = pool.get().unwrap();
                                None
                            }
                            16 | 17 => {
                                let mut open = open_changeset(&mut *conn, meta())?;
                                write(&mut open, &owner, id)?;
                                drop(open);
                                None
                            }
                            _ => {
                                let failed = conn.transaction(|conn| {
                                    in_changeset(conn, meta(), |conn| write(conn, &owner, id))?;
                                    Err::<(), _>(refused())
                                });
                                assert!(failed.is_err());
                                None
                            }
                        };
                        log.committed.extend(committed.map(|no| (id, no)));
                        if dice.below(4) == 0 {
                            // On this connection, or on whichever comes next.
                            if dice.below(2) == 0 {
                                drop(conn);
                                conn = pool.get().unwrap();
                            }
                            book!(&mut *conn, id + 2);
                            log.plain.push(id + 2);
                        }
                    }
                    Ok(log)
                };
                let logs: Vec<_> = std::thread::scope(|scope| {
                    let work = &work;
                    let writers: Vec<_> = (0..WRITERS)
                        .map(|writer| scope.spawn(move || work(writer)))
                        .collect();
                    writers.into_iter().map(|it| it.join().unwrap()).collect()
                });
                let logs: Vec<Log> = logs.into_iter().collect::<Result<_, _>>()?;
                let conn = &mut db.connect::<$conn>();
                let Sums {
                    begun,
                    committed,
                    plain,
                    ..
                } = check!(db, conn, logs);
                assert_eq!(begun, WRITERS * $rounds);
                assert!(committed * 2 > begun - WRITERS * 10 && committed < begun);
                assert!(plain * 8 > begun);
                Ok(())
            }
        };
    }

    #[cfg(feature = "sqlite")]
    threads!(sqlite, diesel::SqliteConnection, 60);
    #[cfg(feature = "postgres")]
    threads!(postgres, diesel::PgConnection, 625);
    #[cfg(feature = "mysql")]
    threads!(mysql, diesel::MysqlConnection, 625);
}

#[cfg(feature = "async")]
mod tasks {
    use super::super::pools::asynchronous::pool;
    use super::*;
    use crate::support::up_to;
    use crate::support::{Engine, go_async as go};
    use diesel_async::pooled_connection::deadpool::Pool;
    use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig};
    use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
    use std::time::Duration;

    macro_rules! tasks {
        ($name:ident, $conn:ty, $rounds:expr) => {
            #[test]
            fn $name() -> Done {
                /// Two books of this owner, the first of them written twice.
                async fn write(
                    conn: &mut $conn,
                    owner: &str,
                    id: i32,
                ) -> Result<Option<i64>, Error> {
                    for id in [id, id + 1] {
                        diesel::insert_into(books::table)
                            .values((
                                books::id.eq(id),
                                books::title.eq("-"),
                                books::owner.eq(owner),
                            ))
                            .execute(conn)
                            .await?;
                    }
                    rename!(conn, id, "renamed");
                    Ok(current_changeset(conn).await?.map(|no| no.0))
                }
                async fn changeset(
                    conn: &mut $conn,
                    how: u64,
                    owner: &str,
                    id: i32,
                ) -> Result<Option<i64>, Error> {
                    let meta = Changeset::by(owner);
                    match how {
                        0..=4 => {
                            in_changeset_async(conn, meta, async |conn| {
                                write(conn, owner, id).await
                            })
                            .await
                        }
                        5 | 6 => {
                            let mut open = open_changeset(conn, meta).await?;
                            write(&mut open, owner, id).await?;
                            Ok(open.close().await?.map(|no| no.0))
                        }
                        7 => {
                            conn.transaction::<_, Error, _>(async |conn| {
                                let nobody = Changeset::by("nobody");
                                in_changeset_async(conn, meta, async |conn| {
                                    in_changeset_async(conn, nobody, async |conn| {
                                        write(conn, owner, id).await
                                    })
                                    .await
                                })
                                .await
                            })
                            .await
                        }
                        _ => {
                            let failed = in_changeset_async(conn, meta, async |conn| {
                                write(conn, owner, id).await?;
                                Err::<(), _>(refused())
                            })
                            .await;
                            assert!(failed.is_err());
                            Ok(None)
                        }
                    }
                }
                async fn work(pool: Pool<$conn>, writer: usize) -> Result<Log, Error> {
                    let (owner, mut dice, mut log) =
                        (actor(writer), Dice::new(writer), Log::default());
                    for round in 0..$rounds {
                        let id = number(writer, round);
                        let mut conn = pool.get().await.unwrap();
                        log.begun += 1;
                        let how = dice.below(10);
                        let ended = {
                            let work = changeset(&mut conn, how, &owner, id);
                            match dice.below(12) {
                                0 => up_to(dice.below(30) as usize, work).await,
                                1 => {
                                    let limit = Duration::from_micros(dice.below(4_000));
                                    tokio::time::timeout(limit, work).await.ok()
                                }
                                _ => Some(work.await),
                            }
                        };
                        match ended {
                            Some(ended) => log.committed.extend(ended?.map(|no| (id, no))),
                            None => {
                                log.perhaps.push(id);
                                // What becomes of it is known when its connection is done.
                                drop(conn);
                                conn = pool.get().await.unwrap();
                            }
                        }
                        if dice.below(4) == 0 {
                            if dice.below(2) == 0 {
                                drop(conn);
                                conn = pool.get().await.unwrap();
                            }
                            book!(&mut conn, id + 2);
                            log.plain.push(id + 2);
                        }
                    }
                    Ok(log)
                }
                // A dropped future of SQLite blocks its thread until the statement
                // is done, which may wait for any other writer.
                let runtime = tokio::runtime::Builder::new_multi_thread()
                    .worker_threads(WRITERS)
                    .enable_all()
                    .build()?;
                runtime.block_on(async {
                    let db = Db::$name();
                    tables(&db);
                    let pool = pool!($conn, db, CONNECTIONS);
                    let tasks: Vec<_> = (0..WRITERS)
                        .map(|writer| tokio::spawn(work(pool.clone(), writer)))
                        .collect();
                    let mut logs = Vec::new();
                    for task in tasks {
                        logs.push(task.await??);
                    }
                    drop(pool);
                    let conn = &mut db.connect_async::<$conn>().await;
                    let Sums {
                        begun,
                        committed,
                        plain,
                        dropped_and_undone,
                        ..
                    } = check!(db, conn, logs);
                    assert_eq!(begun, WRITERS * $rounds);
                    assert!(committed * 2 > begun && committed < begun);
                    assert!(plain * 8 > begun);
                    assert!(dropped_and_undone > 0, "none was dropped in time");
                    Ok(())
                })
            }
        };
    }

    #[cfg(feature = "sqlite")]
    tasks!(
        sqlite,
        diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>,
        60
    );
    #[cfg(feature = "postgres")]
    tasks!(postgres, diesel_async::AsyncPgConnection, 250);
    #[cfg(feature = "mysql")]
    tasks!(mysql, diesel_async::AsyncMysqlConnection, 250);
}
