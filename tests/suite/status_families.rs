//! Families of models that have only a status, the shape of the seed:
//! `updated` is what marks a deletion.

use crate::support::ddl::status_families;
use crate::support::each_engine;
use chrono::NaiveDateTime;
use diesel::prelude::{BoolExpressionMethods, ExpressionMethods};
use diesel::{Identifiable, QueryDsl, Queryable, Selectable, SelectableHelper};
use handleref::prelude::*;
use handleref::{Error, Outcome};

diesel::table! {
    carriers (id) {
        id -> Integer,
        name -> Text,
        status -> Nullable<Text>,
        created -> Timestamp,
        updated -> Timestamp,
    }
}
diesel::table! {
    nets (id) {
        id -> Integer,
        carrier_id -> Integer,
        status -> Nullable<Text>,
        created -> Timestamp,
        updated -> Timestamp,
    }
}
diesel::table! {
    links (id) {
        id -> Integer,
        net_id -> Integer,
        peer_id -> Nullable<Integer>,
        status -> Nullable<Text>,
        created -> Timestamp,
        updated -> Timestamp,
    }
}
diesel::table! {
    hubs (id) {
        id -> Integer,
        version -> BigInt,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    ports (id) {
        id -> Integer,
        hub_id -> Integer,
        status -> Nullable<Text>,
        updated -> Timestamp,
    }
}
diesel::table! {
    cables (id) {
        id -> Integer,
        port_id -> Integer,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    areas (id) {
        id -> Integer,
        parent_id -> Nullable<Integer>,
        name -> Text,
        status -> Nullable<Text>,
        updated -> Timestamp,
    }
}

/// The root of a family of the seed's shape.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = carriers)]
#[handleref(cascade(Net))]
pub struct Carrier {
    pub id: i32,
    pub name: String,
    #[handleref(status)]
    pub status: Option<String>,
    pub created: NaiveDateTime,
    pub updated: NaiveDateTime,
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = nets)]
#[handleref(cascade(Link), parent(Carrier))]
pub struct Net {
    pub id: i32,
    pub carrier_id: i32,
    #[handleref(status)]
    pub status: Option<String>,
    pub created: NaiveDateTime,
    pub updated: NaiveDateTime,
}

/// Its leaves, with a second parent that does not cascade to them.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = links)]
#[handleref(parent(Net), parent(Hub, foreign_key = peer_id))]
pub struct Link {
    pub id: i32,
    pub net_id: i32,
    pub peer_id: Option<i32>,
    #[handleref(status)]
    pub status: Option<String>,
    pub created: NaiveDateTime,
    pub updated: NaiveDateTime,
}

/// `deleted_at`, over a status alone, over `deleted_at`.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = hubs)]
#[handleref(cascade(Port))]
pub struct Hub {
    pub id: i32,
    pub version: i64,
    pub updated_at: NaiveDateTime,
    pub deleted_at: Option<NaiveDateTime>,
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = ports)]
#[handleref(cascade(Cable), parent(Hub))]
pub struct Port {
    pub id: i32,
    pub hub_id: i32,
    #[handleref(status)]
    pub status: Option<String>,
    pub updated: NaiveDateTime,
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = cables)]
#[handleref(parent(Port))]
pub struct Cable {
    pub id: i32,
    pub port_id: i32,
    pub deleted_at: Option<NaiveDateTime>,
}

/// A tree in one table.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = areas)]
#[handleref(cascade(Area), parent(Area, foreign_key = parent_id))]
pub struct Area {
    pub id: i32,
    pub parent_id: Option<i32>,
    pub name: String,
    #[handleref(status)]
    pub status: Option<String>,
    pub updated: NaiveDateTime,
}

/// Two carriers, two nets each, two links each: keys are parent * 10 + n.
macro_rules! grow {
    ($conn:expr) => {{
        for carrier in 1..=2 {
            go!(diesel::insert_into(carriers::table)
                .values((carriers::id.eq(carrier), carriers::name.eq("c")))
                .execute($conn))?;
            for net in [carrier * 10 + 1, carrier * 10 + 2] {
                go!(diesel::insert_into(nets::table)
                    .values((nets::id.eq(net), nets::carrier_id.eq(carrier)))
                    .execute($conn))?;
                for link in [net * 10 + 1, net * 10 + 2] {
                    go!(diesel::insert_into(links::table)
                        .values((links::id.eq(link), links::net_id.eq(net)))
                        .execute($conn))?;
                }
            }
        }
    }};
}

macro_rules! live {
    ($conn:expr) => {{
        let carriers: Vec<i32> = go!(Carrier::undeleted()
            .select(carriers::id)
            .order(carriers::id)
            .load($conn))?;
        let nets: Vec<i32> = go!(Net::undeleted()
            .select(nets::id)
            .order(nets::id)
            .load($conn))?;
        let links: Vec<i32> = go!(Link::undeleted()
            .select(links::id)
            .order(links::id)
            .load($conn))?;
        (carriers, nets, links)
    }};
}

macro_rules! get {
    ($conn:expr, $table:ident $model:ident $id:expr) => {
        go!($table::table
            .find($id)
            .select($model::as_select())
            .first::<$model>($conn))?
    };
}

fn tick() {
    std::thread::sleep(std::time::Duration::from_millis(3));
}

each_engine! {
    /// All rows of a deletion have one `updated`; what was deleted before keeps its own.
    async fn delete_follows_the_children(db: status_families, conn) {
        grow!(conn);
        let mut before = get!(conn, links Link 112);
        go!(before.delete(conn))?;
        tick();
        let mut root = get!(conn, carriers Carrier 1);
        assert_eq!(go!(root.delete(conn))?, Outcome::Written);
        assert_eq!(live!(conn), (vec![2], vec![21, 22], vec![211, 212, 221, 222]));
        assert_eq!(root, get!(conn, carriers Carrier 1));
        assert_eq!(root.status.as_deref(), Some("deleted"));
        assert_eq!(get!(conn, links Link 112), before);
        assert!(before.updated < root.updated);
        assert_eq!(get!(conn, nets Net 12).updated, root.updated);
        assert_eq!(get!(conn, links Link 111).updated, root.updated);
        assert_eq!(go!(root.delete(conn))?, Outcome::Unchanged);
        assert_eq!(get!(conn, carriers Carrier 1), root);
        tick();
        assert_eq!(go!(root.restore(conn))?, Outcome::Written);
        assert_eq!(live!(conn), (vec![1, 2], vec![11, 12, 21, 22], vec![111, 121, 122, 211, 212, 221, 222]));
        assert_eq!(get!(conn, links Link 112), before);
        assert_eq!(get!(conn, links Link 111).status.as_deref(), Some("ok"));
        assert_eq!(go!(root.restore(conn))?, Outcome::Unchanged);
    }

    /// Exactly those come back, even if something else was deleted, or changed
    /// while it was deleted, a moment before or after.
    async fn restore_brings_back_what_was_removed(db: status_families, conn) {
        grow!(conn);
        // All within the resolution of the clock, where it has one.
        go!(get!(conn, links Link 112).delete(conn))?;
        go!(get!(conn, nets Net 12).delete(conn))?;
        let mut root = get!(conn, carriers Carrier 1);
        go!(root.delete(conn))?;
        go!(handleref::update(links::table.find(112)).set(links::net_id.eq(11)).execute(conn))?;
        assert_eq!(live!(conn), (vec![2], vec![21, 22], vec![211, 212, 221, 222]));
        assert_eq!(go!(root.restore(conn))?, Outcome::Written);
        assert_eq!(live!(conn), (vec![1, 2], vec![11, 21, 22], vec![111, 211, 212, 221, 222]));
        go!(get!(conn, nets Net 12).restore(conn))?;
        assert_eq!(live!(conn), (vec![1, 2], vec![11, 12, 21, 22], vec![111, 121, 122, 211, 212, 221, 222]));
        // A live row of the same moment is no row of the deletion.
        go!(handleref::delete(Carrier::undeleted().filter(carriers::id.eq(1))).execute(conn))?;
        let moment = get!(conn, carriers Carrier 1).updated;
        go!(diesel::update(carriers::table.find(2)).set(carriers::updated.eq(moment)).execute(conn))?;
        go!(handleref::delete(carriers::table).execute(conn))?;
        assert_ne!(get!(conn, carriers Carrier 2).updated, moment);
        assert_eq!(go!(handleref::restore(carriers::table).execute(conn))?, 2);
        assert_eq!(live!(conn), (vec![1, 2], vec![11, 12, 21, 22], vec![111, 121, 122, 211, 212, 221, 222]));
    }

    /// A row that is changed while it is deleted stays deleted, and so do the
    /// children of one.
    async fn changed_while_deleted(db: status_families, conn) {
        grow!(conn);
        let mut root = get!(conn, carriers Carrier 1);
        go!(root.delete(conn))?;
        tick();
        go!(handleref::update(links::table.find(111)).set(links::peer_id.eq(7)).execute(conn))?;
        go!(handleref::update(nets::table.find(12)).set(nets::carrier_id.eq(nets::carrier_id)).execute(conn))?;
        go!(root.restore(conn))?;
        assert_eq!(live!(conn), (vec![1, 2], vec![11, 21, 22], vec![112, 211, 212, 221, 222]));
        assert_eq!(go!(handleref::restore(nets::table.find(12)).execute(conn))?, 1);
        assert_eq!(go!(handleref::restore(Link::deleted()).execute(conn))?, 3);
        assert_eq!(live!(conn).2.len(), 8);
    }

    /// A child under a deleted parent stays deleted, or brings it along.
    async fn a_child_under_a_deleted_parent(db: status_families, conn) {
        grow!(conn);
        go!(get!(conn, carriers Carrier 1).delete(conn))?;
        let mut child = get!(conn, links Link 111);
        let before = child.clone();
        match go!(child.restore(conn)) {
            Err(Error::ParentDeleted { model: "Link", parent: "Net", parent_key }) => assert_eq!(parent_key, "11"),
            other => panic!("{other:?}"),
        }
        assert_eq!(get!(conn, links Link 111), before);
        assert_eq!(go!(child.restore_with_parents(conn))?, Outcome::Written);
        assert_eq!(live!(conn), (vec![1, 2], vec![11, 21, 22], vec![111, 211, 212, 221, 222]));
        // A net comes back alone with its own links, under the live carrier.
        assert_eq!(go!(handleref::restore(nets::table.find(12)).execute(conn))?, 1);
        assert_eq!(live!(conn).2, [111, 121, 122, 211, 212, 221, 222]);
    }

    /// With guards, which stamp `updated` if a statement does not raise it, and
    /// with rows whose clock was ahead.
    async fn under_guards(db: status_families, conn) {
        go!(handleref::schema![Carrier, Net, Link, Area].install(conn))?;
        grow!(conn);
        let ahead = get!(conn, links Link 121).created + chrono::TimeDelta::days(400);
        go!(diesel::update(links::table.filter(links::id.eq(121).or(links::id.eq(222)))).set(links::updated.eq(ahead)).execute(conn))?;
        assert_eq!(get!(conn, links Link 121).updated, ahead);
        go!(get!(conn, links Link 112).delete(conn))?;
        let mut root = get!(conn, carriers Carrier 1);
        go!(root.delete(conn))?;
        assert_eq!(live!(conn), (vec![2], vec![21, 22], vec![211, 212, 221, 222]));
        for id in [111, 121, 122] {
            assert_eq!(get!(conn, links Link id).updated, root.updated);
        }
        go!(root.restore(conn))?;
        assert_eq!(live!(conn), (vec![1, 2], vec![11, 12, 21, 22], vec![111, 121, 122, 211, 212, 221, 222]));
        // Those of another carrier are no obstacle.
        tick();
        go!(root.delete(conn))?;
        assert_eq!(go!(handleref::restore(carriers::table.find(1)).execute(conn))?, 1);
        assert_eq!(live!(conn).2.len(), 7);
    }

    /// Members with `deleted_at` above and below one with a status alone.
    async fn a_mixed_family(db: status_families, conn) {
        for hub in 1..=2 {
            go!(diesel::insert_into(hubs::table).values(hubs::id.eq(hub)).execute(conn))?;
            for port in [hub * 10 + 1, hub * 10 + 2] {
                go!(diesel::insert_into(ports::table).values((ports::id.eq(port), ports::hub_id.eq(hub))).execute(conn))?;
                for cable in [port * 10 + 1, port * 10 + 2] {
                    go!(diesel::insert_into(cables::table).values((cables::id.eq(cable), cables::port_id.eq(port))).execute(conn))?;
                }
            }
        }
        macro_rules! live {
            () => {{
                let ports: Vec<i32> = go!(Port::undeleted().select(ports::id).order(ports::id).load(conn))?;
                let cables: Vec<i32> = go!(Cable::undeleted().select(cables::id).order(cables::id).load(conn))?;
                (ports, cables)
            }};
        }
        go!(get!(conn, cables Cable 112).delete(conn))?;
        go!(get!(conn, ports Port 12).delete(conn))?;
        let mut hub = get!(conn, hubs Hub 1);
        go!(hub.delete(conn))?;
        assert_eq!(live!(), (vec![21, 22], vec![211, 212, 221, 222]));
        assert_eq!((hub.version, hub.deleted_at), (2, Some(get!(conn, ports Port 11).updated)));
        assert_eq!(get!(conn, cables Cable 111).deleted_at, hub.deleted_at);
        assert!(matches!(go!(get!(conn, ports Port 11).restore(conn)), Err(Error::ParentDeleted { parent: "Hub", .. })));
        // The hub has its own mark, and may change.
        go!(handleref::update(hubs::table.find(1)).set(hubs::id.eq(1)).execute(conn))?;
        go!(hub.reload(conn))?;
        go!(hub.restore(conn))?;
        assert_eq!(live!(), (vec![11, 21, 22], vec![111, 211, 212, 221, 222]));
        go!(get!(conn, ports Port 12).restore(conn))?;
        assert_eq!(live!(), (vec![11, 12, 21, 22], vec![111, 121, 122, 211, 212, 221, 222]));
    }

    /// A tree in one table; the row that `resurrect` names gets values, the
    /// others come back as they were.
    async fn a_tree_in_one_table(db: status_families, conn) {
        go!(handleref::schema![Area].install(conn))?;
        // 1 > 2 > 4, 1 > 3 > 5
        for (id, parent) in [(1, None), (2, Some(1)), (3, Some(1)), (4, Some(2)), (5, Some(3))] {
            go!(diesel::insert_into(areas::table)
                .values((areas::id.eq(id), areas::parent_id.eq(parent), areas::name.eq("a")))
                .execute(conn))?;
        }
        macro_rules! live_ids {
            () => {{
                let ids: Vec<i32> = go!(Area::undeleted().select(areas::id).order(areas::id).load(conn))?;
                ids
            }};
        }
        go!(get!(conn, areas Area 3).delete(conn))?;
        let mut root = get!(conn, areas Area 1);
        go!(root.delete(conn))?;
        assert!(live_ids!().is_empty());
        assert_eq!(get!(conn, areas Area 4).updated, root.updated);
        go!(root.restore(conn))?;
        assert_eq!(live_ids!(), [1, 2, 4]);
        go!(root.delete(conn))?;
        let done = go!(handleref::resurrect(areas::table.filter(areas::id.eq(1)))
            .set(areas::name.eq("again"))
            .or_insert((areas::id.eq(1), areas::name.eq("new")))
            .execute(conn))?;
        assert_eq!(done, handleref::lifecycle::Resurrected::Restored);
        assert_eq!(live_ids!(), [1, 2, 4]);
        let names: Vec<String> = go!(areas::table.select(areas::name).order(areas::id).load(conn))?;
        assert_eq!(names, ["again", "a", "a", "a", "a"]);
        assert!(matches!(go!(get!(conn, areas Area 5).restore(conn)), Err(Error::ParentDeleted { parent: "Area", .. })));
        go!(get!(conn, areas Area 5).restore_with_parents(conn))?;
        assert_eq!(live_ids!(), [1, 2, 3, 4, 5]);
    }
}
