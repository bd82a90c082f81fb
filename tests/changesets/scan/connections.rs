//! What a scan sends, who waits for it, and what no trigger sees.

use crate::support::recorded::{
    Author, Label, LabelRecords, Paper, PaperRecords, bare_papers, labels, papers,
};
use crate::support::{Db, Done, each_engine};
use diesel::Connection as _;
use diesel::connection::{Instrumentation, InstrumentationEvent};
use diesel::prelude::{ExpressionMethods, OptionalExtension};
use diesel::{QueryDsl, SelectableHelper};
#[cfg(feature = "async")]
use diesel_async::AsyncConnection as _;
use handleref::changeset::scan;
use handleref::maintain::without_recording;
use handleref::prelude::*;
use handleref::{Error, Record};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// 16,000 papers that are older than the recording.
fn many(db: &Db) {
    bare_papers(db);
    let digits: Vec<_> = (0..10)
        .map(|digit| format!("SELECT {digit} AS n"))
        .collect();
    let digits = format!("({})", digits.join(" UNION ALL "));
    db.create(&format!(
        "INSERT INTO papers (id, title) SELECT id, CAST(id AS CHAR(8)) FROM \
         (SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n + 1 AS id \
         FROM {digits} a, {digits} b, {digits} c, {digits} d, {digits} e WHERE e.n < 2) x WHERE id <= 16000"
    ));
    db.install(&handleref::schema![Paper, Label]);
}

fn hears(sent: &Arc<AtomicUsize>) -> impl Instrumentation + use<> {
    let sent = sent.clone();
    move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { .. } = event {
            sent.fetch_add(1, Ordering::Relaxed);
        }
    }
}

each_engine! {
    /// As many statements for 16,000 rows as for one.
    async fn statements(db: many, conn) {
        let sent = Arc::new(AtomicUsize::new(0));
        conn.set_instrumentation(hears(&sent));
        assert_eq!(go!(scan().model::<Paper>().execute(conn))?.inserted, 16_000);
        let all = sent.swap(0, Ordering::Relaxed);
        go!(handleref::maintain::without_recording_async(conn, "one", async |conn| {
            go!(diesel::insert_into(papers::table).values((papers::id.eq(20_000), papers::title.eq("one"))).execute(conn))?;
            Ok::<_, Error>(())
        }))?;
        sent.store(0, Ordering::Relaxed);
        assert_eq!(go!(scan().model::<Paper>().execute(conn))?.inserted, 1);
        assert_eq!(sent.swap(0, Ordering::Relaxed), all);
        assert!(all < 30, "{all}");
        assert!(go!(scan().model::<Paper>().execute(conn))?.is_empty());
        let records: i64 = go!(Paper::records().count().get_result(conn))?;
        assert_eq!(records, 16_001);
    }
}

/// Writers while scans run: nothing is recorded twice, nothing is lost. An error
/// (a deadlock, a lock that was waited for too long) is one that anybody gets.
macro_rules! beside_writers {
    ($feature:literal $engine:ident $conn:ty) => {
        #[cfg(feature = $feature)]
        #[test]
        fn $engine() -> Done {
            use diesel::RunQueryDsl;
            let db = Db::$engine();
            bare_papers(&db);
            db.install(&handleref::schema![Author, Paper, Label]);
            let over = AtomicBool::new(false);
            std::thread::scope(|scope| -> Done {
                for writer in 0..2_i32 {
                    let (db, over) = (&db, &over);
                    scope.spawn(move || {
                        let conn = &mut db.connect::<$conn>();
                        for step in 0_i32.. {
                            if over.load(Ordering::Relaxed) {
                                break;
                            }
                            let id = (step * 7 + writer * 3) % 10 + 1;
                            let title = format!("{writer}-{step}");
                            let all = papers::table.find(id);
                            let _ = match step % 3 {
                                0 => diesel::delete(all).execute(conn),
                                1 => diesel::insert_into(papers::table)
                                    .values((papers::id.eq(id), papers::title.eq(title)))
                                    .execute(conn),
                                _ => diesel::update(all)
                                    .set(papers::title.eq(title))
                                    .execute(conn),
                            };
                        }
                    });
                }
                let conn = &mut db.connect::<$conn>();
                let mut done = 0;
                let mut found = 0;
                for _ in 0..60 {
                    if let Ok(scanned) = scan().model::<Paper>().execute(conn) {
                        done += 1;
                        found += scanned.total();
                    }
                }
                over.store(true, Ordering::Relaxed);
                assert!(done > 5, "{done}");
                assert_eq!(found, 0, "all of it was recorded");
                Ok(())
            })?;
            let conn = &mut db.connect::<$conn>();
            let scanned = scan().model::<Paper>().execute(conn)?;
            assert!(scanned.is_empty(), "{scanned}");
            let records = Paper::records()
                .order(PaperRecords::RECORD_ID)
                .select(Record::<Paper>::as_select())
                .load::<Record<Paper>>(conn)?;
            for id in 1..=10 {
                let last = records.iter().rfind(|record| record.row.id == id);
                let live = papers::table
                    .find(id)
                    .select(papers::version)
                    .first::<i64>(conn)
                    .optional()?;
                let last = last.filter(|record| record.operation != handleref::Operation::Delete);
                assert_eq!(last.map(|record| record.version), live);
            }
            Ok(())
        }
    };
}

/// Scans at the same time, of changes that nobody has recorded: each is
/// recorded once.
macro_rules! beside_scans {
    ($feature:literal $engine:ident $conn:ty) => {
        #[cfg(feature = $feature)]
        #[test]
        fn $engine() -> Done {
            use diesel::RunQueryDsl;
            let db = Db::$engine();
            bare_papers(&db);
            db.install(&handleref::schema![Author, Paper, Label]);
            for id in 1..=10 {
                db.execute(&format!(
                    "INSERT INTO papers (id, title) VALUES ({id}, 't{id}')"
                ));
                db.execute(&format!(
                    "INSERT INTO labels (paper_id, label) VALUES ({id}, 'l')"
                ));
            }
            let over = AtomicBool::new(false);
            let found = AtomicUsize::new(0);
            std::thread::scope(|scope| {
                let (db, over, found) = (&db, &over, &found);
                scope.spawn(move || {
                    let conn = &mut db.connect::<$conn>();
                    for step in 0.. {
                        if over.load(Ordering::Relaxed) {
                            break;
                        }
                        let id = step % 10 + 1;
                        let _ = without_recording(conn, "hidden", |conn| {
                            for sql in [
                                format!("UPDATE papers SET website = '{step}' WHERE id = {id}"),
                                format!("UPDATE labels SET weight = {step} WHERE paper_id > {id}"),
                                format!("DELETE FROM labels WHERE paper_id = {id}"),
                                format!("INSERT INTO labels (paper_id, label) VALUES ({id}, 'l')"),
                            ] {
                                diesel::sql_query(sql).execute(conn)?;
                            }
                            Ok::<_, Error>(())
                        });
                    }
                });
                let scanners: Vec<_> = (0..2)
                    .map(|_| {
                        scope.spawn(move || {
                            let conn = &mut db.connect::<$conn>();
                            for _ in 0..40 {
                                let scan = scan().model::<Label>().model::<Paper>();
                                if let Ok(scanned) = scan.execute(conn) {
                                    let total = usize::try_from(scanned.total()).unwrap();
                                    found.fetch_add(total, Ordering::Relaxed);
                                }
                            }
                        })
                    })
                    .collect();
                for scanner in scanners {
                    scanner.join().unwrap();
                }
                over.store(true, Ordering::Relaxed);
            });
            let conn = &mut db.connect::<$conn>();
            let last = scan().model::<Label>().model::<Paper>().execute(conn)?;
            let found = found.into_inner() + usize::try_from(last.total())?;
            let papers: Vec<(i32, i64)> = Paper::records()
                .select((papers::id, PaperRecords::VERSION))
                .load(conn)?;
            let labels: Vec<(i32, i64)> = Label::records()
                .select((labels::paper_id, LabelRecords::VERSION))
                .load(conn)?;
            assert_eq!(papers.len() + labels.len(), found + 20);
            assert!(found > 0);
            for all in [papers, labels] {
                let unique: std::collections::BTreeSet<_> = all.iter().collect();
                assert_eq!(unique.len(), all.len());
            }
            assert!(
                scan()
                    .model::<Label>()
                    .model::<Paper>()
                    .execute(conn)?
                    .is_empty()
            );
            Ok(())
        }
    };
}

mod beside_scans {
    use super::*;
    beside_scans!("sqlite" sqlite diesel::SqliteConnection);
    beside_scans!("postgres" postgres diesel::PgConnection);
    beside_scans!("mysql" mysql diesel::MysqlConnection);
}

mod beside_writers {
    use super::*;
    beside_writers!("sqlite" sqlite diesel::SqliteConnection);
    beside_writers!("postgres" postgres diesel::PgConnection);
    beside_writers!("mysql" mysql diesel::MysqlConnection);
}

/// What a foreign key does sets off no triggers there.
#[cfg(feature = "mysql")]
#[test]
fn cascades_of_mysql() -> Done {
    use diesel::RunQueryDsl;
    let db = Db::mysql();
    bare_papers(&db);
    db.install(&handleref::schema![Author, Paper, Label]);
    let conn = &mut db.connect::<diesel::MysqlConnection>();
    // Installing with them is refused.
    db.execute(
        "ALTER TABLE labels ADD CONSTRAINT labels_paper FOREIGN KEY (paper_id) REFERENCES papers (id) ON DELETE CASCADE",
    );
    for sql in [
        "INSERT INTO papers (id, title) VALUES (1, 'one'), (2, 'two')",
        "INSERT INTO labels (paper_id, label) VALUES (1, 'a'), (1, 'b'), (2, 'a')",
        "DELETE FROM papers WHERE id = 1",
    ] {
        diesel::sql_query(sql).execute(conn)?;
    }
    let scanned = scan().model::<Label>().deletions_only().execute(conn)?;
    assert_eq!((scanned.deleted, scanned.total()), (2, 2), "{scanned}");
    assert!(
        scan()
            .model::<Label>()
            .model::<Paper>()
            .execute(conn)?
            .is_empty()
    );
    Ok(())
}
