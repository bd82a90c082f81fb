//! Articles, which nobody changes without a changeset.

use crate::app::App;
use crate::failure::Failure;
use axum::Json;
use axum::extract::{Path, State};
use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamp};
use handleref::changeset::ChangesetMeta;
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

/// What happened to an article.
#[derive(Debug, Serialize, QueryableByName)]
pub struct Change {
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Text)]
    title: String,
    #[diesel(sql_type = Timestamp)]
    at: NaiveDateTime,
    #[diesel(sql_type = Nullable<Text>)]
    who: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    why: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    request: Option<String>,
}

pub async fn changes(
    State(app): State<App>,
    Path(id): Path<i32>,
) -> Result<Json<Vec<Change>>, Failure> {
    // Records and changesets are tables like any others.
    let sql = "SELECT r.record_version AS version, r.title, c.occurred_at AS at, \
                      coalesce(u.name, c.actor) AS who, c.comment AS why, c.correlation_id AS request \
               FROM article_records r JOIN handleref_changesets c ON c.id = r.record_changeset \
               LEFT JOIN users u ON c.actor_kind = 'number' AND u.id = CAST(c.actor AS INTEGER) \
               WHERE r.id = ? ORDER BY r.record_id";
    let changes = app.db(move |conn| {
        let query = diesel::sql_query(sql).bind::<Integer, _>(id);
        Ok(query.load(conn)?)
    });
    Ok(Json(changes.await?))
}
