//! What a changeset did, and how changesets are found.

use crate::posts::recorded as tables;
use crate::posts::{All, Post, Tag, Topic, post_tags, posts, readings, tags, topics};
use crate::support::{Db, each_engine};
use chrono::{DateTime, TimeDelta};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
use handleref::changeset::{Actor, ChangesetNo, ObjectRef, State, current_changeset};
use handleref::prelude::*;
use handleref::{Changeset, Error, changesets, in_changeset_async};
use serde_json::{Value, json};

/// Runs the block as one changeset and gives it.
macro_rules! changeset {
    ($conn:expr, $meta:expr, $inner:ident, $body:block) => {{
        let no = go!(in_changeset_async($conn, $meta, async |$inner| {
            $body
            go!(current_changeset($inner))
        }))?;
        go!(Changeset::find($conn, no.expect("a changeset")))?
    }};
    ($conn:expr, $inner:ident, $body:block) => {
        changeset!($conn, Changeset::by("ann"), $inner, $body)
    };
}

macro_rules! changes {
    ($conn:expr, $changeset:expr) => {
        go!($changeset.changes::<All>().load($conn))?
    };
}

macro_rules! insert {
    ($conn:expr, $table:ident, $($values:tt)*) => {
        go!(diesel::insert_into($table::table).values($($values)*).execute($conn))?
    };
}

/// Topics 1 and 2, posts 1 and 2 of topic 1, tags 1 to 3.
fn filled(db: &Db) {
    db.create("INSERT INTO topics (id, name) VALUES (1, 'rust'), (2, 'sql')");
    db.create("INSERT INTO posts (id, topic_id, title) VALUES (1, 1, 'one'), (2, 1, 'two')");
    db.create("INSERT INTO tags (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c')");
}

macro_rules! link {
    ($conn:expr, $post:expr, $tag:expr) => {
        insert!(
            $conn,
            post_tags,
            (post_tags::post_id.eq($post), post_tags::tag_id.eq($tag))
        )
    };
}
macro_rules! unlink {
    ($conn:expr, $post:expr, $tag:expr) => {
        go!(diesel::delete(post_tags::table.find(($post, $tag))).execute($conn))?
    };
}
macro_rules! title {
    ($conn:expr, $id:expr, $title:expr) => {
        go!(diesel::update(posts::table.find($id))
            .set(posts::title.eq($title))
            .execute($conn))?
    };
}

fn post(id: i32) -> ObjectRef {
    ObjectRef::new::<Post>(&id)
}

each_engine! {
    /// Acceptance case 1: one added object, all its recorded fields from null.
    async fn an_insert(db: tables, conn) {
        let made = changeset!(conn, Changeset::by("ann").comment("first"), conn, {
            insert!(conn, topics, (topics::id.eq(7), topics::name.eq("rust")));
        });
        assert_eq!(made.actor, Some(Actor::from("ann")));
        assert_eq!(made.comment.as_deref(), Some("first"));
        let changes = changes!(conn, made);
        let [topic] = changes.iter().collect::<Vec<_>>()[..] else { panic!("{changes}") };
        assert_eq!(topic.object, ObjectRef::new::<Topic>(&7));
        // Case 4: however often it is made, it is the same reference.
        let row = go!(topics::table.find(7).first::<Topic>(conn))?;
        assert_eq!(ObjectRef::of(&row), topic.object);
        let read: ObjectRef = serde_json::from_str(&serde_json::to_string(&topic.object)?)?;
        assert_eq!(read, topic.object);
        assert_eq!(topic.state, Some(State::Added));
        let values: Vec<_> = topic.values.iter().map(|it| (it.field, &it.old, it.new.clone())).collect();
        assert_eq!(values, [("id", &Value::Null, json!(7)), ("name", &Value::Null, json!("rust"))]);
        assert_eq!(changes.to_string(), "+ Topic 7 added\n    id: null -> 7\n    name: null -> \"rust\"");
    }

    /// Who it was is read back as what it was said as: 7 is not "7", and a UUID is one.
    async fn actors_are_read_back(db: tables, conn) {
        let _ = &db;
        let actors = [
            Actor::from("ann"),
            Actor::from("7"),
            Actor::from(7),
            Actor::from(i64::MIN),
            Actor::from("67e55044-10b1-426f-9247-bb680e5fe0c8"),
            #[cfg(feature = "uuid")]
            Actor::from(uuid::uuid!("67e55044-10b1-426f-9247-bb680e5fe0c8")),
        ];
        for (at, actor) in actors.iter().enumerate() {
            let id = i32::try_from(at)?;
            let made = changeset!(conn, Changeset::by(actor.clone()), conn, {
                insert!(conn, topics, (topics::id.eq(id), topics::name.eq(format!("t{id}"))));
            });
            assert_eq!(made.actor.as_ref(), Some(actor));
        }
        let read = go!(changesets().oldest_first().load(conn))?;
        let read: Vec<_> = read.into_iter().filter_map(|it| it.actor).collect();
        assert_eq!(read, actors);
        for actor in actors {
            let theirs = go!(changesets().by(actor.clone()).load(conn))?;
            let theirs: Vec<_> = theirs.into_iter().filter_map(|it| it.actor).collect();
            assert_eq!(theirs, [actor], "nobody else's");
        }
    }

    /// Case 2, and the decision on several changes of a field: first old, last
    /// new, and nothing if it is back.
    async fn values(db: tables, conn) {
        filled(&db);
        let made = changeset!(conn, conn, {
            title!(conn, 1, "other");
            title!(conn, 1, "last");
            title!(conn, 2, "away");
            title!(conn, 2, "two");
        });
        let changes = changes!(conn, made);
        assert_eq!(changes.len(), 1, "{changes}");
        let change = changes.of(&post(1)).expect("post 1");
        assert_eq!(change.state, None);
        assert_eq!(change.values.len(), 1);
        let title = change.value("title").expect("a title");
        assert_eq!((&title.old, &title.new), (&json!("one"), &json!("last")));
        assert!(changes.of(&post(2)).is_none());
    }

    /// Case 3 and 15: a deleted object has no values; references to it stay.
    async fn a_delete(db: tables, conn) {
        filled(&db);
        insert!(conn, topics, (topics::id.eq(3), topics::name.eq("gone")));
        go!(diesel::update(posts::table.find(2)).set(posts::topic_id.eq(3)).execute(conn))?;
        let made = changeset!(conn, conn, {
            go!(diesel::update(posts::table.find(2)).set(posts::topic_id.eq(2)).execute(conn))?;
            go!(diesel::delete(topics::table.find(3)).execute(conn))?;
        });
        let changes = changes!(conn, made);
        let gone = ObjectRef::new::<Topic>(&3);
        let change = changes.of(&gone).expect("topic 3");
        assert_eq!((change.state, change.values.len()), (Some(State::Deleted), 0));
        let moved = changes.of(&post(2)).and_then(|it| it.value("topic_id")).expect("a topic");
        assert_eq!(moved.old_object().as_ref(), Some(&gone));
        let there = moved.new_object().expect("topic 2");
        let topic = gone.to::<Topic>()?;
        assert_eq!(go!(topic.instance(conn))?, None);
        assert!(go!(topic.is_deleted(conn))?);
        assert_eq!(go!(topic.last_state(conn))?.map(|it| it.name).as_deref(), Some("gone"));
        assert!(!go!(there.to::<Topic>()?.is_deleted(conn))?);
        assert!(go!(there.to::<Topic>()?.instance(conn))?.is_some());
        assert!(matches!(gone.to::<Post>(), Err(Error::WrongObject { .. })));
    }

    /// Added and deleted inside one changeset: nothing.
    async fn nothing_left(db: tables, conn) {
        filled(&db);
        let made = changeset!(conn, conn, {
            insert!(conn, topics, (topics::id.eq(9), topics::name.eq("short")));
            go!(diesel::delete(topics::table.find(9)).execute(conn))?;
        });
        assert!(changes!(conn, made).is_empty());
        // Deleted and inserted again: only what differs.
        let made = changeset!(conn, conn, {
            go!(diesel::delete(tags::table.find(3)).execute(conn))?;
            insert!(conn, tags, (tags::id.eq(3), tags::name.eq("d")));
        });
        let changes = changes!(conn, made);
        assert_eq!(changes.to_string(), "  Tag 3\n    name: \"c\" -> \"d\"");
    }

    /// Soft-deleted, restored, and both.
    async fn marks(db: tables, conn) {
        filled(&db);
        let deleted = changeset!(conn, conn, {
            go!(handleref::delete(posts::table.find(1)).execute(conn))?;
        });
        let changes = changes!(conn, deleted);
        assert_eq!(changes.of(&post(1)).expect("post 1").state, Some(State::SoftDeleted));
        assert!(!go!(post(1).to::<Post>()?.is_deleted(conn))?, "it is there, with its mark");
        let restored = changeset!(conn, conn, {
            go!(handleref::restore(posts::table.find(1)).execute(conn))?;
            go!(handleref::delete(posts::table.find(2)).execute(conn))?;
            go!(handleref::restore(posts::table.find(2)).execute(conn))?;
        });
        let changes = changes!(conn, restored);
        assert_eq!(changes.len(), 1, "{changes}");
        assert_eq!(changes.of(&post(1)).expect("post 1").state, Some(State::Restored));
    }

    /// Case 5: links come and go; inside one changeset the net counts.
    async fn links(db: tables, conn) {
        filled(&db);
        let first = changeset!(conn, conn, { link!(conn, 1, 1); link!(conn, 1, 2); });
        let second = changeset!(conn, conn, { unlink!(conn, 1, 1); });
        let changes = changes!(conn, first);
        assert_eq!(changes.to_string(), "  Post 1\n    PostTag: + Tag 1\n    PostTag: + Tag 2");
        assert_eq!(changes!(conn, second).to_string(), "  Post 1\n    PostTag: - Tag 1");
        let net = changeset!(conn, conn, {
            link!(conn, 1, 3);
            unlink!(conn, 1, 3);
            unlink!(conn, 1, 2);
            link!(conn, 1, 2);
            link!(conn, 2, 3);
            title!(conn, 2, "linked");
        });
        assert_eq!(
            changes!(conn, net).to_string(),
            "  Post 2\n    title: \"two\" -> \"linked\"\n    PostTag: + Tag 3"
        );
        let weighed = changeset!(conn, conn, {
            go!(diesel::update(post_tags::table.find((2, 3))).set(post_tags::weight.eq(5)).execute(conn))?;
        });
        assert_eq!(changes!(conn, weighed).to_string(), "  PostTag 2,3\n    weight: null -> 5");
    }

    /// A link that has a key of its own is known by what it links.
    async fn links_with_a_key(db: tables, conn) {
        filled(&db);
        insert!(conn, readings, (readings::id.eq(1), readings::topic_id.eq(1), readings::tag_id.eq(1)));
        let made = changeset!(conn, conn, {
            go!(diesel::delete(readings::table.find(1)).execute(conn))?;
            insert!(conn, readings, (readings::id.eq(2), readings::topic_id.eq(1), readings::tag_id.eq(1)));
            insert!(conn, readings, (readings::id.eq(3), readings::topic_id.eq(2), readings::tag_id.eq(1)));
        });
        assert_eq!(changes!(conn, made).to_string(), "  Topic 2\n    Reading: + Tag 1");
        let moved = changeset!(conn, conn, {
            go!(diesel::update(readings::table.find(3)).set(readings::tag_id.eq(2)).execute(conn))?;
        });
        assert_eq!(
            changes!(conn, moved).to_string(),
            "  Topic 2\n    Reading: - Tag 1\n    Reading: + Tag 2"
        );
    }

    /// A redacted field: that it changed is known.
    async fn redacted(db: tables, conn) {
        filled(&db);
        let made = changeset!(conn, conn, {
            for secret in ["x", "y"] {
                go!(diesel::update(posts::table.find(1)).set(posts::secret.eq(secret)).execute(conn))?;
            }
        });
        let changes = changes!(conn, made);
        assert_eq!(changes.to_string(), "  Post 1\n    secret: changed (redacted)");
        let json = serde_json::to_value(&changes)?;
        assert_eq!(json[0]["object"], json!({ "model": "Post", "key": "1" }));
        assert_eq!(json[0]["values"][0]["redacted"], true);
    }

    /// A changeset among the records of others, and one model of several.
    async fn only_its_own(db: tables, conn) {
        filled(&db);
        let made = changeset!(conn, conn, { title!(conn, 1, "mine"); });
        title!(conn, 2, "nobody's");
        let other = changeset!(conn, conn, {
            title!(conn, 1, "theirs");
            insert!(conn, topics, (topics::id.eq(5), topics::name.eq("five")));
        });
        let changes = changes!(conn, made);
        assert_eq!(changes.to_string(), "  Post 1\n    title: \"one\" -> \"mine\"");
        let posts = go!(other.changes::<Post>().load(conn))?;
        assert_eq!(posts.to_string(), "  Post 1\n    title: \"mine\" -> \"theirs\"");
        assert_eq!(changes!(conn, other).len(), 2);
        // The past at a changeset.
        let then = go!(posts::table.find(1).select(posts::title).as_of::<Post>(made.no).first::<String>(conn))?;
        assert_eq!(then, "mine");
        let blame = go!(go!(posts::table.find(1).select(Post::as_select()).first::<Post>(conn))?.blame(conn))?;
        let title = blame.iter().find(|it| it.field == "title").expect("a title");
        assert_eq!(title.changeset, Some(other.no));
    }

    /// Objects of all models in the order in which they were first changed.
    async fn in_order(db: tables, conn) {
        filled(&db);
        let made = changeset!(conn, conn, {
            go!(diesel::update(tags::table.find(2)).set(tags::name.eq("z")).execute(conn))?;
            title!(conn, 2, "first");
            go!(diesel::update(topics::table.find(2)).set(topics::name.eq("y")).execute(conn))?;
            title!(conn, 1, "second");
            go!(diesel::update(tags::table.find(1)).set(tags::name.eq("x")).execute(conn))?;
            title!(conn, 2, "again");
        });
        let objects: Vec<String> = changes!(conn, made).iter().map(|it| it.object.to_string()).collect();
        assert_eq!(objects, ["Tag 2", "Post 2", "Topic 2", "Post 1", "Tag 1"]);
    }

    /// Case 16, and every way to find changesets.
    async fn finding(db: tables, conn) {
        filled(&db);
        let noon = DateTime::from_timestamp(1_700_000_000, 0).expect("a time");
        let one = changeset!(conn, Changeset::by("ann").comment("100% of _it!").at(noon), conn, {
            title!(conn, 1, "1");
        });
        let two = changeset!(conn, Changeset::by(7).correlation("req-7"), conn, {
            title!(conn, 2, "2");
            insert!(conn, topics, (topics::id.eq(8), topics::name.eq("eight")));
        });
        let three = changeset!(conn, Changeset::anonymous().metadata(&json!({ "job": [1, "x"] }))?, conn, {
            go!(diesel::update(posts::table.find(1)).set(posts::body.eq("text")).execute(conn))?;
            go!(diesel::update(posts::table.find(2)).set(posts::title.eq("2b")).execute(conn))?;
        });
        macro_rules! found {
            ($query:expr) => {{
                let found: Vec<ChangesetNo> = go!($query.load(conn))?.iter().map(|it| it.no).collect();
                assert_eq!(go!($query.count(conn))?, i64::try_from(found.len())?);
                found
            }};
        }
        assert!(one.no < two.no && two.no < three.no);
        assert_eq!(one.at, noon);
        assert!(two.at > noon + TimeDelta::days(1) && three.at >= two.at);
        assert_eq!(three.metadata_as::<Value>()?, Some(json!({ "job": [1, "x"] })));
        assert_eq!(found!(changesets()), [three.no, two.no, one.no]);
        assert_eq!(found!(changesets().oldest_first()), [one.no, two.no, three.no]);
        assert_eq!(found!(changesets().by("ann")), [one.no]);
        assert_eq!(found!(changesets().by(7)), [two.no]);
        assert_eq!(found!(changesets().by("7")), []);
        assert_eq!(found!(changesets().by_nobody()), [three.no]);
        assert_eq!(found!(changesets().correlation("req-7")), [two.no]);
        assert_eq!(found!(changesets().comment_contains("100% OF _")), [one.no]);
        assert_eq!(found!(changesets().comment_contains("100_")), []);
        assert_eq!(found!(changesets().from(noon + TimeDelta::seconds(1))), [three.no, two.no]);
        assert_eq!(found!(changesets().from(noon).before(two.at)), [one.no]);
        assert_eq!(found!(changesets().of::<Topic>()), [two.no]);
        assert_eq!(found!(changesets().of::<Post>()), [three.no, two.no, one.no]);
        assert_eq!(found!(changesets().of_key::<Post>(&1)), [three.no, one.no]);
        assert_eq!(found!(post(2).to::<Post>()?.changesets()), [three.no, two.no]);
        assert_eq!(found!(changesets().of_key::<Post>(&1).field(posts::title)), [one.no]);
        assert_eq!(found!(changesets().of::<Post>().field(posts::body)), [three.no]);
        assert_eq!(found!(changesets().of::<Topic>().field(topics::name)), [two.no]);
        assert_eq!(found!(changesets().of::<Tag>()), []);
        let page = go!(changesets().limit(2).load(conn))?;
        assert_eq!(page.len(), 2);
        let rest = go!(changesets().limit(2).before(page[1].no).load(conn))?;
        assert_eq!(rest, std::slice::from_ref(&one));
        assert_eq!(go!(changesets().limit(1).offset(1).load(conn))?, std::slice::from_ref(&two));
        assert_eq!(go!(changesets().after(one.no).oldest_first().limit(1).load(conn))?, [two]);
        let unknown = go!(changesets().of::<Post>().field(posts::secret).load(conn));
        assert!(matches!(unknown, Err(Error::NoField { model: "Post", .. })), "{unknown:?}");
        let unknown = go!(Changeset::find(conn, ChangesetNo(1_000_000)));
        assert!(matches!(unknown, Err(Error::NoChangeset { no: ChangesetNo(1_000_000) })), "{unknown:?}");
        assert_eq!(serde_json::to_value(&one)?["actor"], "ann");
    }
}
