//! Several transactions at once.
use super::{NOTES, NOTES_TABLE, PAIRS_TABLE, installed, notes, pairs};
use crate::support::{self, Db};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

/// A transaction that does not see the last record counts on from it all the same.
#[test]
fn an_old_snapshot() {
    let Some(mut conn) = installed("rec_snapshot", PAIRS_TABLE, &pairs()) else {
        return;
    };
    let mut other =
        MysqlConnection::establish(&support::url("HANDLEREF_MYSQL_URL").unwrap()).unwrap();
    other.sql("USE hr_rec_snapshot");
    conn.sql("INSERT INTO pairs VALUES (1, 'a', 1)");
    conn.sql("START TRANSACTION WITH CONSISTENT SNAPSHOT");
    other.sql("UPDATE pairs SET x = 2; UPDATE pairs SET x = 3; DELETE FROM pairs; INSERT INTO pairs VALUES (1, 'a', 4)");
    conn.sql("UPDATE pairs SET x = 5; UPDATE pairs SET x = 6; DELETE FROM pairs; COMMIT");
    let got = conn.rows(
        "record_operation, record_version, x",
        "FROM pair_records ORDER BY record_id",
    );
    assert_eq!(
        got,
        [
            "insert|1|1",
            "update|2|2",
            "update|3|3",
            "delete|4|3",
            "insert|5|4",
            "update|6|5",
            "update|7|6",
            "delete|8|6"
        ]
    );
}

/// Writers of different rows do not get in each other's way.
#[test]
fn at_the_same_time() {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    static FAILED: AtomicUsize = AtomicUsize::new(0);
    let Some(mut conn) = installed("rec_threads", NOTES_TABLE, &notes(NOTES)) else {
        return;
    };
    conn.sql(PAIRS_TABLE);
    conn.install(&pairs()).unwrap();
    let url = support::url("HANDLEREF_MYSQL_URL").unwrap();
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let url = url.clone();
            std::thread::spawn(move || {
                let mut conn = MysqlConnection::establish(&url).unwrap();
                conn.sql("USE hr_rec_threads");
                let start = std::time::Instant::now();
                let (mut round, mut done) = (0, 0);
                while start.elapsed().as_millis() < 1500 {
                    round += 1;
                    let (one, two) = (round * 8 + thread, (round * 8 + thread) + 4);
                    let statements = [
                        format!("INSERT INTO pairs VALUES ({one}, 'k', 0), ({two}, 'k', 0)"),
                        format!("INSERT INTO notes (id, title) VALUES ({one}, 'k')"),
                        format!("UPDATE pairs SET x = x + 1 WHERE a IN ({one}, {two})"),
                        format!("UPDATE notes SET title = CONCAT(title, 'x') WHERE id = {one}"),
                        format!("DELETE FROM pairs WHERE a = {one} AND b = 'k'"),
                        format!("INSERT INTO pairs VALUES ({one}, 'k', 3)"),
                        format!("REPLACE INTO notes (id, title) VALUES ({one}, 'r')"),
                    ];
                    let all = format!("BEGIN; {}; COMMIT", statements.join("; "));
                    match conn.batch_execute(&all) {
                        Ok(()) => done += 1,
                        Err(error) => {
                            eprintln!("{error}");
                            FAILED.fetch_add(1, SeqCst);
                            let _ = conn.batch_execute("ROLLBACK");
                        }
                    }
                }
                done
            })
        })
        .collect();
    let done: Vec<i32> = threads.into_iter().map(|it| it.join().unwrap()).collect();
    println!("{done:?} transactions, {} failed", FAILED.load(SeqCst));
    assert_eq!(FAILED.load(SeqCst), 0);
    assert_eq!(
        conn.row(
            "COUNT(*)",
            "FROM (SELECT a FROM pair_records GROUP BY a, b, record_version HAVING COUNT(*) > 1) x"
        ),
        "0"
    );
}
