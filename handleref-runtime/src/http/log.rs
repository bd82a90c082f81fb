//! What changed in several resources: changes behind a cursor, changesets, and their undo.

mod asked;
mod changesets;
mod diffs;

use super::Resource;
use super::call::{ATTEMPTS, busy, headless, other_method};
use super::events::{Hub, Shutdown};
use super::failure::{Refused, repeated};
use super::pool::Work;
use super::problem::Problem;
use super::server::{Failure, Server};
use crate::error::Error;
use crate::history::ChangesetNo;
use crate::session::Session;
use asked::Asked;
use axum::Router;
use axum::extract::{Path, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, StatusCode};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A resource without its types; made by [`Resource::served`].
#[derive(Clone)]
pub struct Served(pub(super) Arc<Server>);

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Served({})", self.0.model.name())
    }
}

impl<M, DB> Resource<M, DB> {
    /// The resource as it is up to here, with its policy and what it hides, for a [`Log`].
    pub fn served(&self) -> Served {
        Served(Arc::new(self.server.clone()))
    }
}

/// The changes of several resources, in the order in which they became visible, and the changesets
/// that they were made in.
///
/// ```text
/// let log = http::Log::of([articles.served(), comments.served()]);
/// let app = Router::new().merge(log.router("/log"));
/// ```
///
/// | | |
/// | --- | --- |
/// | `GET /changes/?cursor=..&limit=..` | what changed behind the cursor, and the next cursor; without one from the beginning. A cursor that is too old, or of another database, is 410 with the reason |
/// | `GET /changes/events` | the same as server-sent events, from `Last-Event-ID` or `?cursor=` on: `change` for each, then `cursor` with the place as its id; `too_old` with the cursor of now if there is a gap |
/// | `GET /diffs/?cursor=..&limit=..&model=..&key=..` | the same as diffs, of the resources that have a [`feed`](super::Resource::feed); of those that are under one object |
/// | `GET /changesets/?by=..&correlation=..&before=..&limit=..` | changesets, newest first |
/// | `GET /changesets/{no}/` | one, with its net effect on each row |
/// | `GET /changesets/{no}/undo/` | what its undo would do, and what stands in the way; the `ETag` is of this plan |
/// | `POST /changesets/{no}/undo/` | does it, if `If-Match` says that this plan is meant |
///
/// Rows and fields come out as their resource's policy says: a change is asked for with
/// [`Action::History`](super::Action::History) and the row as it was after it. Changesets are shown to those whom the
/// policies of all these resources allow [`Action::Changesets`](super::Action::Changesets); an undo must be allowed for every row
/// that it changes, with [`Action::Undo`](super::Action::Undo).
#[derive(Clone)]
pub struct Log {
    served: Arc<[Served]>,
    hub: Option<Arc<Hub>>,
    shutdown: Shutdown,
    interval: Duration,
    most: usize,
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Log").field(&self.served).finish()
    }
}

/// What a request wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Want {
    Changes,
    Events,
    Diffs,
    Changesets,
    Changeset(ChangesetNo),
    Plan(ChangesetNo),
    Undo(ChangesetNo),
}

impl Want {
    const fn known(self) -> &'static [&'static str] {
        match self {
            Self::Changes => &["cursor", "limit"],
            Self::Events => &["cursor"],
            Self::Diffs => &["cursor", "limit", "model", "key"],
            Self::Changesets => &["by", "correlation", "before", "limit"],
            _ => &[],
        }
    }
}

impl Log {
    /// Of these resources, which must be of one [`Api`](super::Api); none twice.
    pub fn of(resources: impl IntoIterator<Item = Served>) -> Self {
        Self {
            served: resources.into_iter().collect(),
            hub: None,
            shutdown: Shutdown::new(),
            interval: Duration::from_secs(1),
            most: 1_000,
        }
    }

    /// The names of its models, for what is named after it.
    #[cfg(feature = "openapi")]
    pub(super) fn title(&self) -> String {
        let names = self.served.iter().map(|Served(server)| server.model.name());
        names.collect::<Vec<_>>().join("_")
    }

    /// Whether one of them is told as diffs.
    pub(super) fn has_feed(&self) -> bool {
        self.served
            .iter()
            .any(|Served(server)| server.feed.is_some())
    }

    /// Ends the streams of events when the server stops.
    #[must_use]
    pub fn shutdown(mut self, shutdown: &Shutdown) -> Self {
        self.shutdown = shutdown.clone();
        self
    }

    /// How often the database is asked for new changes while there are streams (once a second),
    /// and how many streams there may be (1,000; more are 503).
    #[must_use]
    pub fn streams(mut self, interval: Duration, most: usize) -> Self {
        self.interval = interval.max(Duration::from_millis(10));
        self.most = most;
        self
    }

    /// With what its streams share.
    fn begun(mut self) -> Self {
        if let Some(Served(first)) = self.served.first() {
            let models = self
                .served
                .iter()
                .map(|Served(server)| server.model.engines());
            let mut hub = Hub::new(first.clone(), models.collect());
            hub.shutdown = self.shutdown.clone();
            hub.interval = self.interval;
            hub.most = self.most;
            self.hub = Some(Arc::new(hub));
        }
        self
    }

    /// The routes, below a path such as `/log`.
    pub fn router(self, path: &str) -> Router {
        let log = self.begun();
        let base = path.trim_end_matches('/').to_owned();
        let plain = |log: &Self, want: Want| {
            let log = log.clone();
            any(move |request: Request| {
                let log = log.clone();
                async move { log.answer(&[(Method::GET, want)], request).await }
            })
        };
        type Numbered = fn(ChangesetNo) -> Vec<(Method, Want)>;
        let numbered = |log: &Self, wants: Numbered| {
            let log = log.clone();
            any(
                move |number: Result<Path<i64>, axum::extract::rejection::PathRejection>,
                      request: Request| {
                    let log = log.clone();
                    async move {
                        match number {
                            Ok(Path(number)) => {
                                log.answer(&wants(ChangesetNo(number)), request).await
                            }
                            Err(_) => Problem::not_found().into_response(),
                        }
                    }
                },
            )
        };
        let router = match log.has_feed() {
            true => Router::new().route(&format!("{base}/diffs/"), plain(&log, Want::Diffs)),
            false => Router::new(),
        };
        router
            .route(&format!("{base}/changes/"), plain(&log, Want::Changes))
            .route(&format!("{base}/changes/events"), plain(&log, Want::Events))
            .route(
                &format!("{base}/changesets/"),
                plain(&log, Want::Changesets),
            )
            .route(
                &format!("{base}/changesets/{{no}}/"),
                numbered(&log, |no| vec![(Method::GET, Want::Changeset(no))]),
            )
            .route(
                &format!("{base}/changesets/{{no}}/undo/"),
                numbered(&log, |no| {
                    vec![
                        (Method::GET, Want::Plan(no)),
                        (Method::POST, Want::Undo(no)),
                    ]
                }),
            )
    }

    async fn answer(self, wants: &[(Method, Want)], request: Request) -> Response {
        let head = request.method() == Method::HEAD;
        let method = if head { &Method::GET } else { request.method() };
        let Some((_, want)) = wants.iter().find(|(it, _)| it == method) else {
            let list: Vec<&str> = wants.iter().map(|(method, _)| method.as_str()).collect();
            let list = format!("{}, HEAD, OPTIONS", list.join(", "));
            let allow = HeaderValue::try_from(list).unwrap_or(HeaderValue::from_static("GET"));
            return other_method(method, allow);
        };
        let (parts, _) = request.into_parts();
        let asked = match Asked::read(self, *want, parts) {
            Ok(asked) => asked,
            Err(problem) => return problem.into_response(),
        };
        let Some(Served(server)) = asked.log.served.first().cloned() else {
            return Problem::not_found().into_response();
        };
        if asked.want == Want::Events {
            return match Arc::new(asked).events() {
                Ok(response) => response,
                Err(Refused::Problem(problem)) => problem.into_response(),
                Err(Refused::Error(error)) => explained(&server, &error).into_response(),
            };
        }
        let telling = server.clone();
        let work: Work =
            Box::new(move |conn| Box::pin(async move { tried(&asked, &telling, conn).await }));
        let response = server.run(want, work).await;
        if head { headless(response) } else { response }
    }
}

async fn tried(asked: &Asked, server: &Server, conn: &mut dyn Session) -> Response {
    let mut attempts = 1;
    loop {
        match asked.performed(conn).await {
            Ok(response) => return response,
            Err(Refused::Problem(problem)) => return problem.into_response(),
            Err(Refused::Error(error)) if error.is_retryable() && attempts < ATTEMPTS => {
                attempts += 1;
            }
            Err(Refused::Error(error)) => return explained(server, &error).into_response(),
        }
    }
}

fn explained(server: &Server, error: &Error) -> Problem {
    let gone = |code: &'static str, detail: &'static str| {
        Problem::new(StatusCode::GONE, code, "Not known any more", detail)
    };
    match error {
        Error::TooOld { .. } => gone(
            "cursor-too-old",
            "changes behind this cursor were pruned: copy the rows again, and begin without a cursor",
        ),
        Error::Foreign => gone(
            "cursor-of-another-database",
            "this cursor is of another database, or of what was restored since: copy the rows again",
        ),
        Error::WrongModels { .. } | Error::InvalidCursor => {
            let what = "is not one of these resources";
            Problem::bad_request(format!("`cursor` {what}")).field("cursor", what)
        }
        Error::NotInFeed { .. } => {
            let what = "is none whose changes are told as diffs";
            Problem::bad_request(format!("`model` {what}")).field("model", what)
        }
        Error::WrongObject { .. } => {
            let what = "is no key of this model";
            Problem::bad_request(format!("`key` {what}")).field("key", what)
        }
        Error::Repeated { changeset } => repeated(*changeset),
        Error::NoChangeset { .. } => Problem::not_found(),
        Error::NotListed { .. } => {
            Problem::forbidden("the changeset changed more than can be seen here")
        }
        Error::PlanOutdated { .. } => outdated(),
        Error::Undo { .. } => in_the_way(Vec::new()),
        Error::Conflict { .. } => busy("another request was in the way three times; repeat it"),
        _ => {
            server.failed(&Failure::Error(error));
            Problem::internal()
        }
    }
}

fn outdated() -> Problem {
    let (status, title) = (StatusCode::PRECONDITION_FAILED, "Precondition failed");
    let detail = "the plan is another one by now: look at it again";
    Problem::new(status, "precondition-failed", title, detail)
}

fn in_the_way(conflicts: Vec<Value>) -> Problem {
    let detail = "something stands in the way; nothing was written";
    Problem::conflict("not-undone", detail).with("conflicts", conflicts)
}

fn json(status: StatusCode, value: &Value) -> Response {
    let kind = HeaderValue::from_static("application/json");
    (status, [(CONTENT_TYPE, kind)], value.to_string()).into_response()
}
