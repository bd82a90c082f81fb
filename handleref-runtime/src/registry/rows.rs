//! Rows page by page, now or as they were.

use super::Model;
use super::object::{Object, load};
use crate::any::AnyKey;
use crate::error::Error;
use crate::history::Moment;
use crate::history::as_of::PastRows;
use crate::model::lives_sql;
use crate::session::{Boxed, Executor, Session};
use crate::sql::{Raw, Sql, quoted, raw};
use serde::Serialize;

/// The greatest number of rows in one page.
const MOST: u32 = 10_000;

/// Which rows are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Live,
    Deleted,
    All,
}

/// A query for rows of a model, in the order of their keys; made by
/// [`Model::rows`].
#[must_use = "nothing is read before `.load(conn)`"]
pub struct Rows<'m> {
    model: &'m Model,
    which: Which,
    after: Option<String>,
    limit: u32,
    past: Option<PastRows>,
}

impl std::fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "rows of {}", self.model.name())
    }
}

/// Some rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Page {
    /// The rows, in the order of their keys, as the database sorts them.
    pub objects: Vec<Object>,
    /// What to give to [`after`](Rows::after) for the next page; `None` if this
    /// is the last one.
    pub next: Option<String>,
}

impl Model {
    /// Its rows that are not soft-deleted.
    pub fn rows(&self) -> Rows<'_> {
        Rows {
            model: self,
            which: Which::Live,
            after: None,
            limit: 100,
            past: None,
        }
    }

    /// The row with this key as it was; `None` if it was not there.
    ///
    /// # Errors
    /// As those of [`Rows::load`] with [`as_of`](Rows::as_of).
    pub fn as_of<'a, C: Executor>(
        &'a self,
        conn: &'a mut C,
        key: &'a str,
        moment: impl Moment,
    ) -> C::Output<'a, Result<Option<Object>, Error>> {
        let rows = self.rows().with_deleted().as_of(moment);
        C::finish(self.one(conn, key, rows))
    }

    pub(crate) fn one<'a>(
        &'a self,
        conn: &'a mut dyn Session,
        key: &'a str,
        rows: Rows<'a>,
    ) -> Boxed<'a, Result<Option<Object>, Error>> {
        Box::pin(async move {
            let (_, key) = self.key_on(conn.kind(), key)?;
            let only = Sql::new("").typed(&key.condition);
            Ok(rows.read(conn, only, None).await?.pop())
        })
    }
}

impl<'m> Rows<'m> {
    pub(crate) fn paged<'a>(self, conn: &'a mut dyn Session) -> Boxed<'a, Result<Page, Error>>
    where
        'm: 'a,
    {
        page(conn, self)
    }

    /// Only those that are soft-deleted.
    pub fn deleted(mut self) -> Self {
        self.which = Which::Deleted;
        self
    }

    /// Both.
    pub fn with_deleted(mut self) -> Self {
        self.which = Which::All;
        self
    }

    /// Those whose keys come after this one.
    pub fn after(mut self, key: impl Into<String>) -> Self {
        self.after = Some(key.into());
        self
    }

    /// At most so many, from 1 to 10,000; otherwise 100.
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = rows.clamp(1, MOST);
        self
    }

    /// As they were; as [`as_of`](crate::history::AsOfDsl::as_of) of a query.
    #[allow(clippy::wrong_self_convention)] // It is SQL's term.
    pub fn as_of(mut self, moment: impl Moment) -> Self {
        self.past = Some(PastRows {
            subject: self.model.facts.model,
            point: moment.point(),
        });
        self
    }

    /// Reads them, in one query.
    ///
    /// # Errors
    /// [`Error::WrongObject`] if [`after`](Rows::after) is no key of the model,
    /// [`Error::NoModel`] or [`Error::Database`]; with [`as_of`](Rows::as_of) also
    /// if the moment is before what is known.
    pub fn load<'a, C: Executor>(self, conn: &'a mut C) -> C::Output<'a, Result<Page, Error>>
    where
        Self: 'a,
    {
        C::finish(page(conn, self))
    }

    async fn read(
        &self,
        conn: &mut dyn Session,
        condition: Sql<'_>,
        limit: Option<u32>,
    ) -> Result<Vec<Object>, Error> {
        let (kind, facts) = (conn.kind(), &self.model.facts);
        let mut from = match &self.past {
            Some(past) => Sql::new(" FROM (")
                .append(Sql::every(past))
                .sql(") AS ")
                .name(facts.table()),
            None => facts.from_table(),
        };
        from = from.sql(" WHERE ").append(condition);
        let lives = lives_sql(kind, facts.model.roles, "");
        from = match self.which {
            Which::All => from,
            Which::Live => from.sql(" AND ").made(lives),
            Which::Deleted => from.made(raw!(" AND NOT ({lives})", lives)),
        };
        if let Some(limit) = limit {
            let key = facts.key().iter().map(|name| quoted(kind, name));
            let key: Vec<Raw> = key.collect();
            let order = raw!(" ORDER BY {} LIMIT ", [Raw::join(key, ", ")]);
            from = from.made(order).bind(i64::from(limit));
        }
        load(conn, self.model, self.model.on(kind)?, from).await
    }
}

pub(super) fn page<'a>(
    conn: &'a mut dyn Session,
    rows: Rows<'a>,
) -> Boxed<'a, Result<Page, Error>> {
    Box::pin(async move {
        let after = match &rows.after {
            Some(key) => Some(rows.model.key_on(conn.kind(), key)?.1),
            None => None,
        };
        let condition = match &after {
            Some(key) => behind(conn, rows.model, key),
            None => Sql::new("1 = 1"),
        };
        let mut objects = rows.read(conn, condition, Some(rows.limit + 1)).await?;
        let most = usize::try_from(rows.limit).unwrap_or(usize::MAX);
        let more = objects.len() > most;
        objects.truncate(most);
        let next = objects.last().filter(|_| more).map(|it| it.key.clone());
        Ok(Page { objects, next })
    })
}

/// `(key columns) > (values)`
fn behind<'a>(conn: &dyn Session, model: &Model, key: &'a AnyKey) -> Sql<'a> {
    let columns = model.key().iter().map(|name| quoted(conn.kind(), name));
    let columns: Vec<Raw> = columns.collect();
    Sql::new("(")
        .made(Raw::join(columns, ", "))
        .sql(") > (")
        .typed(&key.values)
        .sql(")")
}
