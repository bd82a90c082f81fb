//! A child that is restored while its parent is being deleted.

use crate::support::ddl::family;
use crate::support::models::{articles, comments, topics};
use crate::support::{Db, Done};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, RunQueryDsl};
use handleref::Error;
use std::sync::Barrier;

/// Round by round, one connection deletes the parent with its children while
/// another restores a child: whoever is first, no live child is left under a
/// deleted parent.
macro_rules! no_orphans {
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
            diesel::insert_into(comments::table)
                .values((
                    comments::id.eq(1),
                    comments::article_id.eq(1),
                    comments::body.eq("c"),
                ))
                .execute(admin)?;
            let (start, end) = (Barrier::new(3), Barrier::new(3));
            let lost = |ended: Result<usize, Error>| match ended {
                Ok(_) | Err(Error::ParentDeleted { .. }) => {}
                // MySQL may choose one of them as the victim of a deadlock.
                Err(error) if error.is_retryable() => {}
                Err(error) => panic!("{error:?}"),
            };
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let conn = &mut db.connect::<$conn>();
                    for _ in 0..$rounds {
                        start.wait();
                        lost(handleref::delete(articles::table.find(1)).execute(conn));
                        end.wait();
                    }
                });
                scope.spawn(|| {
                    let conn = &mut db.connect::<$conn>();
                    for _ in 0..$rounds {
                        start.wait();
                        lost(handleref::restore(comments::table.find(1)).execute(conn));
                        end.wait();
                    }
                });
                let mut orphans = 0;
                for _ in 0..$rounds {
                    handleref::restore(articles::table).execute(admin).unwrap();
                    handleref::delete(comments::table).execute(admin).unwrap();
                    start.wait();
                    end.wait();
                    let orphan: i64 = comments::table
                        .inner_join(articles::table)
                        .filter(comments::deleted_at.is_null())
                        .filter(articles::deleted_at.is_not_null())
                        .count()
                        .get_result(admin)
                        .unwrap();
                    orphans += orphan;
                }
                assert_eq!(orphans, 0);
            });
            Ok(())
        }
    };
}

mod no_child_under_a_deleted_parent {
    use super::*;
    #[cfg(feature = "sqlite")]
    no_orphans!(sqlite, diesel::SqliteConnection, 200);
    #[cfg(feature = "postgres")]
    no_orphans!(postgres, diesel::PgConnection, 400);
    #[cfg(feature = "mysql")]
    no_orphans!(mysql, diesel::MysqlConnection, 400);
}
