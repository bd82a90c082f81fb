//! A changeset whose future was dropped, and a plain statement of Diesel after
//! it: it is committed, and in no changeset, or it is refused.

#[cfg(feature = "async")]
use crate::support::recorded::{Paper, PaperRecords, papers};
#[cfg(feature = "async")]
use diesel::{ExpressionMethods, QueryDsl};
#[cfg(feature = "async")]
use handleref::prelude::*;
#[cfg(feature = "async")]
use handleref::{Changeset, Error, changesets, in_changeset_async};

/// Where the future waits when it is dropped.
#[cfg(feature = "async")]
#[derive(Debug, Clone, Copy, PartialEq)]
enum Waits {
    /// For something that is not the database.
    Elsewhere,
    /// For the answer to a statement.
    Answer,
    /// Inside an operation of ours, in a transaction of Diesel's.
    Nested,
}

#[cfg(feature = "async")]
macro_rules! dropped {
    ($($engine:ident $db:ident $conn:ty;)*) => { $(
        #[test]
        fn $engine() -> crate::support::Done {
            use crate::support::go_async as go;
            use diesel_async::RunQueryDsl;
            crate::support::block_on(async {
                for waits in [Waits::Elsewhere, Waits::Answer, Waits::Nested] {
                    let db = crate::support::Db::$db();
                    crate::support::recorded::papers(&db);
                    let conn = &mut db.connect_async::<$conn>().await;
                    let other = &mut db.connect_async::<$conn>().await;
                    go!(diesel::insert_into(papers::table).values((papers::id.eq(1), papers::title.eq("one"))).execute(conn))?;
                    // A statement that the connection knows already.
                    let plain = async |conn: &mut $conn, title: &str| {
                        go!(diesel::update(papers::table.find(1)).set(papers::title.eq(title.to_owned())).execute(conn))
                    };
                    assert_eq!(plain(conn, "known").await?, 1);
                    let slow = match db.engine {
                        crate::support::Engine::Sqlite => {
                            "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 2000000) \
                             UPDATE papers SET views = (SELECT COUNT(*) FROM n)"
                        }
                        crate::support::Engine::Postgres => "UPDATE papers SET views = 1 FROM pg_sleep(1)",
                        crate::support::Engine::Mysql => "UPDATE papers SET views = SLEEP(1) + 1",
                    };
                    let (reached, is_reached) = tokio::sync::oneshot::channel::<()>();
                    {
                        let work = in_changeset_async(conn, Changeset::by("ann"), async move |conn| {
                            plain(conn, "abandoned").await?;
                            let _ = reached.send(());
                            match waits {
                                Waits::Elsewhere => std::future::pending::<()>().await,
                                Waits::Answer => {
                                    go!(diesel::sql_query(slow).execute(conn))?;
                                }
                                Waits::Nested => {
                                    use diesel_async::AsyncConnection;
                                    conn.transaction::<_, Error, _>(async |conn| {
                                        go!(handleref::delete(papers::table.find(1)).execute(conn))?;
                                        std::future::pending::<()>().await;
                                        Ok(())
                                    }).await?;
                                }
                            }
                            Ok::<_, Error>(())
                        });
                        let mut work = std::pin::pin!(work);
                        let is_reached = async {
                            let _ = is_reached.await;
                            // What comes after it has begun by then.
                            for _ in 0..200 {
                                tokio::task::yield_now().await;
                            }
                        };
                        tokio::select! {
                            _ = &mut work => panic!("{waits:?}: it has ended"),
                            () = is_reached => {}
                        }
                    }
                    let said = plain(conn, "plain").await;
                    let title: String = loop {
                        // A row lock goes when the server has seen to it.
                        let free = go!(diesel::update(papers::table.find(1)).set(papers::website.eq("free")).execute(other));
                        if free.is_ok() {
                            break go!(papers::table.find(1).select(papers::title).first(other))?;
                        }
                    };
                    match said {
                        Ok(1) => assert_eq!(title, "plain", "{waits:?}: it said that it was written"),
                        _ => assert_eq!(title, "known", "{waits:?}: {said:?}"),
                    }
                    if db.engine == crate::support::Engine::Mysql {
                        assert!(said.is_err(), "{waits:?}: {said:?}");
                        assert!(plain(conn, "again").await.is_err(), "{waits:?}");
                    }
                    let carried: i64 = go!(Paper::history_of(1).filter(PaperRecords::CHANGESET.is_not_null()).count().get_result(other))?;
                    assert_eq!(carried, 0, "{waits:?}");
                    assert_eq!(go!(changesets().count(other))?, 0, "{waits:?}");
                    // What is of handleref refuses in any case.
                    let refused = go!(handleref::maintain::holds(conn));
                    assert!(refused.is_err(), "{waits:?}");
                }
                Ok(())
            })
        }
    )* };
}

mod a_plain_statement_after_it {
    #[cfg(feature = "async")]
    #[allow(unused_imports)]
    use super::*;
    #[cfg(all(feature = "async", feature = "sqlite"))]
    dropped!(sqlite_async sqlite diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>;);
    #[cfg(all(feature = "async", feature = "postgres"))]
    dropped!(postgres_async postgres diesel_async::AsyncPgConnection;);
    #[cfg(all(feature = "async", feature = "mysql"))]
    dropped!(mysql_async mysql diesel_async::AsyncMysqlConnection;);
}
