//! The files, run by Diesel's own harness.
use crate::install::OLD;
use crate::models::{Slugged, articles};
use crate::support::Db;
use diesel::prelude::*;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use handleref_runtime::schema;

macro_rules! migrations {
    ($($name:ident)*) => { $(
        #[test]
        fn $name() {
            let Some(mut conn) = crate::support::$name("migrations") else { return };
            let conn = &mut conn;
            conn.sql(OLD);
            let dir = std::env::temp_dir().join(format!("handleref-{}-{}", stringify!($name), std::process::id()));
            let _ = std::fs::remove_dir_all(&dir);
            let schema = schema![Slugged];
            let plan = schema.plan(conn).unwrap();
            let folder = plan.write_migration(&dir, "handleref").unwrap().unwrap();
            assert!(folder.file_name().unwrap().to_string_lossy().ends_with("_handleref"));
            assert_ne!(plan.write_migration(&dir, "again").unwrap().unwrap().file_name().unwrap().to_string_lossy()[..17], folder.file_name().unwrap().to_string_lossy()[..17]);
            for entry in std::fs::read_dir(&dir).unwrap() {
                let path = entry.unwrap().path();
                if path.to_string_lossy().ends_with("_again") { std::fs::remove_dir_all(path).unwrap() }
            }
            assert!(plan.write_migration(&dir, "../x").is_err());

            let source = FileBasedMigrations::from_path(&dir).unwrap();
            assert_eq!(conn.run_pending_migrations(source.clone()).unwrap().len(), 1);
            assert!(schema.check(conn).unwrap().is_ok(), "{}", schema.check(conn).unwrap());
            assert!(schema.plan(conn).unwrap().write_migration(&dir, "nothing").unwrap().is_none());
            diesel::update(articles::table.find(1)).set(articles::title.eq("x")).execute(conn).unwrap();
            assert_eq!(articles::table.find(1).select(articles::version).first::<i64>(conn), Ok(2));
            conn.revert_all_migrations(source.clone()).unwrap();
            assert_eq!(schema.plan(conn).unwrap(), plan.clone());
            conn.run_pending_migrations(source).unwrap();
            assert!(schema.check(conn).unwrap().is_ok());
            std::fs::remove_dir_all(&dir).unwrap();
        }
    )* };
}
migrations!(sqlite postgres mysql);
