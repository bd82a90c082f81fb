//! What the example answers the public database's own client.

use super::*;
use crate::serve::{Asked, Refusal, answer};
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn rows(conn: &mut Conn, tag: &str, query: &str) -> Vec<Value> {
    let asked = Asked::read(query).unwrap();
    let answer = answer(conn, tag, &asked).unwrap();
    assert_eq!(answer["meta"], serde_json::json!({}));
    answer["data"].as_array().unwrap().clone()
}

fn ids(rows: &[Value]) -> Vec<i64> {
    rows.iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

#[test]
fn deleted_rows_are_told_to_those_who_say_since_when() {
    let (_pair, mut source, _) = Pair::new(&generate::objects(5, 1));
    source
        .batch_execute(
            "UPDATE networks SET status = 'ok', created = '2020-01-01 00:00:00', updated = '2020-01-01 00:00:00';
             UPDATE networks SET status = 'deleted', updated = '2021-01-01 00:00:00.5' WHERE id = 1;
             UPDATE networks SET status = 'pending', updated = '2021-01-01 00:00:01' WHERE id = 2",
        )
        .unwrap();
    let all = rows(&mut source, "net", "");
    assert!(all.iter().all(|row| row["status"] == "ok") && !ids(&all).contains(&1));
    assert_eq!(ids(&rows(&mut source, "net", "since=0")), ids(&all));
    // Strictly after, in fractions of a second.
    assert_eq!(ids(&rows(&mut source, "net", "since=1609459200")), [1, 2]);
    assert_eq!(
        ids(&rows(&mut source, "net", "since=1609459201")),
        [] as [i64; 0]
    );
    let told = rows(&mut source, "net", "since=1&depth=0");
    assert_eq!(told.len(), all.len() + 2);
    let one = rows(&mut source, "net", "since=1&id=1&depth=0");
    assert_eq!((one.len(), one[0]["status"].as_str()), (1, Some("deleted")));
    assert_eq!(one[0]["updated"], "2021-01-01T00:00:00.500000Z");
}

/// A null is one that the client takes, or an empty text; of what is left out it would keep what it has.
#[test]
fn what_is_null_is_as_the_client_has_it() {
    const TAKES: [&str; 8] = [
        "latitude",
        "longitude",
        "diverse_serving_substations",
        "info_prefixes4",
        "info_prefixes6",
        "rs_asn",
        "ipaddr4",
        "ipaddr6",
    ];
    let (_pair, mut source, _) = Pair::new(&generate::objects(5, 1));
    source
        .batch_execute("UPDATE networks SET aka = NULL, info_prefixes4 = NULL WHERE id = 1")
        .unwrap();
    let net = rows(&mut source, "net", "since=1&id=1&depth=0");
    assert_eq!(
        (&net[0]["aka"], &net[0]["info_prefixes4"]),
        (&json!(""), &Value::Null)
    );
    for tag in ["org", "fac", "net", "ix", "ixlan", "netfac", "netixlan"] {
        let rows = rows(&mut source, tag, "since=1");
        assert!(!rows.is_empty(), "{tag}");
        for row in rows {
            let nulls = row
                .as_object()
                .unwrap()
                .iter()
                .filter(|(_, value)| value.is_null());
            let nulls: Vec<&String> = nulls.map(|(name, _)| name).collect();
            assert!(
                nulls.iter().all(|name| TAKES.contains(&name.as_str())),
                "{row}"
            );
        }
    }
    for tag in ["campus", "carrier", "carrierfac", "ixfac", "ixpfx", "poc"] {
        assert!(rows(&mut source, tag, "since=1").is_empty());
    }
}

#[test]
fn what_cannot_be_answered_is_told() {
    let (_pair, mut source, _) = Pair::new(&generate::objects(1, 1));
    let nothing = answer(&mut source, "as_set", &Asked::default());
    assert_eq!(nothing, Err(Refusal::NoSuchTag));
    for query in ["since=x", "since=", "since=NaN", "id=1.5"] {
        assert!(
            matches!(Asked::read(query), Err(Refusal::NoNumber(_))),
            "{query}"
        );
    }
}

/// A client that goes by its newest time has what it was told as it is now, whatever happens.
#[test]
fn a_client_by_time_ends_with_the_same_rows() {
    let (_pair, mut source, _) = Pair::new(&generate::objects(8, 2));
    let mut random = random::Random::new(7);
    let mut copy: BTreeMap<i64, Value> = BTreeMap::new();
    let mut since = 0;
    for _ in 0..20 {
        for row in rows(&mut source, "net", &format!("since={since}")) {
            let time = chrono::DateTime::parse_from_rfc3339(row["updated"].as_str().unwrap());
            since = since.max(time.unwrap().timestamp() - 1);
            copy.insert(row["id"].as_i64().unwrap(), row);
        }
        changes::make(&mut source, &mut random, 20).unwrap();
    }
    for row in rows(&mut source, "net", &format!("since={since}")) {
        copy.insert(row["id"].as_i64().unwrap(), row);
    }
    let now = rows(&mut source, "net", "since=1");
    assert!(now.len() > 8);
    for (id, row) in &copy {
        assert_eq!(now.iter().find(|it| it["id"] == *id), Some(row));
    }
}
