//! The tables for Diesel, and how a database of either side is opened. The
//! columns are named as the fields of the API; `schema.sql` creates them.

use crate::sync::Conn;
use diesel::connection::SimpleConnection;
use diesel::{Connection, ConnectionError, ConnectionResult};

diesel::table! {
    organisations (id) {
        id -> Integer,
        name -> Text,
        aka -> Nullable<Text>,
        website -> Nullable<Text>,
        notes -> Nullable<Text>,
        address1 -> Nullable<Text>,
        city -> Nullable<Text>,
        country -> Nullable<Text>,
        latitude -> Nullable<Double>,
        longitude -> Nullable<Double>,
        status -> Text,
        created -> Timestamp,
        updated -> Timestamp,
    }
}
diesel::table! {
    facilities (id) {
        id -> Integer,
        org_id -> Integer,
        name -> Text,
        aka -> Nullable<Text>,
        website -> Nullable<Text>,
        notes -> Nullable<Text>,
        address1 -> Nullable<Text>,
        city -> Nullable<Text>,
        country -> Nullable<Text>,
        latitude -> Nullable<Double>,
        longitude -> Nullable<Double>,
        clli -> Nullable<Text>,
        diverse_serving_substations -> Nullable<Bool>,
        status -> Text,
        created -> Timestamp,
        updated -> Timestamp,
    }
}
diesel::table! {
    networks (id) {
        id -> Integer,
        org_id -> Integer,
        name -> Text,
        aka -> Nullable<Text>,
        website -> Nullable<Text>,
        asn -> BigInt,
        irr_as_set -> Nullable<Text>,
        info_type -> Nullable<Text>,
        info_prefixes4 -> Nullable<Integer>,
        info_prefixes6 -> Nullable<Integer>,
        info_unicast -> Nullable<Bool>,
        info_ipv6 -> Nullable<Bool>,
        policy_general -> Nullable<Text>,
        notes -> Nullable<Text>,
        status -> Text,
        created -> Timestamp,
        updated -> Timestamp,
    }
}
diesel::table! {
    exchanges (id) {
        id -> Integer,
        org_id -> Integer,
        name -> Text,
        aka -> Nullable<Text>,
        city -> Nullable<Text>,
        country -> Nullable<Text>,
        region_continent -> Nullable<Text>,
        website -> Nullable<Text>,
        proto_unicast -> Nullable<Bool>,
        proto_ipv6 -> Nullable<Bool>,
        notes -> Nullable<Text>,
        status -> Text,
        created -> Timestamp,
        updated -> Timestamp,
    }
}
diesel::table! {
    exchange_lans (id) {
        id -> Integer,
        ix_id -> Integer,
        name -> Nullable<Text>,
        descr -> Nullable<Text>,
        mtu -> Nullable<Integer>,
        dot1q_support -> Nullable<Bool>,
        rs_asn -> Nullable<BigInt>,
        status -> Text,
        created -> Timestamp,
        updated -> Timestamp,
    }
}
diesel::table! {
    network_facilities (id) {
        id -> Integer,
        net_id -> Integer,
        fac_id -> Integer,
        local_asn -> Nullable<BigInt>,
        status -> Text,
        created -> Timestamp,
        updated -> Timestamp,
    }
}
diesel::table! {
    network_exchange_lans (id) {
        id -> Integer,
        net_id -> Integer,
        ix_id -> Integer,
        ixlan_id -> Integer,
        notes -> Nullable<Text>,
        speed -> Nullable<Integer>,
        asn -> Nullable<BigInt>,
        ipaddr4 -> Nullable<Text>,
        ipaddr6 -> Nullable<Text>,
        is_rs_peer -> Nullable<Bool>,
        operational -> Nullable<Bool>,
        status -> Text,
        created -> Timestamp,
        updated -> Timestamp,
    }
}
diesel::allow_tables_to_appear_in_same_query!(
    organisations,
    facilities,
    networks,
    exchanges,
    exchange_lans,
    network_facilities,
    network_exchange_lans,
);

/// Opens the database in `file`, with its tables.
///
/// Foreign keys are on for both sides: that is what shows that parents arrive
/// before their children. WAL lets the source be written while a mirror reads.
pub fn open(file: &str) -> ConnectionResult<Conn> {
    let mut conn = Conn::establish(file)?;
    conn.batch_execute(
        "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;",
    )
    .map_err(ConnectionError::CouldntSetupConfiguration)?;
    conn.batch_execute(include_str!("schema.sql"))
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}
