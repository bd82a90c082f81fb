//! Changes as the feed tells them.

use super::super::failure::Refused;
use super::super::problem::Problem;
use super::super::server::Server;
use super::asked::Asked;
use super::{Served, json};
use crate::feed::{Among, AnyFeed, Diff, Range, Scope};
use crate::history::ObjectRef;
use crate::registry::Object;
use crate::session::Session;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

impl Asked {
    pub(super) async fn diffs(&self, conn: &mut dyn Session) -> Result<Response, Refused> {
        self.allow_changes()?;
        let mut range = Range::new(self.scope()?);
        range.cursor = Some(self.cursor(self.query.one("cursor"))?);
        range.limit = self.limit(1_000, 10_000)?;
        let feeds = self.log.served.iter();
        let feeds = feeds.filter_map(|Served(server)| server.feed);
        let mut feeds: Vec<&'static dyn AnyFeed> = feeds.collect();
        // As cursors have them.
        feeds.sort_by_key(|feed| feed.facts().name());
        let models: Vec<_> = feeds.iter().map(|feed| feed.model()).collect();
        let feed = Among {
            feeds: &feeds,
            models: &models,
            max_age: None,
            tells: &|change| {
                let server = self.server(change.model);
                server.is_some_and(|server| {
                    self.tells(server, &Object::changed(&server.model, change))
                })
            },
        };
        let read = feed.find(conn, range).await?;
        let diffs = read.diffs.iter().map(|diff| self.diff(diff));
        let diffs: Vec<Value> = diffs.collect();
        let document =
            json!({ "diffs": diffs, "cursor": read.cursor.to_string(), "more": read.more });
        Ok(json(StatusCode::OK, &document))
    }

    /// Whose diffs are asked for.
    fn scope(&self) -> Result<Scope, Problem> {
        match (self.query.one("model"), self.query.one("key")) {
            (None, None) => Ok(Scope::All),
            (Some(model), None) => Ok(Scope::Model(model.to_owned())),
            (Some(model), Some(key)) => Ok(Scope::Object(ObjectRef {
                model: model.to_owned(),
                key: key.to_owned(),
            })),
            (None, Some(_)) => {
                let what = "is the key of a row of `model`, which is not there";
                Err(Problem::bad_request(format!("`key` {what}")).field("key", what))
            }
        }
    }

    /// A diff as this client may see it.
    fn diff(&self, diff: &Diff) -> Value {
        let mut shown = json!(diff);
        if let Some(members) = shown.as_object_mut() {
            // A place, which is for stores.
            members.remove("mark");
        }
        if let (Some(server), Some(data)) = (self.server(&diff.object.model), shown.get_mut("data"))
        {
            self.mask(server, data);
        }
        shown
    }

    fn mask(&self, server: &Server, data: &mut Value) {
        let Value::Object(members) = data else {
            return;
        };
        members.retain(|name, _| !self.is_hidden(server, name));
        server.exact(members);
        if let Some(Value::Object(fields)) = members.get_mut("fields") {
            fields.retain(|name, _| !self.is_hidden(server, name));
            server.exact(fields);
        }
        if let Some(Value::Array(names)) = members.get_mut("redacted") {
            names.retain(|name| {
                name.as_str()
                    .is_none_or(|name| !self.is_hidden(server, name))
            });
        }
    }
}
