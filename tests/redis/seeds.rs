//! What the seed's own tests assert, and what its users had to do without.

use crate::beside::{Beside, assert_same, catch_up, store};
use crate::models::recorded as tables;
use crate::models::{All, Choice, Note, Question, choices, notes, questions};
use crate::support::each_engine;
use diesel::QueryDsl;
use diesel::prelude::ExpressionMethods;
use handleref::feed::{self, Feed};
use handleref::redis::Relay;
use serde_json::json;

macro_rules! run {
    ($conn:expr, $statement:expr) => {
        go!($statement.execute($conn))?
    };
}

each_engine! {
    /// Create, change, save unchanged; dates; A, B, A, B.
    async fn an_object(db: tables, conn) {
        let (store, redis) = (store(), &mut go!(Conn::redis()));
        let relay = Relay::<All>::new(&store);
        let asked = chrono::DateTime::from_timestamp(1_577_836_800, 5_000).unwrap().naive_utc();
        run!(conn, diesel::insert_into(questions::table).values(&Question { id: 7, text: "A".into(), asked: Some(asked) }));
        for text in ["B", "B", "A", "B"] {
            run!(conn, diesel::update(questions::table.find(7)).set(questions::text.eq(text)));
        }
        catch_up!(relay, conn, redis);
        let read = go!(Question::diffs(&store).of(&7).load(redis))?;
        let said: Vec<_> = read.diffs.iter().map(|diff| (diff.created, diff.data.clone())).collect();
        let change = |text: &str| (false, json!({ "model": "Question", "pk": 7, "fields": { "text": text } }));
        let created = json!({ "model": "Question", "pk": 7, "fields": { "text": "A", "asked": "2020-01-01T00:00:00.000005" } });
        assert_eq!(said, [(true, created), change("B"), change("A"), change("B")]);
        assert!(go!(Question::diffs(&store).of(&8).load(redis))?.diffs.is_empty());
        // Once more says nothing twice.
        catch_up!(relay, conn, redis);
        assert_same!(&store, conn, redis);
    }

    /// A hook leaves out, or says something else, given the value before.
    async fn hooks(db: tables, conn) {
        let (store, redis) = (store(), &mut go!(Conn::redis()));
        let relay = Relay::<All>::new(&store);
        run!(conn, diesel::insert_into(notes::table).values(&Note { id: 1, text: "secret".into() }));
        catch_up!(relay, conn, redis);
        assert!(go!(feed::diffs(&store).load(redis))?.diffs.is_empty());
        run!(conn, diesel::update(notes::table.find(1)).set(notes::text.eq("open")));
        catch_up!(relay, conn, redis);
        let read = go!(Note::diffs(&store).of(&1).load(redis))?;
        assert_eq!(read.diffs[0].data, json!({ "was": "secret", "is": "open" }));
        assert_eq!(read.diffs.len(), 1);
    }

    /// A child's diffs are under its parent; one that moved is under both, each
    /// diff where the child was then. Deletes and foreign keys are told.
    async fn a_child_under_its_parent(db: tables, conn) {
        let (store, redis) = (store(), &mut go!(Conn::redis()));
        let relay = Relay::<All>::new(&store);
        for id in [1, 2] {
            run!(conn, diesel::insert_into(questions::table).values(&Question { id, text: "?".into(), asked: None }));
        }
        run!(conn, diesel::insert_into(choices::table).values(&Choice { id: 5, question_id: Some(1), label: "a".into(), votes: 0 }));
        run!(conn, diesel::update(choices::table).set(choices::votes.eq(1)));
        catch_up!(relay, conn, redis);
        assert_eq!(go!(Question::diffs(&store).of(&1).load(redis))?.diffs.len(), 3);
        run!(conn, diesel::update(choices::table).set(choices::question_id.eq(2)));
        run!(conn, diesel::update(choices::table).set(choices::question_id.eq(None::<i32>)));
        run!(conn, diesel::delete(choices::table));
        catch_up!(relay, conn, redis);
        let moved = go!(Question::diffs(&store).of(&2).load(redis))?;
        assert_eq!(moved.diffs[1].data["fields"], json!({ "question_id": 2 }));
        let own = go!(Choice::diffs(&store).of(&5).load(redis))?;
        assert_eq!(own.diffs.len(), 2);
        assert_eq!(assert_same!(&store, conn, redis).len(), 7);
    }

    /// Nothing before the commit, nothing after a rollback.
    async fn transactions(db: tables, conn) {
        let (store, redis) = (store(), &mut go!(Conn::redis()));
        let relay = Relay::<All>::new(&store);
        catch_up!(relay, conn, redis);
        let failed: Result<(), handleref::Error> = transaction!(conn, inner, {
            go!(diesel::insert_into(notes::table).values(&Note { id: 1, text: "no".into() }).execute(inner))?;
            Err(handleref::Error::Foreign)
        });
        assert!(failed.is_err());
        catch_up!(relay, conn, redis);
        assert!(go!(feed::diffs(&store).load(redis))?.diffs.is_empty());
        let done: Result<(), handleref::Error> = transaction!(conn, inner, {
            for id in 1..4 {
                go!(diesel::insert_into(notes::table).values(&Note { id, text: "yes".into() }).execute(inner))?;
            }
            Ok(())
        });
        done?;
        catch_up!(relay, conn, redis);
        assert_eq!(assert_same!(&store, conn, redis).len(), 3);
    }
}
