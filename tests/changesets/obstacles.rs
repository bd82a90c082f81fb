//! What else stands in the way of an undo, and writers in between.

use crate::posts::recorded as tables;
use crate::posts::{All, Post, PostRecords, Reading, posts, readings, tags, topics};
use crate::support::{Db, Engine, each_engine};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
use handleref::changeset::{ObjectRef, current_changeset, undo_plan};
use handleref::history::Conflict;
use handleref::prelude::*;
use handleref::{Changeset, Error, in_changeset_async};

macro_rules! changeset {
    ($conn:expr, $inner:ident, $body:block) => {
        go!(in_changeset_async($conn, Changeset::by("ann"), async |$inner| {
            $body
            Ok::<_, Error>(go!(current_changeset($inner))?.expect("a changeset"))
        }))?
    };
}

macro_rules! run {
    ($conn:expr, $statement:expr) => {
        go!($statement.execute($conn))?
    };
}

macro_rules! title {
    ($conn:expr, $id:expr, $title:expr) => {
        run!(
            $conn,
            diesel::update(posts::table.find($id)).set(posts::title.eq($title))
        )
    };
}

fn filled(db: &Db) {
    db.create("INSERT INTO topics (id, name) VALUES (1, 'rust'), (2, 'sql')");
    db.create("INSERT INTO posts (id, topic_id, title) VALUES (1, 2, 'one'), (2, 1, 'two')");
    db.create("INSERT INTO tags (id, name) VALUES (1, 'a')");
}

/// Somebody's own trigger: without its tag a reading goes, too.
fn trigger(db: &Db) {
    match db.engine {
        Engine::Sqlite => db.execute(
            "CREATE TRIGGER mine AFTER DELETE ON tags BEGIN DELETE FROM readings WHERE tag_id = OLD.id; END",
        ),
        Engine::Postgres => db.execute(
            "CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN DELETE FROM readings WHERE tag_id = OLD.id; RETURN NULL; END'; \
             CREATE TRIGGER mine AFTER DELETE ON tags FOR EACH ROW EXECUTE FUNCTION mine()",
        ),
        Engine::Mysql => db.execute(
            "CREATE TRIGGER mine AFTER DELETE ON tags FOR EACH ROW DELETE FROM readings WHERE tag_id = OLD.id",
        ),
    }
}

/// Somebody's own trigger: it changes a row, and changes it back.
fn there_and_back(db: &Db) {
    let body =
        "UPDATE posts SET body = 'x' WHERE id = 2; UPDATE posts SET body = NULL WHERE id = 2;";
    match db.engine {
        Engine::Sqlite => db.execute(&format!(
            "CREATE TRIGGER mine AFTER DELETE ON tags BEGIN {body} END"
        )),
        Engine::Postgres => db.execute(&format!(
            "CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {body} RETURN NULL; END$$; \
             CREATE TRIGGER mine AFTER DELETE ON tags FOR EACH ROW EXECUTE FUNCTION mine()"
        )),
        Engine::Mysql => db.execute(&format!(
            "CREATE TRIGGER mine AFTER DELETE ON tags FOR EACH ROW BEGIN {body} END"
        )),
    }
}

each_engine! {
    /// The parent that a row goes back to is gone.
    async fn a_parent_is_gone(db: tables, conn) {
        filled(&db);
        let made = changeset!(conn, conn, {
            run!(conn, diesel::update(posts::table.find(1)).set(posts::topic_id.eq(1)));
        });
        run!(conn, diesel::delete(topics::table.find(2)));
        let plan = go!(undo_plan::<All>(made).load(conn))?;
        assert_eq!(plan.conflicts.len(), 1, "{plan}");
        assert_eq!(plan.conflicts[0].object, ObjectRef::new::<Post>(&1));
        let expected = Conflict::ParentGone {
            table: "topics".into(),
            columns: vec!["topic_id".into()],
            key: "2".into(),
        };
        assert_eq!(plan.conflicts[0].conflict, expected);
        assert!(matches!(go!(plan.apply(conn)), Err(Error::Undo { .. })));
    }

    /// A row that would go along, though the changeset never touched it.
    async fn collateral(db: tables, conn) {
        filled(&db);
        trigger(&db);
        let made = changeset!(conn, conn, {
            run!(conn, diesel::insert_into(tags::table).values((tags::id.eq(3), tags::name.eq("c"))));
        });
        run!(conn, diesel::insert_into(readings::table).values(Reading { id: 1, topic_id: 1, tag_id: 3 }));
        let plan = go!(undo_plan::<All>(made).load(conn))?;
        assert_eq!(plan.conflicts.len(), 1, "{plan}");
        assert_eq!(plan.conflicts[0].object, ObjectRef::new::<Reading>(&1));
        assert_eq!(plan.conflicts[0].conflict, Conflict::Collateral { deleted: true });
        assert!(matches!(go!(plan.apply(conn)), Err(Error::Undo { .. })));
        assert_eq!(go!(readings::table.count().get_result::<i64>(conn))?, 1);
        // A model that is not listed goes along, too.
        let unlisted = go!(undo_plan::<crate::posts::Tag>(made).load(conn));
        assert!(
            matches!(&unlisted, Err(Error::NotListed { tables, .. }) if *tables == ["reading_records"]),
            "{unlisted:?}"
        );
        run!(conn, diesel::delete(readings::table));
        go!(go!(undo_plan::<All>(made).load(conn))?.apply(conn))?;
        assert_eq!(go!(tags::table.count().get_result::<i64>(conn))?, 1);
    }

    /// A row that is as it was in the end is in nobody's way.
    async fn changed_and_changed_back(db: tables, conn) {
        filled(&db);
        there_and_back(&db);
        let made = changeset!(conn, conn, {
            run!(conn, diesel::insert_into(tags::table).values((tags::id.eq(3), tags::name.eq("c"))));
        });
        let plan = go!(undo_plan::<All>(made).load(conn))?;
        assert!(plan.conflicts.is_empty(), "{plan}");
        go!(plan.apply(conn))?;
        assert_eq!(go!(tags::table.count().get_result::<i64>(conn))?, 1);
        let told = Post::history_of(2).filter(PostRecords::OPERATION.eq(handleref::Operation::Update)).count();
        assert_eq!(go!(told.get_result::<i64>(conn))?, 2);
    }

    /// What was before was pruned: nobody knows what to go back to.
    async fn the_past_is_pruned(db: tables, conn) {
        filled(&db);
        let made = changeset!(conn, conn, { title!(conn, 1, "x"); });
        title!(conn, 1, "y");
        go!(Post::prune().keep_last(2).execute(conn))?;
        assert_eq!(go!(Post::history_of(1).count().get_result::<i64>(conn))?, 2);
        let stored = go!(Changeset::find(conn, made))?;
        let changes = go!(stored.changes::<Post>().load(conn))?;
        let change = changes.of(&ObjectRef::new::<Post>(&1)).expect("post 1");
        assert!(!change.known && change.values.is_empty() && change.state.is_none(), "{changes}");
        let plan = go!(undo_plan::<Post>(made).load(conn))?;
        assert_eq!(plan.conflicts.len(), 1, "{plan}");
        assert_eq!(plan.conflicts[0].conflict, Conflict::PastUnknown);
    }

    /// Somebody writes after the transaction of the undo has begun to read:
    /// that is seen, or the database refuses, but it is not overwritten.
    async fn a_writer_in_between(db: tables, conn) {
        filled(&db);
        let made = changeset!(conn, conn, { title!(conn, 1, "x"); });
        let plan = go!(undo_plan::<All>(made).load(conn))?;
        let other = &mut connect!(db);
        let undone: Result<(), Error> = transaction!(conn, inner, {
            // On MySQL and SQLite this is what the transaction sees from now on.
            assert_eq!(go!(posts::table.find(1).select(posts::title).first::<String>(inner))?, "x");
            title!(other, 1, "theirs");
            go!(plan.apply(inner))?;
            Ok(())
        });
        let seen = matches!(&undone, Err(Error::Undo { conflicts, .. })
            if matches!(conflicts[0].conflict, Conflict::EditedSince { field: "title", .. }));
        let refused = db.engine == Engine::Sqlite && matches!(undone, Err(Error::Conflict { .. }));
        assert!(seen || refused, "{undone:?}");
        let history = go!(Post::history_of(1).order(PostRecords::RECORD_ID).select(Post::as_select()).load::<Post>(conn))?;
        let titles: Vec<&str> = history.iter().map(|post| post.title.as_str()).collect();
        assert_eq!(titles, ["one", "x", "theirs"]);
    }
}
