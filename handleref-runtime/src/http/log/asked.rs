//! One request to a log, and the changes that it is answered with.

use super::super::call::{acceptable, accepts};
use super::super::events::{Show, stream};
use super::super::failure::Refused;
use super::super::policy::{Action, Decision};
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::server::Server;
use super::super::tag::Conditions;
use super::changesets::tag;
use super::{Log, Served, Want, json};
use crate::any::Engines;
use crate::error::Error;
use crate::history::Change;
use crate::registry::Object;
use crate::session::Session;
use crate::sync::{Cursor, batch_of};
use axum::response::Response;
use http::StatusCode;
use http::header::ETAG;
use http::request::Parts;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// One request to a log.
pub(super) struct Asked {
    pub(super) log: Log,
    pub(super) want: Want,
    pub(super) parts: Parts,
    pub(super) query: Query,
    pub(super) conditions: Conditions,
    /// What must not come out of each model, asked of its policy once.
    hidden: HashMap<&'static str, Vec<String>>,
}

impl Asked {
    pub(super) fn read(log: Log, want: Want, parts: Parts) -> Result<Self, Problem> {
        let query = Query::parse(parts.uri.query().unwrap_or_default())?;
        query.check(want.known())?;
        match want {
            Want::Events => accepts(&parts.headers, "text/event-stream", "text/*")?,
            _ => acceptable(&parts.headers)?,
        }
        let conditions = Conditions::of(&parts)?;
        let hidden = log.served.iter().map(|Served(server)| {
            let own = server.hidden.iter().cloned();
            let all = own.chain(server.policy.hidden(&parts)).collect();
            (server.model.name(), all)
        });
        let hidden = hidden.collect();
        Ok(Self {
            hidden,
            log,
            want,
            parts,
            query,
            conditions,
        })
    }

    pub(super) fn server(&self, model: &str) -> Option<&Server> {
        let mut all = self.log.served.iter().map(|Served(server)| &**server);
        all.find(|server| server.model.name() == model)
    }

    pub(super) fn engines(&self) -> Arc<[Engines]> {
        let all = self.log.served.iter();
        all.map(|Served(server)| server.model.engines()).collect()
    }

    pub(super) fn is_hidden(&self, server: &Server, field: &str) -> bool {
        let hidden = self.hidden.get(server.model.name());
        hidden.is_some_and(|hidden| hidden.iter().any(|it| it == field))
    }

    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        let Some(text) = self.query.one(name) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| {
            Problem::bad_request(format!("`{name}` must be a number"))
                .field(name, "must be a number")
        })
    }

    /// How many are asked for.
    pub(super) fn limit(&self, usual: u32, most: u32) -> Result<u32, Problem> {
        let limit = self.number("limit")?.unwrap_or(usual);
        if !(1..=most).contains(&limit) {
            let what = format!("must be a number from 1 to {most}");
            return Err(Problem::bad_request(format!("`limit` {what}")).field("limit", what));
        }
        Ok(limit)
    }

    pub(super) async fn performed(&self, conn: &mut dyn Session) -> Result<Response, Refused> {
        match self.want {
            Want::Changes | Want::Events => self.changes(conn).await,
            Want::Diffs => self.diffs(conn).await,
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

    pub(super) async fn changes(&self, conn: &mut dyn Session) -> Result<Response, Refused> {
        self.allow_changes()?;
        let cursor = self.cursor(self.query.one("cursor"))?;
        let limit = self.limit(1_000, 10_000)?;
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

    pub(super) fn allow_changes(&self) -> Result<(), Problem> {
        let mut all = self.log.served.iter();
        all.try_for_each(|Served(server)| server.allow(&self.parts, Action::History, None))
    }

    pub(super) fn cursor(&self, text: Option<&str>) -> Result<Cursor, Error> {
        match text {
            None | Some("") => Ok(Cursor::beginning()),
            Some(text) => text.parse().map_err(Error::from),
        }
    }

    /// The changes as they come, behind where the client was.
    pub(super) fn events(self: Arc<Self>) -> Result<Response, Refused> {
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

    /// Whether this client may see a change, after which a row is so.
    pub(super) fn tells(&self, server: &Server, object: &Object) -> bool {
        server.decide(&self.parts, Action::History, Some(object)) == Decision::Allow
    }

    /// A change as this client may see it.
    pub(super) fn change(&self, change: &Change) -> Option<Value> {
        let server = self.server(change.model)?;
        let object = Object::changed(&server.model, change);
        if !self.tells(server, &object) {
            return None;
        }
        let mut row = object.values;
        row.retain(|field, _| !self.is_hidden(server, field));
        server.model.zoned(&mut row);
        server.exact(&mut row);
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
}
