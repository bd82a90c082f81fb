//! Articles, which nobody changes without a changeset.

use crate::app::App;
use crate::failure::Failure;
use crate::users;
use axum::Json;
use axum::extract::{Path, State};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use handleref::changeset::{Actor, ChangesetMeta};
use handleref::history::FieldChange;
use handleref::in_changeset;
use handleref::prelude::*;
use serde::{Deserialize, Serialize};

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
        body -> Text,
        version -> BigInt,
    }
}

/// `version` is what the client saw: if it is not the newest any more, the edit
/// is refused.
#[derive(Debug, Clone, Serialize, Deserialize, Queryable, Selectable, HandleRef, Recorded)]
#[recorded(require_changeset)]
pub struct Article {
    pub id: i32,
    pub title: String,
    pub body: String,
    pub version: i64,
}

#[derive(Deserialize)]
pub struct Edit {
    title: String,
    body: String,
    version: i64,
}

pub async fn show(State(app): State<App>, Path(id): Path<i32>) -> Result<Json<Article>, Failure> {
    let article = app.db(move |conn| Ok(articles::table.find(id).first(conn)?));
    Ok(Json(article.await?))
}

pub async fn edit(
    State(app): State<App>,
    meta: ChangesetMeta,
    Path(id): Path<i32>,
    Json(edit): Json<Edit>,
) -> Result<Json<Article>, Failure> {
    let article = Article {
        id,
        title: edit.title,
        body: edit.body,
        version: edit.version,
    };
    let saved = app.db(move |conn| in_changeset(conn, meta, |conn| save(conn, article)));
    Ok(Json(saved.await?))
}

/// All of them or none; one changeset.
pub async fn edit_all(
    State(app): State<App>,
    meta: ChangesetMeta,
    Json(all): Json<Vec<Article>>,
) -> Result<Json<Vec<Article>>, Failure> {
    let saved = app.db(move |conn| {
        in_changeset(conn, meta, |conn| {
            all.into_iter().map(|article| save(conn, article)).collect()
        })
    });
    Ok(Json(saved.await?))
}

fn save(conn: &mut SqliteConnection, mut article: Article) -> Result<Article, Failure> {
    if article.title.trim().is_empty() {
        return Err(Failure::Invalid("an article needs a title"));
    }
    article.save(conn)?;
    Ok(article)
}

/// What happened to an article: who did it, why, and what differs.
#[derive(Debug, Serialize)]
pub struct Change {
    version: i64,
    at: DateTime<Utc>,
    title: Option<String>,
    who: Option<String>,
    why: Option<String>,
    request: Option<String>,
    changes: Vec<FieldChange>,
}

/// The newest ones first.
pub async fn changes(
    State(app): State<App>,
    Path(id): Path<i32>,
) -> Result<Json<Vec<Change>>, Failure> {
    let changes = app.db(move |conn| {
        let page = Article::log_of(id).load(conn)?;
        let mut changes = Vec::new();
        for entry in page.entries {
            let who = match entry.actor() {
                Some(Actor::Number(user)) => users::name_of(conn, *user)?,
                Some(other) => Some(other.to_string()),
                None => None,
            };
            changes.push(Change {
                version: entry.version,
                at: entry.at,
                title: entry.row().map(|article| article.title.clone()),
                who,
                why: entry.comment().map(str::to_owned),
                request: entry.changeset.and_then(|it| it.correlation),
                changes: entry.changes,
            });
        }
        Ok(changes)
    });
    Ok(Json(changes.await?))
}
