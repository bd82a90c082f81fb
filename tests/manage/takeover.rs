//! An application with migrations and data of its own is taken over by the commands alone.

use crate::program::{Said, piped};
use crate::story::{Article, articles};
use crate::support::{Db, Engine};
use crate::{each_database, on_engine};
use diesel::prelude::*;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use std::path::{Path, PathBuf};

/// The program's folder of migrations, with its first one in it.
struct Migrations(PathBuf);

impl Migrations {
    fn new(db: &Db) -> Self {
        let folder = std::env::temp_dir().join(crate::support::fresh_name());
        let first = folder.join("2020-01-01-000000_blog");
        std::fs::create_dir_all(&first).unwrap();
        let (key, text) = match db.engine {
            Engine::Sqlite => ("INTEGER NOT NULL", "TEXT"),
            Engine::Postgres => ("INTEGER NOT NULL", "TEXT"),
            Engine::Mysql => ("INTEGER NOT NULL", "VARCHAR(255)"),
        };
        let up = format!(
            "CREATE TABLE topics (id {key} PRIMARY KEY, name {text} NOT NULL);\n\
             CREATE TABLE articles (id {key} PRIMARY KEY, topic_id INTEGER REFERENCES topics (id), title {text} NOT NULL, \
             body {text}, email {text}, views INTEGER NOT NULL DEFAULT 0);\n\
             CREATE TABLE tags (article_id INTEGER NOT NULL, tag VARCHAR(64) NOT NULL, PRIMARY KEY (article_id, tag));\n\
             INSERT INTO topics (id, name) VALUES (3, 'Rust');\n\
             INSERT INTO articles (id, topic_id, title) VALUES (7, 3, 'Helo world'), (8, 3, 'Spam');\n"
        );
        std::fs::write(first.join("up.sql"), up).unwrap();
        std::fs::write(
            first.join("down.sql"),
            "DROP TABLE tags; DROP TABLE articles; DROP TABLE topics;",
        )
        .unwrap();
        Self(folder)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    fn read(&self) -> FileBasedMigrations {
        FileBasedMigrations::from_path(Path::new(&self.0)).unwrap()
    }
}

impl Drop for Migrations {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn empty(_: &Db) {}

fn fine(said: &Said) -> &str {
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
    &said.out
}

each_database! {
    fn by_commands_alone(db: empty) {
        let migrations = Migrations::new(db);
        // `diesel migration run`
        let run = || on_engine!(db, conn => conn.run_pending_migrations(migrations.read()).map(|it| it.len()).unwrap());
        let back = || on_engine!(db, conn => conn.revert_last_migration(migrations.read()).map(drop).unwrap());
        assert_eq!(run(), 1);

        let plan = piped(db, &["plan", "--migration", migrations.path()]);
        assert!(fine(&plan).contains("backfill about 2 rows"), "{}", plan.out);
        assert_eq!(run(), 1);
        back();
        // What the program asks is as it was before, and nothing of ours is left in its tables.
        on_engine!(db, conn => {
            let titles: Vec<String> = articles::table.order(articles::id).select(articles::title).load(conn).unwrap();
            assert_eq!(titles, ["Helo world", "Spam"]);
        });
        assert_eq!(piped(db, &["plan", "--exit-code"]).code, 1);
        assert_eq!(run(), 1);

        // What the plan has said is next.
        let behind = piped(db, &["doctor"]);
        assert_eq!(behind.code, 1);
        assert!(behind.out.contains("backfill Article --apply"), "{}", behind.out);
        fine(&piped(db, &["backfill", "--apply"]));
        fine(&piped(db, &["install", "--apply"]));
        if db.engine != Engine::Mysql {
            // The program never had this one; MySQL and MariaDB make it with the foreign key.
            let found = piped(db, &["doctor"]);
            assert!(found.code == 1 && found.out.contains("articles.topic_id: has no index"), "{}", found.out);
            db.execute("CREATE INDEX articles_of_topic ON articles (topic_id)");
        }
        fine(&piped(db, &["doctor"]));
        assert_eq!(piped(db, &["plan", "--exit-code"]).code, 0);

        // From now on all that happens is there.
        db.execute("UPDATE articles SET title = 'Hello, world' WHERE id = 7");
        let log = piped(db, &["log", "art7"]);
        assert!(fine(&log).contains("title  Helo world → Hello, world"), "{}", log.out);
        let plan = piped(db, &["revert", "Article", "7", "v1"]);
        assert_eq!(plan.code, 3, "{}", plan.out);
        fine(&piped(db, &["revert", "Article", "7", "v1", "--apply"]));
        on_engine!(db, conn => {
            let article: Article = articles::table.find(7).select(Article::as_select()).first(conn).unwrap();
            assert_eq!((article.title.as_str(), article.version), ("Helo world", 3));
        });
        fine(&piped(db, &["doctor", "--all"]));
    }
}
