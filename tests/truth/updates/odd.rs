//! One statement that changes, moves, deletes and restores rows, and leaves some
//! as they are: each row has the records of what became of it.

use crate::support::dice::Dice;
use crate::support::{Db, Engine, each_engine};
use chrono::NaiveDateTime;
use diesel::prelude::ExpressionMethods;
use diesel::{Insertable, QueryDsl, Queryable, Selectable, SelectableHelper};
use handleref::prelude::*;
use handleref::{HandleRef, Operation, Recorded};

diesel::table! {
    sheets (id) {
        id -> Integer,
        title -> Text,
        secret -> Text,
        views -> Integer,
        version -> BigInt,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, HandleRef, Recorded)]
#[diesel(table_name = sheets)]
struct Sheet {
    id: i32,
    title: String,
    secret: String,
    views: i32,
    #[diesel(skip_insertion)]
    version: i64,
    #[diesel(skip_insertion)]
    updated_at: NaiveDateTime,
    #[diesel(skip_insertion)]
    deleted_at: Option<NaiveDateTime>,
}

diesel::table! {
    pages (id) {
        id -> Integer,
        title -> Text,
        secret -> Text,
        views -> Integer,
        version -> BigInt,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}

/// The same with columns that are not recorded as they are.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, HandleRef, Recorded)]
#[diesel(table_name = pages)]
struct Page {
    id: i32,
    title: String,
    #[recorded(redact = "''")]
    secret: String,
    #[recorded(skip = "0")]
    views: i32,
    version: i64,
    updated_at: NaiveDateTime,
    deleted_at: Option<NaiveDateTime>,
}

fn tables(db: &Db) {
    for table in ["sheets", "pages"] {
        let columns = "id INTEGER NOT NULL PRIMARY KEY, title VARCHAR(100) NOT NULL, secret VARCHAR(100) NOT NULL, views INTEGER NOT NULL";
        db.create(&format!("CREATE TABLE {table} ({columns})"));
    }
    db.install(&handleref::schema![Sheet, Page]);
}

fn now(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "replace(strftime('%Y-%m-%d %H:%M:%f', 'now'), '.000', '')",
        Engine::Postgres => "(statement_timestamp() AT TIME ZONE 'UTC')",
        Engine::Mysql => "UTC_TIMESTAMP(6)",
    }
}

/// What a statement does to one row.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Change {
    Nothing,
    Title,
    Views,
    Secret,
    /// Deletes a row that lives, and restores one that does not.
    Life,
    Key(i32),
    /// Dates the row after the clock.
    Later,
}

/// The statement: each change with the row's key, and whether it raises the version
/// itself.
fn statement(table: &str, engine: Engine, step: usize, changes: &[(i32, Change, bool)]) -> String {
    let now = now(engine);
    let case = |column: &str, value: &dyn Fn(Change, bool) -> Option<String>| {
        let whens = changes.iter().filter_map(|(id, change, raises)| {
            Some(format!("WHEN {id} THEN {}", value(*change, *raises)?))
        });
        let whens: Vec<String> = whens.collect();
        (!whens.is_empty())
            .then(|| format!("{column} = CASE id {} ELSE {column} END", whens.join(" ")))
    };
    // The key last: MySQL assigns one after the other.
    let sets = [
        case("title", &|change, _| {
            (change == Change::Title).then(|| format!("'title {step}'"))
        }),
        case("views", &|change, _| {
            (change == Change::Views).then(|| "views + 1".into())
        }),
        case("secret", &|change, _| {
            (change == Change::Secret).then(|| format!("'secret {step}'"))
        }),
        case("deleted_at", &|change, _| {
            (change == Change::Life).then(|| format!("CASE WHEN deleted_at IS NULL THEN {now} END"))
        }),
        case("version", &|_, raises| raises.then(|| "version + 1".into())),
        case("updated_at", &|change, raises| match change {
            Change::Later => Some("'2037-01-01 12:00:00'".into()),
            _ if raises => Some(match engine {
                Engine::Postgres => format!("greatest({now}, updated_at)"),
                Engine::Mysql => format!("GREATEST({now}, updated_at)"),
                Engine::Sqlite => format!("max({now}, updated_at)"),
            }),
            _ => None,
        }),
        case("id", &|change, _| match change {
            Change::Key(key) => Some(key.to_string()),
            _ => None,
        }),
    ];
    let sets: Vec<String> = sets.into_iter().flatten().collect();
    let sets = match sets.is_empty() {
        true => "title = title".to_owned(),
        false => sets.join(", "),
    };
    let keys: Vec<String> = changes.iter().map(|(id, ..)| id.to_string()).collect();
    format!(
        "UPDATE {table} SET {sets} WHERE id IN ({})",
        keys.join(", ")
    )
}

/// The records that it makes, of a model that may not record all of its columns.
fn expected(
    change: Change,
    raises: bool,
    (id, dead): (i32, bool),
    hides: bool,
) -> Vec<(i32, Operation)> {
    let operation = match change {
        Change::Key(key) => return vec![(id, Operation::Delete), (key, Operation::Insert)],
        Change::Nothing if !raises => return vec![],
        // Neither is recorded, as no record would show it.
        Change::Views if hides => return vec![],
        Change::Life if dead => Operation::Restore,
        Change::Life => Operation::SoftDelete,
        _ => Operation::Update,
    };
    vec![(id, operation)]
}

macro_rules! stories {
    ($name:ident, $table:ident, $model:ident, $records:ident, $hides:literal) => {
        each_engine! {
            async fn $name(db: tables, conn) {
                let table = stringify!($table);
                let mut dice = Dice(14);
                let mut fresh = 7;
                for id in 1..=6 {
                    batch!(conn, &format!("INSERT INTO {table} (id, title, secret, views) VALUES ({id}, 'first', '', 0)"))?;
                }
                for step in 0..60 {
                    let rows = $table::table.order($table::id).select($model::as_select());
                    let rows = go!(rows.load::<$model>(conn))?;
                    let last = go!(handleref::history::latest_record(conn))?;
                    // Every third statement is one of a single row.
                    let one = (step % 3 == 0).then(|| dice.roll(6));
                    let mut changes = Vec::new();
                    let mut wanted = Vec::new();
                    for (at, row) in (0..).zip(&rows) {
                        let raises = dice.roll(2) == 0;
                        let (change, raises) = match dice.roll(16) {
                            0 | 1 => (Change::Nothing, raises),
                            2..=6 => (Change::Title, raises),
                            7 => (Change::Views, raises),
                            8 => (Change::Secret, raises),
                            9..=11 => (Change::Life, raises),
                            12 => (Change::Later, true),
                            13 => {
                                fresh += 1;
                                (Change::Key(fresh), false)
                            }
                            _ => continue,
                        };
                        if one.is_some_and(|one| one != at) {
                            continue;
                        }
                        changes.push((row.id, change, raises));
                        let was = (row.id, row.deleted_at.is_some());
                        wanted.extend(expected(change, raises, was, $hides));
                    }
                    if changes.is_empty() {
                        continue;
                    }
                    let sql = statement(table, db.engine, step, &changes);
                    batch!(conn, &sql)?;
                    let records = $model::records()
                        .filter($records::RECORD_ID.gt(last.0))
                        .order($records::RECORD_ID)
                        .select(($table::id, $records::OPERATION, $records::VERSION));
                    let records = go!(records.load::<(i32, Operation, i64)>(conn))?;
                    let mut found: Vec<_> = records.iter().map(|(id, operation, _)| (*id, *operation)).collect();
                    found.sort_by_key(|(id, operation)| (*id, operation.to_string()));
                    wanted.sort_by_key(|(id, operation): &(i32, Operation)| (*id, operation.to_string()));
                    assert_eq!(found, wanted, "step {step}: {sql}");
                }
                // The newest record of each row is the row, in all that is recorded.
                let rows = $table::table.order($table::id).select(($table::id, $table::title, $table::version, $table::updated_at, $table::deleted_at));
                type Row = (i32, String, i64, NaiveDateTime, Option<NaiveDateTime>);
                let here = go!(rows.load::<Row>(conn))?;
                let moment = go!(handleref::history::latest_record(conn))?;
                let then = go!(rows.as_of::<$model>(moment).load::<Row>(conn))?;
                if !$hides {
                    assert_eq!(then, here);
                }
                let recorded: Vec<_> = then.iter().map(|row| (row.0, &row.1, row.4)).collect();
                let there: Vec<_> = here.iter().map(|row| (row.0, &row.1, row.4)).collect();
                assert_eq!(recorded, there);
                // Versions and times of a key rise.
                let all = $model::records()
                    .order(($table::id, $records::RECORD_ID))
                    .select(($table::id, $records::VERSION, $records::AT));
                let all = go!(all.load::<(i32, i64, NaiveDateTime)>(conn))?;
                for pair in all.windows(2) {
                    let ((one, version, at), (other, next, later)) = (pair[0], pair[1]);
                    assert!(one != other || (version < next && at <= later), "{pair:?}");
                }
            }
        }
    };
}

stories!(rows_of_one_statement, sheets, Sheet, SheetRecords, false);
stories!(rows_with_hidden_columns, pages, Page, PageRecords, true);
