//! An installation beside rows that are there already: all models at once.

use crate::support::each_engine;
use crate::support::recorded::{Author, Label, Paper, filled_tables as tables};
use handleref::prelude::*;
use std::sync::{Arc, Mutex};

each_engine! {
    async fn of_all_models(db: tables, conn) {
        let schema = handleref::schema![Author, Paper, Label];
        let plan = go!(schema.plan(conn))?;
        // The tables of the program are named with those who wait; record tables are new.
        let locks = plan.locks();
        assert!(locks.iter().any(|lock| lock.table.contains("papers")), "{locks:?}");
        assert!(!locks.iter().any(|lock| lock.table.contains("record") || lock.table.contains("history")), "{locks:?}");
        let text = plan.to_string();
        assert!(text.starts_with("-- Written by handleref for ") && text.contains("-- Who waits:"), "{text}");
        go!(schema.install(conn))?;
        let report = go!(schema.check(conn))?;
        assert!(report.is_ok());
        let due: Vec<_> = report.due().iter().map(|text| text.split(':').next().unwrap_or_default()).collect();
        assert_eq!(due, ["Paper", "Label"]);
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = told.clone();
        let done = go!(schema
            .backfill()
            .batch(10)
            .on_progress(move |model, progress| heard.lock().unwrap().push((model, progress.finished)))
            .execute(conn))?;
        let written: Vec<_> = done.iter().map(|(model, progress)| (*model, progress.written)).collect();
        assert_eq!(written, [("Author", 0), ("Paper", 25), ("Label", 125)]);
        let told = told.lock().unwrap().clone();
        assert!(told.len() > 10 && told.contains(&("Label", true)), "{told:?}");
        // Complete: the triggers need not look any more, and a second run has nothing to do.
        go!(schema.install(conn))?;
        let report = go!(schema.check(conn))?;
        assert!(report.is_ok() && report.due().is_empty(), "{report}");
        let again = go!(schema.backfill().execute(conn))?;
        assert!(again.iter().all(|(_, progress)| progress.written == 0 && progress.finished));
        let as_of = handleref::history::RecordNo(i64::MAX);
        let then = go!(diesel::QueryDsl::count(crate::support::recorded::papers::table)
            .as_of::<Paper>(as_of).get_result::<i64>(conn))?;
        assert_eq!(then, 25);
    }
}
