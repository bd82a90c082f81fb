//! Futures that are dropped before they are done.

use crate::support::ddl::family;
use crate::support::models::{Article, Comment, Topic, articles, comments, topics};
use crate::support::{Db, Done, block_on, up_to};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use handleref::prelude::*;
use handleref::{Error, Outcome};
use std::time::Duration;

/// Drops a cascading delete at each of its waits in turn: the database then
/// holds all of the change or nothing, and a connection that was inside the
/// transaction says that it is broken.
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
                // Three passes, because what is ready at once differs from run to run.
                let (mut wakes, mut passes) = (0, 0);
                while passes < 3 {
                    let mut victim = db.connect_async::<$conn>().await;
                    let mut topic: Topic = topics::table
                        .find(1)
                        .select(Topic::as_select())
                        .first(&mut victim)
                        .await?;
                    let ended = up_to(wakes, topic.delete(&mut victim)).await;
                    let finished = match ended {
                        Some(ended) => ended? == Outcome::Written,
                        None => {
                            let again = topic.reload(&mut victim).await;
                            match again {
                                Err(Error::Database(
                                    diesel::result::Error::BrokenTransactionManager,
                                )) => broken += 1,
                                other => other?,
                            }
                            false
                        }
                    };
                    // PostgreSQL has rolled back already; the others do it now.
                    drop(victim);
                    // A COMMIT may still be on its way.
                    tokio::time::sleep(Duration::from_millis(40)).await;
                    let live = diesel::select((
                        Topic::undeleted().count().single_value(),
                        Article::undeleted().count().single_value(),
                        Comment::undeleted().count().single_value(),
                    ))
                    .get_result::<(Option<i64>, Option<i64>, Option<i64>)>(conn)
                    .await?;
                    match live {
                        (Some(1), Some(1), Some(1)) => undone += 1,
                        (Some(0), Some(0), Some(0)) => {
                            done += 1;
                            handleref::restore(topics::table).execute(conn).await?;
                        }
                        half => panic!("half done after {wakes} wakes: {half:?}"),
                    }
                    wakes += 1;
                    if finished {
                        (wakes, passes) = (0, passes + 1);
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
