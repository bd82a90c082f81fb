//! Models that are soft-deleted and restored together.

use crate::executor::Executor;
use crate::model::{ChildOf, DeletionStamp};
use std::marker::PhantomData;

/// What the derive says about the children of a model on the connection `C`.
#[doc(hidden)]
pub trait Children<C: Executor> {
    fn children() -> Vec<Link<C>>;
}

/// What the derive says about the parents of a model on the connection `C`.
#[doc(hidden)]
pub trait Parents<C: Executor> {
    fn parents() -> Vec<Link<C>>;
}

/// A model whose facts can be written to the engine of `C`.
#[doc(hidden)]
pub trait Facts<C: Executor> {}

impl<M, C: Executor> Facts<C> for M where M: DeletionStamp {}

/// A relation between two models.
#[doc(hidden)]
#[allow(missing_debug_implementations)]
pub struct Link<C>(PhantomData<C>);

impl<C: Executor> Link<C> {
    /// From a parent down to a child.
    pub fn child<P, K>() -> Self
    where
        P: DeletionStamp,
        K: ChildOf<P> + Facts<C> + Children<C> + Parents<C>,
    {
        Self(PhantomData)
    }

    /// From a child up to a parent.
    pub fn parent<K, P>() -> Self
    where
        K: ChildOf<P>,
        P: crate::model::HandleRef + Facts<C> + Parents<C>,
    {
        Self(PhantomData)
    }
}
