//! Changesets over HTTP, and their undo by plan.

use super::super::failure::Refused;
use super::super::policy::{Action, Decision};
use super::super::problem::Problem;
use super::super::revert::masked;
use super::super::server::Server;
use super::super::tag::Tag;
use super::asked::Asked;
use super::{Served, in_the_way, json, outdated};
use crate::changeset::{
    Changeset, ChangesetMeta, Sought, UndoPlan, changes_of, changeset, changesets_like,
    undo_plan_of,
};
use crate::history::{ChangesetNo, FieldChange, ObjectRef};
use crate::registry::Object;
use crate::session::Session;
use axum::response::Response;
use http::header::LINK;
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

impl Asked {
    pub(super) fn allow_changesets(&self) -> Result<(), Problem> {
        let mut all = self.log.served.iter();
        all.try_for_each(|Served(server)| server.allow(&self.parts, Action::Changesets, None))
    }

    pub(super) async fn changesets(&self, conn: &mut dyn Session) -> Result<Response, Refused> {
        self.allow_changesets()?;
        let limit = self.limit(100, 1_000)?;
        let sought = Sought {
            actor: self.query.one("by").map(str::to_owned),
            correlation: self.query.one("correlation").map(str::to_owned),
            before: self.number("before")?.map(ChangesetNo),
            ..Sought::default()
        };
        let found = changesets_like(conn, sought, limit + 1).await?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let next = (found.len() > most).then(|| found.get(most - 1)).flatten();
        let shown: Vec<&Changeset> = found.iter().take(most).collect();
        let mut response = json(StatusCode::OK, &json!(shown));
        if let Some(next) = next {
            let link = self.query.with("before", &next.no.to_string());
            let link = format!("<{link}>; rel=\"next\"");
            if let Ok(link) = HeaderValue::try_from(link) {
                response.headers_mut().insert(LINK, link);
            }
        }
        Ok(response)
    }

    pub(super) async fn changeset(
        &self,
        conn: &mut dyn Session,
        no: ChangesetNo,
    ) -> Result<Response, Refused> {
        self.allow_changesets()?;
        let found = changeset(conn, no).await?;
        let changes = changes_of(conn, self.engines(), &found).await?;
        let objects = changes.iter().map(|change| &change.object);
        let states = self.states(conn, objects).await?;
        let mut shown = Vec::new();
        for change in &changes {
            let Some(server) = self.server(&change.object.model) else {
                continue;
            };
            if !self.is_open(server, states.get(&change.object), Action::History) {
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

    pub(super) fn masked(&self, server: &Server, changes: &[FieldChange]) -> Vec<Value> {
        let shown = changes
            .iter()
            .filter(|change| !self.is_hidden(server, change.field));
        let mut shown: Vec<Value> = shown.map(|change| json!(change)).collect();
        shown.iter_mut().for_each(|change| server.exact_in(change));
        shown
    }

    /// Whether the policy allows it for a row.
    fn is_open(&self, server: &Server, state: Option<&Object>, action: Action) -> bool {
        state.is_some() && server.decide(&self.parts, action, state) == Decision::Allow
    }

    /// The rows as they are, or as they were last: a statement for many of one model, and one for
    /// each that is gone.
    async fn states<'o>(
        &self,
        conn: &mut dyn Session,
        objects: impl Iterator<Item = &'o ObjectRef>,
    ) -> Result<HashMap<ObjectRef, Object>, Refused> {
        let mut by_model: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        for object in objects {
            let keys = by_model.entry(&object.model).or_default();
            keys.insert(&object.key);
        }
        let mut states = HashMap::new();
        for (model, keys) in by_model {
            let Some(server) = self.server(model) else {
                continue;
            };
            let keys: Vec<&str> = keys.into_iter().collect();
            for object in server.model.all_of(conn, &keys).await? {
                states.insert(object.reference(), object);
            }
            for key in keys {
                let gone = server.model.reference(key);
                if states.contains_key(&gone) {
                    continue;
                }
                let last = server.model.history(key).limit(1);
                if let Some(entry) = last.paged(conn).await?.entries.pop() {
                    let object = Object::recorded(server.model.name(), key, &entry, true);
                    states.insert(gone, object);
                }
            }
        }
        Ok(states)
    }

    pub(super) async fn planned(
        &self,
        conn: &mut dyn Session,
        no: ChangesetNo,
    ) -> Result<UndoPlan, Refused> {
        self.allow_changesets()?;
        let meta = self.parts.extensions.get::<ChangesetMeta>();
        let meta = meta.cloned().unwrap_or_default();
        let plan = undo_plan_of(conn, self.engines(), no, meta).await?;
        let conflicts = plan.conflicts.iter().map(|conflict| &conflict.object);
        let objects = plan.steps.iter().map(|step| &step.object).chain(conflicts);
        let states = self.states(conn, objects.clone()).await?;
        for object in objects {
            let server = self.server(&object.model);
            let allowed =
                server.map(|server| self.is_open(server, states.get(object), Action::Undo));
            if allowed != Some(true) {
                return Err(Problem::forbidden(
                    "not all of these rows may be changed back by this user",
                )
                .into());
            }
        }
        Ok(plan)
    }

    pub(super) fn document(&self, plan: &UndoPlan) -> Value {
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

    pub(super) fn conflicts(&self, plan: &UndoPlan) -> Vec<Value> {
        let all = plan.conflicts.iter().filter_map(|conflict| {
            let server = self.server(&conflict.object.model)?;
            let mut shown = masked(json!(conflict), |field| self.is_hidden(server, field));
            server.exact_in(&mut shown);
            Some(shown)
        });
        all.collect()
    }

    pub(super) async fn undo(
        &self,
        conn: &mut dyn Session,
        no: ChangesetNo,
    ) -> Result<Response, Refused> {
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
pub(super) fn tag(plan: &UndoPlan) -> Tag {
    let text = json!([plan.changeset, plan.steps, plan.conflicts]).to_string();
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    Tag::strong(format!("p{:016x}", hasher.finish()))
}
