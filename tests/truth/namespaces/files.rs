//! A migration follows the schema in which it is applied.

use super::{TICKETS, Ticket, TicketRecords, home, tickets};
use crate::support::{Db, Engine, each_engine};
use diesel::QueryDsl;
use handleref::prelude::*;
use handleref::{HandleRef, Recorded};
use std::fs;
use std::path::PathBuf;

diesel::table! { rooms (id) { id -> Integer, name -> Text, version -> BigInt, } }
diesel::table! { guests (id) { id -> Integer, room_id -> Integer, } }

/// With expressions of the user's in its triggers.
#[derive(Debug, Clone, PartialEq, diesel::Queryable, diesel::Selectable, HandleRef, Recorded)]
#[diesel(table_name = rooms)]
#[recorded(
    when = "rooms.name <> 'draft'",
    property(guests: BigInt, sql = "(SELECT count(*) FROM guests WHERE guests.room_id = rooms.id)"),
    relative(guests, on = "guests.room_id = rooms.id")
)]
struct Room {
    id: i32,
    name: String,
    version: i64,
}

fn tables(db: &Db) {
    bare(db);
}

fn bare(db: &Db) {
    db.execute(TICKETS);
    db.execute("CREATE TABLE rooms (id INTEGER PRIMARY KEY, name VARCHAR(99) NOT NULL)");
    db.execute("CREATE TABLE guests (id INTEGER PRIMARY KEY, room_id INTEGER NOT NULL)");
}

/// Another tenant, with a connection URL of its own.
fn another(engine: Engine) -> Db {
    match engine {
        #[cfg(feature = "sqlite")]
        Engine::Sqlite => Db::sqlite(),
        #[cfg(feature = "postgres")]
        Engine::Postgres => Db::postgres(),
        #[cfg(feature = "mysql")]
        Engine::Mysql => Db::mysql(),
        #[allow(unreachable_patterns)]
        _ => unreachable!("its feature is off"),
    }
}

/// The texts of `up.sql` and `down.sql`.
fn files(plan: &handleref::schema::Plan, db: &Db) -> (String, String) {
    let name = home(db).replace(['/', '.'], "_");
    let dir = std::env::temp_dir().join(format!("{name}_files"));
    let folder: PathBuf = plan.write_migration(&dir, "recorded").unwrap().unwrap();
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let texts = (read("up.sql"), read("down.sql"));
    fs::remove_dir_all(dir).unwrap();
    texts
}

each_engine! {
    /// Written for one tenant, applied for another one: the first has nothing of it.
    async fn a_file_for_all_tenants(db: tables, conn) {
        let schema = handleref::schema![Ticket, Room];
        let plan = go!(schema.plan(conn))?;
        let (up, down) = files(&plan, &db);
        assert_eq!(plan.to_string(), up, "what is shown is what is written");
        go!(schema.install(conn))?;
        go!(diesel::sql_query("INSERT INTO tickets (id, title) VALUES (1, 'of a')").execute(conn))?;

        let other = another(db.engine);
        bare(&other);
        Db::execute(&other, &up);
        let second = &mut connect!(other);
        let report = go!(schema.check(second))?;
        assert!(report.is_ok(), "{report}");
        for sql in [
            "INSERT INTO tickets (id, title) VALUES (1, 'of b')",
            "UPDATE tickets SET title = 'b, again'",
            "INSERT INTO rooms (id, name) VALUES (7, 'blue')",
            "INSERT INTO guests (id, room_id) VALUES (1, 7)",
        ] {
            go!(diesel::sql_query(sql).execute(second))?;
        }
        let guests = go!(Room::records().order(RoomRecords::RECORD_ID).select(RoomRecords::GUESTS).load::<i64>(second))?;
        assert_eq!(guests, [0, 1]);
        let titles = go!(Ticket::records().order(TicketRecords::RECORD_ID).select(tickets::title).load::<String>(second))?;
        assert_eq!(titles, ["of b", "b, again"]);
        let titles = go!(Ticket::records().select(tickets::title).load::<String>(conn))?;
        assert_eq!(titles, ["of a"]);
        assert_eq!(go!(Room::records().count().get_result::<i64>(conn))?, 0);
        if db.engine != Engine::Sqlite {
            // SQLite drops columns of a table with rows, and no more.
            Db::execute(&other, &down);
            let again = go!(schema.plan(second))?;
            // With rows there, the triggers say more; the parts are the same.
            assert_eq!(again.up().len(), plan.up().len());
        }
        let report = go!(schema.check(conn))?;
        assert!(report.is_ok(), "{report}");
    }
}

#[cfg(feature = "postgres")]
mod refused {
    use super::*;
    use crate::support::Done;
    use diesel::connection::SimpleConnection;
    use diesel::{Connection, PgConnection, RunQueryDsl};

    /// Where the tables are found behind the first schema of the path.
    mod where_the_tables_are_not {
        use super::*;

        #[test]
        fn postgres() -> Done {
            let (db, other) = (Db::postgres(), Db::postgres());
            tables(&db);
            let conn = &mut db.connect::<PgConnection>();
            let schema = handleref::schema![Ticket, Room];
            let (up, _) = files(&schema.plan(conn)?, &db);
            schema.install(conn)?;
            conn.batch_execute(&format!(
                "SET search_path = {}, {}",
                home(&other),
                home(&db)
            ))?;
            let refused = conn
                .transaction(|conn| conn.batch_execute(&up))
                .unwrap_err()
                .to_string();
            assert!(
                refused.contains("is not in the schema") && refused.contains(&home(&other)),
                "{refused}"
            );
            conn.batch_execute(&format!("SET search_path = {}", home(&db)))?;
            assert!(schema.check(conn)?.is_ok());
            Ok(())
        }
    }

    /// What takes back a repair has texts of one schema in it.
    mod what_was_read_from_one_schema {
        use super::*;

        #[test]
        fn postgres() -> Done {
            let (db, other) = (Db::postgres(), Db::postgres());
            for one in [&db, &other] {
                tables(one);
                one.install(&handleref::schema![Ticket]);
            }
            let conn = &mut db.connect::<PgConnection>();
            let schema = handleref::schema![Ticket];
            conn.batch_execute(
                "CREATE OR REPLACE FUNCTION handleref_insert_tickets() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
            )?;
            let plan = schema.plan(conn)?;
            let (up, down) = files(&plan, &db);
            Db::execute(&other, &up);
            let elsewhere = &mut other.connect::<PgConnection>();
            assert!(schema.check(elsewhere)?.is_ok());
            let refused = elsewhere
                .transaction(|conn| conn.batch_execute(&down))
                .unwrap_err()
                .to_string();
            assert!(refused.contains("is refused in"), "{refused}");
            assert!(schema.check(elsewhere)?.is_ok());
            conn.batch_execute(&up)?;
            assert!(schema.check(conn)?.is_ok());
            conn.batch_execute(&down)?;
            assert!(!schema.check(conn)?.is_ok());
            assert_eq!(Ticket::records().count().get_result::<i64>(conn)?, 0);
            Ok(())
        }
    }

    /// Names that need quotes, inside of texts, too.
    mod hostile_names {
        use super::*;

        #[test]
        fn postgres() -> Done {
            let db = Db::postgres();
            tables(&db);
            let conn = &mut db.connect::<PgConnection>();
            let schema = handleref::schema![Ticket, Room];
            let (up, _) = files(&schema.plan(conn)?, &db);
            for hostile in [r#"it's "A" b"#, r"back\slash", "$sql$", "Über.all"] {
                let quoted = format!("\"{}\"", hostile.replace('"', "\"\""));
                conn.batch_execute(&format!(
                    "DROP SCHEMA IF EXISTS {quoted} CASCADE; CREATE SCHEMA {quoted}; SET search_path = {quoted}; {TICKETS}; \
                     CREATE TABLE rooms (id INTEGER PRIMARY KEY, name VARCHAR(99) NOT NULL); \
                     CREATE TABLE guests (id INTEGER PRIMARY KEY, room_id INTEGER NOT NULL)"
                ))?;
                conn.batch_execute(&up)?;
                let report = schema.check(conn)?;
                assert!(report.is_ok(), "{hostile}: {report}");
                conn.batch_execute(
                    "INSERT INTO tickets (id, title) VALUES (1, 'a'), (2, 'b'); UPDATE tickets SET id = id + 10; INSERT INTO rooms (id, name) VALUES (1, 'x')",
                )?;
                assert_eq!(
                    Ticket::records().count().get_result::<i64>(conn)?,
                    6,
                    "{hostile}"
                );
                conn.batch_execute(&format!("DROP SCHEMA {quoted} CASCADE"))?;
            }
            Ok(())
        }
    }
}
