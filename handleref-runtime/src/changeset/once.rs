//! What is done only once: the key of a changeset, which no other one has.

use super::meta::ChangesetMeta;
use crate::context::ONCE;
use crate::engine::Kind;
use crate::error::Error;
use crate::history::ChangesetNo;
use crate::session::Session;
use crate::sql::Sql;
use diesel::result::{Error as DieselError, QueryResult};

/// What gives the changeset that was just opened its key, for a database that has
/// routines of ours.
pub(super) fn call<'a>(kind: Kind, sql: Sql<'a>, meta: &'a ChangesetMeta) -> Sql<'a> {
    let sql = match kind {
        Kind::Mysql => sql.sql("CALL "),
        _ => sql.sql("SELECT "),
    };
    let sql = sql.sql(ONCE).sql("(").bind(meta.once.as_deref());
    sql.sql(", ").bind(meta.once_print.as_deref()).sql(")")
}

/// Gives it to one that was opened before.
pub(super) async fn give(
    conn: &mut dyn Session,
    meta: &ChangesetMeta,
    changeset: ChangesetNo,
) -> QueryResult<()> {
    let Some(key) = meta.once.as_deref() else {
        return Ok(());
    };
    let kind = conn.kind();
    match kind {
        Kind::Sqlite => {
            let sql = Sql::new("UPDATE handleref_changesets SET once_key = ").bind(key);
            let sql = sql.sql(", once_print = ").bind(meta.once_print.as_deref());
            let sql = sql.sql(" WHERE id = ").bind(changeset.0);
            conn.execute(sql).await.map(drop)
        }
        Kind::Postgres | Kind::Mysql => {
            let sql = call(kind, Sql::new(""), meta).written(kind)?;
            conn.batch(&sql).await
        }
    }
}

/// What it means that a changeset could not be opened: there may be one with its key. The
/// kind of the error is not known of a batch on MySQL, so it is looked for.
pub(super) async fn repeated(
    conn: &mut dyn Session,
    meta: &ChangesetMeta,
    error: &Error,
) -> Option<Error> {
    let key = meta.once.as_deref()?;
    let Error::Database(DieselError::DatabaseError(..)) = error else {
        return None;
    };
    let (changeset, _) = find(conn, key).await.ok()??;
    Some(Error::Repeated { changeset })
}

/// The changeset with this key, and what else is known of what it stands for.
pub(crate) async fn find(
    conn: &mut dyn Session,
    key: &str,
) -> QueryResult<Option<(ChangesetNo, Option<String>)>> {
    let sql = Sql::new("SELECT id, once_print FROM handleref_changesets WHERE once_key = ");
    let found: Option<(i64, Option<String>)> = conn.first(sql.bind(key)).await?;
    Ok(found.map(|(no, print)| (ChangesetNo(no), print)))
}
