//! Trees in one table, of any height; restores from the middle of them.

use crate::support::ddl::categories as category_table;
use crate::support::models::{Category, categories};
use crate::support::{Db, each_engine};
use chrono::NaiveDateTime;
use diesel::prelude::ExpressionMethods;
use diesel::{Identifiable, QueryDsl, Queryable, Selectable, SelectableHelper};
use handleref::prelude::*;
use handleref::{Error, Outcome};

diesel::table! {
    boards (id) {
        id -> Integer,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    threads (id) {
        id -> Integer,
        board_id -> Integer,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    replies (id) {
        id -> Integer,
        thread_id -> Integer,
        reply_to -> Nullable<Integer>,
        version -> BigInt,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = boards)]
#[handleref(cascade(Thread))]
pub struct Board {
    pub id: i32,
    pub deleted_at: Option<NaiveDateTime>,
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = threads)]
#[handleref(cascade(Reply), parent(Board))]
pub struct Thread {
    pub id: i32,
    pub board_id: i32,
    pub deleted_at: Option<NaiveDateTime>,
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = replies)]
#[handleref(cascade(Reply), parent(Thread), parent(Reply, foreign_key = reply_to))]
pub struct Reply {
    pub id: i32,
    pub thread_id: i32,
    pub reply_to: Option<i32>,
    pub version: i64,
    pub deleted_at: Option<NaiveDateTime>,
}

fn deep(db: &Db) {
    category_table(db);
    db.create("CREATE INDEX categories_of_categories ON categories (parent_id)");
}

fn forum(db: &Db) {
    db.create("CREATE TABLE boards (id {KEY} PRIMARY KEY, deleted_at {TIME})");
    db.create(
        "CREATE TABLE threads (id {KEY} PRIMARY KEY, board_id INTEGER NOT NULL, deleted_at {TIME})",
    );
    db.create(
        "CREATE TABLE replies (id {KEY} PRIMARY KEY, thread_id INTEGER NOT NULL, reply_to INTEGER, \
         version BIGINT NOT NULL DEFAULT 1, deleted_at {TIME})",
    );
    db.create("INSERT INTO boards (id) VALUES (1)");
    db.create("INSERT INTO threads (id, board_id) VALUES (1, 1), (2, 1)");
    // 1 < 2 < 3 < 4, and 5 beside 3; 6 in the other thread.
    db.create(
        "INSERT INTO replies (id, thread_id, reply_to) VALUES \
         (1, 1, NULL), (2, 1, 1), (3, 1, 2), (4, 1, 3), (5, 1, 2), (6, 2, NULL)",
    );
}

macro_rules! category {
    ($conn:expr, $id:expr) => {
        go!(categories::table
            .find($id)
            .select(Category::as_select())
            .first::<Category>($conn))?
    };
}
/// Each row the child of the one before.
fn chain(db: &Db, length: i32) {
    let rows: Vec<_> = (2..=length)
        .map(|id| format!("({id}, {}, 'c')", id - 1))
        .collect();
    db.create("INSERT INTO categories (id, name) VALUES (1, 'c')");
    for rows in rows.chunks(500) {
        let rows = rows.join(", ");
        db.create(&format!(
            "INSERT INTO categories (id, parent_id, name) VALUES {rows}"
        ));
    }
}
macro_rules! live {
    ($conn:expr) => {{
        let ids: Vec<i32> = go!(Category::undeleted()
            .select(categories::id)
            .order(categories::id)
            .load($conn))?;
        ids
    }};
}

each_engine! {
    /// The row that was named is written and current, and what the same
    /// deletion removed below it comes back as well.
    async fn restored_from_the_middle(db: deep, conn) {
        chain(&db, 4);
        // Gone before, and so not of this deletion.
        go!(diesel::insert_into(categories::table)
            .values((categories::id.eq(9), categories::parent_id.eq(2), categories::name.eq("c")))
            .execute(conn))?;
        go!(category!(conn, 9).delete(conn))?;
        go!(category!(conn, 1).delete(conn))?;
        let mut second = category!(conn, 2);
        assert!(matches!(go!(second.restore(conn)), Err(Error::ParentDeleted { .. })));
        assert_eq!(go!(second.restore_with_parents(conn))?, Outcome::Written);
        assert_eq!(second, category!(conn, 2));
        assert_eq!((second.version, second.deleted_at), (3, None));
        assert_eq!(live!(conn), [1, 2, 3, 4]);
        assert_eq!(go!(second.restore_with_parents(conn))?, Outcome::Unchanged);
        // Ancestors alone, without their other children.
        go!(category!(conn, 1).delete(conn))?;
        assert_eq!(go!(handleref::restore(categories::table.find(3)).with_parents().execute(conn))?, 4);
        assert_eq!(live!(conn), [1, 2, 3, 4]);
        assert_eq!(category!(conn, 1).version, 5);
        // Two deletions, one above the other.
        go!(category!(conn, 3).delete(conn))?;
        go!(category!(conn, 1).delete(conn))?;
        assert_eq!(go!(category!(conn, 2).restore_with_parents(conn))?, Outcome::Written);
        assert_eq!(live!(conn), [1, 2]);
        assert_eq!(go!(handleref::restore(categories::table.find(4)).with_parents().execute(conn))?, 2);
        assert_eq!(live!(conn), [1, 2, 3, 4]);
    }

    /// Ten thousand levels, down and up again, and from the middle.
    async fn ten_thousand_levels(db: deep, conn) {
        const LEVELS: i32 = 10_000;
        chain(&db, LEVELS);
        if db.engine == crate::support::Engine::Postgres {
            // What the server does by itself, a minute later.
            go!(diesel::sql_query("ANALYZE categories").execute(conn))?;
        }
        let count = usize::try_from(LEVELS)?;
        let mut root = category!(conn, 1);
        assert_eq!(go!(root.delete(conn))?, Outcome::Written);
        assert_eq!(live!(conn), [] as [i32; 0]);
        assert_eq!(go!(root.restore(conn))?, Outcome::Written);
        assert_eq!(live!(conn).len(), count);
        assert_eq!(go!(handleref::delete(categories::table.find(1)).execute(conn))?, count);
        let mut middle = category!(conn, LEVELS / 2);
        assert_eq!(go!(middle.restore_with_parents(conn))?, Outcome::Written);
        assert_eq!((middle.version, middle.deleted_at), (5, None));
        assert_eq!(live!(conn).len(), count);
        go!(category!(conn, 1).delete(conn))?;
        let restored = go!(handleref::restore(categories::table.find(LEVELS)).with_parents().execute(conn))?;
        assert_eq!(restored, count);
        assert_eq!(live!(conn).len(), count);
    }

    /// A tree below other tables: up the tree, and up from each of its rows.
    async fn a_tree_below_other_tables(db: forum, conn) {
        macro_rules! reply {
            ($id:expr) => { go!(replies::table.find($id).select(Reply::as_select()).first::<Reply>(conn))? };
        }
        macro_rules! live {
            () => {{
                let ids: Vec<i32> = go!(Reply::undeleted().select(replies::id).order(replies::id).load(conn))?;
                let threads: Vec<i32> = go!(Thread::undeleted().select(threads::id).order(threads::id).load(conn))?;
                (threads, ids)
            }};
        }
        go!(handleref::delete(boards::table).execute(conn))?;
        assert_eq!(live!(), (vec![], vec![]));
        let mut third = reply!(3);
        assert_eq!(go!(third.restore_with_parents(conn))?, Outcome::Written);
        assert_eq!(third, reply!(3));
        // The fourth was below it in the same deletion; the fifth is beside it.
        assert_eq!(live!(), (vec![1], vec![1, 2, 3, 4]));
        assert_eq!(go!(Board::undeleted().count().get_result::<i64>(conn))?, 1);
        // A reply to one in another thread, whose own thread is deleted.
        go!(diesel::update(replies::table.find(5)).set(replies::reply_to.eq(6)).execute(conn))?;
        let refused = go!(reply!(5).restore(conn));
        assert!(matches!(refused, Err(Error::ParentDeleted { parent: "Reply", .. })), "{refused:?}");
        assert_eq!(go!(handleref::restore(replies::table.find(5)).with_parents().execute(conn))?, 2);
        assert_eq!(live!(), (vec![1, 2], vec![1, 2, 3, 4, 5, 6]));
    }
}
