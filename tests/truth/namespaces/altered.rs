//! A column is dropped or renamed under the triggers that name it.

use crate::support::{Db, Engine, each_engine};
use handleref::Operation;
use handleref::history::RecordNo;
use handleref::prelude::*;
use std::fs;

/// The models before, and after each alteration.
macro_rules! stage {
    ($name:ident { $($column:ident: $sql:ident, $rust:ty;)* }) => {
        mod $name {
            use diesel::{Queryable, Selectable};
            use handleref::{HandleRef, Recorded};
            diesel::table! { issues (id) { id -> Integer, board_id -> Integer, title -> Text, $($column -> Nullable<$sql>,)* version -> BigInt, } }
            diesel::table! { boards (id) { id -> Integer, } }

            #[derive(Debug, Clone, PartialEq, Queryable, Selectable, HandleRef, Recorded)]
            #[diesel(table_name = issues)]
            pub struct Issue {
                pub id: i32,
                pub board_id: i32,
                pub title: String,
                $(pub $column: Option<$rust>,)*
                pub version: i64,
            }

            /// Its property is altered by issues, so they have triggers of it, too.
            #[derive(Debug, Clone, PartialEq, Queryable, Selectable, Recorded)]
            #[diesel(table_name = boards)]
            #[recorded(
                property(issues: BigInt, sql = "(SELECT count(*) FROM issues WHERE issues.board_id = boards.id)"),
                relative(issues, on = "issues.board_id = boards.id")
            )]
            pub struct Board {
                pub id: i32,
            }
        }
    };
}
stage!(before { due: Text, String; });
stage!(dropped {});
stage!(renamed { deadline: Text, String; });

fn tables(db: &Db) {
    db.create("CREATE TABLE issues (id {KEY} PRIMARY KEY, board_id INTEGER NOT NULL, title {TEXT} NOT NULL, due {TEXT})");
    db.create("CREATE TABLE boards (id {KEY} PRIMARY KEY)");
    db.install(&handleref::schema![before::Issue, before::Board]);
    db.execute("INSERT INTO boards (id) VALUES (1)");
    db.execute("INSERT INTO issues (id, board_id, title, due) VALUES (1, 1, 'one', 'monday'), (2, 1, 'two', NULL)");
}

macro_rules! sql {
    ($conn:expr, $sql:expr) => {
        go!(diesel::sql_query($sql).execute($conn))?
    };
}

/// The file that a plan writes.
fn up(plan: &handleref::schema::Plan, db: &Db) -> String {
    let name = db
        .url
        .rsplit(['/', 'D'])
        .next()
        .unwrap_or_default()
        .replace('.', "_");
    let dir = std::env::temp_dir().join(format!("{name}_altered"));
    let folder = plan.write_migration(&dir, "altered").unwrap().unwrap();
    let text = fs::read_to_string(folder.join("up.sql")).unwrap();
    fs::remove_dir_all(dir).unwrap();
    text
}

each_engine! {
    /// One migration: the user's alteration, and ours around it.
    async fn a_dropped_column(db: tables, conn) {
        use diesel::QueryDsl;
        use dropped::{Board, BoardRecords, Issue, IssueRecords, issues};
        let then = go!(handleref::history::latest_record(conn))?;
        let schema = handleref::schema![Issue, Board];
        let plan = go!(schema.clone().dropping("issues", "due").plan(conn))?;
        let alters = plan.up().iter().filter(|it| it.contains("DROP COLUMN")).count();
        assert_eq!(alters, 1, "{plan}");
        Db::execute(&db, &up(&plan, &db));
        let report = go!(schema.check(conn))?;
        assert!(report.is_ok(), "{report}");
        let again = go!(schema.clone().dropping("issues", "due").plan(conn))?;
        assert!(again.is_empty(), "{again}");

        sql!(conn, "UPDATE issues SET title = 'changed'");
        sql!(conn, "INSERT INTO issues (id, board_id, title) VALUES (3, 1, 'three')");
        sql!(conn, "DELETE FROM issues WHERE id = 2");
        let past = go!(Issue::history_of(1).order(IssueRecords::RECORD_ID)
            .select((IssueRecords::OPERATION, issues::title)).load::<(Operation, String)>(conn))?;
        assert_eq!(past, [(Operation::Insert, "one".into()), (Operation::Update, "changed".into())]);
        let counted = go!(Board::records().order(BoardRecords::RECORD_ID).select(BoardRecords::ISSUES).load::<i64>(conn))?;
        assert_eq!(counted.last(), Some(&2), "{counted:?}");
        // What was known is known: the record table keeps the column.
        let back = go!(issues::table.order(issues::id).select(issues::title).as_of::<Issue>(then).load::<String>(conn))?;
        assert_eq!(back, ["one", "two"]);
        let kept = go!(diesel::sql_query("UPDATE issue_records SET due = due WHERE 1 = 0").execute(conn));
        // The door is closed for statements on PostgreSQL, which fire for no row, too.
        assert_eq!(kept.is_ok(), db.engine != Engine::Postgres, "{kept:?}");
    }

    /// The record table follows, without being told twice.
    async fn a_renamed_column(db: tables, conn) {
        use diesel::QueryDsl;
        use renamed::{Board, Issue, IssueRecords, issues};
        let then = go!(handleref::history::latest_record(conn))?;
        let schema = handleref::schema![Issue, Board].renaming("issues", "due", "deadline");
        let plan = go!(schema.install(conn))?;
        assert!(plan.up().iter().any(|it| it.contains("RENAME COLUMN")), "{plan}");
        let again = go!(schema.plan(conn))?;
        assert!(again.is_empty(), "{again}");
        let report = go!(handleref::schema![Issue, Board].check(conn))?;
        assert!(report.is_ok(), "{report}");
        sql!(conn, "UPDATE issues SET deadline = 'friday' WHERE id = 1");
        sql!(conn, "DELETE FROM issues WHERE id = 2");
        let past = go!(Issue::history_of(1).order(IssueRecords::RECORD_ID).select(issues::deadline).load::<Option<String>>(conn))?;
        assert_eq!(past, [Some("monday".into()), Some("friday".into())]);
        let back = go!(issues::table.order(issues::id).select(issues::deadline).as_of::<Issue>(then).load::<Option<String>>(conn))?;
        assert_eq!(back, [Some("monday".into()), None]);
    }

    /// `down` gives back the column, and triggers that name it.
    async fn and_back(db: tables, conn) {
        use before::{Board, Issue, IssueRecords, issues};
        use diesel::QueryDsl;
        let plan = go!(handleref::schema![dropped::Issue, dropped::Board].dropping("issues", "due").install(conn))?;
        for statement in plan.down() {
            Db::execute(&db, statement);
        }
        sql!(conn, "UPDATE issues SET due = 'sunday' WHERE id = 1");
        let past = go!(Issue::history_of(1).order(IssueRecords::RECORD_ID).select(issues::due).load::<Option<String>>(conn))?;
        assert_eq!(past, [Some("monday".into()), Some("sunday".into())]);
        // The column is the last one now, of which some triggers take note.
        go!(handleref::schema![Issue, Board].install(conn))?;
        let plan = go!(handleref::schema![renamed::Issue, renamed::Board].renaming("issues", "due", "deadline").install(conn))?;
        for statement in plan.down() {
            Db::execute(&db, statement);
        }
        let report = go!(handleref::schema![Issue, Board].check(conn))?;
        assert!(report.is_ok(), "{report}");
    }

    /// A table that is not there is a problem, and a column that is used is one.
    async fn what_cannot_be_altered(db: tables, conn) {
        let schema = handleref::schema![before::Issue].dropping("isues", "due");
        let refused = go!(schema.install(conn)).unwrap_err();
        assert!(refused.to_string().contains("isues"), "{refused}");
        let schema = handleref::schema![before::Issue].dropping("issues", "due");
        let refused = go!(schema.install(conn)).unwrap_err();
        assert!(refused.to_string().contains("due"), "{refused}");
        let report = go!(handleref::schema![before::Issue, before::Board].check(conn))?;
        assert!(report.is_ok(), "{report}");
        assert_ne!(go!(handleref::history::latest_record(conn))?, RecordNo(0));
        let _ = db;
    }
}

#[cfg(feature = "postgres")]
mod by_hand {
    use super::*;
    use crate::support::Done;
    use diesel::connection::SimpleConnection;
    use diesel::{Connection, PgConnection, QueryDsl, RunQueryDsl};
    use std::sync::mpsc;
    use std::thread;

    /// Without `dropping`: nothing is written that is not recorded, and
    /// `install` puts it right.
    mod alone {
        use super::*;

        #[test]
        fn postgres() -> Done {
            let db = Db::postgres();
            tables(&db);
            let conn = &mut db.connect::<PgConnection>();
            conn.batch_execute("ALTER TABLE issues DROP COLUMN due")?;
            let refused = conn
                .batch_execute("UPDATE issues SET title = 'lost'")
                .unwrap_err()
                .to_string();
            assert!(refused.contains("due"), "{refused}");
            let schema = handleref::schema![dropped::Issue, dropped::Board];
            assert!(!schema.check(conn)?.is_ok());
            schema.install(conn)?;
            conn.batch_execute("UPDATE issues SET title = 'kept'")?;
            assert_eq!(
                dropped::Issue::records().count().get_result::<i64>(conn)?,
                4
            );
            Ok(())
        }
    }

    /// In one transaction with `install`, a writer beside it waits, and is recorded.
    mod in_one_transaction {
        use super::*;

        #[test]
        fn postgres() -> Done {
            let db = Db::postgres();
            tables(&db);
            let conn = &mut db.connect::<PgConnection>();
            let (tell, told) = mpsc::channel();
            let mut other = db.connect::<PgConnection>();
            let writer = thread::spawn(move || {
                told.recv().unwrap();
                other.batch_execute("UPDATE issues SET title = 'beside' WHERE id = 1")
            });
            let schema = handleref::schema![dropped::Issue, dropped::Board];
            conn.transaction(|conn| {
                conn.batch_execute("ALTER TABLE issues DROP COLUMN due")?;
                tell.send(()).unwrap();
                schema.install(conn).map(drop)
            })?;
            writer.join().unwrap()?;
            assert_eq!(
                dropped::Issue::records().count().get_result::<i64>(conn)?,
                3
            );
            assert!(schema.check(conn)?.is_ok());
            Ok(())
        }
    }
}
