//! Connections that go back into a pool, however a changeset on them ended:
//! nothing of it is on them when they come out again.

use super::*;
use crate::support::Done;
use diesel::QueryableByName;
use diesel::sql_types::BigInt;

#[derive(Debug, Clone, Copy, PartialEq, QueryableByName)]
struct Seen {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

/// What the triggers see of a changeset; 0 if nothing.
fn context(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "SELECT COALESCE(changeset, 0) AS value FROM handleref_context",
        Engine::Postgres => {
            "SELECT CAST(COALESCE(NULLIF(current_setting('handleref.changeset', true), ''), '0') AS BIGINT) AS value"
        }
        Engine::Mysql => "SELECT CAST(COALESCE(@handleref_changeset, 0) AS SIGNED) AS value",
    }
}

/// Which session of the server it is.
fn session(engine: Engine) -> &'static str {
    match engine {
        // It has none. What a connection has written tells new from old.
        Engine::Sqlite => "SELECT CAST(0 AS BIGINT) AS value",
        Engine::Postgres => "SELECT CAST(pg_backend_pid() AS BIGINT) AS value",
        Engine::Mysql => "SELECT CAST(CONNECTION_ID() AS SIGNED) AS value",
    }
}

/// Waits until no transaction holds a book any more, such as one whose
/// connection has just been closed.
pub(super) fn settle(db: &Db) {
    db.execute(match db.engine {
        Engine::Sqlite => "PRAGMA busy_timeout = 60000; BEGIN IMMEDIATE; COMMIT",
        Engine::Postgres => "BEGIN; LOCK TABLE books IN ACCESS EXCLUSIVE MODE; COMMIT",
        Engine::Mysql => "LOCK TABLES books WRITE; UNLOCK TABLES",
    });
}

/// A connection as it came out of the pool: no changeset, no transaction, and
/// what is written plainly is committed and carries none.
macro_rules! assert_clean {
    ($what:expr, $db:expr, $conn:expr, $other:expr, $id:expr) => {{
        let what = $what;
        let seen = go!(diesel::sql_query(context($db.engine)).get_result::<Seen>($conn))?;
        assert_eq!(seen.value, 0, "{what}: a changeset is still set");
        assert_eq!(go!(current_changeset($conn))?, None, "{what}");
        book!($conn, $id);
        let found = go!(Book::history_of($id)
            .select(BookRecords::CHANGESET)
            .load::<Option<i64>>($other))?;
        assert_eq!(found, [None], "{what}: a plain write");
    }};
}

#[cfg(feature = "r2d2")]
pub(super) mod synchronous {
    use super::*;
    use crate::support::go_sync as go;
    use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool, R2D2Connection};
    use diesel::{Connection, RunQueryDsl};
    use handleref::record_changeset;
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

    #[derive(Debug)]
    struct Setup(Engine);

    impl<C: R2D2Connection + 'static> CustomizeConnection<C, diesel::r2d2::Error> for Setup {
        fn on_acquire(&self, conn: &mut C) -> Result<(), diesel::r2d2::Error> {
            if self.0 == Engine::Sqlite {
                conn.batch_execute("PRAGMA busy_timeout = 60000; PRAGMA synchronous = OFF")
                    .map_err(diesel::r2d2::Error::QueryError)?;
            }
            Ok(())
        }
    }

    pub(in super::super) fn pool<C: R2D2Connection + Send + 'static>(
        db: &Db,
        size: u32,
    ) -> Pool<ConnectionManager<C>> {
        Pool::builder()
            .max_size(size)
            .connection_timeout(std::time::Duration::from_secs(60))
            .connection_customizer(Box::new(Setup(db.engine)))
            .build(ConnectionManager::new(&db.url))
            .unwrap()
    }

    macro_rules! pooled {
        ($name:ident, $conn:ty) => {
            #[test]
            fn $name() -> Done {
                type Pooled = diesel::r2d2::PooledConnection<ConnectionManager<$conn>>;
                let db = Db::$name();
                tables(&db);
                let other = &mut db.connect::<$conn>();
                let pool = pool::<$conn>(&db, 1);
                fn meta() -> handleref::ChangesetMeta {
                    Changeset::by("ann")
                }
                fn writes(conn: &mut $conn, id: i32) -> Result<(), Error> {
                    book!(conn, id);
                    Ok(())
                }
                // What is done, whether its connection goes on, whether its
                // changes are there.
                type Ending = (&'static str, bool, bool, fn(Pooled, i32));
                let endings: Vec<Ending> = vec![
                    ("success", true, true, |mut conn, id| {
                        record_changeset(&mut *conn, meta(), |conn| writes(conn, id)).unwrap();
                    }),
                    ("success on the guard", true, true, |mut conn, id| {
                        record_changeset(&mut conn, meta(), |conn| writes(conn, id)).unwrap();
                    }),
                    ("nothing changed", true, false, |mut conn, _| {
                        record_changeset(&mut *conn, meta(), |_| Ok::<_, Error>(())).unwrap();
                    }),
                    ("error", true, false, |mut conn, id| {
                        let failed = record_changeset(&mut *conn, meta(), |conn| {
                            writes(conn, id)?;
                            Err::<(), _>(refused())
                        });
                        assert!(failed.is_err());
                    }),
                    ("error of the database", true, false, |mut conn, id| {
                        let failed = record_changeset(&mut *conn, meta(), |conn| {
                            writes(conn, id)?;
                            writes(conn, id)
                        });
                        assert!(failed.is_err());
                    }),
                    ("error in a nested one", true, true, |mut conn, id| {
                        record_changeset(&mut *conn, meta(), |conn| {
                            writes(conn, id)?;
                            let failed = record_changeset(conn, meta(), |conn| writes(conn, id));
                            assert!(failed.is_err());
                            Ok::<_, Error>(())
                        })
                        .unwrap();
                    }),
                    ("panic", true, false, |mut conn, id| {
                        let panicked = catch_unwind(AssertUnwindSafe(|| {
                            record_changeset(&mut *conn, meta(), |conn| -> Result<(), Error> {
                                writes(conn, id)?;
                                resume_unwind(Box::new(()))
                            })
                        }));
                        assert!(panicked.is_err());
                    }),
                    (
                        "panic in Diesel's transaction",
                        true,
                        false,
                        |mut conn, id| {
                            let panicked = catch_unwind(AssertUnwindSafe(|| {
                                record_changeset(&mut *conn, meta(), |conn| {
                                    conn.transaction(|conn| -> Result<(), Error> {
                                        writes(conn, id)?;
                                        resume_unwind(Box::new(()))
                                    })
                                })
                            }));
                            assert!(panicked.is_err());
                        },
                    ),
                    (
                        "panic that takes the connection",
                        false,
                        false,
                        |mut conn, id| {
                            let panicked = catch_unwind(AssertUnwindSafe(move || {
                                record_changeset(&mut *conn, meta(), |conn| -> Result<(), Error> {
                                    writes(conn, id)?;
                                    resume_unwind(Box::new(()))
                                })
                            }));
                            assert!(panicked.is_err());
                        },
                    ),
                    (
                        "caller's transaction that is rolled back",
                        true,
                        false,
                        |mut conn, id| {
                            let failed = conn.transaction(|conn| {
                                record_changeset(conn, meta(), |conn| writes(conn, id))?;
                                Err::<(), _>(refused())
                            });
                            assert!(failed.is_err());
                        },
                    ),
                    ("stopped", true, true, |mut conn, id| {
                        let mut recorder = start_recording(&mut *conn, meta()).unwrap();
                        writes(&mut recorder, id).unwrap();
                        recorder.stop_recording().unwrap();
                    }),
                    ("discarded", true, false, |mut conn, id| {
                        let mut recorder = start_recording(&mut *conn, meta()).unwrap();
                        writes(&mut recorder, id).unwrap();
                        recorder.discard().unwrap();
                    }),
                    ("dropped", true, false, |mut conn, id| {
                        let mut recorder = start_recording(&mut *conn, meta()).unwrap();
                        writes(&mut recorder, id).unwrap();
                    }),
                    ("forgotten", false, false, |mut conn, id| {
                        let mut recorder = start_recording(&mut *conn, meta()).unwrap();
                        writes(&mut recorder, id).unwrap();
                        std::mem::forget(recorder);
                    }),
                    (
                        "forgotten in a transaction",
                        false,
                        false,
                        |mut conn, id| {
                            let _ = catch_unwind(AssertUnwindSafe(|| {
                                conn.transaction(|conn| {
                                    let mut recorder = start_recording(conn, meta()).unwrap();
                                    writes(&mut recorder, id).unwrap();
                                    std::mem::forget(recorder);
                                    Err::<(), _>(refused())
                                })
                            }));
                        },
                    ),
                ];
                let mut id = 0;
                let mut there = Vec::new();
                for round in 0..2 {
                    for (what, goes_on, commits, ending) in &endings {
                        let what = format!("{what}, {round}");
                        id += 2;
                        let mut conn = pool.get()?;
                        let before: Seen =
                            diesel::sql_query(session(db.engine)).get_result(&mut *conn)?;
                        ending(conn, id);
                        let conn = &mut *pool.get()?;
                        let after: Seen = diesel::sql_query(session(db.engine)).get_result(conn)?;
                        if db.engine != Engine::Sqlite {
                            assert_eq!(before == after, *goes_on, "{what}: the same connection");
                        }
                        // A connection that was closed may have a transaction for a moment yet.
                        settle(&db);
                        assert_clean!(&what, db, conn, other, id + 1);
                        if *commits {
                            there.push((id, true));
                        }
                        there.push((id + 1, false));
                        let found: Vec<_> = inserted!(other)
                            .iter()
                            .map(|(id, no)| (*id, no.is_some()))
                            .collect();
                        assert_eq!(found, there, "{what}");
                    }
                }
                let committed = there.iter().filter(|it| it.1).count();
                assert_eq!(stored!(other).len(), committed);
                assert_eq!(committed, 2 * endings.iter().filter(|it| it.2).count());
                Ok(())
            }
        };
    }

    #[cfg(feature = "sqlite")]
    pooled!(sqlite, diesel::SqliteConnection);
    #[cfg(feature = "postgres")]
    pooled!(postgres, diesel::PgConnection);
    #[cfg(feature = "mysql")]
    pooled!(mysql, diesel::MysqlConnection);
}

#[cfg(feature = "async")]
pub(super) mod asynchronous {
    use super::*;
    use crate::support::up_to;
    use crate::support::{block_on, go_async as go};
    use diesel_async::pooled_connection::deadpool::{Object, Pool};
    use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig};
    use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
    use handleref::record_changeset_async;

    /// A pool of so many connections of a type.
    macro_rules! pool {
        ($conn:ty, $db:expr, $size:expr) => {{
            let mut config = ManagerConfig::<$conn>::default();
            if $db.engine == Engine::Sqlite {
                config.custom_setup = Box::new(|url| {
                    Box::pin(async move {
                        let mut conn = <$conn>::establish(url).await?;
                        let setup = "PRAGMA busy_timeout = 60000; PRAGMA synchronous = OFF";
                        let done = conn.batch_execute(setup).await;
                        done.map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
                        Ok(conn)
                    })
                });
            }
            let manager = AsyncDieselConnectionManager::<$conn>::new_with_config(&$db.url, config);
            Pool::builder(manager).max_size($size).build()?
        }};
    }
    pub(in super::super) use pool;

    macro_rules! dropped_futures {
        ($name:ident, $conn:ty) => {
            #[test]
            fn $name() -> Done {
                block_on(async {
                    let db = Db::$name();
                    tables(&db);
                    let other = &mut db.connect_async::<$conn>().await;
                    let pool = pool!($conn, db, 1);
                    async fn writes(conn: &mut $conn, id: i32) -> Result<(), Error> {
                        book!(conn, id);
                        book!(conn, id + 1);
                        Ok(())
                    }
                    async fn ends(how: usize, conn: &mut $conn, id: i32) -> Result<(), Error> {
                        let meta = Changeset::by("ann");
                        match how {
                            0 => {
                                record_changeset_async(conn, meta, async |conn| {
                                    writes(conn, id).await
                                })
                                .await
                            }
                            1 => {
                                let mut recorder = start_recording(conn, meta).await?;
                                writes(&mut recorder, id).await?;
                                recorder.stop_recording().await.map(drop)
                            }
                            2 => {
                                conn.transaction::<_, Error, _>(async |conn| {
                                    record_changeset_async(conn, meta, async |conn| {
                                        writes(conn, id).await
                                    })
                                    .await
                                })
                                .await
                            }
                            3 => {
                                let inner = Changeset::by("inner");
                                record_changeset_async(conn, meta, async |conn| {
                                    conn.transaction::<_, Error, _>(async |conn| {
                                        record_changeset_async(conn, inner, async |conn| {
                                            writes(conn, id).await
                                        })
                                        .await
                                    })
                                    .await
                                })
                                .await
                            }
                            4 => {
                                let failed = record_changeset_async(conn, meta, async |conn| {
                                    writes(conn, id).await?;
                                    Err::<(), _>(refused())
                                })
                                .await;
                                assert!(failed.is_err());
                                Ok(())
                            }
                            _ => {
                                let mut recorder = start_recording(conn, meta).await?;
                                writes(&mut recorder, id).await?;
                                recorder.discard().await
                            }
                        }
                    }
                    let (mut id, mut closed, mut dropped, mut whole) = (0, 0, 0, 0);
                    for how in 0..6 {
                        // Two passes, because what is ready at once differs from run to run.
                        let (mut wakes, mut passes) = (0, 0);
                        while passes < 2 {
                            let what = format!("way {how}, dropped after {wakes} waits");
                            id += 3;
                            let mut conn = pool.get().await?;
                            let ended = up_to(wakes, ends(how, &mut conn, id)).await;
                            // Back into the pool, and out again.
                            drop(conn);
                            let mut conn = pool.get().await?;
                            closed += usize::from(Object::metrics(&conn).recycle_count == 0);
                            let conn = &mut *conn;
                            settle(&db);
                            assert_clean!(&what, db, conn, other, id + 2);
                            let found: Vec<_> = inserted!(other)
                                .into_iter()
                                .filter(|it| it.0 >= id && it.0 < id + 2)
                                .collect();
                            let stored = stored!(other);
                            match &found[..] {
                                [] => {
                                    // `None` is a dropped one; it may have got as far as its commit.
                                    assert!(ended.is_none() || how >= 4, "{what}: {ended:?}");
                                }
                                [(_, one), (_, two)] => {
                                    assert!(how < 4, "{what}");
                                    let last = stored.last().map(|it| it.id);
                                    assert_eq!((*one, *two), (last, last), "{what}");
                                    assert!(last.is_some(), "{what}");
                                    whole += 1;
                                }
                                half => panic!("{what}: {half:?}"),
                            }
                            assert_eq!(stored.len(), whole, "{what}");
                            wakes += 1;
                            if let Some(ended) = ended {
                                ended?;
                                (wakes, passes) = (0, passes + 1);
                            } else {
                                dropped += 1;
                            }
                        }
                    }
                    assert!(
                        dropped > 12 && closed > 12 && whole >= 8,
                        "{dropped} dropped, {closed} closed, {whole} whole"
                    );
                    Ok(())
                })
            }
        };
    }

    #[cfg(feature = "sqlite")]
    dropped_futures!(
        sqlite,
        diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>
    );
    #[cfg(feature = "postgres")]
    dropped_futures!(postgres, diesel_async::AsyncPgConnection);
    #[cfg(feature = "mysql")]
    dropped_futures!(mysql, diesel_async::AsyncMysqlConnection);

    /// A panic, a recorder that is dropped, and one that is forgotten.
    macro_rules! other_endings {
        ($name:ident, $conn:ty) => {
            #[test]
            fn $name() -> Done {
                block_on(async {
                    let db = Db::$name();
                    tables(&db);
                    let other = &mut db.connect_async::<$conn>().await;
                    let pool = pool!($conn, db, 1);
                    let mut id = 0;
                    for round in 0..2 {
                        for what in ["panics", "is dropped", "is forgotten"] {
                            id += 2;
                            let mut conn = pool.get().await?;
                            let before: Seen = diesel::sql_query(session(db.engine))
                                .get_result(&mut *conn)
                                .await?;
                            let meta = Changeset::by("ann");
                            if what == "panics" {
                                let task = tokio::spawn(async move {
                                    handleref::record_changeset(&mut *conn, meta, move |conn| {
                                        Box::pin(async move {
                                            book!(conn, id);
                                            std::panic::resume_unwind(Box::new(()));
                                            #[allow(unreachable_code)]
                                            Ok::<(), Error>(())
                                        })
                                    })
                                    .await
                                });
                                assert!(task.await.unwrap_err().is_panic());
                            } else {
                                let mut recorder = start_recording(&mut *conn, meta).await?;
                                book!(&mut *recorder, id);
                                match what {
                                    "is dropped" => drop(recorder),
                                    _ => std::mem::forget(recorder),
                                }
                                drop(conn);
                            }
                            let conn = &mut *pool.get().await?;
                            let after: Seen = diesel::sql_query(session(db.engine))
                                .get_result(conn)
                                .await?;
                            if db.engine != Engine::Sqlite {
                                assert_ne!(before, after, "{what} {round}: another connection");
                            }
                            settle(&db);
                            assert_clean!(what, db, conn, other, id + 1);
                            let found: Vec<_> = inserted!(other).iter().map(|it| it.0).collect();
                            let expected: Vec<_> = (1..=id / 2).map(|it| 2 * it + 1).collect();
                            assert_eq!(found, expected, "{what} {round}");
                        }
                    }
                    assert_eq!(stored!(other), []);
                    Ok(())
                })
            }
        };
    }

    mod other_endings {
        use super::*;
        #[cfg(feature = "sqlite")]
        other_endings!(
            sqlite,
            diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>
        );
        #[cfg(feature = "postgres")]
        other_endings!(postgres, diesel_async::AsyncPgConnection);
        #[cfg(feature = "mysql")]
        other_endings!(mysql, diesel_async::AsyncMysqlConnection);
    }
}
