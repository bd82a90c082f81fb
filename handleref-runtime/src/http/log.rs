//! What changed in several resources: changes behind a cursor, changesets, and their undo.

use super::Resource;
use super::call::{acceptable, accepts, busy};
use super::events::{Hub, Show, Shutdown, stream};
use super::failure::Refused;
use super::policy::{Action, Decision};
use super::pool::{NoConnection, Work};
use super::problem::Problem;
use super::query::Query;
use super::revert::masked;
use super::server::{Failure, Server};
use super::tag::{Conditions, Tag};
use crate::any::Engines;
use crate::changeset::{
    Actor, Changeset, ChangesetMeta, UndoPlan, changes_of, changeset, changesets_by, undo_plan_of,
};
use crate::error::Error;
use crate::history::{Change, ChangesetNo, FieldChange, ObjectRef};
use crate::registry::Object;
use crate::session::Session;
use crate::sync::{Cursor, batch_of};
use axum::Router;
use axum::extract::{Path, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::header::{ALLOW, CONTENT_TYPE, ETAG, LINK};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Map, Value, json};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
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
/// | `GET /changesets/?by=..&correlation=..&before=..&limit=..` | changesets, newest first |
/// | `GET /changesets/{no}/` | one, with its net effect on each row |
/// | `GET /changesets/{no}/undo/` | what its undo would do, and what stands in the way; the `ETag` is of this plan |
/// | `POST /changesets/{no}/undo/` | does it, if `If-Match` says that this plan is meant |
///
/// Rows and fields come out as their resource's policy says: a change is asked for with
/// [`Action::History`] and the row as it was after it. Changesets are shown to those whom the
/// policies of all these resources allow [`Action::Changesets`]; an undo must be allowed for every row
/// that it changes, with [`Action::Undo`].
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
            Self::Changesets => &["by", "correlation", "before", "limit"],
            _ => &[],
        }
    }
}

struct Asked {
    log: Log,
    want: Want,
    parts: Parts,
    query: Query,
    conditions: Conditions,
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
            let mut hub = Hub::new(first.connections.clone(), models.collect());
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
        Router::new()
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
        let method = match request.method() {
            &Method::HEAD => Method::GET,
            method => method.clone(),
        };
        let Some((_, want)) = wants.iter().find(|(it, _)| *it == method) else {
            let list: Vec<&str> = wants.iter().map(|(method, _)| method.as_str()).collect();
            let list = format!("{}, HEAD, OPTIONS", list.join(", "));
            let allow = HeaderValue::try_from(list).unwrap_or(HeaderValue::from_static("GET"));
            if method == Method::OPTIONS {
                return (StatusCode::NO_CONTENT, [(ALLOW, allow)]).into_response();
            }
            let (status, title) = (StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
            let detail = "see the header `Allow` for what can be done here";
            let problem = Problem::new(status, "method-not-allowed", title, detail);
            return problem.header(ALLOW, allow).into_response();
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
        let work: Work = Box::new(move |conn| {
            Box::pin(async move {
                match asked.performed(conn).await {
                    Ok(response) => response,
                    Err(Refused::Problem(problem)) => problem.into_response(),
                    Err(Refused::Error(error)) => explained(&telling, &error).into_response(),
                }
            })
        });
        match server.connections.run(work).await {
            Ok(response) => response,
            Err(NoConnection::Unavailable(error)) => {
                server.failed(&Failure::NoConnection(&*error));
                busy("no connection to the database is free").into_response()
            }
            Err(NoConnection::Panicked) => {
                server.failed(&Failure::Panicked);
                Problem::internal().into_response()
            }
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
        Error::NoChangeset { .. } => Problem::not_found(),
        Error::NotListed { .. } => {
            Problem::forbidden("the changeset changed more than can be seen here")
        }
        Error::PlanOutdated { .. } => outdated(),
        Error::Undo { .. } => in_the_way(Vec::new()),
        Error::Conflict { .. } => busy("another request was in the way; repeat it"),
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

impl Asked {
    fn read(log: Log, want: Want, parts: Parts) -> Result<Self, Problem> {
        let query = Query::parse(parts.uri.query().unwrap_or_default())?;
        query.check(want.known())?;
        match want {
            Want::Events => accepts(&parts.headers, "text/event-stream", "text/*")?,
            _ => acceptable(&parts.headers)?,
        }
        let conditions = Conditions::of(&parts)?;
        Ok(Self {
            log,
            want,
            parts,
            query,
            conditions,
        })
    }

    fn server(&self, model: &str) -> Option<&Server> {
        let mut all = self.log.served.iter().map(|Served(server)| &**server);
        all.find(|server| server.model.name() == model)
    }

    fn engines(&self) -> Arc<[Engines]> {
        let all = self.log.served.iter();
        all.map(|Served(server)| server.model.engines()).collect()
    }

    fn is_hidden(&self, server: &Server, field: &str) -> bool {
        let hidden = server.policy.hidden(&self.parts);
        let mut all = server.hidden.iter().chain(&hidden);
        all.any(|it| it == field)
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        let Some(text) = self.query.one(name) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| {
            Problem::bad_request(format!("`{name}` must be a number"))
                .field(name, "must be a number")
        })
    }

    async fn performed(&self, conn: &mut dyn Session) -> Result<Response, Refused> {
        match self.want {
            Want::Changes | Want::Events => self.changes(conn).await,
            Want::Changesets => self.changesets(conn).await,
            Want::Changeset(no) => self.changeset(conn, no).await,
            Want::Plan(no) => {
                let plan = self.planned(conn, no).await?;
                let document = self.document(&plan);
                let mut response = json(StatusCode::OK, &document);
                if let Some(tag) = tag(&plan).header() {
                    response.headers_mut().insert(ETAG, tag);
                }
                Ok(response)
            }
            Want::Undo(no) => self.undo(conn, no).await,
        }
    }

    async fn changes(&self, conn: &mut dyn Session) -> Result<Response, Refused> {
        self.allow_changes()?;
        let cursor = self.cursor(self.query.one("cursor"))?;
        let limit = self.number("limit")?.unwrap_or(1_000);
        if !(1..=10_000).contains(&limit) {
            let what = "must be a number from 1 to 10000";
            return Err(Problem::bad_request(format!("`limit` {what}"))
                .field("limit", what)
                .into());
        }
        let batch = batch_of(conn, self.engines(), &cursor, limit).await?;
        let changes = batch
            .changes
            .iter()
            .filter_map(|change| self.change(change));
        let changes: Vec<Value> = changes.collect();
        let document =
            json!({ "changes": changes, "cursor": batch.cursor.to_string(), "more": batch.more });
        Ok(json(StatusCode::OK, &document))
    }

    fn allow_changes(&self) -> Result<(), Problem> {
        let mut all = self.log.served.iter();
        all.try_for_each(|Served(server)| server.allow(&self.parts, Action::History, None))
    }

    fn cursor(&self, text: Option<&str>) -> Result<Cursor, Error> {
        match text {
            None | Some("") => Ok(Cursor::beginning()),
            Some(text) => text.parse().map_err(Error::from),
        }
    }

    /// The changes as they come, behind where the client was.
    fn events(self: Arc<Self>) -> Result<Response, Refused> {
        self.allow_changes()?;
        let last = self.parts.headers.get("last-event-id");
        let last = last.and_then(|last| last.to_str().ok());
        let cursor = self.cursor(last.or(self.query.one("cursor")))?;
        let hub = self.log.hub.clone().ok_or_else(Problem::internal)?;
        let asked = self;
        let show: Show = Arc::new(move |batch| {
            let changes = batch
                .changes
                .iter()
                .filter_map(|change| asked.change(change));
            changes
                .map(|change| format!("event: change\ndata: {change}\n\n"))
                .collect()
        });
        stream(hub, cursor, show)
    }

    /// A change as this client may see it.
    fn change(&self, change: &Change) -> Option<Value> {
        let server = self.server(change.model)?;
        let object = Object::changed(&server.model, change);
        let allowed = server.decide(&self.parts, Action::History, Some(&object));
        if allowed != Decision::Allow {
            return None;
        }
        let mut row = object.values;
        row.retain(|field, _| !self.is_hidden(server, field));
        // What is soft-deleted can be restored, what is deleted cannot.
        let removed = match (change.is_delete(), object.is_deleted) {
            (true, _) => Some("deleted"),
            (false, true) => Some("changed"),
            (false, false) => None,
        };
        Some(json!({
            "id": change.id, "model": change.model, "key": change.key, "version": change.version,
            "operation": change.operation, "at": change.at, "changeset": change.changeset,
            "removed": removed, "row": row,
        }))
    }

    fn allow_changesets(&self) -> Result<(), Problem> {
        let mut all = self.log.served.iter();
        all.try_for_each(|Served(server)| server.allow(&self.parts, Action::Changesets, None))
    }

    async fn changesets(&self, conn: &mut dyn Session) -> Result<Response, Refused> {
        self.allow_changesets()?;
        let limit: u32 = self.number("limit")?.unwrap_or(100);
        if !(1..=1_000).contains(&limit) {
            let what = "must be a number from 1 to 1000";
            return Err(Problem::bad_request(format!("`limit` {what}"))
                .field("limit", what)
                .into());
        }
        let actor = self.query.one("by").map(Actor::from);
        let correlation = self.query.one("correlation").map(str::to_owned);
        let before = self.number("before")?.map(ChangesetNo);
        let found = changesets_by(conn, actor, correlation, before, limit + 1).await?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let next = (found.len() > most).then(|| found.get(most - 1)).flatten();
        let shown: Vec<&Changeset> = found.iter().take(most).collect();
        let mut response = json(StatusCode::OK, &json!(shown));
        if let Some(next) = next {
            let link = format!("<?limit={limit}&before={}>; rel=\"next\"", next.no);
            if let Ok(link) = HeaderValue::try_from(link) {
                response.headers_mut().insert(LINK, link);
            }
        }
        Ok(response)
    }

    async fn changeset(
        &self,
        conn: &mut dyn Session,
        no: ChangesetNo,
    ) -> Result<Response, Refused> {
        self.allow_changesets()?;
        let found = changeset(conn, no).await?;
        let changes = changes_of(conn, self.engines(), &found).await?;
        let mut shown = Vec::new();
        for change in &changes {
            let Some(server) = self.server(&change.object.model) else {
                continue;
            };
            if !self
                .is_open(conn, server, &change.object, Action::History)
                .await?
            {
                continue;
            }
            shown.push(json!({
                "object": change.object, "state": change.state, "known": change.known,
                "values": self.masked(server, &change.values),
            }));
        }
        let mut document = json!(found);
        document["changes"] = shown.into();
        Ok(json(StatusCode::OK, &document))
    }

    fn masked(&self, server: &Server, changes: &[FieldChange]) -> Vec<Value> {
        let shown = changes
            .iter()
            .filter(|change| !self.is_hidden(server, change.field));
        shown.map(|change| json!(change)).collect()
    }

    /// Whether the policy allows it for a row, as it is or as it was last.
    async fn is_open(
        &self,
        conn: &mut dyn Session,
        server: &Server,
        object: &ObjectRef,
        action: Action,
    ) -> Result<bool, Refused> {
        let found = match server.model.now(conn, &object.key).await? {
            Some(found) => Some(found),
            None => {
                let history = server.model.history(object.key.as_str()).limit(1);
                let last = history.read(conn).await?.entries.pop();
                last.map(|entry| Object::recorded(server.model.name(), &object.key, &entry, true))
            }
        };
        let object = found.as_ref();
        Ok(object.is_some() && server.decide(&self.parts, action, object) == Decision::Allow)
    }

    async fn planned(&self, conn: &mut dyn Session, no: ChangesetNo) -> Result<UndoPlan, Refused> {
        self.allow_changesets()?;
        let meta = self.parts.extensions.get::<ChangesetMeta>();
        let meta = meta.cloned().unwrap_or_default();
        let plan = undo_plan_of(conn, self.engines(), no, meta).await?;
        let conflicts = plan.conflicts.iter().map(|conflict| &conflict.object);
        let objects = plan.steps.iter().map(|step| &step.object).chain(conflicts);
        for object in objects {
            let allowed = match self.server(&object.model) {
                Some(server) => self.is_open(conn, server, object, Action::Undo).await?,
                None => false,
            };
            if !allowed {
                return Err(Problem::forbidden(
                    "not all of these rows may be changed back by this user",
                )
                .into());
            }
        }
        Ok(plan)
    }

    fn document(&self, plan: &UndoPlan) -> Value {
        let steps = plan.steps.iter().filter_map(|step| {
            let server = self.server(&step.object.model)?;
            let changes = self.masked(server, &step.changes);
            Some(json!({ "object": step.object, "action": step.action, "changes": changes }))
        });
        let steps: Vec<Value> = steps.collect();
        json!({
            "changeset": plan.changeset, "steps": steps, "conflicts": self.conflicts(plan),
            "possible": plan.blockers().next().is_none(),
        })
    }

    fn conflicts(&self, plan: &UndoPlan) -> Vec<Value> {
        let all = plan.conflicts.iter().filter_map(|conflict| {
            let server = self.server(&conflict.object.model)?;
            Some(masked(json!(conflict), |field| {
                self.is_hidden(server, field)
            }))
        });
        all.collect()
    }

    async fn undo(&self, conn: &mut dyn Session, no: ChangesetNo) -> Result<Response, Refused> {
        let plan = self.planned(conn, no).await?;
        if !self.conditions.is_match() {
            let (status, title) = (StatusCode::PRECONDITION_REQUIRED, "Precondition required");
            let detail = "say in `If-Match` which plan is meant: the `ETag` with which it was read";
            return Err(Problem::new(status, "precondition-required", title, detail).into());
        }
        if !self.conditions.names(&tag(&plan)) {
            return Err(outdated().into());
        }
        if plan.blockers().next().is_some() {
            return Err(in_the_way(self.conflicts(&plan)).into());
        }
        let undone = plan.applied(conn).await?;
        let mut document = Map::new();
        document.insert("changeset".into(), json!(undone));
        Ok(json(StatusCode::OK, &Value::Object(document)))
    }
}

/// The tag of a plan: the same for the same steps and conflicts.
fn tag(plan: &UndoPlan) -> Tag {
    let text = json!([plan.changeset, plan.steps, plan.conflicts]).to_string();
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    Tag::strong(format!("p{:016x}", hasher.finish()))
}
