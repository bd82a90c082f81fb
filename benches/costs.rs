//! What handleref costs beside plain Diesel, and what the guard costs both:
//! ratios of medians, measured in turns in one run.
//!
//! `cargo bench` measures SQLite. With the features `postgres` and `mysql` it
//! also measures the servers that `HANDLEREF_POSTGRES_URL` and
//! `HANDLEREF_MYSQL_URL` name, such as those of `cargo xtask servers`.

#![allow(missing_docs)]

use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use handleref::prelude::*;
use std::time::Instant;

diesel::table! {
    bench_notes (id) {
        id -> Integer,
        title -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = bench_notes)]
struct Note {
    id: i32,
    title: String,
    version: i64,
    #[allow(dead_code)]
    created_at: chrono::NaiveDateTime,
    updated_at: chrono::NaiveDateTime,
    deleted_at: Option<chrono::NaiveDateTime>,
}

type Done = Result<(), Box<dyn std::error::Error>>;

const ROWS: i32 = 5_000;
const SINGLES: i32 = 500;
const ROUNDS: usize = 21;

/// What is measured, in µs per row.
const KINDS: [&str; 5] = [
    "plain update of one row",
    "handleref::update of one row",
    "save of one row",
    "plain update of all rows",
    "handleref::update of all rows",
];

macro_rules! measure {
    ($name:literal, $conn:expr) => {{
        let conn = &mut $conn;
        conn.batch_execute("DROP TABLE IF EXISTS bench_notes")?;
        conn.batch_execute(
            "CREATE TABLE bench_notes (id INTEGER PRIMARY KEY, title VARCHAR(255) NOT NULL)",
        )?;
        for id in 1..=ROWS {
            diesel::insert_into(bench_notes::table)
                .values((bench_notes::id.eq(id), bench_notes::title.eq("title")))
                .execute(conn)?;
        }
        let schema = handleref::schema![Note];
        let guards = schema.install(conn)?;
        let mut samples = [const { [const { Vec::new() }; KINDS.len()] }; 2];
        for round in 0..ROUNDS * 2 {
            let guarded = round % 2;
            if guarded == 1 {
                schema.install(conn)?;
            } else {
                for statement in guards
                    .down()
                    .iter()
                    .filter(|statement| statement.starts_with("DROP TRIGGER"))
                {
                    // Gone already after the first round.
                    let _ = conn.batch_execute(statement);
                }
            }
            let title = format!("round {round}");
            let per_row =
                |start: Instant, rows: i32| start.elapsed().as_secs_f64() * 1e6 / f64::from(rows);
            let mut notes: Vec<Note> = bench_notes::table.limit(i64::from(SINGLES)).load(conn)?;
            let taken = conn.transaction::<[f64; 5], handleref::Error, _>(|conn| {
                let start = Instant::now();
                for id in 1..=SINGLES {
                    diesel::update(bench_notes::table.find(ROWS - id))
                        .set(bench_notes::title.eq(&title))
                        .execute(conn)?;
                }
                let plain = per_row(start, SINGLES);
                let start = Instant::now();
                for id in 1..=SINGLES {
                    handleref::update(bench_notes::table.find(ROWS - SINGLES - id))
                        .set(bench_notes::title.eq(&title))
                        .execute(conn)?;
                }
                let verb = per_row(start, SINGLES);
                let start = Instant::now();
                for note in &mut notes {
                    note.title.clone_from(&title);
                    note.save(conn)?;
                }
                let save = per_row(start, SINGLES);
                let start = Instant::now();
                diesel::update(bench_notes::table)
                    .set(bench_notes::title.eq("plain"))
                    .execute(conn)?;
                let plain_all = per_row(start, ROWS);
                let start = Instant::now();
                handleref::update(bench_notes::table)
                    .set(bench_notes::title.eq("verb"))
                    .execute(conn)?;
                Ok([plain, verb, save, plain_all, per_row(start, ROWS)])
            })?;
            // The first rounds warm the caches.
            if round >= 4 {
                for (samples, taken) in samples[guarded].iter_mut().zip(taken) {
                    samples.push(taken);
                }
            }
        }
        println!(
            "\n{:<32} {:>12} {:>12} {:>8}",
            $name, "unguarded", "guarded", "ratio"
        );
        for (at, kind) in KINDS.iter().enumerate() {
            let (without, with) = (median(&mut samples[0][at]), median(&mut samples[1][at]));
            println!(
                "{kind:<32} {without:>9.2} µs {with:>9.2} µs {:>8.2}",
                with / without
            );
        }
        conn.batch_execute("DROP TABLE bench_notes")?;
    }};
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn main() -> Done {
    println!("µs per row, medians of {} rounds in turns", ROUNDS - 2);
    measure!("SQLite", SqliteConnection::establish(":memory:")?);
    #[cfg(feature = "postgres")]
    if let Ok(url) = std::env::var("HANDLEREF_POSTGRES_URL") {
        measure!("PostgreSQL", PgConnection::establish(&url)?);
    }
    #[cfg(feature = "mysql")]
    if let Ok(url) = std::env::var("HANDLEREF_MYSQL_URL") {
        measure!("MySQL or MariaDB", MysqlConnection::establish(&url)?);
    }
    Ok(())
}
