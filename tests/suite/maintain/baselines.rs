//! Rows that were there before the recording.

use super::filled;
use crate::support::each_engine;
use crate::support::recorded::{Author, Label, LabelRecords, Paper, PaperRecords, labels, papers};
use chrono::{NaiveDateTime, TimeDelta, Utc};
use diesel::QueryDsl;
use diesel::prelude::ExpressionMethods;
use handleref::maintain::{Event, EventKind, Maintain, events};
use handleref::prelude::*;
use handleref::{Error, Operation};

each_engine! {
    /// Every row gets one baseline, that of the time when recording began.
    async fn backfill(db: filled, conn) {
        rename!(conn, 3, "changed before its turn");
        let refused = go!(papers::table.select(papers::id).as_of::<Paper>(Utc::now()).load::<i32>(conn));
        assert!(refused.is_err(), "{refused:?}");
        let mut seen = Vec::new();
        let progress = go!(Paper::backfill()
            .batch(4)
            .on_progress(|progress| seen.push(progress))
            .execute(conn))?;
        assert_eq!((progress.done, progress.written, progress.finished), (25, 24, true), "{progress}");
        assert_eq!(seen.len(), 7);
        assert_eq!((seen[0].done, seen[0].finished), (4, false));
        assert_eq!(seen[6], progress);
        use Operation::{Baseline, Update};
        assert_eq!(history!(conn, 3), [(Baseline, 1), (Update, 2)]);
        assert_eq!(history!(conn, 25), [(Baseline, 1)]);
        rename!(conn, 25, "later");
        assert_eq!(history!(conn, 25), [(Baseline, 1), (Update, 2)]);

        let all = go!(Paper::records()
            .filter(PaperRecords::OPERATION.eq(Baseline))
            .order(PaperRecords::RECORD_ID)
            .select((PaperRecords::RECORD_ID, PaperRecords::AT, PaperRecords::CHANGESET, papers::secret, papers::views))
            .load::<(i64, NaiveDateTime, Option<i64>, Option<String>, i32)>(conn))?;
        assert_eq!(all.len(), 25);
        assert!(all.iter().all(|(id, at, changeset, secret, views)| {
            (*id < 0, *at, changeset.is_none(), secret.is_none(), *views) == (true, all[0].1, true, true, 0)
        }), "{all:?}");

        let progress = go!(Label::backfill().batch(3).execute(conn))?;
        assert_eq!((progress.done, progress.written), (125, 125));
        let keys: Vec<(i32, String)> = go!(labels::table.order((labels::paper_id, labels::label)).select((labels::paper_id, labels::label)).load(conn))?;
        let records: Vec<(i32, String)> = go!(Label::records().order((labels::paper_id, labels::label)).select((labels::paper_id, labels::label)).load(conn))?;
        assert_eq!(keys, records);
        assert_eq!(go!(Label::records().select(LabelRecords::VERSION).distinct().load::<i64>(conn))?, [1]);

        let again = go!(Paper::backfill().execute(conn))?;
        assert_eq!((again.done, again.written), (25, 0));
        assert_eq!(kinds!(conn), [EventKind::Backfill, EventKind::Backfill, EventKind::Backfill]);
        let events = go!(events().of::<Paper>().load(conn))?;
        assert_eq!(events.iter().filter(|event| event.kind == EventKind::Backfill).map(|event| event.affected).collect::<Vec<_>>(), [Some(0), Some(24)]);

        let now: Vec<i32> = go!(papers::table.select(papers::id).as_of::<Paper>(Utc::now() + TimeDelta::hours(1)).load(conn))?;
        assert_eq!(now.len(), 25);
        // The triggers can be simpler now, and work on.
        let schema = handleref::schema![Author, Paper, Label];
        go!(schema.install(conn))?;
        assert!(go!(schema.plan(conn))?.is_empty());
        rename!(conn, 7, "later still");
        assert_eq!(history!(conn, 7), [(Baseline, 1), (Update, 2)]);
    }

    /// Before the backfill every question about the past is refused, even if
    /// there is no record that it could look at.
    async fn nothing_is_known_before_the_backfill(db: filled, conn) {
        let all = go!(papers::table.select(papers::id).as_of::<Paper>(Utc::now()).load::<i32>(conn));
        assert!(all.is_err(), "{all:?}");
        rename!(conn, 3, "changed");
        let one = go!(papers::table.find(4).select(papers::id).as_of::<Paper>(Utc::now()).load::<i32>(conn));
        assert!(one.is_err(), "{one:?}");
    }

    /// Broken off after any step, the next run does the rest.
    async fn backfill_is_resumed(db: filled, conn) {
        let mut begun = Paper::backfill().batch(10);
        assert_eq!(go!(begun.step(conn))?.written, 10);
        drop(begun);
        let mut rest = Paper::backfill().batch(10);
        let mut steps = 0;
        while !go!(rest.step(conn))?.finished {
            steps += 1;
        }
        assert_eq!(steps, 2);
        assert_eq!(go!(rest.step(conn))?.written, 15);
        assert_eq!(go!(Paper::records().count().get_result::<i64>(conn))?, 25);
        // In the caller's transaction it comes and goes with that.
        let failed: Result<(), Error> = transaction!(conn, inner, {
            assert_eq!(go!(Label::backfill().batch(50).execute(inner))?.written, 125);
            Err(Error::Database(diesel::result::Error::RollbackTransaction))
        });
        assert!(failed.is_err());
        assert_eq!(go!(Label::records().count().get_result::<i64>(conn))?, 0);
        assert_eq!(kinds!(conn).len(), 2);
    }
}

/// However many batches there are, a connection keeps no more prepared than after the first ones.
mod many_batches {
    use super::{Label, Maintain, Paper, filled};
    use crate::support::kept::Kept;
    use crate::support::{Db, Done};
    use diesel::Connection;

    macro_rules! engines {
        ($($feature:literal $engine:ident $conn:ty;)*) => { $(
            #[cfg(feature = $feature)]
            #[test]
            fn $engine() -> Done {
                let db = Db::$engine();
                filled(&db);
                let conn = &mut db.connect::<$conn>();
                let kept = Kept::default();
                conn.set_instrumentation(kept.hears());
                let progress = Label::backfill().batch(1).execute(conn)?;
                assert_eq!((progress.done, progress.written), (125, 125));
                Paper::backfill().batch(1).execute(conn)?;
                let kept = kept.take();
                assert!(kept.len() < 10, "{kept:#?}");
                Ok(())
            }
        )* };
    }

    engines! {
        "sqlite" sqlite diesel::SqliteConnection;
        "postgres" postgres diesel::PgConnection;
        "mysql" mysql diesel::MysqlConnection;
    }
}
