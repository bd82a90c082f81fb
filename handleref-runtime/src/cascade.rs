//! Models that are soft-deleted and restored together.
//!
//! What a model says about itself is erased into a [`Node`] per connection
//! type, so that the cascade itself is written (and compiled) once. It works on
//! sets described in SQL and never loads keys: the number of statements grows
//! with the number of tables, not of rows.

use crate::engine::{Engine, Typed};
use crate::error::Error;
use crate::model::{ChildOf, DeletionStamp, HandleRef, Roles, SoftDelete};
use crate::row::Row;
use crate::session::{Executor, Session};
use crate::sql::Raw;
use crate::write::{TableName, WalkStatus};
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;
use std::any::TypeId;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

mod climb;
mod deletion;
mod fire;
mod parents;
pub(crate) mod run;
pub(crate) mod set;
mod stamp;
mod statements;

pub use crate::any::Parent;
pub use fire::FireHooks;

/// A future of any type.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What the derive says about the children of a model on the connection `C`.
#[doc(hidden)]
pub trait Children<C: Executor> {
    fn children() -> Vec<Link>;
}

/// What the derive says about the parents of a model on the connection `C`.
#[doc(hidden)]
pub trait Parents<C: Executor> {
    fn parents() -> Vec<Link>;
}

/// A parent of `K` on the engine `DB`.
#[doc(hidden)]
pub trait ParentOf<K, DB: Engine> {
    fn parent() -> Parent;
}

impl<K, P, DB> ParentOf<K, DB> for P
where
    K: ChildOf<P>,
    DB: Engine,
    P: SoftDelete + Row<DB>,
    P::Deleted: QueryFragment<DB> + Send + Sync + 'static,
{
    fn parent() -> Parent {
        Parent {
            name: P::NAME,
            keys: P::KEY_COLUMNS,
            foreign_key: K::FOREIGN_KEY,
            table: DB::typed(Box::new(NameOf::<P>(PhantomData))),
            deleted: DB::typed(Box::new(P::is_deleted())),
        }
    }
}

/// What the derive says about the parents of a model on the engine `DB`.
#[doc(hidden)]
pub trait HasParents<DB: Engine> {
    fn parents_on() -> Vec<Parent>;
}

/// The table of a model, by its name.
struct NameOf<M>(PhantomData<fn() -> M>);

impl<M: Row<DB>, DB: Engine> QueryFragment<DB> for NameOf<M> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        M::table().push(&mut out)
    }
}

/// A model whose facts can be written to the engine of `C`.
#[doc(hidden)]
pub trait AsNode<C: Executor>: SoftDelete + Row<C::Engine> {
    /// The model, without relatives.
    fn node() -> Node;
}

impl<M, C> AsNode<C> for M
where
    C: Executor,
    M: SoftDelete + Row<C::Engine>,
    M::Live: QueryFragment<C::Engine> + Send + Sync + 'static,
    M::Deleted: QueryFragment<C::Engine> + Send + Sync + 'static,
    M::Status: WalkStatus<C::Engine> + 'static,
    M::Hooks: FireHooks<M, C>,
{
    fn node() -> Node {
        Node {
            table: || TableName::<C::Engine>::quoted(&M::table()),
            live: C::Engine::typed(Box::new(M::is_live())),
            deleted: C::Engine::typed(Box::new(M::is_deleted())),
            status: [false, true]
                .map(|delete| C::Engine::typed(Box::new(Assigned(M::status(), delete)))),
            apply: M::Hooks::apply,
            model: TypeId::of::<M>(),
            name: M::NAME,
            keys: M::KEY_COLUMNS,
            roles: M::ROLES,
            hooked: M::Hooks::FIRES,
            children: Vec::new,
            parents: Vec::new,
        }
    }
}

/// The assignment of a status, of a deleted row or of a live one.
struct Assigned<S>(S, bool);

impl<S: WalkStatus<DB>, DB: Engine> QueryFragment<DB> for Assigned<S> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_assignment(self.1, &mut out)
    }
}

/// A soft-deletable model, as the cascade sees it.
#[doc(hidden)]
#[allow(missing_debug_implementations)]
pub struct Node {
    pub(crate) model: TypeId,
    pub(crate) name: &'static str,
    pub(crate) keys: &'static [&'static str],
    pub(crate) roles: Roles,
    /// The name of its table, as a statement writes it.
    table: fn() -> QueryResult<Raw>,
    pub(crate) live: Typed<'static>,
    pub(crate) deleted: Typed<'static>,
    /// The assignment of the status of a live row, and of a deleted one.
    pub(crate) status: [Typed<'static>; 2],
    /// Whether the model has hooks.
    pub(crate) hooked: bool,
    pub(crate) apply: Apply,
    pub(crate) children: fn() -> Vec<Link>,
    pub(crate) parents: fn() -> Vec<Link>,
}

impl Node {
    /// Writes the name of its table.
    pub(crate) fn push_table<DB: Engine>(&self, out: &mut AstPass<'_, '_, DB>) -> QueryResult<()> {
        out.push_sql(&(self.table)()?);
        Ok(())
    }
}

/// Executes the update of a set, between the hooks of its model.
pub(crate) type Apply =
    for<'a> fn(&'a mut dyn Session, &'a statements::Update<'a>) -> Boxed<'a, Result<usize, Error>>;

impl Node {
    /// The model `M` with its relatives.
    pub(crate) fn of<M, C>() -> Self
    where
        C: Executor,
        M: AsNode<C> + Children<C> + Parents<C>,
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
pub struct Link {
    /// The relative.
    pub(crate) node: Node,
    /// The child's columns that refer to the parent's key.
    pub(crate) foreign_key: &'static [&'static str],
}

impl Link {
    /// From a parent down to a child.
    pub fn child<P, K, C>() -> Self
    where
        C: Executor,
        P: DeletionStamp,
        K: ChildOf<P> + DeletionStamp + AsNode<C> + Children<C> + Parents<C>,
    {
        const {
            assert!(
                same_time_kind(P::ROLES, K::ROLES),
                "`deleted_at` (`updated_at` where there is none) of a parent and of its cascaded children must have the same SQL type"
            );
        }
        Self {
            node: Node::of::<K, C>(),
            foreign_key: K::FOREIGN_KEY,
        }
    }

    /// From a child up to a parent.
    pub fn parent<K, P, C>() -> Self
    where
        C: Executor,
        K: ChildOf<P>,
        P: HandleRef + AsNode<C> + Parents<C>,
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
