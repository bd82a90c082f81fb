//! Which queries are over the records of a model.

use super::model::{RecordSource, Recorded};
use diesel::QuerySource;
use diesel::internal::table_macro::{
    BoxedSelectStatement, FromClause, Inner, Join, JoinOn, SelectStatement,
};
use std::marker::PhantomData;

/// A query, or a source of one, that has the records of `M` in its FROM.
///
/// `At` says where; it is inferred, and there so that the impls do not
/// overlap. A query over the records of two models is over both: name the one
/// that is meant, as in `RecordsDsl::<Article, _>::resample(query, every)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no query over the records of `{M}`",
    note = "begin with `Article::records()` or `article.history()`"
)]
pub trait OverRecords<M: Recorded, At> {
    /// Whether other tables are there too.
    #[doc(hidden)]
    const JOINED: bool;
}

/// The record source itself.
#[derive(Debug)]
pub struct Here;
/// What is selected from `At`.
#[derive(Debug)]
pub struct From<At>(PhantomData<At>);
/// The left side of a join.
#[derive(Debug)]
pub struct OnTheLeft<At>(PhantomData<At>);
/// The right side of an inner join.
#[derive(Debug)]
pub struct OnTheRight<At>(PhantomData<At>);

impl<S: RecordSource> OverRecords<S::Model, Here> for S {
    const JOINED: bool = false;
}

impl<F, S, D, W, O, LOf, G, H, LC, M, At> OverRecords<M, From<At>>
    for SelectStatement<FromClause<F>, S, D, W, O, LOf, G, H, LC>
where
    M: Recorded,
    F: QuerySource + OverRecords<M, At>,
{
    const JOINED: bool = F::JOINED;
}

impl<ST, F, DB, GB, M, At> OverRecords<M, From<At>>
    for BoxedSelectStatement<'_, ST, FromClause<F>, DB, GB>
where
    M: Recorded,
    F: QuerySource + OverRecords<M, At>,
{
    const JOINED: bool = F::JOINED;
}

impl<J, On, M, At> OverRecords<M, From<At>> for JoinOn<J, On>
where
    M: Recorded,
    J: OverRecords<M, At>,
{
    const JOINED: bool = true;
}

impl<L, R, K, M, At> OverRecords<M, OnTheLeft<At>> for Join<L, R, K>
where
    M: Recorded,
    L: QuerySource + OverRecords<M, At>,
    R: QuerySource,
{
    const JOINED: bool = true;
}

impl<L, R, M, At> OverRecords<M, OnTheRight<At>> for Join<L, R, Inner>
where
    M: Recorded,
    L: QuerySource,
    R: QuerySource + OverRecords<M, At>,
{
    const JOINED: bool = true;
}
