//! Whole rows, read by their keys or page by page.

use super::write::OneOf;
use crate::engine::Engine;
use crate::error::Error;
use crate::record::maintain::keys::{KeyLiteral, Range, end_of_batch};
use crate::record::query::Loaded;
use crate::record::subject::Subject;
use crate::record::{LiveName, Recall};
use crate::session::Session;
use crate::sql::{Sql, quoted};

/// So many keys are looked for by one statement; SQLite nests a condition for
/// each key of several columns.
pub(super) const KEYS: usize = 250;

/// The rows with these keys, in no order.
pub(super) async fn by_keys<M, DB>(
    conn: &mut dyn Session,
    keys: &[M::RecordKey],
) -> Result<Vec<M>, Error>
where
    DB: Engine,
    M: Recall<DB> + Loaded<DB>,
{
    let mut rows = Vec::with_capacity(keys.len());
    for keys in keys.chunks(KEYS) {
        let keys = OneOf::<M, DB>::new(keys);
        let from = Sql::new(" FROM ")
            .name(M::LiveTable::SQL_NAME)
            .sql(" WHERE ")
            .part::<DB>(&keys);
        rows.extend(M::load_from(conn, from).await?);
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
    pub(super) async fn next<M, DB>(
        &mut self,
        conn: &mut dyn Session,
        size: u32,
    ) -> Result<Vec<M>, Error>
    where
        DB: Engine,
        M: Recall<DB> + Loaded<DB>,
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
        let kind = DB::KIND;
        let table = quoted(kind, subject.table);
        let from = Sql::new(" FROM ")
            .name(subject.table)
            .sql(" WHERE ")
            .once_made(range.condition(kind, &table, subject.key));
        let rows = M::load_from(conn, from).await?;
        self.finished = range.until.is_none();
        self.after = range.until;
        Ok(rows)
    }
}

/// How many rows a table has.
pub(super) async fn count(conn: &mut dyn Session, table: &'static str) -> Result<i64, Error> {
    let (rows,) = conn
        .one(Sql::new("SELECT COUNT(*) FROM ").name(table))
        .await?;
    Ok(rows)
}
