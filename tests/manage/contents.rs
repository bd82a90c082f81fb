//! What is in the tables, as numbers: to see that nothing was written.

use crate::on_engine;
use crate::support::{Db, Engine};
use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl};

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// The number that a query gives, in a column of whatever type.
pub fn number(db: &Db, expression: &str) -> i64 {
    let integer = match db.engine {
        Engine::Mysql => "SIGNED",
        Engine::Postgres | Engine::Sqlite => "BIGINT",
    };
    let sql = format!("SELECT CAST({expression} AS {integer}) AS n");
    on_engine!(db, conn => {
        diesel::sql_query(sql).get_result::<Number>(conn).unwrap().n
    })
}

/// All of it: the rows, their history, and what is known of the history.
pub fn contents(db: &Db) -> Vec<i64> {
    let mut all = Vec::new();
    for table in ["topics", "articles", "tags"] {
        all.push(format!("(SELECT COUNT(*) FROM {table})"));
    }
    for table in ["topics", "articles"] {
        all.push(format!("(SELECT COALESCE(SUM(version), 0) FROM {table})"));
        all.push(format!("(SELECT COUNT(deleted_at) FROM {table})"));
    }
    for table in ["articles", "article_records"] {
        all.push(format!(
            "(SELECT COALESCE(SUM(LENGTH(title)), 0) FROM {table})"
        ));
        all.push(format!("(SELECT COUNT(email) FROM {table})"));
        all.push(format!("(SELECT COUNT(body) FROM {table})"));
    }
    for table in ["topic", "article", "tag"] {
        all.push(format!("(SELECT COUNT(*) FROM {table}_records)"));
    }
    for table in ["changesets", "events", "holds"] {
        all.push(format!("(SELECT COUNT(*) FROM handleref_{table})"));
    }
    all.push("(SELECT SUM(backfilled) FROM handleref_recordings)".to_owned());
    all.iter().map(|it| number(db, it)).collect()
}
