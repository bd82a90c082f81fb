//! Diff, blame, revert and changesets of one row.

use super::Model;
use crate::changeset::{Changesets, changesets};
use crate::error::Error;
use crate::history::blame::blame;
use crate::history::diff::{changes_summary, diff};
use crate::history::{Blame, Diff, FieldHistory, Side};
use crate::revert::{Revert, RevertPlan};
use crate::revert::{plan, plan_back};
use crate::session::{Boxed, Executor, Session};

impl Model {
    /// What changed from one version of a row to another, or to the row as it is
    /// [`Now`](crate::history::Now); as [`PastDsl::diff`](crate::revert::PastDsl::diff).
    ///
    /// # Errors
    /// [`Error::NoVersion`], [`Error::Gone`] if the row is compared with now and
    /// does not exist, [`Error::WrongObject`] if the text is no key of this model,
    /// [`Error::NoModel`] or [`Error::Database`].
    pub fn diff<'a, C: Executor>(
        &'a self,
        conn: &'a mut C,
        key: &'a str,
        from: impl Into<Side>,
        to: impl Into<Side>,
    ) -> C::Output<'a, Result<Diff, Error>> {
        C::finish(self.differences(conn, key, (from.into(), to.into())))
    }

    pub(crate) fn differences<'a>(
        &'a self,
        conn: &'a mut dyn Session,
        key: &'a str,
        (from, to): (Side, Side),
    ) -> Boxed<'a, Result<Diff, Error>> {
        Box::pin(async move {
            let (model, key) = self.key_on(conn.kind(), key)?;
            diff(conn, model, key, from, to).await
        })
    }

    /// What each of these versions changed against the one before it, by field;
    /// as [`PastDsl::changes_summary`](crate::revert::PastDsl::changes_summary).
    ///
    /// # Errors
    /// As those of [`diff`](Model::diff).
    pub fn changes_summary<'a, C: Executor>(
        &'a self,
        conn: &'a mut C,
        key: &'a str,
        versions: &'a [i64],
    ) -> C::Output<'a, Result<Vec<FieldHistory>, Error>> {
        C::finish(self.summary(conn, key, versions))
    }

    fn summary<'a>(
        &'a self,
        conn: &'a mut dyn Session,
        key: &'a str,
        versions: &'a [i64],
    ) -> Boxed<'a, Result<Vec<FieldHistory>, Error>> {
        Box::pin(async move {
            let (model, key) = self.key_on(conn.kind(), key)?;
            changes_summary(conn, model, key, versions).await
        })
    }

    /// For each field the record that set it to what it is now; as
    /// [`PastDsl::blame`](crate::revert::PastDsl::blame).
    ///
    /// # Errors
    /// [`Error::WrongObject`] if the text is no key of this model,
    /// [`Error::NoModel`] or [`Error::Database`].
    pub fn blame<'a, C: Executor>(
        &'a self,
        conn: &'a mut C,
        key: &'a str,
    ) -> C::Output<'a, Result<Vec<Blame>, Error>> {
        C::finish(self.blamed(conn, key))
    }

    pub(crate) fn blamed<'a>(
        &'a self,
        conn: &'a mut dyn Session,
        key: &'a str,
    ) -> Boxed<'a, Result<Vec<Blame>, Error>> {
        Box::pin(async move {
            let (model, key) = self.key_on(conn.kind(), key)?;
            blame(conn, model.facts(), key).await
        })
    }

    /// What a revert of a row would write, and what stands in its way;
    /// [`apply`](RevertPlan::apply) does it. As
    /// [`PastDsl::revert_plan`](crate::revert::PastDsl::revert_plan).
    ///
    /// # Errors
    /// [`Error::NoVersion`], [`Error::NoField`], [`Error::Gone`] if the row has no
    /// history at all, [`Error::WrongObject`] if the text is no key of this model,
    /// [`Error::NoModel`] or [`Error::Database`].
    pub fn revert_plan<'a, C: Executor>(
        &'a self,
        conn: &'a mut C,
        key: &'a str,
        to: impl Into<Revert>,
    ) -> C::Output<'a, Result<RevertPlan, Error>> {
        C::finish(self.plan(conn, key, Some(to.into())))
    }

    /// To what it was, or of a row that is gone.
    pub(crate) fn plan<'a>(
        &'a self,
        conn: &'a mut dyn Session,
        key: &'a str,
        to: Option<Revert>,
    ) -> Boxed<'a, Result<RevertPlan, Error>> {
        Box::pin(async move {
            let (model, key) = self.key_on(conn.kind(), key)?;
            match to {
                Some(to) => plan(conn, model, key, to).await,
                None => plan_back(conn, model, key).await,
            }
        })
    }

    /// Plans to insert a really deleted row again, as it was last; as
    /// [`PastDsl::reinsert_plan`](crate::revert::PastDsl::reinsert_plan).
    ///
    /// # Errors
    /// [`Error::Gone`] if there is no record of the row, [`Error::WrongObject`],
    /// [`Error::NoModel`] or [`Error::Database`].
    pub fn reinsert_plan<'a, C: Executor>(
        &'a self,
        conn: &'a mut C,
        key: &'a str,
    ) -> C::Output<'a, Result<RevertPlan, Error>> {
        C::finish(self.plan(conn, key, None))
    }

    /// The changesets that changed rows of this model; as
    /// [`changesets`](fn@changesets), for a connection `C`.
    pub fn changesets<C: Executor>(&self) -> Changesets<C> {
        changesets().of_subject(self.facts.model, None)
    }

    /// Those that changed the row with this key, whether it still exists or not.
    ///
    /// # Errors
    /// [`Error::WrongObject`] if the text is no key of this model, and
    /// [`Error::NoModel`].
    pub fn changesets_of<C: Executor>(&self, key: &str) -> Result<Changesets<C>, Error> {
        use crate::engine::Engine;
        let (_, key) = self.key_on(C::Engine::KIND, key)?;
        Ok(changesets().of_subject(self.facts.model, Some(key)))
    }
}
