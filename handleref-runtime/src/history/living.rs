//! Whether a row lives, in SQL.

use crate::engine::Kind;
use crate::model::Roles;
use crate::sql::{literal, quoted};

/// A condition: whether a row is not soft-deleted, as far as SQL can tell.
/// `prefix` is the row's alias and a dot, or nothing.
pub(crate) fn lives_sql(kind: Kind, roles: Roles, prefix: &str) -> String {
    let column = |name| format!("{prefix}{}", quoted(kind, name));
    match (roles.deleted_status, roles.status, roles.deleted_at) {
        (Some(deleted), Some(status), _) => {
            let (status, deleted) = (column(status), literal(kind, deleted));
            match kind {
                Kind::Sqlite => format!("{status} IS NOT {deleted}"),
                Kind::Postgres => format!("{status} IS DISTINCT FROM {deleted}"),
                Kind::Mysql => format!("NOT ({status} <=> {deleted})"),
            }
        }
        (_, _, Some((deleted_at, _))) => format!("{} IS NULL", column(deleted_at)),
        _ => "1 = 1".into(),
    }
}
