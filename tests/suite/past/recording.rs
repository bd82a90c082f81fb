//! By whatever way a row is changed, its record is there.

use super::shown;
use crate::support::recorded::papers as tables;
use crate::support::recorded::{Label, LabelRecords, Paper, PaperRecords, labels, papers};
use crate::support::{Engine, each_engine};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
use handleref::history::{Now, Revert};
use handleref::prelude::*;
use handleref::{Error, Operation, Outcome, Record};

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
        // Versions on both sides: what made the first one does not count.
        assert_eq!(go!(paper.diff(conn, 1, 2))?.changed_fields(), ["secret"]);
        go!(diesel::update(papers::table.find(1)).set(papers::title.eq("three")).execute(conn))?;
        assert_eq!(go!(paper.diff(conn, 4, Now))?.changed_fields(), ["title"]);
        go!(paper.reload(conn))?;
        // A revert does not touch what it does not know.
        go!(paper.revert(conn, 1))?;
        assert_eq!((paper.secret.as_deref(), paper.views, paper.title.as_str()), (Some("hunter3"), 5, "one"));
        assert!(matches!(
            go!(paper.revert(conn, Revert::fields().field(papers::secret, 1))),
            Err(Error::NoField { .. })
        ));
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
        let back = go!(Label::reinsert(conn, &(1, "new".to_owned())))?;
        assert_eq!(back, label);
    }
}
