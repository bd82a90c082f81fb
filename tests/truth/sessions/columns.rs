//! `since` and `until` over every SQL type of a timestamp, at both ends.

use crate::support::{Db, Done};
#[allow(unused_imports)]
use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, Queryable, RunQueryDsl, Selectable};
use handleref::prelude::*;

macro_rules! ends {
    ($name:ident, $engine:ident, $conn:ty, $sql:ty, $rust:ty, $column:literal, $now:literal) => {
        mod $name {
            use super::*;

            diesel::table! {
                marks (id) { id -> Integer, created_at -> $sql, updated_at -> $sql, }
            }

            #[derive(Debug, Queryable, Selectable, HandleRef)]
            #[diesel(table_name = marks)]
            #[allow(dead_code)]
            pub struct Mark {
                pub id: i32,
                pub created_at: $rust,
                pub updated_at: $rust,
            }

            #[test]
            fn $engine() -> Done {
                let db = Db::$engine();
                let conn = &mut db.connect::<$conn>();
                db.execute(&format!(
                    "CREATE TABLE marks (id INTEGER PRIMARY KEY, created_at {0} NOT NULL DEFAULT {1}, \
                     updated_at {0} NOT NULL DEFAULT {1})",
                    $column, $now
                ));
                diesel::insert_into(marks::table).values(marks::id.eq(1)).execute(conn)?;
                for (time, after) in [
                    (DateTime::<Utc>::MIN_UTC, 1),
                    (DateTime::UNIX_EPOCH, 1),
                    (Utc::now() + chrono::TimeDelta::days(20 * 365), 0),
                    (DateTime::<Utc>::MAX_UTC, 0),
                ] {
                    let since: i64 = marks::table.since(time).count().get_result(conn)?;
                    let until: i64 = marks::table.until(time).count().get_result(conn)?;
                    assert_eq!((since, until), (after, 1 - after), "{time}");
                }
                Ok(())
            }
        }
    };
}

#[cfg(feature = "postgres")]
ends!(
    zoned,
    postgres,
    diesel::PgConnection,
    Timestamptz,
    DateTime<Utc>,
    "TIMESTAMPTZ",
    "now()"
);
#[cfg(feature = "sqlite")]
ends!(
    zoned_text,
    sqlite,
    diesel::SqliteConnection,
    TimestamptzSqlite,
    DateTime<Utc>,
    "TEXT",
    "(replace(strftime('%Y-%m-%d %H:%M:%f', 'now'), '.000', '') || '+00:00')"
);
#[cfg(feature = "mysql")]
ends!(
    datetime,
    mysql,
    diesel::MysqlConnection,
    Datetime,
    NaiveDateTime,
    "DATETIME(6)",
    "(UTC_TIMESTAMP(6))"
);

/// PostgreSQL has times that are beyond all of chrono's.
#[cfg(feature = "postgres")]
mod infinities {
    use super::zoned::{Mark, marks};
    use super::*;

    #[test]
    fn postgres() -> Done {
        let db = Db::postgres();
        let conn = &mut db.connect::<diesel::PgConnection>();
        db.execute("CREATE TABLE marks (id INTEGER PRIMARY KEY, created_at TIMESTAMPTZ, updated_at TIMESTAMPTZ)");
        db.execute(
            "INSERT INTO marks VALUES (1, '-infinity', '-infinity'), (2, '-infinity', 'infinity'), \
             (3, '-infinity', '20000-01-01'), (4, '0044-03-15 BC', '0044-03-15 BC')",
        );
        let ids = |conn: &mut diesel::PgConnection, time: DateTime<Utc>| {
            marks::table
                .since(time)
                .select(marks::id)
                .order(marks::id)
                .load::<i32>(conn)
        };
        assert_eq!(ids(conn, DateTime::<Utc>::MAX_UTC)?, [2]);
        assert_eq!(ids(conn, Utc::now())?, [2, 3]);
        assert_eq!(ids(conn, DateTime::<Utc>::MIN_UTC)?, [2, 3, 4]);
        let _: Option<Mark> = None;
        Ok(())
    }
}
