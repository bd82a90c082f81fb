//! Transactions that the engine has ended, and that must not go on.

use crate::support::recorded::{Paper, PaperRecords, papers};
use crate::support::{Db, Engine, each_engine};
use diesel::{ExpressionMethods, QueryDsl, SelectableHelper};
use handleref::prelude::*;
use handleref::{Changeset, Error, ErrorClass, Outcome, changesets, in_changeset_async, recover};

macro_rules! paper {
    ($conn:expr, $id:expr) => {
        go!(diesel::insert_into(papers::table)
            .values((
                papers::id.eq($id),
                papers::title.eq(format!("paper {}", $id))
            ))
            .execute($conn))?
    };
}
macro_rules! load {
    ($conn:expr, $id:expr) => {
        go!(papers::table
            .find($id)
            .select(Paper::as_select())
            .first::<Paper>($conn))?
    };
}
macro_rules! ids {
    ($conn:expr) => {
        go!(papers::table
            .select(papers::id)
            .order(papers::id)
            .load::<i32>($conn))?
    };
}

/// A session whose snapshot is kept, and looked after.
macro_rules! snapshots {
    ($db:expr, $conn:expr) => {
        match $db.engine {
            Engine::Sqlite => true,
            Engine::Postgres => {
                go!(diesel::sql_query(
                    "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ"
                )
                .execute($conn))?;
                true
            }
            // MySQL proper and older ones do not have it.
            Engine::Mysql => {
                go!(diesel::sql_query("SET SESSION innodb_snapshot_isolation = ON").execute($conn))
                    .is_ok()
            }
        }
    };
}

/// Another connection writes the first paper, and commits.
fn elsewhere(db: &Db) {
    db.execute("UPDATE papers SET title = 'elsewhere', views = views + 1 WHERE id = 1");
}

each_engine! {
    /// A row that is newer than the snapshot. Whoever goes on after the error
    /// does not commit what is left; whoever repeats it all, does.
    async fn a_newer_row(db: crate::support::recorded::papers, conn) {
        paper!(conn, 1);
        if !snapshots!(db, conn) {
            return Ok(());
        }
        let mut said = None;
        let done = transaction!(conn, conn, {
            let mut paper = load!(conn, 1);
            if db.engine != Engine::Sqlite {
                paper!(conn, 5);
            }
            elsewhere(&db);
            paper.title = "mine".to_owned();
            said = go!(paper.save(conn)).err();
            // Goes on as if nothing had happened.
            let _ = go!(diesel::sql_query("INSERT INTO papers (id, title, views) VALUES (6, 'six', 0)").execute(conn));
            Ok::<_, Error>(())
        });
        let said = said.unwrap();
        assert!(said.is_retryable(), "{said}");
        let expected: &[i32] = match db.engine {
            // Only the statement failed; but nothing can be written in this transaction.
            Engine::Sqlite => { assert!(matches!(said, Error::Conflict { lost: false, .. })); &[1] }
            // Diesel is told that the commit went well, but it was none.
            Engine::Postgres => &[1],
            Engine::Mysql => {
                assert!(matches!(said, Error::Conflict { lost: true, .. }), "{said:?}");
                assert!(done.is_err(), "the rest was committed");
                &[1]
            }
        };
        go!(recover(conn))?;
        assert_eq!(ids!(conn), expected);
        let other = &mut connect!(db);
        assert_eq!(ids!(other), expected);
        // The same again, from the beginning.
        transaction!(conn, conn, {
            let mut paper = load!(conn, 1);
            paper.title = "mine".to_owned();
            go!(paper.save(conn))?;
            Ok::<_, Error>(())
        })?;
        assert_eq!(load!(other, 1).title, "mine");
    }

    /// A lock that somebody else has, and that is not waited for, by a statement of
    /// ours and by one of the user's: the same succeeds once it is free, unless the
    /// row is another one by then.
    async fn a_lock_that_is_taken(db: crate::support::recorded::papers, conn) {
        paper!(conn, 1);
        let other = &mut connect!(db);
        let (begin, impatient, own) = match db.engine {
            Engine::Sqlite => ("BEGIN IMMEDIATE", "PRAGMA busy_timeout = 0", "UPDATE papers SET views = 1"),
            Engine::Postgres => ("BEGIN", "SET lock_timeout = 1", "SELECT id FROM papers FOR UPDATE NOWAIT"),
            Engine::Mysql => ("BEGIN", "SET innodb_lock_wait_timeout = 0", "SELECT id FROM papers FOR UPDATE NOWAIT"),
        };
        batch!(conn, impatient)?;
        let mut paper = load!(conn, 1);
        paper.title = "mine".to_owned();
        for end in ["ROLLBACK", "COMMIT"] {
            batch!(other, begin)?;
            go!(diesel::sql_query("UPDATE papers SET title = 'elsewhere' WHERE id = 1").execute(other))?;
            let refused = go!(paper.save(conn)).unwrap_err();
            assert!(refused.is_retryable(), "{refused:?}");
            let refused = Error::from(go!(diesel::sql_query(own).execute(conn)).unwrap_err());
            assert!(refused.is_retryable(), "{refused:?}");
            batch!(other, end)?;
            let repeated = go!(paper.save(conn));
            if end == "ROLLBACK" {
                assert_eq!(repeated?, Outcome::Written);
                paper.title = "mine again".to_owned();
                continue;
            }
            let stale = repeated.unwrap_err();
            assert_eq!(stale.class(), ErrorClass::Reload, "{stale:?}");
            go!(paper.reload(conn))?;
            paper.title = "mine again".to_owned();
            assert_eq!(go!(paper.save(conn))?, Outcome::Written);
        }
    }

    /// The same in transactions of our own: the error is told, and the
    /// connection is as it was.
    async fn in_a_changeset(db: crate::support::recorded::papers, conn) {
        paper!(conn, 1);
        if !snapshots!(db, conn) {
            return Ok(());
        }
        for swallowed in [false, true] {
            let done = go!(in_changeset_async(conn, Changeset::by("ann"), async |conn| {
                let mut paper = load!(conn, 1);
                if db.engine != Engine::Sqlite {
                    elsewhere(&db);
                }
                paper.title = format!("mine {swallowed}");
                let saved = go!(paper.save(conn));
                if !swallowed {
                    saved?;
                }
                Ok::<_, Error>(())
            }));
            match (db.engine, swallowed) {
                // Whoever opens a changeset is the only writer there.
                (Engine::Sqlite, _) => assert!(done.is_ok(), "{done:?}"),
                (_, false) => assert!(matches!(&done, Err(error) if error.is_retryable()), "{done:?}"),
                (_, true) => assert!(done.is_err()),
            }
            assert_eq!(ids!(conn), [1]);
            assert_eq!(go!(handleref::changeset::current_changeset(conn))?, None);
        }
        let changesets = go!(changesets().count(conn))?;
        let carried: i64 = go!(Paper::history_of(1).filter(PaperRecords::CHANGESET.is_not_null()).count().get_result(conn))?;
        assert_eq!(changesets, carried);
    }
}

/// A deadlock in a savepoint. The victim is told, and what it goes on to write is
/// committed with the rest of its transaction, or not at all.
#[allow(unused_macros)]
macro_rules! deadlocks {
    ($($engine:ident $conn:ty;)*) => { $(
        #[test]
        fn $engine() -> crate::support::Done {
            use crate::support::go_sync as go;
            use diesel::{Connection, RunQueryDsl};
            let db = Db::$engine();
            papers_of(&db);
            let conn = &mut db.connect::<$conn>();
            for id in [1, 2] {
                paper!(conn, id);
            }
            let both_hold_one = std::sync::Barrier::new(2);
            let writer = |mine: i32, other: i32| -> Result<(Option<Error>, bool), Error> {
                let conn = &mut db.connect::<$conn>();
                if db.engine == Engine::Mysql {
                    // Else the triggers' reads may lock what is beside a row.
                    diesel::sql_query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
                        .execute(conn)?;
                }
                let mut said = None;
                let done = conn.transaction::<_, Error, _>(|conn| {
                    let mut paper = load!(conn, mine);
                    paper.title = format!("{mine} by {mine}");
                    paper.save(conn)?;
                    both_hold_one.wait();
                    let mut paper = load!(conn, other);
                    paper.title = format!("{other} by {mine}");
                    said = conn.transaction::<_, Error, _>(|conn| paper.save(conn)).err();
                    if said.as_ref().is_some_and(Error::is_retryable) {
                        let _ = diesel::insert_into(papers::table)
                            .values((papers::id.eq(10 + mine), papers::title.eq(format!("after {mine}"))))
                            .execute(conn);
                    }
                    Ok(())
                });
                recover(conn)?;
                assert_eq!(papers::table.filter(papers::id.le(2)).count().get_result::<i64>(conn)?, 2);
                Ok((said, done.is_ok()))
            };
            let (one, two) = std::thread::scope(|scope| {
                let one = scope.spawn(|| writer(1, 2));
                let two = scope.spawn(|| writer(2, 1));
                (one.join().unwrap(), two.join().unwrap())
            });
            let (one, two) = (one?, two?);
            let (victim, other, id) = match (&one.0, &two.0) {
                (Some(error), _) if error.is_retryable() => (one, two, 1),
                _ => (two, one, 2),
            };
            let said = victim.0.unwrap();
            assert!(said.is_retryable(), "{said:?}");
            assert!(other.1);
            let stored = ids!(conn);
            match db.engine {
                Engine::Mysql => {
                    assert!(matches!(said, Error::Conflict { lost: true, .. }), "{said:?}");
                    assert!(!victim.1, "the rest was committed");
                    assert_eq!(stored, [1, 2]);
                    assert!(load!(conn, id).title.ends_with(&format!("by {}", 3 - id)));
                }
                // Its savepoint is rolled back, and no more.
                _ => {
                    assert!(victim.1);
                    assert_eq!(stored, [1, 2, 10 + id]);
                }
            }
            Ok(())
        }
    )* };
}
use crate::support::recorded::papers as papers_of;

mod a_deadlock_in_a_savepoint {
    #[allow(unused_imports)]
    use super::*;
    #[cfg(feature = "postgres")]
    deadlocks!(postgres diesel::PgConnection;);
    #[cfg(feature = "mysql")]
    deadlocks!(mysql diesel::MysqlConnection;);
}

/// A trigger of the user's that rolls everything back.
mod a_trigger_that_rolls_back {
    #[cfg(feature = "sqlite")]
    #[test]
    fn sqlite() -> crate::support::Done {
        use super::*;
        use crate::support::go_sync as go;
        use diesel::{Connection, RunQueryDsl};
        let db = Db::sqlite();
        papers_of(&db);
        db.execute(
            "CREATE TRIGGER never BEFORE UPDATE ON papers WHEN NEW.title = 'never' BEGIN SELECT RAISE(ROLLBACK, 'never'); END",
        );
        let conn = &mut db.connect::<diesel::SqliteConnection>();
        paper!(conn, 1);
        let mut said = None;
        let done = conn.transaction::<_, Error, _>(|conn| {
            paper!(conn, 2);
            let mut paper = load!(conn, 1);
            paper.title = "never".to_owned();
            said = conn
                .transaction::<_, Error, _>(|conn| paper.save(conn))
                .err();
            paper!(conn, 3);
            Ok(())
        });
        assert!(matches!(said, Some(Error::RolledBack { .. })), "{said:?}");
        assert!(done.is_err());
        recover(conn)?;
        assert_eq!(ids!(conn), [1]);
        let changeset = handleref::in_changeset(conn, Changeset::by("ann"), |conn| {
            paper!(conn, 2);
            diesel::update(papers::table)
                .set(papers::title.eq("never"))
                .execute(conn)?;
            Ok::<_, Error>(())
        });
        assert!(changeset.is_err());
        assert_eq!(ids!(conn), [1]);
        paper!(conn, 4);
        assert_eq!(ids!(&mut db.connect::<diesel::SqliteConnection>()), [1, 4]);
        Ok(())
    }
}
