//! Changesets in two calls.

use super::*;
use crate::support::each_engine;

each_engine! {
    /// What happens between the two calls is one changeset, as in a closure.
    async fn start_and_stop(db: tables, conn) {
        let other = &mut connect!(db);
        book!(conn, 1);
        let mut open = go!(open_changeset(conn, Changeset::by("ann").comment("why")))?;
        // Diesel and handleref alike.
        book!(&mut *open, 2);
        let mut book = load_book!(&mut *open, 1);
        book.title = "saved".to_owned();
        go!(book.save(&mut *open))?;
        go!(handleref::delete(books::table.find(2)).execute(&mut *open))?;
        let inside = go!(current_changeset(&mut *open))?;
        assert!(stored!(other).is_empty() && inserted!(other) == [(1, None)]);
        assert!(format!("{open:?}").contains("OpenChangeset"));
        let stopped = go!(open.close())?;
        assert!(stopped.is_some());
        assert_eq!(stopped, inside);
        assert_eq!(go!(current_changeset(conn))?, None);
        book!(conn, 3);
        let stored = stored!(other);
        assert_eq!(stored.len(), 1);
        assert_eq!(stopped, Some(ChangesetNo(stored[0].id)));
        assert_eq!((stored[0].actor.as_deref(), stored[0].comment.as_deref()), (Some("ann"), Some("why")));
        assert!(stored[0].last_record.is_some());
        let no = Some(stored[0].id);
        assert_eq!(carried!(other), [
            (1, Operation::Insert, None), (2, Operation::Insert, no), (1, Operation::Update, no),
            (2, Operation::SoftDelete, no), (3, Operation::Insert, None),
        ]);
    }

    /// Nothing was recorded: there is no changeset.
    async fn nothing_was_recorded(_db: tables, conn) {
        book!(conn, 1);
        let open = go!(open_changeset(conn, Changeset::by("does nothing")))?;
        assert_eq!(go!(open.close())?, None);
        let mut open = go!(open_changeset(conn, Changeset::by("changes nothing")))?;
        rename!(&mut *open, 1, "1");
        assert_eq!(go!(open.close())?, None);
        assert_eq!(stored!(conn), []);
        assert_eq!(go!(current_changeset(conn))?, None);
    }

    /// Discarded: nothing of it is there, and the connection is as before.
    async fn discarded(db: tables, conn) {
        book!(conn, 1);
        for _ in 0..2 {
            let mut open = go!(open_changeset(conn, Changeset::by("ann")))?;
            book!(&mut *open, 2);
            rename!(&mut *open, 1, "renamed");
            go!(open.discard())?;
            assert_eq!(go!(current_changeset(conn))?, None);
            assert_eq!(stored!(conn), []);
        }
        // After an error of the database as well.
        let mut open = go!(open_changeset(conn, Changeset::by("ann")))?;
        let failed = go!(diesel::sql_query("this is no SQL").execute(&mut *open));
        assert!(failed.is_err());
        go!(open.discard())?;
        book!(conn, 3);
        let other = &mut connect!(db);
        assert_eq!(carried!(other), [(1, Operation::Insert, None), (3, Operation::Insert, None)]);
        assert_eq!(load_book!(other, 1).title, "1");
        assert_eq!(stored!(other), []);
    }

    /// In a changeset it joins that one; a changeset in it joins it.
    async fn nested(_db: tables, conn) {
        let numbers = go!(in_changeset_async(conn, Changeset::by("outer"), async |conn| {
            let mut open = go!(open_changeset(conn, Changeset::by("inner")))?;
            book!(&mut *open, 1);
            let stopped = go!(open.close())?;
            let mut open = go!(open_changeset(conn, Changeset::by("inner")))?;
            book!(&mut *open, 2);
            go!(open.discard())?;
            book!(conn, 3);
            Ok::<_, Error>((stopped, go!(current_changeset(conn))?))
        }))?;
        assert_eq!(numbers.0, numbers.1);
        let mut open = go!(open_changeset(conn, Changeset::by("opened")))?;
        let inner = go!(in_changeset_async(&mut *open, Changeset::by("inner"), async |conn| {
            book!(conn, 4);
            Ok::<_, Error>(go!(current_changeset(conn))?)
        }))?;
        let mut nested = go!(open_changeset(&mut *open, Changeset::by("nested")))?;
        book!(&mut *nested, 5);
        assert_eq!(go!(nested.close())?, inner);
        assert_eq!(go!(open.close())?, inner);
        book!(conn, 6);
        let stored = stored!(conn);
        let actors: Vec<_> = stored.iter().map(|it| it.actor.as_deref()).collect();
        assert_eq!(actors, [Some("outer"), Some("opened")]);
        let (one, two) = (Some(stored[0].id), Some(stored[1].id));
        assert_eq!((numbers.1, inner), (one.map(ChangesetNo), two.map(ChangesetNo)));
        assert_eq!(inserted!(conn), [(1, one), (3, one), (4, two), (5, two), (6, None)]);
    }

    /// In a transaction of the caller it is a savepoint.
    async fn in_a_transaction_of_the_caller(_db: tables, conn) {
        transaction!(conn, inner, {
            book!(inner, 1);
            let mut open = go!(open_changeset(inner, Changeset::by("kept")))?;
            book!(&mut *open, 2);
            assert!(go!(open.close())?.is_some());
            let mut open = go!(open_changeset(inner, Changeset::by("discarded")))?;
            book!(&mut *open, 3);
            go!(open.discard())?;
            book!(inner, 4);
            Ok(())
        })?;
        let stored = stored!(conn);
        assert_eq!(stored.len(), 1);
        assert_eq!(inserted!(conn), [(1, None), (2, Some(stored[0].id)), (4, None)]);
    }
}

/// Dropped: discarded, at once on a synchronous connection.
macro_rules! dropped {
    ($name:ident, $conn:ty) => {
        #[test]
        fn $name() -> Done {
            use diesel::RunQueryDsl;
            use go_sync as go;
            let db = Db::$name();
            tables(&db);
            let conn = &mut db.connect::<$conn>();
            for _ in 0..2 {
                let mut open = open_changeset(conn, Changeset::by("dropped"))?;
                book!(&mut *open, 1);
                drop(open);
                assert_eq!(current_changeset(conn)?, None);
                assert_eq!(stored!(conn), []);
            }
            // On the way out of a function, too.
            let leaves = |conn: &mut $conn| -> Result<(), Error> {
                let mut open = open_changeset(conn, Changeset::by("dropped"))?;
                book!(&mut *open, 2);
                book!(&mut *open, 2);
                open.close().map(drop)
            };
            assert!(leaves(conn).is_err());
            book!(conn, 3);
            diesel::Connection::transaction::<_, Error, _>(conn, |conn| {
                book!(conn, 4);
                let mut open = open_changeset(conn, Changeset::by("dropped"))?;
                book!(&mut *open, 5);
                drop(open);
                book!(conn, 6);
                Ok(())
            })?;
            // With a transaction of Diesel in it that panicked.
            let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let mut open = open_changeset(conn, Changeset::by("panics")).unwrap();
                diesel::Connection::transaction(&mut *open, |conn| -> Result<(), Error> {
                    book!(conn, 7);
                    std::panic::resume_unwind(Box::new(()))
                })
            }));
            assert!(panicked.is_err());
            book!(conn, 8);
            let other = &mut db.connect::<$conn>();
            assert_eq!(inserted!(other), [3, 4, 6, 8].map(|id| (id, None)));
            assert_eq!(stored!(other), []);
            Ok(())
        }
    };
}

mod dropped {
    use super::*;
    use crate::support::{Done, go_sync};
    #[cfg(feature = "sqlite")]
    dropped!(sqlite, diesel::SqliteConnection);
    #[cfg(feature = "postgres")]
    dropped!(postgres, diesel::PgConnection);
    #[cfg(feature = "mysql")]
    dropped!(mysql, diesel::MysqlConnection);
}

/// On an asynchronous connection nobody can wait for the rollback: it refuses
/// to go on, and nothing of the changeset is ever there.
#[cfg(feature = "async")]
macro_rules! dropped_async {
    ($name:ident, $conn:ty) => {
        #[test]
        fn $name() -> Done {
            use diesel_async::RunQueryDsl;
            use go_async as go;
            block_on(async {
                let db = Db::$name();
                tables(&db);
                let mut conn = db.connect_async::<$conn>().await;
                let mut open = open_changeset(&mut conn, Changeset::by("dropped")).await?;
                book!(&mut *open, 1);
                drop(open);
                let refused = current_changeset(&mut conn).await;
                assert!(
                    matches!(
                        refused,
                        Err(Error::Database(
                            diesel::result::Error::BrokenTransactionManager
                        ))
                    ),
                    "{refused:?}"
                );
                let refused = open_changeset(&mut conn, Changeset::by("next")).await;
                assert!(refused.map(drop).is_err());
                drop(conn);
                let other = &mut db.connect_async::<$conn>().await;
                // This waits until the server has noticed.
                let mut open = open_changeset(other, Changeset::by("next")).await?;
                book!(&mut *open, 1);
                open.close().await?;
                let stored = stored!(other);
                assert_eq!(stored.len(), 1);
                assert_eq!(inserted!(other), [(1, Some(stored[0].id))]);
                Ok(())
            })
        }
    };
}

#[cfg(feature = "async")]
mod dropped_async {
    use super::*;
    use crate::support::{Done, block_on, go_async};
    #[cfg(feature = "sqlite")]
    dropped_async!(
        sqlite,
        diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>
    );
    #[cfg(feature = "postgres")]
    dropped_async!(postgres, diesel_async::AsyncPgConnection);
    #[cfg(feature = "mysql")]
    dropped_async!(mysql, diesel_async::AsyncMysqlConnection);
}

/// An open changeset that is dropped says so in a debug build; one that is closed or
/// discarded, or dropped in a panic, says nothing.
#[cfg(feature = "sqlite")]
#[test]
fn a_dropped_changeset_warns() -> crate::support::Done {
    const HOW: &str = "HANDLEREF_TEST_HOW_A_CHANGESET_ENDS";
    const NAME: &str = "record::opened::a_dropped_changeset_warns";
    if let Ok(how) = std::env::var(HOW) {
        let db = Db::sqlite();
        tables(&db);
        let conn = &mut db.connect::<diesel::SqliteConnection>();
        let open = open_changeset(conn, Changeset::by("ann"))?;
        match how.as_str() {
            "closed" => drop(open.close()?),
            "discarded" => open.discard()?,
            "panics" => drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(
                || {
                    let _open = open;
                    std::panic::resume_unwind(Box::new(()));
                },
            ))),
            _ => drop(open),
        }
        return Ok(());
    }
    for how in ["dropped", "closed", "discarded", "panics"] {
        let output = std::process::Command::new(std::env::current_exe()?)
            .args([NAME, "--exact", "--nocapture", "--test-threads=1"])
            .env(HOW, how)
            .output()?;
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(
            output.status.success() && out.contains("1 passed"),
            "{out} {err}"
        );
        let warned = err.contains("a changeset was opened and not closed");
        let expected = how == "dropped" && cfg!(debug_assertions);
        assert_eq!(warned, expected, "{how}: {err}");
    }
    Ok(())
}
