//! Scans: recording what the triggers could not see.

use crate::support::recorded::{
    Author, Label, LabelRecords, Paper, PaperRecords, bare_papers, filled, labels,
    papers as recorded, papers,
};
use crate::support::{Db, Engine, each_engine};
use diesel::prelude::ExpressionMethods;
use diesel::{NullableExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper};
use handleref::changeset::scan;
use handleref::maintain::without_recording_async;
use handleref::prelude::*;
use handleref::{Changeset, Error, HandleRef, Operation, Record, Recorded, in_changeset_async};
use std::collections::BTreeMap;

diesel::table! {
    handleref_changesets (id) {
        id -> BigInt,
        comment -> Nullable<Text>,
    }
}
/// So that papers are changed unseen, and unguarded.
fn blind(db: &Db) {
    if db.engine == Engine::Postgres {
        return db.execute("ALTER TABLE papers DISABLE TRIGGER USER");
    }
    for kind in ["guard", "insert", "update", "rekey", "delete", "continue"] {
        db.execute(&format!("DROP TRIGGER IF EXISTS handleref_{kind}_papers"));
    }
}

fn seeing(db: &Db) {
    if db.engine == Engine::Postgres {
        return db.execute("ALTER TABLE papers ENABLE TRIGGER USER");
    }
    db.install(&handleref::schema![Author, Paper, Label]);
}

/// A paper as records show it.
fn shown(paper: Paper) -> Paper {
    Paper {
        secret: None,
        views: 0,
        ..paper
    }
}

/// Whether history folds to the present.
fn assert_folds(records: Vec<Record<Paper>>, live: Vec<Paper>) {
    let mut last: BTreeMap<i32, Record<Paper>> = BTreeMap::new();
    for record in records {
        if let Some(before) = last.get(&record.row.id) {
            assert!(before.version < record.version, "{before:?} {record:?}");
        }
        if record.operation != Operation::Delete {
            assert_eq!(record.version, record.row.version, "{record:?}");
        }
        last.insert(record.row.id, record);
    }
    last.retain(|_, record| record.operation != Operation::Delete);
    let live: BTreeMap<i32, Paper> = live.into_iter().map(|row| (row.id, shown(row))).collect();
    let past = last.into_iter().map(|(id, record)| {
        let mut row = record.row;
        // What is not recorded raises the version all the same.
        if let Some(now) = live.get(&id).filter(|now| now.version > row.version) {
            (row.version, row.updated_at) = (now.version, now.updated_at);
        }
        (id, row)
    });
    assert_eq!(past.collect::<BTreeMap<_, _>>(), live);
}

macro_rules! assert_folds {
    ($conn:expr) => {{
        let records = go!(Paper::records()
            .order(PaperRecords::RECORD_ID)
            .select(Record::<Paper>::as_select())
            .load::<Record<Paper>>($conn))?;
        let live = go!(papers::table
            .order(papers::id)
            .select(Paper::as_select())
            .load::<Paper>($conn))?;
        assert_folds(records, live);
    }};
}

/// Operations and versions of a paper.
macro_rules! history {
    ($conn:expr, $id:expr) => {
        go!(Paper::history_of($id)
            .order(PaperRecords::RECORD_ID)
            .select((PaperRecords::OPERATION, PaperRecords::VERSION))
            .load::<(Operation, i64)>($conn))?
    };
}

macro_rules! paper {
    ($conn:expr, $id:expr) => {
        go!(papers::table
            .find($id)
            .select(Paper::as_select())
            .first::<Paper>($conn))?
    };
}

macro_rules! insert {
    ($conn:expr, $id:expr, $title:expr) => {
        go!(diesel::insert_into(papers::table)
            .values((papers::id.eq($id), papers::title.eq($title)))
            .execute($conn))?
    };
}

macro_rules! sql {
    ($conn:expr, $sql:expr) => {
        go!(diesel::sql_query($sql).execute($conn))?
    };
}

macro_rules! changesets {
    ($conn:expr) => {
        go!(handleref_changesets::table
            .order(handleref_changesets::id)
            .select((handleref_changesets::id, handleref_changesets::comment))
            .load::<(i64, Option<String>)>($conn))?
    };
}

/// That another scan has nothing to do.
macro_rules! assert_nothing {
    ($conn:expr) => {
        let again = go!(scan()
            .schema(&handleref::schema![Author, Paper, Label])
            .execute($conn))?;
        assert_eq!((again.total(), again.changeset), (0, None), "{again}");
    };
}

mod compared;
mod connections;
mod versions;

each_engine! {
    /// Rows that were there before: one changeset, one insert each.
    async fn initial_data(db: filled, conn) {
        let schema = handleref::schema![Author, Paper, Label];
        let scanned = go!(scan().schema(&schema).meta(Changeset::by("ann").comment("Initial data")).execute(conn))?;
        assert_eq!((scanned.inserted, scanned.total()), (150, 150), "{scanned}");
        let no = scanned.changeset.unwrap();
        assert_eq!(scanned.to_string(), format!("changeset {}: 150 inserted", no.0));
        assert_eq!(serde_json::to_value(scanned)?["inserted"], 150);
        assert_eq!(changesets!(conn), [(no.0, Some("Initial data".to_owned()))]);
        let records = go!(Paper::records().order(papers::id).select(Record::<Paper>::as_select()).load::<Record<Paper>>(conn))?;
        assert_eq!(records.len(), 25);
        assert!(records.iter().all(|record| (record.operation, record.version, record.changeset) == (Operation::Insert, 1, Some(no))), "{records:?}");
        assert!(records.iter().all(|record| record.id > 0 && record.row.secret.is_none() && record.row.views == 0), "{records:?}");
        let versions: Vec<i64> = go!(Label::records().select(LabelRecords::VERSION).load(conn))?;
        assert_eq!(versions, [1; 125]);

        // The same again: nothing, and no changeset.
        let again = go!(scan().schema(&schema).execute(conn))?;
        assert_eq!((again.is_empty(), again.changeset, changesets!(conn).len()), (true, None, 1));
        assert_eq!(again.to_string(), "nothing to record");
        // Triggers go on from there.
        sql!(conn, "UPDATE papers SET title = 'new' WHERE id = 3");
        assert_eq!(history!(conn, 3), [(Operation::Insert, 1), (Operation::Update, 2)]);
        assert_folds!(conn);
        assert_nothing!(conn);
    }

    /// A bulk update that no trigger saw: exactly what changed.
    async fn a_bulk_update(db: recorded, conn) {
        for id in 1..=20 {
            insert!(conn, id, format!("t{id}"));
        }
        go!(without_recording_async(conn, "bulk", async |conn| {
            sql!(conn, "UPDATE papers SET website = 'w' WHERE id <= 5");
            // What is not recorded does not count.
            sql!(conn, "UPDATE papers SET views = 9, secret = 's' WHERE id > 15");
            Ok::<_, Error>(())
        }))?;
        let scanned = go!(scan().model::<Paper>().execute(conn))?;
        assert_eq!((scanned.updated, scanned.total()), (5, 5), "{scanned}");
        assert_eq!(history!(conn, 5), [(Operation::Insert, 1), (Operation::Update, 2)]);
        assert_eq!(history!(conn, 6), [(Operation::Insert, 1)]);
        assert_folds!(conn);
        assert_nothing!(conn);
        let with: Vec<Option<i64>> = go!(Paper::records().filter(PaperRecords::OPERATION.eq(Operation::Update)).select(PaperRecords::CHANGESET).distinct().load(conn))?;
        assert_eq!(with, [scanned.changeset.map(|no| no.0)]);
    }

    /// After a bulk delete: deletions, even if other rows have changed.
    async fn deletions_only(db: recorded, conn) {
        for id in 1..=10 {
            insert!(conn, id, format!("t{id}"));
        }
        go!(without_recording_async(conn, "bulk", async |conn| {
            sql!(conn, "UPDATE papers SET website = 'w'");
            sql!(conn, "DELETE FROM papers WHERE id > 6");
            insert!(conn, 11, "new");
            Ok::<_, Error>(())
        }))?;
        let scanned = go!(scan().model::<Paper>().deletions_only().execute(conn))?;
        assert_eq!((scanned.deleted, scanned.total()), (4, 4), "{scanned}");
        assert_eq!(history!(conn, 7), [(Operation::Insert, 1), (Operation::Delete, 2)]);
        assert_eq!(history!(conn, 1), [(Operation::Insert, 1)]);
        let again = go!(scan().model::<Paper>().deletions_only().execute(conn))?;
        assert!(again.is_empty(), "{again}");
        let rest = go!(scan().model::<Paper>().execute(conn))?;
        assert_eq!((rest.updated, rest.inserted, rest.deleted), (6, 1, 0), "{rest}");
        assert_folds!(conn);
    }

    /// Models, schemas, rows and keys in one scan; rows that are gone.
    async fn all_kinds_together(db: recorded, conn) {
        for id in 1..=6 {
            insert!(conn, id, format!("t{id}"));
        }
        for at in 0..300 {
            let label = Label { paper_id: at / 100, label: format!("l{at}"), weight: None };
            go!(diesel::insert_into(labels::table).values(label).execute(conn))?;
        }
        let papers = go!(papers::table.order(papers::id).select(Paper::as_select()).load::<Paper>(conn))?;
        let all = go!(labels::table.select(Label::as_select()).load::<Label>(conn))?;
        go!(without_recording_async(conn, "bulk", async |conn| {
            sql!(conn, "UPDATE papers SET website = 'w'");
            sql!(conn, "DELETE FROM papers WHERE id = 2");
            sql!(conn, "UPDATE labels SET weight = 1 WHERE paper_id = 1");
            sql!(conn, "DELETE FROM labels WHERE paper_id = 2");
            sql!(conn, "INSERT INTO labels (paper_id, label) VALUES (9, 'x,y''')");
            Ok::<_, Error>(())
        }))?;
        let some = go!(scan().row(&papers[0]).rows(&papers[1..3]).row(&papers[0]).key::<Paper>(&5).key::<Paper>(&77).execute(conn))?;
        assert_eq!((some.updated, some.deleted, some.total()), (3, 1, 4), "{some}");
        assert_eq!(history!(conn, 2), [(Operation::Insert, 1), (Operation::Delete, 2)]);
        assert_eq!(history!(conn, 4), [(Operation::Insert, 1)]);

        let one = go!(scan().key::<Label>(&(9, "x,y'".to_owned())).key::<Label>(&(9, "X".to_owned())).execute(conn))?;
        assert_eq!((one.inserted, one.total()), (1, 1), "{one}");
        let rows = go!(scan().rows(&all).execute(conn))?;
        assert_eq!((rows.updated, rows.deleted, rows.total()), (100, 100, 200), "{rows}");
        let rows = go!(scan().rows(&all).execute(conn))?;
        assert!(rows.is_empty());

        let mixed = go!(scan().row(&all[0]).model::<Paper>().row(&papers[3]).schema(&handleref::schema![Author, Paper]).execute(conn))?;
        assert_eq!((mixed.updated, mixed.total()), (2, 2), "{mixed}");
        assert_folds!(conn);
        assert_nothing!(conn);
        let nothing = go!(scan().rows(&[] as &[Paper]).execute(conn))?;
        assert!(nothing.is_empty());
    }

    /// Inside another changeset, and inside a pause.
    async fn inside(db: recorded, conn) {
        insert!(conn, 1, "one");
        insert!(conn, 2, "two");
        let scanned = go!(in_changeset_async(conn, Changeset::anonymous().comment("outer"), async |conn| {
            go!(without_recording_async(conn, "hidden", async |conn| {
                sql!(conn, "UPDATE papers SET website = 'w' WHERE id = 1");
                Ok::<_, Error>(())
            }))?;
            let scanned = go!(scan().model::<Paper>().meta(Changeset::anonymous().comment("not used")).execute(conn))?;
            let again = go!(scan().model::<Paper>().execute(conn))?;
            assert_eq!((again.is_empty(), again.changeset), (true, None));
            sql!(conn, "UPDATE papers SET website = 'w' WHERE id = 2");
            Ok::<_, Error>(scanned)
        }))?;
        let no = scanned.changeset.unwrap();
        assert_eq!(changesets!(conn), [(no.0, Some("outer".to_owned()))]);
        let count: i64 = go!(Paper::records().filter(PaperRecords::CHANGESET.eq(no.0)).count().get_result(conn))?;
        assert_eq!(count, 2);

        blind(&db);
        sql!(conn, "UPDATE papers SET website = 'v' WHERE id = 1");
        seeing(&db);
        let scanned = go!(without_recording_async(conn, "paused", async |conn| {
            sql!(conn, "UPDATE papers SET website = 'u' WHERE id = 2");
            let scanned = go!(scan().model::<Paper>().execute(conn))?;
            sql!(conn, "UPDATE papers SET website = 't' WHERE id = 2");
            Ok::<_, Error>(scanned)
        }))?;
        assert_eq!(scanned.updated, 2);
        assert_eq!(history!(conn, 2).last(), Some(&(Operation::Update, 3)));
        assert_eq!(go!(scan().model::<Paper>().execute(conn))?.updated, 1);
        assert_folds!(conn);

        // What is rolled back leaves nothing.
        go!(without_recording_async(conn, "hidden", async |conn| {
            sql!(conn, "UPDATE papers SET website = 's'");
            Ok::<_, Error>(())
        }))?;
        let before = changesets!(conn).len();
        let failed: Result<(), Error> = transaction!(conn, inner, {
            assert_eq!(go!(scan().model::<Paper>().execute(inner))?.updated, 2);
            Err(Error::Database(diesel::result::Error::RollbackTransaction))
        });
        assert!(failed.is_err());
        assert_eq!(changesets!(conn).len(), before);
        assert_eq!(go!(scan().model::<Paper>().execute(conn))?.updated, 2);
        sql!(conn, "UPDATE papers SET website = 'r' WHERE id = 1");
        assert_folds!(conn);
        assert_nothing!(conn);
    }

    /// Without a recording there is nothing to compare with.
    async fn not_installed(db: bare_papers, conn) {
        let refused = go!(scan().model::<Paper>().execute(conn));
        assert!(matches!(refused, Err(Error::NotInstalled { .. })), "{refused:?}");
        db.install(&handleref::schema![Author, Label]);
        let refused = go!(scan().schema(&handleref::schema![Label, Paper]).execute(conn));
        assert!(matches!(refused, Err(Error::NotInstalled { model: "Paper", records: "paper_records" })), "{refused:?}");
        assert!(go!(scan().model::<Label>().execute(conn))?.is_empty());
    }
}
