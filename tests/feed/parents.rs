//! Diffs under the parents of rows.

use crate::models::*;
use crate::support::each_engine;
use diesel::prelude::ExpressionMethods;
use handleref::Error;
use handleref::changeset::ObjectRef;
use handleref::feed::{Feed, diffs};

each_engine! {
    /// A question, a choice of it, the choice changed: three diffs of the question.
    async fn children_are_told_under_their_parent(db: tables, conn) {
        ask!(conn, 1, "Who?");
        ask!(conn, 2, "Why?");
        offer!(conn, 1, Some(1), "me");
        run!(conn, diesel::update(choices::table).set(choices::votes.eq(1)));
        let read = go!(Question::diffs(&STORE).of(&1).load(conn))?.diffs;
        assert_eq!(shown(&read), [
            r#"insert Question 1: {"fields":{"asked_at":null,"asked_on":null,"deleted_at":null,"text":"Who?"},"model":"Question","pk":1}"#,
            r#"insert Choice 1 under Question 1: {"fields":{"question_id":1,"text":"me","votes":0},"model":"Choice","pk":1}"#,
            r#"update Choice 1 under Question 1: {"fields":{"votes":1},"model":"Choice","pk":1}"#,
        ]);
        let question = ObjectRef::new::<Question>(&1);
        assert!(read.iter().all(|diff| *diff.address() == question));
        assert!(go!(Choice::diffs(&STORE).of(&1).load(conn))?.diffs.is_empty());
        // Over the model: whatever is under its objects.
        assert_eq!(go!(Question::diffs(&STORE).load(conn))?.diffs.len(), 4);
        assert!(go!(Choice::diffs(&STORE).load(conn))?.diffs.is_empty());
        assert_eq!(go!(diffs(&STORE).load(conn))?.diffs.len(), 4);
        assert_eq!(go!(diffs(&STORE).of_object(&question).load(conn))?.diffs, read);
        // It ends under its parent, too.
        run!(conn, diesel::delete(choices::table));
        let last = go!(Question::diffs(&STORE).of(&1).last(conn))?.unwrap();
        assert_eq!(last.to_string().split_once(": ").unwrap().1, r#"delete Choice 1 under Question 1: {"fields":{},"model":"Choice","pk":1}"#);
    }

    /// The first diff of a choice without a question is its own; when it gets one,
    /// the second is the question's.
    async fn a_child_that_gets_a_parent_and_moves(db: tables, conn) {
        ask!(conn, 1, "Who?");
        ask!(conn, 2, "Why?");
        offer!(conn, 1, None, "me");
        run!(conn, diesel::update(choices::table).set(choices::question_id.eq(1)));
        assert_eq!(go!(Choice::diffs(&STORE).of(&1).load(conn))?.diffs.len(), 1);
        assert_eq!(go!(Choice::diffs(&STORE).load(conn))?.diffs.len(), 1);
        assert_eq!(go!(Question::diffs(&STORE).of(&1).load(conn))?.diffs.len(), 2);
        // That it moves is told where it goes to; the rest follows it.
        run!(conn, diesel::update(choices::table).set(choices::question_id.eq(2)));
        run!(conn, diesel::update(choices::table).set(choices::votes.eq(5)));
        assert_eq!(go!(Question::diffs(&STORE).of(&1).load(conn))?.diffs.len(), 2);
        let there = go!(Question::diffs(&STORE).of(&2).load(conn))?.diffs;
        assert_eq!(told(&there[1..], "question_id"), [serde_json::json!(2), serde_json::Value::Null]);
        run!(conn, diesel::update(choices::table).set(choices::question_id.eq(None::<i32>)));
        assert_eq!(go!(Question::diffs(&STORE).of(&2).load(conn))?.diffs.len(), 3);
        assert_eq!(go!(Choice::diffs(&STORE).of(&1).load(conn))?.diffs.len(), 2);
    }

    /// One level, and no chain; in one table, too.
    async fn a_tree_is_told_one_level_up(db: tables, conn) {
        for (slug, up) in [("top", None), ("mid", Some("top")), ("leaf", Some("mid"))] {
            let page = Page { slug: slug.into(), up_slug: up.map(str::to_owned), text: "x".into() };
            run!(conn, diesel::insert_into(pages::table).values(&page));
        }
        let under = |slug: &str| Page::diffs(&STORE).of(&slug.to_owned());
        for (slug, expected) in [("top", vec!["top", "mid"]), ("mid", vec!["leaf"]), ("leaf", vec![])] {
            let read = go!(under(slug).load(conn))?.diffs;
            let keys: Vec<_> = read.iter().map(|diff| diff.object.key.as_str()).collect();
            assert_eq!(keys, expected, "{slug}");
        }
        assert_eq!(go!(Page::diffs(&STORE).load(conn))?.diffs.len(), 3);
    }

    /// What the store does not know, it says.
    async fn models_that_are_not_in_the_store(db: tables, conn) {
        let store = handleref::feed::Database::<(Memo, Choice)>::new();
        let unknown = |model: &str, read: Result<_, Error>| match read {
            Err(error @ Error::NotInFeed { .. }) => assert!(error.to_string().contains(model), "{error}"),
            other => panic!("{other:?}"),
        };
        unknown("Seat", go!(Seat::diffs(&store).load(conn)));
        unknown("Question", go!(Question::diffs(&store).of(&1).load(conn)));
        let mut object = ObjectRef::new::<Memo>(&1);
        object.key = "one".into();
        let read = go!(diffs(&store).of_object(&object).load(conn));
        assert!(matches!(&read, Err(Error::WrongObject { model: "Memo", .. })), "{read:?}");
    }
}
