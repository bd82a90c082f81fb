//! Random models with random attributes: one `install` is enough, the second
//! one does nothing, every write is recorded once, and `down` takes all away.
//!
//! `HANDLEREF_CASES` says how many models (200), `HANDLEREF_SEED` which ones.

use super::generate::{Generator, Model};
use crate::support::dice::Dice;
use crate::support::{Db, Engine};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use handleref::schema::Schema;
use std::sync::atomic::{AtomicUsize, Ordering};

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// The names of all that is there, tables with their columns.
fn inventory(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => {
            "SELECT coalesce(group_concat(it, char(10)), '') FROM (SELECT m.type || ' ' || m.name || ' ' || coalesce(\
             (SELECT group_concat(name, ',') FROM (SELECT name FROM pragma_table_xinfo(m.name) ORDER BY name)), '') AS it \
             FROM sqlite_master m WHERE m.name NOT LIKE 'sqlite%' ORDER BY 1)"
        }
        Engine::Postgres => {
            "SELECT coalesce(string_agg(it, chr(10) ORDER BY it), '') FROM (\
             SELECT c.relkind::text || ' ' || c.relname || ' ' || coalesce((SELECT string_agg(a.attname, ',' ORDER BY a.attname) \
             FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '') AS it \
             FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace \
             UNION ALL SELECT 'trigger ' || t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid \
             WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal \
             UNION ALL SELECT 'function ' || p.proname FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace) x"
        }
        Engine::Mysql => {
            "SELECT CAST(CONCAT((SELECT COALESCE(GROUP_CONCAT(CONCAT(TABLE_NAME, ' ', COLUMN_NAME) ORDER BY 1 SEPARATOR '\\n'), '') \
             FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()), '\\n', \
             (SELECT COALESCE(GROUP_CONCAT(DISTINCT CONCAT('index ', TABLE_NAME, ' ', INDEX_NAME) ORDER BY 1 SEPARATOR '\\n'), '') \
             FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE()), '\\n', \
             (SELECT COALESCE(GROUP_CONCAT(TRIGGER_NAME ORDER BY 1 SEPARATOR '\\n'), '') \
             FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()), '\\n', \
             (SELECT COALESCE(GROUP_CONCAT(ROUTINE_NAME ORDER BY 1 SEPARATOR '\\n'), '') \
             FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE())) AS CHAR)"
        }
    }
}

/// How many models share a database.
const BATCH: usize = 10;

/// What one test tries: so many models, a batch after the other or beside it.
fn batches(try_one: impl Fn(u64, usize) + Sync) {
    let seed = number("HANDLEREF_SEED", 20_261_126);
    let cases = usize::try_from(number("HANDLEREF_CASES", 200)).unwrap();
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let batch = next.fetch_add(1, Ordering::Relaxed);
            if batch * BATCH >= cases {
                break;
            }
            let count = BATCH.min(cases - batch * BATCH);
            try_one(seed + u64::try_from(batch).unwrap(), count);
        }
    };
    // A server spends most of the time of DDL waiting for its disk.
    std::thread::scope(|scope| {
        for worker in [(); 4].map(|()| scope.spawn(work)) {
            if let Err(panic) = worker.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}

/// Random models, and a note by which they are made again.
fn models(engine: Engine, seed: u64, count: usize) -> (Generator, Vec<Model>, String) {
    let mut generator = Generator {
        engine,
        dice: Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
    };
    // The first numbers of close seeds are close.
    generator.dice.roll(7);
    let mut models: Vec<Model> = Vec::new();
    for at in 0..count {
        models.push(generator.model(at, &models));
    }
    let again = format!("repeat it by HANDLEREF_SEED={seed} HANDLEREF_CASES={count}");
    (generator, models, again)
}

macro_rules! on {
    ($name:ident, $conn:ty, $engine:expr, $db:expr) => {
        #[test]
        fn $name() {
            batches(|seed, count| {
                let db = $db;
                let (mut generator, models, again) = models($engine, seed, count);
                let guarded = generator.dice.roll(3) != 0;
                let by_hand = generator.dice.roll(2) == 0;
                let mut conn: $conn = db.connect();
                let conn = &mut conn;
                if $engine == Engine::Mysql {
                    conn.batch_execute("SET SESSION group_concat_max_len = 1000000000")
                        .unwrap();
                }
                let run = |conn: &mut $conn, sql: &str| {
                    conn.batch_execute(sql)
                        .unwrap_or_else(|error| panic!("{error}: {sql}; {again}"));
                };
                for model in &models {
                    [&model.ddl]
                        .into_iter()
                        .chain(&model.rows)
                        .for_each(|sql| run(conn, sql));
                }
                let inventory = |conn: &mut $conn| {
                    diesel::dsl::sql::<Text>(inventory($engine))
                        .get_result::<String>(conn)
                        .unwrap()
                };
                let before = inventory(conn);
                let schema = Schema::new(models.iter().map(|model| model.schema.clone()));
                let schema = if guarded {
                    schema
                } else {
                    schema.without_guards()
                };
                let plan = schema.plan(conn).unwrap();
                assert!(plan.problems().is_empty(), "{:?}; {again}", plan.problems());
                // As a migration does it, or by the library.
                match by_hand {
                    true => plan.up().iter().for_each(|sql| run(conn, sql)),
                    false => assert_eq!(schema.install(conn).unwrap(), plan, "{again}"),
                }
                let report = schema.check(conn).unwrap();
                assert!(report.is_ok(), "{report}; {again}");
                let second = schema.plan(conn).unwrap();
                assert!(second.is_empty(), "{second}; {again}");
                for model in &models {
                    written(model, &again, |sql| {
                        match model.requires_changeset {
                            true => handleref::in_changeset(
                                conn,
                                handleref::Changeset::by("test"),
                                |conn| Ok::<_, handleref::Error>(conn.batch_execute(sql)?),
                            ),
                            false => conn.batch_execute(sql).map_err(handleref::Error::from),
                        }
                        .unwrap_or_else(|error| panic!("{}: {error}: {sql}; {again}", model.table));
                        let records = model.records?;
                        let count = format!("(SELECT count(*) FROM {})", generator.quote(records));
                        let count = diesel::select(diesel::dsl::sql::<BigInt>(&count));
                        Some(count.get_result::<i64>(conn).unwrap())
                    });
                }
                plan.down().iter().for_each(|sql| run(conn, sql));
                assert_eq!(inventory(conn), before, "{again}");
            });
        }
    };
}

/// Counts the records after each write.
fn written(model: &Model, again: &str, mut write: impl FnMut(&str) -> Option<i64>) {
    // What was written to a relative may have been recorded.
    let mut known = write("SELECT 1").unwrap_or_default();
    if let Some(change) = &model.first_change
        && let Some(count) = write(change)
    {
        let with_baseline = if known == 0 { 2 } else { 1 };
        if !model.has_relative || known == 0 {
            assert_eq!(count, with_baseline, "{change}; {again}");
        }
        known = count;
    }
    for (sql, records) in &model.writes {
        if let Some(count) = write(sql) {
            assert_eq!(count - known, *records, "{sql}; {again}");
            known = count;
        }
    }
}

#[cfg(feature = "sqlite")]
on!(
    sqlite,
    diesel::SqliteConnection,
    Engine::Sqlite,
    Db::sqlite()
);
#[cfg(feature = "postgres")]
on!(
    postgres,
    diesel::PgConnection,
    Engine::Postgres,
    Db::postgres()
);
#[cfg(feature = "mysql")]
on!(mysql, diesel::MysqlConnection, Engine::Mysql, Db::mysql());
