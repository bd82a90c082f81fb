//! A blog on a port of its own, and those who use it.

use crate::client::{Client, Reply, Stream};
use crate::support::Db;
use handleref::http::Shutdown;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A server; it ends with this value.
pub struct Site {
    pub client: Client,
    stop: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<()>>,
    runtime: Runtime,
    // After the server, so that nobody is connected any more when it is removed.
    _db: Db,
}

/// The roles by the names of those who have them; a password is the name twice.
const PEOPLE: [(&str, &str); 4] = [
    ("rob", "reader"),
    ("ann", "author"),
    ("bob", "author"),
    ("eve", "editor"),
];

macro_rules! sites {
    ($($engine:ident)*) => { $(
        pub fn $engine() -> Site {
            let db = Db::$engine();
            let url = db.url.clone();
            start(db, async move |shutdown| {
                let database = crate::$engine::database::Database::open(&url).await.unwrap();
                for (name, role) in PEOPLE {
                    let password = format!("{name}{name}");
                    assert!(database.add_user(name, role, &password).await.unwrap());
                }
                assert!(!database.add_user("eve", "reader", "x").await.unwrap());
                crate::$engine::server::router(database, &shutdown).unwrap()
            })
        }
    )* };
}
sites!(sqlite postgres);

fn start(db: Db, make: impl AsyncFnOnce(Shutdown) -> axum::Router) -> Site {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let shutdown = Shutdown::new();
    let router = runtime.block_on(make(shutdown.clone()));
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let client = Client(listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let served = runtime.spawn(async move {
        let stopped = async move {
            let _ = stopped.await;
            shutdown.now();
        };
        let server = axum::serve(listener, router).with_graceful_shutdown(stopped);
        server.await.unwrap();
    });
    Site {
        client,
        stop: Some(stop),
        served: Some(served),
        runtime,
        _db: db,
    }
}

impl Site {
    /// Somebody who has logged in.
    pub fn as_user(&self, name: &str) -> Person {
        let given = json!({ "name": name, "password": format!("{name}{name}") });
        let reply = self.client.json("POST", "/login", &given).is(200);
        let token = reply.json()["token"].as_str().unwrap().to_owned();
        Person {
            client: self.client,
            token: format!("Bearer {token}"),
        }
    }

    /// Stops the server as the example does, and waits until it has ended.
    pub fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        let served = self.served.take().unwrap();
        let ended = async move { tokio::time::timeout(Duration::from_secs(20), served).await };
        self.runtime.block_on(ended).expect("it ends").unwrap();
    }
}

/// A client that is logged in.
pub struct Person {
    client: Client,
    token: String,
}

impl Person {
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut all = vec![("authorization", self.token.as_str())];
        if !body.is_empty() {
            all.push(("content-type", "application/json"));
        }
        all.extend(headers);
        self.client.send(method, path, &all, body)
    }

    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "")
    }

    pub fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, &[], "")
    }

    pub fn json(&self, method: &str, path: &str, body: &Value) -> Reply {
        self.send(method, path, &[], &body.to_string())
    }

    /// A change of a version that was seen, with the reason for it.
    pub fn edit(&self, path: &str, tag: &str, why: &str, body: &Value) -> Reply {
        let headers = [("if-match", tag), ("x-change-comment", why)];
        self.send("PATCH", path, &headers, &body.to_string())
    }

    /// Writes an article, and gives its path.
    pub fn article(&self, slug: &str) -> String {
        let body = json!({ "slug": slug, "title": slug.to_uppercase() });
        let reply = self.json("POST", "/articles/", &body).is(201);
        format!("/articles/{}/", reply.json()["id"])
    }

    /// Comments on an article, and gives the path of the comment.
    pub fn comment(&self, article: i64, body: &str) -> String {
        let body = json!({ "article_id": article, "body": body });
        let reply = self.json("POST", "/comments/", &body).is(201);
        format!("/comments/{}/", reply.json()["id"])
    }

    pub fn stream(&self, last: &str) -> Stream {
        let headers = format!("authorization: {}\r\nlast-event-id: {last}\r\n", self.token);
        Stream::open(&self.client, "", &headers)
    }
}
