//! `ChangesetMeta` as an argument of axum's handlers.

use super::super::meta::ChangesetMeta;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use std::convert::Infallible;

/// A handler wants a [`ChangesetMeta`], and no
/// [`ChangesetLayer`](super::ChangesetLayer) is around it; answered by 500,
/// since it is a mistake of the program and not of the request.
///
/// ```
/// use handleref_runtime::changeset::{ChangesetMeta, MissingChangesetLayer};
///
/// async fn edit(meta: Result<ChangesetMeta, MissingChangesetLayer>) -> Result<(), String> {
///     let meta = meta.map_err(|missing| format!("this service is set up wrongly: {missing}"))?;
///     // in_changeset(conn, meta, |conn| ..)
///     Ok(())
/// }
/// let app: axum::Router = axum::Router::new().route("/", axum::routing::put(edit));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the handler takes a `ChangesetMeta`, but there is no `ChangesetLayer` around its route: add \
     `.layer(ChangesetLayer::new())`, or take an `Option<ChangesetMeta>`"
)]
#[non_exhaustive]
pub struct MissingChangesetLayer;

impl IntoResponse for MissingChangesetLayer {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
    }
}

/// What a [`ChangesetLayer`](super::ChangesetLayer) found.
impl<S: Sync> FromRequestParts<S> for ChangesetMeta {
    type Rejection = MissingChangesetLayer;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let meta = parts.extensions.get::<Self>().cloned();
        meta.ok_or(MissingChangesetLayer)
    }
}

/// `None` without a [`ChangesetLayer`](super::ChangesetLayer), for handlers that
/// are used with one and without.
impl<S: Sync> OptionalFromRequestParts<S> for ChangesetMeta {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}
