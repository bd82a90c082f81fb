//! Applying the plan.

use super::make::{back, make};
use super::write::{insert, update};
use super::{Expected, Plan, Revert};
use crate::engine::Kind;
use crate::error::Error;
use crate::history::any::{AnyKey, AnyModel, Boxed};
use crate::row::Outcome;
use crate::schema::Catalog;
use crate::session::{Session, Transaction};
use crate::sql::Sql;
use std::sync::Arc;

/// Plans a revert and applies it. If the caller holds a version, the row must
/// have it.
pub(crate) fn revert<'a>(
    conn: &'a mut dyn Session,
    model: &'static dyn AnyModel,
    key: AnyKey,
    want: Revert,
    held: Option<i64>,
) -> Boxed<'a, Outcome> {
    Box::pin(async move {
        let text = key.text.clone();
        let mut catalog = Catalog::default();
        let plan = make(conn, &mut catalog, model, &key, want.clone(), false).await?;
        if let (Some(expected), Some(found)) = (held, plan.version)
            && expected != found
        {
            return Err(Error::Stale {
                model: plan.facts.name(),
                key: text,
                expected,
                found,
            });
        }
        apply(conn, model, Arc::new(key), plan.expected(want)).await
    })
}

/// Inserts a really deleted row again, as it was last.
pub(crate) fn bring_back<'a>(
    conn: &'a mut dyn Session,
    model: &'static dyn AnyModel,
    key: AnyKey,
) -> Boxed<'a, Outcome> {
    Box::pin(async move {
        let (want, plan) = back(conn, model, &key).await?;
        apply(conn, model, Arc::new(key), plan.expected(want)).await
    })
}

/// Applies a plan in a transaction, in which it is made again first.
pub(crate) fn apply<'a>(
    conn: &'a mut dyn Session,
    model: &'static dyn AnyModel,
    key: Arc<AnyKey>,
    expected: Expected,
) -> Boxed<'a, Outcome> {
    Box::pin(async move {
        let mut transaction = Transaction::begin(conn).await?;
        let result = inside(transaction.conn(), model, &key, expected).await;
        transaction.finish(result).await
    })
}

async fn inside(
    conn: &mut dyn Session,
    model: &dyn AnyModel,
    key: &AnyKey,
    seen: Expected,
) -> Result<Outcome, Error> {
    let facts = model.facts();
    if conn.kind() == Kind::Sqlite {
        // Takes the write lock before anything is read.
        let nothing = Sql::new("DELETE FROM ").name(facts.table());
        conn.execute(nothing.sql(" WHERE 1 = 0")).await?;
    }
    let mut catalog = Catalog::default();
    let now = make(conn, &mut catalog, model, key, seen.want.clone(), true).await?;
    match (seen.version, now.version) {
        (Some(expected), Some(found)) if expected != found => {
            return Err(Error::Stale {
                model: facts.name(),
                key: key.text.clone(),
                expected,
                found,
            });
        }
        _ if seen.reinsert != now.reinsert => return Err(moved(&now, &seen)),
        _ => {}
    }
    now.refuse_blockers()?;
    if now.reinsert {
        insert(conn, &mut catalog, key, &now).await?;
        return Ok(Outcome::Written);
    }
    if now.changes.is_empty() {
        return Ok(Outcome::Unchanged);
    }
    update(conn, &mut catalog, key, &now, &[]).await
}

/// The row was deleted, or inserted again, since the plan was made.
fn moved(now: &Plan, seen: &Expected) -> Error {
    let (model, key) = (now.facts.name(), now.key.clone());
    match seen.version {
        _ if !seen.reinsert => Error::Gone { model, key },
        version => Error::Stale {
            model,
            key,
            expected: version.unwrap_or_default(),
            found: version.unwrap_or_default(),
        },
    }
}
