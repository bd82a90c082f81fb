//! A model as a resource of HTTP.

use super::body::fields_of;
use super::given::{patch, whole};
use super::problem::Problem;
use super::routes::{Endpoint, router};
use super::server::{Accepts, Filter, Input, Order, Server, Switch};
use super::value::QueryValue;
use crate::engine::{Engine, Typed};
use crate::feed::FeedModel;
use crate::history::{Loaded, Recorded};
use crate::model::HandleRef;
use crate::write::{Assigned, Assigns, TableName};
use axum::Router;
use axum::handler::Handler;
use axum::routing::any;
use diesel::expression::{AppearsOnTable, AsExpression, Expression, TypedExpressionType};
use diesel::query_builder::{AsChangeset, InsertStatement, QueryFragment};
use diesel::result::{EmptyChangeset, Error as DieselError};
use diesel::sql_types::{BoolOrNullableBool, SqlType};
use diesel::{Column, Insertable};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// A model as a resource of HTTP, until it is made a [`router`](Resource::router); begun by
/// [`Api::resource`](super::Api::resource).
///
/// Without more it can be read, deleted and restored, as far as the policy allows. What a client
/// may send is the program's own types: [`create`](Resource::create),
/// [`update`](Resource::update), [`replace`](Resource::replace).
#[must_use = "nothing is served before `.router(\"/path\")`"]
pub struct Resource<M, DB> {
    pub(super) server: Server,
    of: PhantomData<fn() -> (M, DB)>,
}

impl<M: Recorded, DB> fmt::Debug for Resource<M, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resource of {}", M::RECORDED_NAME)
    }
}

impl<M, DB> Resource<M, DB>
where
    DB: Engine,
    M: HandleRef<Table: TableName<DB>> + Recorded + Loaded<DB>,
{
    pub(super) fn new(server: Server) -> Self {
        Self {
            server,
            of: PhantomData,
        }
    }

    /// What `POST` on the list takes: a struct that is `Deserialize` and `Insertable`.
    ///
    /// Fields that it does not have are refused (422), and so are those that handleref writes
    /// itself, such as `version`, whatever the struct has.
    pub fn create<N>(self) -> Self
    where
        N: DeserializeOwned + Insertable<M::Table> + 'static,
        InsertStatement<M::Table, N::Values>: QueryFragment<DB> + Send + Sync + 'static,
    {
        self.create_with(|_, new: N| Ok(new))
    }

    /// The same through a closure, which makes of what was sent what is inserted: it refuses what is not
    /// valid, and adds what the client may not say, such as the user.
    ///
    /// ```text
    /// .create_with(|input, new: NewArticle| {
    ///     if new.title.trim().is_empty() {
    ///         return Err(Problem::invalid("an article needs a title").field("title", "is empty"));
    ///     }
    ///     let user = input.request.extensions.get::<User>().ok_or_else(|| Problem::forbidden("log in"))?;
    ///     Ok((new, articles::owner_id.eq(user.id)))
    /// })
    /// ```
    pub fn create_with<N, I>(
        mut self,
        make: impl Fn(&Input<'_>, N) -> Result<I, Problem> + Send + Sync + 'static,
    ) -> Self
    where
        N: DeserializeOwned + 'static,
        I: Insertable<M::Table>,
        InsertStatement<M::Table, I::Values>: QueryFragment<DB> + Send + Sync + 'static,
    {
        let make = move |object: Map<String, Value>, input: &Input<'_>| {
            let values = make(input, whole::<N>(object)?)?;
            let insert = diesel::insert_into(M::table()).values(values);
            Ok(Some(DB::typed(Box::new(insert))))
        };
        self.server.create = Some(Accepts {
            fields: fields_of::<N>(),
            make: Arc::new(make),
        });
        self
    }

    /// What `PATCH` on a row takes, and `PUT` unless there is a [`replace`](Resource::replace): a struct that is
    /// `Deserialize` and `AsChangeset`.
    ///
    /// A field of `Option<T>` may be left out; a null in it is refused. A column that can be null
    /// has a field of `Option<Option<T>>` with `#[serde(default)]`: left out, it stays; null, it
    /// becomes null. `PUT` must say all fields.
    pub fn update<U>(self) -> Self
    where
        U: DeserializeOwned + AsChangeset<Target = M::Table> + 'static,
        U::Changeset: QueryFragment<DB> + Send + Sync + 'static,
    {
        self.update_with(|_, changes: U| Ok(changes))
    }

    /// The same through a closure; see [`create_with`](Resource::create_with).
    pub fn update_with<U, A>(
        mut self,
        make: impl Fn(&Input<'_>, U) -> Result<A, Problem> + Send + Sync + 'static,
    ) -> Self
    where
        U: DeserializeOwned + 'static,
        A: AsChangeset<Target = M::Table>,
        A::Changeset: QueryFragment<DB> + Send + Sync + 'static,
    {
        let make = move |object: Map<String, Value>, input: &Input<'_>| {
            assigned::<M, DB, _>(make(input, patch::<U>(object)?)?)
        };
        self.server.update = Some(Accepts {
            fields: fields_of::<U>(),
            make: Arc::new(make),
        });
        self
    }

    /// What `PUT` on a row takes, if it is not what `PATCH` takes: a struct that is `Deserialize` and
    /// `AsChangeset`, best with `#[diesel(treat_none_as_null = true)]`. Every field must be said; a
    /// null in one of `Option<T>` is what `None` means to the struct.
    pub fn replace<U>(mut self) -> Self
    where
        U: DeserializeOwned + AsChangeset<Target = M::Table> + 'static,
        U::Changeset: QueryFragment<DB> + Send + Sync + 'static,
    {
        let make =
            |object: Map<String, Value>, _: &Input<'_>| assigned::<M, DB, _>(whole::<U>(object)?);
        self.server.replace = Some(Accepts {
            fields: fields_of::<U>(),
            make: Arc::new(make),
        });
        self
    }

    /// A parameter that narrows lists and bulk operations: its value, read as the type of the
    /// closure's argument, becomes a condition of Diesel's.
    ///
    /// ```text
    /// .filter("title", |title: String| articles::title.eq(title))
    /// .filter("title__contains", |part: String| articles::title.like(format!("%{part}%")))
    /// .filter("id__in", |ids: Vec<i32>| articles::id.eq_any(ids))
    /// .filter("note__isnull", |null: bool| articles::note.is_null().eq(null))
    /// ```
    ///
    /// Given twice, a parameter means either. What cannot be read is 400, and so is a parameter
    /// that nothing was declared for: a misspelt filter must not widen a deletion.
    pub fn filter<V, E>(
        mut self,
        name: &'static str,
        condition: impl Fn(V) -> E + Send + Sync + 'static,
    ) -> Self
    where
        V: QueryValue,
        E: Expression<SqlType: BoolOrNullableBool>
            + AppearsOnTable<M::Table>
            + QueryFragment<DB>
            + Send
            + Sync
            + 'static,
    {
        let read = move |text: &str| -> Option<Typed<'static>> {
            Some(DB::typed(Box::new(condition(V::read(text)?))))
        };
        self.server.filters.push(Filter {
            name,
            expected: V::EXPECTED,
            pattern: V::pattern(),
            read: Arc::new(read),
        });
        self
    }

    /// A name by which lists can be sorted, `?order=title` or `?order=-title`, with the column and
    /// what a row has in it. Several are separated by commas; the key closes every order, and
    /// nulls come last.
    ///
    /// ```text
    /// .order("title", articles::title, |article| article.title.clone())
    /// ```
    pub fn order<C, V>(
        mut self,
        name: &'static str,
        _: C,
        value: impl Fn(&M) -> V + Send + Sync + 'static,
    ) -> Self
    where
        C: Column<Table = M::Table>,
        C::SqlType: SqlType + TypedExpressionType,
        V: AsExpression<C::SqlType> + Serialize + DeserializeOwned,
        V::Expression: QueryFragment<DB> + Send + Sync + 'static,
    {
        let value = move |row: &dyn crate::any::AnyInstance| {
            let row = row.any().downcast_ref::<M>()?;
            serde_json::to_value(value(row)).ok()
        };
        let bind = |text: Value| -> Option<Typed<'static>> {
            let value: V = serde_json::from_value(text).ok()?;
            Some(DB::typed(Box::new(value.as_expression())))
        };
        self.server.orders.push(Order {
            name,
            column: C::NAME,
            value: Arc::new(value),
            bind: Arc::new(bind),
        });
        self
    }

    /// What comes out of a row, instead of its fields. Fields that the policy or
    /// [`hide`](Resource::hide) hides are taken out of it by their names, too.
    pub fn output<T: Serialize>(mut self, show: impl Fn(&M) -> T + Send + Sync + 'static) -> Self {
        self.server.show = Some(Arc::new(move |row| {
            serde_json::to_value(show(row.any().downcast_ref::<M>()?)).ok()
        }));
        self
    }
}

impl<M, DB> Resource<M, DB>
where
    DB: Engine,
    M: FeedModel<DB>,
{
    /// Tells the changes of its rows as [`Feed::diff`](crate::feed::Feed::diff) has them, at
    /// `/diffs/` of a [`Log`](super::Log). Fields that are hidden are taken out of what is there under
    /// their names, and out of its `fields`.
    pub fn feed(mut self) -> Self {
        self.server.feed = Some(M::feed());
        self
    }
}

/// What an `UPDATE` assigns; `None` if nothing.
fn assigned<M, DB, A>(changes: A) -> Result<Option<Typed<'static>>, Problem>
where
    DB: Engine,
    M: HandleRef<Table: TableName<DB>>,
    A: AsChangeset<Target = M::Table>,
    A::Changeset: QueryFragment<DB> + Send + Sync + 'static,
{
    let assigned = Assigned::<A::Changeset, M>::new(changes.as_changeset());
    match Assigns::<DB>::checked(&assigned, &DB::default()) {
        Ok(_) => Ok(Some(DB::typed(Box::new(assigned)))),
        Err(DieselError::QueryBuilderError(error)) if error.is::<EmptyChangeset>() => Ok(None),
        // The struct assigns a managed column, whatever a client sends.
        Err(_) => Err(Problem::internal()),
    }
}

impl<M, DB> Resource<M, DB> {
    /// Fields that never come out, by the names that they have there.
    pub fn hide<'n>(mut self, fields: impl IntoIterator<Item = &'n str>) -> Self {
        let fields = fields.into_iter().map(str::to_owned);
        self.server.hidden.extend(fields);
        self
    }

    /// Fields whose integers come out as text and may come in as text, everywhere: JavaScript and
    /// many other readers of JSON round those beyond 2^53. A key of a path is text in any case.
    pub fn integers_as_text<'n>(mut self, fields: impl IntoIterator<Item = &'n str>) -> Self {
        let fields = fields.into_iter().map(str::to_owned);
        self.server.texts.extend(fields);
        self
    }

    /// Answers 410 with the way to restore it where a row is soft-deleted, to those who may read
    /// deleted rows; otherwise it is 404, as for a row that never was.
    pub fn gone(mut self) -> Self {
        self.server.gone = true;
        self
    }

    /// Takes `POST` on a row as `PUT`, too.
    pub fn post_updates(mut self) -> Self {
        self.server.post_updates = true;
        self
    }

    /// Refuses to change a row without `If-Match` (428).
    pub fn require_if_match(mut self) -> Self {
        self.server.needs_if_match = true;
        self
    }

    /// Refuses to insert a row without `Idempotency-Key` (400).
    ///
    /// A request that writes may have one in any case: a text that the client makes for it. The
    /// same request with the same key is done once, and answered again.
    pub fn require_idempotency_key(mut self) -> Self {
        self.server.needs_key = true;
        self
    }

    /// Refuses to change all rows at once without a filter (400).
    pub fn bulk_needs_filter(mut self) -> Self {
        self.server.bulk_needs_filter = true;
        self
    }

    /// Whether all rows of a filter can be deleted for good; off, it is 403. A [`Switch`] can be
    /// switched while the server runs.
    #[doc(alias = "TIMESTAMPS__BULK_HARD_DELETE")]
    pub fn bulk_hard_delete(mut self, on: impl Into<Switch>) -> Self {
        self.server.bulk_hard_delete = on.into();
        self
    }

    /// Whether bulk operations are answered with their count (200); off, with nothing (204).
    #[doc(alias = "TIMESTAMPS__BULK_RESPONSE_CONTENT")]
    pub fn bulk_content(mut self, on: impl Into<Switch>) -> Self {
        self.server.bulk_content = on.into();
        self
    }

    /// How many rows a list has if the client does not say (100), and at most (1,000).
    pub fn page(mut self, usual: u32, most: u32) -> Self {
        self.server.page = usual.clamp(1, most.max(1));
        self.server.longest_page = most.clamp(1, 10_000);
        self
    }

    /// How many rows a bulk operation changes at most (10,000); more are 400, and nothing is
    /// changed. They are loaded, to ask the policy for each.
    pub fn bulk_limit(mut self, rows: u32) -> Self {
        self.server.bulk_limit = rows.max(1);
        self
    }

    /// How many bytes a body has at most (1 MiB).
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.server.body_limit = bytes;
        self
    }

    /// Without these.
    pub fn without(mut self, endpoints: impl IntoIterator<Item = Endpoint>) -> Self {
        self.server.without.extend(endpoints);
        self
    }

    /// With these alone.
    pub fn only(mut self, endpoints: impl IntoIterator<Item = Endpoint>) -> Self {
        let kept: Vec<Endpoint> = endpoints.into_iter().collect();
        let others = Endpoint::ALL.iter().filter(|it| !kept.contains(it));
        self.server.without.extend(others);
        self
    }

    /// A handler of the program's own in the place of one of these, for all that it does: it asks no
    /// policy.
    #[doc(alias(
        "perform_restore",
        "perform_destroy",
        "perform_bulk_restore",
        "perform_bulk_destroy"
    ))]
    pub fn handle<H, T>(mut self, endpoint: Endpoint, handler: H) -> Self
    where
        H: Handler<T, ()>,
        T: 'static,
    {
        self.server.handlers.insert(endpoint, any(handler));
        self
    }

    /// The routes, below a path such as `/articles`: `/articles/`, `/articles/{key}/` and so on.
    /// The same without the slash at the end is sent there (308).
    pub fn router(self, path: &str) -> Router {
        router(&Arc::new(self.server), path)
    }
}
