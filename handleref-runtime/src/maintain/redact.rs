//! Old values of columns that are redacted or skipped by now, taken out of all
//! records.

use super::doomed::{any, bounds_sql};
use super::erase::{Unerasable, refuse};
use super::events::{EventKind, Growing};
use super::held::{self, is_held};
use super::holds::holds_of;
use crate::context::{Scope, Switch};
use crate::error::Error;
use crate::facts::{Capture, RECORD_ID};
use crate::history::any::{AnyKey, Boxed, Keyed};
use crate::history::model::{Recall, Recorded};
use crate::history::subject::Subject;
use crate::schema::Catalog;
use crate::schema::differs_from_today as differs;
use crate::session::{Executor, Session};
use crate::sql::{Raw, Sql, quoted, raw};
use serde_json::json;
use std::borrow::Cow;
use std::marker::PhantomData;

/// Takes the values of columns that are redacted or skipped by now out of the
/// records that were written before they were.
///
/// ```text
/// User::redact_past().dry_run(conn)?;                  // only counts
/// User::redact_past().execute(conn)?;                  // all fields with `redact` or `skip`
/// User::redact_past().named("phone").execute(conn)?;   // and a column without a field
/// ```
///
/// They get what a record of today has of them: null, or the stand-in. The rows
/// themselves stay as they are. Records that are held stay, too, and are counted.
///
/// No record is added, so readers of [`changes`](crate::sync::changes) hear
/// nothing of it, as of a prune: it would be one for each row. Readers from now
/// on reads no old value; copies (a recorded mirror, Redis, what readers have
/// stored) are the caller's.
///
/// It goes through the records a batch at a time, each in a transaction of its
/// own; broken off, it begins anew and finds less to do. Inside a transaction of
/// the caller the batches are savepoints.
#[derive(Debug)]
#[must_use = "nothing happens before `.execute(conn)`"]
pub struct RedactPast<M> {
    named: Vec<(Cow<'static, str>, Option<Cow<'static, str>>)>,
    batch: u32,
    model: PhantomData<fn() -> M>,
}

impl<M> Clone for RedactPast<M> {
    fn clone(&self) -> Self {
        Self {
            named: self.named.clone(),
            ..*self
        }
    }
}

/// What a [`RedactPast`] changed, or would have.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Redacted {
    /// Records that were looked at.
    pub looked_at: i64,
    /// Records out of which values were taken.
    pub redacted: i64,
    /// Records that still have such values, because they are held.
    pub held: i64,
    /// The columns that were looked at.
    pub columns: Vec<String>,
}

impl<M: Recorded> RedactPast<M> {
    pub(super) fn new() -> Self {
        Self {
            named: Vec::new(),
            batch: 10_000,
            model: PhantomData,
        }
    }

    /// A column of the record table beside those, by its name in SQL: one that
    /// the model has no field for any more, or a former property. It becomes null.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.named.push((name.into(), None));
        self
    }

    /// As [`named`](RedactPast::named), with an SQL expression in its place.
    pub fn named_with(
        mut self,
        name: impl Into<Cow<'static, str>>,
        sql: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.named.push((name.into(), Some(sql.into())));
        self
    }

    /// The number of records that one transaction looks at; otherwise 10,000.
    pub fn batch(mut self, records: u32) -> Self {
        self.batch = records.max(1);
        self
    }

    /// Runs it.
    ///
    /// # Errors
    /// [`Error::NoField`] if the record table has no such column,
    /// [`Error::ManagedColumn`] if handleref writes it, [`Error::CannotErase`] if
    /// it is part of the key, recorded today, or cannot be null;
    /// [`Error::NotInstalled`] or [`Error::Database`], before which batches
    /// remain done.
    pub fn execute<'a, C>(self, conn: &'a mut C) -> C::Output<'a, Result<Redacted, Error>>
    where
        C: Executor,
        M: Recall<C::Engine>,
    {
        C::finish(run(
            conn,
            Keyed::of::<M, C::Engine>(),
            self.named,
            self.batch,
            true,
        ))
    }

    /// Counts what [`execute`](RedactPast::execute) would change. Nothing is
    /// changed, and no event written.
    ///
    /// # Errors
    /// As those of [`execute`](RedactPast::execute).
    pub fn dry_run<'a, C>(self, conn: &'a mut C) -> C::Output<'a, Result<Redacted, Error>>
    where
        C: Executor,
        M: Recall<C::Engine>,
    {
        C::finish(run(
            conn,
            Keyed::of::<M, C::Engine>(),
            self.named,
            self.batch,
            false,
        ))
    }
}

/// Columns, and what comes in their place.
type Named = Vec<(Cow<'static, str>, Option<Cow<'static, str>>)>;

fn run(
    conn: &mut dyn Session,
    model: Keyed,
    named: Named,
    size: u32,
    write: bool,
) -> Boxed<'_, Redacted> {
    Box::pin(async move {
        let subject = model.subject;
        subject.installed(conn).await?;
        let set = columns(conn, &subject, &named).await?;
        let mut walk = Walk {
            after: -i64::MAX,
            done: Redacted {
                columns: set.iter().map(|(name, _)| name.clone()).collect(),
                ..Redacted::default()
            },
            event: Growing::new(EventKind::Redact, subject.recording.records),
        };
        loop {
            let next = match write {
                true => {
                    let mut scope = Scope::begin(conn, Switch::Door).await?;
                    let result = batch(scope.conn(), &model, &set, size, &walk, true).await;
                    scope.finish(result).await?
                }
                false => batch(conn, &model, &set, size, &walk, false).await?,
            };
            match next {
                Some(next) => walk = next,
                None => return Ok(walk.done),
            }
        }
    })
}

/// The columns, and what comes in their place.
async fn columns(
    conn: &mut dyn Session,
    subject: &Subject,
    named: &Named,
) -> Result<Vec<(String, Option<Raw>)>, Error> {
    let recording = &subject.recording;
    let model = subject.name;
    let records = Catalog::default().table(conn, recording.records).await?;
    let cannot = |name: &str, reason| {
        let columns = vec![name.to_owned()];
        Err(Error::CannotErase {
            model,
            columns,
            reason,
        })
    };
    let mut set = Vec::new();
    for column in recording.columns {
        if let Capture::Skipped(with) | Capture::Redacted(with) = column.capture
            && records.columns.iter().any(|it| it == column.name)
        {
            set.push((column.name.to_owned(), with.map(Raw::from)));
        }
    }
    for (name, with) in named {
        refuse(subject, name)?;
        if !records.columns.iter().any(|it| it == name) {
            let field = name.clone().into_owned();
            return Err(Error::NoField { model, field });
        }
        let today = recording.columns.iter().find(|it| it.name == name);
        let property = recording.properties.iter().any(|it| it.name == name);
        match today.map(|it| it.capture) {
            Some(Capture::Value) => return cannot(name, Unerasable::IsRecorded),
            None if property => return cannot(name, Unerasable::IsRecorded),
            Some(_) => {}
            None if with.is_none() && records.not_null.iter().any(|it| it == name) => {
                return cannot(name, Unerasable::NeedsValue);
            }
            None => set.push((name.to_string(), with.clone().map(Raw::of_caller))),
        }
    }
    Ok(set)
}

/// How far it is.
#[derive(Debug, Clone)]
struct Walk {
    after: i64,
    done: Redacted,
    event: Growing,
}

/// Looks at the next records; `None` if there are no more.
async fn batch(
    conn: &mut dyn Session,
    model: &Keyed,
    set: &[(String, Option<Raw>)],
    size: u32,
    walk: &Walk,
    write: bool,
) -> Result<Option<Walk>, Error> {
    let subject = model.subject;
    match write {
        true => subject.lock(conn).await?,
        false => subject.installed(conn).await?,
    }
    let bounds = bounds_sql(&subject, walk.after, size);
    let (until, looked_at): (i64, i64) = conn.one(bounds).await?;
    if looked_at == 0 && walk.after != -i64::MAX {
        return Ok(None);
    }
    let mut next = walk.clone();
    next.after = if looked_at > 0 { until } else { i64::MAX };
    next.done.looked_at += looked_at;
    let redacted = match looked_at > 0 && !set.is_empty() {
        true => rewrite(conn, model, set, (walk.after, until), write, &mut next.done).await?,
        false => 0,
    };
    next.done.redacted += redacted;
    if write {
        let detail = json!({
            "model": subject.name,
            "columns": next.done.columns,
            "looked_at": next.done.looked_at,
            "held": next.done.held,
            "record": (looked_at > 0).then_some(until),
        });
        next.event = next.event.grow(conn, &detail, redacted).await?;
    }
    Ok(Some(next))
}

/// Changes records of a range, or only counts them.
async fn rewrite(
    conn: &mut dyn Session,
    model: &Keyed,
    set: &[(String, Option<Raw>)],
    (after, until): (i64, i64),
    write: bool,
    done: &mut Redacted,
) -> Result<i64, Error> {
    let (kind, subject) = (conn.kind(), &model.subject);
    let held = held::keys(model, &holds_of(conn, *subject).await?);
    let keys: Vec<&AnyKey> = held.iter().flatten().collect();
    let is = |key| is_held(kind, subject, key);
    let records = quoted(kind, subject.recording.records);
    let differing = set
        .iter()
        .map(|(name, with)| differs(kind, &records, name, with.as_ref()));
    let differing: Vec<_> = differing.collect();
    let which = raw!(
        "WHERE {RECORD_ID} > {after} AND {RECORD_ID} <= {until} AND ({})",
        [Raw::join(differing, " OR ")],
        RECORD_ID,
        after,
        until
    );
    let count = raw!("SELECT COUNT(*) FROM {records} {which}", records, which);
    let counted = || Sql::once(count.clone());
    if held.is_none() {
        done.held += conn.one::<(i64,)>(counted()).await?.0;
        return Ok(0);
    }
    if !keys.is_empty() {
        let sql = any(counted().sql(" AND "), &keys, &is);
        done.held += conn.one::<(i64,)>(sql).await?.0;
    }
    if !write {
        return Ok(conn.one::<(i64,)>(but(counted(), &keys, &is)).await?.0);
    }
    let assigned = set.iter().map(|(name, with)| {
        let name = quoted(kind, name);
        raw!(
            "{name} = {}",
            [with
                .as_ref()
                .map_or("NULL".into(), |sql| raw!("({sql})", sql))],
            name
        )
    });
    let assigned: Vec<_> = assigned.collect();
    let update = raw!(
        "UPDATE {records} SET {} {which}",
        [Raw::join(assigned, ", ")],
        records,
        which
    );
    let written = conn.execute(but(Sql::once(update), &keys, &is)).await?;
    Ok(i64::try_from(written).unwrap_or(i64::MAX))
}

/// `.. AND NOT <one of these keys>`
fn but<'a>(sql: Sql<'a>, keys: &[&'a AnyKey], is: &dyn Fn(&'a AnyKey) -> Sql<'a>) -> Sql<'a> {
    match keys.is_empty() {
        true => sql,
        false => any(sql.sql(" AND NOT "), keys, is),
    }
}
