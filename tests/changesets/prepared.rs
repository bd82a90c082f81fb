//! A connection keeps what it prepares for as long as it lives. So what is
//! prepared for ever must not grow with the values: whatever was done once,
//! and is done again with other ones, adds nothing.

use crate::posts::recorded as tables;
use crate::posts::{All, Post, Tag, posts, tags};
use crate::support::kept::Kept;
use crate::support::{Db, Done};
use chrono::Utc;
use diesel::prelude::ExpressionMethods;
use diesel::{Connection, QueryDsl, RunQueryDsl, SelectableHelper};
use handleref::changeset::{ObjectRef, current_changeset, scan, undo_plan};
use handleref::history::{Now, Revert};
use handleref::maintain::{Maintain, events, without_recording};
use handleref::prelude::*;
use handleref::{Changeset, Cursor, Error, Operation, changes, changesets, in_changeset};

/// Everything that reads or writes by a value, with the values of this round.
macro_rules! round {
    ($conn:expr, $round:expr, $cursor:expr) => {{
        let (conn, round) = (&mut *$conn, $round);
        let id = i32::try_from(round)?;
        let text = |of: &str| format!("{of} {round}");
        diesel::insert_into(posts::table)
            .values((posts::id.eq(id), posts::title.eq(text("title"))))
            .execute(conn)?;
        diesel::insert_into(tags::table)
            .values((tags::id.eq(id), tags::name.eq(text("name"))))
            .execute(conn)?;
        let mut post: Post = posts::table
            .find(id)
            .select(Post::as_select())
            .first(conn)?;
        post.body = Some(text("body"));
        post.save(conn)?;
        post.delete(conn)?;
        post.restore(conn)?;
        Post::since(post.version - 1).load::<Post>(conn)?;
        post.diff(conn, 1, Now)?;
        post.diff(conn, 1, 2)?;
        post.blame(conn)?;
        post.revert(conn, Revert::fields().field(posts::body, 1))?;
        posts::table
            .select(posts::id)
            .as_of::<Post>(Utc::now())
            .load::<i32>(conn)?;

        let meta = Changeset::by(text("ann"))
            .comment(text("comment"))
            .at(Utc::now());
        let made = in_changeset(conn, meta, |conn| {
            diesel::update(posts::table.find(id))
                .set((posts::title.eq(text("made")), posts::body.eq(text("made"))))
                .execute(conn)?;
            Ok::<_, Error>(current_changeset(conn)?.expect("a changeset"))
        })?;
        diesel::update(posts::table.find(id))
            .set(posts::title.eq(text("edited")))
            .execute(conn)?;
        let object = ObjectRef::new::<Post>(&id);
        let plan = undo_plan::<All>(made)
            .resolve(&object, "title", text("merged"))
            .load(conn)?;
        plan.apply(conn)?;
        let found = Changeset::find(conn, made)?;
        found.changes::<All>().load(conn)?;
        changesets()
            .by(text("ann"))
            .limit(round)
            .offset(round)
            .load(conn)?;
        changesets()
            .of_key::<Post>(&id)
            .field(posts::title)
            .load(conn)?;

        let batch = changes::<All>()
            .since($cursor)
            .limit(round)
            .operations([Operation::Update])
            .load(conn)?;
        *$cursor = batch.cursor;
        without_recording(conn, &text("import"), |conn| {
            diesel::update(tags::table.find(id))
                .set(tags::name.eq(text("unheard")))
                .execute(conn)
                .map(drop)
                .map_err(Error::from)
        })?;
        scan()
            .model::<Tag>()
            .meta(Changeset::by(text("nobody")))
            .execute(conn)?;
        Post::prune()
            .keep_last(round + 50)
            .batch(round)
            .execute(conn)?;
        Post::prune().older_than(post.created_at).dry_run(conn)?;
        Post::erase(id)
            .column(posts::body)
            .live_row()
            .execute(conn)?;
        Tag::hold(conn, &id, &text("a case"))?;
        events().of::<Post>().limit(round).load(conn)?;
    }};
}

macro_rules! rounds {
    ($($feature:literal $engine:ident $conn:ty;)*) => { $(
        #[cfg(feature = $feature)]
        #[test]
        fn $engine() -> Done {
            let db = Db::$engine();
            tables(&db);
            let conn = &mut db.connect::<$conn>();
            let kept = Kept::default();
            conn.set_instrumentation(kept.hears());
            let mut cursor = Cursor::beginning();
            // What is done for the first time is prepared; in the second round a
            // few things are there that were not in the first one.
            for round in 1..=2_u32 {
                round!(conn, round, &mut cursor);
            }
            assert!(kept.take().len() > 10, "connections keep nothing any more");
            for round in 3..=6 {
                round!(conn, round, &mut cursor);
                assert_eq!(kept.take(), [""; 0], "round {round}");
            }
            Ok(())
        }
    )* };
}

rounds! {
    "sqlite" sqlite diesel::SqliteConnection;
    "postgres" postgres diesel::PgConnection;
    "mysql" mysql diesel::MysqlConnection;
}
