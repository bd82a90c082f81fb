//! The routes, on `super::Connection`.

use super::database::Database;
use crate::accounts::Accounts;
use crate::models::*;
use crate::policy::{me, roles};
use axum::http::request::Parts;
use axum::{Json, Router, routing::get};
use diesel::{ExpressionMethods, TextExpressionMethods};
use handleref::changeset::ChangesetLayer;
use handleref::http::{self, Api, Document, Log};
use std::error::Error;

pub fn router(db: Database, shutdown: &http::Shutdown) -> Result<Router, Box<dyn Error>> {
    let api = Api::new(db.0.clone(), schema().registry())
        .on_failure(|failure| eprintln!("blog: {failure:?}"));
    let users = api.resource::<User>(http::ReadOnly)?.row_schema::<User>();
    let articles = api
        .resource::<Article>(roles)?
        .create_with(|input, new: NewArticle| {
            Ok((new, articles::author_id.eq(me(input.request)?.id)))
        })
        .update::<EditArticle>()
        .filter("author", |id: i32| articles::author_id.eq(id))
        .filter("slug", |slug: String| articles::slug.eq(slug))
        .filter("title__like", |text: String| articles::title.like(text))
        .order("title", articles::title, |it| it.title.clone())
        .order("created_at", articles::created_at, |it| it.created_at)
        .bulk_hard_delete(true)
        .row_schema::<Article>()
        .create_schema::<NewArticle>()
        .update_schema::<EditArticle>();
    let comments = api
        .resource::<Comment>(roles)?
        .create_with(|input, new: WholeComment| {
            Ok((new, comments::author_id.eq(me(input.request)?.id)))
        })
        .replace::<WholeComment>()
        .filter("article", |id: i32| comments::article_id.eq(id))
        .row_schema::<Comment>()
        .create_schema::<WholeComment>()
        .replace_schema::<WholeComment>();
    let log = Log::of([articles.served(), comments.served()]).shutdown(shutdown);
    let document = Document::new("Blog", "1.0")
        .resource("/users", &users)
        .resource("/articles", &articles)
        .resource("/comments", &comments)
        .log("/log", &log)
        .build()?;
    let document = Json(crate::document::secured(document));
    let signed = ChangesetLayer::new()
        .actor(|request: &Parts| request.extensions.get::<User>().map(|user| user.id.into()))
        .comment_header("x-change-comment");
    let routes = Router::new()
        .merge(users.router("/users"))
        .merge(articles.router("/articles"))
        .merge(comments.router("/comments"))
        .merge(log.router("/log"))
        .route_layer(signed);
    let accounts = Accounts::new(db);
    let open = accounts
        .router()
        .route("/openapi.json", get(async move || document));
    Ok(open.merge(accounts.only(routes)).fallback(http::not_found))
}
