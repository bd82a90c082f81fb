//! Nothing is recorded for a while, and the history says so.

use super::recorded;
use crate::support::each_engine;
use crate::support::recorded::{Paper, PaperRecords, papers};
use diesel::QueryDsl;
use diesel::prelude::ExpressionMethods;
use handleref::maintain::{Event, EventKind, events, without_recording_async};
use handleref::prelude::*;
use handleref::{Error, Operation};

each_engine! {
    /// Nothing is recorded in between, and the history says so.
    async fn a_pause(db: recorded, conn) {
        insert!(conn, 1, "a");
        go!(without_recording_async(conn, "a \"reason\" with '\\", async |conn| {
            rename!(conn, 1, "b");
            go!(without_recording_async(conn, "inner", async |conn| {
                rename!(conn, 1, "c");
                Ok::<_, Error>(())
            }))?;
            rename!(conn, 1, "d");
            Ok::<_, Error>(())
        }))?;
        rename!(conn, 1, "e");
        assert_eq!(history!(conn, 1), [(Operation::Insert, 1), (Operation::Update, 5)]);
        assert_eq!(kinds!(conn), [EventKind::Pause, EventKind::Resume]);
        let last = go!(events().limit(1).load(conn))?;
        assert_eq!(last[0].detail["reason"], "a \"reason\" with '\\");

        let failed = go!(without_recording_async(conn, "fails", async |conn| {
            rename!(conn, 1, "f");
            Err::<(), Error>(Error::Database(diesel::result::Error::RollbackTransaction))
        }));
        assert!(failed.is_err());
        rename!(conn, 1, "g");
        assert_eq!(history!(conn, 1).last(), Some(&(Operation::Update, 6)));
        // In a transaction that goes on and is rolled back.
        let failed: Result<(), Error> = transaction!(conn, inner, {
            go!(without_recording_async(inner, "goes too", async |inner| {
                rename!(inner, 1, "h");
                Ok::<_, Error>(())
            }))?;
            rename!(inner, 1, "i");
            assert_eq!(history!(inner, 1).last(), Some(&(Operation::Update, 8)));
            Err(Error::Database(diesel::result::Error::RollbackTransaction))
        });
        assert!(failed.is_err());
        assert_eq!(history!(conn, 1).last(), Some(&(Operation::Update, 6)));
        assert_eq!(kinds!(conn), [EventKind::Pause, EventKind::Resume]);
    }
}
