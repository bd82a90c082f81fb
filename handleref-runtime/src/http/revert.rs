//! A row brought back to what it was: looked at first, then done.

use super::call::Call;
use super::change::shown;
use super::failure::Refused;
use super::past::key;
use super::policy::Action;
use super::problem::Problem;
use super::read::{answer, row};
use crate::registry::Object;
use crate::revert::{Revert, RevertPlan};
use crate::session::Session;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

/// What is wanted; `None`: a row that is gone is to come back as it was last.
fn wanted(call: &Call) -> Result<Option<Revert>, Problem> {
    let Some(text) = call.query.one("to") else {
        return Ok(None);
    };
    match text.strip_prefix('v').unwrap_or(text).parse::<i64>() {
        Ok(version) => {
            // What a client may not see it does not change, either.
            let hidden = call.server.hidden.iter().chain(&call.hidden);
            let hidden = hidden.filter(|field| call.server.model.shows(field));
            let revert = Revert::version(version);
            Ok(Some(hidden.fold(revert, Revert::without_named)))
        }
        Err(_) => {
            let what = "must be a version such as v12";
            Err(Problem::bad_request(format!("`to` {what}")).field("to", what))
        }
    }
}

/// # Errors
/// 404 or 403 if the row may not be reverted; 400 if nothing is said of a row that is there.
async fn planned(call: &Call, conn: &mut dyn Session) -> Result<RevertPlan, Refused> {
    let (model, key, wanted) = (&call.server.model, key(call)?, wanted(call)?);
    let now = model.now(conn, key).await?;
    if now.is_some() && wanted.is_none() {
        let what = "must be a version such as v12: the row is there";
        return Err(Problem::bad_request(format!("`to` {what}"))
            .field("to", what)
            .into());
    }
    let object = match now {
        Some(object) => Some(object),
        None => last(call, conn, key).await?,
    };
    let object = object.ok_or_else(Problem::not_found)?;
    call.server
        .allow(&call.parts, Action::History, Some(&object))
        .map_err(|_| Problem::not_found())?;
    call.server
        .allow(&call.parts, Action::Revert, Some(&object))?;
    Ok(model.plan(conn, key, wanted).await?)
}

/// A row that is gone, as it was last.
async fn last(call: &Call, conn: &mut dyn Session, key: &str) -> Result<Option<Object>, Refused> {
    let history = call.server.model.history(key).limit(1);
    let last = history.paged(conn).await?.entries.pop();
    let name = call.server.model.name();
    Ok(last.map(|entry| Object::recorded(name, key, &entry, true)))
}

fn document(call: &Call, plan: &RevertPlan) -> Value {
    let changes = plan
        .changes
        .iter()
        .filter(|change| !call.is_hidden(change.field));
    let changes: Vec<Value> = changes.map(|change| json!(change)).collect();
    let mut document = json!({
        "key": plan.key, "version": plan.version, "reinsert": plan.reinsert, "changes": changes,
        "conflicts": conflicts(call, plan), "possible": plan.blockers().next().is_none(),
    });
    call.server.exact_in(&mut document);
    document
}

/// Without values, and without the names of what is hidden: the row in the way may be one that
/// this client may not see.
fn conflicts(call: &Call, plan: &RevertPlan) -> Vec<Value> {
    let all = plan.conflicts.iter().map(|conflict| {
        let mut shown = masked(json!(conflict), |field| call.is_hidden(field));
        call.server.exact_in(&mut shown);
        shown
    });
    all.collect()
}

pub(super) fn masked(mut conflict: Value, is_hidden: impl Fn(&str) -> bool) -> Value {
    fn walk(value: &mut Value, is_hidden: &dyn Fn(&str) -> bool) {
        if let Value::Object(members) = value {
            let field = members.get("field").and_then(Value::as_str);
            if field.is_some_and(is_hidden) {
                members.retain(|name, _| {
                    !["field", "then", "now", "versions"].contains(&name.as_str())
                });
            }
            members.remove("by");
            if let Some(Value::Array(columns)) = members.get_mut("columns") {
                columns.retain(|it| it.as_str().is_none_or(|it| !is_hidden(it)));
            }
            for (_, member) in members.iter_mut() {
                walk(member, is_hidden);
            }
        }
    }
    walk(&mut conflict, &is_hidden);
    conflict
}

pub(super) async fn look(call: &Call, conn: &mut dyn Session) -> Result<Response, Refused> {
    let plan = planned(call, conn).await?;
    Ok(answer(call, StatusCode::OK, &document(call, &plan), None))
}

pub(super) async fn apply(call: &Call, conn: &mut dyn Session) -> Result<Response, Refused> {
    let plan = planned(call, conn).await?;
    call.conditions.allow(plan.version)?;
    if plan.blockers().next().is_some() {
        let problem = Problem::conflict(
            "not-reverted",
            "something stands in the way; nothing was written",
        );
        return Err(problem.with("conflicts", conflicts(call, &plan)).into());
    }
    plan.applied(conn).await?;
    let on = call.server.model.on(conn.kind())?;
    let key = on.key(&plan.key).ok_or_else(Problem::not_found)?;
    let after = row(call, conn, &key, false).await?;
    match call.server.is_readable(&call.parts, &after.object) {
        true => Ok(shown(call, StatusCode::OK, &after)?),
        false => Err(Problem::not_found().into()),
    }
}
