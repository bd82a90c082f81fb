//! deadpool, and futures that are dropped.

use super::*;
use crate::support::up_to;
use crate::support::{block_on, go_async as go};
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use handleref::in_changeset_async;

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
                            in_changeset_async(conn, meta, async |conn| writes(conn, id).await)
                                .await
                        }
                        1 => {
                            let mut open = open_changeset(conn, meta).await?;
                            writes(&mut open, id).await?;
                            open.close().await.map(drop)
                        }
                        2 => {
                            conn.transaction::<_, Error, _>(async |conn| {
                                in_changeset_async(conn, meta, async |conn| writes(conn, id).await)
                                    .await
                            })
                            .await
                        }
                        3 => {
                            let inner = Changeset::by("inner");
                            in_changeset_async(conn, meta, async |conn| {
                                conn.transaction::<_, Error, _>(async |conn| {
                                    in_changeset_async(conn, inner, async |conn| {
                                        writes(conn, id).await
                                    })
                                    .await
                                })
                                .await
                            })
                            .await
                        }
                        4 => {
                            let failed = in_changeset_async(conn, meta, async |conn| {
                                writes(conn, id).await?;
                                Err::<(), _>(refused())
                            })
                            .await;
                            assert!(failed.is_err());
                            Ok(())
                        }
                        _ => {
                            let mut open = open_changeset(conn, meta).await?;
                            writes(&mut open, id).await?;
                            open.discard().await
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

/// A panic, an open changeset that is dropped, and one that is forgotten.
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
                                handleref::in_changeset(&mut *conn, meta, move |conn| {
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
                            let mut open = open_changeset(&mut *conn, meta).await?;
                            book!(&mut *open, id);
                            match what {
                                "is dropped" => drop(open),
                                _ => std::mem::forget(open),
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
