//! `plan`.

use crate::each_database;
use crate::program::{masked, piped, screen};
use crate::story::{installed, tables};
use crate::support::{Db, Engine};

/// Tables with a row, and nothing installed.
fn filled(db: &Db) {
    tables(db);
    db.create("INSERT INTO articles (id, title) VALUES (1, 'one'), (2, 'two')");
}

fn named(db: &Db, name: &str) -> String {
    let engine = match db.engine {
        Engine::Sqlite => "sqlite",
        Engine::Postgres => "postgres",
        Engine::Mysql => "mysql",
    };
    format!("{name}_{engine}")
}

/// A folder of the test's own.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(crate::support::fresh_name());
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
    fn masked(&self, text: &str) -> String {
        masked(&text.replace(self.path(), "migrations"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The time in the name of a migration.
fn without_time(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| match line.split_once("migrations/") {
            Some((before, rest)) => {
                let (_, name) = rest.split_once('_').unwrap();
                format!("{before}migrations/2026-11-25-231500_{name}")
            }
            None => line.to_owned(),
        });
    lines.collect::<Vec<_>>().join("\n")
}

each_database! {
    /// The whole output is SQL that can be run.
    fn sql(db: filled) {
        let said = piped(db, &["plan"]);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        let head: Vec<&str> = said.out.lines().take_while(|line| line.starts_with("--")).collect();
        insta::assert_snapshot!(named(db, "plan_head"), head.join("\n"));
        assert!(said.out.trim_end().ends_with("-- Next: manage install --apply && manage backfill Article --apply"), "{}", said.out);
        assert_eq!(piped(db, &["plan", "--exit-code"]).code, 1);
        if db.engine != Engine::Mysql {
            db.execute(&said.out);
            // A file fits databases that have rows where this one has none; here, triggers
            // can be simpler.
            let again = piped(db, &["plan"]);
            assert!(!again.out.contains("CREATE TABLE") && again.out.contains(" triggers\n-- Article  unchanged\n"));
            assert_eq!(piped(db, &["install", "--apply"]).code, 0);
            assert_eq!(piped(db, &["plan", "--exit-code"]).code, 0);
            insta::assert_snapshot!("plan_nothing", piped(db, &["plan"]).out);
        }
    }

    fn migration(db: filled) {
        let folder = Folder::new();
        let said = piped(db, &["plan", "--migration", folder.path()]);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        insta::assert_snapshot!(named(db, "plan_migration"), without_time(&folder.masked(&said.out)));
        let written = std::fs::read_dir(&folder.0).unwrap().next().unwrap().unwrap().path();
        let up = std::fs::read_to_string(written.join("up.sql")).unwrap();
        assert!(up.contains("CREATE TABLE") && written.join("down.sql").exists());
        let wrong = piped(db, &["plan", "--migration", folder.path(), "--name", "a/b"]);
        assert_eq!(wrong.code, 2, "{}", wrong.err);
    }

    fn drift(db: installed) {
        match db.engine {
            Engine::Postgres => db.execute("DROP TRIGGER handleref_update_articles ON articles"),
            _ => db.execute("DROP TRIGGER handleref_update_articles"),
        }
        let folder = Folder::new();
        for width in [80, 60] {
            let text = screen(db, width, &["plan", "--migration", folder.path()]);
            assert!(text.contains("Topic    unchanged") && text.contains("Article  1 trigger"), "{text}");
        }
        let said = piped(db, &["plan", "--json"]);
        let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(json["data"]["models"][1]["change"], "1 trigger");
        assert_eq!(json["data"]["models"][0]["change"], serde_json::Value::Null);
        assert_eq!(json["ok"], true);
    }

    fn problems(db: only_topics) {
        let said = piped(db, &["plan"]);
        assert_eq!(said.code, 3, "{}", said.out);
        assert!(said.out.contains("-- PROBLEM: "), "{}", said.out);
        let said = piped(db, &["install"]);
        assert_eq!(said.code, 3, "{}", said.out);
        assert!(said.out.contains("PROBLEM: ") && !said.out.contains("--apply"), "{}", said.out);
        let said = piped(db, &["install", "--apply"]);
        assert_eq!(said.code, 3, "{}", said.out);
        assert_eq!(piped(db, &["log", "Topic", "1"]).code, 4);
    }
}

fn only_topics(db: &Db) {
    db.create("CREATE TABLE topics (id {KEY} PRIMARY KEY, name {TEXT} NOT NULL)");
}
