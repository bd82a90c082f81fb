use crate::models::{
    Article, Elsewhere, Order, Slugged, Times, WithBoth, WithStatus, WithStatusApostrophe,
    WithStatusText,
};
use crate::support::{engines, kind_name, kinds};
use handleref_runtime::engine::Kind;
use handleref_runtime::error::Error;
use handleref_runtime::schema;
use handleref_runtime::schema::{ModelSchema, Schema};

pub const OLD: &str = "CREATE TABLE articles (id {serial}, title {text} NOT NULL, note {text});
    INSERT INTO articles (title, note) VALUES ('one', NULL), ('two', 'x'), ('three', 'y')";
pub const COLUMNS: &str = "version, created_at, updated_at, deleted_at";

engines! {
    fn existing_rows_and_new_ones(conn) {
        let schema = schema![Article];
        assert_eq!(kinds(&conn.check(&schema)), ["MissingTable"]);
        conn.sql(OLD);
        let plan = conn.plan(&schema);
        assert!(!plan.is_empty() && plan.problems().is_empty());
        assert_eq!(conn.install(&schema).unwrap(), plan);
        println!("{plan}");
        assert!(conn.plan(&schema).is_empty());
        assert!(conn.install(&schema).unwrap().is_empty());
        assert!(conn.check(&schema).is_ok(), "{}", conn.check(&schema));

        let rows = conn.rows(COLUMNS, "FROM articles ORDER BY id");
        let old: Vec<&str> = rows[0].split('|').collect();
        assert_eq!((rows.len(), old[0], old[1], old[3]), (3, "1", old[2], "NULL"));
        assert!(rows.iter().all(|row| *row == rows[0]), "{rows:?}");
        conn.tick();
        conn.sql("INSERT INTO articles (title) VALUES ('four')");
        let row = conn.row(COLUMNS, "FROM articles WHERE title = 'four'");
        let new: Vec<&str> = row.split('|').collect();
        assert_eq!((new[0], new[1], new[3]), ("1", new[2], "NULL"));
        assert!(new[1] > old[1] && new[1].starts_with("20"), "{new:?} {old:?}");
    }

    fn down_restores_what_was_there(conn) {
        let schema = schema![Slugged];
        conn.sql(OLD);
        let plan = conn.install(&schema).unwrap();
        for statement in plan.down() {
            conn.sql(&statement.replace(['[', ']'], ""));
        }
        assert_eq!(conn.plan(&schema), plan);
        assert!(conn.try_sql("SELECT version FROM articles").is_err());
        assert_eq!(conn.rows("title, note", "FROM articles ORDER BY id"), ["one|NULL", "two|x", "three|y"]);
        conn.install(&schema).unwrap();
    }

    fn one_timestamp_is_copied_from_the_other(conn) {
        let past = "'2001-02-03 04:05:06.789'";
        conn.sql(OLD);
        conn.sql(&format!("ALTER TABLE articles ADD COLUMN created_at {{time}} DEFAULT {past}"));
        conn.install(&schema![Times]).unwrap();
        let row = conn.row("created_at, updated_at", "FROM articles LIMIT 1");
        let (created, updated) = row.split_once('|').unwrap();
        assert_eq!(created, updated);
        assert!(updated.starts_with("2001-02-03 04:05:06.789"), "{updated}");
    }

    fn what_the_user_made_stays_and_counts(conn) {
        conn.sql(OLD);
        conn.sql("ALTER TABLE articles ADD COLUMN created_at {time} NOT NULL DEFAULT '2001-02-03 04:05:06'");
        conn.sql("CREATE INDEX mine ON articles (created_at, title)");
        let plan = conn.install(&schema![Article]).unwrap();
        assert!(!plan.to_string().contains("articles_handleref_created_at"), "{plan}");
        assert!(plan.to_string().contains("articles_handleref_updated_at"), "{plan}");
        let down = plan.down().join(";\n");
        assert!(!down.contains("created_at") && !down.contains("mine"), "{down}");
    }

    fn wrong_types_are_reported_and_nothing_is_changed(conn) {
        conn.sql("CREATE TABLE articles (id {serial}, title {text} NOT NULL, version {text} NOT NULL DEFAULT 1, created_at REAL, deleted_at {time} NOT NULL)");
        let schema = schema![Article];
        let plan = conn.plan(&schema);
        let wrong: Vec<_> = plan.problems().iter().map(|p| (p.column.clone().unwrap(), kind_name(&p.kind))).collect();
        let expected = ["version", "created_at", "deleted_at"].map(|column| (column.to_owned(), "WrongType".to_owned()));
        assert_eq!(wrong, expected);
        println!("{plan}");
        let Err(Error::Schema(problems)) = conn.install(&schema) else { panic!("installed") };
        assert_eq!(problems, plan.problems());
        assert_eq!(conn.plan(&schema), plan);
        assert!(conn.try_sql("SELECT updated_at FROM articles").is_err());
    }

    fn coarse_or_narrow_columns_are_wrong(conn) {
        if C::KIND == Kind::Sqlite { return }
        conn.sql("CREATE TABLE articles (id {serial}, version INTEGER NOT NULL DEFAULT 1, created_at TIMESTAMP(0) DEFAULT '2001-01-01 00:00:00', updated_at DATE)");
        assert_eq!(conn.plan(&schema![Article]).problems().len(), 3);
    }

    fn a_view_is_no_table(conn) {
        conn.sql("CREATE TABLE x (id INTEGER)");
        conn.sql("CREATE VIEW articles AS SELECT * FROM x");
        assert_eq!(kinds(&conn.check(&schema![Article])), ["NotATable"]);
    }

    fn names_that_need_quotes(conn) {
        let title = match C::KIND {
            Kind::Postgres => "\"ti'tle \"\"x\"\" `y`\"",
            _ => "`ti'tle \"x\" ``y```",
        };
        conn.sql(&format!("CREATE TABLE [order] ([select] {{serial}}, {title} {{text}} NOT NULL); INSERT INTO [order] ({title}) VALUES ('a')"));
        let schema = schema![Order];
        let plan = conn.install(&schema).unwrap();
        println!("{plan}");
        assert!(conn.check(&schema).is_ok(), "{}", conn.check(&schema));
        conn.sql(&format!("UPDATE [order] SET {title} = 'b'"));
        conn.sql(&format!("UPDATE [order] SET {title} = 'b'"));
        assert_eq!(conn.row("[v\"ersión]".replace('"', if C::KIND == Kind::Postgres { "\"\"" } else { "\"" }).as_str(), "FROM [order]"), "2");
        for statement in plan.down() {
            conn.batch_execute(statement).unwrap();
        }
        assert_eq!(conn.plan(&schema), plan);
    }

    fn other_schemas(conn) {
        match C::KIND {
            Kind::Sqlite => conn.sql("ATTACH ':memory:' AS hr_elsewhere"),
            Kind::Postgres => conn.sql("DROP SCHEMA IF EXISTS hr_elsewhere CASCADE; CREATE SCHEMA hr_elsewhere"),
            _ => conn.sql("DROP DATABASE IF EXISTS hr_elsewhere; CREATE DATABASE hr_elsewhere"),
        }
        conn.sql("CREATE TABLE hr_elsewhere.articles (id {serial}, title {text}); INSERT INTO hr_elsewhere.articles (title) VALUES ('a')");
        conn.sql(OLD);
        let schema = schema![Elsewhere, Article];
        let plan = conn.install(&schema).unwrap();
        assert!(conn.check(&schema).is_ok(), "{}", conn.check(&schema));
        conn.sql("UPDATE hr_elsewhere.articles SET title = 'b'");
        assert_eq!(conn.row("version", "FROM hr_elsewhere.articles"), "2");
        assert_eq!(conn.row("version", "FROM articles LIMIT 1"), "1");
        for statement in plan.down() {
            conn.batch_execute(statement).unwrap();
        }
        assert_eq!(conn.plan(&schema), plan);
    }

    fn unique_among_the_living(conn) {
        conn.sql(OLD);
        let schema = schema![Slugged];
        conn.install(&schema).unwrap();
        assert!(conn.plan(&schema).is_empty());
        assert!(conn.try_sql("INSERT INTO articles (title, note) VALUES ('two', 'x')").is_err());
        conn.sql("UPDATE articles SET deleted_at = '2026-01-01 00:00:00' WHERE title = 'two'");
        conn.sql("INSERT INTO articles (title, note) VALUES ('two', 'x')");
        assert!(conn.try_sql("INSERT INTO articles (title, note) VALUES ('two', 'x')").is_err());
        assert!(conn.try_sql("UPDATE articles SET deleted_at = NULL").is_err());
        conn.sql("UPDATE articles SET deleted_at = '2026-01-01 00:00:00'");
        conn.sql("INSERT INTO articles (title, note) VALUES ('two', 'x')");
    }

    fn a_plain_unique_index_is_reported(conn) {
        conn.sql(OLD);
        conn.sql("CREATE UNIQUE INDEX mine ON articles (note, title)");
        let plan = conn.plan(&schema![Slugged]);
        assert_eq!(plan.problems().iter().map(|p| kind_name(&p.kind)).collect::<Vec<_>>(), ["PlainUnique"]);
        assert!(matches!(conn.install(&schema![Slugged]), Err(Error::Schema(_))));
        conn.sql(if C::KIND == Kind::Mysql { "DROP INDEX mine ON articles" } else { "DROP INDEX mine" });
        conn.install(&schema![Slugged]).unwrap();
    }

    fn status_models(conn) {
        conn.sql(OLD);
        assert_eq!(kinds(&conn.check(&schema![WithStatus])), ["MissingIndex", "UniqueNeedsDeletedAt"]);
        conn.sql("DROP TABLE articles; CREATE TABLE articles (id {serial}, title {text})");
        assert_eq!(kinds(&conn.check(&schema![WithStatus]))[0], "UnknownColumn");
    }

    fn unique_by_a_status(conn) {
        let backslash = if C::KIND == Kind::Mysql { r"'it''s \\ Gone'" } else { r"'it''s \ Gone'" };
        let schemas = [(schema![WithStatusText], backslash), (schema![WithStatusApostrophe], "'it''s gone'")];
        for (schema, gone) in &schemas {
            for status in ["{text}", "VARCHAR(40)", "CHAR(40)"] {
                conn.sql("DROP TABLE IF EXISTS articles");
                conn.sql(&OLD.replace("note {text}", &format!("note {status}")));
                let plan = conn.install(schema).unwrap();
                println!("{plan}");
                assert!(conn.plan(schema).is_empty(), "{}", conn.plan(schema));
                assert!(conn.check(schema).is_ok(), "{}", conn.check(schema));
                // Null, blank and anything else are living.
                for note in ["NULL", "''", "'ok'", "'gone'"] {
                    assert!(conn.try_sql(&format!("INSERT INTO articles (title, note) VALUES ('one', {note})")).is_err(), "{note}");
                }
                conn.sql(&format!("INSERT INTO articles (title, note) VALUES ('one', {gone}), ('one', {gone})"));
                assert!(conn.try_sql("UPDATE articles SET note = 'ok' WHERE title = 'one'").is_err());
                conn.sql(&format!("UPDATE articles SET note = {gone} WHERE title = 'one'"));
                conn.sql("INSERT INTO articles (title, note) VALUES ('one', 'ok')");
                for statement in plan.down() {
                    conn.batch_execute(statement).unwrap();
                }
                assert_eq!(conn.plan(schema), plan);
            }
        }
    }

    fn unique_by_the_status_where_there_are_both(conn) {
        conn.sql(OLD);
        conn.install(&schema![WithBoth]).unwrap();
        assert!(conn.plan(&schema![WithBoth]).is_empty());
        conn.sql("UPDATE articles SET deleted_at = '2026-01-01 00:00:00' WHERE title = 'one'");
        assert!(conn.try_sql("INSERT INTO articles (title) VALUES ('one')").is_err());
        conn.sql("INSERT INTO articles (title, note) VALUES ('one', 'x')");
        conn.sql("INSERT INTO articles (title) VALUES ('two')");
        // A model that tells the deleted rows otherwise needs another index.
        if C::KIND != Kind::Mysql {
            assert_eq!(kinds(&conn.check(&schema![WithStatusText])), ["AlteredIndex"]);
        }
    }

    /// Version and times have an index where one is asked for. One that is not
    /// asked for any more, or that an earlier version made, goes.
    fn indexes_that_are_asked_for(conn) {
        conn.sql(OLD);
        let all = schema![Article];
        let lean = Schema::new([ModelSchema::of::<Article>().with_indexed(&[])]);
        conn.install(&lean).unwrap();
        assert!(conn.check(&lean).is_ok());
        assert_eq!(kinds(&conn.check(&all)), ["MissingIndex"; 3]);
        conn.install(&all).unwrap();
        assert!(conn.check(&all).is_ok());
        assert_eq!(kinds(&conn.check(&lean)), ["SurplusIndex"; 3]);
        let plan = conn.install(&lean).unwrap();
        assert!(conn.check(&lean).is_ok());
        // The way back leads to what was there.
        for statement in plan.down() {
            conn.sql(statement);
        }
        assert!(conn.check(&all).is_ok(), "{}", conn.check(&all));
        // A user's own index on such a column is none of ours.
        conn.install(&lean).unwrap();
        conn.sql("CREATE INDEX by_version ON articles (version)");
        assert!(conn.check(&lean).is_ok());
    }

    fn drift(conn) {
        conn.sql(OLD);
        let schema = Schema::new([ModelSchema::of::<Slugged>().with_indexed(&["version"])]);
        conn.install(&schema).unwrap();
        let (on, parentheses) = match C::KIND { Kind::Sqlite => ("", ""), Kind::Postgres => (" ON articles", "()"), _ => ("", "") };
        let index_on = if C::KIND == Kind::Mysql { " ON articles" } else { "" };

        conn.sql(&format!("DROP TRIGGER handleref_guard_articles{on}"));
        assert_eq!(kinds(&conn.check(&schema)), ["MissingTrigger"]);
        conn.install(&schema).unwrap();
        assert!(conn.check(&schema).is_ok());

        conn.sql(&format!("DROP INDEX articles_handleref_version{index_on}; CREATE INDEX articles_handleref_version ON articles (id)"));
        assert_eq!(kinds(&conn.check(&schema)), ["AlteredIndex"]);
        conn.install(&schema).unwrap();
        conn.sql(&format!("DROP INDEX articles_handleref_version{index_on}"));
        assert_eq!(kinds(&conn.check(&schema)), ["MissingIndex"]);
        conn.install(&schema).unwrap();

        // Another trigger of this name.
        conn.sql(&format!("DROP TRIGGER handleref_guard_articles{on}"));
        conn.sql(match C::KIND {
            Kind::Sqlite => "CREATE TRIGGER handleref_guard_articles AFTER UPDATE ON articles BEGIN SELECT 1; END",
            Kind::Postgres => "CREATE TRIGGER handleref_guard_articles BEFORE UPDATE OF title ON articles FOR EACH ROW WHEN (NEW.version <= OLD.version) EXECUTE FUNCTION handleref_guard_articles()",
            _ => "CREATE TRIGGER handleref_guard_articles BEFORE UPDATE ON articles FOR EACH ROW SET NEW.version = 7",
        });
        assert_eq!(kinds(&conn.check(&schema)), ["AlteredTrigger"]);
        let plan = conn.install(&schema).unwrap();
        assert!(conn.check(&schema).is_ok());
        // The way back leads to what was there.
        for statement in plan.down() {
            conn.batch_execute(statement).unwrap();
        }
        assert_eq!(conn.plan(&schema), plan);
        conn.install(&schema).unwrap();

        if C::KIND == Kind::Postgres {
            conn.sql("ALTER TABLE articles DISABLE TRIGGER handleref_guard_articles");
            assert_eq!(kinds(&conn.check(&schema)), ["DisabledTrigger"]);
            conn.install(&schema).unwrap();
            assert!(conn.check(&schema).is_ok());
            conn.sql("CREATE OR REPLACE FUNCTION handleref_guard_articles() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'");
            assert_eq!(kinds(&conn.check(&schema)), ["AlteredTrigger"]);
            conn.install(&schema).unwrap();
        }
        // A new column that the guard has to compare (PostgreSQL compares whole rows).
        conn.sql("ALTER TABLE articles ADD COLUMN more {text}");
        let wanted: &[&str] = if C::KIND == Kind::Postgres { &[] } else { &["AlteredTrigger"] };
        assert_eq!(kinds(&conn.check(&schema)), wanted);
        conn.install(&schema).unwrap();
        conn.sql("UPDATE articles SET more = 'x'");
        assert_eq!(conn.row("version", "FROM articles LIMIT 1"), "2");
        let _ = parentheses;
    }

    fn models_of_one_table_are_taken_together(conn) {
        conn.sql(OLD);
        let both = conn.install(&schema![Times, Slugged]).unwrap();
        let triggers = both.up().iter().filter(|sql| sql.contains("TRIGGER"));
        assert_eq!(triggers.count(), 1);
        assert!(conn.check(&schema![Slugged]).is_ok());
    }

    fn without_guards(conn) {
        conn.sql(OLD);
        let schema = schema![Article].without_guards();
        let plan = conn.install(&schema).unwrap();
        assert!(!plan.to_string().contains("TRIGGER"), "{plan}");
        assert!(conn.check(&schema).is_ok());
        assert_eq!(kinds(&conn.check(&schema![Article])), ["MissingTrigger"]);
    }

    fn existing_columns_without_defaults_get_them(conn) {
        conn.sql("CREATE TABLE articles (id {serial}, title {text}, version BIGINT NOT NULL, created_at {time} NOT NULL, updated_at {time} NOT NULL)");
        let plan = conn.install(&schema![Article]).unwrap();
        assert!(conn.plan(&schema![Article]).is_empty());
        if C::KIND == Kind::Sqlite { return }
        conn.sql("INSERT INTO articles (title) VALUES ('x')");
        let row = conn.row("version, created_at, updated_at", "FROM articles");
        let row: Vec<&str> = row.split('|').collect();
        assert_eq!((row[0], row[1]), ("1", row[2]));
        for statement in plan.down() {
            conn.batch_execute(statement).unwrap();
        }
        assert_eq!(conn.plan(&schema![Article]), plan);
    }

    fn a_failure_leaves_nothing_or_can_be_repeated(conn) {
        conn.sql(OLD);
        conn.sql("INSERT INTO articles (title, note) VALUES ('two', 'x')");
        let schema = schema![Slugged];
        let before = conn.plan(&schema);
        assert!(matches!(conn.install(&schema), Err(Error::Database(_))));
        if C::KIND != Kind::Mysql {
            assert_eq!(conn.plan(&schema), before);
        }
        conn.sql("DELETE FROM articles WHERE id = 4");
        conn.install(&schema).unwrap();
        assert!(conn.check(&schema).is_ok());
        conn.sql("INSERT INTO articles (title) VALUES ('new')");
        assert!(conn.row("created_at", "FROM articles WHERE title = 'new'").starts_with("20"));
    }
}
