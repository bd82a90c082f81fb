//! The changesets of web requests: who, why and which request, out of the
//! request itself.

mod extract;
mod texts;

pub use extract::MissingChangesetLayer;

use super::meta::{Actor, ChangesetMeta};
use http::Request;
use http::header::HeaderName;
use http::request::Parts;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use texts::{as_comment, as_correlation, decoded, value};
use tower_layer::Layer;
use tower_service::Service;

/// Where the id of a request is found unless the program says otherwise.
const CORRELATION_HEADER: HeaderName = HeaderName::from_static("x-request-id");

type Find<T> = Arc<dyn Fn(&Parts) -> Option<T> + Send + Sync>;

/// Puts a [`ChangesetMeta`] into every request: who makes it, which request it
/// is and why it is made. Handlers take it as an argument and open their
/// changeset with it; whatever is recorded there is signed.
///
/// It is a layer of [tower](https://docs.rs/tower), for axum and for any other
/// service of `http::Request`s. What it finds is in the request's extensions,
/// and nowhere else: requests cannot get mixed up, on whatever thread they run.
///
/// ```
/// use axum::http::request::Parts;
/// use axum::{Router, routing::put};
/// use handleref_runtime::changeset::{ChangesetLayer, ChangesetMeta};
///
/// #[derive(Clone)]
/// struct User { id: i32 }
///
/// async fn edit(meta: ChangesetMeta) {
///     // in_changeset(conn, meta, |conn| ..)
/// }
///
/// let app: Router = Router::new()
///     .route("/articles/{id}", put(edit))
///     .layer(
///         ChangesetLayer::new()
///             .actor(|request: &Parts| request.extensions.get::<User>().map(|user| user.id.into()))
///             .comment_header("x-change-comment"),
///     );
/// ```
///
/// # The order of layers
/// What the closures look for must be there when a request arrives, so
/// authentication is **outside** of this layer: on a `Router` its `.layer(..)`
/// is called *after* this one's, in a `ServiceBuilder` *before*.
///
/// Of two of these layers the inner one has the last word: what it finds
/// replaces what the outer one found, and what it does not find stays. (A
/// correlation id in the default header replaces nothing.)
///
/// # What to believe
/// The actor is what the closure says: take it from what the program has
/// verified, never from a header that anyone can send. **The correlation id
/// and the comment of a header come from the client**, who may send anything,
/// the id of another request too. Where that matters, let a proxy
/// set the header, or find the id [otherwise](ChangesetLayer::correlation).
///
/// # Texts
/// No request is refused for what its headers say. A header is not looked at if
/// it is no UTF-8; of several with one name the first one counts. Control
/// characters, line breaks among them, become spaces; those at the ends are cut
/// off, and what is empty then is not there. A correlation id of more than 191
/// characters, which is what the column holds, is not there either, since a
/// shortened one would be another id; a comment ends after 1000 characters. All
/// this goes for what closures give too, but not for the actor.
#[derive(Clone, Default)]
#[doc(alias = "ChangeSetMiddleware")]
pub struct ChangesetLayer {
    actor: Option<Find<Actor>>,
    /// None stands for the default header.
    correlation: Option<Find<String>>,
    comment: Option<Find<String>>,
}

impl ChangesetLayer {
    /// Finds the correlation id in the header `x-request-id`, and nothing else.
    ///
    /// ```
    /// let layer = handleref_runtime::changeset::ChangesetLayer::new();
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Who makes a request; no actor if it is `None`.
    ///
    /// ```
    /// use handleref_runtime::changeset::{Actor, ChangesetLayer};
    /// # #[derive(Clone)] struct Session { email: String }
    /// let layer = ChangesetLayer::new()
    ///     .actor(|request| request.extensions.get::<Session>().map(|session| Actor::from(&*session.email)));
    /// ```
    #[must_use]
    pub fn actor<F>(mut self, find: F) -> Self
    where
        F: Fn(&Parts) -> Option<Actor> + Send + Sync + 'static,
    {
        self.actor = Some(Arc::new(find));
        self
    }

    /// The header with the correlation id, instead of `x-request-id`. A name
    /// that no header can have finds nothing.
    ///
    /// ```
    /// # use handleref_runtime::changeset::ChangesetLayer;
    /// let layer = ChangesetLayer::new().correlation_header("X-Correlation-Id");
    /// ```
    #[must_use]
    pub fn correlation_header(self, name: impl AsRef<str>) -> Self {
        let name = header_name(name.as_ref());
        self.correlation(move |request| value(request, name.as_ref()?))
    }

    /// The correlation id from somewhere else than a header; `|_| None` for
    /// none at all. Of this and
    /// [`correlation_header`](ChangesetLayer::correlation_header) the last call
    /// counts.
    ///
    /// ```
    /// # use handleref_runtime::changeset::ChangesetLayer;
    /// # #[derive(Clone)] struct TraceId(u128);
    /// let layer = ChangesetLayer::new()
    ///     .correlation(|request| Some(format!("{:032x}", request.extensions.get::<TraceId>()?.0)));
    /// ```
    #[must_use]
    pub fn correlation<F>(mut self, find: F) -> Self
    where
        F: Fn(&Parts) -> Option<String> + Send + Sync + 'static,
    {
        self.correlation = Some(Arc::new(find));
        self
    }

    /// The header in which clients say why; there is none by default.
    ///
    /// Browsers send ASCII in headers, so a value that begins with `UTF-8''` is
    /// percent-decoded, as RFC 8187 has it: in JavaScript
    /// ``"UTF-8''" + encodeURIComponent(comment)``. Any other one is taken as it
    /// is; one that cannot be decoded is not there.
    ///
    /// ```
    /// # use handleref_runtime::changeset::ChangesetLayer;
    /// let layer = ChangesetLayer::new().comment_header("x-change-comment");
    /// ```
    #[must_use]
    pub fn comment_header(self, name: impl AsRef<str>) -> Self {
        let name = header_name(name.as_ref());
        self.comment(move |request| decoded(value(request, name.as_ref()?)?))
    }

    /// Why, as the program sees it. Of this and
    /// [`comment_header`](ChangesetLayer::comment_header) the last call counts.
    ///
    /// ```
    /// # use handleref_runtime::changeset::ChangesetLayer;
    /// let layer = ChangesetLayer::new()
    ///     .comment(|request| Some(format!("{} {}", request.method, request.uri.path())));
    /// ```
    #[must_use]
    pub fn comment<F>(mut self, find: F) -> Self
    where
        F: Fn(&Parts) -> Option<String> + Send + Sync + 'static,
    {
        self.comment = Some(Arc::new(find));
        self
    }

    /// Puts what is found into the request, over what is there already.
    fn mark<B>(&self, request: Request<B>) -> Request<B> {
        let (mut parts, body) = request.into_parts();
        let mut meta: ChangesetMeta = parts.extensions.remove().unwrap_or_default();

        let actor = self.actor.as_ref().and_then(|find| find(&parts));
        let correlation = match &self.correlation {
            Some(find) => find(&parts),
            None if meta.correlation.is_none() => value(&parts, &CORRELATION_HEADER),
            None => None,
        };
        let comment = self.comment.as_ref().and_then(|find| find(&parts));

        meta.actor = actor.or(meta.actor);
        let correlation = correlation.and_then(|text| as_correlation(&text));
        meta.correlation = correlation.or(meta.correlation);
        meta.comment = comment.and_then(|text| as_comment(&text)).or(meta.comment);
        parts.extensions.insert(meta);
        Request::from_parts(parts, body)
    }
}

/// None if no header can have this name.
fn header_name(name: &str) -> Option<HeaderName> {
    HeaderName::from_bytes(name.as_bytes()).ok()
}

impl fmt::Debug for ChangesetLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangesetLayer").finish_non_exhaustive()
    }
}

impl<S> Layer<S> for ChangesetLayer {
    type Service = ChangesetService<S>;
    fn layer(&self, inner: S) -> Self::Service {
        ChangesetService {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service behind a [`ChangesetLayer`].
///
/// ```
/// use handleref_runtime::changeset::{ChangesetLayer, ChangesetService};
/// use tower_layer::Layer;
/// let service: ChangesetService<axum::Router> = ChangesetLayer::new().layer(axum::Router::new());
/// ```
#[derive(Debug, Clone)]
pub struct ChangesetService<S> {
    inner: S,
    layer: ChangesetLayer,
}

impl<S, B> Service<Request<B>> for ChangesetService<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> S::Future {
        self.inner.call(self.layer.mark(request))
    }
}
