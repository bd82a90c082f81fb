//! PostgreSQL: other triggers, cascades, guards and children that have a part in it.

use crate::support::{Db, Done};
use chrono::NaiveDateTime;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use handleref::history::RecordNo;
use handleref::prelude::*;
use handleref::schema::ProblemKind;
use handleref::{HandleRef, Operation, Recorded};

macro_rules! table {
    ($table:ident $model:ident) => {
        diesel::table! {
            $table (id) {
                id -> Integer,
                shelf -> Nullable<Integer>,
                title -> Text,
                version -> BigInt,
                updated_at -> Timestamp,
                deleted_at -> Nullable<Timestamp>,
            }
        }

        #[derive(Debug, Clone, PartialEq, Queryable, Selectable, HandleRef, Recorded)]
        #[diesel(table_name = $table)]
        struct $model {
            id: i32,
            shelf: Option<i32>,
            title: String,
            version: i64,
            updated_at: NaiveDateTime,
            deleted_at: Option<NaiveDateTime>,
        }
    };
}

table!(books Book);
table!(films Film);

const TABLES: &str = "CREATE TABLE shelves (id INTEGER PRIMARY KEY); INSERT INTO shelves VALUES (1), (2); \
     CREATE TABLE books (id INTEGER, shelf INTEGER REFERENCES shelves ON DELETE SET NULL, title TEXT NOT NULL, \
     PRIMARY KEY (id) DEFERRABLE INITIALLY IMMEDIATE); \
     CREATE TABLE films (id INTEGER PRIMARY KEY, shelf INTEGER REFERENCES shelves ON DELETE SET NULL, title TEXT NOT NULL)";

/// Three books and three films, of which the first is deleted softly.
fn tables(before: &str) -> Result<(Db, PgConnection), Box<dyn std::error::Error + Send + Sync>> {
    let db = Db::postgres();
    let mut conn = db.connect::<PgConnection>();
    conn.batch_execute(&format!("{TABLES}; {before}"))?;
    handleref::schema![Book, Film].install(&mut conn)?;
    for table in ["books", "films"] {
        conn.batch_execute(&format!(
            "INSERT INTO {table} (id, shelf, title) VALUES (1, 1, 'a'), (2, 2, 'b'), (3, NULL, 'c'); \
             UPDATE {table} SET deleted_at = '2026-01-01' WHERE id = 1"
        ))?;
    }
    Ok((db, conn))
}

/// What was recorded of books since then, and that the past says what is there.
fn books_since(conn: &mut PgConnection, then: RecordNo) -> QueryResult<Vec<(i32, Operation)>> {
    let rows = books::table.order(books::id).select(Book::as_select());
    let here: Vec<Book> = rows.load(conn)?;
    let now = handleref::history::latest_record(conn).unwrap();
    let there: Vec<Book> = books::table
        .order(books::id)
        .as_of::<Book>(now)
        .load(conn)?;
    assert_eq!(there, here);
    Book::records()
        .filter(BookRecords::RECORD_ID.gt(then.0))
        .order(BookRecords::RECORD_ID)
        .select((books::id, BookRecords::OPERATION))
        .load(conn)
}

use Operation::{Delete, Insert, Restore, SoftDelete, Update};

/// The keys that other rows of the statement had.
#[test]
fn swapped_keys() -> Done {
    let (_db, conn) = &mut tables("")?;
    for (sql, wanted) in [
        (
            "UPDATE books SET id = 5 - id WHERE id > 1",
            vec![(2, Delete), (3, Delete), (2, Insert), (3, Insert)],
        ),
        (
            "UPDATE books SET id = 5 - id, version = version + 1, updated_at = now() AT TIME ZONE 'UTC' WHERE id > 1",
            vec![(2, Delete), (3, Delete), (2, Insert), (3, Insert)],
        ),
        (
            "UPDATE books SET id = id + 1",
            vec![
                (1, Delete),
                (2, Delete),
                (3, Delete),
                (2, Insert),
                (3, Insert),
                (4, Insert),
            ],
        ),
    ] {
        let then = handleref::history::latest_record(conn)?;
        conn.batch_execute(sql)?;
        let mut found = books_since(conn, then)?;
        found.sort_by_key(|(id, operation)| (*operation != Delete, *id));
        assert_eq!(found, wanted, "{sql}");
    }
    Ok(())
}

/// A trigger of the user's that runs after the guard has the last word on the row.
#[test]
fn a_later_trigger_of_the_users() -> Done {
    let (_db, conn) = &mut tables(
        "CREATE FUNCTION last_word() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF NEW.title = 'moved' THEN NEW.id := NEW.id + 100; END IF; \
         IF NEW.title = 'dead' THEN NEW.deleted_at := '2026-02-02'; END IF; \
         IF NEW.title = 'alive' THEN NEW.deleted_at := NULL; END IF; \
         IF NEW.title = 'as it was' THEN RETURN OLD; END IF; \
         IF NEW.title = 'not at all' THEN RETURN NULL; END IF; RETURN NEW; END $$; \
         CREATE TRIGGER zz_last_word BEFORE UPDATE ON books FOR EACH ROW EXECUTE FUNCTION last_word()",
    )?;
    conn.batch_execute(
        "INSERT INTO books (id, title) SELECT i, 'x' FROM generate_series(4, 6) AS s (i)",
    )?;
    let then = handleref::history::latest_record(conn)?;
    conn.batch_execute(
        "UPDATE books SET title = (ARRAY['alive', 'moved', 'dead', 'as it was', 'not at all', 'plain'])[id]",
    )?;
    let mut found = books_since(conn, then)?;
    found.sort_by_key(|(id, _)| *id);
    let wanted = [
        (1, Restore),
        (2, Delete),
        (3, SoftDelete),
        (6, Update),
        (102, Insert),
    ];
    assert_eq!(found, wanted);
    for (title, wanted) in [
        ("as it was", vec![]),
        ("plain", vec![(3, Update)]),
        ("alive", vec![(3, Restore)]),
        ("moved", vec![(3, Delete), (103, Insert)]),
    ] {
        let then = handleref::history::latest_record(conn)?;
        conn.batch_execute(&format!("UPDATE books SET title = '{title}' WHERE id = 3"))?;
        assert_eq!(books_since(conn, then)?, wanted, "{title}");
    }
    Ok(())
}

/// Nobody raises the version then.
#[test]
fn a_guard_that_is_switched_off() -> Done {
    let (_db, conn) = &mut tables("")?;
    conn.batch_execute("ALTER TABLE books DISABLE TRIGGER handleref_guard_books")?;
    let then = handleref::history::latest_record(conn)?;
    conn.batch_execute(
        "UPDATE books SET title = 'other', deleted_at = CASE id WHEN 2 THEN '2026-02-02'::timestamp END; \
         UPDATE books SET title = 'other'",
    )?;
    let mut found = books_since(conn, then)?;
    found.sort_by_key(|(id, _)| *id);
    assert_eq!(found, [(1, Restore), (2, SoftDelete), (3, Update)]);
    Ok(())
}

/// The updates of two tables by one cascade take turns: a statement on the one
/// must not take what was noted of the other.
#[test]
fn cascades_to_two_tables() -> Done {
    let (_db, conn) = &mut tables("")?;
    let then = handleref::history::latest_record(conn)?;
    conn.batch_execute("DELETE FROM shelves")?;
    let wanted = [(1, Update), (2, Update)];
    let mut found = books_since(conn, then)?;
    found.sort_by_key(|(id, _)| *id);
    assert_eq!(found, wanted);
    let films = Film::records()
        .filter(FilmRecords::RECORD_ID.gt(then.0))
        .order(films::id)
        .select((films::id, FilmRecords::OPERATION));
    assert_eq!(films.load::<(i32, Operation)>(conn)?, wanted);
    Ok(())
}

/// What a trigger of the user's writes to the same table, in the middle of a statement.
#[test]
fn statements_inside_of_statements() -> Done {
    let (_db, conn) = &mut tables(
        "CREATE FUNCTION another() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF NEW.title = 'outer' THEN UPDATE books SET title = 'inner' WHERE id = 100 + OLD.id; END IF; RETURN NULL; END $$; \
         CREATE TRIGGER another AFTER UPDATE ON books FOR EACH ROW EXECUTE FUNCTION another()",
    )?;
    conn.batch_execute(
        "INSERT INTO books (id, title) SELECT i, 'x' FROM generate_series(101, 103) AS s (i); \
         UPDATE books SET deleted_at = '2026-01-01' WHERE id = 102",
    )?;
    let then = handleref::history::latest_record(conn)?;
    conn.batch_execute("UPDATE books SET title = 'outer', deleted_at = NULL WHERE id < 100")?;
    let mut found = books_since(conn, then)?;
    found.sort_by_key(|(id, _)| *id);
    let wanted = [
        (1, Restore),
        (2, Update),
        (3, Update),
        (101, Update),
        (102, Update),
        (103, Update),
    ];
    assert_eq!(found, wanted);
    Ok(())
}

/// What was noted goes with the savepoint, and what a pause leaves behind does no harm.
#[test]
fn savepoints_and_pauses() -> Done {
    let (_db, conn) = &mut tables("")?;
    let then = handleref::history::latest_record(conn)?;
    conn.batch_execute(
        "BEGIN; SAVEPOINT s; UPDATE books SET deleted_at = NULL; ROLLBACK TO s; \
         UPDATE books SET title = 'b' WHERE id = 2; UPDATE books SET title = 'd' WHERE id = 2; \
         SELECT set_config('handleref.paused', '1', true); UPDATE books SET shelf = 2 WHERE id = 1; \
         SELECT set_config('handleref.paused', '', true); UPDATE books SET title = 'e' WHERE id < 3; \
         UPDATE books SET title = 'f' WHERE id = 2; COMMIT",
    )?;
    let mut found = books_since(conn, then)?;
    found.sort_by_key(|(id, _)| *id);
    assert_eq!(found, [(1, Update), (2, Update), (2, Update), (2, Update)]);
    // The settings of the planner are the session's again.
    conn.batch_execute("BEGIN; SET LOCAL enable_mergejoin = on; SET LOCAL jit = on; UPDATE books SET deleted_at = NULL")?;
    for (name, wanted) in [
        ("enable_mergejoin", "on"),
        ("enable_seqscan", "on"),
        ("jit", "on"),
    ] {
        let shown = diesel::select(diesel::dsl::sql::<diesel::sql_types::Text>(&format!(
            "current_setting('{name}')"
        )));
        assert_eq!(shown.get_result::<String>(conn)?, wanted, "{name}");
    }
    Ok(conn.batch_execute("ROLLBACK")?)
}

/// Rows of a child set off no trigger of the parent's for each row.
#[test]
fn a_child() -> Done {
    let (_db, conn) = &mut tables("CREATE TABLE thick_books (pages INTEGER) INHERITS (books)")?;
    conn.batch_execute(
        "INSERT INTO thick_books (id, title, version, updated_at) VALUES (11, 'x', 1, now()), (12, 'y', 1, now()); \
         UPDATE books SET title = 'z' WHERE id > 10",
    )?;
    let then = handleref::history::latest_record(conn)?;
    conn.batch_execute(
        "UPDATE books SET id = 21, version = version + 1, updated_at = now() WHERE id = 11; \
         UPDATE books SET deleted_at = '2026-02-02', version = version + 1 WHERE id = 12; \
         UPDATE books SET deleted_at = NULL, version = version + 1 WHERE id = 12",
    )?;
    let found = books_since(conn, then)?;
    let wanted = [(11, Delete), (21, Insert), (12, SoftDelete), (12, Restore)];
    assert_eq!(found, wanted);
    Ok(())
}

/// One that comes later asks for the other form.
#[test]
fn a_child_that_comes_later() -> Done {
    let (_db, conn) = &mut tables("")?;
    conn.batch_execute("CREATE TABLE thick_books (pages INTEGER) INHERITS (books)")?;
    let report = handleref::schema![Book, Film].check(conn)?;
    let altered = |kind: &ProblemKind| matches!(kind, ProblemKind::AlteredTrigger { trigger, .. } if trigger == "handleref_update_books");
    assert!(
        report
            .problems()
            .iter()
            .any(|problem| altered(&problem.kind)),
        "{report}"
    );
    handleref::schema![Book, Film].install(conn)?;
    assert!(
        handleref::schema![Book, Film]
            .check(conn)?
            .problems()
            .is_empty()
    );
    Ok(())
}

/// A trigger that was put in its place, or says another condition, is found.
#[test]
fn another_condition() -> Done {
    let (_db, conn) = &mut tables("")?;
    conn.batch_execute(
        "DROP TRIGGER handleref_odd_books ON books; \
         CREATE TRIGGER handleref_odd_books AFTER UPDATE ON books FOR EACH ROW \
         WHEN (NEW.version <= OLD.version) EXECUTE FUNCTION handleref_odd_books()",
    )?;
    let schema = handleref::schema![Book, Film];
    let report = schema.check(conn)?;
    let altered = |kind: &ProblemKind| matches!(kind, ProblemKind::AlteredTrigger { trigger, .. } if trigger == "handleref_odd_books");
    assert!(
        report
            .problems()
            .iter()
            .any(|problem| altered(&problem.kind)),
        "{report}"
    );
    schema.install(conn)?;
    assert!(schema.check(conn)?.problems().is_empty());
    conn.batch_execute("ALTER TABLE books DISABLE TRIGGER handleref_odd_books")?;
    let report = schema.check(conn)?;
    let disabled = |kind: &ProblemKind| matches!(kind, ProblemKind::DisabledTrigger { trigger } if trigger == "handleref_odd_books");
    assert!(
        report
            .problems()
            .iter()
            .any(|problem| disabled(&problem.kind)),
        "{report}"
    );
    Ok(())
}

/// A type that triggers name is altered as the documentation says.
#[test]
fn an_altered_type() -> Done {
    let (_db, conn) = &mut tables("")?;
    let alter = "ALTER TABLE books ALTER updated_at TYPE TIMESTAMP(6)";
    let refused = conn.batch_execute(alter).unwrap_err().to_string();
    assert!(refused.contains("trigger definition"), "{refused}");
    conn.batch_execute(&format!(
        "BEGIN; DROP TRIGGER handleref_guard_books ON books; DROP TRIGGER handleref_odd_books ON books; {alter}"
    ))?;
    let schema = handleref::schema![Book, Film];
    schema.install(conn)?;
    conn.batch_execute("COMMIT")?;
    let report = schema.check(conn)?;
    assert!(report.is_ok(), "{report}");
    let then = handleref::history::latest_record(conn)?;
    conn.batch_execute("UPDATE books SET deleted_at = NULL WHERE id = 1")?;
    assert_eq!(books_since(conn, then)?, [(1, Restore)]);
    Ok(())
}
