//! What the handlers share, and where they are.

use crate::accounts::{Accounts, Found, Users};
use crate::articles;
use crate::db::{self, Pool};
use crate::failure::Failure;
use crate::users::{self, User};
use axum::Router;
use axum::http::request::Parts;
use axum::routing::{get, put};
use diesel::SqliteConnection;
use handleref::changeset::ChangesetLayer;
use std::error::Error;
use std::path::Path;

#[derive(Clone)]
pub struct App {
    pub pool: Pool,
}

impl App {
    pub fn open(database: &Path) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            pool: db::open(database)?,
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

impl Users for App {
    type User = User;

    async fn find(&self, name: String) -> Found<User> {
        Ok(self.db(move |conn| users::find(conn, &name)).await?)
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
        .route_layer(signed);
    let accounts = Accounts::new(app.clone());
    accounts
        .router()
        .merge(accounts.only(articles).with_state(app))
}
