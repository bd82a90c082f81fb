//! Whether `since` scans.
use crate::models::Article;
use crate::support::{Db, engines};
use handleref_runtime::engine::Kind;
use handleref_runtime::schema;

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
