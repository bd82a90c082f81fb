//! Changes as they come: server-sent events.
//!
//! Every stream asks for what is behind its own cursor, and all that stand at the same one share one
//! answer. So a process asks the database once in an interval, however many streams there are.

use super::failure::Refused;
use super::pool::Work;
use super::server::{Failure, Server};
use crate::any::Engines;
use crate::error::Error;
use crate::session::Session;
use crate::sync::{Batch, Cursor, batch_of, now_of};
use axum::body::{Body, Bytes, HttpBody};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, StatusCode};
use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, mpsc, oneshot, watch};

/// How long a client may take for one event before it is let go; it comes back with its cursor.
const PATIENCE: Duration = Duration::from_secs(30);
/// A line from time to time, so that nothing on the way takes the connection for a dead one.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events that wait for a slow client.
const QUEUE: usize = 64;
/// Changes of one answer.
const PAGE: u32 = 500;
/// Answers that are kept for streams that come behind.
const KEPT: usize = 64;

/// Ends the streams of events of a [`Log`](super::Log), so that a server which stops does not
/// wait for them.
///
/// ```
/// use handleref_runtime::http::Shutdown;
/// let shutdown = Shutdown::new();
/// // `Log::of(..).shutdown(&shutdown)`, and when the server is told to stop:
/// shutdown.now();
/// ```
#[derive(Debug, Clone)]
pub struct Shutdown(Arc<watch::Sender<bool>>);

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Shutdown {
    /// One that has not come yet.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Ends all streams now, and refuses new ones.
    pub fn now(&self) {
        self.0.send_replace(true);
    }
}

/// What all streams of a log share.
pub(super) struct Hub {
    server: Arc<Server>,
    models: Arc<[Engines]>,
    pub(super) interval: Duration,
    pub(super) most: usize,
    pub(super) shutdown: Shutdown,
    streams: AtomicUsize,
    pages: Mutex<HashMap<String, Kept>>,
}

struct Kept {
    at: Instant,
    page: Arc<Batch>,
}

impl Kept {
    /// Whether it is what the database would say again.
    fn is_fresh(&self, interval: Duration) -> bool {
        // A page that is full stays as it is; behind the last one something may have come.
        let long = if self.page.more { 60 } else { 1 };
        self.at.elapsed() < interval * long
    }
}

/// Why there is no page.
enum Ended {
    /// Of no use any more; with the cursor of now.
    TooOld(Option<Cursor>),
    /// Not now.
    Later,
}

impl Hub {
    pub(super) fn new(server: Arc<Server>, models: Arc<[Engines]>) -> Self {
        Self {
            server,
            models,
            interval: Duration::from_secs(1),
            most: 1_000,
            shutdown: Shutdown::new(),
            streams: AtomicUsize::new(0),
            pages: Mutex::default(),
        }
    }

    /// What is behind a cursor; asked of the database by one at a time.
    async fn page(&self, cursor: &Cursor) -> Result<Arc<Batch>, Ended> {
        let mut pages = self.pages.lock().await;
        let name = cursor.to_string();
        if let Some(kept) = pages.get(&name).filter(|it| it.is_fresh(self.interval)) {
            return Ok(kept.page.clone());
        }
        let page = Arc::new(self.read(cursor.clone()).await?);
        pages.retain(|_, kept| kept.is_fresh(self.interval));
        if pages.len() >= KEPT {
            pages.clear();
        }
        let at = Instant::now();
        let page_kept = page.clone();
        pages.insert(
            name,
            Kept {
                at,
                page: page_kept,
            },
        );
        Ok(page)
    }

    async fn read(&self, cursor: Cursor) -> Result<Batch, Ended> {
        let (models, server) = (self.models.clone(), self.server.clone());
        self.asked(move |conn| {
            Box::pin(async move {
                match batch_of(conn, models.clone(), &cursor, PAGE).await {
                    Ok(batch) => Ok(batch),
                    Err(Error::TooOld { .. } | Error::Foreign) => {
                        Err(Ended::TooOld(now_of(conn, models).await.ok()))
                    }
                    Err(error) => {
                        if !error.is_retryable() {
                            server.failed(&Failure::Error(&error));
                        }
                        Err(Ended::Later)
                    }
                }
            })
        })
        .await
    }

    /// Something that the database is asked, through a pool that gives answers of HTTP alone.
    async fn asked<T, F>(&self, ask: F) -> Result<T, Ended>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut dyn Session) -> crate::session::Boxed<'c, Result<T, Ended>>
            + Send
            + 'static,
    {
        let (put, found) = oneshot::channel();
        let work: Work = Box::new(move |conn| {
            Box::pin(async move {
                // Who asked may be gone.
                let _ = put.send(ask(conn).await);
                StatusCode::OK.into_response()
            })
        });
        // What is in the way of that has been told to the program.
        let _ = self.server.run(&"stream", work).await;
        found.await.unwrap_or(Err(Ended::Later))
    }
}

/// What a client sees of a page: the events of its changes.
pub(super) type Show = Arc<dyn Fn(&Batch) -> Vec<String> + Send + Sync>;

/// Begins a stream behind a cursor.
pub(super) fn stream(hub: Arc<Hub>, cursor: Cursor, show: Show) -> Result<Response, Refused> {
    if *hub.shutdown.0.borrow() || hub.streams.fetch_add(1, Ordering::AcqRel) >= hub.most {
        hub.streams.fetch_sub(1, Ordering::AcqRel);
        return Err(super::call::busy("there are too many streams").into());
    }
    let (sender, receiver) = mpsc::channel(QUEUE);
    let _running = tokio::spawn(async move {
        let mut shutdown = hub.shutdown.0.subscribe();
        tokio::select! {
            () = feed(&hub, cursor, &show, &sender) => {}
            _ = shutdown.wait_for(|now| *now) => {}
        }
        hub.streams.fetch_sub(1, Ordering::AcqRel);
    });
    let body = Body::new(Lines(receiver));
    let mut response = (StatusCode::OK, body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let unbuffered = HeaderName::from_static("x-accel-buffering");
    headers.insert(unbuffered, HeaderValue::from_static("no"));
    Ok(response)
}

/// Writes events until the client is gone, too slow, or its cursor of no use.
async fn feed(hub: &Hub, mut cursor: Cursor, show: &Show, to: &mpsc::Sender<Bytes>) {
    let send = async |text: String| {
        let sent = to.send_timeout(text.into(), PATIENCE).await;
        sent.is_ok()
    };
    if !send(": changes\n\n".to_owned()).await {
        return;
    }
    let mut quiet = Instant::now();
    loop {
        match hub.page(&cursor).await {
            Ok(page) => {
                if page.cursor != cursor {
                    for event in show(&page) {
                        if !send(event).await {
                            return;
                        }
                    }
                    cursor = page.cursor.clone();
                    // After all of them: who is cut off before gets them again.
                    if !send(format!("event: cursor\nid: {cursor}\ndata: {cursor}\n\n")).await {
                        return;
                    }
                    quiet = Instant::now();
                }
                if page.more {
                    continue;
                }
            }
            Err(Ended::TooOld(now)) => {
                // A client of this kind sees no status of a refusal.
                let now = now.map_or(String::new(), |now| now.to_string());
                send(format!("event: too_old\ndata: {now}\n\n")).await;
                return;
            }
            Err(Ended::Later) => {}
        }
        if quiet.elapsed() >= HEARTBEAT {
            if !send(": still here\n\n".to_owned()).await {
                return;
            }
            quiet = Instant::now();
        }
        tokio::select! {
            () = tokio::time::sleep(hub.interval) => {}
            () = to.closed() => return,
        }
    }
}

/// The body of a stream.
struct Lines(mpsc::Receiver<Bytes>);

impl HttpBody for Lines {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        let line = self.0.poll_recv(context);
        line.map(|line| line.map(|line| Ok(http_body::Frame::data(line))))
    }
}
