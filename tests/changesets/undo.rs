//! Undoing a changeset: the plan, what stands in its way, and doing it.

use crate::posts::recorded as tables;
use crate::posts::{All, Post, PostTag, Tag, Topic, post_tags, posts, tags, topics};
use crate::support::{Db, each_engine};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
use handleref::changeset::{ChangesetNo, ObjectRef, UndoAction, current_changeset, undo_plan};
use handleref::history::Conflict;
use handleref::prelude::*;
use handleref::{Changeset, Error, changesets, in_changeset_async};
use serde_json::{Value, json};

/// Runs the block as one changeset and gives its number.
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

/// Topics 1 and 2, posts 1 to 3 of topic 1 (3 under 2), tags 1 and 2, post 1 with tag 1.
fn filled(db: &Db) {
    db.create("INSERT INTO topics (id, name) VALUES (1, 'rust'), (2, 'sql')");
    db.create(
        "INSERT INTO posts (id, topic_id, parent_id, title, body) VALUES (1, 1, NULL, 'one', 'first'), \
         (2, 1, NULL, 'two', 'second'), (3, 1, 2, 'three', NULL)",
    );
    db.create("INSERT INTO tags (id, name) VALUES (1, 'a'), (2, 'b')");
    db.create("INSERT INTO post_tags (post_id, tag_id) VALUES (1, 1)");
}

/// Everything that the tables hold, without versions and times.
macro_rules! world {
    ($conn:expr) => {{
        let topics = go!(topics::table.order(topics::id).load::<Topic>($conn))?;
        let mut posts = go!(posts::table
            .order(posts::id)
            .select(Post::as_select())
            .load::<Post>($conn))?;
        for post in &mut posts {
            post.version = 0;
            post.created_at = Default::default();
            post.updated_at = Default::default();
        }
        let tags = go!(tags::table.order(tags::id).load::<Tag>($conn))?;
        let links = go!(post_tags::table
            .order((post_tags::post_id, post_tags::tag_id))
            .load::<PostTag>($conn))?;
        (topics, posts, tags, links)
    }};
}

macro_rules! plan {
    ($conn:expr, $changeset:expr) => {
        go!(undo_plan::<All>($changeset).load($conn))?
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

fn post(id: i32) -> ObjectRef {
    ObjectRef::new::<Post>(&id)
}

each_engine! {
    /// Of everything at once: the undo brings back what was, the undo of the
    /// undo what had been made of it.
    async fn there_and_back(db: tables, conn) {
        filled(&db);
        let before = world!(conn);
        let made = changeset!(conn, conn, {
            run!(conn, diesel::insert_into(topics::table).values((topics::id.eq(3), topics::name.eq("new"))));
            run!(conn, diesel::update(posts::table.find(1)).set((posts::topic_id.eq(3), posts::title.eq("moved"))));
            run!(conn, diesel::insert_into(posts::table).values((
                posts::id.eq(4), posts::topic_id.eq(3), posts::parent_id.eq(1), posts::title.eq("four"),
            )));
            run!(conn, diesel::insert_into(post_tags::table).values((post_tags::post_id.eq(4), post_tags::tag_id.eq(2))));
            run!(conn, diesel::delete(post_tags::table.find((1, 1))));
            run!(conn, diesel::delete(tags::table.find(1)));
            run!(conn, diesel::delete(posts::table.find(3)));
            run!(conn, diesel::delete(posts::table.find(2)));
            run!(conn, diesel::update(topics::table.find(2)).set(topics::name.eq("postgres")));
        });
        let after = world!(conn);
        let plan = plan!(conn, made);
        assert_eq!(world!(conn), after, "a plan changes nothing");
        assert!(plan.conflicts.is_empty(), "{plan}");
        assert_eq!(plan.steps.len(), 9, "{plan}");
        let undone = go!(plan.apply(conn))?.expect("a changeset");
        assert_eq!(world!(conn), before);
        assert_eq!(go!(Changeset::find(conn, undone))?.undoes, Some(made));
        assert_eq!(go!(changesets().undoing(made).load(conn))?.len(), 1);
        let again = go!(plan!(conn, undone).apply(conn))?.expect("a changeset");
        assert_eq!(world!(conn), after);
        assert_eq!(go!(Changeset::find(conn, again))?.undoes, Some(undone));
        // Nothing is left to do then: the second undo finds what it wants.
        go!(plan!(conn, again).apply(conn))?;
        let nothing = plan!(conn, made);
        assert!(nothing.steps.is_empty() && nothing.conflicts.is_empty(), "{nothing}");
        assert_eq!(go!(nothing.apply(conn))?, None);
        assert_eq!(nothing.to_string(), format!("undo changeset {}: nothing to do", made.0));
    }

    /// The plan as a text and as JSON.
    async fn shown(db: tables, conn) {
        filled(&db);
        let made = changeset!(conn, conn, {
            title!(conn, 1, "changed");
            run!(conn, diesel::insert_into(tags::table).values((tags::id.eq(3), tags::name.eq("c"))));
            run!(conn, diesel::delete(post_tags::table.find((1, 1))));
        });
        title!(conn, 1, "later");
        let plan = plan!(conn, made);
        assert_eq!(
            plan.to_string(),
            format!(
                "undo changeset {}:\n  insert again PostTag 1,1\n    post_id: null -> 1\n    tag_id: null -> 1\n    \
                 weight: null -> null\n  delete Tag 3\n  refused: Post 1: `title` was set to \"changed\" and is \
                 \"later\" by now; say what it is to be",
                made.0
            )
        );
        let json = serde_json::to_value(&plan)?;
        assert_eq!(json["changeset"], made.0);
        assert_eq!(json["steps"][1]["action"], "delete");
        assert_eq!(json["conflicts"][0], json!({
            "object": { "model": "Post", "key": "1" },
            "conflict": "edited_since", "field": "title", "then": "changed", "now": "later",
        }));
    }

    /// Later changes of other fields stay; of the same field they are in the
    /// way, unless somebody says what it is to be.
    async fn merges(db: tables, conn) {
        filled(&db);
        let made = changeset!(conn, conn, {
            run!(conn, diesel::update(posts::table.find(1)).set((posts::title.eq("x"), posts::topic_id.eq(2))));
            title!(conn, 2, "y");
        });
        run!(conn, diesel::update(posts::table.find(1)).set(posts::body.eq("later")));
        let plan = plan!(conn, made);
        assert!(plan.conflicts.is_empty(), "{plan}");
        go!(plan.apply(conn))?;
        let one = go!(posts::table.find(1).select(Post::as_select()).first::<Post>(conn))?;
        assert_eq!((&*one.title, one.topic_id, one.body.as_deref()), ("one", Some(1), Some("later")));

        let made = changeset!(conn, conn, { title!(conn, 1, "x"); title!(conn, 2, "z"); });
        title!(conn, 1, "edited");
        let plan = plan!(conn, made);
        assert_eq!(plan.conflicts.len(), 1, "{plan}");
        let conflict = &plan.conflicts[0];
        assert_eq!(conflict.object, post(1));
        assert_eq!(
            conflict.conflict,
            Conflict::EditedSince { field: "title", then: json!("x"), now: json!("edited") }
        );
        let refused = go!(plan.apply(conn));
        assert!(matches!(&refused, Err(Error::Undo { no, conflicts }) if *no == made && conflicts.len() == 1), "{refused:?}");
        assert_eq!(go!(posts::table.find(2).select(posts::title).first::<String>(conn))?, "z", "nothing was written");
        let merged = undo_plan::<All>(made).resolve(&post(1), "title", "it's \\ merged");
        let plan = go!(merged.load(conn))?;
        assert!(plan.conflicts.is_empty(), "{plan}");
        let step = plan.steps.iter().find(|step| step.object == post(1)).expect("a step");
        assert_eq!(step.changes[0].new, json!("it's \\ merged"));
        go!(plan.apply(conn))?;
        let titles = go!(posts::table.order(posts::id).select(posts::title).load::<String>(conn))?;
        assert_eq!(titles, ["it's \\ merged", "two", "three"]);
        // A resolution of what is no field, or of another row, is a mistake.
        let wrong = go!(undo_plan::<All>(made).resolve(&post(1), "nonsense", "b").load(conn));
        assert!(matches!(wrong, Err(Error::NoField { model: "Post", .. })), "{wrong:?}");
        let wrong = go!(undo_plan::<All>(made).resolve(&post(3), "title", "b").load(conn));
        assert!(matches!(wrong, Err(Error::WrongObject { .. })), "{wrong:?}");
    }

    /// What stands in the way of rows that are gone, there again, or referred to.
    async fn conflicts(db: tables, conn) {
        filled(&db);
        let made = changeset!(conn, conn, {
            run!(conn, diesel::insert_into(topics::table).values((topics::id.eq(3), topics::name.eq("new"))));
            run!(conn, diesel::insert_into(tags::table).values((tags::id.eq(3), tags::name.eq("c"))));
            title!(conn, 3, "x");
            run!(conn, diesel::delete(post_tags::table.find((1, 1))));
            run!(conn, diesel::delete(tags::table.find(1)));
            run!(conn, diesel::update(topics::table.find(2)).set(topics::name.eq("free")));
        });
        run!(conn, diesel::update(posts::table.find(1)).set(posts::topic_id.eq(3)));
        run!(conn, diesel::update(tags::table.find(3)).set(tags::name.eq("renamed")));
        run!(conn, diesel::delete(posts::table.find(3)));
        run!(conn, diesel::insert_into(tags::table).values((tags::id.eq(1), tags::name.eq("other"))));
        run!(conn, diesel::insert_into(topics::table).values((topics::id.eq(4), topics::name.eq("sql"))));
        let world = world!(conn);
        let plan = plan!(conn, made);
        assert_eq!(world!(conn), world);
        let of = |object: ObjectRef| {
            let mut found = plan.conflicts.iter().filter(|one| one.object == object);
            let conflict = found.next().map(|one| one.conflict.clone());
            assert!(found.next().is_none(), "{plan}");
            conflict
        };
        assert!(
            matches!(of(ObjectRef::new::<Topic>(&3)), Some(Conflict::Refused { .. })),
            "post 1 refers to it: {plan}"
        );
        assert!(matches!(of(ObjectRef::new::<Tag>(&3)), Some(Conflict::EditedSince { field: "name", .. })), "{plan}");
        assert_eq!(of(post(3)), Some(Conflict::Gone));
        assert_eq!(of(ObjectRef::new::<Tag>(&1)), Some(Conflict::KeyTaken));
        assert!(
            matches!(of(ObjectRef::new::<Topic>(&2)), Some(Conflict::UniqueTaken { .. })),
            "topic 4 has its name: {plan}"
        );
        assert_eq!(of(ObjectRef::new::<PostTag>(&(1, 1))), None);
        assert_eq!(plan.blockers().count(), 5);
        assert!(matches!(go!(plan.apply(conn)), Err(Error::Undo { .. })));
        assert_eq!(world!(conn), world);
    }

    /// What a refused plan had written by then is taken back, also where the
    /// caller's transaction goes on and is committed.
    async fn a_refusal_leaves_nothing(db: tables, conn) {
        filled(&db);
        let made = changeset!(conn, conn, {
            title!(conn, 2, "x");
            run!(conn, diesel::delete(tags::table.find(2)));
            run!(conn, diesel::insert_into(topics::table).values((topics::id.eq(3), topics::name.eq("new"))));
            title!(conn, 1, "y");
        });
        let outdated = plan!(conn, made);
        assert_eq!((outdated.steps.len(), outdated.conflicts.len()), (4, 0), "{outdated}");
        // By now a tag has the key, and a post the topic; both titles could go back.
        run!(conn, diesel::insert_into(tags::table).values((tags::id.eq(2), tags::name.eq("other"))));
        run!(conn, diesel::update(posts::table.find(3)).set(posts::topic_id.eq(3)));
        let refused = plan!(conn, made);
        assert_eq!((refused.steps.len(), refused.blockers().count()), (2, 2), "{refused}");
        macro_rules! everything {
            () => {{
                let rows = go!(posts::table.order(posts::id).select(Post::as_select()).load::<Post>(conn))?;
                let posts = go!(Post::records().count().get_result::<i64>(conn))?;
                let others = go!(Tag::records().count().get_result::<i64>(conn))?
                    + go!(Topic::records().count().get_result::<i64>(conn))?;
                let changesets = go!(changesets().load(conn))?.len();
                (world!(conn), rows, posts, others, changesets)
            }};
        }
        let before = everything!();
        for plan in [&outdated, &refused] {
            assert!(matches!(go!(plan.apply(conn)), Err(Error::Undo { conflicts, .. }) if conflicts.len() == 2));
            assert_eq!(everything!(), before);
            transaction!(conn, inner, {
                assert!(matches!(go!(plan.apply(inner)), Err(Error::Undo { .. })));
                Ok(())
            })?;
            assert_eq!(everything!(), before);
        }
        // Without anything in its way, but not the plan that was shown.
        run!(conn, diesel::delete(tags::table.find(2)));
        run!(conn, diesel::update(posts::table.find(3)).set(posts::topic_id.eq(1)));
        run!(conn, diesel::delete(topics::table.find(3)));
        let before = everything!();
        assert!(matches!(go!(outdated.apply(conn)), Err(Error::PlanOutdated { .. })));
        transaction!(conn, inner, {
            assert!(matches!(go!(outdated.apply(inner)), Err(Error::PlanOutdated { .. })));
            Ok(())
        })?;
        assert_eq!(everything!(), before);
        assert!(go!(plan!(conn, made).apply(conn))?.is_some());
    }

    /// Values that are unique move on with the rows that have them.
    async fn unique_values(db: tables, conn) {
        filled(&db);
        let before = world!(conn);
        let made = changeset!(conn, conn, {
            run!(conn, diesel::update(topics::table.find(1)).set(topics::name.eq("between")));
            run!(conn, diesel::update(topics::table.find(2)).set(topics::name.eq("rust")));
            run!(conn, diesel::insert_into(topics::table).values((topics::id.eq(3), topics::name.eq("sql"))));
        });
        let plan = plan!(conn, made);
        assert!(plan.conflicts.is_empty(), "{plan}");
        assert_eq!(plan.steps[0].object, ObjectRef::new::<Topic>(&3));
        assert_eq!(plan.steps[0].action, UndoAction::Delete);
        go!(plan.apply(conn))?;
        assert_eq!(world!(conn), before);
    }

    /// A tree that one statement deleted, in whatever order.
    async fn trees(db: tables, conn) {
        filled(&db);
        for (id, parent) in [(14, 13), (13, 12), (12, 11), (15, 11)] {
            if id == 14 {
                for id in [11, 12, 13] {
                    run!(conn, diesel::insert_into(posts::table)
                        .values((posts::id.eq(id), posts::title.eq(format!("t{id}")))));
                }
            }
            run!(conn, diesel::insert_into(posts::table)
                .values((posts::id.eq(id + 100), posts::title.eq(format!("u{id}")), posts::parent_id.eq(parent))));
        }
        run!(conn, diesel::update(posts::table.find(12)).set(posts::parent_id.eq(111 + 1)));
        run!(conn, diesel::update(posts::table.find(11)).set(posts::parent_id.eq(114)));
        run!(conn, diesel::update(posts::table.find(13)).set(posts::parent_id.eq(3)));
        let before = world!(conn);
        // 112 -> 11 -> 114 -> 13, 12 -> 112, 113 -> 12, 115 -> 11.
        let made = changeset!(conn, conn, {
            for id in [113, 12, 112, 115, 11, 114, 13] {
                run!(conn, diesel::delete(posts::table.find(id)));
            }
        });
        let after = world!(conn);
        let undone = go!(plan!(conn, made).apply(conn))?.expect("a changeset");
        assert_eq!(world!(conn), before);
        go!(plan!(conn, undone).apply(conn))?;
        assert_eq!(world!(conn), after);
    }

    /// Marks of deletion go back as they were.
    async fn marks(db: tables, conn) {
        filled(&db);
        run!(conn, handleref::delete(posts::table.find(2)));
        let before = world!(conn);
        let made = changeset!(conn, conn, {
            run!(conn, handleref::delete(posts::table.find(1)));
            run!(conn, handleref::restore(posts::table.find(2)));
        });
        go!(plan!(conn, made).apply(conn))?;
        assert_eq!(world!(conn), before);
        let one = go!(posts::table.find(1).select(Post::as_select()).first::<Post>(conn))?;
        assert!(one.deleted_at.is_none());
        assert_eq!(one.version, 3, "a new version, never a rewrite");
    }

    /// Redacted values cannot come back; the plan says so.
    async fn redacted(db: tables, conn) {
        filled(&db);
        let made = changeset!(conn, conn, {
            run!(conn, diesel::update(posts::table.find(1)).set((posts::secret.eq("s"), posts::title.eq("x"))));
        });
        let plan = plan!(conn, made);
        assert_eq!(plan.conflicts.len(), 1);
        assert_eq!(plan.conflicts[0].conflict, Conflict::ValueUnknown { field: "secret" });
        assert_eq!(plan.blockers().count(), 0);
        go!(plan.apply(conn))?;
        let one = go!(posts::table.find(1).select(Post::as_select()).first::<Post>(conn))?;
        assert_eq!((&*one.title, one.secret.as_deref()), ("one", Some("s")));
    }

    /// A model that is not listed, a number that is none, a plan that is old.
    async fn refusals(db: tables, conn) {
        filled(&db);
        let made = changeset!(conn, conn, {
            title!(conn, 1, "x");
            run!(conn, diesel::insert_into(tags::table).values((tags::id.eq(3), tags::name.eq("c"))));
        });
        let few = go!(undo_plan::<Post>(made).load(conn));
        assert!(
            matches!(&few, Err(Error::NotListed { tables, .. }) if *tables == ["tag_records"]),
            "{few:?}"
        );
        let none = go!(undo_plan::<All>(ChangesetNo(made.0 + 1_000)).load(conn));
        assert!(matches!(none, Err(Error::NoChangeset { .. })), "{none:?}");
        let plan = plan!(conn, made);
        run!(conn, diesel::delete(tags::table.find(3)));
        let old = go!(plan.apply(conn));
        assert!(matches!(old, Err(Error::PlanOutdated { no }) if no == made), "{old:?}");
        assert_eq!(go!(posts::table.find(1).select(posts::title).first::<String>(conn))?, "x");
        go!(plan!(conn, made).apply(conn))?;
        assert_eq!(go!(posts::table.find(1).select(posts::title).first::<String>(conn))?, "one");
    }

    /// Inside another changeset it joins that one.
    async fn joined(db: tables, conn) {
        filled(&db);
        let made = changeset!(conn, conn, { title!(conn, 1, "x"); });
        let outer = changeset!(conn, conn, {
            title!(conn, 2, "beside");
            let plan = plan!(conn, made);
            assert_eq!(go!(plan.apply(conn))?, go!(current_changeset(conn))?);
        });
        let stored = go!(Changeset::find(conn, outer))?;
        assert_eq!(stored.undoes, None);
        assert_eq!(go!(stored.changes::<All>().load(conn))?.len(), 2);
        assert_eq!(go!(posts::table.find(1).select(posts::title).first::<String>(conn))?, "one");
        let history: Vec<Option<i64>> = go!(Post::history_of(1)
            .order(crate::posts::PostRecords::RECORD_ID)
            .select(crate::posts::PostRecords::CHANGESET)
            .load(conn))?;
        assert_eq!(history, [None, Some(made.0), Some(outer.0)]);
        let _: Value = serde_json::to_value(&stored)?;
    }
}
