//! What a reader gets who is alone.

use crate::posts::recorded as tables;
use crate::posts::{All, Post, Tag, Topic, posts, tags, topics};
use crate::support::each_engine;
use diesel::QueryDsl;
use diesel::prelude::ExpressionMethods;
use handleref::prelude::*;
use handleref::sync::Change;
use handleref::{Cursor, Error, Maintain, Operation, changes};

macro_rules! run {
    ($conn:expr, $statement:expr) => {
        go!($statement.execute($conn))?
    };
}

/// `insert Topic 1 v1`
fn shown(changes: &[Change]) -> Vec<String> {
    let one = |it: &Change| format!("{} {} {} v{}", it.operation, it.model, it.key, it.version);
    changes.iter().map(one).collect()
}

each_engine! {
    /// Every kind of change, in order, in pages, from where the last one ended.
    async fn kinds_and_pages(db: tables, conn) {
        assert!(go!(changes::<All>().load(conn))?.changes.is_empty());
        run!(conn, diesel::insert_into(topics::table).values(&Topic { id: 1, name: "rust".into() }));
        run!(conn, diesel::insert_into(posts::table).values((posts::id.eq(1), posts::topic_id.eq(1), posts::title.eq("a"))));
        run!(conn, diesel::update(posts::table.find(1)).set((posts::title.eq("b"), posts::secret.eq("s"))));
        run!(conn, handleref::delete(posts::table.find(1)));
        run!(conn, handleref::restore(posts::table.find(1)));
        run!(conn, diesel::insert_into(tags::table).values(&Tag { id: 7, name: "x".into() }));
        run!(conn, diesel::delete(tags::table.find(7)));
        let all = go!(changes::<All>().load(conn))?;
        assert!(!all.more);
        let expected = [
            "insert Topic 1 v1", "insert Post 1 v1", "update Post 1 v2", "soft_delete Post 1 v3",
            "restore Post 1 v4", "insert Tag 7 v1", "delete Tag 7 v2",
        ];
        assert_eq!(shown(&all.changes), expected);
        let update = &all.changes[2];
        assert_eq!(update.row::<Post>().unwrap().title, "b");
        assert!(update.row::<Topic>().is_none());
        assert_eq!(update.redacted, ["secret"]);
        let gone = &all.changes[6];
        assert_eq!(gone.row::<Tag>().unwrap().name, "x");
        let json = serde_json::to_value(&all).unwrap();
        assert_eq!(json["changes"][0]["row"], serde_json::json!({ "id": 1, "name": "rust" }));
        assert!(json["changes"][6]["row"].is_null());

        let mut cursor = Cursor::beginning();
        let mut read = Vec::new();
        for page in 0.. {
            let batch = go!(changes::<All>().since(&cursor).limit(2).load(conn))?;
            read.extend(shown(&batch.changes));
            // As a reader would keep it.
            cursor = batch.cursor.to_string().parse()?;
            assert!(page < 5, "{cursor}");
            if !batch.more { break; }
        }
        assert_eq!(read, expected);
        let none = go!(changes::<All>().since(&cursor).load(conn))?;
        assert!(none.changes.is_empty() && !none.more);
        // The same from the end of the long batch, and from now.
        for end in [all.cursor, go!(changes::<All>().now(conn))?] {
            assert!(go!(changes::<All>().since(&end).load(conn))?.changes.is_empty());
        }
        go!(Post::erase(1).column(posts::body).execute(conn))?;
        run!(conn, diesel::update(topics::table).set(topics::name.eq("sql")));
        let batch = go!(changes::<All>().since(&none.cursor).load(conn))?;
        assert_eq!(shown(&batch.changes), ["erase Post 1 v4", "update Topic 1 v2"]);
    }

    /// Filters leave out, and the cursor moves on.
    async fn filters(db: tables, conn) {
        for id in 1..=4 {
            run!(conn, diesel::insert_into(posts::table).values((posts::id.eq(id), posts::title.eq(format!("{id}")))));
        }
        run!(conn, diesel::insert_into(topics::table).values(&Topic { id: 1, name: "rust".into() }));
        run!(conn, diesel::delete(posts::table.find(2)));
        let some = go!(changes::<(Topic, Post)>().operations([Operation::Insert]).only::<Post, _>(posts::id.gt(2)).load(conn))?;
        assert_eq!(shown(&some.changes), ["insert Post 3 v1", "insert Post 4 v1", "insert Topic 1 v1"]);
        let gone = go!(Post::changes().operations([Operation::Delete, Operation::Erase]).load(conn))?;
        assert_eq!(shown(&gone.changes), ["delete Post 2 v2"]);
        let none = go!(Post::changes().filter(posts::title.eq("nothing")).load(conn))?;
        assert!(none.changes.is_empty() && !none.more);
        let after = go!(Post::changes().since(&none.cursor).load(conn))?;
        assert!(after.changes.is_empty());
        // The order of the models does not matter; which they are does.
        let turned = go!(changes::<(Post, Topic)>().since(&some.cursor).load(conn))?;
        assert!(turned.changes.is_empty());
        let other = go!(Post::changes().since(&some.cursor).load(conn));
        assert!(matches!(other, Err(Error::WrongModels { .. })), "{other:?}");
    }
}

/// A poll asks by texts that are different each time; a connection must not keep
/// all of them prepared.
#[cfg(feature = "postgres")]
#[test]
fn nothing_stays_prepared() {
    use diesel::RunQueryDsl;
    let db = crate::support::Db::postgres();
    tables(&db);
    let conn = &mut db.connect::<diesel::PgConnection>();
    let mut cursor = Cursor::beginning();
    for id in 0..30 {
        diesel::insert_into(topics::table)
            .values(&Topic {
                id,
                name: id.to_string(),
            })
            .execute(conn)
            .unwrap();
        let batch = changes::<All>().since(&cursor).load(conn).unwrap();
        assert_eq!(batch.changes.len(), 1);
        cursor = batch.cursor;
    }
    let kept =
        diesel::dsl::sql::<diesel::sql_types::BigInt>("count(*) FROM pg_prepared_statements");
    let kept: i64 = diesel::select(kept).get_result(conn).unwrap();
    assert!(kept < 10, "{kept} statements are kept");
}
