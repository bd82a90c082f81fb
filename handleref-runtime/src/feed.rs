//! The feed: what became of objects, as values for programs that watch them.
//!
//! ```text
//! impl Feed for Question {}
//! impl Feed for Choice {
//!     fn parent() -> Option<Parent> { Some(Parent::of::<Question, Self>()) }
//! }
//! let store = feed::Database::<(Question, Choice)>::new().max_age(TimeDelta::hours(1));
//! let read = Question::diffs(&store).of(&7).since(ten_minutes_ago).load(conn)?;
//! for diff in &read.diffs { println!("{} {}", diff.at, diff.data) }
//! let next = Question::diffs(&store).of(&7).since(&read.cursor).load(conn)?;   // without gaps
//! ```
//!
//! A diff is made from a [`Change`](crate::sync::Change) and the state before it. The
//! [`Database`] makes them from the records when they are asked for; nothing is
//! written twice.

mod changed;
mod condition;
mod database;
mod diff;
mod make;
mod models;
mod parent;
mod query;
mod range;
mod store;

pub use changed::Changed;
#[cfg(feature = "axum")]
pub(crate) use database::Among;
pub use database::Database;
pub use diff::{Diff, Diffs};
pub use make::diffs_of;
pub use models::Feeds;
#[doc(hidden)]
pub use models::{AnyFeed, FeedModel};
pub use parent::Parent;
pub use query::{DiffQuery, diffs};
pub use range::{End, Range, Scope, Start};
pub use store::Store;

use crate::history::{Fields, Json};
use serde_json::Value;

/// A recorded model whose changes are in the feed.
///
/// `impl Feed for Article {}` is enough; the methods say what else is wanted.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not in the feed",
    note = "write `impl handleref::feed::Feed for {Self} {{}}`; it needs `Recorded`, and `Serialize` for every field"
)]
#[doc(alias("register", "diffs"))]
pub trait Feed: Fields<Json> {
    /// What the feed says of a change; `None`, null, or an empty text, list or object if
    /// nothing is. It is called for each change of a row, but not for an update
    /// that changes no field that is recorded.
    ///
    /// The same change must give the same value whenever it is asked, because a
    /// change may be read, or sent to a store, several times.
    ///
    /// ```text
    /// fn diff(change: &Changed<'_, Self>) -> Option<Value> {
    ///     let renamed = change.field("title")?;                  // nothing else is in the feed
    ///     Some(json!({ "was": renamed.old, "is": renamed.new }))
    /// }
    /// ```
    #[doc(alias("serialize_diff", "send_diff"))]
    fn diff(change: &Changed<'_, Self>) -> Option<Value> {
        Some(change.default_data())
    }

    /// The object under which diffs are put, if it is not the row itself; where
    /// the reference is null, it is. One level: a parent's parent does not count.
    #[doc(alias = "get_diff_parent")]
    fn parent() -> Option<Parent> {
        None
    }

    /// The diffs that were put under objects of this model: of its own rows
    /// (unless they have a [`parent`](Feed::parent)), and of their children.
    fn diffs<S: Clone>(store: &S) -> DiffQuery<S, Self> {
        DiffQuery::new(store, Scope::Model(Self::RECORDED_NAME.to_owned()))
    }
}
