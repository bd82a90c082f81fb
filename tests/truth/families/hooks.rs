//! Hooks that write: what they did stays if the operation did, and goes with it otherwise.

use crate::support::{Db, each_engine};
use chrono::NaiveDateTime;
use diesel::prelude::ExpressionMethods;
use diesel::{Identifiable, QueryDsl, Queryable, Selectable, SelectableHelper};
use handleref::lifecycle::Resurrected;
use handleref::prelude::*;
use handleref::{Error, HookError, Hooks, Outcome};

diesel::table! {
    shelves (id) {
        id -> Integer,
        name -> Text,
        plan -> Text,
        version -> BigInt,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    books (id) {
        id -> Integer,
        shelf_id -> Integer,
        plan -> Text,
        version -> BigInt,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    bins (id) {
        id -> Integer,
        parent_id -> Nullable<Integer>,
        plan -> Text,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    plans_done (id) {
        id -> Integer,
    }
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = shelves)]
#[handleref(hooks, cascade(Book))]
pub struct Shelf {
    pub id: i32,
    pub name: String,
    pub plan: String,
    pub version: i64,
    pub deleted_at: Option<NaiveDateTime>,
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = books)]
#[handleref(hooks, parent(Shelf))]
pub struct Book {
    pub id: i32,
    pub shelf_id: i32,
    pub plan: String,
    pub version: i64,
    pub deleted_at: Option<NaiveDateTime>,
}

/// A tree in one table, and no version.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = bins)]
#[handleref(hooks, cascade(Bin), parent(Bin, foreign_key = parent_id))]
pub struct Bin {
    pub id: i32,
    pub parent_id: Option<i32>,
    pub plan: String,
    pub deleted_at: Option<NaiveDateTime>,
}

/// The SQL that the rows have planned for an event: `event: SQL`.
fn planned<'a>(event: &str, plans: impl Iterator<Item = &'a str>) -> Vec<String> {
    let of_event = |plan: &str| Some(plan.strip_prefix(event)?.strip_prefix(": ")?.to_owned());
    plans.filter_map(of_event).collect()
}

macro_rules! hooks_of {
    (@sync $conn:ty, $model:ty, $($event:ident)*) => {
        impl Hooks<$conn> for $model { $(
            fn $event<'a>(rows: &'a [Self], conn: &'a mut $conn) -> Result<(), HookError> {
                for sql in planned(stringify!($event), rows.iter().map(|row| row.plan.as_str())) {
                    diesel::RunQueryDsl::execute(diesel::sql_query(sql), conn)?;
                }
                Ok(())
            }
        )* }
    };
    (@async $conn:ty, $model:ty, $($event:ident)*) => {
        impl Hooks<$conn> for $model { $(
            fn $event<'a>(rows: &'a [Self], conn: &'a mut $conn)
                -> std::pin::Pin<Box<dyn Future<Output = Result<(), HookError>> + Send + 'a>>
            {
                Box::pin(async move {
                    for sql in planned(stringify!($event), rows.iter().map(|row| row.plan.as_str())) {
                        diesel_async::RunQueryDsl::execute(diesel::sql_query(sql), conn).await?;
                    }
                    Ok(())
                })
            }
        )* }
    };
    ($mode:tt $conn:ty) => {
        hooks_of!(@$mode $conn, Shelf, before_delete after_delete before_restore after_restore);
        hooks_of!(@$mode $conn, Book, before_delete after_delete before_restore after_restore);
        hooks_of!(@$mode $conn, Bin, before_delete after_delete before_restore after_restore);
    };
}
#[cfg(feature = "sqlite")]
hooks_of!(sync diesel::SqliteConnection);
#[cfg(feature = "postgres")]
hooks_of!(sync diesel::PgConnection);
#[cfg(feature = "mysql")]
hooks_of!(sync diesel::MysqlConnection);
#[cfg(all(feature = "async", feature = "sqlite"))]
hooks_of!(async diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>);
#[cfg(all(feature = "async", feature = "postgres"))]
hooks_of!(async diesel_async::AsyncPgConnection);
#[cfg(all(feature = "async", feature = "mysql"))]
hooks_of!(async diesel_async::AsyncMysqlConnection);

/// Two shelves with two books each: 1 with 11 and 12, 2 with 21 and 22.
fn library(db: &Db) {
    db.create(
        "CREATE TABLE shelves (id {KEY} PRIMARY KEY, name {TEXT} NOT NULL, plan {TEXT} NOT NULL DEFAULT '', \
         version BIGINT NOT NULL DEFAULT 1, deleted_at {TIME})",
    );
    db.create(
        "CREATE TABLE books (id {KEY} PRIMARY KEY, shelf_id INTEGER NOT NULL, plan {TEXT} NOT NULL DEFAULT '', \
         version BIGINT NOT NULL DEFAULT 1, deleted_at {TIME})",
    );
    db.create(
        "CREATE TABLE bins (id {KEY} PRIMARY KEY, parent_id INTEGER, plan {TEXT} NOT NULL DEFAULT '', deleted_at {TIME})",
    );
    db.create("CREATE INDEX bins_of_bins ON bins (parent_id)");
    db.create("CREATE TABLE plans_done (id {KEY} PRIMARY KEY)");
    db.create("INSERT INTO shelves (id, name) VALUES (1, 'one'), (2, 'two')");
    db.create("INSERT INTO books (id, shelf_id) VALUES (11, 1), (12, 1), (21, 2), (22, 2)");
    db.create("INSERT INTO bins (id, parent_id) VALUES (1, NULL), (2, 1), (3, 2)");
}

macro_rules! plan {
    ($conn:expr, $table:ident $id:expr, $plan:expr) => {
        go!(diesel::update($table::table.find($id))
            .set($table::plan.eq($plan))
            .execute($conn))?
    };
}
macro_rules! get {
    ($conn:expr, $table:ident $model:ident $id:expr) => {
        go!($table::table
            .find($id)
            .select($model::as_select())
            .first::<$model>($conn))?
    };
}
/// The live shelves and books, and what hooks noted.
macro_rules! state {
    ($conn:expr) => {{
        let shelves: Vec<(i32, String)> = go!(Shelf::undeleted()
            .select((shelves::id, shelves::name))
            .order(shelves::id)
            .load($conn))?;
        let books: Vec<i32> = go!(Book::undeleted()
            .select(books::id)
            .order(books::id)
            .load($conn))?;
        let done: Vec<i32> = go!(plans_done::table.select(plans_done::id).load($conn))?;
        (shelves, books, done)
    }};
}

const RENAME: &str = "UPDATE shelves SET name = 'new', version = version + 1 WHERE id = 1";

each_engine! {
    /// The row was locked when the operation began, so what its own hook does
    /// to it is no conflict, before and after, to delete and to restore.
    async fn a_hook_that_changes_its_own_row(db: library, conn) {
        for event in ["before_delete", "after_delete", "before_restore", "after_restore"] {
            plan!(conn, shelves 1, format!("{event}: {RENAME}"));
            let mut shelf = get!(conn, shelves Shelf 1);
            let version = shelf.version;
            assert_eq!(go!(shelf.delete(conn))?, Outcome::Written, "{event}");
            assert_eq!(shelf.deleted_at, get!(conn, shelves Shelf 1).deleted_at);
            assert_eq!(state!(conn).1, [21, 22], "{event}");
            assert_eq!(go!(shelf.restore(conn))?, Outcome::Written, "{event}");
            assert_eq!(state!(conn).1, [11, 12, 21, 22], "{event}");
            go!(shelf.reload(conn))?;
            assert_eq!((shelf.version, shelf.name.as_str(), shelf.deleted_at), (version + 3, "new", None), "{event}");
        }
    }

    /// A version that was stale before is stale, and no hook ran.
    async fn a_stale_row_with_hooks(db: library, conn) {
        plan!(conn, shelves 1, "before_delete: INSERT INTO plans_done (id) VALUES (1)");
        let mut shelf = get!(conn, shelves Shelf 1);
        go!(handleref::update(shelves::table.find(1)).set(shelves::name.eq("x")).execute(conn))?;
        assert!(matches!(go!(shelf.delete(conn)), Err(Error::Stale { expected: 1, found: 2, .. })));
        assert_eq!(state!(conn), (vec![(1, "x".into()), (2, "two".into())], vec![11, 12, 21, 22], vec![]));
    }

    /// A hook that takes its own row away: an error, and nothing of it all
    /// stays, what other hooks wrote included.
    async fn a_hook_that_takes_its_own_row(db: library, conn) {
        plan!(conn, books 11, "before_delete: INSERT INTO plans_done (id) VALUES (1)");
        let whole = state!(conn);
        let steal = "DELETE FROM shelves WHERE id = 1";
        let hide = "UPDATE shelves SET deleted_at = '2020-01-01 00:00:00' WHERE id = 1";
        for (event, sql) in [("before_delete", steal), ("after_delete", steal), ("before_delete", hide)] {
            plan!(conn, shelves 1, format!("{event}: {sql}"));
            let mut shelf = get!(conn, shelves Shelf 1);
            let before = shelf.clone();
            let error = go!(shelf.delete(conn)).unwrap_err();
            // Not `Gone`: it is there again.
            assert!(matches!(error, Error::Interfered { model: "Shelf" }), "{event}: {error:?}");
            assert_eq!((&shelf, &get!(conn, shelves Shelf 1)), (&before, &before), "{event}");
            assert_eq!(state!(conn), whole, "{event} {sql}");
            let refused = go!(handleref::delete(shelves::table.find(1)).execute(conn));
            assert!(matches!(refused, Err(Error::Interfered { model: "Shelf" })), "{event}: {refused:?}");
            assert_eq!(state!(conn), whole, "{event} {sql}");
        }
        plan!(conn, shelves 1, format!("before_restore: {steal}"));
        let mut shelf = get!(conn, shelves Shelf 1);
        go!(shelf.delete(conn))?;
        let deleted = state!(conn);
        assert!(matches!(go!(shelf.restore(conn)), Err(Error::Interfered { .. })));
        // As a parent it comes back for a book, or nothing does.
        let refused = go!(get!(conn, books Book 11).restore_with_parents(conn));
        assert!(matches!(refused, Err(Error::Interfered { model: "Shelf" })), "{refused:?}");
        assert_eq!(state!(conn), deleted);
    }

    /// What a set is described by may change under it: its rows are known.
    async fn a_hook_that_changes_what_its_set_is_found_by(db: library, conn) {
        plan!(conn, shelves 1, format!("before_delete: {RENAME}"));
        assert_eq!(go!(handleref::delete(shelves::table.filter(shelves::name.eq("one"))).execute(conn))?, 1);
        assert_eq!(state!(conn), (vec![(2, "two".into())], vec![21, 22], vec![]));
        // Books that are moved by their hook while their shelf is deleted.
        plan!(conn, books 21, "before_delete: UPDATE books SET shelf_id = 1 WHERE id = 21");
        go!(get!(conn, shelves Shelf 2).delete(conn))?;
        assert_eq!(state!(conn).1, [] as [i32; 0]);
    }

    /// The hook of a child that changes its parent: fine for one row, which is
    /// known by its key; of a set that is not the same any more, nothing stays.
    async fn a_hook_that_changes_the_parent(db: library, conn) {
        plan!(conn, books 11, format!("before_delete: {RENAME}"));
        let whole = state!(conn);
        let refused = go!(handleref::delete(shelves::table.filter(shelves::name.eq("one"))).execute(conn));
        assert!(matches!(refused, Err(Error::Interfered { model: "Shelf" })), "{refused:?}");
        assert_eq!(state!(conn), whole);
        assert_eq!(go!(get!(conn, shelves Shelf 1).delete(conn))?, Outcome::Written);
        assert_eq!(state!(conn), (vec![(2, "two".into())], vec![21, 22], vec![]));
    }

    /// Rows that a hook adds below are part of it, and have their hooks.
    async fn a_hook_that_adds_a_child(db: library, conn) {
        plan!(conn, books 11, "before_delete: INSERT INTO books (id, shelf_id, plan) VALUES \
            (13, 1, 'before_delete: INSERT INTO plans_done (id) VALUES (13)')");
        assert_eq!(go!(get!(conn, shelves Shelf 1).delete(conn))?, Outcome::Written);
        assert_eq!(state!(conn), (vec![(2, "two".into())], vec![21, 22], vec![13]));
    }

    /// Rows that a hook adds to the parents come too late for their children.
    async fn a_hook_that_adds_a_parent(db: library, conn) {
        plan!(conn, books 11, "before_delete: INSERT INTO shelves (id, name) VALUES (3, 'one')");
        let whole = state!(conn);
        let refused = go!(handleref::delete(shelves::table.filter(shelves::name.eq("one"))).execute(conn));
        assert!(matches!(refused, Err(Error::Interfered { model: "Shelf" })), "{refused:?}");
        assert_eq!(state!(conn), whole);
        assert_eq!(go!(get!(conn, shelves Shelf 1).delete(conn))?, Outcome::Written);
        assert_eq!(state!(conn).0, [(2, "two".into()), (3, "one".into())]);
    }

    /// Inside a transaction a refusal takes back what is its own, and no more.
    async fn inside_a_transaction(db: library, conn) {
        plan!(conn, books 11, "before_delete: INSERT INTO plans_done (id) VALUES (1)");
        plan!(conn, shelves 1, "before_delete: DELETE FROM shelves WHERE id = 1");
        let ended = transaction!(conn, inner, {
            go!(diesel::sql_query("INSERT INTO plans_done (id) VALUES (7)").execute(inner))?;
            let mut shelf: Shelf = go!(shelves::table.find(1).select(Shelf::as_select()).first(inner))?;
            assert!(matches!(go!(shelf.delete(inner)), Err(Error::Interfered { .. })));
            Ok(())
        });
        ended?;
        assert_eq!(state!(conn), (vec![(1, "one".into()), (2, "two".into())], vec![11, 12, 21, 22], vec![7]));
    }

    /// Resurrect: the row that was chosen comes back, whatever its hook does to it.
    async fn resurrect(db: library, conn) {
        plan!(conn, shelves 1, format!("before_restore: {RENAME}"));
        go!(diesel::update(shelves::table).set(shelves::name.eq("same")).execute(conn))?;
        go!(handleref::delete(shelves::table.find(2)).execute(conn))?;
        go!(handleref::delete(shelves::table.find(1)).execute(conn))?;
        let done = go!(handleref::resurrect(shelves::table.filter(shelves::name.eq("same")))
            .or_insert((shelves::id.eq(3), shelves::name.eq("same")))
            .execute(conn))?;
        assert_eq!(done, Resurrected::Restored);
        assert_eq!(state!(conn), (vec![(1, "new".into())], vec![11, 12], vec![]));
    }

    /// A model without a version, a tree in one table, deeper than the servers'
    /// limits of recursion.
    async fn a_deep_tree_with_hooks(db: library, conn) {
        go!(diesel::sql_query("DELETE FROM bins").execute(conn))?;
        let bins: Vec<_> = (2..=1_500).map(|id| format!("({id}, {})", id - 1)).collect();
        db.create("INSERT INTO bins (id) VALUES (1)");
        db.create(&format!("INSERT INTO bins (id, parent_id) VALUES {}", bins.join(", ")));
        macro_rules! live { () => { go!(Bin::undeleted().count().get_result::<i64>(conn))? } }
        plan!(conn, bins 1, "before_delete: UPDATE bins SET parent_id = NULL WHERE id = 1");
        plan!(conn, bins 1_500, "after_restore: INSERT INTO plans_done (id) VALUES (1500)");
        let mut root = get!(conn, bins Bin 1);
        assert_eq!(go!(root.delete(conn))?, Outcome::Written);
        assert_eq!(live!(), 0);
        assert_eq!(go!(root.restore(conn))?, Outcome::Written);
        assert_eq!(live!(), 1_500);
        assert_eq!(state!(conn).2, [1_500]);
        plan!(conn, bins 1, "before_delete: DELETE FROM bins WHERE id = 1");
        assert!(matches!(go!(get!(conn, bins Bin 1).delete(conn)), Err(Error::Interfered { .. })));
        assert_eq!(live!(), 1_500);
    }
}

/// A child that is restored after the snapshot of the transaction that deletes
/// its parent: the hooks get it too, or it is a conflict.
macro_rules! restored_meanwhile {
    ($name:ident, $conn:ty) => {
        #[test]
        fn $name() -> crate::support::Done {
            use super::super::concurrent::{LEVELS, is_conflict, isolate, refuses};
            use crate::support::Engine;
            use diesel::{Connection, RunQueryDsl};
            for level in LEVELS {
                let db = Db::$name();
                library(&db);
                // SERIALIZABLE locks there what it reads: nobody comes between.
                if db.engine == Engine::Mysql && level == "SERIALIZABLE" {
                    continue;
                }
                let (one, two) = (&mut db.connect::<$conn>(), &mut db.connect::<$conn>());
                for (table, id) in [("books", 11), ("bins", 3)] {
                    let plan = format!("before_delete: INSERT INTO plans_done (id) VALUES ({id})");
                    diesel::sql_query(format!("UPDATE {table} SET plan = '{plan}', deleted_at = '2020-01-01 00:00:00' WHERE id = {id}"))
                        .execute(one)?;
                }
                isolate(one, db.engine, level);
                let ended = one.transaction::<_, Error, _>(|one| {
                    let mut shelf: Shelf = shelves::table.find(1).select(Shelf::as_select()).first(one)?;
                    let mut bin: Bin = bins::table.find(1).select(Bin::as_select()).first(one)?;
                    assert_eq!(handleref::restore(books::table.find(11)).execute(two)?, 1);
                    assert_eq!(handleref::restore(bins::table.find(3)).execute(two)?, 1);
                    shelf.delete(one)?;
                    bin.delete(one)
                });
                let seen: Vec<i32> = plans_done::table.select(plans_done::id).order(plans_done::id).load(two)?;
                let old = db.engine == Engine::Sqlite
                    || db.engine == Engine::Postgres && level != "READ COMMITTED";
                match ended {
                    Ok(Outcome::Written) if !old => assert_eq!(seen, [3, 11], "{level}"),
                    Err(error) if (old || refuses(db.engine, level)) && is_conflict(&error) => {
                        assert!(seen.is_empty(), "{level}");
                    }
                    other => panic!("{level}: {other:?}"),
                }
            }
            Ok(())
        }
    };
}

mod hooks_get_what_is_restored_meanwhile {
    use super::*;
    #[cfg(feature = "sqlite")]
    restored_meanwhile!(sqlite, diesel::SqliteConnection);
    #[cfg(feature = "postgres")]
    restored_meanwhile!(postgres, diesel::PgConnection);
    #[cfg(feature = "mysql")]
    restored_meanwhile!(mysql, diesel::MysqlConnection);
}
