//! Record tables are made, follow their models, and are checked.
use crate::records_models::*;
use crate::support::{engines, kinds};
use handleref_runtime::engine::Kind;
use handleref_runtime::history::facts::{RecordedColumn, Recording, Relative};
use handleref_runtime::model::Roles;
use handleref_runtime::schema::{ModelSchema, ProblemKind, Schema};

const fn column(name: &'static str) -> RecordedColumn {
    RecordedColumn::new(name)
}
const fn recording(columns: &'static [RecordedColumn]) -> Recording {
    Recording::new("article_records", columns)
}
const MORE: &[RecordedColumn] = &[
    column("id"),
    column("title"),
    column("note"),
    column("size"),
];
const RENAMED: &[RecordedColumn] = &[
    column("id"),
    column("name").with_former_name("title"),
    column("note"),
];
const FEWER: &[RecordedColumn] = &[column("id"), column("title")];
const KEEPING: &[RecordedColumn] = &[
    column("id"),
    column("title").with_type("VARCHAR(50)"),
    column("note"),
];
const RESERVED: &[RecordedColumn] = &[column("id"), column("record_version")];
const ABSENT: &[RecordedColumn] = &[column("id"), column("absent")];
const LOST: &[Relative] = &[Relative::new("nowhere", "true")];

engines! {
    fn a_plan_is_made_once(conn) {
        conn.sql(TABLE);
        let schema = schema_of(ARTICLE);
        assert!(kinds(&conn.check(&schema)).contains(&"MissingRecordTable".to_owned()));
        let plan = conn.install(&schema).unwrap();
        println!("{plan}");
        assert!(conn.plan(&schema).is_empty(), "{}", conn.plan(&schema));
        assert!(conn.check(&schema).is_ok(), "{}", conn.check(&schema));
        assert_eq!(conn.row("backfilled, record_table", "FROM handleref_recordings"), "1|article_records");
        assert_eq!(conn.rows("event, record_table", "FROM handleref_events"), ["install|article_records"]);
        for statement in plan.down() {
            conn.batch_execute(statement).unwrap_or_else(|error| panic!("{error}\n{statement}"));
        }
        assert_eq!(conn.plan(&schema), plan);
        for table in ["article_records", "handleref_recordings", "handleref_events", "handleref_holds"] {
            assert!(conn.try_sql(&format!("SELECT * FROM {table}")).is_err(), "{table}");
        }
        conn.install(&schema).unwrap();
    }

    fn what_others_installed_stays(conn) {
        conn.sql(TABLE);
        conn.sql("CREATE TABLE [order] ([group] INTEGER NOT NULL, [it's] {text} NOT NULL, [select] {text}, PRIMARY KEY ([group], [it's]))");
        conn.install(&schema_of(ARTICLE)).unwrap();
        let plan = conn.install(&pairs()).unwrap();
        assert!(!plan.to_string().contains("handleref_events ("), "{plan}");
        for statement in plan.down() {
            conn.batch_execute(statement).unwrap_or_else(|error| panic!("{error}\n{statement}"));
        }
        assert_eq!(conn.rows("record_table", "FROM handleref_recordings"), ["article_records"]);
        assert!(conn.check(&schema_of(ARTICLE)).is_ok());
        conn.sql("INSERT INTO articles (id, title) VALUES (1, 'a')");
        assert_eq!(history(conn, 1).len(), 1);
    }

    fn a_model_without_a_recording_beside_it(conn) {
        conn.sql(TABLE);
        conn.install(&schema_of(ARTICLE)).unwrap();
        let plain = Schema::new([ModelSchema::described("Other", "`articles`", ROLES, &["id"])]);
        assert!(conn.plan(&plain).is_empty(), "{}", conn.plan(&plain));
        conn.sql("INSERT INTO articles (id, title) VALUES (1, 'a')");
        conn.sql("UPDATE articles SET title = 'b'");
        assert_eq!(history(conn, 1), ["1|insert|a|NULL", "2|update|b|NULL"]);
    }

    fn a_guarded_table_is_recorded_later(conn) {
        conn.sql(TABLE);
        conn.install(&Schema::new([ModelSchema::described("Plain", "`articles`", ROLES, &["id"])])).unwrap();
        let plan = conn.install(&schema_of(ARTICLE)).unwrap();
        assert!(conn.check(&schema_of(ARTICLE)).is_ok());
        conn.sql("INSERT INTO articles (id, title) VALUES (1, 'a')");
        conn.sql("UPDATE articles SET title = 'b'");
        agrees(conn);
        for statement in plan.down() {
            conn.batch_execute(statement).unwrap_or_else(|error| panic!("{error}\n{statement}"));
        }
        conn.sql("UPDATE articles SET title = 'c'");
        assert_eq!(conn.row("version", "FROM articles"), "3");
    }

    fn columns_come_and_go(conn) {
        conn.sql("CREATE TABLE articles (id INTEGER NOT NULL PRIMARY KEY, title VARCHAR(50) NOT NULL, note {text})");
        conn.install(&bare(BARE)).unwrap();
        conn.sql("INSERT INTO articles (id, title, note) VALUES (1, 'a', 'n')");
        // One is added.
        conn.sql("ALTER TABLE articles ADD COLUMN size INTEGER DEFAULT 5");
        let plan = conn.install(&bare(MORE)).unwrap();
        println!("{plan}");
        assert!(conn.check(&bare(MORE)).is_ok(), "{}", conn.check(&bare(MORE)));
        conn.sql("UPDATE articles SET size = 6");
        assert_eq!(conn.rows("size", "FROM article_records ORDER BY record_id"), ["NULL", "6"]);
        // And taken back.
        for statement in plan.down() {
            conn.batch_execute(statement).unwrap_or_else(|error| panic!("{error}\n{statement}"));
        }
        assert!(conn.check(&bare(BARE)).is_ok(), "{}", conn.check(&bare(BARE)));
        assert!(conn.try_sql("SELECT size FROM article_records").is_err());
        // One is dropped: the past keeps it.
        let plan = conn.install(&bare(FEWER)).unwrap();
        assert!(conn.plan(&bare(FEWER)).is_empty());
        assert!(!plan.to_string().contains("DROP COLUMN"));
        conn.sql("UPDATE articles SET title = 'b', note = 'z'");
        assert_eq!(history(conn, 1), ["1|insert|a|n", "2|update|a|n", "3|update|b|NULL"]);
    }

    fn a_renamed_column(conn) {
        conn.sql(TABLE);
        conn.install(&bare(BARE)).unwrap();
        conn.sql("INSERT INTO articles (id, title) VALUES (1, 'a')");
        if C::KIND == Kind::Mysql {
            conn.sql("DROP TRIGGER IF EXISTS handleref_guard_articles");
        }
        conn.sql("ALTER TABLE articles RENAME COLUMN title TO name");
        let plan = conn.install(&bare(RENAMED)).unwrap();
        println!("{plan}");
        assert!(conn.check(&bare(RENAMED)).is_ok(), "{}", conn.check(&bare(RENAMED)));
        conn.sql("UPDATE articles SET name = 'b'");
        let records = conn.rows("record_version, name", "FROM article_records ORDER BY record_id");
        assert_eq!(records, ["1|a", "2|b"]);
    }

    fn a_wider_type(conn) {
        conn.sql("CREATE TABLE articles (id INTEGER NOT NULL PRIMARY KEY, title VARCHAR(50) NOT NULL, note {text})");
        conn.install(&bare(BARE)).unwrap();
        conn.sql("INSERT INTO articles (id, title) VALUES (1, 'a')");
        match C::KIND {
            Kind::Sqlite => {
                assert!(conn.plan(&bare(KEEPING)).is_empty());
                return;
            }
            Kind::Postgres => conn.sql("ALTER TABLE articles ALTER COLUMN title TYPE VARCHAR(200), ALTER COLUMN id TYPE BIGINT"),
            _ => conn.sql("ALTER TABLE articles MODIFY title VARCHAR(200) NOT NULL, MODIFY note LONGTEXT"),
        }
        let found = kinds(&conn.check(&bare(BARE)));
        assert_eq!(found.iter().filter(|kind| *kind == "WidenedColumn").count(), 2, "{found:?}");
        let plan = conn.install(&bare(BARE)).unwrap();
        println!("{plan}");
        assert!(conn.check(&bare(BARE)).is_ok(), "{}", conn.check(&bare(BARE)));
        conn.sql(&format!("UPDATE articles SET title = '{}'", "x".repeat(150)));
        assert_eq!(history(conn, 1).len(), 2);
    }

    fn a_type_that_the_past_does_not_have(conn) {
        conn.sql("CREATE TABLE articles (id INTEGER NOT NULL PRIMARY KEY, title VARCHAR(50) NOT NULL, note {text})");
        conn.install(&bare(BARE)).unwrap();
        match C::KIND {
            Kind::Sqlite => {
                conn.sql("DROP TABLE articles; CREATE TABLE articles (id INTEGER NOT NULL PRIMARY KEY, title INTEGER, note TEXT)");
            }
            Kind::Postgres => conn.sql("ALTER TABLE articles ALTER COLUMN title TYPE INTEGER USING length(title)"),
            _ => conn.sql("ALTER TABLE articles MODIFY title INTEGER"),
        }
        let plan = conn.plan(&bare(BARE));
        assert!(matches!(plan.problems()[0].kind, ProblemKind::OldRecords { .. }), "{plan}");
        assert!(plan.to_string().contains("give the column a new name"), "{plan}");
        assert!(conn.install(&bare(BARE)).is_err());
        // What the model reads as a number is no text in the past.
        let plan = conn.plan(&bare(KEEPING));
        assert!(matches!(plan.problems()[0].kind, ProblemKind::WrongDeclaration { .. }), "{plan}");
        assert!(conn.install(&bare(KEEPING)).is_err());
    }

    fn what_cannot_be_recorded(conn) {
        conn.sql(TABLE);
        conn.sql("ALTER TABLE articles ADD COLUMN record_version INTEGER");
        assert_eq!(kinds(&conn.check(&bare(RESERVED)))[..1], ["MissingSupport"]);
        let problem = |conn: &mut C, schema: &Schema| {
            let plan = conn.plan(schema);
            assert!(conn.install(schema).is_err(), "{plan}");
            assert_eq!(plan.problems().len(), 1, "{plan}");
            crate::support::kind_name(&plan.problems()[0].kind)
        };
        assert_eq!(problem(conn, &bare(RESERVED)), "ReservedColumn");
        assert_eq!(problem(conn, &bare(ABSENT)), "UnknownColumn");
        assert_eq!(problem(conn, &bare(&[])), "UnrecordedKey");
        let lost = recording(BARE).with_relatives(LOST);
        assert_eq!(problem(conn, &with_roles(Roles::NONE, lost)), "UnknownRelative");
        let model = |name, table, recording| ModelSchema::described(name, table, Roles::NONE, &["id"]).with_recording(recording);
        let twice = Schema::new([model("A", "`articles`", recording(BARE)), model("B", "`articles`", recording(FEWER))]);
        assert_eq!(problem(conn, &twice), "RecordedTwice");
        conn.sql("CREATE TABLE others (id INTEGER NOT NULL PRIMARY KEY, title {text})");
        let shared = Schema::new([model("A", "`articles`", recording(BARE)), model("B", "`others`", recording(FEWER))]);
        assert_eq!(problem(conn, &shared), "RecordedTwice");
        conn.sql("CREATE TABLE article_records (id INTEGER, mine INTEGER)");
        assert_eq!(problem(conn, &bare(BARE)), "NotARecordTable");
        assert!(conn.try_sql("SELECT * FROM handleref_recordings").is_err(), "nothing was applied");
    }

    fn drift(conn) {
        conn.sql(TABLE);
        let schema = schema_of(ARTICLE);
        conn.install(&schema).unwrap();
        conn.sql("INSERT INTO articles (id, title) VALUES (1, 'a')");
        let index = match C::KIND {
            Kind::Mysql => "DROP INDEX article_records_handleref_id_record_id_recorded_at ON article_records",
            Kind::Postgres => "DROP INDEX article_records_handleref_id_record_id_recorded_at",
            _ => "DROP INDEX article_records_handleref_id",
        };
        conn.sql(index);
        conn.sql("ALTER TABLE article_records DROP COLUMN record_changeset; ALTER TABLE article_records ADD COLUMN record_changeset BIGINT");
        assert_eq!(kinds(&conn.check(&schema)), ["MissingIndex"]);
        conn.install(&schema).unwrap();
        conn.sql("DELETE FROM handleref_recordings");
        assert!(kinds(&conn.check(&schema)).contains(&"Unlisted".to_owned()));
        conn.install(&schema).unwrap();
        assert!(conn.check(&schema).is_ok());
        conn.sql("DROP TABLE handleref_holds");
        assert_eq!(kinds(&conn.check(&schema)), ["MissingSupport"]);
        conn.install(&schema).unwrap();
        conn.sql("UPDATE articles SET title = 'b'");
        agrees(conn);
        // The record table is gone, and with it the past.
        match C::KIND {
            Kind::Postgres => conn.sql("DROP TABLE article_records CASCADE"),
            _ => conn.sql("DROP TABLE article_records"),
        }
        assert!(kinds(&conn.check(&schema)).contains(&"MissingRecordTable".to_owned()));
        conn.install(&schema).unwrap();
        assert!(conn.check(&schema).is_ok(), "{}", conn.check(&schema));
        assert_eq!(conn.row("backfilled", "FROM handleref_recordings"), "0");
        conn.sql("UPDATE articles SET title = 'c'");
        assert_eq!(history(conn, 1), ["2|baseline|b|NULL", "3|update|c|NULL"]);
    }

    fn uncovered_paths_are_named(conn) {
        conn.sql("CREATE TABLE articles (id INTEGER NOT NULL PRIMARY KEY, title {text} NOT NULL, note {text}, secret {text})");
        let schema = schema_of(ARTICLE);
        conn.install(&schema).unwrap();
        let report = conn.check(&schema);
        assert!(report.is_ok());
        let uncovered = report.uncovered().join("\n");
        println!("{uncovered}");
        assert!(uncovered.contains("`secret`") && !uncovered.contains("`note`"), "{uncovered}");
    }

    fn without_guards(conn) {
        conn.sql(TABLE);
        let schema = schema_of(ARTICLE).without_guards();
        conn.install(&schema).unwrap();
        assert!(conn.check(&schema).is_ok());
        conn.sql("INSERT INTO articles (id, title) VALUES (1, 'a')");
        conn.sql("UPDATE articles SET title = 'b', version = version + 1");
        assert_eq!(history(conn, 1), ["1|insert|a|NULL", "2|update|b|NULL"]);
        agrees(conn);
    }
}
