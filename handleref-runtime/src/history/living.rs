//! Whether a row lives, in SQL.

use crate::engine::Kind;
use crate::model::Roles;
use crate::sql::{Raw, Splice, literal, quoted, raw};

/// A condition: whether a row is not soft-deleted, as far as SQL can tell.
/// `prefix` is the row's alias and a dot, or nothing.
pub(crate) fn lives_sql(kind: Kind, roles: Roles, prefix: impl Splice) -> Raw {
    let column = |name| raw!("{prefix}{}", [quoted(kind, name)], prefix);
    match (roles.deleted_status, roles.status, roles.deleted_at) {
        (Some(deleted), Some(status), _) => {
            let (status, deleted) = (column(status), literal(kind, deleted));
            match kind {
                Kind::Sqlite => raw!("{status} IS NOT {deleted}", status, deleted),
                Kind::Postgres => raw!("{status} IS DISTINCT FROM {deleted}", status, deleted),
                Kind::Mysql => raw!("NOT ({status} <=> {deleted})", status, deleted),
            }
        }
        (_, _, Some((deleted_at, _))) => raw!("{} IS NULL", [column(deleted_at)]),
        _ => "1 = 1".into(),
    }
}
