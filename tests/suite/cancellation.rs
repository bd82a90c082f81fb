//! Futures that are dropped before they are done.

use crate::support::ddl::family;
use crate::support::models::{Article, Comment, Topic, articles, comments, topics};
use crate::support::{Db, Done, block_on};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use handleref::Error;
use handleref::prelude::*;
use std::time::Duration;

/// Polls a cascading delete a growing number of times and drops it: the
/// database then holds all of the change or nothing, and a connection that
/// was inside the transaction says that it is broken.
macro_rules! dropped_futures {
    ($name:ident, $engine:ident, $conn:ty) => {
        #[test]
        fn $name() -> Done {
            block_on(async {
                let db = Db::$engine();
                family(&db);
                let conn = &mut db.connect_async::<$conn>().await;
                diesel::insert_into(topics::table)
                    .values((topics::id.eq(1), topics::name.eq("t")))
                    .execute(conn)
                    .await?;
                diesel::insert_into(articles::table)
                    .values((
                        articles::id.eq(1),
                        articles::topic_id.eq(1),
                        articles::title.eq("a"),
                    ))
                    .execute(conn)
                    .await?;
                diesel::insert_into(comments::table)
                    .values((
                        comments::id.eq(1),
                        comments::article_id.eq(1),
                        comments::body.eq("c"),
                    ))
                    .execute(conn)
                    .await?;
                let (mut undone, mut done, mut broken) = (0, 0, 0);
                for polls in 0..60 {
                    let mut victim = db.connect_async::<$conn>().await;
                    let mut topic: Topic = topics::table
                        .find(1)
                        .select(Topic::as_select())
                        .first(&mut victim)
                        .await?;
                    let mut finished = false;
                    {
                        let mut operation = topic.delete(&mut victim);
                        for _ in 0..polls {
                            if let Ok(ended) =
                                tokio::time::timeout(Duration::from_micros(150), &mut operation)
                                    .await
                            {
                                ended?;
                                finished = true;
                                break;
                            }
                        }
                    }
                    if !finished {
                        let again = topic.reload(&mut victim).await;
                        match again {
                            Err(Error::Database(
                                diesel::result::Error::BrokenTransactionManager,
                            )) => broken += 1,
                            other => other?,
                        }
                    }
                    // PostgreSQL has rolled back already; the others do it now.
                    drop(victim);
                    let live = (
                        Topic::undeleted().count().get_result::<i64>(conn).await?,
                        Article::undeleted().count().get_result::<i64>(conn).await?,
                        Comment::undeleted().count().get_result::<i64>(conn).await?,
                    );
                    match live {
                        (1, 1, 1) => undone += 1,
                        (0, 0, 0) => {
                            done += 1;
                            handleref::restore(topics::table).execute(conn).await?;
                        }
                        half => panic!("half done after {polls} polls: {half:?}"),
                    }
                    if finished && polls > 10 && done > 2 {
                        break;
                    }
                }
                assert!(
                    undone > 0 && done > 0 && broken > 0,
                    "{undone} {done} {broken}"
                );
                Ok(())
            })
        }
    };
}

mod a_dropped_cascade {
    use super::*;
    #[cfg(feature = "sqlite")]
    dropped_futures!(
        sqlite_async,
        sqlite,
        diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>
    );
    #[cfg(feature = "postgres")]
    dropped_futures!(postgres_async, postgres, diesel_async::AsyncPgConnection);
    #[cfg(feature = "mysql")]
    dropped_futures!(mysql_async, mysql, diesel_async::AsyncMysqlConnection);
}
