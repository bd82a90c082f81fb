//! The client's database beside ours, column by column.

use crate::sync::Conn;
use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A type of the API.
pub struct Table {
    pub tag: &'static str,
    ours: &'static str,
    theirs: &'static str,
    /// Columns that the client does not keep.
    without: &'static [&'static str],
}

const fn table(tag: &'static str, ours: &'static str, theirs: &'static str) -> Table {
    let without = &[];
    Table {
        tag,
        ours,
        theirs,
        without,
    }
}

/// All that we have.
pub const TABLES: [Table; 7] = [
    table("org", "organisations", "peeringdb_organization"),
    table("fac", "facilities", "peeringdb_facility"),
    table("net", "networks", "peeringdb_network"),
    table("ix", "exchanges", "peeringdb_ix"),
    table("ixlan", "exchange_lans", "peeringdb_ixlan"),
    Table {
        without: &["local_asn"],
        ..table("netfac", "network_facilities", "peeringdb_network_facility")
    },
    Table {
        without: &["ix_id"],
        ..table(
            "netixlan",
            "network_exchange_lans",
            "peeringdb_network_ixlan",
        )
    },
];

/// The types that the client knows and we do not have, and their tables there.
pub const EMPTY: [(&str, &str); 6] = [
    ("campus", "peeringdb_campus"),
    ("carrier", "peeringdb_carrier"),
    ("carrierfac", "peeringdb_ix_carrier_facility"),
    ("ixfac", "peeringdb_ix_facility"),
    ("ixpfx", "peeringdb_ixlan_prefix"),
    ("poc", "peeringdb_network_contact"),
];

/// Rows by their keys, as objects.
pub type Rows = BTreeMap<i64, Value>;

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    object: String,
}

fn columns(conn: &mut Conn, table: &str) -> BTreeSet<String> {
    let names = diesel::sql_query(format!("SELECT name FROM pragma_table_info('{table}')"));
    let names = names.load::<Name>(conn).unwrap();
    names.into_iter().map(|it| it.name).collect()
}

fn rows(conn: &mut Conn, table: &str, columns: &BTreeSet<String>) -> Rows {
    let pairs: Vec<_> = columns.iter().map(|it| format!("'{it}', {it}")).collect();
    let pairs = pairs.join(", ");
    let rows = diesel::sql_query(format!(
        "SELECT id, json_object({pairs}) AS object FROM {table}"
    ));
    let rows = rows.load::<Row>(conn).unwrap().into_iter();
    rows.map(|row| (row.id, serde_json::from_str(&row.object).unwrap()))
        .collect()
}

impl Table {
    /// The rows of both sides, of the columns that both have.
    pub fn both(&self, ours: &mut Conn, theirs: &mut Conn) -> (Rows, Rows) {
        let mut both = columns(ours, self.ours);
        let there = columns(theirs, self.theirs);
        let lost: Vec<_> = both.difference(&there).cloned().collect();
        assert_eq!(lost, self.without, "{}", self.tag);
        both.retain(|column| there.contains(column));
        assert!(both.len() > 5 && both.contains("updated"), "{both:?}");
        (
            rows(ours, self.ours, &both),
            rows(theirs, self.theirs, &both),
        )
    }
}

/// How many rows a table there has.
pub fn count(theirs: &mut Conn, table: &str) -> usize {
    rows(theirs, table, &BTreeSet::from(["id".to_owned()])).len()
}

/// The columns in which a row there is not as ours.
pub fn unequal(ours: &Value, theirs: &Value) -> Vec<String> {
    let columns = ours.as_object().unwrap().iter();
    let other = columns.filter(|(name, value)| !same(name, value, &theirs[name.as_str()]));
    other
        .map(|(name, value)| format!("{name}: {value}, there {}", theirs[name.as_str()]))
        .collect()
}

fn same(column: &str, ours: &Value, theirs: &Value) -> bool {
    match (column, ours) {
        ("created" | "updated", Value::String(ours)) => {
            let read = |text: &str| NaiveDateTime::parse_from_str(text, "%F %T%.f").unwrap();
            theirs
                .as_str()
                .is_some_and(|theirs| read(ours) == read(theirs))
        }
        // Where no null can be, there is nothing instead: no text, no, or none.
        (_, Value::Null) => theirs.is_null() || theirs == "" || *theirs == 0,
        (_, Value::Number(ours)) => theirs.as_f64() == ours.as_f64(),
        _ => ours == theirs,
    }
}
