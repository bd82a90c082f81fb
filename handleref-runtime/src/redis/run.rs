//! A relay that goes on: as a thread, or as a task.

use super::connection::RedisConnection;
use super::listen::{Listen, Stop};
use super::relay::Relay;
use crate::error::Error;
use crate::feed::Feeds;
use crate::session::{self, ready};
use chrono::{DateTime, Utc};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How a relay is.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RelayStatus {
    /// How many diffs it has written.
    pub moved: u64,
    /// How often it has filled Redis.
    pub fills: u64,
    /// How many of those times because an entry there could not be read.
    pub repairs: u64,
    /// When it was last where the database was, by its own clock; `None` if it never was.
    pub up_to_date: Option<DateTime<Utc>>,
    /// How many errors it has met. It connects again after each.
    pub errors: u64,
    /// The last of them, if nothing has worked since.
    pub error: Option<String>,
}

/// What is known of a relay that runs.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch(Arc<Mutex<RelayStatus>>);

impl Watch {
    fn change(&self, change: impl FnOnce(&mut RelayStatus)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn status(&self) -> RelayStatus {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// A relay that runs as a thread. It is stopped when this is dropped.
#[derive(Debug)]
pub struct RelayHandle {
    stop: Stop,
    watch: Watch,
    thread: Option<JoinHandle<()>>,
}

impl RelayHandle {
    /// How it is.
    pub fn status(&self) -> RelayStatus {
        self.watch.status()
    }

    /// Stops it after the step that it is at, and waits for that.
    pub fn stop(mut self) -> RelayStatus {
        self.end();
        self.watch.status()
    }

    fn end(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            // It has nothing to say if it panicked; the status does.
            let _ = thread.join();
        }
    }
}

impl Drop for RelayHandle {
    fn drop(&mut self) {
        self.end();
    }
}

/// How long to wait after a number of errors without anything in between.
fn backoff(errors: u32) -> Duration {
    const FIRST: u64 = 50;
    const LONGEST: u64 = 5_000;
    let pause = FIRST.saturating_mul(1_u64.checked_shl(errors).unwrap_or(u64::MAX));
    Duration::from_millis(pause.min(LONGEST))
}

impl<Ms> Relay<Ms> {
    /// How it is, while it [runs](Relay::run_async).
    pub fn status(&self) -> RelayStatus {
        self.watch.status()
    }

    /// Runs as a thread of its own until the handle is dropped. After an error it
    /// connects again, later each time, up to five seconds.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn spawn<C, R, D, E, K, L>(self, database: D, redis: K) -> std::io::Result<RelayHandle>
    where
        Ms: Feeds<C::Engine> + 'static,
        C: Listen<Mode = session::Synchronous>,
        R: RedisConnection<Mode = session::Synchronous>,
        D: FnMut() -> Result<C, E> + Send + 'static,
        K: FnMut() -> Result<R, L> + Send + 'static,
        E: Into<BoxError>,
        L: Into<BoxError>,
    {
        let (stop, watch) = (Stop::default(), self.watch.clone());
        let its = stop.clone();
        let thread = thread::Builder::new().name("handleref-relay".into());
        let thread = thread.spawn(move || self.keep(database, redis, &its))?;
        Ok(RelayHandle {
            stop,
            watch,
            thread: Some(thread),
        })
    }

    /// Runs in this thread, for ever; for a process of its own, which may be killed
    /// at any moment.
    pub fn run<C, R, E, L>(
        &self,
        database: impl FnMut() -> Result<C, E>,
        redis: impl FnMut() -> Result<R, L>,
    ) where
        Ms: Feeds<C::Engine>,
        C: Listen<Mode = session::Synchronous>,
        R: RedisConnection<Mode = session::Synchronous>,
        E: Into<BoxError>,
        L: Into<BoxError>,
    {
        self.keep(database, redis, &Stop::default());
    }

    fn keep<C, R, E, L>(
        &self,
        mut database: impl FnMut() -> Result<C, E>,
        mut redis: impl FnMut() -> Result<R, L>,
        stop: &Stop,
    ) where
        Ms: Feeds<C::Engine>,
        C: Listen<Mode = session::Synchronous>,
        R: RedisConnection<Mode = session::Synchronous>,
        E: Into<BoxError>,
        L: Into<BoxError>,
    {
        let mut errors = 0;
        while !stop.is_stopped() {
            let mut both = || -> Result<(C, R), BoxError> {
                Ok((
                    database().map_err(Into::into)?,
                    redis().map_err(Into::into)?,
                ))
            };
            let ended = match both() {
                Ok((mut db, mut redis)) => {
                    ready(self.go_on(&mut db, &mut redis, stop, &mut errors))
                        .map_err(BoxError::from)
                }
                Err(error) => Err(error),
            };
            if let Err(error) = ended {
                self.failed(&*error);
                stop.wait(backoff(errors));
                errors = errors.saturating_add(1);
            }
        }
    }

    /// Runs on asynchronous connections until the future is dropped, which may be at
    /// any moment. After an error it connects again, later each time, up to five
    /// seconds. Needs a tokio runtime with its timer.
    ///
    /// ```text
    /// let task = tokio::spawn(async move { relay.run_async(connect_database, connect_redis).await });
    /// task.abort();
    /// ```
    #[cfg(feature = "async")]
    pub fn run_async<'a, C, R, E, L, D, K>(
        &'a self,
        mut database: impl FnMut() -> D + Send + 'a,
        mut redis: impl FnMut() -> K + Send + 'a,
    ) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'a>>
    where
        Ms: Feeds<C::Engine>,
        C: Listen<Mode = session::Asynchronous> + 'a,
        R: RedisConnection<Mode = session::Asynchronous> + 'a,
        D: Future<Output = Result<C, E>> + Send + 'a,
        K: Future<Output = Result<R, L>> + Send + 'a,
        E: Into<BoxError> + Send + 'a,
        L: Into<BoxError> + Send + 'a,
    {
        Box::pin(async move {
            let (stop, mut errors) = (Stop::default(), 0);
            loop {
                let db = database().await.map_err(Into::into);
                let ended = match db {
                    Err(error) => Err(error),
                    Ok(mut db) => match redis().await.map_err(Into::into) {
                        Err(error) => Err(error),
                        Ok(mut redis) => {
                            let going = self.go_on(&mut db, &mut redis, &stop, &mut errors);
                            going.await.map_err(BoxError::from)
                        }
                    },
                };
                if let Err(error) = ended {
                    self.failed(&*error);
                    tokio::time::sleep(backoff(errors)).await;
                    errors = errors.saturating_add(1);
                }
            }
        })
    }

    fn failed(&self, error: &(dyn std::error::Error + Send + Sync)) {
        self.watch.change(|status| {
            status.errors += 1;
            status.error = Some(error.to_string());
        });
    }

    /// Steps until it is stopped, or one fails.
    async fn go_on<C, R>(
        &self,
        db: &mut C,
        redis: &mut R,
        stop: &Stop,
        errors: &mut u32,
    ) -> Result<(), Error>
    where
        Ms: Feeds<C::Engine>,
        C: Listen,
        R: RedisConnection,
    {
        if self.listens {
            db.listen().await?;
        }
        while !stop.is_stopped() {
            let step = self.one(db, redis).await?;
            *errors = 0;
            self.watch.change(|status| {
                status.moved += u64::try_from(step.moved).unwrap_or(u64::MAX);
                status.fills += u64::from(step.filled);
                status.repairs += u64::from(step.repaired);
                status.error = None;
                if !step.more && !step.waits {
                    status.up_to_date = Some(Utc::now());
                }
            });
            if !step.more {
                db.pause(self.listens, self.poll, stop).await?;
            }
        }
        Ok(())
    }
}
