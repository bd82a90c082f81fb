//! SQLite: what is looked up once for a table and an instant is looked up again where it
//! may be another one. All of a statement is one instant.

use crate::support::recorded::papers as tables;
use crate::support::{Db, Done};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

const AHEAD: &str = "2037-01-01 12:00:00";

fn count(conn: &mut SqliteConnection, sql: &str) -> QueryResult<i64> {
    diesel::dsl::sql::<diesel::sql_types::BigInt>(sql).get_result(conn)
}

fn filled(db: &Db) -> QueryResult<SqliteConnection> {
    tables(db);
    let mut conn = db.connect::<SqliteConnection>();
    conn.batch_execute(
        "INSERT INTO papers (id, title) VALUES (1, 'one'), (2, 'two'), (3, 'three'); \
         INSERT INTO labels (paper_id, label, weight) VALUES (1, 'a', 1), (2, 'b', 1), (3, 'c', 1)",
    )?;
    Ok(conn)
}

/// A trigger of the user's writes another recorded table at every row, whose records
/// are from a clock that was ahead. Each table goes on after its own.
#[test]
fn tables_take_turns() -> Done {
    let db = Db::sqlite();
    let conn = &mut filled(&db)?;
    // Records written by hand in the millisecond after one of the same table are not seen.
    std::thread::sleep(std::time::Duration::from_millis(3));
    conn.batch_execute(&format!(
        "CREATE TRIGGER users AFTER UPDATE ON papers BEGIN \
           UPDATE labels SET weight = weight + 1 WHERE paper_id = NEW.id; END; \
         BEGIN; UPDATE handleref_context SET door = 1; UPDATE label_history SET recorded_at = '{AHEAD}'; \
         UPDATE handleref_context SET door = 0; COMMIT; \
         UPDATE papers SET title = title || '!'"
    ))?;
    let written = count(conn, "SELECT count(*) FROM label_history WHERE weight = 2")?;
    assert_eq!(written, 3);
    let back = format!("SELECT count(*) FROM label_history WHERE recorded_at < '{AHEAD}'");
    assert_eq!(count(conn, &back)?, 0);
    let early = "SELECT count(*) FROM paper_records AS a JOIN paper_records AS b \
         ON a.record_id < b.record_id AND a.recorded_at > b.recorded_at";
    assert_eq!(count(conn, early)?, 0);
    let late = format!(
        "SELECT count(*) FROM paper_records WHERE title LIKE '%!' AND recorded_at >= '{AHEAD}'"
    );
    assert_eq!(count(conn, &late)?, 0);
    Ok(())
}

/// The counter is set back between two rows of a statement.
#[test]
fn the_counter_is_looked_at_again() -> Done {
    let db = Db::sqlite();
    let conn = &mut filled(&db)?;
    conn.batch_execute(
        "CREATE TRIGGER users AFTER UPDATE ON papers WHEN NEW.id = 1 BEGIN \
           UPDATE handleref_context SET tick = 0; END",
    )?;
    let sql = "SELECT count(*) FROM paper_records";
    let before = count(conn, sql)?;
    for or in ["", "OR IGNORE", "OR REPLACE"] {
        let error = conn
            .batch_execute(&format!("UPDATE {or} papers SET title = 'new'"))
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("the numbers of records begin again"),
            "{or}: {error}"
        );
        assert_eq!(count(conn, sql)?, before, "{or}");
    }
    Ok(())
}
