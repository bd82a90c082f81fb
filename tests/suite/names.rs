//! Reserved words, blanks, quotes and other alphabets as names of tables and
//! columns, through the schema, every operation on a row, and a family.

use crate::support::{Db, Engine, each_engine};
use chrono::NaiveDateTime;
use diesel::prelude::ExpressionMethods;
use diesel::{Identifiable, QueryDsl, Queryable, Selectable, SelectableHelper};
use handleref::Outcome;
use handleref::prelude::*;

diesel::table! {
    #[sql_name = "order"]
    orders (id) {
        id -> Integer,
        #[sql_name = "group"]
        team -> Text,
        #[sql_name = "naïve \" name"]
        odd -> Nullable<Text>,
        #[sql_name = "the version"]
        version -> BigInt,
        #[sql_name = "update"]
        updated_at -> Timestamp,
        #[sql_name = "delete"]
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    #[sql_name = "заказ"]
    lines (id) {
        id -> Integer,
        #[sql_name = "references"]
        order_id -> Integer,
        #[sql_name = "delete"]
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = orders)]
#[handleref(cascade(Line))]
pub struct Order {
    pub id: i32,
    #[handleref(unique)]
    pub team: String,
    pub odd: Option<String>,
    pub version: i64,
    pub updated_at: NaiveDateTime,
    pub deleted_at: Option<NaiveDateTime>,
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = lines)]
#[handleref(parent(Order))]
pub struct Line {
    pub id: i32,
    pub order_id: i32,
    pub deleted_at: Option<NaiveDateTime>,
}

/// The tables without the managed columns, which the schema adds.
fn bare(db: &Db) {
    for sql in [
        "CREATE TABLE \"order\" (id INTEGER PRIMARY KEY, \"group\" VARCHAR(60) NOT NULL, \"naïve \"\" name\" VARCHAR(60))",
        "CREATE TABLE \"заказ\" (id INTEGER PRIMARY KEY, \"references\" INTEGER NOT NULL)",
    ] {
        let mysql = sql
            .replace("\"\"", "\u{0}")
            .replace('"', "`")
            .replace('\u{0}', "\"");
        db.execute(if db.engine == Engine::Mysql {
            &mysql
        } else {
            sql
        });
    }
}

each_engine! {
    async fn everything_is_quoted(db: bare, conn) {
        let schema = handleref::schema![Order, Line];
        go!(schema.install(conn))?;
        assert!(go!(schema.check(conn))?.is_ok());
        go!(diesel::insert_into(orders::table).values((orders::id.eq(1), orders::team.eq("a"))).execute(conn))?;
        go!(diesel::insert_into(lines::table).values((lines::id.eq(1), lines::order_id.eq(1))).execute(conn))?;
        let mut order: Order = go!(Order::undeleted().select(Order::as_select()).first(conn))?;
        order.odd = Some("x".to_owned());
        assert_eq!(go!(order.save(conn))?, Outcome::Written);
        assert_eq!(go!(order.save(conn))?, Outcome::Unchanged);
        assert_eq!(go!(handleref::update(orders::table).set(orders::team.eq("b")).execute(conn))?, 1);
        go!(diesel::update(orders::table).set(orders::team.eq("c")).execute(conn))?;
        go!(order.reload(conn))?;
        assert_eq!((order.version, order.team.as_str()), (4, "c"));
        go!(order.delete(conn))?;
        assert_eq!(go!(Line::deleted().count().get_result::<i64>(conn))?, 1);
        // The value is free again among the living.
        go!(diesel::insert_into(orders::table).values((orders::id.eq(2), orders::team.eq("c"))).execute(conn))?;
        assert!(go!(order.restore(conn)).is_err());
        go!(diesel::delete(orders::table.find(2)).execute(conn))?;
        go!(order.restore(conn))?;
        assert_eq!(go!(Line::deleted().count().get_result::<i64>(conn))?, 0);
        assert_eq!(order.version, 6);
        assert_eq!(go!(Order::since(5).count().get_result::<i64>(conn))?, 1);
    }
}

/// A table in another schema.
#[cfg(feature = "postgres")]
mod another_schema {
    use super::*;
    use crate::support::Done;
    use diesel::RunQueryDsl;

    diesel::table! {
        handleref_other.things (id) {
            id -> Integer,
            version -> BigInt,
            deleted_at -> Nullable<Timestamp>,
        }
    }

    #[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
    #[diesel(table_name = things)]
    #[handleref(hooks)]
    pub struct Thing {
        pub id: i32,
        pub version: i64,
        pub deleted_at: Option<NaiveDateTime>,
    }

    impl handleref::Hooks<diesel::PgConnection> for Thing {
        fn after_delete(
            rows: &[Self],
            conn: &mut diesel::PgConnection,
        ) -> Result<(), handleref::HookError> {
            assert_eq!(rows.len(), 1);
            let deleted: i64 = Self::deleted().count().get_result(conn)?;
            assert_eq!(deleted, 1);
            Ok(())
        }
    }

    #[test]
    fn postgres() -> Done {
        let db = Db::postgres();
        db.execute("DROP SCHEMA IF EXISTS handleref_other CASCADE; CREATE SCHEMA handleref_other; CREATE TABLE handleref_other.things (id INTEGER PRIMARY KEY)");
        let conn = &mut db.connect::<diesel::PgConnection>();
        handleref::schema![Thing].install(conn)?;
        diesel::insert_into(things::table)
            .values(things::id.eq(1))
            .execute(conn)?;
        let mut thing: Thing = Thing::undeleted().first(conn)?;
        assert_eq!(thing.delete(conn)?, Outcome::Written);
        assert_eq!(thing.restore(conn)?, Outcome::Written);
        handleref::update(things::table)
            .set(things::id.eq(2))
            .execute(conn)?;
        let version: i64 = things::table.select(things::version).first(conn)?;
        assert_eq!(version, 4);
        db.execute("DROP SCHEMA handleref_other CASCADE");
        Ok(())
    }
}
