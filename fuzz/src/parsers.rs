//! What has to be true of every parser of texts that a stranger may have written,
//! whatever the text is: it comes back as it was, or it is refused. Fuzzed by
//! `fuzz/fuzz_targets`; `tests/corpus.rs` replays what is kept. An assertion that
//! fails is the finding.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use handleref::changeset::ObjectRef;
use handleref::changeset::{Actor, ChangesetLayer, ChangesetMeta};
use handleref::history::FieldType;
use handleref::model::Key;
use handleref::{Cursor, Handle, Recorded};
use http::{HeaderValue, Request};
use serde::Serialize;
use serde_json::Value;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use tower_layer::Layer as _;
use tower_service::Service;

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// A cursor is the one text that handleref writes for it.
pub fn cursor(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let signed = signed(text);
    for text in [text, &signed] {
        if let Ok(cursor) = text.parse::<Cursor>() {
            assert_eq!(cursor.to_string(), text);
            assert_eq!(through_json(&cursor), Some(cursor));
        }
    }
}

/// With the check that a cursor has, which is no secret.
fn signed(text: &str) -> String {
    let check = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    format!("{text}.{check:08x}")
}

/// A handle has one way to be written, and others to be read.
pub fn handle(data: &[u8]) {
    let Some(text) = text(data) else { return };
    match text.parse::<Handle>() {
        Ok(handle) => assert_eq!(handle.to_string().parse(), Ok(handle)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Keys of all kinds.
pub fn keys(data: &[u8]) {
    let Some(text) = text(data) else { return };
    key::<i16>(text);
    key::<i32>(text);
    key::<i64>(text);
    key::<String>(text);
    key::<Vec<u8>>(text);
    key::<uuid::Uuid>(text);
    key::<Option<i32>>(text);
    key::<(i32, String)>(text);
    key::<(String, String)>(text);
    key::<(String, i64, String, Vec<u8>)>(text);
}

fn key<K: Key + PartialEq + std::fmt::Debug>(text: &str) {
    if let Some(key) = K::parse(text) {
        assert_eq!(K::parse(&key.text()), Some(key));
    }
}

diesel::table! {
    everything (id) {
        id -> Integer,
        small -> SmallInt,
        big -> Nullable<BigInt>,
        float -> Double,
        flag -> Nullable<Bool>,
        title -> Text,
        bytes -> Binary,
        at -> Nullable<Timestamp>,
        day -> Date,
        hour -> Time,
    }
}

/// A field of each type that is read from text.
#[derive(Debug, Clone, Serialize, diesel::Queryable, Recorded)]
#[diesel(table_name = everything)]
pub struct Everything {
    id: i32,
    small: i16,
    big: Option<i64>,
    float: f64,
    flag: Option<bool>,
    title: String,
    bytes: Vec<u8>,
    at: Option<NaiveDateTime>,
    day: NaiveDate,
    hour: NaiveTime,
}

const FIELDS: [&str; 10] = [
    "id", "small", "big", "float", "flag", "title", "bytes", "at", "day", "hour",
];

/// What a person says that a field is to be, where an undo has conflicts.
pub fn values(data: &[u8]) {
    let Some(text) = text(data) else { return };
    for field in FIELDS {
        let Ok(field) = FieldType::for_field::<Everything>(field) else {
            unreachable!("FIELDS are the fields of the struct: `{field}`");
        };
        match field.clean_value(Some(text)) {
            Ok(value) => {
                // What is shown to him can be said by him; bytes as digits.
                let shown = match &value {
                    Value::String(text) => text.clone(),
                    Value::Array(bytes) => {
                        let bytes = bytes.iter().filter_map(Value::as_u64);
                        bytes.map(|byte| format!("{byte:02x}")).collect()
                    }
                    other => other.to_string(),
                };
                let again = field.clean_value(Some(&shown)).ok();
                assert_eq!(again, Some(value), "{}", field.field);
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

/// What comes as JSON: a diff, a reference, a cursor, an operation.
pub fn json(data: &[u8]) {
    json_of::<handleref::feed::Diff>(data);
    json_of::<ObjectRef>(data);
    json_of::<Cursor>(data);
    json_of::<handleref::Operation>(data);
    if let Ok(object) = serde_json::from_slice::<ObjectRef>(data) {
        match object.to::<Everything>() {
            Ok(of) => assert_eq!(i32::parse(&object.key), Some(of.key)),
            Err(error) => assert!(error.to_string().contains("no reference")),
        }
    }
}

fn json_of<T>(data: &[u8])
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    if let Ok(read) = serde_json::from_slice::<T>(data) {
        assert_eq!(through_json(&read), Some(read));
    }
}

/// Written, and read back; nothing if either fails.
fn through_json<T: Serialize + serde::de::DeserializeOwned>(value: &T) -> Option<T> {
    let written = serde_json::to_vec(value).ok()?;
    serde_json::from_slice(&written).ok()
}

/// An entry of the feed in Redis.
pub fn entry(data: &[u8]) {
    use handleref::__private::parsers::read_entry;
    if let Some(again) = read_entry(data) {
        assert_eq!(read_entry(again.as_bytes()).as_deref(), Some(&*again));
    }
}

/// Hands a request on as it is.
struct Echo;

impl Service<Request<()>> for Echo {
    type Response = Request<()>;
    type Error = Infallible;
    type Future = Ready<Result<Request<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        ready(Ok(request))
    }
}

/// Headers of a request: whatever they are, what is made of them can be stored.
pub fn headers(data: &[u8]) {
    let Ok(header) = HeaderValue::from_bytes(data) else {
        return;
    };
    let mut request = Request::new(());
    request.headers_mut().insert("x-request-id", header.clone());
    request.headers_mut().insert("x-comment", header);
    let mut service = ChangesetLayer::new()
        .comment_header("x-comment")
        .layer(Echo);
    let Ok(request) = service.call(request).into_inner();
    let meta = request.extensions().get::<ChangesetMeta>();
    assert!(meta.is_some(), "the layer says something of every request");
    let Some(meta) = meta else { return };
    for (text, longest) in [(&meta.correlation, 191), (&meta.comment, 1_000)] {
        let Some(text) = text else { continue };
        assert!(!text.is_empty() && text.chars().count() <= longest);
        assert!(!text.contains(char::is_control), "{text:?}");
    }
}

/// What a database gives as texts, where anybody may have written: actors, times.
pub fn stored(data: &[u8]) {
    use handleref::__private::parsers::{actor, time};
    let Some(text) = text(data) else { return };
    for kind in ["text", "number", "uuid", "", text] {
        let read = actor(kind, text);
        match &read {
            Actor::Text(it) => assert_eq!(it, text),
            other => assert_eq!(actor(kind, &other.to_string()), read),
        }
    }
    let _ = time(text);
}
