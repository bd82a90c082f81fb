//! Whether `since` scans, and what a guard costs those who do without it.
use crate::models::{Article, articles};
use crate::support::{self, Db, engines};
use diesel::prelude::*;
use handleref_runtime::engine::Kind;
use handleref_runtime::row::RowDsl;
use handleref_runtime::{schema, write};
use std::time::Instant;

fn fill<C: Db>(conn: &mut C) {
    conn.sql("CREATE TABLE articles (id {serial}, title {text} NOT NULL, note {text})");
    conn.install(&schema![Article]).unwrap();
    let many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)";
    let time = match C::KIND {
        Kind::Sqlite => "strftime('%Y-%m-%d %H:%M:%S', '2020-01-01', '+' || i || ' minutes')",
        Kind::Postgres => "TIMESTAMP '2020-01-01' + i * interval '1 minute'",
        _ => "TIMESTAMP '2020-01-01 00:00:00' + INTERVAL i MINUTE",
    };
    let select = format!("SELECT 'title', i, {time}, {time} FROM n");
    // One of them on MariaDB, the other on MySQL.
    for limit in ["max_recursive_iterations", "cte_max_recursion_depth"] {
        let _ = conn.try_sql(&format!("SET {limit} = 100000"));
    }
    conn.sql(&match C::KIND {
        Kind::Mysql => {
            format!("INSERT INTO articles (title, version, created_at, updated_at) {many} {select}")
        }
        _ => {
            format!("{many} INSERT INTO articles (title, version, created_at, updated_at) {select}")
        }
    });
    conn.sql(if C::KIND == Kind::Mysql {
        "ANALYZE TABLE articles"
    } else {
        "ANALYZE articles"
    });
}

fn explain<C: Db>(conn: &mut C, condition: &str) -> String {
    let query = format!("SELECT * FROM articles WHERE {condition}");
    if C::KIND == Kind::Mysql {
        // EXPLAIN has its own columns on each server; the trace is one text.
        conn.sql("SET optimizer_trace = 'enabled=on'");
        conn.sql(&query);
        return conn.row("TRACE", "FROM information_schema.OPTIMIZER_TRACE");
    }
    let sql = match C::KIND {
        Kind::Sqlite => format!("EXPLAIN QUERY PLAN {query}"),
        _ => format!("EXPLAIN {query}"),
    };
    conn.explain(&sql)
}

engines! {
    fn since_does_not_scan(conn) {
        fill(conn);
        let newest = "'2020-02-04 16:00:00'";
        let times = explain(conn, &format!("deleted_at IS NULL AND (created_at > {newest} OR updated_at > {newest})"));
        let versions = explain(conn, "deleted_at IS NULL AND version > 49990");
        println!("{times}\n{versions}");
        let (or, index) = match C::KIND {
            Kind::Sqlite => ("MULTI-INDEX OR", "articles_handleref_version"),
            Kind::Postgres => ("BitmapOr", "articles_handleref_version"),
            _ => ("\"type\": \"index_merge\"", "articles_handleref_version"),
        };
        assert!(times.contains(or), "{times}");
        assert!(versions.contains(index), "{versions}");
    }
}

/// The time of a verb with and without the guard, in µs a row: statements of
/// one row, and one statement over many. Both are measured in turns.
/// `cargo test --release --test schema_engines -- --ignored --nocapture guard_costs`
macro_rules! cost {
    ($conn:expr, $name:literal) => {
        if let Some(mut conn) = $conn {
            let conn = &mut conn;
            fill(conn);
            let kind = kind_of(conn);
            let (rounds, singles, rows) = (24, 1_000, 10_000);
            let mut samples = [const { Vec::new() }; 2];
            for round in 0..rounds {
                let guarded = usize::from(matches!(round % 4, 1 | 2));
                conn.sql(match (guarded, kind) {
                    (1, _) => "SELECT 1",
                    (_, Kind::Postgres) => {
                        "DROP TRIGGER IF EXISTS handleref_guard_articles ON articles"
                    }
                    _ => "DROP TRIGGER IF EXISTS handleref_guard_articles",
                });
                if guarded == 1 {
                    conn.install(&schema![Article]).unwrap();
                }
                conn.sql(if kind == Kind::Postgres {
                    "VACUUM articles"
                } else {
                    "SELECT 1"
                });
                conn.sql("BEGIN");
                let start = Instant::now();
                for id in 1..=singles {
                    let note = format!("{round}");
                    write::update(articles::table.find(id))
                        .set(articles::note.eq(note))
                        .execute(conn)
                        .unwrap();
                }
                let single = start.elapsed().as_secs_f64() * 1e6 / f64::from(singles);
                let start = Instant::now();
                let many = articles::table
                    .filter(articles::id.gt(20_000))
                    .filter(articles::id.le(20_000 + rows));
                write::update(many)
                    .set(articles::note.eq("x"))
                    .execute(conn)
                    .unwrap();
                let bulk = start.elapsed().as_secs_f64() * 1e6 / f64::from(rows);
                let saved = articles::table.filter(articles::id.gt(40_000)).limit(1_000);
                let mut saved: Vec<Article> = saved.load(conn).unwrap();
                let start = Instant::now();
                for row in &mut saved {
                    row.note = Some(format!("{round}"));
                    row.save(conn).unwrap();
                }
                let save = start.elapsed().as_secs_f64() * 1e6 / 1_000.0;
                conn.sql("ROLLBACK");
                // The first rounds warm the caches.
                if round >= 4 {
                    samples[guarded].push([single, save, bulk]);
                }
            }
            let median = |guarded: usize, which: usize| {
                let mut values: Vec<f64> = samples[guarded]
                    .iter()
                    .map(|s: &[f64; 3]| s[which])
                    .collect();
                values.sort_by(f64::total_cmp);
                values[values.len() / 2]
            };
            for (which, what) in [
                "update of one row",
                "save of one row",
                "update of many rows",
            ]
            .into_iter()
            .enumerate()
            {
                let (without, with) = (median(0, which), median(1, which));
                println!(
                    "{}, {what}: {without:.2} µs, guarded {with:.2} µs, ratio {:.3}",
                    $name,
                    with / without
                );
            }
        }
    };
}

fn kind_of<C: Db>(_: &C) -> Kind {
    C::KIND
}

#[test]
#[ignore = "a measurement"]
fn guard_costs() {
    cost!(support::sqlite("cost"), "SQLite");
    cost!(support::postgres("cost"), "PostgreSQL");
    cost!(support::mysql("cost"), "MariaDB");
}
