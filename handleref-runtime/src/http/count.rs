//! How many rows a list has, for those who ask.

use super::call::Call;
use super::failure::Refused;
use super::problem::Problem;
use super::read::{found, from};
use super::select::{Which, condition};
use crate::history::as_of::PastRows;
use crate::session::Session;
use crate::sql::Sql;
use http::header::{HeaderMap, HeaderName, HeaderValue};

/// How many rows there are that this request may read.
pub(super) struct Count(u64);

impl Count {
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        let count = HeaderName::from_static("handleref-count");
        headers.insert(count, self.0.into());
        let applied = HeaderName::from_static("preference-applied");
        headers.insert(applied, HeaderValue::from_static("count=exact"));
    }
}

/// Counts the rows of a list, on all of its pages. Where the policy looks at rows they are read, as
/// many as a bulk operation may mean.
pub(super) async fn count(
    call: &Call,
    conn: &mut dyn Session,
    past: Option<&PastRows>,
    which: Which,
) -> Result<Count, Refused> {
    let all = Sql::new("(")
        .append(condition(call, conn.kind(), which)?)
        .sql(")");
    if !call.server.policy.looks_at_rows() {
        let sql = Sql::new("SELECT COUNT(*)").append(from(call, past));
        let (count,): (i64,) = conn.one(sql.sql(" WHERE ").append(all)).await?;
        return Ok(Count(u64::try_from(count).unwrap_or_default()));
    }
    let limit = call.server.bulk_limit;
    let sql = all.sql(" LIMIT ").bind(i64::from(limit) + 1);
    let mut rows = found(call, conn, past, sql).await?;
    if rows.len() > usize::try_from(limit).unwrap_or(usize::MAX) {
        let detail = format!("there are more than {limit} rows, too many to look at each");
        return Err(Problem::bad_request(detail).into());
    }
    rows.retain(|row| call.server.is_readable(&call.parts, &row.object));
    Ok(Count(rows.len() as u64))
}
