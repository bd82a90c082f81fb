//! Soft delete and restore of one row.

use super::Model;
use crate::any::{Boxed, Verb, Verbs};
use crate::error::Error;
use crate::history::object::live;
use crate::history::{Loaded, Recall, Recorded};
use crate::key::Key;
use crate::lifecycle::{DeleteRow, RestoreRow};
use crate::model::SoftDelete;
use crate::row::{Outcome, Row};
use crate::session::{Executor, Session};
use crate::sql::Sql;
use std::any::TypeId;
use std::marker::PhantomData;

impl Model {
    /// Soft-deletes a row, as [`RowDsl::delete`](crate::row::RowDsl::delete)
    /// does: with its family, and through its hooks.
    ///
    /// # Errors
    /// Those of `RowDsl::delete`; [`Error::NoVerb`] if rows of this model cannot be
    /// soft-deleted on this type of connection; [`Error::WrongObject`] if the text
    /// is no key of this model.
    pub fn delete<'a, C: Executor>(
        &'a self,
        conn: &'a mut C,
        key: &'a str,
    ) -> C::Output<'a, Result<Outcome, Error>> {
        self.act(conn, key, Verb::Delete)
    }

    /// Restores a soft-deleted row, as
    /// [`RowDsl::restore`](crate::row::RowDsl::restore) does: with exactly what its
    /// deletion removed, and through its hooks.
    ///
    /// # Errors
    /// Those of `RowDsl::restore`, and as [`delete`](Model::delete).
    pub fn restore<'a, C: Executor>(
        &'a self,
        conn: &'a mut C,
        key: &'a str,
    ) -> C::Output<'a, Result<Outcome, Error>> {
        self.act(conn, key, Verb::Restore { parents: false })
    }

    /// As [`restore`](Model::restore), but soft-deleted parents are restored first.
    ///
    /// # Errors
    /// Those of [`RowDsl::restore_with_parents`](crate::row::RowDsl::restore_with_parents),
    /// and as [`delete`](Model::delete).
    pub fn restore_with_parents<'a, C: Executor>(
        &'a self,
        conn: &'a mut C,
        key: &'a str,
    ) -> C::Output<'a, Result<Outcome, Error>> {
        self.act(conn, key, Verb::Restore { parents: true })
    }

    fn act<'a, C: Executor>(
        &'a self,
        conn: &'a mut C,
        key: &'a str,
        verb: Verb,
    ) -> C::Output<'a, Result<Outcome, Error>> {
        let mut verbs = self.verbs.iter();
        let found = verbs.find(|it| it.connection == TypeId::of::<C>());
        C::run(async move {
            let found = found.ok_or_else(|| Error::NoVerb { model: self.name() })?;
            match (found.one)(conn, key, None, verb).await? {
                true => Ok(Outcome::Written),
                false => Ok(Outcome::Unchanged),
            }
        })
    }
}

/// The verbs of a model on one type of connection.
#[doc(hidden)]
#[derive(Debug)]
pub struct VerbsOn<M, C>(PhantomData<fn() -> (M, C)>);

impl<M, C> VerbsOn<M, C>
where
    C: Executor,
    M: SoftDelete + Row<C::Engine> + Recall<C::Engine> + Loaded<C::Engine>,
    M::OnDelete: DeleteRow<M, C>,
    M::OnRestore: RestoreRow<M, C>,
{
    #[doc(hidden)]
    pub fn verbs() -> Option<Verbs> {
        Some(Verbs {
            connection: TypeId::of::<C>(),
            one: |conn, key, version, verb| one::<M, C>(conn, key, version, verb),
            set: |conn, rows, verb| set::<M, C>(conn, rows, verb),
        })
    }
}

fn one<'a, M, C>(
    conn: &'a mut dyn Session,
    key: &'a str,
    version: Option<i64>,
    verb: Verb,
) -> Boxed<'a, bool>
where
    C: Executor,
    M: SoftDelete + Row<C::Engine> + Recall<C::Engine> + Loaded<C::Engine>,
    M::OnDelete: DeleteRow<M, C>,
    M::OnRestore: RestoreRow<M, C>,
{
    Box::pin(async move {
        let (conn, model) = (typed::<M, C>(conn)?, M::RECORDED_NAME);
        let parsed = <M as Recorded>::RecordKey::parse(key);
        let parsed = parsed.ok_or_else(|| Error::WrongObject {
            object: format!("{model} {key}"),
            model,
        })?;
        let found = live::<M, C::Engine>(conn, &parsed, false).await?;
        let mut row = found.ok_or_else(|| Error::Gone {
            model,
            key: key.to_owned(),
        })?;
        // The verbs write only if the row still has the version that was read here.
        if let (Some(expected), Some(found)) = (version, row.held_version())
            && expected != found
        {
            return Err(Error::Stale {
                model,
                key: key.to_owned(),
                expected,
                found,
            });
        }
        let outcome = match verb {
            Verb::Delete => M::OnDelete::delete(conn, &mut row).await?,
            Verb::Restore { parents } => M::OnRestore::restore(conn, &mut row, parents).await?,
        };
        Ok(outcome == Outcome::Written)
    })
}

fn set<'a, M, C>(conn: &'a mut dyn Session, rows: Sql<'a>, verb: Verb) -> Boxed<'a, usize>
where
    C: Executor,
    M: SoftDelete + Recorded,
    M::OnDelete: DeleteRow<M, C>,
    M::OnRestore: RestoreRow<M, C>,
{
    Box::pin(async move {
        let conn = typed::<M, C>(conn)?;
        match verb {
            Verb::Delete => M::OnDelete::delete_set(conn, rows).await,
            Verb::Restore { parents } => M::OnRestore::restore_set(conn, rows, parents).await,
        }
    })
}

/// The registry has looked for this type.
fn typed<M: Recorded, C: Executor>(conn: &mut dyn Session) -> Result<&mut C, Error> {
    let conn = conn.any().downcast_mut::<C>();
    conn.ok_or(Error::NoVerb {
        model: M::RECORDED_NAME,
    })
}
