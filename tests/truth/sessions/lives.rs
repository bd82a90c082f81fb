//! One key that is inserted, replaced and deleted, also by several writers at
//! once: its versions rise, and the last record is the row.

use crate::support::recorded::{Paper, PaperRecords, papers};
use crate::support::{Db, Done, Engine, each_engine};
#[allow(unused_imports)]
use diesel::{ExpressionMethods, QueryDsl, SelectableHelper};
use handleref::Error;
use handleref::prelude::*;

/// What a writer does to the key.
fn operations(engine: Engine) -> [&'static str; 4] {
    [
        match engine {
            Engine::Mysql | Engine::Sqlite => {
                "REPLACE INTO papers (id, title, views) VALUES (1, 'replaced', 0)"
            }
            Engine::Postgres => {
                "INSERT INTO papers (id, title, views) VALUES (1, 'upserted', 0) \
                 ON CONFLICT (id) DO UPDATE SET title = papers.title || '.', version = papers.version + 1"
            }
        },
        "INSERT INTO papers (id, title, views) VALUES (1, 'inserted', 0)",
        "DELETE FROM papers WHERE id = 1",
        "UPDATE papers SET title = 'updated', views = views + 1, version = version + 1 WHERE id = 1",
    ]
}

/// Asserts that the versions of a key rise, and that the last record is the row.
macro_rules! assert_rising {
    ($conn:expr, $key:expr, $said:expr) => {{
        use crate::support::recorded::{Paper, PaperRecords, papers};
        use diesel::{QueryDsl, RunQueryDsl, SelectableHelper};
        use handleref::Operation;
        use handleref::prelude::*;
        let history: Vec<(i64, Operation)> = Paper::history_of($key)
            .order(PaperRecords::RECORD_ID)
            .select((PaperRecords::VERSION, PaperRecords::OPERATION))
            .load($conn)?;
        let rising = history.windows(2).all(|two| two[0].0 < two[1].0);
        assert!(rising, "{:?}: {history:?}", $said);
        let row = papers::table.find($key).select(Paper::as_select());
        let row = row.load::<Paper>($conn)?.pop();
        let last = history
            .last()
            .map(|(version, what)| (*version, *what == Operation::Delete));
        match row {
            Some(row) => assert_eq!(Some((row.version, false)), last, "{:?}", $said),
            None => assert!(
                last.is_none_or(|(_, deleted)| deleted),
                "{:?}: {history:?}",
                $said
            ),
        }
    }};
}
pub(super) use assert_rising;

macro_rules! lives {
    ($engine:ident $conn:ty, $($level:literal),*) => {
        #[test]
        fn $engine() -> Done {
            use diesel::RunQueryDsl;
            for level in [$($level),*] {
                let db = Db::$engine();
                crate::support::recorded::papers(&db);
                let conn = &mut db.connect::<$conn>();
                // The key has a past.
                for sql in [operations(db.engine)[1], operations(db.engine)[2]] {
                    diesel::sql_query(sql).execute(conn)?;
                }
                let run = |seed: u64| -> Result<(), Error> {
                    use diesel::Connection;
                    let conn = &mut db.connect::<$conn>();
                    if !level.is_empty() {
                        diesel::sql_query(level).execute(conn)?;
                    }
                    let mut dice = crate::support::dice::Dice(seed);
                    for _ in 0..40 {
                        let steps: Vec<i32> = (0..=dice.roll(2)).map(|_| dice.roll(4)).collect();
                        // Whoever is refused (there is such a row; a deadlock) has done nothing.
                        let ended = conn.transaction::<_, Error, _>(|conn| {
                            for step in &steps {
                                let sql = operations(db.engine)[usize::try_from(*step).unwrap()];
                                diesel::sql_query(sql).execute(conn)?;
                            }
                            Ok(())
                        });
                        use diesel::result::{DatabaseErrorKind::UniqueViolation, Error::DatabaseError};
                        match ended {
                            Err(Error::Database(DatabaseError(UniqueViolation, _))) => {}
                            Err(error) if error.is_retryable() => {}
                            other => other?,
                        }
                    }
                    Ok(())
                };
                std::thread::scope(|scope| {
                    let writers: Vec<_> = (1..=3).map(|seed| scope.spawn(move || run(seed * 7_919))).collect();
                    writers.into_iter().try_for_each(|writer| writer.join().unwrap())
                })?;
                assert_rising!(conn, 1, level);
            }
            Ok(())
        }
    };
}

mod a_key_with_a_past {
    #[allow(unused_imports)]
    use super::*;
    #[cfg(feature = "sqlite")]
    lives!(sqlite diesel::SqliteConnection, "");
    #[cfg(feature = "postgres")]
    lives!(postgres diesel::PgConnection, "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED");
    #[cfg(feature = "mysql")]
    lives!(mysql diesel::MysqlConnection,
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
}

each_engine! {
    /// Updates that no record tells raise the version of the row alone; what
    /// comes after goes on from there.
    async fn after_updates_without_a_record(db: crate::support::recorded::papers, conn) {
        go!(diesel::sql_query(operations(db.engine)[1]).execute(conn))?;
        let seen = "UPDATE papers SET views = views + 1, version = version + 1 WHERE id = 1";
        for explicit in ["", "5", "7", "40"] {
            for _ in 0..2 {
                go!(diesel::sql_query(seen).execute(conn))?;
            }
            let replace = match (explicit, db.engine) {
                ("", _) | (_, Engine::Postgres) => operations(db.engine)[0].to_owned(),
                (version, _) => format!(
                    "REPLACE INTO papers (id, title, version) VALUES (1, 'replaced', {version})"
                ),
            };
            go!(diesel::sql_query(replace).execute(conn))?;
        }
        let history: Vec<i64> = go!(Paper::history_of(1)
            .order(PaperRecords::RECORD_ID)
            .select(PaperRecords::VERSION)
            .load(conn))?;
        assert!(history.windows(2).all(|two| two[0] < two[1]), "{history:?}");
        let version: i64 = go!(papers::table.find(1).select(papers::version).first(conn))?;
        assert_eq!(history.last(), Some(&version), "{history:?}");
    }

    /// What another transaction did to a key after the snapshot is not seen; that
    /// it was there is: the transaction is refused, and works when it is repeated.
    async fn under_an_old_snapshot(db: papers, conn) {
        // On SQLite nobody writes beside an old snapshot.
        if db.engine != Engine::Sqlite {
            let [_, insert, delete, _] = operations(db.engine);
            let other = &mut connect!(db);
            batch!(conn, match db.engine {
                Engine::Postgres => "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ",
                _ => "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            })?;
            batch!(conn, "BEGIN")?;
            batch!(conn, "SELECT count(*) FROM authors")?;
            for sql in [insert, delete] {
                go!(diesel::sql_query(sql).execute(other))?;
            }
            let refused = go!(diesel::sql_query(insert).execute(conn)).map_err(Error::from);
            let refused = refused.expect_err("two lives with one version");
            assert!(matches!(refused, Error::Conflict { lost: false, .. }), "{refused:?}");
            assert!(refused.is_retryable());
            batch!(conn, "ROLLBACK")?;
            go!(diesel::sql_query(insert).execute(conn))?;
            let history: Vec<i64> = go!(Paper::history_of(1)
                .order(PaperRecords::RECORD_ID)
                .select(PaperRecords::VERSION)
                .load(conn))?;
            assert_eq!(history, [1, 2, 3]);
        }
    }
}
