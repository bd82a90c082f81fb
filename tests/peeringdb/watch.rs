//! The example's server, watched: what it was asked and what it sent, and a place for things that
//! happen in the source while a client reads.

use crate::serve;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::runtime::Runtime;

/// A server; it ends with this value.
pub struct Server {
    pub address: SocketAddr,
    pub watch: Arc<Watch>,
    _runtime: Runtime,
}

/// When something happens: around the first answer to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    Before(&'static str),
    After(&'static str),
}

type Deed = Box<dyn FnOnce() + Send>;

#[derive(Default)]
pub struct Watch {
    asked: Mutex<Vec<String>>,
    sent: Mutex<BTreeMap<String, BTreeSet<i64>>>,
    deeds: Mutex<Vec<(When, Deed)>>,
}

impl Watch {
    /// What was asked since the last call, path and query.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    /// The keys of the rows of a type that were ever sent.
    pub fn sent(&self, tag: &str) -> BTreeSet<i64> {
        self.sent
            .lock()
            .unwrap()
            .get(tag)
            .cloned()
            .unwrap_or_default()
    }

    /// Does something at that time, once.
    pub fn at(&self, when: When, deed: impl FnOnce() + Send + 'static) {
        self.deeds.lock().unwrap().push((when, Box::new(deed)));
    }

    /// Whether all of it was done.
    pub fn all_done(&self) -> bool {
        self.deeds.lock().unwrap().is_empty()
    }

    fn pass(&self, now: impl Fn(When) -> bool) {
        let due: Vec<_> = {
            let mut deeds = self.deeds.lock().unwrap();
            deeds.extract_if(.., |(when, _)| now(*when)).collect()
        };
        due.into_iter().for_each(|(_, deed)| deed());
    }
}

async fn watched(State(watch): State<Arc<Watch>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    watch.asked.lock().unwrap().push(request.uri().to_string());
    watch.pass(|when| matches!(when, When::Before(it) if it == path));
    let (parts, body) = next.run(request).await.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    watch.pass(|when| matches!(when, When::After(it) if it == path));
    let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    let keys = answer["data"].as_array().into_iter().flatten();
    let keys = keys.map(|row| row["id"].as_i64().unwrap());
    let tag = path.trim_start_matches("/api/").to_owned();
    watch
        .sent
        .lock()
        .unwrap()
        .entry(tag)
        .or_default()
        .extend(keys);
    Response::from_parts(parts, Body::from(body))
}

/// Serves a source on a port of its own.
pub fn serve(source: PathBuf) -> Server {
    let runtime = Runtime::new().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0");
    let listener = runtime.block_on(listener).unwrap();
    let watch = Arc::new(Watch::default());
    let app = serve::app(source).layer(from_fn_with_state(watch.clone(), watched));
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move { axum::serve(listener, app).await });
    Server {
        address,
        watch,
        _runtime: runtime,
    }
}
