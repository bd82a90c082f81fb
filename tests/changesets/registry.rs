//! The registry: the same answers as with types, by names and as JSON values.

mod verbs;

use crate::posts::recorded as tables;
use crate::posts::{All, Post, PostTag, Reading, Tag, Topic, posts, tags};
use crate::support::{Db, each_engine};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
use handleref::changeset::{ChangesetNo, current_changeset, undo_plan};
use handleref::history::{Now, RecordNo, Revert};
use handleref::prelude::*;
use handleref::registry::{Registry, Role};
use handleref::{
    Changeset, Cursor, Error, Operation, Outcome, changes, changesets, in_changeset_async,
};
use serde_json::{Value, json};

fn registry() -> Registry {
    handleref::schema![Topic, Post, Tag, PostTag, Reading].registry()
}

/// As text, for comparisons of types that say the same.
fn text(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

/// Topics, posts (one of them with a secret) and links; two changesets.
macro_rules! filled {
    ($conn:expr) => {{
        let first = go!(in_changeset_async(
            $conn,
            Changeset::by("ann").comment("begin"),
            async |conn| {
                go!(diesel::sql_query("INSERT INTO topics (id, name) VALUES (1, 'rust')").execute(conn))?;
                for id in 1..=5 {
                    go!(diesel::insert_into(posts::table)
                        .values((
                            posts::id.eq(id),
                            posts::topic_id.eq(1),
                            posts::title.eq(format!("post {id}")),
                            posts::secret.eq("hush"),
                        ))
                        .execute(conn))?;
                }
                go!(diesel::sql_query("INSERT INTO tags (id, name) VALUES (1, 'a'), (2, 'b')").execute(conn))?;
                go!(diesel::sql_query("INSERT INTO post_tags (post_id, tag_id, weight) VALUES (1, 1, 3), (1, 2, 4), (2, 1, 5)").execute(conn))?;
                Ok::<_, Error>(go!(current_changeset(conn))?.expect("a changeset"))
            }
        ))?;
        let second = go!(in_changeset_async($conn, Changeset::by("bob"), async |conn| {
            go!(diesel::update(posts::table.find(1))
                .set((posts::title.eq("changed"), posts::secret.eq("hush hush")))
                .execute(conn))?;
            go!(diesel::delete(tags::table.find(9)).execute(conn))?;
            Ok::<_, Error>(go!(current_changeset(conn))?.expect("a changeset"))
        }))?;
        (first, second)
    }};
}

macro_rules! post {
    ($conn:expr, $id:expr) => {
        go!(posts::table
            .find($id)
            .select(Post::as_select())
            .first::<Post>($conn))?
    };
}

#[test]
fn what_is_known_of_models() {
    let registry = registry();
    let names: Vec<_> = registry.models().iter().map(|it| it.name()).collect();
    assert_eq!(names, ["Topic", "Post", "Tag", "PostTag", "Reading"]);
    let post = registry.model("Post").unwrap();
    assert_eq!(registry.model("posts").unwrap().name(), "Post");
    assert!(matches!(registry.model("Pots"), Err(Error::NoModel { name }) if name == "Pots"));
    assert_eq!(
        (post.table(), post.record_table(), post.key()),
        ("posts", "post_records", &["id"][..])
    );
    assert!(post.is_soft_deleted() && !post.is_link() && !post.requires_changeset());
    assert!(registry.model("PostTag").unwrap().is_link());
    let roles: Vec<_> = post
        .fields()
        .filter_map(|it| Some((it.name, it.role?)))
        .collect();
    assert_eq!(
        roles,
        [
            ("id", Role::Key),
            ("version", Role::Version),
            ("created_at", Role::CreatedAt),
            ("updated_at", Role::UpdatedAt),
            ("deleted_at", Role::DeletedAt),
        ]
    );
    let secret = post.fields().find(|it| it.name == "secret").unwrap();
    assert!(secret.is_redacted && !secret.is_recorded && secret.is_nullable);
    let topic = post.fields().find(|it| it.name == "topic_id").unwrap();
    assert_eq!(topic.references, Some("Topic"));
    let link = serde_json::to_value(registry.model("PostTag").unwrap()).unwrap();
    assert_eq!(link["key"], json!(["post_id", "tag_id"]));
    assert_eq!(
        link["references"][1],
        json!({"columns": ["tag_id"], "model": "Tag"})
    );
    assert_eq!(
        serde_json::to_value(&registry)
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        5
    );
}

/// What cannot be loaded cannot come out as JSON.
mod unreadable {
    diesel::table! {
        plain (id) {
            id -> Integer,
        }
    }
    #[derive(handleref::Recorded)]
    #[diesel(table_name = plain)]
    #[allow(dead_code)]
    struct Plain {
        id: i32,
    }

    #[test]
    fn is_not_in_the_registry() {
        let registry = handleref::schema![Plain].registry();
        assert!(registry.models().is_empty());
    }
}

each_engine! {
    /// Live rows, deleted ones and both, page by page; keys of any kind.
    async fn rows(db: tables, conn) {
        filled!(conn);
        let registry = registry();
        let model = registry.model("Post")?;
        go!(post!(conn, 2).delete(conn))?;
        let mut seen = Vec::new();
        let mut query = model.rows().limit(3);
        loop {
            let page = go!(query.load(conn))?;
            seen.extend(page.objects.iter().map(|it| it.key.clone()));
            assert!(page.objects.iter().all(|it| !it.is_deleted));
            let Some(next) = page.next else { break };
            query = model.rows().limit(3).after(next);
        }
        assert_eq!(seen, ["1", "3", "4", "5"]);
        let deleted = go!(model.rows().deleted().load(conn))?;
        assert_eq!(deleted.objects.len(), 1);
        assert!(deleted.objects[0].is_deleted && deleted.objects[0].key == "2");
        assert_eq!(go!(model.rows().with_deleted().load(conn))?.objects.len(), 5);
        let one = go!(model.row(conn, "1"))?.expect("a row");
        assert_eq!((one.version, one.is_deleted), (Some(2), false));
        assert_eq!((&one.values["title"], one.values.get("secret")), (&json!("changed"), None));
        assert_eq!(go!(model.row(conn, "77"))?, None);
        assert!(matches!(go!(model.row(conn, "x")), Err(Error::WrongObject { .. })));

        let links = registry.model("PostTag")?;
        let page = go!(links.rows().limit(2).load(conn))?;
        assert_eq!(page.next.as_deref(), Some("1,2"));
        let rest = go!(links.rows().after("1,2").load(conn))?;
        assert_eq!((rest.objects.len(), rest.next), (1, None));
        assert_eq!(rest.objects[0].values, json!({"post_id": 2, "tag_id": 1, "weight": 5}).as_object().unwrap().clone());
        let columns = go!(links.columns(conn))?;
        let names: Vec<_> = columns.iter().map(|it| (it.name.as_str(), it.is_nullable)).collect();
        assert_eq!(names, [("post_id", false), ("tag_id", false), ("weight", true)]);
        assert!(columns.iter().all(|it| it.sql_type.starts_with("int")), "{columns:?}");
    }

    /// What typed rows say of their past, the registry says too.
    async fn the_past(db: tables, conn) {
        let (first, second) = filled!(conn);
        let registry = registry();
        let model = registry.model("Post")?;
        let mut row = post!(conn, 1);
        row.body = Some("text".to_owned());
        go!(row.save(conn))?;
        assert_eq!(text(&go!(model.diff(conn, "1", 1, Now))?), text(&go!(row.diff(conn, 1, Now))?));
        assert_eq!(text(&go!(model.diff(conn, "1", 3, 2))?), text(&go!(row.diff(conn, 3, 2))?));
        assert_eq!(text(&go!(model.blame(conn, "1"))?), text(&go!(row.blame(conn))?));
        assert_eq!(
            text(&go!(model.changes_summary(conn, "1", &[1, 2, 3]))?),
            text(&go!(row.changes_summary(conn, &[1, 2, 3]))?)
        );
        let page = go!(model.history("1").limit(2).load(conn))?;
        let said: Vec<_> = page.entries.iter().map(|it| {
            let by = it.changeset.as_ref().and_then(|it| Some(it.actor.as_ref()?.to_string()));
            let fields: Vec<_> = it.changes.iter().map(|it| (it.field, it.redacted)).collect();
            (it.version, it.operation, by, fields)
        }).collect();
        assert_eq!(said, [
            (3, Operation::Update, None, vec![("body", false)]),
            (2, Operation::Update, Some("bob".to_owned()), vec![("title", false), ("secret", true)]),
        ]);
        assert_eq!(page.entries[1].changeset_no, Some(second));
        assert_eq!((&page.entries[1].changes[0].old, &page.entries[1].changes[0].new), (&json!("post 1"), &json!("changed")));
        let older = go!(model.history("1").before(RecordNo(page.next.expect("more"))).load(conn))?;
        assert_eq!((older.entries.len(), older.next), (1, None));
        let insert = &older.entries[0];
        assert_eq!((insert.operation, insert.is_known), (Operation::Insert, true));
        assert_eq!(insert.changeset.as_ref().and_then(|it| it.comment.as_deref()), Some("begin"));
        assert!(insert.changes.iter().any(|it| it.field == "title" && it.new == json!("post 1")));

        for moment in [first, second] {
            let typed = go!(posts::table.find(1).select(posts::title).as_of::<Post>(moment).first::<String>(conn))?;
            let object = go!(model.as_of(conn, "1", moment))?.expect("it was there");
            assert_eq!(object.values["title"], json!(typed));
        }
        assert_eq!(go!(model.rows().as_of(first).limit(2).load(conn))?.next.as_deref(), Some("2"));
        assert!(go!(model.as_of(conn, "1", RecordNo(0))).is_err(), "before recording began");

        let found = go!(model.changesets().load(conn))?;
        assert_eq!(found.iter().map(|it| it.no).collect::<Vec<_>>(), [second, first]);
        assert_eq!(go!(model.changesets_of("2")?.load(conn))?, go!(changesets().of_key::<Post>(&2).load(conn))?);
        assert_eq!(text(&go!(registry.changes_of(&found[1]).load(conn))?), text(&go!(found[1].changes::<All>().load(conn))?));

        // What somebody did to the changesets does not make a record look as if it had none.
        go!(diesel::sql_query("DELETE FROM handleref_changesets").execute(conn))?;
        let page = go!(model.history("1").load(conn))?;
        assert_eq!((page.entries[1].changeset_no, &page.entries[1].changeset), (Some(second), &None));
    }

    /// Reverts, rows that come back, soft delete and restore.
    async fn writing(db: tables, conn) {
        filled!(conn);
        let registry = registry();
        let model = registry.model("Post")?;
        let typed = go!(post!(conn, 1).revert_plan(conn, 1))?;
        let plan = go!(model.revert_plan(conn, "1", 1))?;
        assert_eq!(text(&plan), text(&typed));
        assert_eq!(go!(plan.apply(conn))?, Outcome::Written);
        assert_eq!(post!(conn, 1).title, "post 1");
        assert!(matches!(go!(plan.apply(conn)), Err(Error::Stale { .. })));
        assert!(matches!(go!(model.revert_plan(conn, "1", Revert::fields().named("secret", 1))), Err(Error::NoField { .. })));

        assert_eq!(go!(model.delete(conn, "3"))?, Outcome::Written);
        assert_eq!(go!(model.delete(conn, "3"))?, Outcome::Unchanged);
        assert!(post!(conn, 3).deleted_at.is_some());
        assert_eq!(go!(model.restore(conn, "3"))?, Outcome::Written);
        assert!(post!(conn, 3).deleted_at.is_none());
        assert!(matches!(go!(model.restore(conn, "77")), Err(Error::Gone { .. })));
        assert!(matches!(go!(registry.model("Topic")?.delete(conn, "1")), Err(Error::NoVerb { model: "Topic" })));

        go!(diesel::delete(posts::table.find(5)).execute(conn))?;
        assert!(go!(model.row(conn, "5"))?.is_none());
        let plan = go!(model.reinsert_plan(conn, "5"))?;
        assert!(plan.reinsert);
        go!(plan.apply(conn))?;
        assert_eq!(go!(model.row(conn, "5"))?.expect("back").values["title"], json!("post 5"));
    }

    /// Changes and undo, with the cursors of the typed ones.
    async fn changes_and_undo(db: tables, conn) {
        let (_, second) = filled!(conn);
        let registry = registry();
        let typed = go!(changes::<All>().load(conn))?;
        let named = go!(registry.changes().load(conn))?;
        assert_eq!(text(&named), text(&typed));
        assert!(go!(registry.changes().since(&typed.cursor).load(conn))?.changes.is_empty());
        let typed = go!(undo_plan::<All>(second).load(conn))?;
        let plan = go!(registry.undo_plan(second).load(conn))?;
        assert_eq!(text(&plan), text(&typed));
        let undone = go!(plan.apply(conn))?.expect("a changeset");
        assert_eq!(post!(conn, 1).title, "post 1");
        assert_eq!(go!(Changeset::find(conn, undone))?.undoes, Some(second));
        assert!(matches!(go!(registry.undo_plan(ChangesetNo(7_777)).load(conn)), Err(Error::NoChangeset { .. })));
        let only = handleref::schema![Topic, Tag].registry();
        assert!(matches!(go!(only.undo_plan(second).load(conn)), Err(Error::NotListed { .. })));
    }

    /// Whatever is asked, a secret is not among the answers: neither that of the
    /// live row, nor one of a record from before the field was redacted.
    async fn secrets(db: tables, conn) {
        let (first, second) = filled!(conn);
        crate::registry::remember(&db);
        let registry = registry();
        let model = registry.model("Post")?;
        let record = go!(changesets().load(conn))?;
        let mut said: Vec<String> = vec![
            text(&go!(model.rows().load(conn))?),
            text(&go!(model.row(conn, "1"))?),
            text(&go!(model.history("1").load(conn))?),
            text(&go!(model.diff(conn, "1", 1, Now))?),
            text(&go!(model.blame(conn, "1"))?),
            text(&go!(model.as_of(conn, "1", first))?),
            text(&go!(model.rows().as_of(second).load(conn))?),
            text(&go!(model.revert_plan(conn, "1", 1))?),
            text(&go!(registry.changes().load(conn))?),
            text(&go!(registry.undo_plan(second).load(conn))?),
            text(&go!(model.changes_summary(conn, "1", &[1, 2]))?),
        ];
        for changeset in &record {
            said.push(text(&go!(registry.changes_of(changeset).load(conn))?));
        }
        let values: Vec<Value> = said.iter().map(|it| serde_json::from_str(it).unwrap()).collect();
        assert!(values.iter().all(|it| !it.is_null()));
        assert!(said.iter().all(|it| !it.contains("hush")), "{said:#?}");
        // The typed ones, which have the struct, do know what is stored.
        assert!(text(&go!(changes::<All>().since(&Cursor::beginning()).load(conn))?).contains("hush"));
    }
}

/// Puts the secrets into the records, past their triggers.
fn remember(db: &Db) {
    use crate::support::Engine;
    let (open, close): (&[&str], &[&str]) = match db.engine {
        Engine::Sqlite => (
            &["UPDATE handleref_context SET door = 1"],
            &["UPDATE handleref_context SET door = 0"],
        ),
        _ => (&[], &[]),
    };
    for sql in open {
        db.execute(sql);
    }
    let update = "UPDATE post_records SET secret = 'hush'";
    match db.engine {
        Engine::Postgres => db.execute(&format!("SET handleref.door = 1; {update}")),
        Engine::Mysql => db.execute(&format!("SET @handleref_door = 1; {update}")),
        Engine::Sqlite => db.execute(update),
    }
    for sql in close {
        db.execute(sql);
    }
}
