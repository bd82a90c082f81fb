//! `ChangesetLayer`: what handlers find out about their request.

#![allow(clippy::unwrap_used, missing_docs)]

use axum::body::{Body, to_bytes};
use axum::extract::Extension;
use axum::http::request::{Builder, Parts};
use axum::http::{HeaderValue, Request, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::{Router, routing::get};
use handleref::changeset::{Actor, ChangesetLayer, ChangesetMeta, MissingChangesetLayer};
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

type Seen = (Option<Actor>, Option<String>, Option<String>);

/// Who somebody says that he is; good enough for a test.
#[derive(Clone)]
struct User(i64);

async fn authenticate(mut request: Request<Body>, next: Next) -> Response {
    let user = request.headers().get("user");
    let user = user.and_then(|value| value.to_str().ok()?.parse().ok());
    if let Some(user) = user {
        request.extensions_mut().insert(User(user));
    }
    next.run(request).await
}

fn user(request: &Parts) -> Option<Actor> {
    request.extensions.get::<User>().map(|user| user.0.into())
}

fn layer() -> ChangesetLayer {
    ChangesetLayer::new().comment_header("x-change-comment")
}

fn request(headers: &[(&str, &str)]) -> Request<()> {
    let builder = headers
        .iter()
        .fold(Request::builder(), |builder, (name, value)| {
            builder.header(*name, *value)
        });
    builder.body(()).unwrap()
}

/// What is in a request behind a layer, without axum.
fn seen(layer: &ChangesetLayer, request: Request<()>) -> Seen {
    let found = Arc::new(Mutex::new(None));
    let keep = found.clone();
    let inner = service_fn(
        move |request: Request<()>| -> Ready<Result<(), Infallible>> {
            *keep.lock().unwrap() = request.extensions().get::<ChangesetMeta>().cloned();
            ready(Ok(()))
        },
    );
    let mut service = layer.layer(inner);
    drop(service.call(request));
    let meta = found.lock().unwrap().take().unwrap();
    assert_eq!((meta.metadata, meta.at), (None, None));
    (meta.actor, meta.correlation, meta.comment)
}

fn with(builder: impl FnOnce(Builder) -> Builder) -> Request<()> {
    builder(Request::builder()).body(()).unwrap()
}

fn texts(layer: &ChangesetLayer, headers: &[(&str, &str)]) -> (Option<String>, Option<String>) {
    let (_, correlation, comment) = seen(layer, request(headers));
    (correlation, comment)
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn defaults() {
    let headers = [("X-Request-ID", "r-1"), ("x-change-comment", "typo")];
    assert_eq!(texts(&ChangesetLayer::new(), &headers), (some("r-1"), None));
    assert_eq!(
        seen(&ChangesetLayer::new(), request(&[])),
        (None, None, None)
    );
    assert_eq!(texts(&layer(), &headers), (some("r-1"), some("typo")));
}

#[test]
fn other_headers_and_closures() {
    let headers = [("x-request-id", "r"), ("trace", "t"), ("why", "w")];
    let other = ChangesetLayer::new()
        .correlation_header("Trace")
        .comment_header("Why");
    assert_eq!(texts(&other, &headers), (some("t"), some("w")));

    let closures = other
        .correlation(|request| Some(format!("id {}", request.uri.path())))
        .comment(|request| Some(request.method.to_string()));
    assert_eq!(texts(&closures, &headers), (some("id /"), some("GET")));
    let back = closures.correlation_header("trace").comment_header("why");
    assert_eq!(texts(&back, &headers), (some("t"), some("w")));

    let none = ChangesetLayer::new().correlation(|_| None);
    assert_eq!(texts(&none, &headers), (None, None));
    for name in ["", "no header", "x:y", "ä", "\n"] {
        let nonsense = ChangesetLayer::new()
            .correlation_header(name)
            .comment_header(name);
        assert_eq!(texts(&nonsense, &headers), (None, None), "{name:?}");
    }
}

#[test]
fn hostile_headers() {
    let both = |value: &[u8]| {
        let value = HeaderValue::from_bytes(value).unwrap();
        let request = with(|builder| {
            builder
                .header("x-request-id", value.clone())
                .header("x-change-comment", value)
        });
        let (_, correlation, comment) = seen(&layer(), request);
        (correlation, comment)
    };
    // Latin-1, half a character, an overlong NUL, a surrogate.
    for bytes in [&b"\xfcber"[..], b"a\xe2\x82", b"\xc0\x80", b"\xed\xa0\x80"] {
        assert_eq!(both(bytes), (None, None), "{bytes:?}");
    }
    for empty in [&b""[..], b" ", b"\t \t"] {
        assert_eq!(both(empty), (None, None), "{empty:?}");
    }
    assert_eq!(both("über".as_bytes()), (some("über"), some("über")));
    assert_eq!(
        both(b"'; DROP\tTABLE"),
        (some("'; DROP TABLE"), some("'; DROP TABLE"))
    );

    let long = "ü".repeat(5000);
    assert_eq!(both(long.as_bytes()), (None, some(&"ü".repeat(1000))));
    let fits = "ü".repeat(191);
    assert_eq!(both(fits.as_bytes()), (some(&fits), some(&fits)));
    let too_long = format!("{fits}-");
    assert_eq!(both(too_long.as_bytes()), (None, some(&too_long)));

    let comment = |value: &str| texts(&layer(), &[("x-change-comment", value)]).1;
    assert_eq!(comment("UTF-8''%C3%BCber"), some("über"));
    assert_eq!(comment("UTF-8''a%00b%0D%0Ac%1B%5B2J"), some("a b  c [2J"));
    assert_eq!(comment("UTF-8''%ff"), None);
    assert_eq!(comment("100%25"), some("100%25"));

    let twice = [("x-request-id", "first"), ("x-request-id", "second")];
    assert_eq!(texts(&layer(), &twice).0, some("first"));
}

#[test]
fn closures_are_tidied_too() {
    let layer = ChangesetLayer::new()
        .actor(|_| Some("a\0".repeat(200).into()))
        .correlation(|_| Some("x".repeat(192)))
        .comment(|_| Some("\0".to_owned()));
    let (actor, correlation, comment) = seen(&layer, request(&[]));
    assert_eq!(actor, Some(Actor::from("a\0".repeat(200))));
    assert_eq!((correlation, comment), (None, None));
}

#[test]
fn the_inner_one_of_two_layers_has_the_last_word() {
    let outer = layer().actor(|_| Some(1.into()));
    let seen_by = |inner: ChangesetLayer, headers: &[(&str, &str)]| {
        let both = ServiceBuilder::new().layer(outer.clone()).layer(inner);
        let found = Arc::new(Mutex::new(None));
        let keep = found.clone();
        let mut service = both.service(service_fn(move |request: Request<()>| {
            *keep.lock().unwrap() = request.extensions().get::<ChangesetMeta>().cloned();
            ready(Ok::<_, Infallible>(()))
        }));
        drop(service.call(request(headers)));
        let meta = found.lock().unwrap().take().unwrap();
        (meta.actor, meta.correlation, meta.comment)
    };
    let headers = [("x-request-id", "r"), ("x-change-comment", "c"), ("t", "t")];
    assert_eq!(
        seen_by(ChangesetLayer::new(), &headers),
        (Some(1.into()), some("r"), some("c"))
    );
    let inner = ChangesetLayer::new()
        .actor(|_| Some("admin".into()))
        .correlation_header("t")
        .comment(|_| some("import"));
    assert_eq!(
        seen_by(inner, &headers),
        (Some("admin".into()), some("t"), some("import"))
    );
    // What it does not find stays.
    let inner = ChangesetLayer::new()
        .actor(|_| None)
        .correlation(|_| None)
        .comment_header("nothing");
    assert_eq!(
        seen_by(inner, &headers),
        (Some(1.into()), some("r"), some("c"))
    );
}

#[test]
fn a_default_header_replaces_no_id() {
    let mut request = request(&[("x-request-id", "of the client")]);
    let mut meta = ChangesetMeta::new().correlation("of the program");
    request.extensions_mut().insert(meta.clone());
    assert_eq!(
        seen(&ChangesetLayer::new(), request.clone()).1,
        meta.correlation
    );

    meta.correlation = None;
    request.extensions_mut().insert(meta.comment("kept"));
    let (_, correlation, comment) = seen(&ChangesetLayer::new(), request);
    assert_eq!(
        (correlation, comment),
        (some("of the client"), some("kept"))
    );
}

async fn body(response: Response) -> String {
    let bytes = to_bytes(response.into_body(), 10_000).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The extractor, as text.
async fn show(meta: ChangesetMeta) -> String {
    format!("{:?} {:?}", meta.actor, meta.correlation)
}

async fn get_as(app: &Router, path: &str, user: i64) -> Response {
    let request = Request::get(path)
        .header("user", user)
        .header("x-request-id", format!("r{user}"));
    let request = request.body(Body::empty()).unwrap();
    app.clone().oneshot(request).await.unwrap()
}

#[tokio::test]
async fn without_a_layer_the_extractor_says_so() {
    async fn optional(meta: Option<ChangesetMeta>) -> String {
        format!("{}", meta.is_some())
    }
    let app = Router::new()
        .route("/optional", get(optional))
        .layer(layer())
        .route("/bare", get(show))
        .route("/bare/optional", get(optional));
    let response = get_as(&app, "/bare", 1).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let text = body(response).await;
    assert!(text.contains("no `ChangesetLayer`"), "{text}");
    assert_eq!(
        text,
        body(axum::response::IntoResponse::into_response(missing().await)).await
    );

    assert_eq!(body(get_as(&app, "/optional", 1).await).await, "true");
    assert_eq!(body(get_as(&app, "/bare/optional", 1).await).await, "false");
}

/// The rejection has a type.
async fn missing() -> MissingChangesetLayer {
    use axum::extract::FromRequestParts;
    let (mut parts, ()) = request(&[]).into_parts();
    ChangesetMeta::from_request_parts(&mut parts, &())
        .await
        .unwrap_err()
}

/// A layer of a router is around those that were added before it.
#[tokio::test]
async fn authentication_is_outside() {
    let signed = || layer().actor(user);
    let right = Router::new()
        .route("/", get(show))
        .layer(signed())
        .layer(from_fn(authenticate));
    let text = body(get_as(&right, "/", 7).await).await;
    assert_eq!(text, r#"Some(Number(7)) Some("r7")"#);

    let stack = ServiceBuilder::new()
        .layer(from_fn(authenticate))
        .layer(signed());
    let right = Router::new().route("/", get(show)).layer(stack);
    assert_eq!(body(get_as(&right, "/", 7).await).await, text);

    let wrong = Router::new()
        .route("/", get(show))
        .layer(from_fn(authenticate))
        .layer(signed());
    let text = body(get_as(&wrong, "/", 7).await).await;
    assert_eq!(text, r#"None Some("r7")"#);
}

/// Handlers that wait for each other, on several threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_do_not_mix() {
    const REQUESTS: i64 = 100;
    async fn meet(
        Extension(barrier): Extension<Arc<tokio::sync::Barrier>>,
        meta: ChangesetMeta,
    ) -> String {
        barrier.wait().await;
        show(meta).await
    }
    let barrier = Arc::new(tokio::sync::Barrier::new(REQUESTS as usize));
    let app = Router::new()
        .route("/", get(meet))
        .layer(layer().actor(user))
        .layer(from_fn(authenticate))
        .layer(Extension(barrier));
    let tasks: Vec<_> = (0..REQUESTS)
        .map(|user| {
            let app = app.clone();
            tokio::spawn(async move { body(get_as(&app, "/", user).await).await })
        })
        .collect();
    for (user, task) in (0..REQUESTS).zip(tasks) {
        let expected = format!(r#"Some(Number({user})) Some("r{user}")"#);
        assert_eq!(task.await.unwrap(), expected);
    }
}
