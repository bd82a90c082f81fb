//! What a resource is made of, without the types of its model and its inputs.

use super::policy::{Action, Ask, Decision, Policy};
use super::pool::Connections;
use super::problem::Problem;
use super::repeat::InFlight;
use super::routes::Endpoint;
use crate::any::{AnyInstance, Verbs};
use crate::engine::Typed;
use crate::engine::row::AnyRow;
use crate::error::Error;
use crate::feed::AnyFeed;
use crate::registry::{Model, Object, Registry};
use axum::routing::MethodRouter;
use diesel::result::QueryResult;
use http::request::Parts;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What a closure that turns an input into values is told.
#[non_exhaustive]
pub struct Input<'a> {
    /// The request, with the extensions that layers have put into it.
    pub request: &'a Parts,
    /// The row that is to be changed, as it is; `None` if one is to be inserted.
    pub object: Option<&'a Object>,
}

impl fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input")
            .field("object", &self.object.map(|it| &it.key))
            .finish_non_exhaustive()
    }
}

/// Something that can be switched while the server runs.
///
/// ```
/// use handleref_runtime::http::Switch;
/// let switch = Switch::new(false);
/// let elsewhere = switch.clone();
/// elsewhere.set(true);
/// assert!(switch.is_on());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Switch(Arc<AtomicBool>);

impl Switch {
    /// One that is on or off.
    pub fn new(on: bool) -> Self {
        Self(Arc::new(AtomicBool::new(on)))
    }

    /// Switches it, for all clones.
    pub fn set(&self, on: bool) {
        self.0.store(on, Ordering::Relaxed);
    }

    /// Whether it is on.
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl From<bool> for Switch {
    fn from(on: bool) -> Self {
        Self::new(on)
    }
}

/// Makes the values of an `INSERT`, or the assignments of an `UPDATE`: `None` if there are none.
type Make =
    dyn Fn(Map<String, Value>, &Input<'_>) -> Result<Option<Typed<'static>>, Problem> + Send + Sync;

/// What a client may send.
#[derive(Clone)]
pub(super) struct Accepts {
    /// The names that it may say; `None` if any.
    pub(super) fields: Option<&'static [&'static str]>,
    pub(super) make: Arc<Make>,
}

/// How an inserted row comes back.
#[derive(Clone, Copy)]
pub(super) struct Inserted {
    pub(super) selection: fn() -> Typed<'static>,
    pub(super) read: fn(&AnyRow<'_>) -> QueryResult<Arc<dyn AnyInstance>>,
}

type ReadText = dyn Fn(&str) -> Option<Typed<'static>> + Send + Sync;

/// A condition that clients may set.
#[derive(Clone)]
pub(super) struct Filter {
    pub(super) name: &'static str,
    pub(super) expected: &'static str,
    // Asked for by the document alone.
    #[cfg_attr(not(feature = "openapi"), allow(dead_code))]
    pub(super) pattern: String,
    pub(super) read: Arc<ReadText>,
}

type BindValue = dyn Fn(Value) -> Option<Typed<'static>> + Send + Sync;

/// What is made of a row.
type Show = dyn Fn(&dyn AnyInstance) -> Option<Value> + Send + Sync;

/// A column by which clients may sort.
#[derive(Clone)]
pub(super) struct Order {
    pub(super) name: &'static str,
    pub(super) column: &'static str,
    /// The value of a row, for the cursor.
    pub(super) value: Arc<Show>,
    /// The same back, to be compared with.
    pub(super) bind: Arc<BindValue>,
}

/// A failure that a program should know of; see [`Api::on_failure`](super::Api::on_failure).
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure<'a> {
    /// The database or the library refused in a way for which the client can do nothing.
    Error(&'a Error),
    /// The pool gave no connection.
    NoConnection(&'a (dyn std::error::Error + Send + Sync)),
    /// A closure, a hook or a trait of the program panicked.
    Panicked,
    /// It took longer than [`Api::timeout`](super::Api::timeout).
    Timeout,
}

pub(super) type OnFailure = dyn Fn(&Failure<'_>) + Send + Sync;

#[derive(Clone)]
pub(super) struct Server {
    pub(super) connections: Connections,
    pub(super) registry: Registry,
    pub(super) model: Model,
    pub(super) verbs: Option<Verbs>,
    pub(super) policy: Arc<dyn Policy>,
    pub(super) create: Option<Accepts>,
    pub(super) inserted: Inserted,
    pub(super) replace: Option<Accepts>,
    pub(super) update: Option<Accepts>,
    pub(super) filters: Vec<Filter>,
    pub(super) orders: Vec<Order>,
    pub(super) show: Option<Arc<Show>>,
    /// How its changes are told as diffs, if they are.
    pub(super) feed: Option<&'static dyn AnyFeed>,
    pub(super) hidden: Vec<String>,
    /// The fields whose integers go over the wire as text.
    pub(super) texts: Vec<String>,
    pub(super) gone: bool,
    pub(super) post_updates: bool,
    pub(super) needs_if_match: bool,
    pub(super) needs_key: bool,
    pub(super) in_flight: InFlight,
    pub(super) bulk_needs_filter: bool,
    pub(super) bulk_hard_delete: Switch,
    pub(super) bulk_content: Switch,
    pub(super) page: u32,
    pub(super) longest_page: u32,
    pub(super) bulk_limit: u32,
    pub(super) body_limit: usize,
    pub(super) without: Vec<Endpoint>,
    pub(super) handlers: HashMap<Endpoint, MethodRouter>,
    pub(super) on_failure: Option<Arc<OnFailure>>,
    pub(super) timeout: Option<Duration>,
    #[cfg(feature = "openapi")]
    pub(super) schemas: super::openapi::Schemas,
}

impl Server {
    pub(super) fn failed(&self, failure: &Failure<'_>) {
        if let Some(tell) = &self.on_failure {
            tell(failure);
        }
    }

    /// What the policy says.
    pub(super) fn decide(
        &self,
        request: &Parts,
        action: Action,
        object: Option<&Object>,
    ) -> Decision {
        self.policy.decide(&Ask {
            action,
            model: &self.model,
            request,
            object,
        })
    }

    /// # Errors
    /// 403 or 404 if the policy does not allow it.
    pub(super) fn allow(
        &self,
        request: &Parts,
        action: Action,
        object: Option<&Object>,
    ) -> Result<(), Problem> {
        match self.decide(request, action, object) {
            Decision::Allow => Ok(()),
            Decision::Deny => Err(Problem::forbidden("this user may not do that here")),
            Decision::Hide => Err(Problem::not_found()),
        }
    }

    /// Whether a row may be read as it is.
    pub(super) fn is_readable(&self, request: &Parts, object: &Object) -> bool {
        let action = match object.is_deleted {
            true => Action::ReadDeleted,
            false => Action::Read,
        };
        self.decide(request, action, Some(object)) == Decision::Allow
    }

    /// Whether a row may be changed: 404 if it may not even be read.
    pub(super) fn allow_write(
        &self,
        request: &Parts,
        action: Action,
        object: &Object,
    ) -> Result<(), Problem> {
        if !self.is_readable(request, object) {
            return Err(Problem::not_found());
        }
        self.allow(request, action, Some(object))
    }
}
