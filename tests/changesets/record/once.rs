//! What is done only once.

use super::*;
use crate::support::{Done, each_engine};
use handleref::changesets;

macro_rules! once {
    ($conn:expr, $key:expr, $id:expr) => {
        go!(in_changeset_async(
            $conn,
            Changeset::by("job").once($key),
            async |conn| {
                book!(conn, $id);
                Ok::<_, Error>(())
            }
        ))
    };
}

fn repeats(result: &Result<(), Error>) -> Option<i64> {
    match result {
        Err(Error::Repeated { changeset }) => Some(changeset.0),
        _ => None,
    }
}

each_engine! {
    /// The second one is refused, and names the first.
    async fn a_key_is_given_once(_db: tables, conn) {
        once!(conn, "a", 1)?;
        let first = go!(changesets().once("a").load(conn))?;
        assert_eq!(first.len(), 1);
        for _ in 0..2 {
            let again = once!(conn, "a", 2);
            assert_eq!(repeats(&again), Some(first[0].no.0), "{again:?}");
        }
        // Another key, by whatever it differs, and none.
        for (key, id) in [("A", 3), ("\u{e4}", 4), ("aa", 5)] {
            once!(conn, key, id)?;
        }
        book!(conn, 6);
        let found: Vec<i32> = go!(books::table.select(books::id).order(books::id).load(conn))?;
        assert_eq!(found, [1, 3, 4, 5, 6]);
        assert_eq!(stored!(conn).len(), 4);
        // Other violations stay what they are.
        let other = once!(conn, "b", 6);
        assert!(matches!(other, Err(Error::Database(_))), "{other:?}");
        once!(conn, "b", 7)?;
    }

    /// What failed, or recorded nothing, leaves its key.
    async fn what_was_not_done_may_be_done(_db: tables, conn) {
        let failed = go!(in_changeset_async(conn, Changeset::by("job").once("a"), async |conn| {
            book!(conn, 1);
            Err::<(), _>(refused())
        }));
        assert!(failed.is_err());
        go!(in_changeset_async(conn, Changeset::by("job").once("a"), async |_| Ok::<_, Error>(())))?;
        once!(conn, "a", 1)?;
        assert!(repeats(&once!(conn, "a", 2)).is_some());
    }

    /// In another changeset there can be no key, nor one that an engine would not tell from another.
    async fn keys_that_cannot_be(_db: tables, conn) {
        once!(conn, "a", 1)?;
        let inside = go!(in_changeset_async(conn, Changeset::by("job"), async |conn| {
            book!(conn, 4);
            let nested = once!(conn, "b", 5);
            assert!(matches!(nested, Err(Error::NotStorable { what: "key of a changeset", .. })), "{nested:?}");
            Ok::<_, Error>(())
        }));
        inside?;
        for wrong in ["", "a ", "a\0", &"k".repeat(192)] {
            let refused = once!(conn, wrong, 6);
            assert!(matches!(refused, Err(Error::NotStorable { .. })), "{refused:?}");
        }
        let found: Vec<i32> = go!(books::table.select(books::id).order(books::id).load(conn))?;
        assert_eq!(found, [1, 4]);
    }

    /// A database that was installed before there were keys gets all that they need.
    async fn a_database_from_before(db: tables, conn) {
        let before: &[&str] = match db.engine {
            Engine::Sqlite => &["DROP INDEX handleref_changesets_once_key"],
            Engine::Postgres => &["DROP FUNCTION handleref_once(text, text)"],
            Engine::Mysql => &["DROP PROCEDURE handleref_once"],
        };
        for sql in before.iter().chain(&[
            "ALTER TABLE handleref_changesets DROP COLUMN once_key",
            "ALTER TABLE handleref_changesets DROP COLUMN once_print",
        ]) {
            batch!(conn, sql)?;
        }
        // Without a key all is as it was.
        go!(in_changeset_async(conn, Changeset::by("job"), async |conn| {
            book!(conn, 1);
            Ok::<_, Error>(())
        }))?;
        assert!(once!(conn, "a", 2).is_err());
        db.install(&handleref::schema![Shelf, Book, required::Ledger]);
        once!(conn, "a", 2)?;
        assert!(repeats(&once!(conn, "a", 3)).is_some());
        let found: Vec<i32> = go!(books::table.select(books::id).order(books::id).load(conn))?;
        assert_eq!(found, [1, 2]);
        assert_eq!(stored!(conn).len(), 2);
    }
}

/// Of many at the same time one does it, and the others are told which.
macro_rules! at_the_same_time {
    ($($(#[$there:meta])? $name:ident $conn:ty;)*) => { $(
        $(#[$there])?
        #[test]
        fn $name() -> Done {
            let db = Db::$name();
            tables(&db);
            let barrier = std::sync::Barrier::new(8);
            let attempt = |id: i32| {
                let conn = &mut db.connect::<$conn>();
                barrier.wait();
                loop {
                    let meta = Changeset::by("job").once("nightly");
                    let done = handleref::in_changeset(conn, meta, |conn| {
                        diesel::RunQueryDsl::execute(
                            diesel::insert_into(books::table)
                                .values((books::id.eq(id), books::title.eq("-"), books::owner.eq("-"))),
                            conn,
                        )?;
                        Ok::<_, Error>(())
                    });
                    match done {
                        Err(error) if error.is_retryable() => {}
                        ended => break ended,
                    }
                }
            };
            let ended: Vec<Result<(), Error>> = std::thread::scope(|scope| {
                let all: Vec<_> = (1..=8).map(|id| scope.spawn(move || attempt(id))).collect();
                all.into_iter().map(|one| one.join().unwrap()).collect()
            });
            let conn = &mut db.connect::<$conn>();
            let all = changesets().load(conn)?;
            assert_eq!(all.len(), 1);
            assert_eq!(ended.iter().filter(|one| one.is_ok()).count(), 1, "{ended:?}");
            let told = ended.iter().filter(|one| repeats(one) == Some(all[0].no.0));
            assert_eq!(told.count(), 7, "{ended:?}");
            // In a transaction of the caller, which goes on.
            use diesel::Connection as _;
            conn.transaction(|conn| {
                let meta = Changeset::by("job").once("nightly");
                let again = handleref::in_changeset(conn, meta, |_| Ok::<_, Error>(()));
                assert!(repeats(&again).is_some(), "{again:?}");
                diesel::RunQueryDsl::execute(diesel::delete(books::table), conn)
            })?;
            let books: i64 = diesel::RunQueryDsl::get_result(books::table.count(), conn)?;
            assert_eq!(books, 0);
            Ok(())
        }
    )* };
}

mod crowded {
    use super::*;
    at_the_same_time! {
        #[cfg(feature = "sqlite")]
        sqlite diesel::SqliteConnection;
        #[cfg(feature = "postgres")]
        postgres diesel::PgConnection;
        #[cfg(feature = "mysql")]
        mysql diesel::MysqlConnection;
    }
}
