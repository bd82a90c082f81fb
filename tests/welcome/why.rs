//! `check` says why a trigger is not the one that is wanted.

use crate::support::each_engine;
use crate::support::recorded::{Author, Label, Paper, papers};

each_engine! {
    async fn a_column_that_came_later(db: papers, conn) {
        db.create("ALTER TABLE papers ADD COLUMN pages INTEGER");
        let schema = handleref::schema![Author, Paper, Label];
        let report = go!(schema.check(conn))?;
        // PostgreSQL's triggers take whole rows, and need not be told.
        if db.engine != crate::support::Engine::Postgres {
            let text = report.to_string();
            assert!(text.contains("is not the one that is needed now: it does not name `pages`"), "{text}");
        }
        go!(schema.install(conn))?;
        assert!(go!(schema.check(conn))?.is_ok());
    }

    /// Put in its place by hand, with another column.
    async fn another_trigger(db: papers, conn) {
        use crate::support::Engine;
        let (drop, create) = match db.engine {
            Engine::Sqlite => ("DROP TRIGGER handleref_insert_papers",
                "CREATE TRIGGER handleref_insert_papers AFTER INSERT ON papers BEGIN SELECT NEW.title; END"),
            Engine::Postgres => ("DROP TRIGGER handleref_guard_papers ON papers",
                "CREATE TRIGGER handleref_guard_papers BEFORE UPDATE ON papers FOR EACH ROW \
                 WHEN (OLD.title IS DISTINCT FROM NEW.title) EXECUTE FUNCTION handleref_guard_papers()"),
            Engine::Mysql => ("DROP TRIGGER handleref_insert_papers",
                "CREATE TRIGGER handleref_insert_papers AFTER INSERT ON papers FOR EACH ROW SET @x = NEW.title"),
        };
        db.create(drop);
        db.create(create);
        let schema = handleref::schema![Author, Paper, Label];
        let report = go!(schema.check(conn))?;
        let text = report.to_string();
        let says = match db.engine {
            Engine::Postgres => "is not the one that is needed now: it ",
            _ => "is not the one that is needed now: it does not name `author_id`",
        };
        assert!(text.contains(says), "{text}");
        go!(schema.install(conn))?;
        assert!(go!(schema.check(conn))?.is_ok());
    }
}
