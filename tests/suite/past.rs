//! What is recorded, and what can be read of the past of a row.

use crate::support::recorded::papers as tables;
use crate::support::recorded::{
    Author, AuthorRecords, Label, LabelRecords, Paper, PaperRecords, authors, labels, papers,
};
use crate::support::{Engine, each_engine};
use diesel::prelude::{BoolExpressionMethods, ExpressionMethods, NullableExpressionMethods};
use diesel::{JoinOnDsl, QueryDsl, SelectableHelper};
use handleref::prelude::*;
use handleref::{Error, Now, Operation, Outcome, Record, RecordNo, Revert, VersionNo};

macro_rules! insert {
    ($conn:expr, $id:expr, $title:expr) => {{
        go!(diesel::insert_into(papers::table)
            .values((papers::id.eq($id), papers::title.eq($title)))
            .execute($conn))?;
        paper!($conn, $id)
    }};
}

macro_rules! paper {
    ($conn:expr, $id:expr) => {
        go!(papers::table
            .find($id)
            .select(Paper::as_select())
            .first::<Paper>($conn))?
    };
}

macro_rules! author {
    ($conn:expr, $id:expr, $name:expr) => {{
        go!(diesel::insert_into(authors::table)
            .values((authors::id.eq($id), authors::name.eq($name)))
            .execute($conn))?;
        go!(authors::table
            .find($id)
            .select(Author::as_select())
            .first::<Author>($conn))?
    }};
}

/// The records of a row: operation, version, title.
macro_rules! history {
    ($conn:expr, $id:expr) => {
        go!(Paper::history_of($id)
            .order(PaperRecords::RECORD_ID)
            .select((
                PaperRecords::OPERATION,
                PaperRecords::VERSION,
                papers::title
            ))
            .load::<(Operation, i64, String)>($conn))?
    };
}

fn shown(history: &[(Operation, i64, String)]) -> Vec<String> {
    history
        .iter()
        .map(|(operation, version, title)| format!("{operation} {version} {title}"))
        .collect()
}

each_engine! {
    /// By whatever way a row is changed, its record is there; the record is
    /// the row as it was after the change.
    async fn every_change_is_a_record(db: tables, conn) {
        let mut paper = insert!(conn, 1, "one");
        go!(diesel::update(papers::table.find(1)).set(papers::title.eq("two")).execute(conn))?;
        go!(handleref::update(papers::table.find(1)).set(papers::title.eq("three")).execute(conn))?;
        go!(paper.reload(conn))?;
        paper.title = "four".to_owned();
        go!(paper.save(conn))?;
        db.create("UPDATE papers SET title = 'five' WHERE id = 1");
        go!(handleref::delete(papers::table.find(1)).execute(conn))?;
        go!(handleref::restore(papers::table.find(1)).execute(conn))?;
        let last = paper!(conn, 1);
        go!(last.hard_delete(conn))?;
        assert_eq!(
            shown(&history!(conn, 1)),
            [
                "insert 1 one", "update 2 two", "update 3 three", "update 4 four", "update 5 five",
                "soft_delete 6 five", "restore 7 five", "delete 8 five",
            ]
        );
        let records = go!(Paper::records()
            .order(PaperRecords::RECORD_ID.desc())
            .select(Record::<Paper>::as_select())
            .load::<Record<Paper>>(conn))?;
        assert_eq!(records[0].row, last, "a delete holds the last state");
        assert_eq!(records[1].row, last);
        assert_eq!(records[1].at.naive_utc(), last.updated_at, "one clock");
        assert!(records.windows(2).all(|pair| pair[0].id > pair[1].id && pair[0].at >= pair[1].at));
    }

    /// What changes nothing recorded is not recorded; a field that is left out
    /// raises the version all the same.
    async fn what_changes_nothing_is_no_record(db: tables, conn) {
        let mut paper = insert!(conn, 1, "one");
        assert_eq!(go!(paper.save(conn))?, Outcome::Unchanged);
        go!(diesel::update(papers::table.find(1)).set(papers::title.eq("one")).execute(conn))?;
        go!(diesel::update(papers::table.find(1)).set(papers::website.eq(None::<String>)).execute(conn))?;
        go!(handleref::delete(papers::table.find(7)).execute(conn))?;
        assert_eq!(shown(&history!(conn, 1)), ["insert 1 one"]);
        go!(diesel::update(papers::table.find(1)).set(papers::views.eq(1)).execute(conn))?;
        assert_eq!(shown(&history!(conn, 1)), ["insert 1 one"]);
        assert_eq!(paper!(conn, 1).version, 2);
        // There and back again are three states.
        for title in ["two", "one"] {
            go!(diesel::update(papers::table.find(1)).set(papers::title.eq(title)).execute(conn))?;
        }
        assert_eq!(shown(&history!(conn, 1)), ["insert 1 one", "update 3 two", "update 4 one"]);
    }

    /// Sets: one record for each row that changed.
    async fn sets_are_recorded(db: tables, conn) {
        for id in 1..=20 {
            insert!(conn, id, format!("{id}"));
        }
        go!(diesel::update(papers::table.filter(papers::id.le(10)))
            .set(papers::website.eq("x"))
            .execute(conn))?;
        go!(diesel::update(papers::table).set(papers::website.eq("x")).execute(conn))?;
        go!(diesel::delete(papers::table.filter(papers::id.gt(15))).execute(conn))?;
        let count = |operation: Operation| PaperRecords::OPERATION.eq(operation);
        for (operation, expected) in [
            (Operation::Insert, 20), (Operation::Update, 20), (Operation::Delete, 5),
        ] {
            let found: i64 = go!(Paper::records().filter(count(operation)).count().get_result(conn))?;
            assert_eq!(found, expected, "{operation}");
        }
        let other = if db.engine == Engine::Mysql { "CONCAT(title, 'x')" } else { "title || 'x'" };
        db.create(&format!("INSERT INTO papers (id, title) SELECT id + 100, {other} FROM papers WHERE id <= 5"));
        let found: i64 = go!(Paper::records().filter(papers::id.gt(100)).count().get_result(conn))?;
        assert_eq!(found, 5, "INSERT .. SELECT");
    }

    /// An upsert is an insert or an update; a conflict that is ignored is none.
    async fn upserts(db: tables, conn) {
        let insert = match db.engine {
            Engine::Mysql => "INSERT INTO papers (id, title) VALUES (1, 'a') ON DUPLICATE KEY UPDATE title = 'b'",
            _ => "INSERT INTO papers (id, title) VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET title = 'b'",
        };
        db.create(insert);
        db.create(insert);
        db.create(insert);
        let ignore = match db.engine {
            Engine::Mysql => "INSERT IGNORE INTO papers (id, title) VALUES (1, 'c')",
            _ => "INSERT INTO papers (id, title) VALUES (1, 'c') ON CONFLICT DO NOTHING",
        };
        db.create(ignore);
        assert_eq!(shown(&history!(conn, 1)), ["insert 1 a", "update 2 b"]);
        if db.engine != Engine::Postgres {
            db.create("REPLACE INTO papers (id, title) VALUES (1, 'd')");
            assert_eq!(
                shown(&history!(conn, 1)),
                ["insert 1 a", "update 2 b", "delete 3 b", "insert 4 d"]
            );
        }
    }

    /// A transaction or savepoint that is rolled back leaves nothing.
    async fn rollbacks(db: tables, conn) {
        insert!(conn, 1, "one");
        let result = transaction!(conn, inner, {
            go!(diesel::update(papers::table.find(1)).set(papers::title.eq("two")).execute(inner))?;
            let nested = transaction!(inner, inmost, {
                go!(diesel::update(papers::table.find(1)).set(papers::title.eq("three")).execute(inmost))?;
                Err::<(), _>(Error::Database(diesel::result::Error::RollbackTransaction))
            });
            assert!(nested.is_err());
            Ok(())
        });
        result?;
        let failed = transaction!(conn, inner, {
            go!(diesel::update(papers::table.find(1)).set(papers::title.eq("four")).execute(inner))?;
            Err::<(), _>(Error::Database(diesel::result::Error::RollbackTransaction))
        });
        assert!(failed.is_err());
        assert_eq!(shown(&history!(conn, 1)), ["insert 1 one", "update 2 two"]);
        let duplicate = go!(diesel::insert_into(papers::table)
            .values((papers::id.eq(1), papers::title.eq("again")))
            .execute(conn));
        assert!(duplicate.is_err());
        assert_eq!(history!(conn, 1).len(), 2, "a write that fails");
    }

    /// A really deleted row keeps its history, and goes on with it when its key
    /// is used again, by an insert or by `undelete`.
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
        let back = go!(Paper::undelete(conn, &1))?;
        assert_eq!((back.title.as_str(), back.version, back.created_at), ("another", 5, another.created_at));
        assert_eq!(
            shown(&history!(conn, 1)),
            ["insert 1 one", "delete 2 one", "insert 3 another", "delete 4 another", "insert 5 another"]
        );
        assert!(matches!(go!(Paper::undelete(conn, &9)), Err(Error::Gone { .. })));
    }

    /// A changed key is the end of one row and the beginning of another.
    async fn a_changed_key(db: tables, conn) {
        insert!(conn, 1, "one");
        go!(diesel::update(papers::table.find(1)).set(papers::id.eq(2)).execute(conn))?;
        assert_eq!(shown(&history!(conn, 1)), ["insert 1 one", "delete 2 one"]);
        let second = history!(conn, 2);
        assert_eq!((second.len(), second[0].0), (1, Operation::Insert));
        assert_eq!(second[0].1, paper!(conn, 2).version);
    }

    /// What is redacted is in no copy, and that it changed is known.
    async fn redacted_and_skipped(db: tables, conn) {
        insert!(conn, 1, "one");
        go!(diesel::update(papers::table.find(1)).set(papers::secret.eq("hunter2")).execute(conn))?;
        go!(handleref::update(papers::table.find(1)).set(papers::views.eq(5)).execute(conn))?;
        go!(diesel::update(papers::table.find(1)).set((papers::secret.eq("hunter3"), papers::title.eq("two"))).execute(conn))?;
        let mut paper = paper!(conn, 1);
        let states = go!(paper.history().order(PaperRecords::RECORD_ID).select(Paper::as_select()).load::<Paper>(conn))?;
        assert_eq!(states.len(), 3);
        assert!(states.iter().all(|state| state.secret.is_none() && state.views == 0));
        let diff = go!(paper.diff(conn, 1, Now))?;
        assert_eq!(diff.changed_fields(), ["secret", "title"]);
        let secret = diff.get(papers::secret).unwrap();
        assert!(secret.redacted && secret.new.is_null());
        assert!(!serde_json::to_string(&diff)?.contains("hunter"));
        // A revert does not touch what it does not know.
        go!(paper.revert(conn, 1))?;
        assert_eq!((paper.secret.as_deref(), paper.views, paper.title.as_str()), (Some("hunter3"), 5, "one"));
        assert!(matches!(
            go!(paper.revert(conn, Revert::fields().field(papers::secret, 1))),
            Err(Error::NoField { .. })
        ));
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
        let titles: Vec<_> = summary[0].changes.iter().map(|c| (c.version, c.new.as_str())).collect();
        assert_eq!(titles, [(2, Some("Updated")), (3, Some("Again"))]);
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
        assert!(plan.undelete);
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

    /// A join table is recorded without a version of its own.
    async fn a_join_table(db: tables, conn) {
        let label = Label { paper_id: 1, label: "new".to_owned(), weight: None };
        go!(diesel::insert_into(labels::table).values(&label).execute(conn))?;
        go!(diesel::update(labels::table).set(labels::weight.eq(3)).execute(conn))?;
        go!(diesel::delete(labels::table).execute(conn))?;
        go!(diesel::insert_into(labels::table).values(&label).execute(conn))?;
        let found = go!(label.history()
            .order(LabelRecords::RECORD_ID)
            .select((LabelRecords::OPERATION, LabelRecords::VERSION, labels::weight))
            .load::<(Operation, i64, Option<i32>)>(conn))?;
        assert_eq!(found, [
            (Operation::Insert, 1, None),
            (Operation::Update, 2, Some(3)),
            (Operation::Delete, 3, Some(3)),
            (Operation::Insert, 4, None),
        ]);
        let diff = go!(label.diff(conn, 1, 2))?;
        assert_eq!(diff.changed_fields(), ["weight"]);
        go!(diesel::delete(labels::table).execute(conn))?;
        let back = go!(Label::undelete(conn, &(1, "new".to_owned())))?;
        assert_eq!(back, label);
    }

    /// Any query, at any moment.
    async fn as_of(db: tables, conn) {
        author!(conn, 1, "Ann");
        insert!(conn, 1, "one");
        go!(diesel::update(papers::table.find(1)).set(papers::author_id.eq(1)).execute(conn))?;
        let before = go!(Author::records().select(diesel::dsl::max(AuthorRecords::RECORD_ID)).get_result::<Option<i64>>(conn))?;
        let middle: i64 = go!(Paper::records().select(diesel::dsl::max(PaperRecords::RECORD_ID)).get_result::<Option<i64>>(conn))?.unwrap();
        std::thread::sleep(std::time::Duration::from_millis(5));
        let noon = go!(diesel::select(handleref::now::<Paper>()).get_result::<chrono::NaiveDateTime>(conn))?;
        std::thread::sleep(std::time::Duration::from_millis(5));
        go!(diesel::update(authors::table.find(1)).set(authors::name.eq("Anna")).execute(conn))?;
        go!(handleref::delete(papers::table.find(1)).execute(conn))?;
        insert!(conn, 2, "two");
        go!(diesel::delete(papers::table.find(1)).execute(conn))?;

        let joined = papers::table
            .inner_join(authors::table)
            .select((papers::title, papers::deleted_at.is_null(), authors::name));
        type Row = (String, bool, String);
        let row = |live, name: &str| ("one".to_owned(), live, name.to_owned());
        assert_eq!(go!(joined.as_of::<(Paper, Author)>(noon).load::<Row>(conn))?, [row(true, "Ann")]);
        assert_eq!(go!(joined.as_of::<(Paper, Author)>(RecordNo(middle)).load::<Row>(conn))?, [row(true, "Ann")]);
        assert!(go!(joined.as_of::<(Paper, Author)>(RecordNo(before.unwrap())).load::<Row>(conn))?.is_empty());
        // One of the two in the past, the other as it is now.
        assert_eq!(go!(joined.as_of::<Paper>(noon).load::<Row>(conn))?, [row(true, "Anna")]);
        // Soft-deleted rows are there with their mark; deleted ones are not.
        let deleted = go!(Paper::records()
            .filter(PaperRecords::OPERATION.eq(Operation::SoftDelete))
            .select(PaperRecords::RECORD_ID)
            .first::<i64>(conn))?;
        assert_eq!(go!(joined.as_of::<(Paper, Author)>(RecordNo(deleted)).load::<Row>(conn))?, [row(false, "Anna")]);
        assert!(go!(joined.as_of::<(Paper, Author)>(chrono::Utc::now() + chrono::TimeDelta::days(1)).load::<Row>(conn))?.is_empty());
        // Aggregates, subqueries, pages, struct selections.
        assert_eq!(go!(papers::table.count().as_of::<Paper>(noon).get_result::<i64>(conn))?, 1);
        let named = papers::table
            .filter(papers::author_id.eq_any(authors::table.filter(authors::name.eq("Ann")).select(authors::id.nullable())))
            .select(Paper::as_select());
        assert_eq!(go!(named.as_of::<(Paper, Author)>(noon).load::<Paper>(conn))?.len(), 1);
        assert_eq!(go!(named.as_of::<Paper>(noon).load::<Paper>(conn))?.len(), 0);
        let page = papers::table.order(papers::id.desc()).limit(1).select(papers::id);
        assert_eq!(go!(page.as_of::<Paper>(noon).first::<i32>(conn))?, 1);
        assert_eq!(go!(papers::table.select(papers::title).as_of::<Paper>(VersionNo(1)).load::<String>(conn))?.len(), 2);
        // Before recording began there is no answer, and the error says why.
        let early = go!(papers::table.select(papers::id).as_of::<Paper>(noon - chrono::TimeDelta::days(1)).load::<i32>(conn));
        let text = early.unwrap_err().to_string();
        assert!(text.contains("`paper_records` does not reach back so far; it begins at "), "{text}");
        assert!(go!(papers::table.select(papers::id).as_of::<Paper>(RecordNo(-1)).load::<i32>(conn)).is_err());
    }

    /// Records join the present, and other records.
    async fn joins(db: tables, conn) {
        author!(conn, 1, "Ann");
        insert!(conn, 1, "one");
        go!(diesel::update(papers::table.find(1)).set(papers::author_id.eq(1)).execute(conn))?;
        go!(diesel::update(authors::table.find(1)).set(authors::name.eq("Anna")).execute(conn))?;
        let now = Paper::records()
            .inner_join(authors::table.on(authors::id.nullable().eq(papers::author_id)))
            .filter(PaperRecords::OPERATION.eq(Operation::Update))
            .select((PaperRecords::VERSION, Paper::as_select(), authors::name));
        let found = go!(now.load::<(i64, Paper, String)>(conn))?;
        assert_eq!((found.len(), found[0].0, found[0].2.as_str()), (1, 2, "Anna"));
        let all = Paper::records()
            .left_join(authors::table.on(authors::id.nullable().eq(papers::author_id)))
            .order(PaperRecords::RECORD_ID)
            .select((PaperRecords::VERSION, authors::name.nullable()));
        assert_eq!(go!(all.load::<(i64, Option<String>)>(conn))?, [(1, None), (2, Some("Anna".to_owned()))]);
        let then = Paper::records()
            .inner_join(Author::records().on(authors::id.nullable().eq(papers::author_id)
                .and(AuthorRecords::RECORD_ID.lt(PaperRecords::RECORD_ID))))
            .select((papers::title, authors::name));
        assert_eq!(go!(then.load::<(String, String)>(conn))?, [("one".to_owned(), "Ann".to_owned())]);
    }

    /// Where the records have got to is a moment, the first one too.
    async fn the_last_record(db: tables, conn) {
        let empty = go!(handleref::latest_record(conn))?;
        insert!(conn, 1, "one");
        let one = go!(handleref::latest_record(conn))?;
        go!(diesel::delete(papers::table.find(1)).execute(conn))?;
        let count = |moment| papers::table.count().as_of::<Paper>(moment);
        assert_eq!(go!(count(empty).get_result::<i64>(conn))?, 0);
        assert_eq!(go!(count(one).get_result::<i64>(conn))?, 1);
        let none = go!(handleref::latest_record(conn))?;
        assert_eq!(go!(count(none).get_result::<i64>(conn))?, 0);
    }
}
