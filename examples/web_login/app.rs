//! What the handlers share, and where they are.

use crate::db::{self, Pool};
use crate::failure::Failure;
use crate::sessions::Sessions;
use crate::users::User;
use crate::{articles, login};
use axum::Router;
use axum::http::request::Parts;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post, put};
use diesel::SqliteConnection;
use handleref::changeset::ChangesetLayer;
use std::error::Error;
use std::path::Path;

#[derive(Clone)]
pub struct App {
    pub pool: Pool,
    pub sessions: Sessions,
}

impl App {
    pub fn open(database: &Path) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            pool: db::open(database)?,
            sessions: Sessions::default(),
        })
    }

    /// Runs `work` with a connection, on a thread that may block.
    pub async fn db<T, F>(&self, work: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, Failure> + Send + 'static,
    {
        let pool = self.pool.clone();
        let task = tokio::task::spawn_blocking(move || work(&mut *pool.get()?));
        task.await?
    }
}

pub fn router(app: App) -> Router {
    let signed = ChangesetLayer::new()
        .actor(|request: &Parts| request.extensions.get::<User>().map(|user| user.id.into()))
        .comment_header("x-change-comment");
    let articles = Router::new()
        .route("/articles", put(articles::edit_all))
        .route("/articles/{id}", get(articles::show).put(articles::edit))
        .route("/articles/{id}/changes", get(articles::changes))
        // A layer runs before those above it: first the login, then what reads it.
        .route_layer(signed)
        .route_layer(from_fn_with_state(app.clone(), login::require));
    Router::new()
        .route("/login", post(login::log_in))
        .route("/logout", post(login::log_out))
        .merge(articles)
        .with_state(app)
}
