//! Finding changesets.

use super::end::{ChangesetEnd, End};
use super::meta::Actor;
use super::stored::{Changeset, columns};
use crate::engine::Kind;
use crate::error::Error;
use crate::facts::{Capture, Recording};
use crate::history::any::{AnyKey, Boxed, Subject};
use crate::history::{ChangesetNo, ObjectOf, Recall, Recorded};
use crate::session::absent::{HISTORY, or_not_installed};
use crate::session::{Executor, Session};
use crate::sql::Sql;
use crate::time::{BoundTime, Instant};
#[cfg(any(feature = "axum", feature = "manage"))]
use chrono::{DateTime, Utc};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

mod filter;

pub(super) use filter::is_actor;
pub(crate) use filter::is_named;

/// The changesets, newest first, a page at a time.
///
/// ```text
/// let page = changesets().by("ann").load(conn)?;                      // the newest 100
/// if let Some(last) = page.last() {
///     let older = changesets().by("ann").before(last.no).load(conn)?; // and those before
/// }
/// changesets().from(monday).comment_contains("import").count(conn)?;
/// changesets().of_row(&article).field(articles::title).load(conn)?;   // who set this title
/// ```
pub fn changesets<C: Executor>() -> Changesets<C> {
    Changesets {
        query: Query {
            filters: Vec::new(),
            of: None,
            oldest_first: false,
            limit: 100,
            offset: 0,
        },
        connection: PhantomData,
    }
}

/// The changesets that meet all conditions; made by [`changesets`].
#[must_use = "nothing is read before `.load(conn)` or `.count(conn)`"]
pub struct Changesets<C: Executor> {
    query: Query,
    connection: PhantomData<fn() -> C>,
}

/// What is asked, whatever the connection is.
#[derive(Debug, Clone)]
struct Query {
    filters: Vec<Filter>,
    of: Option<Target>,
    oldest_first: bool,
    limit: u32,
    offset: u32,
}

#[derive(Debug, Clone)]
enum Filter {
    By(Actor),
    /// Whatever kind of actor is written so.
    #[cfg(any(feature = "axum", feature = "manage"))]
    Named(String),
    Anonymous,
    Correlation(String),
    Once(String),
    Comment(String),
    From(BoundTime),
    Before(End),
    After(i64),
    Undoing(i64),
}

/// What a changeset has to have changed.
#[derive(Debug, Clone)]
struct Target {
    model: &'static str,
    recording: Recording,
    key: &'static [&'static str],
    row: Option<Arc<AnyKey>>,
    field: Option<&'static str>,
}

impl<C: Executor> Clone for Changesets<C> {
    fn clone(&self) -> Self {
        Self {
            query: self.query.clone(),
            connection: PhantomData,
        }
    }
}

impl<C: Executor> fmt::Debug for Changesets<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.query.fmt(f)
    }
}

impl<C: Executor> Changesets<C> {
    fn with(mut self, filter: Filter) -> Self {
        self.query.filters.push(filter);
        self
    }

    /// Only those of one actor; `7` and `"7"` are not the same.
    pub fn by(self, actor: impl Into<Actor>) -> Self {
        self.with(Filter::By(actor.into()))
    }

    /// Only those without an actor.
    pub fn by_nobody(self) -> Self {
        self.with(Filter::Anonymous)
    }

    /// Only those with this correlation id.
    pub fn correlation(self, id: impl Into<String>) -> Self {
        self.with(Filter::Correlation(id.into()))
    }

    /// Only the one with this [key](super::ChangesetMeta::once).
    pub fn once(self, key: impl Into<String>) -> Self {
        self.with(Filter::Once(key.into()))
    }

    /// Only those whose comment contains this text, in capital or small letters.
    pub fn comment_contains(self, text: impl Into<String>) -> Self {
        self.with(Filter::Comment(text.into()))
    }

    /// Only those at this time or later.
    pub fn from(self, time: impl Instant) -> Self {
        self.with(Filter::From(BoundTime::new(time)))
    }

    /// Only those before this time; or, given a [`ChangesetNo`], those with a
    /// smaller number.
    pub fn before(self, end: impl ChangesetEnd) -> Self {
        self.with(Filter::Before(end.end()))
    }

    /// Only those with a greater number.
    pub fn after(self, changeset: ChangesetNo) -> Self {
        self.with(Filter::After(changeset.0))
    }

    /// Only those that undid this one.
    pub fn undoing(self, changeset: ChangesetNo) -> Self {
        self.with(Filter::Undoing(changeset.0))
    }

    /// Only those that changed rows of this model. The last one of `of`,
    /// `of_row` and `of_key` counts.
    pub fn of<M: Recorded>(self) -> Self {
        self.of_subject(Subject::of::<M>(), None)
    }

    /// Only those that changed rows of a model, or the row with this key.
    pub(crate) fn of_subject(mut self, model: Subject, key: Option<AnyKey>) -> Self {
        self.query.of = Some(Target {
            model: model.name,
            recording: model.recording,
            key: model.key,
            row: key.map(Arc::new),
            field: self.query.of.and_then(|of| of.field),
        });
        self
    }

    /// Only those that changed this row, whether it still exists or not.
    pub fn of_row<M: Recall<C::Engine>>(self, row: &M) -> Self {
        self.of_key::<M>(&row.record_key())
    }

    /// Only those that changed the row with this key.
    pub fn of_key<M: Recall<C::Engine>>(self, key: &M::RecordKey) -> Self {
        let key = AnyKey::new::<M, C::Engine>(key.clone());
        self.of_subject(Subject::of::<M>(), Some(key))
    }

    /// Of the model that [`of`](Changesets::of), `of_row` or `of_key` names,
    /// only those that changed this column: inserted it or set it to something
    /// else.
    pub fn field<Column: diesel::Column>(mut self, _: Column) -> Self {
        match &mut self.query.of {
            Some(of) => of.field = Some(Column::NAME),
            // Refused when it is loaded.
            None => {
                self.query.of = Some(Target {
                    model: "changesets() without `of`",
                    recording: Recording::new("", &[]),
                    key: &[],
                    row: None,
                    field: Some(Column::NAME),
                });
            }
        }
        self
    }

    /// The oldest first.
    pub fn oldest_first(mut self) -> Self {
        self.query.oldest_first = true;
        self
    }

    /// At most so many; otherwise 100.
    pub fn limit(mut self, changesets: u32) -> Self {
        self.query.limit = changesets;
        self
    }

    /// Leaves out so many. [`before`](Changesets::before) the last one of a
    /// page is better: what is added meanwhile does not move it.
    pub fn offset(mut self, changesets: u32) -> Self {
        self.query.offset = changesets;
        self
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`Error::NoField`] if [`field`](Changesets::field) names a column whose
    /// values are not recorded, or comes without a model; [`Error::NotInstalled`];
    /// [`Error::Database`].
    pub fn load(self, conn: &mut C) -> C::Output<'_, Result<Vec<Changeset>, Error>> {
        C::finish(load(conn, self.query))
    }

    /// Counts them all, whatever the limit and the offset say.
    ///
    /// # Errors
    /// As those of [`load`](Changesets::load).
    pub fn count(self, conn: &mut C) -> C::Output<'_, Result<i64, Error>> {
        C::finish(count(conn, self.query))
    }
}

fn load(conn: &mut dyn Session, query: Query) -> Boxed<'_, Vec<Changeset>> {
    Box::pin(async move {
        query.check()?;
        let order = if query.oldest_first { "" } else { " DESC" };
        let sql = query
            .select(conn.kind(), columns("handleref_c."))
            .sql(" ORDER BY handleref_c.id")
            .sql(order)
            .sql(" LIMIT ")
            .bind(i64::from(query.limit))
            .sql(" OFFSET ")
            .bind(i64::from(query.offset));
        match conn.rows(sql).await {
            Ok(rows) => Ok(rows.into_iter().map(Changeset::read).collect()),
            Err(error) => Err(or_not_installed(conn, error, HISTORY).await),
        }
    })
}

fn count(conn: &mut dyn Session, query: Query) -> Boxed<'_, i64> {
    Box::pin(async move {
        query.check()?;
        let sql = query.select(conn.kind(), Sql::new("COUNT(*)"));
        match conn.one::<(i64,)>(sql).await {
            Ok((count,)) => Ok(count),
            Err(error) => Err(or_not_installed(conn, error, HISTORY).await),
        }
    })
}

impl Query {
    fn check(&self) -> Result<(), Error> {
        let Some((of, field)) = self.of.as_ref().and_then(|of| Some((of, of.field?))) else {
            return Ok(());
        };
        let mut columns = of.recording.columns.iter();
        match columns.any(|column| column.name == field && column.capture == Capture::Value) {
            true => Ok(()),
            false => Err(Error::NoField {
                model: of.model,
                field: field.to_owned(),
            }),
        }
    }

    fn select(&self, kind: Kind, columns: Sql<'static>) -> Sql<'_> {
        let mut sql = Sql::new("SELECT ")
            .append(columns)
            .sql(" FROM handleref_changesets handleref_c WHERE 1 = 1");
        for filter in &self.filters {
            sql = sql.sql(" AND ").append(filter.sql(kind));
        }
        match &self.of {
            Some(of) => sql.sql(" AND ").append(of.sql(kind)),
            None => sql,
        }
    }
}

impl<M: Recorded> ObjectOf<M> {
    /// The changesets that changed the row.
    pub fn changesets<C>(&self) -> Changesets<C>
    where
        C: Executor,
        M: Recall<C::Engine>,
    {
        changesets().of_key::<M>(&self.key)
    }
}

impl Changeset {
    /// The changeset with this number.
    ///
    /// # Errors
    /// [`Error::NoChangeset`], [`Error::NotInstalled`] or [`Error::Database`].
    pub fn find<C: Executor>(conn: &mut C, no: ChangesetNo) -> C::Output<'_, Result<Self, Error>> {
        C::finish(found(conn, no))
    }
}

/// What the newest changesets are to be like, for tools that know no type.
#[cfg(any(feature = "axum", feature = "manage"))]
#[derive(Debug, Default)]
pub(crate) struct Sought {
    pub(crate) actor: Option<String>,
    pub(crate) correlation: Option<String>,
    pub(crate) from: Option<DateTime<Utc>>,
    /// Before this time.
    pub(crate) until: Option<DateTime<Utc>>,
    pub(crate) before: Option<ChangesetNo>,
}

/// The newest changesets that are so.
#[cfg(any(feature = "axum", feature = "manage"))]
pub(crate) fn changesets_like(
    conn: &mut dyn Session,
    sought: Sought,
    limit: u32,
) -> Boxed<'_, Vec<Changeset>> {
    let filters = [
        sought.actor.map(Filter::Named),
        sought.correlation.map(Filter::Correlation),
        sought.from.map(|time| Filter::From(BoundTime::new(time))),
        sought.until.map(|time| Filter::Before(time.end())),
        sought.before.map(|no| Filter::Before(no.end())),
    ];
    let query = Query {
        filters: filters.into_iter().flatten().collect(),
        of: None,
        oldest_first: false,
        limit,
        offset: 0,
    };
    load(conn, query)
}

/// One changeset.
pub(crate) fn found(conn: &mut dyn Session, no: ChangesetNo) -> Boxed<'_, Changeset> {
    Box::pin(find(conn, no))
}

/// Reads one changeset.
pub(super) async fn find(conn: &mut dyn Session, no: ChangesetNo) -> Result<Changeset, Error> {
    let sql = Sql::new("SELECT ")
        .append(columns(""))
        .sql(" FROM handleref_changesets WHERE id = ")
        .bind(no.0);
    match conn.first(sql).await {
        Ok(Some(row)) => Ok(Changeset::read(row)),
        Ok(None) => Err(Error::NoChangeset { no }),
        Err(error) => Err(or_not_installed(conn, error, HISTORY).await),
    }
}

/// Reads those of these numbers that there are.
pub(crate) async fn find_all(
    conn: &mut dyn Session,
    numbers: &[i64],
) -> Result<Vec<Changeset>, Error> {
    let mut found = Vec::with_capacity(numbers.len());
    for numbers in numbers.chunks(500) {
        let sql = Sql::new("SELECT ")
            .append(columns(""))
            .sql(" FROM handleref_changesets WHERE id IN (")
            .list(numbers.iter().copied())
            .sql(")");
        match conn.rows(sql).await {
            Ok(rows) => found.extend(rows.into_iter().map(Changeset::read)),
            Err(error) => return Err(or_not_installed(conn, error, HISTORY).await),
        }
    }
    Ok(found)
}
