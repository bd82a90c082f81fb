//! Every SQL type that a managed timestamp can have, under a session time zone
//! that is not UTC.

use crate::support::{Db, Done};
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use diesel::connection::SimpleConnection;
use diesel::prelude::ExpressionMethods;
use diesel::{Identifiable, QueryDsl, Queryable, RunQueryDsl, Selectable, SelectableHelper};
use handleref::Outcome;
use handleref::prelude::*;

/// A parent and its children, with timestamps of the given types, through
/// everything that writes or compares one.
macro_rules! life {
    ($name:ident, $engine:ident, $conn:ty, $sql:ty, $rust:ty, $column:literal, $now:literal, $zone:literal) => {
        mod $name {
            use super::*;

            diesel::table! {
                parents (id) { id -> Integer, version -> BigInt, created_at -> $sql, updated_at -> $sql, deleted_at -> Nullable<$sql>, }
            }
            diesel::table! {
                children (id) { id -> Integer, parent_id -> Integer, created_at -> $sql, updated_at -> $sql, deleted_at -> Nullable<$sql>, }
            }

            #[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
            #[diesel(table_name = parents)]
            #[handleref(cascade(Child))]
            pub struct Parent {
                pub id: i32,
                pub version: i64,
                pub created_at: $rust,
                pub updated_at: $rust,
                pub deleted_at: Option<$rust>,
            }

            #[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
            #[diesel(table_name = children)]
            #[handleref(parent(Parent))]
            pub struct Child {
                pub id: i32,
                pub parent_id: i32,
                pub created_at: $rust,
                pub updated_at: $rust,
                pub deleted_at: Option<$rust>,
            }

            #[test]
            fn $engine() -> Done {
                let db = Db::$engine();
                let conn = &mut db.connect::<$conn>();
                conn.batch_execute($zone)?;
                for (table, more) in [("parents", "version BIGINT NOT NULL DEFAULT 1"), ("children", "parent_id INTEGER NOT NULL")] {
                    // In MySQL a TIMESTAMP needs NULL to be spelled out.
                    conn.batch_execute(&format!(
                        "CREATE TABLE {table} (id INTEGER PRIMARY KEY, {more}, created_at {0} NOT NULL DEFAULT {1}, \
                         updated_at {0} NOT NULL DEFAULT {1}, deleted_at {0} NULL)",
                        $column, $now
                    ))?;
                }
                diesel::insert_into(parents::table).values(parents::id.eq(1)).execute(conn)?;
                for id in [1, 2] {
                    diesel::insert_into(children::table)
                        .values((children::id.eq(id), children::parent_id.eq(1)))
                        .execute(conn)?;
                }
                let parent = |conn: &mut $conn| parents::table.find(1).select(Parent::as_select()).first::<Parent>(conn);
                let child =
                    |conn: &mut $conn, id: i32| children::table.find(id).select(Child::as_select()).first::<Child>(conn);

                child(conn, 2)?.delete(conn)?;
                let mut row = parent(conn)?;
                assert_eq!(row.delete(conn)?, Outcome::Written);
                assert_eq!(row, parent(conn)?);
                assert_eq!(row.deleted_at, Some(row.updated_at));
                assert_eq!(child(conn, 1)?.deleted_at, row.deleted_at);
                // The clock is UTC whatever the session's zone.
                let age = Utc::now().naive_utc() - naive(row.updated_at);
                assert!(age.num_seconds().abs() < 60, "{age}");
                // Strict, to the microsecond.
                let changed = |conn: &mut $conn, since: NaiveDateTime| {
                    Parent::with_deleted().since(since).count().get_result::<i64>(conn)
                };
                assert_eq!(changed(conn, naive(row.updated_at))?, 0);
                assert_eq!(changed(conn, naive(row.updated_at) - TimeDelta::microseconds(1))?, 1);
                let last: Option<$rust> = Parent::last_change().get_result(conn)?;
                assert_eq!(last, Some(row.updated_at));

                assert_eq!(row.restore(conn)?, Outcome::Written);
                assert_eq!(child(conn, 1)?.deleted_at, None);
                assert!(child(conn, 2)?.deleted_at.is_some());
                handleref::update(parents::table).set(parents::id.eq(parents::id)).execute(conn)?;
                assert_eq!(parent(conn)?.version, 4);
                Ok(())
            }
        }
    };
}

trait Naive {
    fn naive(self) -> NaiveDateTime;
}
impl Naive for NaiveDateTime {
    fn naive(self) -> NaiveDateTime {
        self
    }
}
impl Naive for DateTime<Utc> {
    fn naive(self) -> NaiveDateTime {
        self.naive_utc()
    }
}
fn naive(time: impl Naive) -> NaiveDateTime {
    time.naive()
}

#[cfg(feature = "sqlite")]
life!(
    sqlite_timestamptz,
    sqlite,
    diesel::SqliteConnection,
    TimestamptzSqlite,
    DateTime<Utc>,
    "TIMESTAMP",
    "(replace(strftime('%Y-%m-%d %H:%M:%f', 'now'), '.000', '') || '+00:00')",
    "SELECT 1"
);
#[cfg(feature = "postgres")]
life!(
    postgres_timestamptz,
    postgres,
    diesel::PgConnection,
    Timestamptz,
    DateTime<Utc>,
    "TIMESTAMPTZ",
    "statement_timestamp()",
    "SET TIME ZONE 'Asia/Kolkata'"
);
#[cfg(feature = "postgres")]
life!(
    postgres_timestamp,
    postgres,
    diesel::PgConnection,
    Timestamp,
    NaiveDateTime,
    "TIMESTAMP",
    "(statement_timestamp() AT TIME ZONE 'UTC')",
    "SET TIME ZONE 'Asia/Kolkata'"
);
#[cfg(feature = "mysql")]
life!(
    mysql_datetime,
    mysql,
    diesel::MysqlConnection,
    Datetime,
    NaiveDateTime,
    "DATETIME(6)",
    "(UTC_TIMESTAMP(6))",
    "SET time_zone = '+05:30'"
);
// A TIMESTAMP column is read and written in the session's zone; Diesel sets
// that to UTC when it connects.
#[cfg(feature = "mysql")]
life!(
    mysql_timestamp,
    mysql,
    diesel::MysqlConnection,
    Timestamp,
    NaiveDateTime,
    "TIMESTAMP(6)",
    "CURRENT_TIMESTAMP(6)",
    "SELECT 1"
);
