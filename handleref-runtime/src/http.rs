//! Models as resources of HTTP, for axum.
//!
//! A model that is in a [`Registry`] becomes a `Router` in a few lines: lists with filters, orders and
//! pages, rows with `ETag` and `If-Match`, soft delete and restore, of one row and of all of a
//! filter, and the past. The guide is `docs/http.md`.
//!
//! ```text
//! let api = http::Api::new(pool, schema![Article].registry());
//! let articles = api.resource::<Article>(http::SingleRows)?
//!     .create::<NewArticle>()
//!     .update::<EditArticle>()
//!     .filter("title", |title: String| articles::title.eq(title))
//!     .order("title", articles::title, |article| article.title.clone());
//! let app = Router::new()
//!     .merge(articles.router("/articles"))
//!     .fallback(http::not_found)
//!     .layer(ChangesetLayer::new().actor(..));
//! ```
//!
//! What is written by one request is one changeset, signed by what a
//! [`ChangesetLayer`](crate::changeset::ChangesetLayer) has found. Everything is compiled once but the
//! program's own types and closures.

mod body;
mod bulk;
mod call;
mod change;
mod count;
mod events;
mod exact;
mod failure;
mod given;
mod log;
#[cfg(feature = "openapi")]
mod openapi;
mod past;
mod policy;
mod pool;
mod problem;
mod query;
mod read;
mod repeat;
mod resource;
mod revert;
mod routes;
mod select;
mod server;
mod tag;
#[cfg(feature = "tracing")]
mod trace;
mod value;
mod write;

pub use events::Shutdown;
pub use log::{Log, Served};
#[cfg(feature = "openapi")]
pub use openapi::Document;
pub use policy::{Action, AllowEverything, Ask, Decision, Policy, ReadOnly, SingleRows};
pub use pool::Pool;
#[doc(hidden)]
pub use pool::{NoConnection, Work};
pub use problem::Problem;
pub use resource::Resource;
pub use routes::Endpoint;
pub use server::{Failure, Input, Switch};
pub use value::QueryValue;

use crate::any::AnyInstance;
use crate::engine::row::AnyRow;
use crate::error::Error;
use crate::history::{Fields, Json, Loaded, Recorded};
use crate::model::HandleRef;
use crate::registry::Registry;
use crate::session::Executor;
use crate::write::TableName;
use axum::response::{IntoResponse, Response};
use diesel::result::QueryResult;
use pool::Connections;
use repeat::InFlight;
use server::{Inserted, OnFailure, Server};
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

/// The models of a registry, and a pool of connections to their database: what resources are made
/// of.
#[doc(alias = "ModelViewSet")]
pub struct Api<P: Pool> {
    connections: Connections,
    registry: Registry,
    on_failure: Option<Arc<OnFailure>>,
    in_flight: InFlight,
    timeout: Option<Duration>,
    pool: PhantomData<fn() -> P>,
}

impl<P: Pool> fmt::Debug for Api<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Api").field(&self.registry).finish()
    }
}

impl<P: Pool> Api<P> {
    /// Begins; `schema![..].registry()` is the registry.
    pub fn new(pool: P, registry: Registry) -> Self {
        Self {
            connections: Connections::new(pool),
            registry,
            on_failure: None,
            in_flight: InFlight::default(),
            timeout: None,
            pool: PhantomData,
        }
    }

    /// Is told what went wrong whenever a client gets nothing but 500, or 503 because there is no
    /// connection: for the program's log.
    #[must_use]
    pub fn on_failure(mut self, tell: impl Fn(&Failure<'_>) + Send + Sync + 'static) -> Self {
        self.on_failure = Some(Arc::new(tell));
        self
    }

    /// How long a request may take at most, waiting for a connection included; by default there
    /// is no end. It is 503 then, and a client does not know whether it was done: one that sends an
    /// `Idempotency-Key` may send it again. On an asynchronous connection it is rolled back, and the
    /// pool makes a new connection; on a synchronous one it goes on in its thread. Streams of
    /// events have no end.
    #[must_use]
    pub fn timeout(mut self, most: Duration) -> Self {
        self.timeout = Some(most);
        self
    }

    /// A model as a resource. Its policy says who may do what: [`ReadOnly`], [`SingleRows`],
    /// [`AllowEverything`], or one of the program's own.
    ///
    /// # Errors
    /// [`Error::NoModel`] if the registry does not have it; [`Error::NoVerb`] if its rows cannot be
    /// soft-deleted on this type of connection.
    pub fn resource<M>(
        &self,
        policy: impl Policy,
    ) -> Result<Resource<M, <P::Connection as Executor>::Engine>, Error>
    where
        M: HandleRef<Table: TableName<<P::Connection as Executor>::Engine>>
            + Recorded
            + Loaded<<P::Connection as Executor>::Engine>
            + Fields<Json>,
    {
        let inserted = Inserted {
            selection: M::selection,
            read: read_row::<M, <P::Connection as Executor>::Engine>,
        };
        let server = self.server(M::RECORDED_NAME, Arc::new(policy), inserted)?;
        Ok(Resource::new(server))
    }

    /// All of it that names no model, so that it is compiled once.
    fn server(
        &self,
        name: &str,
        policy: Arc<dyn Policy>,
        inserted: Inserted,
    ) -> Result<Server, Error> {
        let model = self.registry.model(name)?.clone();
        let verbs = model.verbs_of(self.connections.of);
        if model.is_soft_deleted() && verbs.is_none() {
            return Err(Error::NoVerb {
                model: model.name(),
            });
        }
        Ok(Server {
            connections: self.connections.clone(),
            registry: self.registry.clone(),
            model,
            verbs,
            policy,
            create: None,
            inserted,
            replace: None,
            update: None,
            filters: Vec::new(),
            orders: Vec::new(),
            show: None,
            feed: None,
            hidden: Vec::new(),
            texts: Vec::new(),
            gone: false,
            post_updates: false,
            needs_if_match: false,
            needs_key: false,
            in_flight: self.in_flight.clone(),
            bulk_needs_filter: false,
            bulk_hard_delete: Switch::default(),
            bulk_content: Switch::default(),
            page: 100,
            longest_page: 1_000,
            bulk_limit: 10_000,
            body_limit: 1 << 20,
            without: Vec::new(),
            handlers: HashMap::new(),
            on_failure: self.on_failure.clone(),
            timeout: self.timeout,
            #[cfg(feature = "openapi")]
            schemas: openapi::Schemas::default(),
        })
    }
}

fn read_row<M, DB>(row: &AnyRow<'_>) -> QueryResult<Arc<dyn AnyInstance>>
where
    DB: crate::engine::Engine,
    M: Loaded<DB> + Fields<Json>,
{
    Ok(Arc::new(M::read_row(row, 0)?))
}

/// The fallback of a `Router` whose other answers are problem documents: 404 as one.
pub async fn not_found() -> Response {
    Problem::not_found().into_response()
}
