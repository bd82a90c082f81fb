//! Rows that were really deleted.

use super::columns::RecordOperation;
use super::condition::condition;
use super::model::{LiveName, RecordSource, Recorded};
use super::operation::Operation;
use crate::engine::Engine;
use crate::facts::{RECORD_ID, RECORD_OPERATION};
use diesel::dsl::Filter;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::query_dsl::methods::FilterDsl;
use diesel::result::QueryResult;
use std::marker::PhantomData;

/// The rows of a recorded model that are no more.
pub trait GoneDsl: Recorded {
    /// The last records of rows that were really deleted, and not inserted
    /// again: each holds the row as it was.
    ///
    /// ```text
    /// Article::gone().order(ArticleRecords::RECORD_ID.desc()).limit(20).load::<Article>(conn)?;
    /// let article: Article = Article::gone().find(7).first(conn)?;
    /// Article::gone().created_in_days(30).whole().load(conn)?;
    /// ```
    ///
    /// Only what was recorded counts: a row that was deleted while recording
    /// was paused is not among them.
    fn gone() -> Filter<Self::Records, IsGone<Self::Records>>
    where
        Self::Records: FilterDsl<IsGone<Self::Records>>,
    {
        FilterDsl::filter(Self::records(), Self::is_gone())
    }

    /// The condition of [`gone`](GoneDsl::gone), for joined and boxed queries
    /// over records.
    fn is_gone() -> IsGone<Self::Records> {
        IsGone(PhantomData)
    }
}

impl<M: Recorded> GoneDsl for M {}

/// Whether a record tells of a deletion that no other record came after; see
/// [`GoneDsl::gone`].
#[derive(Debug)]
pub struct IsGone<S>(PhantomData<fn() -> S>);

impl<S> Clone for IsGone<S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<S> Copy for IsGone<S> {}

impl<S: 'static> QueryId for IsGone<S> {
    type QueryId = Self;
}
condition!(IsGone<S> on RecordOperation);

impl<S: RecordSource, DB: Engine> QueryFragment<DB> for IsGone<S> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let table = <S::Model as Recorded>::LiveTable::SQL_NAME;
        out.push_sql("(");
        out.push_identifier(table)?;
        out.push_sql(".");
        out.push_identifier(RECORD_OPERATION)?;
        out.push_sql(" = '");
        out.push_sql(Operation::Delete.as_str());
        // One look into the index of the key and the number for each deletion.
        out.push_sql("' AND NOT EXISTS (SELECT 1 FROM ");
        out.push_identifier(S::Model::RECORDING.records)?;
        out.push_sql(" handleref_n WHERE ");
        for column in S::Model::RECORDED_KEY {
            out.push_sql("handleref_n.");
            out.push_identifier(column)?;
            out.push_sql(" = ");
            out.push_identifier(table)?;
            out.push_sql(".");
            out.push_identifier(column)?;
            out.push_sql(" AND ");
        }
        out.push_sql("handleref_n.");
        out.push_identifier(RECORD_ID)?;
        out.push_sql(" > ");
        out.push_identifier(table)?;
        out.push_sql(".");
        out.push_identifier(RECORD_ID)?;
        out.push_sql("))");
        Ok(())
    }
}
