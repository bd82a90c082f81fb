//! The records of one row.

use super::columns::RecordId;
use super::condition::condition;
use super::model::{LiveName, Recall, RecordSource, Recorded};
use crate::engine::Engine;
use crate::row::ColumnWriter;
use crate::row::columns::Form;
use crate::sql::quoted;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use std::marker::PhantomData;

/// Whether a record is one of the row with this key. A condition of its own, so that a
/// key that the column cannot hold is one error, where such a query is loaded.
#[derive(Debug)]
pub struct OfKey<S, K> {
    key: K,
    source: PhantomData<fn() -> S>,
}

impl<S, K> OfKey<S, K> {
    /// For the derive.
    #[doc(hidden)]
    pub const fn new(key: K) -> Self {
        Self {
            key,
            source: PhantomData,
        }
    }
}

impl<S, K: Clone> Clone for OfKey<S, K> {
    fn clone(&self) -> Self {
        Self::new(self.key.clone())
    }
}
impl<S, K: Copy> Copy for OfKey<S, K> {}

impl<S: 'static, K: 'static> QueryId for OfKey<S, K> {
    type QueryId = Self;
}
condition!(OfKey<S, K> on RecordId);

impl<S, K, DB> QueryFragment<DB> for OfKey<S, K>
where
    S: RecordSource,
    S::Model: Recall<DB> + Recorded<RecordKey = K>,
    DB: Engine,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let table = quoted(DB::KIND, <S::Model as Recorded>::LiveTable::SQL_NAME);
        out.push_sql("(");
        let writer = ColumnWriter::new(out.reborrow(), Form::Equals);
        <S::Model as Recall<DB>>::walk_key(&self.key, &mut writer.of_table(&table))?;
        out.push_sql(")");
        Ok(())
    }
}
