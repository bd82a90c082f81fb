//! Undoing what was changed since: fields whose values somebody says.

use crate::posts::recorded as tables;
use crate::posts::{All, Post, Tag, posts, tags};
use crate::support::{Db, each_engine};
use diesel::QueryDsl;
use diesel::prelude::ExpressionMethods;
use handleref::changeset::{ObjectRef, UndoAction, current_changeset, undo_plan};
use handleref::history::Conflict;
use handleref::{Changeset, Error, in_changeset_async};

/// Runs the block as one changeset and gives its number.
macro_rules! changeset {
    ($conn:expr, $inner:ident, $body:block) => {
        go!(in_changeset_async($conn, Changeset::by("ann"), async |$inner| {
            $body
            Ok::<_, Error>(go!(current_changeset($inner))?.expect("a changeset"))
        }))?
    };
}

macro_rules! set {
    ($conn:expr, $id:expr, $values:expr) => {
        go!(diesel::update(posts::table.find($id))
            .set($values)
            .execute($conn))?
    };
}

macro_rules! one {
    ($conn:expr) => {{
        let one = posts::table.find(1).select((posts::title, posts::body));
        go!(one.first::<(String, Option<String>)>($conn))?
    }};
}

fn filled(db: &Db) {
    db.create("INSERT INTO posts (id, title, body) VALUES (1, 'one', '3'), (2, 'two', '3')");
    db.create("INSERT INTO tags (id, name) VALUES (1, 'a'), (2, 'b')");
}

each_engine! {
    /// A field may depend on another one, as `body` here, which is the length
    /// of the title. What is said counts, wherever the field is by now.
    async fn fields_that_depend_on_each_other(db: tables, conn) {
        filled(&db);
        let first = ObjectRef::new::<Post>(&1);
        // The body now, before the merge: as the changeset made it, as it was
        // before, and another one.
        for now in ["5", "3", "4"] {
            let made = changeset!(conn, conn, {
                set!(conn, 1, (posts::title.eq("one, x"), posts::body.eq("5")));
            });
            set!(conn, 1, (posts::title.eq("edited"), posts::body.eq(now)));
            let undo = undo_plan::<All>(made).resolve(&first, "title", "merged").resolve(&first, "body", "6");
            let plan = go!(undo.load(conn))?;
            assert!(plan.conflicts.is_empty(), "{plan}");
            let undone = go!(plan.apply(conn))?.expect("a changeset");
            assert_eq!(one!(conn), ("merged".into(), Some("6".into())), "from {now}");
            go!(go!(undo_plan::<All>(undone).load(conn))?.apply(conn))?;
            assert_eq!(one!(conn), ("edited".into(), Some(now.into())), "and back to {now}");
            set!(conn, 1, (posts::title.eq("one"), posts::body.eq("3")));
        }
        // A field that the changeset left alone, and null.
        let made = changeset!(conn, conn, { set!(conn, 1, posts::title.eq("eno")); });
        set!(conn, 1, posts::title.eq("edited"));
        let undo = undo_plan::<All>(made).resolve(&first, "title", "merged").resolve(&first, "body", None::<String>);
        go!(go!(undo.load(conn))?.apply(conn))?;
        assert_eq!(one!(conn), ("merged".into(), None));
    }

    /// What is there already needs no step.
    async fn nothing_to_say(db: tables, conn) {
        filled(&db);
        let made = changeset!(conn, conn, { set!(conn, 1, posts::title.eq("x")); });
        set!(conn, 1, posts::title.eq("merged"));
        let undo = undo_plan::<All>(made).resolve(&ObjectRef::new::<Post>(&1), "title", "merged");
        let plan = go!(undo.load(conn))?;
        assert!(plan.steps.is_empty() && plan.conflicts.is_empty(), "{plan}");
        assert_eq!(go!(plan.apply(conn))?, None);
    }

    /// A row that was deleted, and is there again as another one.
    async fn keys_that_are_taken(db: tables, conn) {
        filled(&db);
        let made = changeset!(conn, conn, {
            go!(diesel::delete(tags::table.find(1)).execute(conn))?;
        });
        go!(diesel::insert_into(tags::table).values((tags::id.eq(1), tags::name.eq("c"))).execute(conn))?;
        let tag = ObjectRef::new::<Tag>(&1);
        let plan = go!(undo_plan::<All>(made).load(conn))?;
        assert_eq!(plan.conflicts.len(), 1, "{plan}");
        assert_eq!(plan.conflicts[0].conflict, Conflict::KeyTaken);
        let taken = go!(undo_plan::<All>(made).resolve(&tag, "name", "a and c").load(conn))?;
        assert!(taken.conflicts.is_empty(), "{taken}");
        assert_eq!(taken.steps[0].action, UndoAction::Update);
        let undone = go!(taken.apply(conn))?.expect("a changeset");
        let names = || tags::table.order(tags::id).select(tags::name);
        assert_eq!(go!(names().load::<String>(conn))?, ["a and c", "b"]);
        go!(go!(undo_plan::<All>(undone).load(conn))?.apply(conn))?;
        assert_eq!(go!(names().load::<String>(conn))?, ["c", "b"]);
    }

    /// The other answers: the field becomes what it was, or the row is left out.
    async fn overwritten_or_left_out(db: tables, conn) {
        filled(&db);
        let (first, tag) = (ObjectRef::new::<Post>(&1), ObjectRef::new::<Tag>(&1));
        let made = changeset!(conn, conn, {
            set!(conn, 1, posts::title.eq("x"));
            set!(conn, 2, posts::title.eq("y"));
            go!(diesel::delete(tags::table.find(1)).execute(conn))?;
        });
        set!(conn, 1, (posts::title.eq("edited"), posts::body.eq("later")));
        go!(diesel::insert_into(tags::table).values((tags::id.eq(1), tags::name.eq("c"))).execute(conn))?;
        let undo = undo_plan::<All>(made).overwrite(&first, "title").overwrite(&tag, "name");
        let plan = go!(undo.load(conn))?;
        assert!(plan.conflicts.is_empty(), "{plan}");
        assert_eq!(plan.steps.len(), 3, "{plan}");
        let undone = go!(plan.apply(conn))?.expect("a changeset");
        assert_eq!(one!(conn), ("one".into(), Some("later".into())));
        let names = || tags::table.order(tags::id).select(tags::name);
        assert_eq!(go!(names().load::<String>(conn))?, ["a", "b"]);
        go!(go!(undo_plan::<All>(undone).load(conn))?.apply(conn))?;
        assert_eq!(go!(names().load::<String>(conn))?, ["c", "b"]);

        let undo = undo_plan::<All>(made).without(&first).without(&tag);
        let plan = go!(undo.load(conn))?;
        assert!(plan.conflicts.is_empty(), "{plan}");
        assert_eq!(plan.steps.len(), 1, "{plan}");
        go!(plan.apply(conn))?;
        assert_eq!(one!(conn), ("edited".into(), Some("later".into())));
        let second = posts::table.find(2).select(posts::title);
        assert_eq!(go!(second.first::<String>(conn))?, "two");
        // The last answer counts; and a row that the changeset did not touch is a mistake.
        let undo = undo_plan::<All>(made).overwrite(&first, "title").resolve(&first, "title", "merged");
        let plan = go!(undo.without(&tag).load(conn))?;
        go!(plan.apply(conn))?;
        assert_eq!(one!(conn).0, "merged");
        let wrong = go!(undo_plan::<All>(made).without(&ObjectRef::new::<Tag>(&2)).load(conn));
        assert!(matches!(wrong, Err(Error::WrongObject { .. })), "{wrong:?}");
    }

    /// Mistakes: no field, the key, what handleref writes, a row that was
    /// inserted, a row that was not touched.
    async fn wrong_resolutions(db: tables, conn) {
        filled(&db);
        let made = changeset!(conn, conn, {
            set!(conn, 1, posts::title.eq("x"));
            go!(diesel::insert_into(tags::table).values((tags::id.eq(3), tags::name.eq("c"))).execute(conn))?;
        });
        for field in ["nonsense", "id", "version", "updated_at", "secret"] {
            let wrong = undo_plan::<All>(made).resolve(&ObjectRef::new::<Post>(&1), field, "7");
            let wrong = go!(wrong.load(conn));
            assert!(matches!(wrong, Err(Error::NoField { model: "Post", .. })), "{field}: {wrong:?}");
        }
        let wrong = undo_plan::<All>(made).resolve(&ObjectRef::new::<Tag>(&3), "name", "b");
        let wrong = go!(wrong.load(conn));
        assert!(matches!(wrong, Err(Error::NoField { model: "Tag", .. })), "{wrong:?}");
        let wrong = undo_plan::<All>(made).resolve(&ObjectRef::new::<Post>(&2), "title", "b");
        let wrong = go!(wrong.load(conn));
        assert!(matches!(wrong, Err(Error::WrongObject { .. })), "{wrong:?}");
    }
}
