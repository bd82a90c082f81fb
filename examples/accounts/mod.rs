//! Passwords and sessions, as both web services among the examples have them.

pub mod passwords;
pub mod sessions;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Request, State};
use axum::http::header::{SET_COOKIE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use handleref::http::Problem;
use sessions::{Sessions, cookie};
use std::error::Error;

/// The user of a name, and the hash of the password.
pub type Found<U> = Result<Option<(U, String)>, Box<dyn Error>>;

/// Where users are.
pub trait Users: Clone + Send + Sync + 'static {
    /// What a request is given of the one who sent it.
    type User: Clone + Send + Sync + 'static;

    fn find(&self, name: String) -> impl Future<Output = Found<Self::User>> + Send;
}

#[derive(Clone)]
pub struct Accounts<U: Users> {
    users: U,
    sessions: Sessions<U::User>,
}

#[derive(serde::Deserialize)]
struct Credentials {
    name: String,
    password: String,
}

impl<U: Users> Accounts<U> {
    pub fn new(users: U) -> Self {
        let sessions = Sessions::default();
        Self { users, sessions }
    }

    /// `POST /login` and `POST /logout`.
    pub fn router(&self) -> Router {
        let routes = Router::new()
            .route("/login", post(log_in::<U>))
            .route("/logout", post(log_out::<U>));
        routes.with_state(self.clone())
    }

    /// The same routes for those who are logged in; 401 to all others.
    pub fn only<S: Clone + Send + Sync + 'static>(&self, routes: Router<S>) -> Router<S> {
        routes.route_layer(from_fn_with_state(self.clone(), require::<U>))
    }

    async fn begin(&self, given: Credentials) -> Result<Option<String>, Box<dyn Error>> {
        let found = self.users.find(given.name).await?;
        let checked = tokio::task::spawn_blocking(move || {
            let hash = found.as_ref().map(|(_, hash)| hash.as_str());
            let right = passwords::is_right(&given.password, hash);
            found.filter(|_| right)
        });
        let Some((user, _)) = checked.await? else {
            return Ok(None);
        };
        Ok(Some(self.sessions.begin(user)?))
    }
}

/// Gives the token, which is in the cookie too. A service on the internet would also limit how
/// often one may try.
async fn log_in<U: Users>(
    State(accounts): State<Accounts<U>>,
    given: Result<Json<Credentials>, JsonRejection>,
) -> Result<impl IntoResponse, Problem> {
    let Json(given) = given.map_err(|refused| Problem::bad_request(refused.body_text()))?;
    let token = accounts.begin(given).await.map_err(|error| {
        eprintln!("login: {error}");
        Problem::internal()
    })?;
    let token = token.ok_or_else(not_logged_in)?;
    let headers = AppendHeaders([(SET_COOKIE, cookie(&token))]);
    Ok((headers, Json(serde_json::json!({ "token": token }))))
}

async fn log_out<U: Users>(
    State(accounts): State<Accounts<U>>,
    headers: HeaderMap,
) -> impl IntoResponse {
    let cookie = accounts.sessions.end(&headers);
    (
        StatusCode::NO_CONTENT,
        AppendHeaders([(SET_COOKIE, cookie)]),
    )
}

/// Puts the user into the request, where policies and the `ChangesetLayer` find him.
async fn require<U: Users>(
    State(accounts): State<Accounts<U>>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(user) = accounts.sessions.user(request.headers()) else {
        return not_logged_in().into_response();
    };
    request.extensions_mut().insert(user);
    next.run(request).await
}

fn not_logged_in() -> Problem {
    let status = StatusCode::UNAUTHORIZED;
    Problem::new(status, "not-logged-in", "Not logged in", "log in first")
        .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}
