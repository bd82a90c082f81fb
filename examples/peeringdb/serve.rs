//! The API of the public database, as its stock client asks for it: `GET /api/<tag>`, with `since`
//! and `id`, and everything in one answer.
//!
//! The client goes by time, so it can miss what a transaction wrote that was open while it read; for
//! a reader by cursor see `overlap.rs`, or `handleref::http::Log`.

use crate::api::Result;
use crate::models::{
    Exchange, ExchangeLan, Facility, Network, NetworkExchangeLan, NetworkFacility, Organisation,
};
use crate::schema;
use crate::sync::{Conn, Mirrored};
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use diesel::QueryResult;
use handleref::time::{Instant, Unix};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;

/// What the public database has and this one has not.
const EMPTY: [&str; 6] = ["campus", "carrier", "carrierfac", "ixfac", "ixpfx", "poc"];

/// The texts of all types that can be null here. There they are empty.
const TEXTS: [&str; 13] = [
    "aka",
    "website",
    "notes",
    "address1",
    "city",
    "country",
    "clli",
    "irr_as_set",
    "info_type",
    "policy_general",
    "region_continent",
    "name",
    "descr",
];

/// What can be null there, too.
const NULLABLE: [&str; 8] = [
    "latitude",
    "longitude",
    "diverse_serving_substations",
    "info_prefixes4",
    "info_prefixes6",
    "rs_asn",
    "ipaddr4",
    "ipaddr6",
];

/// Why there is no answer, as the client reads it.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    NoSuchTag,
    NoNumber(&'static str),
    Database(String),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, detail) = match self {
            Self::NoSuchTag => (StatusCode::NOT_FOUND, "there is no such type".to_owned()),
            Self::NoNumber(name) => (StatusCode::BAD_REQUEST, format!("`{name}` is no number")),
            Self::Database(detail) => (StatusCode::INTERNAL_SERVER_ERROR, detail),
        };
        (status, Json(json!({ "meta": { "error": detail } }))).into_response()
    }
}

/// What a request asks for.
#[derive(Debug, Default, PartialEq)]
pub struct Asked {
    /// Unix seconds; 0 is the same as none.
    since: Option<f64>,
    id: Option<i64>,
}

impl Asked {
    /// # Errors
    /// [`Refusal::NoNumber`]. What is not known is not looked at, as there.
    pub fn read(query: &str) -> std::result::Result<Self, Refusal> {
        let mut asked = Self::default();
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "since" => {
                    let since = value.parse().ok().filter(|since: &f64| since.is_finite());
                    asked.since = Some(since.ok_or(Refusal::NoNumber("since"))?);
                }
                "id" => asked.id = Some(value.parse().map_err(|_| Refusal::NoNumber("id"))?),
                _ => {}
            }
        }
        asked.since = asked.since.filter(|since| *since > 0.0);
        Ok(asked)
    }
}

/// The rows of one type.
///
/// # Errors
/// [`Refusal::NoSuchTag`] and [`Refusal::Database`].
pub fn answer(conn: &mut Conn, tag: &str, asked: &Asked) -> std::result::Result<Value, Refusal> {
    let rows = match tag {
        "org" => rows::<Organisation>(conn, asked),
        "fac" => rows::<Facility>(conn, asked),
        "net" => rows::<Network>(conn, asked),
        "ix" => rows::<Exchange>(conn, asked),
        "ixlan" => rows::<ExchangeLan>(conn, asked),
        "netfac" => rows::<NetworkFacility>(conn, asked),
        "netixlan" => rows::<NetworkExchangeLan>(conn, asked),
        _ if EMPTY.contains(&tag) => Ok(Vec::new()),
        _ => return Err(Refusal::NoSuchTag),
    };
    let rows = rows.map_err(|error| Refusal::Database(error.to_string()))?;
    Ok(json!({ "data": rows, "meta": {} }))
}

fn rows<M: Mirrored + Serialize>(conn: &mut Conn, asked: &Asked) -> QueryResult<Vec<Value>> {
    let since = asked.since.map(|seconds| Unix(seconds).to_utc());
    let mut rows = Vec::new();
    for row in M::changed(conn, since)? {
        let row = serde_json::to_value(row?);
        let mut row =
            row.map_err(|error| diesel::result::Error::DeserializationError(error.into()))?;
        // Who keeps a copy must hear of deletions, and of what waits for its approval: rows that are
        // approved may refer to it.
        let shown = since.is_some() || row["status"] == "ok";
        if !shown || asked.id.is_some_and(|id| row["id"] != id) {
            continue;
        }
        if M::TAG == "net" {
            // It has no default for what the registry of numbers says.
            row["rir_status"] = json!("ok");
        }
        if let Value::Object(fields) = &mut row {
            without_nulls(fields);
        }
        rows.push(row);
    }
    rows.sort_by_key(|row| row["id"].as_i64());
    Ok(rows)
}

/// Puts what stands for null there: the empty text. Of a text that is left out the client would keep
/// what it has.
fn without_nulls(fields: &mut Map<String, Value>) {
    for (name, value) in fields.iter_mut().filter(|(_, value)| value.is_null()) {
        if TEXTS.contains(&name.as_str()) {
            *value = json!("");
        }
    }
    // Of numbers and booleans that can be null there, it takes null; of the others, of a new row, its
    // own default.
    fields.retain(|name, value| !value.is_null() || NULLABLE.contains(&name.as_str()));
}

/// What answers, from a source.
pub fn app(source: PathBuf) -> Router {
    let answered = async move |Path(tag): Path<String>, RawQuery(query): RawQuery| {
        let source = source.clone();
        let asked = Asked::read(&query.unwrap_or_default())?;
        let task = tokio::task::spawn_blocking(move || {
            let conn = schema::open(&source.to_string_lossy());
            let mut conn = conn.map_err(|error| Refusal::Database(error.to_string()))?;
            answer(&mut conn, &tag, &asked)
        });
        let answer = task
            .await
            .map_err(|error| Refusal::Database(error.to_string()))?;
        answer.map(Json)
    };
    Router::new().route("/api/{tag}", get(answered))
}

/// Serves a source until the program ends, and says where.
///
/// # Errors
/// If the address cannot be listened on.
pub fn run(source: PathBuf, address: SocketAddr) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        println!(
            "Serving http://{}/api/org and the other types",
            listener.local_addr()?
        );
        axum::serve(listener, app(source)).await?;
        Ok(())
    })
}
