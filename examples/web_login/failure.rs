//! What a request can come to, instead of an answer.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use std::fmt;

#[derive(Debug)]
pub enum Failure {
    NotFound,
    Invalid(&'static str),
    /// Somebody else was faster.
    Conflict(String),
    /// Nothing that the client should see.
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("there is no such thing"),
            Self::Invalid(why) => f.write_str(why),
            Self::Conflict(why) => f.write_str(why),
            Self::Internal(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Failure {}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Internal(error) => {
                eprintln!("web_login: {error}");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        };
        (status, self.to_string()).into_response()
    }
}

impl From<handleref::Error> for Failure {
    fn from(error: handleref::Error) -> Self {
        match error {
            handleref::Error::Gone { .. } => Self::NotFound,
            handleref::Error::Stale { .. } => Self::Conflict(error.to_string()),
            error => Self::Internal(error.into()),
        }
    }
}

impl From<diesel::result::Error> for Failure {
    fn from(error: diesel::result::Error) -> Self {
        match error {
            diesel::result::Error::NotFound => Self::NotFound,
            error => Self::Internal(error.into()),
        }
    }
}

macro_rules! internal {
    ($($error:ty),*) => { $(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::Internal(error.into())
            }
        }
    )* };
}
internal!(
    diesel::r2d2::PoolError,
    tokio::task::JoinError,
    argon2::password_hash::Error,
    getrandom::Error
);
