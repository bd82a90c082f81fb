//! Back to what a row was.

use super::shown;
use crate::support::recorded::papers as tables;
use crate::support::recorded::{Author, Paper, PaperRecords, authors, bare_papers, papers};
use crate::support::{Db, Engine, each_engine};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
use handleref::history::Conflict;
use handleref::history::Revert;
use handleref::prelude::*;
use handleref::{Error, Operation, Outcome};

/// Papers that were there before the recording, and of which there is no record.
fn older(db: &Db) {
    bare_papers(db);
    for id in 1..=3 {
        db.create(&format!(
            "INSERT INTO papers (id, title, secret, views) VALUES ({id}, 'old {id}', 'secret', 7)"
        ));
    }
    db.install(&handleref::schema![Author, Paper]);
}

/// Changes records, by a connection that has opened the door to them.
fn behind_the_door(db: &Db, sql: &str) {
    let (open, close) = match db.engine {
        Engine::Sqlite => (
            "BEGIN; UPDATE handleref_context SET door = 1",
            "UPDATE handleref_context SET door = 0; COMMIT",
        ),
        Engine::Postgres => (
            "BEGIN; SELECT set_config('handleref.door', '1', true)",
            "COMMIT",
        ),
        Engine::Mysql => ("SET @handleref_door = 1", "SET @handleref_door = NULL"),
    };
    db.create(&format!("{open}; {sql}; {close}"));
}

each_engine! {
    /// A really deleted row keeps its history, and goes on with it when its key
    /// is used again, by an insert or by `reinsert`.
    async fn deleted_rows_come_back(db: tables, conn) {
        let paper = insert!(conn, 1, "one");
        go!(paper.hard_delete(conn))?;
        go!(diesel::insert_into(papers::table)
            .values((papers::id.eq(1), papers::title.eq("another")))
            .execute(conn))?;
        let another = paper!(conn, 1);
        assert_eq!(another.version, 3, "no lock confuses two lives");
        assert!(matches!(go!(paper.hard_delete(conn)), Err(Error::Stale { .. })));
        go!(another.hard_delete(conn))?;
        let back = go!(Paper::reinsert(conn, &1))?;
        assert_eq!((back.title.as_str(), back.version, back.created_at), ("another", 5, another.created_at));
        assert_eq!(
            shown(&history!(conn, 1)),
            ["insert 1 one", "delete 2 one", "insert 3 another", "delete 4 another", "insert 5 another"]
        );
        assert!(matches!(go!(Paper::reinsert(conn, &9)), Err(Error::Gone { .. })));
    }

    /// Cases 13 to 18 of django-handleref.
    async fn versions_diffs_and_reverts(db: tables, conn) {
        let mut paper = insert!(conn, 1, "Test");
        paper.title = "Updated".to_owned();
        go!(paper.save(conn))?;
        paper.title = "Again".to_owned();
        paper.website = Some("https://example.com".to_owned());
        go!(paper.save(conn))?;

        let versions = go!(paper.history()
            .order(PaperRecords::VERSION)
            .select((PaperRecords::VERSION, papers::title, papers::version))
            .load::<(i64, String, i64)>(conn))?;
        let expected = [(1, "Test"), (2, "Updated"), (3, "Again")];
        assert_eq!(versions.len(), 3);
        for ((version, title, column), (number, name)) in versions.iter().zip(expected) {
            assert_eq!((*version, title.as_str(), *column), (number, name, number));
        }

        let diff = go!(paper.diff(conn, 1, 2))?;
        assert_eq!(diff.changed_fields(), ["title"]);
        let change = diff.get(papers::title).unwrap();
        assert_eq!((change.old.as_str(), change.new.as_str()), (Some("Test"), Some("Updated")));
        let back = go!(paper.diff(conn, 3, 1))?;
        assert_eq!(back.changed_fields(), ["title", "website"]);
        assert!(back.get(papers::website).unwrap().new.is_null(), "null stays null");

        let summary = go!(paper.changes_summary(conn, &[2, 3]))?;
        assert_eq!(summary[0].field, "title");
        let titles: Vec<_> = summary[0].changes.iter().map(|c| (c.version, c.old.as_str(), c.new.as_str())).collect();
        assert_eq!(titles, [(2, Some("Test"), Some("Updated")), (3, Some("Updated"), Some("Again"))]);
        // From the version before it, whichever versions are asked for.
        let last = go!(paper.changes_summary(conn, &[3]))?;
        let last: Vec<_> = last.iter().map(|field| (field.field, &field.changes[0].old, &field.changes[0].new)).collect();
        let site = serde_json::json!("https://example.com");
        assert_eq!(last, [("title", &"Updated".into(), &"Again".into()), ("website", &serde_json::Value::Null, &site)]);
        let first = go!(paper.changes_summary(conn, &[1]))?;
        assert!(first.iter().any(|field| field.field == "title" && field.changes[0].old.is_null()));

        let blame = go!(paper.blame(conn))?;
        let of = |field: &str| blame.iter().find(|one| one.field == field).map(|one| one.version);
        assert_eq!((of("title"), of("website"), of("id"), of("author_id")), (Some(3), Some(3), Some(1), Some(1)));

        let fields = Revert::fields().field(papers::title, 1).named("website", 2);
        assert_eq!(go!(paper.revert(conn, fields))?, Outcome::Written);
        assert_eq!((paper.title.as_str(), paper.website.as_deref(), paper.version), ("Test", None, 4));
        go!(paper.revert(conn, 3))?;
        assert_eq!((paper.title.as_str(), paper.website.is_some(), paper.version), ("Again", true, 5));
        go!(paper.revert(conn, 1))?;
        assert_eq!((paper.title.as_str(), paper.website.as_deref(), paper.version), ("Test", None, 6));
        assert_eq!(paper, paper!(conn, 1));
        assert_eq!(go!(paper.revert(conn, 1))?, Outcome::Unchanged);
        assert!(matches!(go!(paper.revert(conn, 99)), Err(Error::NoVersion { version: 99, .. })));
        assert!(matches!(go!(paper.diff(conn, 1, 99)), Err(Error::NoVersion { version: 99, .. })));
        let nothing = Revert::fields().named("nothing", 1);
        assert!(matches!(go!(paper.revert(conn, nothing)), Err(Error::NoField { .. })));
    }

    /// A revert by a stale instance is refused, and so is a plan that is out
    /// of date.
    async fn reverts_are_optimistic(db: tables, conn) {
        let mut paper = insert!(conn, 1, "one");
        let mut stale = paper.clone();
        paper.title = "two".to_owned();
        go!(paper.save(conn))?;
        assert!(matches!(go!(stale.revert(conn, 1)), Err(Error::Stale { expected: 1, found: 2, .. })));
        let plan = go!(paper.revert_plan(conn, 1))?;
        paper.title = "three".to_owned();
        go!(paper.save(conn))?;
        assert!(matches!(go!(plan.apply(conn)), Err(Error::Stale { expected: 2, found: 3, .. })));
        assert_eq!(paper!(conn, 1).title, "three");
        go!(paper.hard_delete(conn))?;
        let plan = go!(paper.revert_plan(conn, 2))?;
        assert!(plan.reinsert);
        go!(plan.apply(conn))?;
        assert_eq!((paper!(conn, 1).title.as_str(), paper!(conn, 1).version), ("two", 5));
    }

    /// A soft-deleted row is live again after a revert to a live version, and
    /// the other way round.
    async fn reverts_bring_the_mark_back(db: tables, conn) {
        let mut paper = insert!(conn, 1, "one");
        go!(paper.delete(conn))?;
        let deleted = paper.version;
        go!(paper.revert(conn, 1))?;
        assert_eq!((paper.deleted_at, paper.version), (None, 3));
        go!(paper.revert(conn, deleted))?;
        assert!(paper.deleted_at.is_some());
        let operations: Vec<_> = history!(conn, 1).into_iter().map(|(operation, ..)| operation).collect();
        assert_eq!(
            operations,
            [Operation::Insert, Operation::SoftDelete, Operation::Restore, Operation::SoftDelete]
        );
    }

    /// A plan names what stands in the way, in words and as data, and refuses
    /// to be applied; nothing is written.
    async fn conflicts(db: tables, conn) {
        let mut author = author!(conn, 1, "Ann");
        author!(conn, 2, "Ben");
        let mut paper = insert!(conn, 1, "wanted");
        go!(diesel::update(papers::table.find(1)).set(papers::author_id.eq(1)).execute(conn))?;
        go!(diesel::update(papers::table.find(1)).set((papers::title.eq("other"), papers::author_id.eq(2))).execute(conn))?;
        go!(diesel::update(papers::table.find(1)).set(papers::title.eq("")).execute(conn))?;
        go!(diesel::update(papers::table.find(1)).set(papers::title.eq("last")).execute(conn))?;
        insert!(conn, 2, "wanted");
        go!(author.delete(conn))?;
        go!(paper.reload(conn))?;

        let plan = go!(paper.revert_plan(conn, 2))?;
        let text = plan.to_string();
        for expected in [
            "title: \"last\" -> \"wanted\"",
            "note: overwrites the later change of `title` in version 3, 4, 5",
            "note: overwrites the later change of `author_id` in version 3",
            "refused: the value of `title` must be unique, and 2 has it",
            "refused: its Author 1 is soft-deleted",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
        let json = serde_json::to_value(&plan)?;
        assert_eq!(json["version"], 5);
        let kinds: Vec<_> = json["conflicts"].as_array().unwrap().iter().map(|c| c["conflict"].clone()).collect();
        assert_eq!(kinds, ["later_edit", "later_edit", "unique_taken", "parent_deleted"]);
        match go!(plan.apply(conn)) {
            Err(Error::Revert { conflicts, .. }) => assert_eq!(conflicts.len(), 2),
            other => panic!("{other:?}"),
        }
        assert_eq!(paper!(conn, 1), paper);
        // In a transaction of the caller, who goes on, nothing of it is kept, either.
        let before = history!(conn, 1);
        transaction!(conn, inner, {
            assert!(matches!(go!(plan.apply(inner)), Err(Error::Revert { .. })));
            assert!(matches!(go!(paper.revert(inner, Revert::fields().field(papers::title, 4))), Err(Error::Revert { .. })));
            Ok(())
        })?;
        assert_eq!((paper!(conn, 1), history!(conn, 1)), (paper.clone(), before));

        // The hook of the model.
        match go!(paper.revert(conn, Revert::fields().field(papers::title, 4))) {
            Err(error @ Error::Revert { .. }) => assert!(error.to_string().contains("needs a title"), "{error}"),
            other => panic!("{other:?}"),
        }
        // A parent that is gone, not only deleted.
        go!(author.hard_delete(conn))?;
        match go!(paper.revert(conn, Revert::fields().field(papers::author_id, 2))) {
            Err(error @ Error::Revert { .. }) => assert!(error.to_string().contains("does not exist"), "{error}"),
            other => panic!("{other:?}"),
        }
        // Looked at again when it is applied: the value is taken in between.
        let plan = go!(paper.revert_plan(conn, Revert::fields().field(papers::title, 3)))?;
        assert_eq!(plan.blockers().count(), 0);
        insert!(conn, 3, "other");
        assert!(matches!(go!(plan.apply(conn)), Err(Error::Revert { .. })));
        go!(diesel::delete(papers::table.find(3)).execute(conn))?;
        assert_eq!(go!(plan.apply(conn))?, Outcome::Written);
        assert_eq!(paper!(conn, 1).title, "other");
    }

    /// The first change of a row that had no record can be taken back: its
    /// trigger wrote down what was there before.
    async fn the_first_change_of_an_older_row(db: older, conn) {
        let mut paper = paper!(conn, 1);
        assert!(history!(conn, 1).is_empty());
        assert!(matches!(go!(paper.revert(conn, 1)), Err(Error::NoVersion { version: 1, .. })));
        paper.title = "new".to_owned();
        paper.website = Some("https://example.com".to_owned());
        go!(paper.save(conn))?;
        assert_eq!(shown(&history!(conn, 1)), ["baseline 1 old 1", "update 2 new"]);
        let plan = go!(paper.revert_plan(conn, 1))?;
        let overwritten = |field| Conflict::LaterEdit { field, versions: vec![2] };
        assert_eq!(plan.conflicts, [overwritten("title"), overwritten("website")], "{plan}");
        assert_eq!(go!(paper.revert(conn, 1))?, Outcome::Written);
        assert_eq!((paper.title.as_str(), paper.website.as_deref(), paper.version), ("old 1", None, 3));
        assert_eq!((paper.secret.as_deref(), paper.views), (Some("secret"), 7), "what records do not know");
        assert_eq!(paper, paper!(conn, 1));
        assert_eq!(shown(&history!(conn, 1)), ["baseline 1 old 1", "update 2 new", "update 3 old 1"]);

        // Whatever the first change is.
        go!(handleref::delete(papers::table.find(2)).execute(conn))?;
        let mut paper = paper!(conn, 2);
        go!(paper.revert(conn, 1))?;
        assert_eq!((paper.deleted_at, paper.title.as_str(), paper.version), (None, "old 2", 3));
        assert_eq!(shown(&history!(conn, 2)), ["baseline 1 old 2", "soft_delete 2 old 2", "restore 3 old 2"]);
        db.create("DELETE FROM papers WHERE id = 3");
        let back = go!(Paper::reinsert(conn, &3))?;
        assert_eq!((back.title.as_str(), back.version), ("old 3", 3));
        assert_eq!(shown(&history!(conn, 3)), ["baseline 1 old 3", "delete 2 old 3", "insert 3 old 3"]);
    }

    /// Only later edits of what the revert changes are named.
    async fn edits_of_what_stays(db: tables, conn) {
        let mut paper = insert!(conn, 1, "a");
        for title in ["b", "a"] {
            paper.title = title.to_owned();
            go!(paper.save(conn))?;
        }
        paper.website = Some("https://example.com".to_owned());
        go!(paper.save(conn))?;
        let plan = go!(paper.revert_plan(conn, 1))?;
        let edit = Conflict::LaterEdit { field: "website", versions: vec![4] };
        assert_eq!(plan.conflicts, [edit], "{plan}");
    }

    /// What a record holds of a column that the model does not have (any
    /// more) stays in the past, and the plan says so.
    async fn columns_that_are_gone(db: tables, conn) {
        let mut paper = insert!(conn, 1, "one");
        for title in ["two", "three"] {
            paper.title = title.to_owned();
            go!(paper.save(conn))?;
        }
        db.create("ALTER TABLE paper_records ADD COLUMN motto {TEXT}");
        db.create("ALTER TABLE paper_records ADD COLUMN mood {TEXT}");
        behind_the_door(&db, "UPDATE paper_records SET motto = 'per aspera' WHERE record_version = 1");
        let gone = Conflict::ColumnGone { column: "motto".to_owned() };

        let plan = go!(paper.revert_plan(conn, 1))?;
        assert!(plan.conflicts.contains(&gone), "{plan}");
        assert_eq!(plan.conflicts.iter().filter(|one| matches!(one, Conflict::ColumnGone { .. })).count(), 1, "{plan}");
        assert_eq!(plan.blockers().count(), 0);
        assert!(plan.to_string().contains("note: the model has no field for the column `motto` any more"), "{plan}");
        let json = serde_json::to_value(&plan)?;
        let found = json["conflicts"].as_array().unwrap().iter().find(|one| one["conflict"] == "column_gone");
        assert_eq!(found.unwrap()["column"], "motto");
        // A version that had no value there loses none.
        let other = go!(paper.revert_plan(conn, 2))?;
        assert!(!other.conflicts.contains(&gone), "{other}");

        assert_eq!(go!(plan.apply(conn))?, Outcome::Written);
        assert_eq!(shown(&history!(conn, 1)), ["insert 1 one", "update 2 two", "update 3 three", "update 4 one"]);
        behind_the_door(&db, "UPDATE paper_records SET mood = title WHERE motto IS NOT NULL AND record_version = 1");
        go!(paper.reload(conn))?;
        let plan = go!(paper.revert_plan(conn, 1))?;
        assert!(plan.changes.is_empty() && plan.conflicts.contains(&gone), "{plan}");
        let columns = plan.conflicts.iter().filter(|one| matches!(one, Conflict::ColumnGone { .. })).count();
        assert_eq!(columns, 2, "the value is still there, in the first record: {plan}");
        let last = go!(paper.revert_plan(conn, 4))?;
        assert!(!last.conflicts.contains(&gone), "and in no other: {last}");
    }
}
