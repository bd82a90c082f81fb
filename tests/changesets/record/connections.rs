//! What only one kind of connection can show: plain closures and panics, boxed
//! futures, and deadlocks.

use super::*;
use handleref::in_changeset;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

macro_rules! synchronous {
    ($name:ident, $conn:ty) => {
        mod $name {
            use super::*;
            use crate::support::{Done, go_sync as go};
            use diesel::{Connection, RunQueryDsl};

            /// A plain closure, which may borrow, with its own type of error.
            #[test]
            fn plain_closures() -> Done {
                #[derive(Debug)]
                enum Mine {
                    Refused(&'static str),
                    Handleref(Error),
                }
                impl From<Error> for Mine {
                    fn from(error: Error) -> Self {
                        Self::Handleref(error)
                    }
                }
                let db = Db::$name();
                tables(&db);
                let conn = &mut db.connect::<$conn>();
                let mut seen = Vec::new();
                let no = in_changeset(conn, Changeset::by("ann"), |conn| {
                    seen.push("called");
                    book!(conn, 1);
                    current_changeset(conn)
                })?;
                let failed = in_changeset(conn, Changeset::by("ann"), |conn| {
                    diesel::delete(books::table)
                        .execute(conn)
                        .map_err(Error::from)?;
                    Err::<(), _>(Mine::Refused("mine"))
                });
                assert!(matches!(failed, Err(Mine::Refused("mine"))), "{failed:?}");
                let failed = in_changeset(conn, Changeset::by("ann"), |conn| {
                    diesel::sql_query("this is no SQL")
                        .execute(conn)
                        .map_err(Error::from)?;
                    Ok::<_, Mine>(())
                });
                assert!(
                    matches!(failed, Err(Mine::Handleref(Error::Database(_)))),
                    "{failed:?}"
                );
                assert_eq!(seen, ["called"]);
                let stored = stored!(conn);
                assert_eq!(stored.len(), 1);
                assert_eq!(no, Some(ChangesetNo(stored[0].id)));
                assert_eq!(inserted!(conn), [(1, no.map(|no| no.0))]);
                Ok(())
            }

            /// A panic discards all of it, at whatever depth it happens, and
            /// the connection goes on as if nothing had been.
            #[test]
            fn panics() -> Done {
                let db = Db::$name();
                tables(&db);
                let conn = &mut db.connect::<$conn>();
                let mut round = 0;
                let mut committed: Vec<(i32, bool)> = Vec::new();
                for depth in 0..6 {
                    for by_the_caller in [false, true] {
                        round += 1;
                        let panicked = catch_unwind(AssertUnwindSafe(|| {
                            let work = |conn: &mut $conn| {
                                in_changeset(conn, Changeset::by("panics"), |conn| {
                                    book!(conn, 1);
                                    deep(conn, depth)
                                })
                            };
                            work(conn)
                        }));
                        assert_eq!(*panicked.unwrap_err().downcast::<&str>().unwrap(), "deep");
                        assert_eq!(current_changeset(conn)?, None, "{depth}");
                        let kept = committed.iter().filter(|it| it.1).count();
                        assert_eq!(
                            stored!(conn).len(),
                            kept,
                            "{depth}: nothing of it is stored"
                        );
                        let (plain, kept) = (round * 10, round * 10 + 1);
                        book!(conn, plain);
                        committed.push((plain, false));
                        // Inside of a transaction of the caller that goes on.
                        if by_the_caller {
                            conn.transaction::<_, Error, _>(|conn| {
                                let inside = catch_unwind(AssertUnwindSafe(|| {
                                    in_changeset(conn, Changeset::by("panics"), |conn| {
                                        book!(conn, 1);
                                        deep(conn, depth)
                                    })
                                }));
                                assert!(inside.is_err());
                                book!(conn, kept);
                                Ok(())
                            })?;
                            committed.push((kept, false));
                        } else {
                            in_changeset(conn, Changeset::by("kept"), |conn| {
                                book!(conn, kept);
                                Ok::<_, Error>(())
                            })?;
                            committed.push((kept, true));
                        }
                        let other = &mut db.connect::<$conn>();
                        let found: Vec<_> = inserted!(other)
                            .iter()
                            .map(|(id, no)| (*id, no.is_some()))
                            .collect();
                        assert_eq!(found, committed, "{depth}: it was committed");
                    }
                }
                let actors: Vec<_> = stored!(conn)
                    .into_iter()
                    .filter_map(|it| it.actor)
                    .collect();
                assert_eq!(actors, ["kept"; 6]);
                Ok(())
            }

            /// Panics in so many transactions, of Diesel and of ours in turn.
            fn deep(conn: &mut $conn, depth: u32) -> Result<(), Error> {
                book!(conn, 1000 + i32::try_from(depth).unwrap());
                match depth {
                    0 => resume_unwind(Box::new("deep")),
                    1 | 3 => {
                        in_changeset(conn, Changeset::by("inner"), |conn| deep(conn, depth - 1))
                    }
                    _ => conn.transaction(|conn| deep(conn, depth - 1)),
                }
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

#[cfg(feature = "async")]
macro_rules! asynchronous {
    ($name:ident, $engine:ident, $conn:ty) => {
        mod $name {
            use super::*;
            use crate::support::{Done, block_on, go_async as go};
            use diesel_async::{AsyncConnection, RunQueryDsl};

            /// A closure that gives a boxed future.
            #[test]
            fn boxed_futures() -> Done {
                block_on(async {
                    let db = Db::$engine();
                    tables(&db);
                    let conn = &mut db.connect_async::<$conn>().await;
                    let id = 1;
                    let no = in_changeset(conn, Changeset::by("ann"), move |conn| {
                        Box::pin(async move {
                            book!(conn, id);
                            current_changeset(conn).await
                        })
                    })
                    .await?;
                    let failed = in_changeset(conn, Changeset::by("fails"), |conn| {
                        Box::pin(async move {
                            book!(conn, 2);
                            Err::<(), _>(refused())
                        })
                    })
                    .await;
                    assert!(failed.is_err());
                    let stored = stored!(conn);
                    assert_eq!(stored.len(), 1);
                    assert_eq!(no, Some(ChangesetNo(stored[0].id)));
                    assert_eq!(inserted!(conn), [(1, no.map(|no| no.0))]);
                    Ok(())
                })
            }

            /// A future inside that is dropped, in a transaction of Diesel that
            /// nobody has ended then: the changeset does not commit half of it,
            /// nor pretend that it has committed.
            #[test]
            fn a_dropped_transaction_inside() -> Done {
                block_on(async {
                    let db = Db::$engine();
                    tables(&db);
                    let mut conn = db.connect_async::<$conn>().await;
                    let ended = handleref::in_changeset_async(
                        &mut conn,
                        Changeset::by("ann"),
                        async |conn| {
                            book!(conn, 1);
                            let never = conn.transaction::<(), Error, _>(async |conn| {
                                book!(conn, 2);
                                std::future::pending().await
                            });
                            let mut never = Box::pin(never);
                            // Until its insert is done, which is its last wait but one.
                            let limit = std::time::Duration::from_millis(300);
                            assert!(tokio::time::timeout(limit, &mut never).await.is_err());
                            drop(never);
                            Ok::<_, Error>(())
                        },
                    )
                    .await;
                    assert!(ended.is_err(), "{ended:?}");
                    drop(conn);
                    let other = &mut db.connect_async::<$conn>().await;
                    assert!(stored!(other).is_empty() && carried!(other).is_empty());
                    Ok(())
                })
            }

            /// A panic inside: nothing of it is there, and the connection
            /// refuses to go on.
            #[test]
            fn panics() -> Done {
                block_on(async {
                    let db = Db::$engine();
                    tables(&db);
                    let conn = db.connect_async::<$conn>().await;
                    let conn = std::sync::Arc::new(tokio::sync::Mutex::new(conn));
                    let held = conn.clone();
                    let task = tokio::spawn(async move {
                        let mut conn = held.lock().await;
                        in_changeset(&mut *conn, Changeset::by("panics"), |conn| {
                            Box::pin(async move {
                                book!(conn, 1);
                                resume_unwind(Box::new("a panic"));
                                #[allow(unreachable_code)]
                                Ok::<(), Error>(())
                            })
                        })
                        .await
                    });
                    assert!(task.await.unwrap_err().is_panic());
                    let refused = current_changeset(&mut *conn.lock().await).await;
                    assert!(refused.is_err(), "{refused:?}");
                    drop(conn);
                    let other = &mut db.connect_async::<$conn>().await;
                    handleref::in_changeset_async(other, Changeset::by("next"), async |conn| {
                        book!(conn, 1);
                        Ok::<_, Error>(())
                    })
                    .await?;
                    let stored = stored!(other);
                    assert_eq!(stored.len(), 1);
                    assert_eq!(inserted!(other), [(1, Some(stored[0].id))]);
                    Ok(())
                })
            }
        }
    };
}
#[cfg(all(feature = "async", feature = "sqlite"))]
asynchronous!(
    sqlite_async,
    sqlite,
    diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>
);
#[cfg(all(feature = "async", feature = "postgres"))]
asynchronous!(postgres_async, postgres, diesel_async::AsyncPgConnection);
#[cfg(all(feature = "async", feature = "mysql"))]
asynchronous!(mysql_async, mysql, diesel_async::AsyncMysqlConnection);

/// A deadlock, whose victim loses its whole transaction on MySQL and MariaDB:
/// a closure that swallows the error has lost all the same, and nothing that
/// it writes afterwards carries a changeset that is not there.
#[cfg(feature = "mysql")]
#[test]
fn a_deadlock_that_is_swallowed() -> crate::support::Done {
    use crate::support::go_sync as go;
    use diesel::RunQueryDsl;
    use std::sync::Barrier;
    let db = Db::mysql();
    tables(&db);
    let conn = &mut db.connect::<diesel::MysqlConnection>();
    for id in 1..=2 {
        book!(conn, id);
    }
    let both_hold_one = Barrier::new(2);
    let writer = |mine: i32, other: i32| -> Result<(bool, bool), Error> {
        let conn = &mut db.connect::<diesel::MysqlConnection>();
        let mut deadlocked = false;
        let ended = in_changeset(conn, Changeset::by(mine), |conn| {
            rename!(conn, mine, format!("by {mine}"));
            both_hold_one.wait();
            let taken = diesel::update(books::table.find(other))
                .set(books::title.eq(format!("by {mine}")))
                .execute(conn);
            deadlocked = taken.is_err();
            Ok::<_, Error>(())
        });
        // Neither of them has a context any more.
        assert_eq!(current_changeset(conn).unwrap(), None);
        book!(conn, 10 + mine);
        Ok((deadlocked, ended.is_ok()))
    };
    let (one, two) = std::thread::scope(|scope| {
        let one = scope.spawn(|| writer(1, 2));
        let two = scope.spawn(|| writer(2, 1));
        (one.join().unwrap(), two.join().unwrap())
    });
    let (one, two) = (one?, two?);
    // One was the victim, and is told so; the other one has written both.
    assert_ne!(one.0, two.0);
    assert_eq!((one.0, two.0), (!one.1, !two.1));
    let stored = stored!(conn);
    assert_eq!(stored.len(), 1);
    let no = Some(stored[0].id);
    let carried: Vec<_> = carried!(conn)
        .into_iter()
        .filter(|(_, operation, _)| *operation == Operation::Update)
        .map(|(_, _, no)| no)
        .collect();
    assert_eq!(carried, [no, no]);
    let plain: Vec<_> = inserted!(conn).into_iter().map(|(_, no)| no).collect();
    assert_eq!(plain, [None; 4]);
    Ok(())
}

/// A commit that fails on SQLite leaves the transaction open, unless it is
/// rolled back.
#[cfg(feature = "sqlite")]
#[test]
fn a_commit_that_fails_late() -> crate::support::Done {
    use crate::support::go_sync as go;
    use diesel::RunQueryDsl;
    let db = Db::sqlite();
    tables(&db);
    db.execute(
        "CREATE TABLE children (book INTEGER REFERENCES books (id) DEFERRABLE INITIALLY DEFERRED)",
    );
    let conn = &mut db.connect::<diesel::SqliteConnection>();
    for _ in 0..2 {
        let failed = in_changeset(conn, Changeset::by("ann"), |conn| {
            book!(conn, 1);
            diesel::sql_query("INSERT INTO children VALUES (7)").execute(conn)?;
            Ok::<_, Error>(())
        });
        assert!(failed.is_err());
        assert_eq!(current_changeset(conn)?, None);
    }
    book!(conn, 3);
    let other = &mut db.connect::<diesel::SqliteConnection>();
    assert_eq!(inserted!(other), [(3, None)]);
    assert_eq!(stored!(other), []);
    Ok(())
}

/// Nothing of a changeset outlives a commit that the database refuses.
#[cfg(feature = "postgres")]
#[test]
fn a_commit_that_fails() -> crate::support::Done {
    use crate::support::go_sync as go;
    use diesel::RunQueryDsl;
    let db = Db::postgres();
    tables(&db);
    db.execute(
        "ALTER TABLE books ADD CONSTRAINT late UNIQUE (title) DEFERRABLE INITIALLY DEFERRED",
    );
    let conn = &mut db.connect::<diesel::PgConnection>();
    let failed = in_changeset(conn, Changeset::by("ann"), |conn| {
        book!(conn, 1, "same");
        book!(conn, 2, "same");
        Ok::<_, Error>(())
    });
    assert!(
        matches!(
            failed,
            Err(Error::Database(diesel::result::Error::DatabaseError(..)))
        ),
        "{failed:?}"
    );
    let mut open = open_changeset(conn, Changeset::by("ann"))?;
    book!(&mut *open, 1, "same");
    book!(&mut *open, 2, "same");
    assert!(open.close().is_err());
    assert_eq!(current_changeset(conn)?, None);
    book!(conn, 3);
    let other = &mut db.connect::<diesel::PgConnection>();
    assert_eq!(inserted!(other), [(3, None)]);
    assert_eq!(stored!(other), []);
    Ok(())
}
