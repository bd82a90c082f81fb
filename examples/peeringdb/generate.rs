//! Invents data in the shape of the API, of any size, the same for the same seed.
//!
//! Nothing in it exists: names of two invented words, AS numbers for private
//! use, addresses for benchmarks and documentation, hosts under `.example`.

use crate::api::Objects;
use crate::models::{
    Exchange, ExchangeLan, Facility, Network, NetworkExchangeLan, NetworkFacility, Organisation,
};
use crate::random::Random;
use chrono::{DateTime, NaiveDateTime, TimeDelta};
use handleref::SoftDelete;

const FIRST: [&str; 15] = [
    "Amberfen",
    "Brindle",
    "Cobalt",
    "Duskmere",
    "Elderby",
    "Fernwick",
    "Glimmer",
    "Harrow",
    "Ivorymere",
    "Juniper",
    "Kestrel",
    "Larkspur",
    "Mossby",
    "Nettle",
    "Ottermere",
];
const PLACE: [&str; 8] = [
    "Quillon",
    "Wisp",
    "Saltmarrow",
    "Tinderholm",
    "Vellum",
    "Thistle",
    "Greycask",
    "Owlhaven",
];
/// 2024-01-01 00:00:00 UTC.
const FIRST_DAY: NaiveDateTime = match DateTime::from_timestamp(1_704_067_200, 0) {
    Some(day) => day.naive_utc(),
    None => NaiveDateTime::MIN,
};
/// Codes that ISO 3166 leaves to its users.
const COUNTRY: [&str; 4] = ["DE", "BR", "JP", "KE"];

/// `size` organisations, as many networks, half as many facilities, a quarter
/// as many exchanges, and two links of either kind for each network. About one
/// in ten is soft-deleted, with what belongs to it, and one in ten pending.
pub fn objects(size: u16, seed: u64) -> Objects {
    let mut random = Random::new(seed);
    let size = i32::from(size.max(1));
    let org: Vec<_> = (1..=size).map(|id| organisation(id, &mut random)).collect();
    let orgs = parents(&org);
    let fac: Vec<_> = (1..=size / 2 + 3)
        .map(|id| facility(id, &orgs, &mut random))
        .collect();
    let facs = parents(&fac);
    let net: Vec<_> = (1..=size)
        .map(|id| network(id, &orgs, &mut random))
        .collect();
    let nets = parents(&net);
    let ix: Vec<_> = (1..=size / 4 + 3)
        .map(|id| exchange(id, &orgs, &mut random))
        .collect();
    let ixlan: Vec<_> = parents(&ix)
        .into_iter()
        .map(|ix| exchange_lan(ix, &mut random))
        .collect();
    let lans = parents(&ixlan);
    let mut netfac = |id| network_facility(id, &nets, &facs, &mut random);
    let netfac = (1..=size * 2).map(&mut netfac).collect();
    let mut netixlan = |id| network_exchange_lan(id, &nets, &lans, &mut random);
    let netixlan = (1..=size * 2).map(&mut netixlan).collect();
    Objects {
        org,
        fac,
        net,
        ix,
        ixlan,
        netfac,
        netixlan,
    }
}

/// The key of a row, and whether it is live.
type Parent = (i32, bool);

fn parents<M: SoftDelete<Key = i32>>(rows: &[M]) -> Vec<Parent> {
    rows.iter()
        .map(|row| (row.key(), !row.deleted_mark()))
        .collect()
}

fn organisation(id: i32, random: &mut Random) -> Organisation {
    let (status, created, updated) = lifecycle(random, true);
    Organisation {
        id,
        name: name(random, "Holding", id),
        aka: random.once_in(3).then(|| format!("ORG-{id}")),
        website: Some(format!("https://org{id}.example/")),
        notes: Some(String::new()),
        address1: random.once_in(2).then(|| format!("{id} Invented Street")),
        city: random.pick(&PLACE).map(str::to_owned),
        country: random.pick(&COUNTRY).map(str::to_owned),
        latitude: degrees(random),
        longitude: degrees(random),
        status,
        created,
        updated,
    }
}

fn facility(id: i32, orgs: &[Parent], random: &mut Random) -> Facility {
    let (org_id, live) = parent(random, orgs);
    let (status, created, updated) = lifecycle(random, live);
    Facility {
        id,
        org_id,
        name: name(random, "Data Centre", id),
        aka: random.once_in(3).then(|| format!("DC{id}")),
        website: Some(format!("https://fac{id}.example/")),
        notes: None,
        address1: random.once_in(2).then(|| format!("{id} Imaginary Road")),
        city: random.pick(&PLACE).map(str::to_owned),
        country: random.pick(&COUNTRY).map(str::to_owned),
        latitude: degrees(random),
        longitude: degrees(random),
        clli: random.once_in(2).then(|| format!("X{id:05}")),
        diverse_serving_substations: random.pick(&[None, Some(false), Some(true)]).flatten(),
        status,
        created,
        updated,
    }
}

fn network(id: i32, orgs: &[Parent], random: &mut Random) -> Network {
    let (org_id, live) = parent(random, orgs);
    let (status, created, updated) = lifecycle(random, live);
    Network {
        id,
        org_id,
        name: name(random, "Networks", id),
        aka: random.once_in(3).then(|| format!("NET-{id}")),
        website: Some(format!("https://net{id}.example/")),
        asn: asn(id),
        irr_as_set: random.once_in(2).then(|| format!("AS-INVENTED-{id}")),
        info_type: random
            .pick(&["NSP", "Content", "Cable/DSL/ISP", "Enterprise"])
            .map(str::to_owned),
        info_prefixes4: random.pick(&[1, 20, 300, 4_000]),
        info_prefixes6: random.pick(&[1, 10, 100]),
        info_unicast: Some(true),
        info_ipv6: Some(random.once_in(2)),
        policy_general: random
            .pick(&["Open", "Selective", "Restrictive"])
            .map(str::to_owned),
        notes: None,
        status,
        created,
        updated,
    }
}

fn exchange(id: i32, orgs: &[Parent], random: &mut Random) -> Exchange {
    let (org_id, live) = parent(random, orgs);
    let (status, created, updated) = lifecycle(random, live);
    Exchange {
        id,
        org_id,
        name: name(random, "Exchange", id),
        aka: None,
        city: random.pick(&PLACE).map(str::to_owned),
        country: random.pick(&COUNTRY).map(str::to_owned),
        region_continent: Some("Europe".to_owned()),
        website: Some(format!("https://ix{id}.example/")),
        proto_unicast: Some(true),
        proto_ipv6: Some(random.once_in(2)),
        notes: Some(String::new()),
        status,
        created,
        updated,
    }
}

/// Every exchange has one LAN, of the same key.
fn exchange_lan((id, live): Parent, random: &mut Random) -> ExchangeLan {
    let (status, created, updated) = lifecycle(random, live);
    ExchangeLan {
        id,
        ix_id: id,
        name: Some(String::new()),
        descr: None,
        mtu: random.pick(&[1500, 9000]),
        dot1q_support: Some(false),
        rs_asn: random.once_in(2).then(|| asn(50_000 + id)),
        status,
        created,
        updated,
    }
}

fn network_facility(
    id: i32,
    nets: &[Parent],
    facs: &[Parent],
    random: &mut Random,
) -> NetworkFacility {
    let ((net_id, net), (fac_id, fac)) = (parent(random, nets), parent(random, facs));
    let (status, created, updated) = lifecycle(random, net && fac);
    NetworkFacility {
        id,
        net_id,
        fac_id,
        local_asn: Some(asn(net_id)),
        status,
        created,
        updated,
    }
}

fn network_exchange_lan(
    id: i32,
    nets: &[Parent],
    lans: &[Parent],
    random: &mut Random,
) -> NetworkExchangeLan {
    let ((net_id, net), (ixlan_id, lan)) = (parent(random, nets), parent(random, lans));
    let (status, created, updated) = lifecycle(random, net && lan);
    NetworkExchangeLan {
        id,
        net_id,
        ix_id: ixlan_id,
        ixlan_id,
        notes: None,
        speed: random.pick(&[1_000, 10_000, 100_000]),
        asn: Some(asn(net_id)),
        ipaddr4: Some(format!(
            "198.{}.{}.{}",
            18 + id / 65_536,
            id / 256 % 256,
            id % 256
        )),
        ipaddr6: Some(format!("2001:db8:{ixlan_id:x}::{id:x}")),
        is_rs_peer: Some(random.once_in(2)),
        operational: Some(!random.once_in(10)),
        status,
        created,
        updated,
    }
}

/// A status (deleted, if the parents are) and the two timestamps, of the past.
fn lifecycle(random: &mut Random, parents_live: bool) -> (String, NaiveDateTime, NaiveDateTime) {
    let status = match random.below(10) {
        _ if !parents_live => "deleted",
        0 => "deleted",
        1 => "pending",
        _ => "ok",
    };
    let created = FIRST_DAY + micros(random);
    let updated = if random.once_in(4) {
        created
    } else {
        created + micros(random)
    };
    (status.to_owned(), created, updated)
}

/// Anything up to about half a year, at times in whole seconds.
fn micros(random: &mut Random) -> TimeDelta {
    let seconds = TimeDelta::seconds(random.below(15_000_000).into());
    let fraction = if random.once_in(8) {
        0
    } else {
        random.below(1_000_000)
    };
    seconds + TimeDelta::microseconds(fraction.into())
}

/// One of the parents; there is always one.
fn parent(random: &mut Random, parents: &[Parent]) -> Parent {
    random.pick(parents).unwrap_or((1, true))
}

fn name(random: &mut Random, what: &str, id: i32) -> String {
    format!("{} {what} {id}", random.pick(&FIRST).unwrap_or_default())
}

/// A number for private use, by RFC 6996.
fn asn(of: i32) -> i64 {
    4_200_000_000 + i64::from(of)
}

fn degrees(random: &mut Random) -> Option<f64> {
    (!random.once_in(4)).then(|| (f64::from(random.below(180_000_000)) - 90e6) / 1e6)
}
