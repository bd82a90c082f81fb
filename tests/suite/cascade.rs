//! Families: soft delete and restore over several tables.

use crate::support::ddl::{categories as category_table, family};
use crate::support::each_engine;
use crate::support::models::{
    Article, Category, Comment, Topic, User, articles, categories, comments, topics, users,
};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
use handleref::prelude::*;
use handleref::{Error, Outcome};

/// Two topics, two articles each, two comments each: keys are parent * 10 + n.
macro_rules! grow {
    ($conn:expr) => {{
        for topic in 1..=2 {
            go!(diesel::insert_into(topics::table)
                .values((topics::id.eq(topic), topics::name.eq("t")))
                .execute($conn))?;
            for article in [topic * 10 + 1, topic * 10 + 2] {
                go!(diesel::insert_into(articles::table)
                    .values((
                        articles::id.eq(article),
                        articles::topic_id.eq(topic),
                        articles::title.eq("a")
                    ))
                    .execute($conn))?;
                for comment in [article * 10 + 1, article * 10 + 2] {
                    go!(diesel::insert_into(comments::table)
                        .values((
                            comments::id.eq(comment),
                            comments::article_id.eq(article),
                            comments::body.eq("c")
                        ))
                        .execute($conn))?;
                }
            }
        }
    }};
}

macro_rules! live {
    ($conn:expr) => {{
        let topics: Vec<i32> = go!(Topic::undeleted()
            .select(topics::id)
            .order(topics::id)
            .load($conn))?;
        let articles: Vec<i32> = go!(Article::undeleted()
            .select(articles::id)
            .order(articles::id)
            .load($conn))?;
        let comments: Vec<i32> = go!(Comment::undeleted()
            .select(comments::id)
            .order(comments::id)
            .load($conn))?;
        (topics, articles, comments)
    }};
}

macro_rules! topic {
    ($conn:expr, $id:expr) => {
        go!(topics::table
            .find($id)
            .select(Topic::as_select())
            .first::<Topic>($conn))?
    };
}
macro_rules! article {
    ($conn:expr, $id:expr) => {
        go!(articles::table
            .find($id)
            .select(Article::as_select())
            .first::<Article>($conn))?
    };
}
macro_rules! comment {
    ($conn:expr, $id:expr) => {
        go!(comments::table
            .find($id)
            .select(Comment::as_select())
            .first::<Comment>($conn))?
    };
}

fn tick() {
    std::thread::sleep(std::time::Duration::from_millis(3));
}

each_engine! {
    /// Seed, §1.2 number 9, three levels deep: what was deleted before keeps
    /// its `updated_at`; all rows of one deletion carry one moment.
    async fn delete_follows_the_children(db: family, conn) {
        grow!(conn);
        let mut before = comment!(conn, 112);
        go!(before.delete(conn))?;
        tick();
        let mut root = topic!(conn, 1);
        assert_eq!(go!(root.delete(conn))?, Outcome::Written);
        assert_eq!(live!(conn), (vec![2], vec![21, 22], vec![211, 212, 221, 222]));
        assert_eq!(root, topic!(conn, 1));
        assert_eq!(root.version, 2);
        assert_eq!(comment!(conn, 112), before);
        let child = comment!(conn, 111);
        assert_eq!((child.version, child.deleted_at, child.updated_at), (2, root.deleted_at, root.updated_at));
        assert_eq!(article!(conn, 12).deleted_at, root.deleted_at);
        assert_eq!(go!(root.delete(conn))?, Outcome::Unchanged);
        assert_eq!(topic!(conn, 1), root);
    }

    /// A deleted child in the middle hides its own children from the cascade.
    async fn a_deleted_child_is_not_entered(db: family, conn) {
        grow!(conn);
        go!(diesel::update(articles::table.find(11)).set(articles::deleted_at.eq(Some(topic!(conn, 1).created_at))).execute(conn))?;
        go!(topic!(conn, 1).delete(conn))?;
        assert_eq!(comment!(conn, 111).deleted_at, None);
        assert_eq!(comment!(conn, 111).version, 1);
        assert!(comment!(conn, 121).deleted_at.is_some());
    }

    /// Restore brings back exactly what that deletion removed, even if
    /// something else was deleted a moment before.
    async fn restore_brings_back_what_was_removed(db: family, conn) {
        grow!(conn);
        // All within the resolution of the clock, where it has one.
        go!(comment!(conn, 112).delete(conn))?;
        go!(article!(conn, 12).delete(conn))?;
        let mut root = topic!(conn, 1);
        go!(root.delete(conn))?;
        assert_eq!(live!(conn), (vec![2], vec![21, 22], vec![211, 212, 221, 222]));
        assert_eq!(go!(root.restore(conn))?, Outcome::Written);
        assert_eq!(live!(conn), (vec![1, 2], vec![11, 21, 22], vec![111, 211, 212, 221, 222]));
        assert_eq!(comment!(conn, 111).version, 3);
        go!(article!(conn, 12).restore(conn))?;
        assert_eq!(live!(conn), (vec![1, 2], vec![11, 12, 21, 22], vec![111, 121, 122, 211, 212, 221, 222]));
        assert_eq!(go!(root.restore(conn))?, Outcome::Unchanged);
    }

    /// Sets of rows, deleted at once and in turn, restored at once.
    async fn sets(db: family, conn) {
        grow!(conn);
        assert_eq!(go!(handleref::delete(topics::table).execute(conn))?, 2);
        assert_eq!(live!(conn), (vec![], vec![], vec![]));
        assert_eq!(go!(handleref::delete(topics::table).execute(conn))?, 0);
        assert_eq!(go!(handleref::restore(topics::table.filter(topics::id.eq(2))).execute(conn))?, 1);
        assert_eq!(live!(conn), (vec![2], vec![21, 22], vec![211, 212, 221, 222]));
        go!(handleref::delete(Article::undeleted().filter(articles::topic_id.eq(2)).filter(articles::id.gt(21))).execute(conn))?;
        go!(handleref::delete(Topic::undeleted()).execute(conn))?;
        // Two topics of two deletions, and an article of a third.
        assert_eq!(go!(handleref::restore(Topic::deleted()).execute(conn))?, 2);
        assert_eq!(live!(conn), (vec![1, 2], vec![11, 12, 21], vec![111, 112, 121, 122, 211, 212]));
        assert_eq!(topic!(conn, 1).version, 3);
    }

    /// A child under a deleted parent stays deleted, and the parent is named.
    async fn a_child_under_a_deleted_parent(db: family, conn) {
        grow!(conn);
        go!(topic!(conn, 1).delete(conn))?;
        let mut child = comment!(conn, 111);
        let before = child.clone();
        match go!(child.restore(conn)) {
            Err(Error::ParentDeleted { model: "Comment", parent: "Article", parent_key }) => assert_eq!(parent_key, "11"),
            other => panic!("{other:?}"),
        }
        assert_eq!(comment!(conn, 111), before);
        let refused = go!(handleref::restore(comments::table.find(111)).execute(conn));
        assert!(matches!(refused, Err(Error::ParentDeleted { .. })), "{refused:?}");
        // Upward: the row and its ancestors, not their other children.
        assert_eq!(go!(child.restore_with_parents(conn))?, Outcome::Written);
        assert_eq!(live!(conn), (vec![1, 2], vec![11, 21, 22], vec![111, 211, 212, 221, 222]));
        assert_eq!((topic!(conn, 1).version, article!(conn, 11).version, child.version), (3, 3, 3));
        assert_eq!(go!(handleref::restore(comments::table.find(121)).with_parents().execute(conn))?, 1);
        assert_eq!(article!(conn, 12).deleted_at, None);
        assert_eq!(comment!(conn, 122).deleted_at, before.deleted_at);
    }

    /// A cascade that would bring a child back under another parent that is
    /// deleted is refused as a whole.
    async fn a_second_parent(db: family, conn) {
        grow!(conn);
        go!(diesel::insert_into(users::table).values((users::id.eq(5), users::name.eq("u"))).execute(conn))?;
        go!(diesel::update(comments::table.find(111)).set(comments::user_id.eq(5)).execute(conn))?;
        go!(article!(conn, 11).delete(conn))?;
        let mut user: User = go!(users::table.find(5).select(User::as_select()).first(conn))?;
        go!(user.delete(conn))?;
        let mut article = article!(conn, 11);
        match go!(article.restore(conn)) {
            Err(Error::ParentDeleted { model: "Comment", parent: "User", parent_key }) => assert_eq!(parent_key, "5"),
            other => panic!("{other:?}"),
        }
        assert!(article!(conn, 11).deleted_at.is_some());
        go!(user.restore(conn))?;
        assert_eq!(go!(article.restore(conn))?, Outcome::Written);
        assert_eq!(comment!(conn, 111).deleted_at, None);
    }

    /// A stale delete of a family changes nothing anywhere.
    async fn a_stale_family(db: family, conn) {
        grow!(conn);
        let mut stale = topic!(conn, 1);
        go!(handleref::update(topics::table.find(1)).set(topics::name.eq("new")).execute(conn))?;
        assert!(matches!(go!(stale.delete(conn)), Err(Error::Stale { expected: 1, found: 2, .. })));
        assert_eq!(live!(conn).2.len(), 8);
        assert_eq!(comment!(conn, 111).version, 1);
    }

    /// A hard delete leaves the children to the database.
    async fn hard_delete_of_a_family(db: family, conn) {
        grow!(conn);
        go!(topic!(conn, 1).hard_delete(conn))?;
        assert_eq!(live!(conn), (vec![2], vec![21, 22], vec![211, 212, 221, 222]));
        let all: i64 = go!(Comment::with_deleted().count().get_result(conn))?;
        assert_eq!(all, 4);
    }

    /// Inside a transaction that is rolled back, nothing of a cascade stays.
    async fn a_rolled_back_cascade(db: family, conn) {
        grow!(conn);
        let ended = transaction!(conn, inner, {
            assert_eq!(go!(handleref::delete(topics::table).execute(inner))?, 2);
            Err::<(), Error>(diesel::result::Error::RollbackTransaction.into())
        });
        assert!(ended.is_err());
        assert_eq!(live!(conn).0, [1, 2]);
        assert_eq!(comment!(conn, 111).version, 1);
    }

    /// A tree in one table, four levels deep, with a branch deleted before.
    async fn a_tree_in_one_table(db: category_table, conn) {
        // 1 > 2 > 4 > 5, 1 > 3 > 6, 7
        for (id, parent) in [(1, None), (2, Some(1)), (3, Some(1)), (4, Some(2)), (5, Some(4)), (6, Some(3)), (7, None)] {
            go!(diesel::insert_into(categories::table)
                .values((categories::id.eq(id), categories::parent_id.eq(parent), categories::name.eq("c")))
                .execute(conn))?;
        }
        macro_rules! live_ids {
            () => {{
                let ids: Vec<i32> = go!(Category::undeleted().select(categories::id).order(categories::id).load(conn))?;
                ids
            }};
        }
        macro_rules! category {
            ($id:expr) => {
                go!(categories::table.find($id).select(Category::as_select()).first::<Category>(conn))?
            };
        }
        go!(category!(3).delete(conn))?;
        assert_eq!(live_ids!(), [1, 2, 4, 5, 7]);
        let mut root = category!(1);
        assert_eq!(go!(root.delete(conn))?, Outcome::Written);
        assert_eq!(live_ids!(), [7]);
        assert_eq!(category!(5).deleted_at, root.deleted_at);
        assert_eq!(category!(6).version, 2);
        assert!(matches!(go!(category!(5).restore(conn)), Err(Error::ParentDeleted { parent: "Category", .. })));
        go!(root.restore(conn))?;
        assert_eq!(live_ids!(), [1, 2, 4, 5, 7]);
        go!(root.delete(conn))?;
        go!(category!(5).restore_with_parents(conn))?;
        assert_eq!(live_ids!(), [1, 2, 4, 5, 7]);
        go!(category!(6).restore_with_parents(conn))?;
        assert_eq!(live_ids!(), [1, 2, 3, 4, 5, 6, 7]);
    }

    /// A category that is its own ancestor ends too.
    async fn a_cycle_in_one_table(db: category_table, conn) {
        for (id, parent) in [(1, 2), (2, 1), (3, 3)] {
            go!(diesel::insert_into(categories::table)
                .values((categories::id.eq(id), categories::parent_id.eq(parent), categories::name.eq("c")))
                .execute(conn))?;
        }
        assert_eq!(go!(handleref::delete(categories::table.find(1)).execute(conn))?, 2);
        assert_eq!(go!(handleref::restore(categories::table.find(2)).execute(conn))?, 2);
        assert_eq!(go!(handleref::delete(categories::table.find(3)).execute(conn))?, 1);
        assert_eq!(go!(handleref::restore(categories::table.find(3)).with_parents().execute(conn))?, 1);
    }
}
