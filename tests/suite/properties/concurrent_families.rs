//! Deletes and restores of parents and children from several connections at
//! once: nothing fails but by being refused or by a deadlock, and afterwards
//! a full delete and restore leaves no live child under a deleted parent.

use crate::support::ddl::family;
use crate::support::models::{Article, Comment, Topic, articles, comments, topics};
use crate::support::{Db, Done};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, RunQueryDsl};
use handleref::Error;
use handleref::prelude::*;

macro_rules! concurrent_families {
    ($name:ident, $conn:ty, $rounds:expr) => {
        #[test]
        fn $name() -> Done {
            let db = Db::$name();
            family(&db);
            let admin = &mut db.connect::<$conn>();
            diesel::insert_into(topics::table)
                .values((topics::id.eq(1), topics::name.eq("t")))
                .execute(admin)?;
            diesel::insert_into(articles::table)
                .values((
                    articles::id.eq(1),
                    articles::topic_id.eq(1),
                    articles::title.eq("a"),
                ))
                .execute(admin)?;
            for id in 1..=20 {
                diesel::insert_into(comments::table)
                    .values((
                        comments::id.eq(id),
                        comments::article_id.eq(1),
                        comments::body.eq("c"),
                    ))
                    .execute(admin)?;
            }
            std::thread::scope(|scope| {
                for thread in 0..3 {
                    let db = &db;
                    scope.spawn(move || {
                        let conn = &mut db.connect::<$conn>();
                        for round in 0..$rounds {
                            let ended = match (thread, round % 2) {
                                (0, 0) => handleref::delete(topics::table).execute(conn),
                                (0, _) => handleref::restore(topics::table).execute(conn),
                                (1, 0) => {
                                    handleref::delete(comments::table.filter(comments::id.le(10)))
                                        .execute(conn)
                                        .map_err(Error::from)
                                }
                                (1, _) => {
                                    handleref::restore(comments::table.filter(comments::id.le(10)))
                                        .execute(conn)
                                }
                                (_, 0) => handleref::delete(articles::table).execute(conn),
                                (_, _) => handleref::restore(articles::table).execute(conn),
                            };
                            match ended {
                                Ok(_) | Err(Error::ParentDeleted { .. }) => {}
                                Err(error) if error.is_retryable() => {}
                                Err(error) => panic!("{error:?}"),
                            }
                        }
                    });
                }
            });
            handleref::restore(topics::table).execute(admin)?;
            handleref::restore(articles::table).execute(admin)?;
            handleref::restore(comments::table).execute(admin)?;
            let before: Vec<(i32, i64)> = comments::table
                .order(comments::id)
                .select((comments::id, comments::version))
                .load(admin)?;
            assert_eq!(Comment::undeleted().count().get_result::<i64>(admin)?, 20);
            handleref::delete(topics::table).execute(admin)?;
            assert_eq!(Comment::undeleted().count().get_result::<i64>(admin)?, 0);
            assert_eq!(Article::undeleted().count().get_result::<i64>(admin)?, 0);
            handleref::restore(topics::table).execute(admin)?;
            assert_eq!(Comment::undeleted().count().get_result::<i64>(admin)?, 20);
            assert_eq!(Topic::undeleted().count().get_result::<i64>(admin)?, 1);
            let after: Vec<(i32, i64)> = comments::table
                .order(comments::id)
                .select((comments::id, comments::version))
                .load(admin)?;
            let twice: Vec<_> = before
                .into_iter()
                .map(|(id, version)| (id, version + 2))
                .collect();
            assert_eq!(after, twice);
            Ok(())
        }
    };
}

#[cfg(feature = "sqlite")]
concurrent_families!(sqlite, diesel::SqliteConnection, 60);
#[cfg(feature = "postgres")]
concurrent_families!(postgres, diesel::PgConnection, 60);
#[cfg(feature = "mysql")]
concurrent_families!(mysql, diesel::MysqlConnection, 60);
