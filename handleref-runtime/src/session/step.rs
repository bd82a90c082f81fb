//! The future of one step.

use super::Boxed;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// One step of a session: done when it is made, on a synchronous connection,
/// which then needs no box for it; or a future.
#[doc(hidden)]
#[must_use = "futures do nothing unless polled"]
#[allow(missing_debug_implementations)]
pub enum Step<'a, T> {
    /// The value, until it is taken.
    Done(Option<T>),
    /// What has to be waited for.
    Later(Boxed<'a, T>),
}

impl<'a, T> Step<'a, T> {
    // Unused in a build without such a connection.
    #[allow(dead_code)]
    pub(super) fn done(value: T) -> Self {
        Self::Done(Some(value))
    }

    #[allow(dead_code)]
    pub(super) fn later(future: impl Future<Output = T> + Send + 'a) -> Self {
        Self::Later(Box::pin(future))
    }
}

impl<T: Unpin> Future for Step<'_, T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match self.get_mut() {
            // No executor polls a future again that was ready.
            Self::Done(value) => value.take().map_or(Poll::Pending, Poll::Ready),
            Self::Later(future) => future.as_mut().poll(context),
        }
    }
}

/// The value of a future that never waits.
#[cfg(any(
    feature = "sqlite",
    feature = "postgres",
    feature = "mysql",
    feature = "redis"
))]
pub(crate) fn ready<T>(operation: impl Future<Output = T>) -> T {
    let mut operation = std::pin::pin!(operation);
    let mut context = Context::from_waker(std::task::Waker::noop());
    match operation.as_mut().poll(&mut context) {
        Poll::Ready(value) => value,
        // Every step of a synchronous connection is done when it returns.
        Poll::Pending => unreachable!("a synchronous step waited"),
    }
}
