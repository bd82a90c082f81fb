//! Multi-tenant by schema (PostgreSQL) or database (MySQL): one connection that
//! goes from one to the next.
//!
//! On MySQL and MariaDB a prepared statement keeps the database in which it was
//! prepared, whatever `USE` says later, so Diesel's cache of them must be off.

#[allow(unused_imports)]
use super::{TICKETS, Ticket, TicketRecords, beside, enter, forget, home, tickets};
use crate::support::{Db, Engine, each_engine};
#[allow(unused_imports)]
use diesel::Connection as _;
use diesel::QueryDsl;
#[cfg(feature = "async")]
use diesel_async::AsyncConnection as _;
use handleref::changeset::scan;
use handleref::maintain::{events, without_recording_async};
use handleref::prelude::*;
use handleref::{Changeset, Error, changes, changesets, in_changeset_async};

fn nothing(_: &Db) {}

macro_rules! sql {
    ($conn:expr, $($sql:tt)*) => {
        // Not prepared: MySQL prepares no `USE` and no `BEGIN`.
        batch!($conn, &format!($($sql)*))?
    };
}

/// A tenant with an installation of its own.
macro_rules! tenant {
    ($conn:expr, $db:expr, $name:expr) => {
        sql!($conn, "{}", enter($db.engine, $name));
        sql!($conn, "{TICKETS}");
        drop(go!(handleref::schema![Ticket].install($conn))?);
    };
}

/// Versions, titles and changesets of all records.
macro_rules! past {
    ($conn:expr) => {
        go!(Ticket::records()
            .order(TicketRecords::RECORD_ID)
            .select((
                TicketRecords::VERSION,
                tickets::title,
                TicketRecords::CHANGESET
            ))
            .load::<(i64, String, Option<i64>)>($conn))?
    };
}

/// See above.
macro_rules! prepare_nothing {
    ($conn:expr) => {
        $conn.set_prepared_statement_cache_size(diesel::connection::CacheSize::Disabled);
    };
}

/// SQLite has no tenants by name: a table of an attached file is another model.
fn has_tenants(db: &Db) -> bool {
    db.engine != Engine::Sqlite
}

each_engine! {
    /// Histories, changesets, cursors and events stay apart.
    async fn one_connection_goes_round(db: nothing, conn) {
        let names: Vec<String> = match has_tenants(&db) {
            true => ["a", "b", "c"].iter().map(|it| beside(&db, it)).collect(),
            false => return Ok(()),
        };
        prepare_nothing!(conn);
        for name in &names {
            tenant!(conn, db, name);
        }
        for round in 1..=3 {
            for (at, name) in names.iter().enumerate() {
                sql!(conn, "{}", enter(db.engine, name));
                go!(in_changeset_async(conn, Changeset::by(name.as_str()), async |conn| {
                    for id in 0..=at {
                        let id = round * 10 + id;
                        sql!(conn, "INSERT INTO tickets (id, title) VALUES ({id}, '{name} {id}')");
                    }
                    Ok::<_, Error>(())
                }))?;
            }
        }
        for (at, name) in names.iter().enumerate() {
            sql!(conn, "{}", enter(db.engine, name));
            let report = go!(handleref::schema![Ticket].check(conn))?;
            assert!(report.is_ok(), "{report}");
            let past = past!(conn);
            assert_eq!(past.len(), 3 * (at + 1));
            assert!(past.iter().all(|(version, title, no)| *version == 1 && title.starts_with(name.as_str()) && no.is_some()), "{past:?}");
            let sets = go!(changesets().load(conn))?;
            assert_eq!(sets.len(), 3);
            assert!(sets.iter().all(|one| one.actor.as_ref().is_some_and(|it| it.to_string() == *name)));
            let batch = go!(changes::<Ticket>().load(conn))?;
            assert_eq!(batch.changes.len(), 3 * (at + 1));
            assert_eq!(go!(events().load(conn))?.len(), 1, "the installation");
            assert_eq!(go!(scan().model::<Ticket>().execute(conn))?.total(), 0);
            assert_eq!(go!(Ticket::prune().keep_last(1).execute(conn))?.deleted, 0);
        }
        for name in &names {
            forget(&db, name);
        }
    }

    /// A number of a changeset means nothing in another home, whichever way the
    /// connection goes there, and a changeset ends where it began.
    async fn numbers_stay_at_home(db: nothing, conn) {
        if !has_tenants(&db) {
            return Ok(());
        }
        prepare_nothing!(conn);
        let (a, b) = (beside(&db, "a"), beside(&db, "b"));
        tenant!(conn, db, &a);
        tenant!(conn, db, &b);
        // The number that is next in both.
        for id in 1..=2 {
            go!(in_changeset_async(conn, Changeset::by("b"), async |conn| {
                sql!(conn, "INSERT INTO tickets (id, title) VALUES ({id}, 'of b')");
                Ok::<_, Error>(())
            }))?;
        }
        sql!(conn, "{}", enter(db.engine, &a));
        let engine = db.engine;
        go!(in_changeset_async(conn, Changeset::by("a"), async |conn| {
            sql!(conn, "INSERT INTO tickets (id, title) VALUES (1, 'of a')");
            // By its full name.
            sql!(conn, "INSERT INTO {b}.tickets (id, title) VALUES (3, 'by name')");
            sql!(conn, "{}", enter(engine, &b));
            assert_eq!(go!(handleref::changeset::current_changeset(conn))?, None);
            sql!(conn, "INSERT INTO tickets (id, title) VALUES (4, 'inside')");
            go!(in_changeset_async(conn, Changeset::by("nested"), async |conn| {
                sql!(conn, "INSERT INTO tickets (id, title) VALUES (5, 'nested')");
                sql!(conn, "INSERT INTO {a}.tickets (id, title) VALUES (2, 'around')");
                Ok::<_, Error>(())
            }))?;
            sql!(conn, "INSERT INTO tickets (id, title) VALUES (6, 'after')");
            sql!(conn, "INSERT INTO {a}.tickets (id, title) VALUES (3, 'of a')");
            Ok::<_, Error>(())
        }))?;
        let of_b = past!(conn);
        let sets_of_b = go!(changesets().oldest_first().load(conn))?;
        let numbers: Vec<i64> = sets_of_b.iter().map(|one| one.no.0).collect();
        assert_eq!(numbers.len(), 3);
        let carried: Vec<Option<i64>> = of_b.iter().map(|(_, _, no)| *no).collect();
        assert_eq!(carried, [Some(numbers[0]), Some(numbers[1]), None, None, Some(numbers[2]), None]);
        assert!(sets_of_b.iter().all(|one| one.actor.as_ref().is_some_and(|it| it.to_string() != "a")));
        sql!(conn, "{}", enter(db.engine, &a));
        let sets_of_a = go!(changesets().load(conn))?;
        assert_eq!(sets_of_a.len(), 1);
        let no = sets_of_a[0].no.0;
        let carried: Vec<Option<i64>> = past!(conn).iter().map(|(_, _, no)| *no).collect();
        // On MySQL a session is in one changeset at a time: the inner one is none of a's.
        let around = match db.engine {
            Engine::Postgres => Some(no),
            _ => None,
        };
        assert_eq!(carried, [Some(no), around, Some(no)]);
        let told = go!(sets_of_a[0].changes::<Ticket>().load(conn))?;
        assert_eq!(told.len(), carried.iter().flatten().count(), "{told}");
        forget(&db, &a);
        forget(&db, &b);
    }

    /// One that has recorded nothing at home is forgotten at home, even if a
    /// changeset of another tenant has its number.
    async fn an_empty_changeset_takes_no_one_elses(db: nothing, conn) {
        if !has_tenants(&db) {
            return Ok(());
        }
        prepare_nothing!(conn);
        let (a, b) = (beside(&db, "a"), beside(&db, "b"));
        tenant!(conn, db, &a);
        tenant!(conn, db, &b);
        go!(in_changeset_async(conn, Changeset::by("b"), async |conn| {
            sql!(conn, "INSERT INTO tickets (id, title) VALUES (1, 'of b')");
            Ok::<_, Error>(())
        }))?;
        sql!(conn, "{}", enter(db.engine, &a));
        let engine = db.engine;
        go!(in_changeset_async(conn, Changeset::by("a"), async |conn| {
            sql!(conn, "{}", enter(engine, &b));
            Ok::<_, Error>(())
        }))?;
        assert_eq!(go!(changesets().load(conn))?.len(), 1);
        sql!(conn, "{}", enter(db.engine, &a));
        assert!(go!(changesets().load(conn))?.is_empty());
        forget(&db, &a);
        forget(&db, &b);
    }

    /// The end of a pause is noted where it began.
    async fn a_pause_ends_where_it_began(db: nothing, conn) {
        if !has_tenants(&db) {
            return Ok(());
        }
        prepare_nothing!(conn);
        let (a, b) = (beside(&db, "a"), beside(&db, "b"));
        tenant!(conn, db, &b);
        tenant!(conn, db, &a);
        let engine = db.engine;
        go!(without_recording_async(conn, "of a", async |conn| {
            sql!(conn, "INSERT INTO tickets (id, title) VALUES (1, 'unrecorded')");
            sql!(conn, "{}", enter(engine, &b));
            sql!(conn, "INSERT INTO tickets (id, title) VALUES (1, 'of b')");
            Ok::<_, Error>(())
        }))?;
        assert_eq!(go!(events().load(conn))?.len(), 1);
        // A session of MySQL pauses for all databases.
        let recorded = if db.engine == Engine::Postgres { 1 } else { 0 };
        assert_eq!(past!(conn).len(), recorded);
        sql!(conn, "{}", enter(db.engine, &a));
        assert_eq!(go!(events().load(conn))?.len(), 3);
        assert!(past!(conn).is_empty());
        forget(&db, &a);
        forget(&db, &b);
    }
}

#[cfg(feature = "postgres")]
mod paths {
    use super::*;
    use crate::support::Done;
    use diesel::connection::SimpleConnection;
    use diesel::{PgConnection, RunQueryDsl};

    fn count(conn: &mut PgConnection, of: &str) -> i64 {
        #[derive(diesel::QueryableByName)]
        struct Count {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            count: i64,
        }
        let sql = format!("SELECT count(*) AS count FROM {of}");
        diesel::sql_query(sql)
            .get_result::<Count>(conn)
            .unwrap()
            .count
    }

    /// Two schemas on one path: what is found behind the first is somebody else's.
    mod what_is_behind_is_somebody_elses {
        use super::*;

        #[test]
        fn postgres() -> Done {
            let db = Db::postgres();
            let (a, b) = (home(&db), beside(&db, "b"));
            let conn = &mut db.connect::<PgConnection>();
            let schema = handleref::schema![Ticket];
            conn.batch_execute(TICKETS)?;
            schema.install(conn)?;
            conn.batch_execute(
                "INSERT INTO tickets (id, title) VALUES (1, 'a'); UPDATE tickets SET title = 'aa'",
            )?;
            conn.batch_execute(&format!("SET search_path = {b}, {a}; {TICKETS}"))?;

            // Not installed: nothing of a's is touched.
            let refused = |result: Result<(), Error>| {
                assert!(
                    matches!(result, Err(Error::NotInstalled { .. })),
                    "{result:?}"
                );
            };
            refused(Ticket::prune().keep_last(1).execute(conn).map(drop));
            refused(
                Ticket::erase(1)
                    .column_with(tickets::title, "'x'")
                    .execute(conn)
                    .map(drop),
            );
            refused(Ticket::backfill().execute(conn).map(drop));
            refused(scan().model::<Ticket>().execute(conn).map(drop));
            refused(Ticket::hold(conn, &1, "none").map(drop));
            assert_eq!(count(conn, &format!("{a}.ticket_records")), 2);

            let plan = schema.install(conn)?;
            assert!(!plan.is_empty());
            for table in [
                "ticket_records",
                "handleref_recordings",
                "handleref_changesets",
                "handleref_events",
            ] {
                assert_eq!(
                    count(
                        conn,
                        &format!("pg_class WHERE oid = to_regclass('{b}.{table}')")
                    ),
                    1,
                    "{table}"
                );
            }
            assert!(schema.plan(conn)?.is_empty());
            conn.batch_execute(
                "INSERT INTO tickets (id, title) VALUES (1, 'b'); UPDATE tickets SET title = 'bb'",
            )?;
            assert_eq!(count(conn, &format!("{a}.ticket_records")), 2);
            assert_eq!(count(conn, "ticket_records"), 2);
            Ticket::erase(1)
                .column_with(tickets::title, "'x'")
                .execute(conn)?;
            Ticket::prune().keep_last(1).execute(conn)?;
            assert_eq!(
                count(conn, &format!("{a}.ticket_records WHERE title LIKE 'a%'")),
                2
            );
            // A part that is missing here is missing, though it is there behind.
            conn.batch_execute(&format!("DROP TABLE {b}.handleref_holds"))?;
            assert!(!schema.check(conn)?.is_ok());
            schema.install(conn)?;
            assert_eq!(
                count(
                    conn,
                    &format!("pg_class WHERE oid = to_regclass('{b}.handleref_holds')")
                ),
                1
            );
            conn.batch_execute(&format!("SET search_path = {a}"))?;
            assert!(schema.check(conn)?.is_ok());
            conn.batch_execute("UPDATE tickets SET title = 'aaa'")?;
            assert_eq!(count(conn, "ticket_records"), 3);
            forget(&db, &b);
            Ok(())
        }
    }

    /// A table that is found behind the first schema keeps everything beside it.
    mod a_table_behind {
        use super::*;

        #[test]
        fn postgres() -> Done {
            let db = Db::postgres();
            let (a, own) = (home(&db), beside(&db, "own"));
            let conn = &mut db.connect::<PgConnection>();
            let schema = handleref::schema![Ticket];
            conn.batch_execute(&format!("{TICKETS}; SET search_path = {own}, {a}"))?;
            schema.install(conn)?;
            let plan = schema.plan(conn)?;
            assert!(plan.is_empty(), "{plan}");
            assert_eq!(
                count(
                    conn,
                    &format!("pg_class WHERE relnamespace = '{own}'::regnamespace")
                ),
                0
            );
            record(conn)?;
            // Without the schema in front it is the same installation.
            conn.batch_execute(&format!("SET search_path = {a}"))?;
            let plan = schema.plan(conn)?;
            assert!(plan.is_empty(), "{plan}");
            assert_eq!(
                count(conn, "ticket_records WHERE record_changeset IS NOT NULL"),
                1
            );
            forget(&db, &own);
            Ok(())
        }

        fn record(conn: &mut PgConnection) -> Result<(), Error> {
            handleref::in_changeset(conn, Changeset::by("ann"), |conn| {
                conn.batch_execute("INSERT INTO tickets (id, title) VALUES (1, 'a')")?;
                Ok::<_, Error>(())
            })
        }
    }

    /// Recorded tables in two schemas have no common numbers.
    mod one_program_in_two_schemas {
        use super::*;
        use crate::support::recorded::{self, Author, Label, Paper};

        #[test]
        fn postgres() -> Done {
            let db = Db::postgres();
            let (a, b) = (home(&db), beside(&db, "b"));
            recorded::bare_papers(&db);
            let conn = &mut db.connect::<PgConnection>();
            conn.batch_execute(&format!("SET search_path = {b}, {a}; {TICKETS}"))?;
            let schema = handleref::schema![Ticket, Author, Paper, Label];
            let refused = schema.install(conn).unwrap_err();
            assert!(
                matches!(&refused, Error::Schema(problems) if problems.len() == 3),
                "{refused}"
            );
            assert!(refused.to_string().contains(&a), "{refused}");
            forget(&db, &b);
            Ok(())
        }
    }

    /// One program, one connection, a hundred tenants.
    mod a_hundred {
        use super::*;

        #[test]
        fn postgres() -> Done {
            let db = Db::postgres();
            let conn = &mut db.connect::<PgConnection>();
            let schema = handleref::schema![Ticket];
            let names: Vec<String> = (0..100).map(|at| beside(&db, &format!("t{at}"))).collect();
            for name in &names {
                conn.batch_execute(&format!(
                    "SET search_path = {name}, {}; {TICKETS}",
                    home(&db)
                ))?;
                schema.install(conn)?;
            }
            for round in 0..3 {
                for (at, name) in names.iter().enumerate() {
                    conn.batch_execute(&format!("SET search_path = {name}, {}", home(&db)))?;
                    handleref::in_changeset(conn, Changeset::by(name.as_str()), |conn| {
                        for id in 0..=(at % 4) {
                            let id = id * 10 + round;
                            conn.batch_execute(&format!(
                                "INSERT INTO tickets (id, title) VALUES ({id}, '{name}')"
                            ))?;
                        }
                        Ok::<_, Error>(())
                    })?;
                }
            }
            for (at, name) in names.iter().enumerate() {
                conn.batch_execute(&format!("SET search_path = {name}, {}", home(&db)))?;
                let past: Vec<(String, Option<i64>)> = Ticket::records()
                    .select((tickets::title, TicketRecords::CHANGESET))
                    .load(conn)?;
                assert_eq!(past.len(), 3 * (at % 4 + 1), "{name}");
                assert!(
                    past.iter().all(|(title, no)| title == name && no.is_some()),
                    "{past:?}"
                );
                assert_eq!(changesets().by(name.as_str()).count(conn)?, 3);
                assert_eq!(changesets().count(conn)?, 3);
                let plan = schema.plan(conn)?;
                assert!(plan.is_empty(), "{plan}");
                forget(&db, name);
            }
            Ok(())
        }
    }
}

/// A changeset of one file of SQLite is none of an attached one.
#[cfg(feature = "sqlite")]
mod attached {
    use super::*;
    use crate::support::Done;
    use diesel::connection::SimpleConnection;
    use diesel::{RunQueryDsl, SqliteConnection};

    #[test]
    fn sqlite() -> Done {
        let (one, other) = (Db::sqlite(), Db::sqlite());
        for db in [&one, &other] {
            db.execute(TICKETS);
            db.install(&handleref::schema![Ticket]);
        }
        let conn = &mut one.connect::<SqliteConnection>();
        conn.batch_execute(&format!("ATTACH '{}' AS b", other.url))?;
        handleref::in_changeset(conn, Changeset::by("ann"), |conn| {
            conn.batch_execute("INSERT INTO tickets (id, title) VALUES (1, 'a'); INSERT INTO b.tickets (id, title) VALUES (1, 'b')")?;
            Ok::<_, Error>(())
        })?;
        let carried = |db: &Db| -> Vec<Option<i64>> {
            let conn = &mut db.connect::<SqliteConnection>();
            Ticket::records()
                .select(TicketRecords::CHANGESET)
                .load(conn)
                .unwrap()
        };
        assert_eq!(
            (carried(&one), carried(&other)),
            (vec![Some(1)], vec![None])
        );
        Ok(())
    }
}
