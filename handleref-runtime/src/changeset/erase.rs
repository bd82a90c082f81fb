//! Personal data in what changesets say about themselves.

use super::meta::{Actor, ChangesetMeta};
use super::query::is_actor;
use crate::context::write_lock;
use crate::error::Error;
use crate::history::ChangesetNo;
use crate::maintain::{EventKind, write_event};
use crate::session::{Boxed, Executor, Session, Transaction};
use crate::sql::Sql;
use serde_json::json;
use std::borrow::Cow;

/// Takes parts of what changesets say about themselves out of them; made by
/// [`ChangesetNo::erase`] and [`erase_changesets_by`].
///
/// ```text
/// ChangesetNo(5).erase().comment().metadata().execute(conn)?;
/// erase_changesets_by("ann").actor_with("former user 7").comment().execute(conn)?;
/// ```
///
/// The changesets stay, with their numbers, times and records. What else remains
/// is an event `erase` that names the parts and how many changesets, and never a
/// value. A [hold](crate::maintain::Hold) is of records, and does not
/// keep this away.
#[derive(Debug, Clone)]
#[must_use = "nothing happens before `.execute(conn)`"]
pub struct EraseChangesets {
    which: Which,
    /// Columns, and what comes in their place.
    set: Vec<(&'static str, Option<Cow<'static, str>>)>,
    stand_in: Option<Actor>,
}

#[derive(Debug, Clone)]
enum Which {
    One(ChangesetNo),
    By(Actor),
}

/// The changesets of this actor, every one that is named by the same kind of value and
/// the same text, to the byte; see [`EraseChangesets`].
pub fn erase_changesets_by(actor: impl Into<Actor>) -> EraseChangesets {
    EraseChangesets::new(Which::By(actor.into()))
}

impl ChangesetNo {
    /// Takes personal data out of this changeset; see [`EraseChangesets`].
    pub fn erase(self) -> EraseChangesets {
        EraseChangesets::new(Which::One(self))
    }
}

impl EraseChangesets {
    fn new(which: Which) -> Self {
        Self {
            which,
            set: Vec::new(),
            stand_in: None,
        }
    }

    /// Who: the changeset is anonymous then.
    pub fn actor(mut self) -> Self {
        self.stand_in = None;
        self.set("actor", None).set("actor_kind", None)
    }

    /// Who: it is by this one then, such as a number that says nothing of a person.
    pub fn actor_with(mut self, stand_in: impl Into<Actor>) -> Self {
        let actor = stand_in.into();
        let (text, kind) = (actor.to_string(), actor.kind());
        self.stand_in = Some(actor);
        self.set("actor", Some(text.into()))
            .set("actor_kind", Some(kind.into()))
    }

    /// Why.
    pub fn comment(self) -> Self {
        self.set("comment", None)
    }

    /// What it has in common with things elsewhere.
    pub fn correlation(self) -> Self {
        self.set("correlation_id", None)
    }

    /// Anything else.
    pub fn metadata(self) -> Self {
        self.set("metadata", None)
    }

    fn set(mut self, column: &'static str, with: Option<Cow<'static, str>>) -> Self {
        self.set.retain(|(known, _)| *known != column);
        self.set.push((column, with));
        self
    }

    /// Runs it, and gives the number of changesets. (Of an actor without any it
    /// is 0.)
    ///
    /// # Errors
    /// [`Error::NoChangeset`] if there is none of this number,
    /// [`Error::NotStorable`] if the stand-in is too long, or
    /// [`Error::Database`]; nothing is erased then.
    pub fn execute<C: Executor>(self, conn: &mut C) -> C::Output<'_, Result<u64, Error>> {
        C::finish(self.perform(conn))
    }

    fn perform(self, conn: &mut dyn Session) -> Boxed<'_, Result<u64, Error>> {
        Box::pin(async move {
            let stand_in = ChangesetMeta {
                actor: self.stand_in.clone(),
                ..ChangesetMeta::default()
            };
            stand_in.check()?;
            let mut transaction = Transaction::begin(conn).await?;
            let result = self.inside(transaction.conn()).await;
            transaction.finish(result).await
        })
    }

    async fn inside(&self, conn: &mut dyn Session) -> Result<u64, Error> {
        let kind = conn.kind();
        write_lock(conn).await?;
        let mut sql = Sql::new("UPDATE handleref_changesets AS handleref_c SET ");
        for (at, (column, with)) in self.set.iter().enumerate() {
            sql = sql.sql(if at > 0 { ", " } else { "" }).sql(column);
            sql = sql.sql(" = ").bind(with.as_deref());
        }
        if self.set.is_empty() {
            // Whether there is one is asked all the same.
            sql = sql.sql("comment = comment");
        }
        let sql = sql.sql(" WHERE ").append(match &self.which {
            Which::One(no) => Sql::new("handleref_c.id = ").bind(no.0),
            Which::By(actor) => is_actor(kind, actor),
        });
        let changesets = conn.execute(sql).await? as u64;
        let one = match &self.which {
            Which::One(no) if changesets == 0 => return Err(Error::NoChangeset { no: *no }),
            Which::One(no) => Some(no.0),
            Which::By(_) => None,
        };
        let fields = self.set.iter().filter_map(|(column, _)| match *column {
            "actor_kind" => None,
            "correlation_id" => Some("correlation"),
            column => Some(column),
        });
        let fields: Vec<_> = fields.collect();
        let detail = json!({ "changeset": one, "changesets": changesets, "fields": fields });
        write_event(conn, &EventKind::Erase, None, &detail, None).await?;
        Ok(changesets)
    }
}
