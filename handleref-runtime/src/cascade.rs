//! Models that are soft-deleted and restored together.
//!
//! What a model says about itself is erased into a [`Node`] per connection
//! type, so that the cascade itself is written (and compiled) once. It works on
//! sets described in SQL and never loads keys: the number of statements grows
//! with the number of tables, not of rows.

use crate::engine::Engine;
use crate::error::Error;
use crate::executor::Executor;
use crate::model::{ChildOf, DeletionStamp, HandleRef, Roles, SoftDelete};
use crate::row::Row;
use crate::write::{TableName, WalkStatus};
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;
use std::any::TypeId;
use std::future::Future;
use std::pin::Pin;

mod climb;
mod deletion;
mod fire;
mod parents;
pub(crate) mod run;
pub(crate) mod set;
mod stamp;
mod statements;

pub use fire::FireHooks;

/// A fragment of any type.
pub(crate) type Fragment<'a, DB> = dyn QueryFragment<DB> + Send + Sync + 'a;

/// A future of any type.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

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
pub trait Facts<C: Executor>: SoftDelete + Row<C::Backend> {
    /// The model, without relatives.
    fn node() -> Node<C>;
}

impl<M, C> Facts<C> for M
where
    C: Executor,
    M: SoftDelete + Row<C::Backend>,
    M::Live: QueryFragment<C::Backend> + Send + Sync + 'static,
    M::Deleted: QueryFragment<C::Backend> + Send + Sync + 'static,
    M::Status: WalkStatus<C::Backend>,
    M::Hooks: FireHooks<M, C>,
{
    fn node() -> Node<C> {
        Node {
            model: TypeId::of::<M>(),
            name: M::NAME,
            keys: M::KEY_COLUMNS,
            roles: M::ROLES,
            push_table: |out| M::table().push(out),
            live: Box::new(M::is_live()),
            deleted: Box::new(M::is_deleted()),
            status: Box::new(M::status()),
            hooked: M::Hooks::FIRES,
            apply: M::Hooks::apply,
            children: Vec::new,
            parents: Vec::new,
        }
    }
}

/// A soft-deletable model, as the cascade sees it.
#[doc(hidden)]
#[allow(missing_debug_implementations)]
pub struct Node<C: Executor> {
    pub(crate) model: TypeId,
    pub(crate) name: &'static str,
    pub(crate) keys: &'static [&'static str],
    pub(crate) roles: Roles,
    pub(crate) push_table:
        for<'a, 'b, 'c> fn(&'c mut AstPass<'a, 'b, C::Backend>) -> QueryResult<()>,
    pub(crate) live: Box<Fragment<'static, C::Backend>>,
    pub(crate) deleted: Box<Fragment<'static, C::Backend>>,
    pub(crate) status: Box<dyn WalkStatus<C::Backend> + Send + Sync>,
    /// Whether the model has hooks.
    pub(crate) hooked: bool,
    pub(crate) apply: Apply<C>,
    pub(crate) children: fn() -> Vec<Link<C>>,
    pub(crate) parents: fn() -> Vec<Link<C>>,
}

/// Executes the update of a set, between the hooks of its model.
pub(crate) type Apply<C> =
    for<'a> fn(&'a mut C, &'a statements::Update<'a, C>) -> Boxed<'a, Result<usize, Error>>;

impl<C: Executor> Node<C> {
    /// The model `M` with its relatives.
    pub(crate) fn of<M>() -> Self
    where
        M: Facts<C> + Children<C> + Parents<C>,
    {
        Self {
            children: M::children,
            parents: M::parents,
            ..M::node()
        }
    }
}

/// A relation of one model to another.
#[doc(hidden)]
#[allow(missing_debug_implementations)]
pub struct Link<C: Executor> {
    /// The relative.
    pub(crate) node: Node<C>,
    /// The child's columns that refer to the parent's key.
    pub(crate) foreign_key: &'static [&'static str],
}

impl<C: Executor> Link<C> {
    /// From a parent down to a child.
    pub fn child<P, K>() -> Self
    where
        P: DeletionStamp,
        K: ChildOf<P> + DeletionStamp + Facts<C> + Children<C> + Parents<C>,
    {
        const {
            assert!(
                same_time_kind(P::ROLES, K::ROLES),
                "`deleted_at` (`updated_at` where there is none) of a parent and of its cascaded children must have the same SQL type"
            );
        }
        Self {
            node: Node::of::<K>(),
            foreign_key: K::FOREIGN_KEY,
        }
    }

    /// From a child up to a parent.
    pub fn parent<K, P>() -> Self
    where
        K: ChildOf<P>,
        P: HandleRef + Facts<C> + Parents<C>,
    {
        Self {
            node: Node {
                parents: P::parents,
                ..P::node()
            },
            foreign_key: K::FOREIGN_KEY,
        }
    }
}

const fn same_time_kind(parent: Roles, child: Roles) -> bool {
    match (parent.mark(), child.mark()) {
        (Some((_, parent)), Some((_, child))) => parent as u8 == child as u8,
        _ => false,
    }
}

/// Writes `prefix.a, prefix.b` in quotes; without the dot if the prefix is empty.
pub(crate) fn push_columns<DB: Engine>(
    prefix: &str,
    columns: &[&str],
    out: &mut AstPass<'_, '_, DB>,
) -> QueryResult<()> {
    for (at, column) in columns.iter().enumerate() {
        if at > 0 {
            out.push_sql(", ");
        }
        if !prefix.is_empty() {
            out.push_sql(prefix);
            out.push_sql(".");
        }
        out.push_identifier(column)?;
    }
    Ok(())
}
