//! Whole rows, read by their keys or page by page.

use super::write::OneOf;
use crate::engine::Engine;
use crate::error::Error;
use crate::executor::Executor;
use crate::record::maintain::keys::{KeyLiteral, Range, end_of_batch};
use crate::record::query::{Loaded, Rest, Sql};
use crate::record::subject::Subject;
use crate::record::{LiveName, Recall};
use crate::text::quoted;

/// So many keys are looked for by one statement; SQLite nests a condition for
/// each key of several columns.
pub(super) const KEYS: usize = 250;

/// The rows with these keys, in no order.
pub(super) async fn by_keys<M, C>(conn: &mut C, keys: &[M::RecordKey]) -> Result<Vec<M>, Error>
where
    C: Executor,
    M: Recall<C> + Loaded<C>,
{
    let mut rows = Vec::with_capacity(keys.len());
    for keys in keys.chunks(KEYS) {
        let keys = OneOf::<M, C>::new(keys);
        let from = Sql::new(" FROM ")
            .name(M::LiveTable::SQL_NAME)
            .text(" WHERE ")
            .part(&keys);
        rows.extend(M::load_from(conn, Rest(from)).await?);
    }
    Ok(rows)
}

/// Walks through a table in the order that its database gives the keys.
#[derive(Debug, Clone, Default)]
pub struct Walk {
    after: Option<KeyLiteral>,
    finished: bool,
}

impl Walk {
    /// The next `size` rows; none at the end.
    pub(super) async fn next<M, C>(&mut self, conn: &mut C, size: u32) -> Result<Vec<M>, Error>
    where
        C: Executor,
        M: Recall<C> + Loaded<C>,
    {
        if self.finished {
            return Ok(Vec::new());
        }
        let subject = Subject::of::<M>();
        let until = end_of_batch(conn, &subject, self.after.as_ref(), size).await?;
        let range = Range {
            after: self.after.take(),
            until,
        };
        let kind = C::Backend::KIND;
        let table = quoted(kind, subject.table);
        let from = Sql::new(" FROM ")
            .name(subject.table)
            .text(" WHERE ")
            .text(range.condition(kind, &table, subject.key));
        let rows = M::load_from(conn, Rest(from)).await?;
        self.finished = range.until.is_none();
        self.after = range.until;
        Ok(rows)
    }
}

/// How many rows a table has.
pub(super) async fn count<M: Recall<C>, C: Executor>(conn: &mut C) -> Result<i64, Error> {
    let integer = crate::text::integer::<C>();
    let sql = crate::text::Sql::new::<C>()
        .sql(&format!(
            "SELECT CAST(COUNT(*) AS {integer}), CAST(0 AS {integer}) FROM "
        ))
        .name(M::LiveTable::SQL_NAME);
    let found = conn.numbers(sql.query()).await?;
    Ok(found.first().map_or(0, |(rows, _)| *rows))
}
