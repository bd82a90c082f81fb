//! Operations on the past of one row.

use super::{Revert, RevertPlan, bring_back, plan, plan_back, revert};
use crate::error::Error;
use crate::history::any::{AnyKey, AnyModel, any};
use crate::history::blame::{Blame, blame};
use crate::history::diff::{Diff, FieldHistory, Side, changes_summary, diff};
use crate::history::fields::Metadata;
use crate::history::model::{Recall, Recorded};
use crate::history::object::live;
use crate::history::query::Loaded;
use crate::history::value::{Fields, Json};
use crate::key::Key;
use crate::row::Outcome;
use crate::session::Executor;

/// Diff, blame and revert of one row of a recorded model.
///
/// As the methods of [`RowDsl`](crate::row::RowDsl), they take any connection:
/// on a synchronous one they return a `Result`, on one of diesel-async a
/// future of it. The fields must implement `serde::Serialize`.
///
/// ```text
/// let diff = article.diff(conn, 1, 3)?;          // or (conn, 3, 1), or (conn, 1, Now)
/// for change in &diff.changes { println!("{change}") }
/// let plan = article.revert_plan(conn, 1)?;      // look at it,
/// plan.apply(conn)?;                             // or article.revert(conn, 1)? at once
/// ```
pub trait PastDsl: Recorded {
    /// What changed from one version of this row to another, in either
    /// direction, or to the row as it is [`Now`](crate::history::Now).
    ///
    /// # Errors
    /// [`Error::NoVersion`], [`Error::Gone`] if the row is compared with now
    /// and does not exist, or [`Error::Database`].
    fn diff<'a, C>(
        &'a self,
        conn: &'a mut C,
        from: impl Into<Side>,
        to: impl Into<Side>,
    ) -> C::Output<'a, Result<Diff, Error>>
    where
        C: Executor,
        Self: Recall<C::Engine> + Loaded<C::Engine> + Fields<Json>,
    {
        let (from, to) = (from.into(), to.into());
        C::finish(diff(
            conn,
            model::<Self, C>(),
            key::<Self, C>(self),
            from,
            to,
        ))
    }

    /// What each of these versions changed against the one before it, by
    /// field, sorted by the fields' names. The first version of a row changes
    /// everything from null.
    ///
    /// # Errors
    /// [`Error::NoVersion`] or [`Error::Database`].
    fn changes_summary<'a, C>(
        &'a self,
        conn: &'a mut C,
        versions: &'a [i64],
    ) -> C::Output<'a, Result<Vec<FieldHistory>, Error>>
    where
        C: Executor,
        Self: Recall<C::Engine> + Loaded<C::Engine> + Fields<Json>,
    {
        C::finish(changes_summary(
            conn,
            model::<Self, C>(),
            key::<Self, C>(self),
            versions,
        ))
    }

    /// For each field the record that set it to what it is now, in one query.
    /// Of skipped and redacted fields nothing is known.
    ///
    /// # Errors
    /// [`Error::Database`].
    fn blame<'a, C>(&'a self, conn: &'a mut C) -> C::Output<'a, Result<Vec<Blame>, Error>>
    where
        C: Executor,
        Self: Recall<C::Engine> + Fields<Json>,
    {
        C::finish(blame(conn, Metadata::of::<Self>(), key::<Self, C>(self)))
    }

    /// What a [`revert`](PastDsl::revert) would write, and what stands in its
    /// way. Nothing is written.
    ///
    /// # Errors
    /// [`Error::NoVersion`], [`Error::NoField`], [`Error::Gone`] if the row
    /// has no history at all, or [`Error::Database`].
    #[doc(alias = "revert_preview")]
    fn revert_plan<'a, C>(
        &'a self,
        conn: &'a mut C,
        to: impl Into<Revert>,
    ) -> C::Output<'a, Result<RevertPlan, Error>>
    where
        C: Executor,
        Self: Recall<C::Engine> + Loaded<C::Engine> + Fields<Json>,
    {
        let (model, key) = (model::<Self, C>(), key::<Self, C>(self));
        C::finish(plan(conn, model, key, to.into()))
    }

    /// Brings the row back to a version, or [some fields](Revert::fields) each
    /// to its own: one update, which is a new version. The deletion mark is
    /// brought back like any other value, for this row alone; so a row that
    /// was soft-deleted since is live again, and one that was really deleted
    /// is inserted again. Skipped and redacted fields stay as they are.
    ///
    /// If this instance holds a version, the row must still have it. The
    /// instance is then as in the database.
    ///
    /// It is a write like any other: who reverted, and why, is known only
    /// inside of [`in_changeset`](crate::changeset::in_changeset).
    ///
    /// # Errors
    /// [`Error::Stale`], [`Error::Revert`] with what stands in the way,
    /// [`Error::NoVersion`], [`Error::NoField`] or [`Error::Database`].
    #[doc(alias("rollback", "reify"))]
    fn revert<'a, C>(
        &'a mut self,
        conn: &'a mut C,
        to: impl Into<Revert>,
    ) -> C::Output<'a, Result<Outcome, Error>>
    where
        C: Executor,
        Self: Recall<C::Engine> + Loaded<C::Engine> + Fields<Json>,
    {
        let (to, held) = (to.into(), self.recorded_version());
        C::run(async move {
            let (model, any) = (model::<Self, C>(), key::<Self, C>(self));
            let outcome = revert(conn, model, any, to, held).await?;
            *self = now::<Self, C>(conn, &self.record_key()).await?;
            Ok(outcome)
        })
    }

    /// Plans to insert a really deleted row again, with its key, as it was
    /// last; [`apply`](RevertPlan::apply) does it. Its versions go on.
    ///
    /// # Errors
    /// [`Error::Gone`] if there is no record of the row, or [`Error::Database`].
    fn reinsert_plan<'a, C>(
        conn: &'a mut C,
        key: &'a Self::RecordKey,
    ) -> C::Output<'a, Result<RevertPlan, Error>>
    where
        C: Executor,
        Self: Recall<C::Engine> + Loaded<C::Engine> + Fields<Json>,
    {
        let key = AnyKey::new::<Self, C::Engine>(key.clone());
        C::finish(plan_back(conn, model::<Self, C>(), key))
    }

    /// Inserts a really deleted row again; see
    /// [`reinsert_plan`](PastDsl::reinsert_plan).
    ///
    /// # Errors
    /// [`Error::Gone`], [`Error::Revert`] or [`Error::Database`].
    fn reinsert<'a, C>(
        conn: &'a mut C,
        key: &'a Self::RecordKey,
    ) -> C::Output<'a, Result<Self, Error>>
    where
        C: Executor,
        Self: Recall<C::Engine> + Loaded<C::Engine> + Fields<Json>,
    {
        C::run(async move {
            let any = AnyKey::new::<Self, C::Engine>(key.clone());
            bring_back(conn, model::<Self, C>(), any).await?;
            now::<Self, C>(conn, key).await
        })
    }
}

impl<M: Recorded> PastDsl for M {}

fn model<M, C>() -> &'static dyn AnyModel
where
    C: Executor,
    M: Recall<C::Engine> + Loaded<C::Engine> + Fields<Json>,
{
    any::<M, C::Engine>()
}

fn key<M: Recall<C::Engine>, C: Executor>(row: &M) -> AnyKey {
    AnyKey::new::<M, C::Engine>(row.record_key())
}

/// The row as it is now.
async fn now<M, C>(conn: &mut C, key: &M::RecordKey) -> Result<M, Error>
where
    C: Executor,
    M: Recall<C::Engine> + Loaded<C::Engine>,
{
    let found = live::<M, C::Engine>(conn, key, false).await?;
    found.ok_or_else(|| Error::Gone {
        model: M::RECORDED_NAME,
        key: key.text(),
    })
}
