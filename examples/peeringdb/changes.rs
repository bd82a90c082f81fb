//! What happens in the source: random events in the life of a database,
//! written with handleref's verbs. Each of them stamps `updated` by the
//! database's clock, and that is all that a mirror needs.

use crate::models::{
    ExchangeLan, Facility, Network, NetworkExchangeLan, NetworkFacility, Organisation,
};
use crate::random::Random;
use crate::schema::{
    exchange_lans, exchanges, facilities, network_exchange_lans, network_facilities, networks,
    organisations,
};
use crate::sync::Conn;
use diesel::prelude::*;
use diesel::result::Error::NotFound;
use handleref::Error;
use handleref::prelude::*;
use std::fmt;

/// How many rows were written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    pub inserted: usize,
    pub updated: usize,
    pub deleted: usize,
    pub restored: usize,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            inserted,
            updated,
            deleted,
            restored,
        } = self;
        write!(f, "{inserted} inserted, {updated} updated, ")?;
        write!(f, "{deleted} soft-deleted, {restored} restored")
    }
}

/// Makes `times` random changes, each in a transaction of its own.
///
/// # Errors
/// If the database refuses one of them.
pub fn make(conn: &mut Conn, random: &mut Random, times: usize) -> Result<Written, Error> {
    let mut written = Written::default();
    for _ in 0..times {
        let event = random.pick(&EVENTS).unwrap_or(rename_network);
        match conn.transaction(|conn| event(conn, random, &mut written)) {
            // No row is there that it could happen to, or it may not happen.
            Ok(()) | Err(Error::Database(NotFound) | Error::ParentDeleted { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}

type Event = fn(&mut Conn, &mut Random, &mut Written) -> Result<(), Error>;
const EVENTS: [Event; 10] = [
    rename_network,
    speed_up,
    approve,
    sell_facility,
    found_organisation,
    start_network,
    leave_facility,
    close_organisation,
    reopen_organisation,
    reconnect,
];

/// One of the keys that were loaded.
fn one_of(random: &mut Random, keys: QueryResult<Vec<i32>>) -> QueryResult<i32> {
    random.pick(&keys?).ok_or(NotFound)
}

/// One row, loaded, changed and saved.
fn rename_network(conn: &mut Conn, random: &mut Random, to: &mut Written) -> Result<(), Error> {
    let id = one_of(random, Network::undeleted().select(networks::id).load(conn))?;
    let mut net = networks::table
        .find(id)
        .select(Network::as_select())
        .first(conn)?;
    net.aka = Some(format!("Renamed {}", random.below(1_000)));
    net.notes = random.once_in(2).then(|| "A new name".to_owned());
    to.updated += usize::from(net.save(conn)? == handleref::Outcome::Written);
    Ok(())
}

/// Many rows in one statement.
fn speed_up(conn: &mut Conn, random: &mut Random, to: &mut Written) -> Result<(), Error> {
    use network_exchange_lans::{ixlan_id, speed};
    let lan = one_of(
        random,
        ExchangeLan::undeleted()
            .select(exchange_lans::id)
            .load(conn),
    )?;
    let links = NetworkExchangeLan::undeleted().filter(ixlan_id.eq(lan));
    to.updated += handleref::update(links)
        .set(speed.eq(speed + 1_000))
        .execute(conn)?;
    Ok(())
}

/// From `pending` to `ok`: a change of status that is neither a deletion nor a restore.
fn approve(conn: &mut Conn, random: &mut Random, to: &mut Written) -> Result<(), Error> {
    use networks::{id, status};
    let pending = Network::undeleted().filter(status.eq("pending"));
    let net = one_of(random, pending.select(id).load(conn))?;
    let changed = handleref::update(networks::table.find(net)).set(status.eq("ok"));
    to.updated += changed.execute(conn)?;
    Ok(())
}

/// A row moves to another parent, the youngest there is.
fn sell_facility(conn: &mut Conn, random: &mut Random, to: &mut Written) -> Result<(), Error> {
    let id = one_of(
        random,
        Facility::undeleted().select(facilities::id).load(conn),
    )?;
    let mut fac = facilities::table
        .find(id)
        .select(Facility::as_select())
        .first(conn)?;
    let orgs = Organisation::undeleted().order(organisations::id.desc());
    fac.org_id = orgs.select(organisations::id).first(conn)?;
    to.updated += usize::from(fac.save(conn)? == handleref::Outcome::Written);
    Ok(())
}

/// A parent and its child.
fn found_organisation(conn: &mut Conn, random: &mut Random, to: &mut Written) -> Result<(), Error> {
    new_organisation(conn, &format!("New Holding {}", random.below(1_000_000)))?;
    to.inserted += 2;
    Ok(())
}

/// Adds an organisation with a facility, and gives their keys. Inserts are
/// Diesel's own; the timestamps are defaults of the tables.
///
/// # Errors
/// If the database refuses one of them.
pub fn new_organisation(conn: &mut Conn, name: &str) -> QueryResult<(i32, i32)> {
    let org: i32 = diesel::insert_into(organisations::table)
        .values(organisations::name.eq(name))
        .returning(organisations::id)
        .get_result(conn)?;
    let fac = diesel::insert_into(facilities::table)
        .values((
            facilities::org_id.eq(org),
            facilities::name.eq(format!("Data Centre of {name}")),
        ))
        .returning(facilities::id)
        .get_result(conn)?;
    Ok((org, fac))
}

/// A network and a link of it, under parents that are there already.
fn start_network(conn: &mut Conn, random: &mut Random, to: &mut Written) -> Result<(), Error> {
    let org = one_of(
        random,
        Organisation::undeleted()
            .select(organisations::id)
            .load(conn),
    )?;
    let fac = one_of(
        random,
        Facility::undeleted().select(facilities::id).load(conn),
    )?;
    let asn = 4_290_000_000 + i64::from(random.below(1_000_000));
    let (its_org, its_name) = (
        networks::org_id.eq(org),
        networks::name.eq(format!("AS{asn}")),
    );
    let net: i32 = diesel::insert_into(networks::table)
        .values((its_org, its_name, networks::asn.eq(asn)))
        .returning(networks::id)
        .get_result(conn)?;
    let (its_net, its_fac) = (
        network_facilities::net_id.eq(net),
        network_facilities::fac_id.eq(fac),
    );
    diesel::insert_into(network_facilities::table)
        .values((its_net, its_fac, network_facilities::local_asn.eq(asn)))
        .execute(conn)?;
    to.inserted += 2;
    Ok(())
}

/// One row is soft-deleted.
fn leave_facility(conn: &mut Conn, random: &mut Random, to: &mut Written) -> Result<(), Error> {
    use network_facilities::{id, table};
    let link = one_of(random, NetworkFacility::undeleted().select(id).load(conn))?;
    let mut link = table
        .find(link)
        .select(NetworkFacility::as_select())
        .first(conn)?;
    link.delete(conn)?;
    to.deleted += 1;
    Ok(())
}

/// An organisation is soft-deleted with all that belongs to it, links first.
///
/// `#[handleref(cascade(..))]` does that by itself where a `deleted_at` tells
/// one deletion from another; the API's shape has none.
fn close_organisation(conn: &mut Conn, random: &mut Random, to: &mut Written) -> Result<(), Error> {
    let org = one_of(
        random,
        Organisation::undeleted()
            .select(organisations::id)
            .load(conn),
    )?;
    let own_nets = networks::table.filter(networks::org_id.eq(org));
    let own_facs = facilities::table.filter(facilities::org_id.eq(org));
    let own_ixes = exchanges::table.filter(exchanges::org_id.eq(org));
    let nets = own_nets.select(networks::id);
    let facs = own_facs.select(facilities::id);
    let ixes = own_ixes.select(exchanges::id);

    let netixlans = network_exchange_lans::table
        .filter(network_exchange_lans::net_id.eq_any(nets))
        .or_filter(network_exchange_lans::ix_id.eq_any(ixes));
    let netfacs = network_facilities::table
        .filter(network_facilities::net_id.eq_any(nets))
        .or_filter(network_facilities::fac_id.eq_any(facs));
    let ixlans = exchange_lans::table.filter(exchange_lans::ix_id.eq_any(ixes));
    to.deleted += handleref::delete(netixlans).execute(conn)?
        + handleref::delete(netfacs).execute(conn)?
        + handleref::delete(ixlans).execute(conn)?
        + handleref::delete(own_ixes).execute(conn)?
        + handleref::delete(own_nets).execute(conn)?
        + handleref::delete(own_facs).execute(conn)?
        + handleref::delete(organisations::table.find(org)).execute(conn)?;
    Ok(())
}

/// An organisation comes back with its networks and facilities, parents first.
fn reopen_organisation(
    conn: &mut Conn,
    random: &mut Random,
    to: &mut Written,
) -> Result<(), Error> {
    let id = one_of(
        random,
        Organisation::deleted().select(organisations::id).load(conn),
    )?;
    let mut org = organisations::table
        .find(id)
        .select(Organisation::as_select())
        .first(conn)?;
    org.restore(conn)?;
    let nets = networks::table.filter(networks::org_id.eq(id));
    let facs = facilities::table.filter(facilities::org_id.eq(id));
    to.restored += 1 + handleref::restore(nets).execute(conn)?;
    to.restored += handleref::restore(facs).execute(conn)?;
    Ok(())
}

/// A link comes back; refused while its network or its exchange is deleted.
fn reconnect(conn: &mut Conn, random: &mut Random, to: &mut Written) -> Result<(), Error> {
    use network_exchange_lans::{id, table};
    let link = one_of(random, NetworkExchangeLan::deleted().select(id).load(conn))?;
    let mut link = table
        .find(link)
        .select(NetworkExchangeLan::as_select())
        .first(conn)?;
    link.restore(conn)?;
    to.restored += 1;
    Ok(())
}
