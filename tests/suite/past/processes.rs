//! Writes by another process: it knows nothing of handleref, and its writes
//! are recorded all the same.

use super::shown;
use crate::support::recorded::papers as tables;
use crate::support::recorded::{Paper, PaperRecords, papers};
use crate::support::{Db, each_engine};
use diesel::prelude::ExpressionMethods;
use diesel::{Connection, QueryDsl, SelectableHelper};
use handleref::Operation;
use handleref::prelude::*;
use std::process::{Command, Output};

const ENGINE: &str = "HANDLEREF_TEST_ENGINE";
const URL: &str = "HANDLEREF_TEST_URL";
const SQL: &str = "HANDLEREF_TEST_SQL";

/// In the other process: executes one text of SQL on a connection of its own,
/// and is gone. In this one: a text that is no SQL is noticed.
#[cfg(feature = "sqlite")]
#[test]
fn another_process() {
    fn run<C: Connection>(url: &str, sql: &str) {
        C::establish(url).unwrap().batch_execute(sql).unwrap();
    }
    let read = |name| std::env::var(name).ok();
    let (Some(engine), Some(url), Some(sql)) = (read(ENGINE), read(URL), read(SQL)) else {
        let output = other(&Db::sqlite(), "no SQL");
        assert!(!output.status.success(), "{output:?}");
        return;
    };
    match engine.as_str() {
        "Sqlite" => run::<diesel::SqliteConnection>(&url, &sql),
        #[cfg(feature = "postgres")]
        "Postgres" => run::<diesel::PgConnection>(&url, &sql),
        #[cfg(feature = "mysql")]
        "Mysql" => run::<diesel::MysqlConnection>(&url, &sql),
        other => panic!("no engine {other}"),
    }
}

/// Runs [`another_process`] as one.
fn other(db: &Db, sql: &str) -> Output {
    // The path of the test, without the name of the crate.
    let (_, module) = module_path!().split_once("::").unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("{module}::another_process")])
        .env(ENGINE, format!("{:?}", db.engine))
        .env(URL, &db.url)
        .env(SQL, sql)
        .output()
        .unwrap()
}

/// Executes SQL in another process.
fn elsewhere(db: &Db, sql: &str) {
    let output = other(db, sql);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

each_engine! {
    /// Its records are there, in order with those of this process.
    async fn writes_of_another_process(db: tables, conn) {
        elsewhere(&db, "INSERT INTO papers (id, title) VALUES (1, 'one')");
        let mut paper = paper!(conn, 1);
        paper.title = "two".to_owned();
        go!(paper.save(conn))?;
        elsewhere(&db, "UPDATE papers SET title = 'three' WHERE id = 1");
        elsewhere(&db, "UPDATE papers SET title = 'three' WHERE id = 1");
        go!(paper.reload(conn))?;
        assert_eq!((paper.title.as_str(), paper.version), ("three", 3));
        go!(paper.revert(conn, 2))?;
        elsewhere(&db, "DELETE FROM papers WHERE id = 1");
        assert_eq!(
            shown(&history!(conn, 1)),
            ["insert 1 one", "update 2 two", "update 3 three", "update 4 two", "delete 5 two"]
        );
    }

    /// Nothing is left of a process that ends in the middle of a transaction.
    async fn a_process_that_does_not_commit(db: tables, conn) {
        insert!(conn, 1, "one");
        elsewhere(&db, "BEGIN; UPDATE papers SET title = 'two' WHERE id = 1; INSERT INTO papers (id, title) VALUES (2, 'x')");
        assert_eq!(shown(&history!(conn, 1)), ["insert 1 one"]);
        assert!(history!(conn, 2).is_empty());
        elsewhere(&db, "BEGIN; UPDATE papers SET title = 'two' WHERE id = 1; COMMIT");
        assert_eq!(shown(&history!(conn, 1)), ["insert 1 one", "update 2 two"]);
    }
}
