//! History replays to the present: after any sequence of changes, by any way
//! and over several connections, folding the records of a row gives the row,
//! its versions are dense, and `as_of` at every record is what a model in
//! memory says.

use crate::support::dice::Dice;
use crate::support::recorded::{Paper, PaperRecords, bare_papers, papers};
use crate::support::{Db, Done};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use handleref::history::{RecordNo, Revert};
use handleref::prelude::*;
use handleref::{Error, Operation, Outcome, Record};
use std::collections::{BTreeMap, BTreeSet};

fn tables(db: &Db) {
    bare_papers(db);
    db.install(&handleref::schema![crate::support::recorded::Author, Paper]);
}

/// The table, by key.
type Table = BTreeMap<i32, Paper>;

/// What a step did, if it did anything.
type Did = Option<&'static str>;

/// What must have happened, or the test shows nothing.
const EVERYTHING: [&str; 14] = [
    "bulk",
    "delete",
    "insert",
    "raw SQL",
    "restore",
    "revert",
    "revert of a field",
    "rollback",
    "save",
    "savepoint rollback",
    "soft_delete",
    "reinsert",
    "update",
    "update by a verb",
];

macro_rules! replay {
    ($engine:ident, $conn:ty) => {
        mod $engine {
            use super::*;

            /// One random change, and what it was, if it changed anything; an
            /// error that a user would get as well (a taken key, a stale row)
            /// is none of the test.
            fn step(conn: &mut $conn, dice: &mut Dice, tick: u64) -> Result<Did, Error> {
                let id = dice.roll(6) + 1;
                let title = format!("t{tick}");
                let row = |conn: &mut $conn, id: i32| {
                    papers::table
                        .find(id)
                        .select(Paper::as_select())
                        .first::<Paper>(conn)
                        .optional()
                };
                let did = |what: &'static str, rows: usize| (rows > 0).then_some(what);
                Ok(match dice.roll(13) {
                    0 | 1 => {
                        let rows = diesel::insert_into(papers::table)
                            .values((papers::id.eq(id), papers::title.eq(title)))
                            .execute(conn);
                        did("insert", rows.unwrap_or(0))
                    }
                    2 => did(
                        "update",
                        diesel::update(papers::table.find(id))
                            .set(papers::title.eq(title))
                            .execute(conn)?,
                    ),
                    3 => did(
                        "update by a verb",
                        handleref::update(papers::table.find(id))
                            .set(papers::website.eq(title))
                            .execute(conn)?,
                    ),
                    4 => did(
                        "soft_delete",
                        handleref::delete(papers::table.find(id)).execute(conn)?,
                    ),
                    5 => did(
                        "restore",
                        handleref::restore(papers::table.find(id)).execute(conn)?,
                    ),
                    6 => did(
                        "delete",
                        diesel::delete(papers::table.find(id)).execute(conn)?,
                    ),
                    7 => {
                        let set = papers::table.filter(papers::id.ge(id));
                        let changed = set.filter(papers::website.is_not_null());
                        let rows: i64 = changed.count().get_result(conn)?;
                        diesel::update(set)
                            .set(papers::website.eq(None::<String>))
                            .execute(conn)?;
                        (rows > 1).then_some("bulk")
                    }
                    8 => {
                        let set = papers::table.filter(papers::id.le(id));
                        let rows: i64 = set.count().get_result(conn)?;
                        conn.batch_execute(&format!(
                            "UPDATE papers SET website = 'raw {tick}' WHERE id <= {id}"
                        ))?;
                        (rows > 0).then_some("raw SQL")
                    }
                    9 => match row(conn, id)? {
                        // To a version that there may be, or may have been pruned.
                        Some(mut paper) => {
                            let version =
                                i64::from(dice.roll(i32::try_from(paper.version).unwrap())) + 1;
                            let reverted = paper.revert(conn, version);
                            matches!(reverted, Ok(Outcome::Written)).then_some("revert")
                        }
                        None => None,
                    },
                    10 => match row(conn, id)? {
                        Some(mut paper) => {
                            let version =
                                i64::from(dice.roll(i32::try_from(paper.version).unwrap())) + 1;
                            let fields = Revert::fields().field(papers::website, version);
                            let reverted = paper.revert(conn, fields);
                            matches!(reverted, Ok(Outcome::Written)).then_some("revert of a field")
                        }
                        None => Paper::reinsert(conn, &id).is_ok().then_some("reinsert"),
                    },
                    11 => match row(conn, id)? {
                        Some(mut paper) => {
                            paper.title = title;
                            matches!(paper.save(conn), Ok(Outcome::Written)).then_some("save")
                        }
                        None => None,
                    },
                    _ => {
                        handleref::update(papers::table.find(id))
                            .set(papers::title.eq(papers::title))
                            .execute(conn)?;
                        None
                    }
                })
            }

            fn table(conn: &mut $conn) -> Table {
                let rows = papers::table
                    .select(Paper::as_select())
                    .load::<Paper>(conn)
                    .unwrap();
                rows.into_iter().map(|row| (row.id, shown(row))).collect()
            }

            fn last(conn: &mut $conn) -> i64 {
                let last = Paper::records().select(diesel::dsl::max(PaperRecords::RECORD_ID));
                last.get_result::<Option<i64>>(conn).unwrap().unwrap_or(0)
            }

            fn as_of(conn: &mut $conn, record: i64) -> Table {
                let rows = papers::table
                    .select(Paper::as_select())
                    .as_of::<Paper>(RecordNo(record));
                let rows = rows.load::<Paper>(conn).unwrap();
                rows.into_iter().map(|row| (row.id, row)).collect()
            }

            /// What must hold of any history.
            fn check(conn: &mut $conn) {
                let records = Paper::records()
                    .order(PaperRecords::RECORD_ID)
                    .select(Record::<Paper>::as_select())
                    .load::<Record<Paper>>(conn)
                    .unwrap();
                let (mut model, mut versions) = (Table::new(), BTreeMap::new());
                let deleted = |paper: &Paper| paper.deleted_at.is_some();
                for record in &records {
                    let id = record.row.id;
                    let before = model.get(&id);
                    let expected = match (before, record.operation) {
                        (None, _) => Operation::Insert,
                        (Some(_), Operation::Delete) => Operation::Delete,
                        (Some(before), _) => match (deleted(before), deleted(&record.row)) {
                            (false, true) => Operation::SoftDelete,
                            (true, false) => Operation::Restore,
                            _ => Operation::Update,
                        },
                    };
                    assert_eq!(record.operation, expected, "{record:?} after {before:?}");
                    let version = versions.entry(id).or_insert(0);
                    assert_eq!(record.version, *version + 1, "{record:?}");
                    *version = record.version;
                    if record.operation == Operation::Delete {
                        assert_eq!(
                            model.remove(&id).as_ref(),
                            Some(&record.row),
                            "the last state"
                        );
                    } else {
                        assert_eq!(record.row.version, record.version);
                        model.insert(id, record.row.clone());
                    }
                    assert_eq!(as_of(conn, record.id), model, "as of {}", record.id);
                }
                assert_eq!(model, table(conn), "the present");
            }

            #[test]
            fn one_after_another() -> Done {
                let mut happened = BTreeSet::new();
                for seed in 0..3 {
                    let db = Db::$engine();
                    tables(&db);
                    let mut dice = Dice(seed);
                    let mut conns: Vec<$conn> = (0..3).map(|_| db.connect()).collect();
                    let mut moments: Vec<(i64, Table)> = Vec::new();
                    for tick in 0..120 {
                        let conn = &mut conns[dice.roll(3) as usize];
                        let before = table(conn);
                        match dice.roll(8) {
                            0 => {
                                let result = conn.transaction::<(), Error, _>(|conn| {
                                    let mut did = None;
                                    for more in 0..3 {
                                        did = step(conn, &mut dice, 1_000 * tick + more)?.or(did);
                                    }
                                    happened.extend(did.map(|_| "rollback"));
                                    Err(Error::Database(diesel::result::Error::RollbackTransaction))
                                });
                                assert!(result.is_err());
                                assert_eq!(table(conn), before);
                            }
                            1 => conn.transaction::<(), Error, _>(|conn| {
                                for more in 0..3 {
                                    // A failed insert would end PostgreSQL's transaction.
                                    let did = conn.transaction(|conn| {
                                        step(conn, &mut dice, 1_000 * tick + more)
                                    });
                                    happened.extend(did.ok().flatten());
                                }
                                let before = table(conn);
                                let _ = conn.transaction::<(), Error, _>(|conn| {
                                    let did = step(conn, &mut dice, 1_000 * tick + 9)?;
                                    happened.extend(did.map(|_| "savepoint rollback"));
                                    Err(Error::Database(diesel::result::Error::RollbackTransaction))
                                });
                                assert_eq!(table(conn), before);
                                Ok(())
                            })?,
                            _ => happened.extend(step(conn, &mut dice, tick)?),
                        }
                        moments.push((last(conn), table(conn)));
                    }
                    let conn = &mut conns[0];
                    check(conn);
                    for (record, expected) in moments.into_iter().filter(|(record, _)| *record != 0)
                    {
                        assert_eq!(as_of(conn, record), expected);
                    }
                }
                assert_eq!(
                    happened,
                    BTreeSet::from(EVERYTHING),
                    "not all of it happened"
                );
                Ok(())
            }

            #[test]
            fn all_at_once() -> Done {
                let db = Db::$engine();
                tables(&db);
                let happened = std::sync::Mutex::new(BTreeSet::new());
                std::thread::scope(|scope| {
                    for seed in 0..4 {
                        let (db, happened) = (&db, &happened);
                        scope.spawn(move || {
                            let (conn, mut dice) = (&mut db.connect::<$conn>(), Dice(100 + seed));
                            for tick in 0..60 {
                                // Deadlocks and lost races are errors, and leave nothing.
                                let tick = seed * 1_000 + tick;
                                let did = match dice.roll(3) {
                                    0 => conn.transaction(|conn| {
                                        if stringify!($engine) == "mysql" {
                                            // A key that another transaction uses for the
                                            // first time and gives up again has no past yet
                                            // that this one could see; see the guide.
                                            conn.batch_execute(
                                                "UPDATE papers SET website = id WHERE id < 4",
                                            )?;
                                            conn.batch_execute("DELETE FROM papers WHERE id = 2")?;
                                            return Ok(None);
                                        }
                                        step(conn, &mut dice, tick)?;
                                        step(conn, &mut dice, tick + 500)
                                    }),
                                    _ => step(conn, &mut dice, tick),
                                };
                                happened.lock().unwrap().extend(did.ok().flatten());
                            }
                        });
                    }
                });
                let conn = &mut db.connect::<$conn>();
                assert!(last(conn) != 0);
                // Which of the rare ones win their races is chance.
                let happened = happened.into_inner().unwrap();
                for common in ["insert", "update", "raw SQL", "soft_delete", "delete"] {
                    assert!(happened.contains(common), "no {common}: {happened:?}");
                }
                check(conn);
                Ok(())
            }
        }
    };
}

/// The row as its records show it: of what is left out and what is redacted
/// they hold nothing.
fn shown(mut paper: Paper) -> Paper {
    paper.views = 0;
    paper.secret = None;
    paper
}

#[cfg(feature = "sqlite")]
replay!(sqlite, SqliteConnection);
#[cfg(feature = "postgres")]
replay!(postgres, PgConnection);
#[cfg(feature = "mysql")]
replay!(mysql, MysqlConnection);
