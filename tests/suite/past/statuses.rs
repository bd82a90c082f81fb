//! Parents that have a status and no time of deletion.

use crate::support::{Db, each_engine};
use diesel::prelude::ExpressionMethods;
use diesel::{Identifiable, QueryDsl, Queryable, Selectable, SelectableHelper};
use handleref::history::Conflict;
use handleref::prelude::*;
use handleref::{Error, Outcome};
use serde::Serialize;

diesel::table! { depots (id) { id -> Integer, status -> Text, } }
diesel::table! { crates (id) { id -> Integer, depot_id -> Integer, label -> Text, status -> Text, version -> BigInt, } }

#[derive(
    Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Identifiable, HandleRef, Recorded,
)]
#[diesel(table_name = depots)]
struct Depot {
    id: i32,
    #[handleref(status)]
    status: String,
}

#[derive(
    Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Identifiable, HandleRef, Recorded,
)]
#[diesel(table_name = crates)]
#[handleref(parent(Depot))]
struct Crate {
    id: i32,
    depot_id: i32,
    label: String,
    #[handleref(status)]
    status: String,
    version: i64,
}

fn tables(db: &Db) {
    db.create("CREATE TABLE depots (id {KEY} PRIMARY KEY, status VARCHAR(20) NOT NULL)");
    db.create(
        "CREATE TABLE crates (id {KEY} PRIMARY KEY, depot_id INTEGER NOT NULL, label {TEXT} NOT NULL, \
         status VARCHAR(20) NOT NULL)",
    );
    db.install(&handleref::schema![Depot, Crate]);
    db.create("INSERT INTO depots (id, status) VALUES (1, 'ok'), (2, 'ok')");
    db.create("INSERT INTO crates (id, depot_id, label, status) VALUES (1, 1, 'a', 'ok')");
}

each_engine! {
    /// A row does not come back, nor move, under a parent whose status says that
    /// it is deleted; under any other status it does.
    async fn under_a_deleted_parent(db: tables, conn) {
        let mut one: Crate = go!(crates::table.find(1).select(Crate::as_select()).first(conn))?;
        go!(handleref::update(crates::table.find(1)).set(crates::depot_id.eq(2)).execute(conn))?;
        go!(handleref::delete(crates::table.find(1)).execute(conn))?;
        db.create("UPDATE depots SET status = 'deleted' WHERE id = 1");
        go!(one.reload(conn))?;
        assert_eq!((one.depot_id, one.status.as_str(), one.version), (2, "deleted", 3));

        let deleted = Conflict::ParentDeleted { parent: "Depot".into(), key: "1".into() };
        let plan = go!(one.revert_plan(conn, 1))?;
        assert_eq!(plan.blockers().collect::<Vec<_>>(), [&deleted], "{plan}");
        match go!(one.revert(conn, 1)) {
            Err(Error::Revert { conflicts, .. }) => assert_eq!(conflicts, std::slice::from_ref(&deleted)),
            other => panic!("{other:?}"),
        }
        assert_eq!(one, go!(crates::table.find(1).select(Crate::as_select()).first::<Crate>(conn))?);
        // Where it was last, its parent lives.
        assert_eq!(go!(one.revert(conn, 2))?, Outcome::Written);
        assert_eq!((one.depot_id, one.status.as_str()), (2, "ok"));
        let moved = handleref::history::Revert::fields().field(crates::depot_id, 1);
        assert!(matches!(go!(one.revert(conn, moved.clone())), Err(Error::Revert { .. })));
        // Any other status is alive.
        db.create("UPDATE depots SET status = 'pending' WHERE id = 1");
        assert_eq!(go!(one.revert(conn, moved))?, Outcome::Written);
        assert_eq!(one.depot_id, 1);

        // A row that is gone, under a parent that is deleted.
        db.create("DELETE FROM crates WHERE id = 1");
        db.create("UPDATE depots SET status = 'deleted' WHERE id = 1");
        match go!(Crate::reinsert(conn, &1)) {
            Err(Error::Revert { conflicts, .. }) => assert_eq!(conflicts, [deleted]),
            other => panic!("{other:?}"),
        }
        assert_eq!(go!(crates::table.count().get_result::<i64>(conn))?, 0);
        db.create("UPDATE depots SET status = '' WHERE id = 1");
        let back = go!(Crate::reinsert(conn, &1))?;
        assert_eq!((back.depot_id, back.status.as_str()), (1, "ok"));
    }
}
