//! A recorded write is one statement, as it is without a record: triggers do
//! the rest, and nobody waits for another round trip.

use crate::support::recorded::papers as tables;
use crate::support::recorded::{Paper, papers};
use crate::support::{Engine, each_engine};
use diesel::Connection as _;
use diesel::connection::{Instrumentation, InstrumentationEvent};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
#[cfg(feature = "async")]
use diesel_async::AsyncConnection as _;
use handleref::Outcome;
use handleref::prelude::*;
use std::sync::{Arc, Mutex};

/// What a connection has sent.
#[derive(Clone, Default)]
struct Sent(Arc<Mutex<Vec<String>>>);

impl Sent {
    fn hears(&self) -> impl Instrumentation {
        let sent = self.0.clone();
        move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                sent.lock().unwrap().push(query.to_string());
            }
        }
    }

    /// The first words of what was sent since the last call.
    fn take(&self) -> Vec<String> {
        let sent = std::mem::take(&mut *self.0.lock().unwrap());
        let word = |sql: String| {
            sql.split_whitespace()
                .next()
                .unwrap_or_default()
                .to_uppercase()
        };
        sent.into_iter().map(word).collect()
    }
}

each_engine! {
    /// Plain Diesel.
    async fn of_plain_diesel(db: tables, conn) {
        let sent = Sent::default();
        conn.set_instrumentation(sent.hears());
        sent.take();
        go!(diesel::insert_into(papers::table)
            .values((papers::id.eq(1), papers::title.eq("one")))
            .execute(conn))?;
        assert_eq!(sent.take(), ["INSERT"]);
        go!(diesel::update(papers::table.find(1)).set(papers::title.eq("two")).execute(conn))?;
        assert_eq!(sent.take(), ["UPDATE"]);
        let now = chrono::Utc::now().naive_utc();
        go!(diesel::update(papers::table.find(1)).set(papers::deleted_at.eq(now)).execute(conn))?;
        assert_eq!(sent.take(), ["UPDATE"]);
        go!(diesel::delete(papers::table.find(1)).execute(conn))?;
        assert_eq!(sent.take(), ["DELETE"]);
        let records: i64 = go!(Paper::records().count().get_result(conn))?;
        assert_eq!(records, 4);
    }

    /// Our verbs.
    async fn of_verbs(db: tables, conn) {
        go!(diesel::insert_into(papers::table)
            .values((papers::id.eq(1), papers::title.eq("one")))
            .execute(conn))?;
        let sent = Sent::default();
        conn.set_instrumentation(sent.hears());
        go!(handleref::update(papers::table.find(1)).set(papers::title.eq("two")).execute(conn))?;
        assert_eq!(sent.take(), ["UPDATE"]);
        go!(handleref::delete(papers::table.find(1)).execute(conn))?;
        assert_eq!(sent.take(), ["UPDATE"]);
        let records: i64 = go!(Paper::records().count().get_result(conn))?;
        assert_eq!(records, 3);
    }

    /// Bulk writes: one statement, one record for each row.
    async fn of_bulk_writes(db: tables, conn) {
        for id in 1..=300 {
            go!(diesel::insert_into(papers::table)
                .values((papers::id.eq(id), papers::title.eq(format!("title {id}"))))
                .execute(conn))?;
        }
        let sent = Sent::default();
        conn.set_instrumentation(sent.hears());
        go!(diesel::update(papers::table).set(papers::website.eq("w")).execute(conn))?;
        assert_eq!(sent.take(), ["UPDATE"]);
        go!(handleref::update(papers::table).set(papers::website.eq("v")).execute(conn))?;
        assert_eq!(sent.take(), ["UPDATE"]);
        go!(handleref::delete(papers::table).execute(conn))?;
        assert_eq!(sent.take(), ["UPDATE"]);
        go!(diesel::delete(papers::table).execute(conn))?;
        assert_eq!(sent.take(), ["DELETE"]);
        let records: i64 = go!(Paper::records().count().get_result(conn))?;
        assert_eq!(records, 5 * 300);
    }

    /// One row by its instance. MySQL cannot give back what it wrote, so
    /// there a transaction reads the row again.
    async fn of_a_row(db: tables, conn) {
        go!(diesel::insert_into(papers::table)
            .values((papers::id.eq(1), papers::title.eq("one")))
            .execute(conn))?;
        let mut paper: Paper = go!(papers::table.find(1).select(Paper::as_select()).first(conn))?;
        let sent = Sent::default();
        conn.set_instrumentation(sent.hears());
        let expected: &[&str] = match db.engine {
            Engine::Mysql => &["BEGIN", "UPDATE", "SELECT", "COMMIT"],
            _ => &["UPDATE"],
        };
        paper.title = "two".to_owned();
        assert_eq!(go!(paper.save(conn))?, Outcome::Written);
        assert_eq!(sent.take(), expected);
        assert_eq!(go!(paper.delete(conn))?, Outcome::Written);
        assert_eq!(sent.take(), expected);
        go!(paper.hard_delete(conn))?;
        assert_eq!(sent.take(), ["DELETE"]);
        let records: i64 = go!(Paper::records().count().get_result(conn))?;
        assert_eq!(records, 4);
    }
}
