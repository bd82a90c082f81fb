//! Scans: recording what the triggers could not see.

mod connections;

use crate::support::recorded::{
    Author, Label, LabelRecords, Paper, PaperRecords, bare_papers, labels, papers as recorded,
    papers,
};
use crate::support::{Db, Engine, each_engine};
use diesel::prelude::ExpressionMethods;
use diesel::{NullableExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper};
use handleref::prelude::*;
use handleref::record::maintain::without_recording_async;
use handleref::{
    Changeset, Error, HandleRef, Operation, Record, Recorded, record_changeset_async, scan,
};
use std::collections::BTreeMap;

diesel::table! {
    handleref_changesets (id) {
        id -> BigInt,
        comment -> Nullable<Text>,
    }
}
diesel::table! {
    drafts (id) {
        id -> Integer,
        body -> Text,
        status -> Text,
        version -> BigInt,
    }
}
diesel::table! {
    things (id) {
        id -> Integer,
        a -> Nullable<Text>,
        b -> Nullable<Text>,
        c -> Nullable<Text>,
        d -> Nullable<Text>,
        e -> Nullable<Text>,
        f -> Nullable<Text>,
        g -> Nullable<Text>,
        h -> Nullable<Text>,
    }
}

/// Columns of many types; nothing of it is ever loaded.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Recorded)]
#[diesel(table_name = things)]
pub struct Thing {
    pub id: i32,
    pub a: Option<String>,
    pub b: Option<String>,
    pub c: Option<String>,
    pub d: Option<String>,
    pub e: Option<String>,
    pub f: Option<String>,
    pub g: Option<String>,
    #[recorded(sql_type = "TEXT")]
    pub h: Option<String>,
}

fn things(db: &Db) {
    let (json, bytes) = match db.engine {
        Engine::Sqlite => ("TEXT COLLATE NOCASE", "BLOB"),
        Engine::Postgres => ("JSON", "BYTEA"),
        Engine::Mysql => ("JSON", "BLOB"),
    };
    db.create(&format!(
        "CREATE TABLE things (id {{KEY}} PRIMARY KEY, a REAL, b DOUBLE PRECISION, c NUMERIC(10, 3), d {json}, e {bytes}, \
         f {{TIME}}, g CHAR(4), h INTEGER)"
    ));
    db.install(&handleref::schema![Thing]);
}

/// Recorded under a condition, with properties, and with names that stand for
/// themselves in SQL.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, HandleRef, Recorded)]
#[diesel(table_name = drafts)]
#[recorded(
    when = "status <> 'draft'",
    property(shout: Nullable<Text>, sql = "upper(body)"),
    property(bodies: BigInt, sql = "(SELECT count(*) FROM drafts d WHERE d.body = drafts.body)"),
)]
pub struct Draft {
    pub id: i32,
    pub body: String,
    #[handleref(skip)]
    pub status: String,
    pub version: i64,
}

fn drafts(db: &Db) {
    db.create(
        "CREATE TABLE drafts (id {KEY} PRIMARY KEY, body {TEXT} NOT NULL, status {TEXT} NOT NULL)",
    );
    db.install(&handleref::schema![Draft]);
}

/// Rows that were there before the recording.
fn filled(db: &Db) {
    bare_papers(db);
    for id in 1..=25 {
        db.create(&format!(
            "INSERT INTO papers (id, title, secret, views) VALUES ({id}, 'old {id}', 'secret', 7)"
        ));
        for label in ["it''s", "Ä", "a,b", "{", "z"] {
            db.create(&format!(
                "INSERT INTO labels (paper_id, label) VALUES ({id}, '{label}')"
            ));
        }
    }
    db.install(&handleref::schema![Author, Paper, Label]);
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

/// Numbers that look random, and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: i32) -> i32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i32::try_from((self.0 >> 33) % u64::try_from(sides).unwrap()).unwrap()
    }
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
        assert!(records.iter().all(|record| (record.operation, record.version, record.changeset) == (Operation::Insert, 1, Some(no.0))), "{records:?}");
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

    /// A bulk update behind the recorder: exactly what changed.
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

    /// Triggers that were off: versions have to be given, to the rows as well.
    async fn without_triggers(db: recorded, conn) {
        for id in 1..=6 {
            insert!(conn, id, format!("t{id}"));
        }
        sql!(conn, "UPDATE papers SET title = 'T1' WHERE id = 1");
        let before = paper!(conn, 1);
        std::thread::sleep(std::time::Duration::from_millis(3));
        blind(&db);
        sql!(conn, "UPDATE papers SET title = 't1' WHERE id = 1");
        sql!(conn, "UPDATE papers SET deleted_at = updated_at WHERE id = 2");
        sql!(conn, "DELETE FROM papers WHERE id = 3");
        insert!(conn, 7, "seven");
        seeing(&db);
        let scanned = go!(scan().model::<Paper>().execute(conn))?;
        assert_eq!((scanned.inserted, scanned.updated, scanned.soft_deleted, scanned.restored, scanned.deleted), (1, 1, 1, 0, 1), "{scanned}");
        use Operation::{Delete, Insert, Restore, SoftDelete, Update};
        assert_eq!(history!(conn, 1), [(Insert, 1), (Update, 2), (Update, 3)]);
        assert_eq!(history!(conn, 2), [(Insert, 1), (SoftDelete, 2)]);
        assert_eq!(history!(conn, 3), [(Insert, 1), (Delete, 2)]);
        assert_eq!(history!(conn, 7), [(Insert, 1)]);
        let after = paper!(conn, 1);
        assert!(after.version == 3 && after.updated_at > before.updated_at, "{after:?}");
        assert_eq!(paper!(conn, 4).version, 1);
        let last = go!(Paper::history_of(3).order(PaperRecords::RECORD_ID.desc()).select(Paper::as_select()).first::<Paper>(conn))?;
        assert_eq!((last.title.as_str(), last.version), ("t3", 1));
        assert_folds!(conn);
        assert_nothing!(conn);

        blind(&db);
        sql!(conn, "UPDATE papers SET deleted_at = NULL WHERE id = 2");
        insert!(conn, 3, "three again");
        seeing(&db);
        let scanned = go!(scan().schema(&handleref::schema![Paper, Label]).execute(conn))?;
        assert_eq!((scanned.restored, scanned.inserted, scanned.total()), (1, 1, 2), "{scanned}");
        assert_eq!(history!(conn, 2), [(Insert, 1), (SoftDelete, 2), (Restore, 3)]);
        assert_eq!(history!(conn, 3), [(Insert, 1), (Delete, 2), (Insert, 3)]);
        assert_eq!(paper!(conn, 3).version, 3);
        assert_folds!(conn);
        assert_nothing!(conn);
        // The verbs go on from there.
        let mut paper = paper!(conn, 3);
        go!(paper.delete(conn))?;
        assert_eq!(history!(conn, 3).last(), Some(&(SoftDelete, 4)));
    }

    /// A dump that was restored: rows are older than their last record, some
    /// with the same values.
    async fn a_restored_dump(db: recorded, conn) {
        for id in 1..=3 {
            insert!(conn, id, format!("t{id}"));
            sql!(conn, format!("UPDATE papers SET website = 'a' WHERE id = {id}"));
            sql!(conn, format!("UPDATE papers SET website = 'b' WHERE id = {id}"));
        }
        blind(&db);
        sql!(conn, "UPDATE papers SET website = 'a', version = 2 WHERE id = 1");
        sql!(conn, "UPDATE papers SET version = 1 WHERE id = 2");
        seeing(&db);
        let scanned = go!(scan().model::<Paper>().execute(conn))?;
        assert_eq!((scanned.updated, scanned.total()), (2, 2), "{scanned}");
        assert_eq!(history!(conn, 1).last(), Some(&(Operation::Update, 4)));
        assert_eq!((paper!(conn, 1).version, paper!(conn, 2).version, paper!(conn, 3).version), (4, 4, 3));
        assert_folds!(conn);
        assert_nothing!(conn);
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

    /// A composite key, no version: records are counted.
    async fn without_a_version(db: recorded, conn) {
        sql!(conn, "INSERT INTO labels (paper_id, label, weight) VALUES (1, 'a', 1), (1, 'b', NULL), (2, 'a', 3)");
        sql!(conn, "UPDATE labels SET weight = 5 WHERE paper_id = 2");
        go!(without_recording_async(conn, "bulk", async |conn| {
            sql!(conn, "UPDATE labels SET weight = NULL WHERE paper_id = 2");
            sql!(conn, "UPDATE labels SET weight = 0 WHERE label = 'b'");
            sql!(conn, "DELETE FROM labels WHERE paper_id = 1 AND label = 'a'");
            Ok::<_, Error>(())
        }))?;
        let scanned = go!(scan().model::<Label>().execute(conn))?;
        assert_eq!((scanned.updated, scanned.deleted, scanned.total()), (2, 1, 3), "{scanned}");
        let past = go!(Label::records().order((labels::paper_id, labels::label, LabelRecords::RECORD_ID))
            .select((labels::paper_id, labels::label, labels::weight, LabelRecords::OPERATION, LabelRecords::VERSION))
            .load::<(i32, String, Option<i32>, Operation, i64)>(conn))?;
        use Operation::{Delete, Insert, Update};
        let expected = [
            (1, "a", Some(1), Insert, 1),
            (1, "a", Some(1), Delete, 2),
            (1, "b", None, Insert, 1),
            (1, "b", Some(0), Update, 2),
            (2, "a", Some(3), Insert, 1),
            (2, "a", Some(5), Update, 2),
            (2, "a", None, Update, 3),
        ];
        assert_eq!(past, expected.map(|(id, label, weight, what, version)| (id, label.to_owned(), weight, what, version)));
        assert_nothing!(conn);
        sql!(conn, "INSERT INTO labels (paper_id, label) VALUES (1, 'a')");
        let last: i64 = go!(Label::history_of((1, "a".to_owned())).select(diesel::dsl::max(LabelRecords::VERSION).assume_not_null()).get_result(conn))?;
        assert_eq!(last, 3);
    }

    /// Inside another changeset, and inside a pause.
    async fn inside(db: recorded, conn) {
        insert!(conn, 1, "one");
        insert!(conn, 2, "two");
        let scanned = go!(record_changeset_async(conn, Changeset::anonymous().comment("outer"), async |conn| {
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

    /// A condition, properties, and names that could be mistaken.
    async fn under_a_condition(db: drafts, conn) {
        go!(without_recording_async(conn, "import", async |conn| {
            sql!(conn, "INSERT INTO drafts (id, body, status) VALUES (1, 'a', 'draft'), (2, 'a', 'done'), (3, 'c', 'done')");
            Ok::<_, Error>(())
        }))?;
        macro_rules! past {
            () => {
                go!(Draft::records().order((drafts::id, DraftRecords::RECORD_ID))
                    .select((drafts::id, DraftRecords::OPERATION, DraftRecords::VERSION, DraftRecords::SHOUT, DraftRecords::BODIES))
                    .load::<(i32, Operation, i64, Option<String>, i64)>(conn))?
            };
        }
        use Operation::{Delete, Insert, Update};
        let scanned = go!(scan().model::<Draft>().execute(conn))?;
        assert_eq!((scanned.inserted, scanned.total()), (2, 2), "{scanned}");
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(past!(), [(2, Insert, 1, text("A"), 2), (3, Insert, 1, text("C"), 1)]);
        go!(without_recording_async(conn, "more", async |conn| {
            // Its last record stays what it was.
            sql!(conn, "UPDATE drafts SET status = 'draft', body = 'x' WHERE id = 2");
            sql!(conn, "UPDATE drafts SET status = 'done' WHERE id = 1");
            sql!(conn, "DELETE FROM drafts WHERE id = 3");
            Ok::<_, Error>(())
        }))?;
        let scanned = go!(scan().model::<Draft>().execute(conn))?;
        assert_eq!((scanned.inserted, scanned.deleted, scanned.total()), (1, 1, 2), "{scanned}");
        assert_eq!(past!(), [(1, Insert, 2, text("A"), 1), (2, Insert, 1, text("A"), 2), (3, Insert, 1, text("C"), 1), (3, Delete, 2, text("C"), 1)]);
        sql!(conn, "UPDATE drafts SET status = 'done' WHERE id = 2");
        assert_eq!(past!()[2], (2, Update, 3, text("X"), 1));
        assert!(go!(scan().model::<Draft>().execute(conn))?.is_empty());
    }

    /// Columns of all types, compared byte by byte.
    async fn types(db: things, conn) {
        let changes = [
            "a = 0.1", "a = 0.10000001", "b = 0.1", "b = 0.10000000000000002", "c = 1.5", "c = 1.501",
            "d = '{\"a\": 1}'", "d = '{\"A\": 1}'", "e = 'xyz'", "e = 'xyZ'", "f = '2020-01-02 03:04:05.000001'",
            "f = '2020-01-02 03:04:05.000002'", "g = 'a'", "g = 'A'", "h = 5", "h = 6", "g = ''", "g = NULL", "e = ''", "e = NULL",
        ];
        sql!(conn, "INSERT INTO things (id) VALUES (1), (2)");
        for change in changes {
            go!(without_recording_async(conn, "hidden", async |conn| {
                sql!(conn, format!("UPDATE things SET {change} WHERE id = 1"));
                Ok::<_, Error>(())
            }))?;
            let scanned = go!(scan().model::<Thing>().execute(conn))?;
            assert_eq!((scanned.updated, scanned.total()), (1, 1), "{change}: {scanned}");
            let again = go!(scan().model::<Thing>().execute(conn))?;
            assert!(again.is_empty(), "{change}: {again}");
        }
        let versions: Vec<i64> = go!(Thing::history_of(1).order(ThingRecords::RECORD_ID).select(ThingRecords::VERSION).load(conn))?;
        assert_eq!(versions, (1..=21).collect::<Vec<i64>>());
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

    /// After any changes, seen or not, a scan makes history fold to the present.
    async fn any_changes(db: recorded, conn) {
        let mut dice = Dice(0x5EED);
        for round in 0..12 {
            // What is seen of a row after changes that were not has the wrong
            // version already.
            let (dark, paused) = (round % 3 == 0, round % 3 == 1);
            if dark {
                blind(&db);
            }
            for step in 0..10 {
                let (id, what) = (dice.roll(6) + 1, dice.roll(8));
                let title = format!("t{round}-{step}");
                let there: i64 = go!(papers::table.find(id).count().get_result(conn))?;
                let sql = match (there, what) {
                    (0, _) => format!("INSERT INTO papers (id, title) VALUES ({id}, '{title}')"),
                    (_, 0) => format!("DELETE FROM papers WHERE id = {id}"),
                    (_, 1) => format!("UPDATE papers SET deleted_at = updated_at WHERE id = {id}"),
                    (_, 2) => format!("UPDATE papers SET deleted_at = NULL WHERE id >= {id}"),
                    (_, 3) => "UPDATE papers SET title = UPPER(title)".to_owned(),
                    (_, 4) => format!("UPDATE papers SET secret = '{title}', views = {step}"),
                    (_, 5) => format!("UPDATE papers SET title = '{title}', version = version + 3 WHERE id = {id}"),
                    _ => format!("UPDATE papers SET title = '{title}' WHERE id = {id}"),
                };
                match paused {
                    true => go!(without_recording_async(conn, "hidden", async |conn| {
                        sql!(conn, sql);
                        Ok::<_, Error>(())
                    }))?,
                    false => { sql!(conn, sql); }
                }
            }
            if dark {
                seeing(&db);
            }
            let scanned = go!(scan().model::<Paper>().execute(conn))?;
            assert_eq!(scanned.is_empty(), !dark && !paused, "{round}: {scanned}");
            assert_eq!(scanned.changeset.is_none(), scanned.is_empty());
            assert_folds!(conn);
            assert_nothing!(conn);
        }
    }
}
