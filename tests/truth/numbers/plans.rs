//! A plan that is taken back after another one was applied.

use crate::support::each_engine;
use crate::support::recorded::{Author, Label, Paper, filled_tables as tables};
use handleref::Maintain;

each_engine! {
    /// The second installation, after the backfill, has other triggers; the first
    /// plan's `down` takes away everything all the same, and it can be made again.
    async fn the_first_plan_is_taken_back_after_a_second_one(db: tables, conn) {
        let schema = handleref::schema![Author, Paper, Label];
        let first = go!(schema.install(conn))?;
        go!(Paper::backfill().execute(conn))?;
        go!(Label::backfill().execute(conn))?;
        let second = go!(schema.install(conn))?;
        assert!(!second.is_empty());
        assert!(go!(schema.check(conn))?.is_ok());
        let down: Vec<&str> = first.down().iter().map(String::as_str).collect();
        for statement in down {
            db.create(statement);
        }
        assert_eq!(go!(schema.plan(conn))?.up(), first.up());
        go!(schema.install(conn))?;
        go!(schema.install(conn))?;
        assert!(go!(schema.check(conn))?.is_ok());
    }
}
