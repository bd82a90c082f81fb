//! Spans of requests, for `tracing`: what was asked, and how long a connection and the database took.

use super::pool::Work;
use std::fmt::Debug;
use std::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument as _, info_span};

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// The same work in a span of its own, whichever thread does it.
pub(super) fn traced(what: &dyn Debug, model: &str, work: Work) -> Work {
    let span = info_span!(
        target: "handleref::http", "handleref", ?what, model,
        waited_us = Empty, worked_us = Empty, status = Empty,
    );
    let asked = Instant::now();
    Box::new(move |conn| {
        span.record("waited_us", micros(asked));
        let (inside, begun) = (span.clone(), Instant::now());
        let work = async move {
            let response = work(conn).await;
            span.record("worked_us", micros(begun));
            span.record("status", response.status().as_u16());
            response
        };
        Box::pin(work.instrument(inside))
    })
}
