//! Real connections, real contention.

use crate::support::ddl::notes as note_table;
use crate::support::models::{Note, notes};
use crate::support::{Db, Done};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
use handleref::prelude::*;
use handleref::{Error, Outcome};
use std::sync::Barrier;

/// Two writers on one row, round by round: exactly one wins, the other is
/// stale, and every round is in the row's version.
macro_rules! two_writers {
    ($name:ident, $conn:ty, $rounds:expr) => {
        #[test]
        fn $name() -> Done {
            use diesel::RunQueryDsl;
            let db = Db::$name();
            note_table(&db);
            let admin = &mut db.connect::<$conn>();
            diesel::insert_into(notes::table)
                .values((notes::id.eq(1), notes::title.eq("start")))
                .execute(admin)?;
            let (start, end) = (Barrier::new(2), Barrier::new(2));
            let writer = |name: &'static str| -> (usize, usize) {
                let conn = &mut db.connect::<$conn>();
                let (mut written, mut stale) = (0, 0);
                for round in 0..$rounds {
                    let mut note: Note = notes::table
                        .find(1)
                        .select(Note::as_select())
                        .first(conn)
                        .unwrap();
                    note.title = format!("{name} {round}");
                    start.wait();
                    match note.save(conn) {
                        Ok(Outcome::Written) => written += 1,
                        Err(Error::Stale {
                            expected, found, ..
                        }) if found == expected + 1 => stale += 1,
                        other => panic!("{other:?}"),
                    }
                    end.wait();
                }
                (written, stale)
            };
            let (one, two) = std::thread::scope(|scope| {
                let one = scope.spawn(|| writer("one"));
                let two = scope.spawn(|| writer("two"));
                (one.join().unwrap(), two.join().unwrap())
            });
            assert_eq!(
                (one.0 + two.0, one.1 + two.1),
                ($rounds, $rounds),
                "{one:?} {two:?}"
            );
            let version: i64 = notes::table.find(1).select(notes::version).first(admin)?;
            assert_eq!(version, 1 + i64::try_from($rounds)?);
            Ok(())
        }
    };
}

mod two_writers_on_one_row {
    use super::*;
    #[cfg(feature = "sqlite")]
    two_writers!(sqlite, diesel::SqliteConnection, 1_000_usize);
    #[cfg(feature = "postgres")]
    two_writers!(postgres, diesel::PgConnection, 1_000_usize);
    #[cfg(feature = "mysql")]
    two_writers!(mysql, diesel::MysqlConnection, 1_000_usize);
}

/// Statements of two threads on the same rows: every one of them counts.
macro_rules! bumps_add_up {
    ($name:ident, $conn:ty) => {
        #[test]
        fn $name() -> Done {
            use diesel::RunQueryDsl;
            let db = Db::$name();
            note_table(&db);
            let admin = &mut db.connect::<$conn>();
            let rows: Vec<_> = (1..=5)
                .map(|id| (notes::id.eq(id), notes::title.eq("x")))
                .collect();
            diesel::insert_into(notes::table)
                .values(rows)
                .execute(admin)?;
            std::thread::scope(|scope| {
                for name in ["one", "two", "three"] {
                    let db = &db;
                    scope.spawn(move || {
                        let conn = &mut db.connect::<$conn>();
                        for round in 0..50 {
                            handleref::update(notes::table)
                                .set(notes::title.eq(format!("{name} {round}")))
                                .execute(conn)
                                .unwrap();
                        }
                    });
                }
            });
            let versions: Vec<i64> = notes::table.select(notes::version).load(admin)?;
            assert_eq!(versions, [151; 5]);
            Ok(())
        }
    };
}

mod concurrent_updates_all_count {
    use super::*;
    #[cfg(feature = "sqlite")]
    bumps_add_up!(sqlite, diesel::SqliteConnection);
    #[cfg(feature = "postgres")]
    bumps_add_up!(postgres, diesel::PgConnection);
    #[cfg(feature = "mysql")]
    bumps_add_up!(mysql, diesel::MysqlConnection);
}
