//! `Idempotency-Key`: a request that is sent again is answered again, and not done again.
//!
//! The key is the key of the request's changeset, so it is there if and only if what was asked
//! is done. What the first request was answered follows from what its changeset recorded.

use super::bulk::{counted, counted_of};
use super::call::Call;
use super::change::{at, created, inserted_by, shown};
use super::failure::Refused;
use super::problem::Problem;
use super::read::{key, row};
use super::routes::Endpoint;
use crate::changeset::{Actor, ChangesetMeta, once};
use crate::history::ChangesetNo;
use crate::session::Session;
use axum::extract::OriginalUri;
use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

/// What a client says, so that the request is done once.
pub(super) struct Once {
    /// Of the key, and of who sends it: what one user sends is nothing to another one.
    key: String,
    /// Of the rest of the request.
    print: String,
}

/// The longest key that is taken.
const LONGEST: usize = 255;

/// What it is.
#[cfg(feature = "openapi")]
pub(super) const PATTERN: &str = r#"^([!#-~]{1,255}|"[ !#-\[\]-~]{1,255}")$"#;

impl Once {
    /// The header of a request.
    ///
    /// # Errors
    /// 400 for one that is empty, too long, no text, or there twice.
    pub(super) fn of(
        parts: &Parts,
        actor: Option<&Actor>,
        body: &Map<String, Value>,
    ) -> Result<Option<Self>, Problem> {
        let mut all = parts.headers.get_all("idempotency-key").iter();
        let Some(value) = all.next() else {
            return Ok(None);
        };
        let key = value.to_str().ok().and_then(bare);
        let Some(key) = key.filter(|_| all.next().is_none()) else {
            let detail = format!(
                "`Idempotency-Key` is one text of 1 to {LONGEST} characters of ASCII, without spaces unless it is in quotes"
            );
            return Err(Problem::bad_request(detail));
        };
        let (kind, actor) = match actor {
            Some(actor) => (actor.kind(), actor.to_string()),
            None => ("", String::new()),
        };
        let uri = match parts.extensions.get::<OriginalUri>() {
            Some(OriginalUri(uri)) => uri,
            None => &parts.uri,
        };
        let (path, query) = (uri.path(), uri.query().unwrap_or_default());
        let body = serde_json::to_string(body).unwrap_or_default();
        Ok(Some(Self {
            key: digest(&[kind, &actor, key]),
            print: digest(&[parts.method.as_str(), path, query, &body]),
        }))
    }

    pub(super) fn sign(&self, meta: &mut ChangesetMeta) {
        meta.once = Some(self.key.clone());
        meta.once_print = Some(self.print.clone());
    }
}

/// A key without its quotes: the draft has a text in quotes, and most clients send it bare.
fn bare(text: &str) -> Option<&str> {
    let quoted = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    let is_good = |character: char| match quoted {
        Some(_) => matches!(character, ' '..='~') && !matches!(character, '"' | '\\'),
        None => character.is_ascii_graphic() && character != '"',
    };
    let key = quoted.unwrap_or(text);
    ((1..=LONGEST).contains(&key.len()) && key.chars().all(is_good)).then_some(key)
}

/// Of texts, with their lengths, so that no two lists of them are the same.
fn digest(texts: &[&str]) -> String {
    let mut all = Sha256::new();
    for text in texts {
        all.update((text.len() as u64).to_le_bytes());
        all.update(text.as_bytes());
    }
    let mut hex = String::with_capacity(64);
    for byte in all.finalize() {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// The keys of the requests that are being done in this process.
#[derive(Clone, Default)]
pub(super) struct InFlight(Arc<Mutex<HashSet<String>>>);

/// One of them, until it is done.
pub(super) struct Flight {
    all: InFlight,
    key: String,
}

impl InFlight {
    fn with<T>(&self, work: impl FnOnce(&mut HashSet<String>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// # Errors
    /// 409 if one with the same key is being done. One in another process is waited for, by the
    /// database.
    pub(super) fn enter(&self, once: &Once) -> Result<Flight, Problem> {
        match self.with(|keys| keys.insert(once.key.clone())) {
            true => Ok(Flight {
                all: self.clone(),
                key: once.key.clone(),
            }),
            false => {
                let detail = "a request with this `Idempotency-Key` is being done at this moment";
                let problem = Problem::conflict("in-flight", detail);
                Err(problem.header(RETRY_AFTER, HeaderValue::from_static("1")))
            }
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.all.with(|keys| keys.remove(&self.key));
    }
}

/// Answers what was done by an earlier request, in this changeset.
pub(super) async fn again(
    call: &Call,
    conn: &mut dyn Session,
    once: &Once,
    changeset: ChangesetNo,
) -> Result<Response, Refused> {
    let found = once::find(conn, &once.key).await?;
    let same = found.is_some_and(|(_, print)| print.as_deref() == Some(once.print.as_str()));
    if !same {
        let detail = "this `Idempotency-Key` was sent before, with another request";
        let (status, title) = (StatusCode::UNPROCESSABLE_ENTITY, "Key sent before");
        return Err(Problem::new(status, "idempotency-key-reused", title, detail).into());
    }
    let mut response = answered(call, conn, changeset).await?;
    let header = HeaderName::from_static("idempotent-replayed");
    response
        .headers_mut()
        .insert(header, HeaderValue::from_static("true"));
    Ok(response)
}

async fn answered(
    call: &Call,
    conn: &mut dyn Session,
    changeset: ChangesetNo,
) -> Result<Response, Refused> {
    match call.endpoint {
        Endpoint::Create => {
            let on = call.server.model.on(conn.kind())?;
            // Its record may be pruned by now, and the row deleted.
            let Some(inserted) = inserted_by(call, conn, on, changeset).await? else {
                return Ok(StatusCode::CREATED.into_response());
            };
            let key = on.key(&inserted.key()).ok_or_else(Problem::internal)?;
            match row(call, conn, &key, false).await {
                Ok(now) => Ok(created(call, &now)?),
                Err(Refused::Problem(_)) => {
                    Ok(at(StatusCode::CREATED.into_response(), &inserted.key()))
                }
                Err(error) => Err(error),
            }
        }
        Endpoint::BulkDelete | Endpoint::BulkRestore => {
            let (count, per_model) = counted_of(call, conn, changeset).await?;
            Ok(counted(call, count, per_model))
        }
        Endpoint::Delete => Ok(StatusCode::NO_CONTENT.into_response()),
        _ => {
            let key = key(call, conn)?;
            match row(call, conn, &key, false).await {
                Ok(now) if call.server.is_readable(&call.parts, &now.object) => {
                    Ok(shown(call, StatusCode::OK, &now)?)
                }
                // Done, and deleted since, or not for this user any more.
                Ok(_) | Err(Refused::Problem(_)) => Ok(StatusCode::NO_CONTENT.into_response()),
                Err(error) => Err(error),
            }
        }
    }
}
