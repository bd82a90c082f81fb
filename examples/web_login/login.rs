//! Logging in and out, and the middleware that asks for it.

use crate::app::App;
use crate::failure::Failure;
use crate::users;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

#[derive(serde::Deserialize)]
pub struct Credentials {
    name: String,
    password: String,
}

/// A service on the internet would also limit how often one may try.
pub async fn log_in(
    State(app): State<App>,
    Json(given): Json<Credentials>,
) -> Result<impl IntoResponse, Failure> {
    let user = app
        .db(move |conn| users::check(conn, &given.name, &given.password))
        .await?;
    let cookie = app.sessions.begin(user.ok_or(Failure::NotLoggedIn)?)?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]))
}

pub async fn log_out(State(app): State<App>, headers: HeaderMap) -> impl IntoResponse {
    let cookie = app.sessions.end(&headers);
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)])
}

/// Puts the user into the request, where the `ChangesetLayer` finds him; 401
/// without one.
pub async fn require(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let user = app.sessions.user(request.headers());
    let user = user.ok_or(Failure::NotLoggedIn)?;
    request.extensions_mut().insert(user);
    Ok(next.run(request).await)
}
