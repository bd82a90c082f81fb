//! What a diff says.

use crate::models::*;
use crate::support::each_engine;
use chrono::{NaiveDate, NaiveDateTime, Utc};
use diesel::QueryDsl;
use diesel::prelude::ExpressionMethods;
use handleref::changeset::open_changeset;
use handleref::feed::{Diff, Feed, diffs, diffs_of};
use handleref::prelude::*;
use handleref::{Changeset, Error, Maintain, Operation, changes};
use serde_json::json;

each_engine! {
    /// An insert tells all fields, a change the new values of what changed, a save
    /// without changes nothing.
    async fn created_changed_and_saved_unchanged(db: tables, conn) {
        ask!(conn, 1, "Who?");
        let first = go!(Question::diffs(&STORE).of(&1).load(conn))?.diffs;
        assert_eq!(first.len(), 1);
        assert!(first[0].created && first[0].operation == Operation::Insert);
        assert_eq!(first[0].data, json!({
            "model": "Question", "pk": 1,
            "fields": { "text": "Who?", "asked_at": null, "asked_on": null, "deleted_at": null },
        }));
        let mut question: Question = go!(questions::table.find(1).first(conn))?;
        question.text = "Why?".into();
        go!(question.save(conn))?;
        go!(question.save(conn))?;
        // Nothing but what handleref writes itself.
        sql!(conn, "UPDATE questions SET version = version + 1");
        let both = go!(Question::diffs(&STORE).of_row(&question).load(conn))?.diffs;
        assert_eq!(both.len(), 2);
        assert_eq!(both[0], first[0]);
        let changed = &both[1];
        assert_eq!(changed.data, json!({ "model": "Question", "pk": 1, "fields": { "text": "Why?" } }));
        assert!(!changed.created && changed.operation == Operation::Update && changed.version == 2);
        assert!((Utc::now() - changed.at).num_seconds().abs() < 600, "{}", changed.at);
        assert_eq!(changed.timestamp(), changed.at.timestamp_micros() as f64 / 1e3);
        assert!(go!(Question::diffs(&STORE).of(&9).load(conn))?.diffs.is_empty());
    }

    /// Times and dates are told, and diffs come back from JSON as they were.
    async fn times_dates_and_json(db: tables, conn) {
        ask!(conn, 1, "When?");
        let time: NaiveDateTime = "2020-01-01T00:00:00.25".parse()?;
        let date: NaiveDate = "2024-02-29".parse()?;
        run!(conn, diesel::update(questions::table).set((questions::asked_at.eq(time), questions::asked_on.eq(date))));
        let diff = go!(Question::diffs(&STORE).last(conn))?.unwrap();
        assert_eq!(diff.data["fields"], json!({ "asked_at": "2020-01-01T00:00:00.250", "asked_on": "2024-02-29" }));
        let text = serde_json::to_string(&diff)?;
        assert_eq!(serde_json::from_str::<Diff>(&text)?, diff);
        assert_eq!(serde_json::to_string(&serde_json::from_str::<Diff>(&text)?)?, text);
    }

    /// Each change is a diff of its own, whatever it says.
    async fn identical_diffs_do_not_collapse(db: tables, conn) {
        ask!(conn, 1, "A");
        for text in ["B", "A", "B"] {
            reword!(conn, 1, text);
        }
        let all = go!(Question::diffs(&STORE).of(&1).load(conn))?.diffs;
        assert_eq!(told(&all, "text"), ["A", "B", "A", "B"]);
        assert!(all.is_sorted_by_key(|diff| diff.id) && all.is_sorted_by_key(|diff| diff.version));
    }

    /// Whoever changes rows, by whatever statement: it is in the feed.
    async fn bulk_raw_foreign_keys_and_deletes(db: tables, conn) {
        sql!(conn, "INSERT INTO seats (hall, number, color) VALUES ('a,b', 1, 'red'), ('a,b', 2, 'red')");
        run!(conn, diesel::update(seats::table).set(seats::color.eq("green")));
        sql!(conn, "UPDATE seats SET color = 'blue'");
        run!(conn, diesel::delete(seats::table.filter(seats::number.eq(2))));
        let all = go!(diffs(&STORE).load(conn))?.diffs;
        assert_eq!(shown(&all), [
            r#"insert Seat a\,b,1: {"fields":{"color":"red"},"model":"Seat","pk":["a,b",1]}"#,
            r#"insert Seat a\,b,2: {"fields":{"color":"red"},"model":"Seat","pk":["a,b",2]}"#,
            r#"update Seat a\,b,1: {"fields":{"color":"green"},"model":"Seat","pk":["a,b",1]}"#,
            r#"update Seat a\,b,2: {"fields":{"color":"green"},"model":"Seat","pk":["a,b",2]}"#,
            r#"update Seat a\,b,1: {"fields":{"color":"blue"},"model":"Seat","pk":["a,b",1]}"#,
            r#"update Seat a\,b,2: {"fields":{"color":"blue"},"model":"Seat","pk":["a,b",2]}"#,
            r#"delete Seat a\,b,2: {"fields":{},"model":"Seat","pk":["a,b",2]}"#,
        ]);
        let one = go!(Seat::diffs(&STORE).of(&("a,b".to_owned(), 2)).load(conn))?.diffs;
        assert_eq!(one, [1, 3, 5, 6].map(|at: usize| all[at].clone()));
        ask!(conn, 1, "Who?");
        ask!(conn, 2, "Why?");
        offer!(conn, 1, Some(1), "me");
        run!(conn, diesel::update(choices::table).set(choices::question_id.eq(2)));
        let moved = go!(diffs(&STORE).last(conn))?.unwrap();
        assert_eq!(moved.data, json!({ "model": "Choice", "pk": 1, "fields": { "question_id": 2 } }));
    }

    /// A soft delete and a restore tell their column.
    async fn soft_deletes_and_restores(db: tables, conn) {
        ask!(conn, 1, "Who?");
        run!(conn, handleref::delete(questions::table.find(1)));
        let deleted: Question = go!(questions::table.find(1).first(conn))?;
        run!(conn, handleref::restore(questions::table.find(1)));
        let read = go!(Question::diffs(&STORE).load(conn))?.diffs;
        let operations: Vec<_> = read.iter().map(|diff| diff.operation).collect();
        assert_eq!(operations, [Operation::Insert, Operation::SoftDelete, Operation::Restore]);
        assert_eq!(read[1].data["fields"], json!({ "deleted_at": deleted.deleted_at }));
        assert_eq!(read[2].data["fields"], json!({ "deleted_at": null }));
    }

    /// Diffs of a changeset have its number; a rollback leaves none.
    async fn changesets_and_rollbacks(db: tables, conn) {
        ask!(conn, 1, "Who?");
        let mut open = go!(open_changeset(conn, Changeset::by("ann")))?;
        reword!(&mut *open, 1, "Why?");
        let changeset = go!(open.close())?.unwrap();
        let before = go!(diffs(&STORE).load(conn))?;
        let numbers: Vec<_> = before.diffs.iter().map(|diff| diff.changeset).collect();
        assert_eq!(numbers, [None, Some(changeset)]);
        let undone: Result<(), Error> = transaction!(conn, inner, {
            reword!(inner, 1, "nobody sees this");
            Err(Error::Foreign)
        });
        assert!(matches!(undone, Err(Error::Foreign)));
        reword!(conn, 1, "How?");
        let after = go!(diffs(&STORE).since(&before.cursor).load(conn))?.diffs;
        assert_eq!(told(&after, "text"), ["How?"]);
    }

    /// Hooks: nothing of drafts, other data for titles, an empty value is nothing.
    async fn hooks_skip_and_serialise(db: tables, conn) {
        for (id, title) in [(1, "plan"), (2, "draft")] {
            run!(conn, diesel::insert_into(memos::table)
                .values((memos::id.eq(id), memos::title.eq(title), memos::secret.eq("s"))));
        }
        run!(conn, diesel::update(memos::table.find(1)).set(memos::title.eq("deed")));
        run!(conn, diesel::update(memos::table.find(1)).set(memos::body.eq("hush")));
        run!(conn, diesel::update(memos::table.find(2)).set(memos::body.eq("words")));
        run!(conn, diesel::update(memos::table.find(1)).set(memos::secret.eq("t")));
        let read = go!(Memo::diffs(&STORE).load(conn))?;
        assert_eq!(shown(&read.diffs), [
            r#"insert Memo 1: {"fields":{"body":null,"title":"plan"},"model":"Memo","pk":1}"#,
            r#"update Memo 1: {"created":false,"is":"deed","was":"plan"}"#,
            r#"update Memo 1: {"fields":{},"model":"Memo","pk":1,"redacted":["secret"]}"#,
        ]);
        // However much is left out, so many are found as are asked for.
        for page in [1, 2] {
            let newest = go!(Memo::diffs(&STORE).newest(page).load(conn))?;
            let at = 3 - usize::try_from(page)?;
            assert_eq!(newest.diffs, read.diffs[at..]);
            let first = go!(Memo::diffs(&STORE).limit(page).load(conn))?;
            assert_eq!(first.diffs, read.diffs[..usize::try_from(page)?]);
            let rest = go!(Memo::diffs(&STORE).since(&first.cursor).load(conn))?;
            assert_eq!(rest.diffs, read.diffs[usize::try_from(page)?..]);
        }
        // What is not a draft any more is told from there on.
        run!(conn, diesel::update(memos::table.find(2)).set(memos::title.eq("song")));
        let last = go!(Memo::diffs(&STORE).last(conn))?.unwrap();
        assert_eq!(last.data, json!({ "was": "draft", "is": "song", "created": false }));
    }

    /// What is erased is told nowhere any more, and that it was.
    async fn erased_values_are_gone(db: tables, conn) {
        run!(conn, diesel::insert_into(memos::table).values((memos::id.eq(1), memos::title.eq("a"), memos::body.eq("private"))));
        run!(conn, diesel::update(memos::table).set(memos::body.eq("personal")));
        go!(Memo::erase(1).column(memos::body).live_row().execute(conn))?;
        let read = go!(Memo::diffs(&STORE).load(conn))?.diffs;
        let operations: Vec<_> = read.iter().map(|diff| diff.operation).collect();
        assert_eq!(operations, [Operation::Insert, Operation::Erase]);
        let text = serde_json::to_string(&read)?;
        assert!(!text.contains("private") && !text.contains("personal"), "{text}");
        assert_eq!(read[1].data["fields"], json!({}));
    }

    /// Changes that were read already become the same diffs.
    async fn diffs_of_changes(db: tables, conn) {
        ask!(conn, 1, "Who?");
        offer!(conn, 1, Some(1), "me");
        reword!(conn, 1, "Why?");
        run!(conn, diesel::update(choices::table).set(choices::votes.eq(3)));
        let batch = go!(changes::<All>().load(conn))?;
        let all = go!(diffs(&STORE).load(conn))?;
        assert_eq!(all.diffs.len(), 4);
        assert_eq!(go!(diffs_of::<All, _>(conn, &batch.changes))?, all.diffs);
        // Of the models that are named, and of the changes that are given.
        let some = go!(diffs_of::<Choice, _>(conn, &batch.changes[1..]))?;
        assert_eq!(some, [all.diffs[1].clone(), all.diffs[3].clone()]);
    }
}
