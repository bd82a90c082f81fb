//! The number of statements of a cascade does not depend on the number of rows.

use crate::support::ddl::family;
use crate::support::models::{articles, comments, topics};
use crate::support::{Db, Done};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, RunQueryDsl};

macro_rules! statements {
    ($name:ident, $conn:ty) => {
        #[test]
        fn $name() -> Done {
            use diesel::connection::{Connection, InstrumentationEvent};
            use std::sync::Arc;
            use std::sync::atomic::{AtomicUsize, Ordering};

            let db = Db::$name();
            family(&db);
            let conn = &mut db.connect::<$conn>();
            let count = Arc::new(AtomicUsize::new(0));
            let counter = Arc::clone(&count);
            let mut counts = Vec::new();
            for (topic, children) in [(1, 1), (2, 40)] {
                diesel::insert_into(topics::table)
                    .values((topics::id.eq(topic), topics::name.eq("t")))
                    .execute(conn)?;
                for article in 0..children {
                    let id = topic * 100 + article;
                    diesel::insert_into(articles::table)
                        .values((
                            articles::id.eq(id),
                            articles::topic_id.eq(topic),
                            articles::title.eq("a"),
                        ))
                        .execute(conn)?;
                    diesel::insert_into(comments::table)
                        .values((
                            comments::id.eq(id),
                            comments::article_id.eq(id),
                            comments::body.eq("c"),
                        ))
                        .execute(conn)?;
                }
            }
            conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
                if let InstrumentationEvent::StartQuery { .. } = event {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            });
            for topic in [1, 2] {
                handleref::delete(topics::table.find(topic)).execute(conn)?;
                handleref::restore(topics::table.find(topic)).execute(conn)?;
                counts.push(count.swap(0, Ordering::Relaxed));
            }
            assert_eq!(counts[0], counts[1]);
            assert!((6..=30).contains(&counts[0]), "{counts:?}");
            Ok(())
        }
    };
}

#[cfg(feature = "sqlite")]
statements!(sqlite, diesel::SqliteConnection);
#[cfg(feature = "postgres")]
statements!(postgres, diesel::PgConnection);
#[cfg(feature = "mysql")]
statements!(mysql, diesel::MysqlConnection);
