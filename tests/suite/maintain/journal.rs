//! What was done to the history, to be read.

use super::recorded;
use crate::support::each_engine;
use crate::support::recorded::Paper;
use chrono::Utc;
use handleref::Error;
use handleref::maintain::{EventKind, Maintain, events, without_recording_async};

each_engine! {
    /// Newest first, page by page, of one model or all.
    async fn pages_of_events(db: recorded, conn) {
        for number in 0..7 {
            go!(without_recording_async(conn, &format!("{number}"), async |_| Ok::<_, Error>(())))?;
        }
        go!(Paper::hold_all(conn, "h"))?;
        let first = go!(events().limit(5).load(conn))?;
        assert_eq!(first.len(), 5);
        assert_eq!((&first[0].kind, first[0].records.as_deref()), (&EventKind::Hold, Some("paper_records")));
        let rest = go!(events().before(first[4].id).load(conn))?;
        assert!(rest.len() >= 10 && rest[0].id < first[4].id);
        assert_eq!(go!(events().of::<Paper>().limit(1).load(conn))?[0], first[0]);
        let age = Utc::now() - first[0].at;
        assert!(age.num_seconds().abs() < 60, "{age}");
        let json = serde_json::to_value(&first[0]).unwrap();
        assert_eq!((json["kind"].as_str(), json["detail"]["reason"].as_str()), (Some("hold"), Some("h")));
    }
}
