//! The seven models. One struct is a row of its table and an object of the API
//! at once, because both have the same fields.
//!
//! `HandleRef` finds its columns by their names: `status` is `deleted` in a
//! soft-deleted row (any other text, such as `ok` and `pending`, is live),
//! `created` and `updated` are the timestamps that `since` looks at.
//!
//! What the API has and these structs have not is ignored when a file is read.

use crate::schema::{
    exchange_lans, exchanges, facilities, network_exchange_lans, network_facilities, networks,
    organisations,
};
use crate::sync::{Model, mirrored};
use chrono::NaiveDateTime;
use diesel::prelude::*;
use handleref::{HandleRef, Recorded};
use serde::{Deserialize, Serialize};

/// All models, parents before children: the order in which a mirror writes.
pub const PARENTS_FIRST: [Model; 7] = [
    Model::of::<Organisation>(),
    Model::of::<Facility>(),
    Model::of::<Network>(),
    Model::of::<Exchange>(),
    Model::of::<ExchangeLan>(),
    Model::of::<NetworkFacility>(),
    Model::of::<NetworkExchangeLan>(),
];

mirrored! {
    Organisation => organisations,
    Facility => facilities,
    Network => networks,
    Exchange => exchanges,
    ExchangeLan => exchange_lans,
    NetworkFacility => network_facilities,
    NetworkExchangeLan => network_exchange_lans,
}

/// The same as a type, for a mirror by cursor.
pub type All = (
    Organisation,
    Facility,
    Network,
    Exchange,
    ExchangeLan,
    NetworkFacility,
    NetworkExchangeLan,
);

/// What records every change of a source, so that a cursor can be asked.
pub fn recorded() -> handleref::schema::Schema {
    handleref::schema![
        Organisation,
        Facility,
        Network,
        Exchange,
        ExchangeLan,
        NetworkFacility,
        NetworkExchangeLan,
    ]
}

/// A company or association: what all else belongs to.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Deserialize,
    Queryable,
    Selectable,
    Identifiable,
    Insertable,
    AsChangeset,
    HandleRef,
    Recorded,
)]
#[diesel(table_name = organisations, treat_none_as_null = true, treat_none_as_default_value = false)]
#[handleref(tag = "org")]
pub struct Organisation {
    pub id: i32,
    pub name: String,
    pub aka: Option<String>,
    pub website: Option<String>,
    pub notes: Option<String>,
    pub address1: Option<String>,
    pub city: Option<String>,
    pub country: Option<String>,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    #[handleref(status)]
    pub status: String,
    #[serde(with = "crate::stamp")]
    pub created: NaiveDateTime,
    #[serde(with = "crate::stamp")]
    pub updated: NaiveDateTime,
}

/// A building where networks meet.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Deserialize,
    Queryable,
    Selectable,
    Identifiable,
    Insertable,
    AsChangeset,
    HandleRef,
    Recorded,
)]
#[diesel(table_name = facilities, treat_none_as_null = true, treat_none_as_default_value = false)]
#[handleref(tag = "fac", parent(Organisation, foreign_key = org_id))]
pub struct Facility {
    pub id: i32,
    pub org_id: i32,
    pub name: String,
    pub aka: Option<String>,
    pub website: Option<String>,
    pub notes: Option<String>,
    pub address1: Option<String>,
    pub city: Option<String>,
    pub country: Option<String>,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    pub clli: Option<String>,
    pub diverse_serving_substations: Option<bool>,
    #[handleref(status)]
    pub status: String,
    #[serde(with = "crate::stamp")]
    pub created: NaiveDateTime,
    #[serde(with = "crate::stamp")]
    pub updated: NaiveDateTime,
}

/// A network with its autonomous system number.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Deserialize,
    Queryable,
    Selectable,
    Identifiable,
    Insertable,
    AsChangeset,
    HandleRef,
    Recorded,
)]
#[diesel(table_name = networks, treat_none_as_null = true, treat_none_as_default_value = false)]
#[handleref(tag = "net", parent(Organisation, foreign_key = org_id))]
pub struct Network {
    pub id: i32,
    pub org_id: i32,
    pub name: String,
    pub aka: Option<String>,
    pub website: Option<String>,
    pub asn: i64,
    pub irr_as_set: Option<String>,
    pub info_type: Option<String>,
    pub info_prefixes4: Option<i32>,
    pub info_prefixes6: Option<i32>,
    pub info_unicast: Option<bool>,
    pub info_ipv6: Option<bool>,
    pub policy_general: Option<String>,
    pub notes: Option<String>,
    #[handleref(status)]
    pub status: String,
    #[serde(with = "crate::stamp")]
    pub created: NaiveDateTime,
    #[serde(with = "crate::stamp")]
    pub updated: NaiveDateTime,
}

/// An internet exchange.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Deserialize,
    Queryable,
    Selectable,
    Identifiable,
    Insertable,
    AsChangeset,
    HandleRef,
    Recorded,
)]
#[diesel(table_name = exchanges, treat_none_as_null = true, treat_none_as_default_value = false)]
#[handleref(tag = "ix", parent(Organisation, foreign_key = org_id))]
pub struct Exchange {
    pub id: i32,
    pub org_id: i32,
    pub name: String,
    pub aka: Option<String>,
    pub city: Option<String>,
    pub country: Option<String>,
    pub region_continent: Option<String>,
    pub website: Option<String>,
    pub proto_unicast: Option<bool>,
    pub proto_ipv6: Option<bool>,
    pub notes: Option<String>,
    #[handleref(status)]
    pub status: String,
    #[serde(with = "crate::stamp")]
    pub created: NaiveDateTime,
    #[serde(with = "crate::stamp")]
    pub updated: NaiveDateTime,
}

/// The peering LAN of an exchange.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Deserialize,
    Queryable,
    Selectable,
    Identifiable,
    Insertable,
    AsChangeset,
    HandleRef,
    Recorded,
)]
#[diesel(table_name = exchange_lans, treat_none_as_null = true, treat_none_as_default_value = false)]
#[handleref(tag = "ixlan", parent(Exchange, foreign_key = ix_id))]
pub struct ExchangeLan {
    pub id: i32,
    pub ix_id: i32,
    pub name: Option<String>,
    pub descr: Option<String>,
    pub mtu: Option<i32>,
    pub dot1q_support: Option<bool>,
    pub rs_asn: Option<i64>,
    #[handleref(status)]
    pub status: String,
    #[serde(with = "crate::stamp")]
    pub created: NaiveDateTime,
    #[serde(with = "crate::stamp")]
    pub updated: NaiveDateTime,
}

/// A network is present in a facility.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Deserialize,
    Queryable,
    Selectable,
    Identifiable,
    Insertable,
    AsChangeset,
    HandleRef,
    Recorded,
)]
#[diesel(table_name = network_facilities, treat_none_as_null = true, treat_none_as_default_value = false)]
#[handleref(tag = "netfac", parent(Network, foreign_key = net_id), parent(Facility, foreign_key = fac_id))]
pub struct NetworkFacility {
    pub id: i32,
    pub net_id: i32,
    pub fac_id: i32,
    pub local_asn: Option<i64>,
    #[handleref(status)]
    pub status: String,
    #[serde(with = "crate::stamp")]
    pub created: NaiveDateTime,
    #[serde(with = "crate::stamp")]
    pub updated: NaiveDateTime,
}

/// A network is connected to the LAN of an exchange.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Deserialize,
    Queryable,
    Selectable,
    Identifiable,
    Insertable,
    AsChangeset,
    HandleRef,
    Recorded,
)]
#[diesel(table_name = network_exchange_lans, treat_none_as_null = true, treat_none_as_default_value = false)]
#[handleref(tag = "netixlan", parent(Network, foreign_key = net_id), parent(Exchange, foreign_key = ix_id), parent(ExchangeLan, foreign_key = ixlan_id))]
pub struct NetworkExchangeLan {
    pub id: i32,
    pub net_id: i32,
    pub ix_id: i32,
    pub ixlan_id: i32,
    pub notes: Option<String>,
    pub speed: Option<i32>,
    pub asn: Option<i64>,
    pub ipaddr4: Option<String>,
    pub ipaddr6: Option<String>,
    pub is_rs_peer: Option<bool>,
    pub operational: Option<bool>,
    #[handleref(status)]
    pub status: String,
    #[serde(with = "crate::stamp")]
    pub created: NaiveDateTime,
    #[serde(with = "crate::stamp")]
    pub updated: NaiveDateTime,
}
