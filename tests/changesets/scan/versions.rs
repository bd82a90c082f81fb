//! Versions stay dense and unique, whatever went on unseen.

use super::*;
use crate::support::dice::Dice;

each_engine! {
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
