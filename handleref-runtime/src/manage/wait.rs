//! How a program without an executor waits for what it asks a connection.

use std::future::Future;

/// The value of an operation on a connection of ours.
#[cfg(not(feature = "async"))]
pub(super) fn now<T>(operation: impl Future<Output = T>) -> T {
    crate::session::ready(operation)
}

/// The value of an operation on a connection of ours, which may be an asynchronous one.
#[cfg(feature = "async")]
pub(super) fn now<T>(operation: impl Future<Output = T>) -> T {
    match executor() {
        Some(executor) => executor.block_on(operation),
        None => crate::session::ready(operation),
    }
}

/// What runs asynchronous connections; `None` inside of another one, where nothing can wait, and
/// so only synchronous ones are opened.
#[cfg(feature = "async")]
pub(super) fn executor() -> Option<&'static tokio::runtime::Runtime> {
    use std::sync::OnceLock;
    use tokio::runtime::{Builder, Handle, Runtime};
    static EXECUTOR: OnceLock<Option<Runtime>> = OnceLock::new();
    if Handle::try_current().is_ok() {
        return None;
    }
    let build = || Builder::new_current_thread().enable_all().build().ok();
    EXECUTOR.get_or_init(build).as_ref()
}
