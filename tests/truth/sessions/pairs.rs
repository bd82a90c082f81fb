//! Every pair of what two transactions may do to one key, at every level of
//! isolation: its versions rise, and the last record is the row. One has a
//! snapshot before the other one begins; the other one has committed when the
//! first goes on, or commits while the first waits for it.

use super::lives::assert_rising;
use crate::families::concurrent::{LEVELS, isolate};
use crate::support::{Db, Done, Engine};
#[allow(unused_imports)]
use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use handleref::Error;
use std::time::Duration;

/// How rows of a table are changed; `{key}` is the key.
#[derive(Clone, Copy)]
struct Table {
    insert: &'static str,
    delete: &'static str,
    updates: [&'static str; 2],
    /// What an engine says where an insert meets a row: ignore, replace.
    postgres: [&'static str; 2],
    sqlite: [&'static str; 2],
    mysql: [&'static str; 2],
}

/// The row has a version.
const PAPERS: Table = Table {
    insert: "INSERT INTO papers (id, title) VALUES ({key}, '{key}')",
    delete: "DELETE FROM papers WHERE id = {key}",
    updates: [
        "UPDATE papers SET title = '{key}, updated' WHERE id = {key}",
        "UPDATE papers SET deleted_at = CURRENT_TIMESTAMP WHERE id = {key}",
    ],
    postgres: [
        "INSERT INTO papers (id, title) VALUES ({key}, '{key}') ON CONFLICT DO NOTHING",
        "INSERT INTO papers (id, title) VALUES ({key}, '{key}') ON CONFLICT (id) DO UPDATE SET title = 'upserted {key}'",
    ],
    sqlite: [
        "INSERT OR IGNORE INTO papers (id, title) VALUES ({key}, '{key}')",
        "INSERT OR REPLACE INTO papers (id, title) VALUES ({key}, '{key}')",
    ],
    mysql: [
        "INSERT IGNORE INTO papers (id, title) VALUES ({key}, '{key}')",
        "REPLACE INTO papers (id, title) VALUES ({key}, '{key}')",
    ],
};

/// Only the records have versions.
const LABELS: Table = Table {
    insert: "INSERT INTO labels (paper_id, label) VALUES ({key}, 'l')",
    delete: "DELETE FROM labels WHERE paper_id = {key}",
    updates: [
        "UPDATE labels SET weight = coalesce(weight, 0) + 1 WHERE paper_id = {key}",
        "UPDATE labels SET weight = 7 WHERE paper_id = {key} AND label = 'l'",
    ],
    postgres: [
        "INSERT INTO labels (paper_id, label) VALUES ({key}, 'l') ON CONFLICT DO NOTHING",
        "INSERT INTO labels (paper_id, label) VALUES ({key}, 'l') ON CONFLICT (paper_id, label) DO UPDATE SET weight = 9",
    ],
    sqlite: [
        "INSERT OR IGNORE INTO labels (paper_id, label) VALUES ({key}, 'l')",
        "INSERT OR REPLACE INTO labels (paper_id, label) VALUES ({key}, 'l')",
    ],
    mysql: [
        "INSERT IGNORE INTO labels (paper_id, label) VALUES ({key}, 'l')",
        "REPLACE INTO labels (paper_id, label, weight) VALUES ({key}, 'l', 5)",
    ],
};

impl Table {
    /// What there is of the key before the two begin.
    fn before(&self) -> [Vec<&'static str>; 3] {
        [vec![], vec![self.insert], vec![self.insert, self.delete]]
    }

    /// What a transaction does.
    fn works(&self, engine: Engine) -> Vec<Vec<&'static str>> {
        let Self { insert, delete, .. } = *self;
        let [update, other] = self.updates;
        let [ignoring, replacing] = match engine {
            Engine::Postgres => self.postgres,
            Engine::Sqlite => self.sqlite,
            Engine::Mysql => self.mysql,
        };
        vec![
            vec![insert],
            vec![insert, delete],
            vec![delete],
            vec![delete, insert],
            vec![update, delete],
            vec![update],
            vec![other],
            vec![ignoring],
            vec![replacing],
            vec![replacing, delete],
        ]
    }
}

/// Begins a transaction that sees what is there now, and nothing later.
fn begin(conn: &mut impl SimpleConnection, engine: Engine) -> Result<(), DieselError> {
    conn.batch_execute(match engine {
        Engine::Sqlite => "BEGIN; SELECT count(*) FROM authors",
        Engine::Postgres => "BEGIN; SELECT count(*) FROM authors",
        // Reading at SERIALIZABLE would lock what is read, and take no snapshot.
        Engine::Mysql => "START TRANSACTION WITH CONSISTENT SNAPSHOT",
    })
}

/// Does the work and ends the transaction. Whoever is refused has done nothing.
fn finish(conn: &mut impl SimpleConnection, work: &[&str], key: i32) -> Result<(), Error> {
    let done = act(conn, work, key).and_then(|()| conn.batch_execute("COMMIT"));
    if done.is_err() {
        conn.batch_execute("ROLLBACK")?;
    }
    Ok(done?)
}

fn act(conn: &mut impl SimpleConnection, work: &[&str], key: i32) -> Result<(), DieselError> {
    let mut texts = work.iter();
    texts.try_for_each(|sql| conn.batch_execute(&sql.replace("{key}", &key.to_string())))
}

/// That there is such a row, or that another transaction was in the way.
fn may_be_refused(ended: &Result<(), Error>) -> bool {
    match ended {
        Ok(()) => true,
        Err(Error::Database(DieselError::DatabaseError(kind, said))) => {
            // Diesel gives errors of a batch no kind on MySQL.
            let kind = matches!(kind, DatabaseErrorKind::UniqueViolation);
            kind || said.message().starts_with("Duplicate entry")
        }
        Err(error) => error.is_retryable(),
    }
}

macro_rules! pairs {
    (mod $name:ident, $table:ident, $check:ident) => {
        mod $name {
            use super::*;
            #[cfg(feature = "sqlite")]
            pairs!(sqlite diesel::SqliteConnection, $table, $check);
            #[cfg(feature = "postgres")]
            pairs!(postgres diesel::PgConnection, $table, $check);
            #[cfg(feature = "mysql")]
            pairs!(mysql diesel::MysqlConnection, $table, $check);
        }
    };
    ($engine:ident $conn:ty, $table:ident, $check:ident) => {
        #[test]
        fn $engine() -> Done {
            let db = Db::$engine();
            crate::support::recorded::papers(&db);
            let (one, two) = (&mut db.connect::<$conn>(), &mut db.connect::<$conn>());
            let plain = &mut db.connect::<$conn>();
            if db.engine == Engine::Sqlite {
                one.batch_execute("PRAGMA busy_timeout = 0")?;
                two.batch_execute("PRAGMA busy_timeout = 0")?;
            }
            let works = $table.works(db.engine);
            let mut tried = Vec::new();
            for (level, first, second) in all_of(&works) {
                isolate(one, db.engine, level);
                isolate(two, db.engine, level);
                for (before, waits) in $table.before().iter().flat_map(|it| [(it, false), (it, true)]) {
                    let key = i32::try_from(tried.len())? + 1;
                    act(plain, before, key)?;
                    begin(one, db.engine)?;
                    begin(two, db.engine)?;
                    // SQLite has one writer. (If the first comes too late to wait, this is
                    // the other round again.)
                    let (one_ended, two_ended) = if waits && db.engine != Engine::Sqlite {
                        let acted = act(two, second, key);
                        std::thread::scope(|scope| {
                            let one = &mut *one;
                            let ended = scope.spawn(move || finish(one, first, key));
                            std::thread::sleep(Duration::from_millis(10));
                            let two_ended = match acted {
                                Ok(()) => two.batch_execute("COMMIT"),
                                Err(error) => two.batch_execute("ROLLBACK").and(Err(error)),
                            };
                            (ended.join().unwrap(), two_ended.map_err(Error::from))
                        })
                    } else {
                        let two_ended = finish(two, second, key);
                        (finish(one, first, key), two_ended)
                    };
                    let said = format!("{level}: {before:?}; {first:?} / {second:?}, {waits}: {one_ended:?}, {two_ended:?}");
                    assert!(may_be_refused(&one_ended) && may_be_refused(&two_ended), "{said}");
                    tried.push(said);
                }
            }
            for (key, said) in (1..).zip(&tried) {
                $check!(plain, key, said);
            }
            // Both have done their work many times.
            let done = tried.iter().filter(|said| said.ends_with("Ok(()), Ok(())")).count();
            assert!(done > tried.len() / 4, "{done} of {}", tried.len());
            Ok(())
        }
    };
}

/// Each pair of works at each level.
fn all_of<'a>(
    works: &'a [Vec<&'static str>],
) -> impl Iterator<Item = (&'static str, &'a [&'static str], &'a [&'static str])> {
    LEVELS.into_iter().flat_map(move |level| {
        let pairs = works
            .iter()
            .flat_map(|first| works.iter().map(move |second| (first, second)));
        pairs.map(move |(first, second)| (level, first.as_slice(), second.as_slice()))
    })
}

macro_rules! assert_counted {
    ($conn:expr, $key:expr, $said:expr) => {{
        use crate::support::recorded::{Label, LabelRecords, labels};
        use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};
        use handleref::Operation;
        use handleref::prelude::*;
        let history: Vec<(i64, Operation)> = Label::history_of(($key, "l".to_owned()))
            .order(LabelRecords::RECORD_ID)
            .select((LabelRecords::VERSION, LabelRecords::OPERATION))
            .load($conn)?;
        let counted = (1..).zip(&history).all(|(at, one)| at == one.0);
        assert!(counted, "{:?}: {history:?}", $said);
        let rows = labels::table.filter(labels::paper_id.eq($key)).count();
        let rows: i64 = rows.get_result($conn)?;
        let lives = history
            .last()
            .is_some_and(|(_, what)| *what != Operation::Delete);
        assert_eq!(rows == 1, lives, "{:?}: {history:?}", $said);
    }};
}

pairs!(mod of_rows_with_a_version, PAPERS, assert_rising);
pairs!(mod of_rows_without_a_version, LABELS, assert_counted);
