//! One changeset: what is in it, what it says, when there is none.

use super::*;
use crate::support::each_engine;
use crate::support::recorded::{Paper, bare_papers};
use chrono::{NaiveDate, Utc};
#[cfg(feature = "uuid")]
use handleref::changeset::Actor;
use handleref::changeset::ChangesetMeta;
use handleref::{Maintain, changesets};
use serde_json::{Value, json};

/// A trigger of the user's own: what comes into `inbox` becomes a book.
fn inbox(db: &Db) {
    db.create("CREATE TABLE inbox (id {KEY} PRIMARY KEY)");
    let insert = "INSERT INTO books (id, title, owner) VALUES (NEW.id, 'by a trigger', 'inbox');";
    match db.engine {
        Engine::Sqlite | Engine::Mysql => {
            let each = match db.engine {
                Engine::Mysql => " FOR EACH ROW",
                _ => "",
            };
            db.execute(&format!(
                "CREATE TRIGGER inbox_books AFTER INSERT ON inbox{each} BEGIN {insert} END"
            ));
        }
        Engine::Postgres => {
            db.execute(&format!(
                "CREATE FUNCTION inbox_books() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {insert} RETURN NULL; END $$"
            ));
            db.execute(
                "CREATE TRIGGER inbox_books AFTER INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION inbox_books()",
            );
        }
    }
}

each_engine! {
    /// Whoever writes inside, and however: its record carries the number, and
    /// no other one does.
    async fn every_way_to_write_carries_it(db: tables, conn) {
        inbox(&db);
        shelf!(conn, 1);
        for id in 1..=6 {
            book!(conn, id);
        }
        go!(diesel::update(books::table.filter(books::id.le(2))).set(books::shelf_id.eq(1)).execute(conn))?;
        let before = carried!(conn).len();
        assert_eq!(before, 8);
        let no = go!(in_changeset_async(conn, Changeset::by("ann"), async |conn| {
            // Plain Diesel: one row and several, all three operations.
            book!(conn, 10);
            go!(diesel::sql_query("INSERT INTO books (id, title, owner) VALUES (11, 'several', 'x'), (12, 'several', 'x')").execute(conn))?;
            rename!(conn, 3, "renamed");
            go!(diesel::update(books::table.filter(books::id.gt(10))).set(books::owner.eq("y")).execute(conn))?;
            go!(diesel::delete(books::table.find(4)).execute(conn))?;
            // The verbs of handleref, of rows and of sets.
            let mut book = load_book!(conn, 5);
            book.title = "saved".to_owned();
            go!(book.save(conn))?;
            go!(handleref::update(books::table.find(5)).set(books::title.eq("set")).execute(conn))?;
            go!(handleref::delete(books::table.find(5)).execute(conn))?;
            go!(handleref::restore(books::table.find(5)).execute(conn))?;
            go!(load_book!(conn, 6).hard_delete(conn))?;
            // A family: the root takes its children with it, and brings them back.
            let mut shelf: Shelf = go!(shelves::table.find(1).select(Shelf::as_select()).first(conn))?;
            go!(shelf.delete(conn))?;
            go!(shelf.restore(conn))?;
            // SQL by hand, and a trigger of the user's own.
            go!(diesel::sql_query("UPDATE books SET title = 'raw' WHERE id = 3").execute(conn))?;
            go!(diesel::sql_query("INSERT INTO books (id, title, owner) SELECT id + 100, title, owner FROM books WHERE id IN (1, 2)").execute(conn))?;
            go!(diesel::sql_query("INSERT INTO inbox (id) VALUES (200)").execute(conn))?;
            Ok::<_, Error>(go!(current_changeset(conn))?)
        }))?.expect("inside one");
        rename!(conn, 1, "after");
        book!(conn, 300);
        go!(diesel::sql_query("INSERT INTO inbox (id) VALUES (301)").execute(conn))?;

        use Operation::{Delete, Insert, Restore, SoftDelete, Update};
        let carried = carried!(conn);
        let mut inside: Vec<_> = carried[before..].iter().map(|(id, operation, no)| (*id, *operation, *no)).collect();
        let after = inside.split_off(inside.len() - 3);
        assert_eq!(after, [(1, Update, None), (300, Insert, None), (301, Insert, None)]);
        assert!(carried[..before].iter().all(|(_, _, no)| no.is_none()), "{carried:?}");
        assert!(inside.iter().all(|(_, _, carried)| *carried == Some(no.0)), "{no:?} {inside:?}");
        let mut written: Vec<_> = inside.iter().map(|(id, operation, _)| (*id, *operation)).collect();
        // The order of the rows in one statement is the database's.
        written.sort_by_key(|(id, _)| *id);
        assert_eq!(written, [
            (1, SoftDelete), (1, Restore), (2, SoftDelete), (2, Restore),
            (3, Update), (3, Update),
            (4, Delete),
            (5, Update), (5, Update), (5, SoftDelete), (5, Restore),
            (6, Delete),
            (10, Insert), (11, Insert), (11, Update), (12, Insert), (12, Update),
            (101, Insert), (102, Insert), (200, Insert),
        ]);
        let shelf = go!(Shelf::records().order(ShelfRecords::RECORD_ID)
            .select((ShelfRecords::OPERATION, ShelfRecords::CHANGESET)).load::<(Operation, Option<i64>)>(conn))?;
        assert_eq!(shelf, [(Insert, None), (SoftDelete, Some(no.0)), (Restore, Some(no.0))]);

        // Its row, and where its records are.
        let stored = stored!(conn);
        assert_eq!(stored.len(), 1);
        assert_eq!((stored[0].id, stored[0].undoes), (no.0, None));
        let numbers = go!(Book::records().filter(BookRecords::CHANGESET.eq(no.0))
            .order(BookRecords::RECORD_ID).select(BookRecords::RECORD_ID).load::<i64>(conn))?;
        let others = go!(Book::records().filter(BookRecords::CHANGESET.is_null())
            .order(BookRecords::RECORD_ID).select(BookRecords::RECORD_ID).load::<i64>(conn))?;
        let (first, last) = (stored[0].first_record, stored[0].last_record.expect("it has ended"));
        assert!(numbers.iter().all(|id| (first + 1..=last).contains(id)), "{first} {numbers:?} {last}");
        assert!(others.iter().all(|id| *id <= first || *id > last), "{first} {others:?} {last}");
    }

    /// What is said about it is stored as it was said.
    async fn what_is_said_about_it(_db: tables, conn) {
        let nasty = "it's \"quoted\" \\ \\' \\n \n\t%s $1 ?  ; -- /* ä 🦀 {\"a\":1}";
        let at = NaiveDate::from_ymd_opt(1999, 12, 31).unwrap().and_hms_micro_opt(23, 59, 58, 123_456).unwrap();
        let mut metas = vec![
            (ChangesetMeta::new(), None),
            (Changeset::anonymous().comment(nasty), None),
            (Changeset::by(nasty), Some((nasty.to_owned(), "text"))),
            (Changeset::by(String::from("ann")), Some(("ann".to_owned(), "text"))),
            (Changeset::by("7"), Some(("7".to_owned(), "text"))),
            (Changeset::by(-7), Some(("-7".to_owned(), "number"))),
            (Changeset::by(i64::MAX), Some((i64::MAX.to_string(), "number"))),
            (Changeset::by("").comment("").correlation(""), Some((String::new(), "text"))),
            (Changeset::by("ann").correlation(nasty).comment(nasty).at(at), Some(("ann".to_owned(), "text"))),
            (Changeset::by("ann").at(at.and_utc()), Some(("ann".to_owned(), "text"))),
        ];
        #[cfg(feature = "uuid")]
        {
            let uuid = uuid::Uuid::from_u128(0x1234_5678_9abc_def0_1234_5678_9abc_def0);
            metas.push((Changeset::by(uuid), Some((uuid.to_string(), "uuid"))));
            assert_eq!(Actor::from(uuid).to_string(), "12345678-9abc-def0-1234-56789abcdef0");
        }
        let values = [
            json!(null), json!(nasty), json!(-1.5), json!([]),
            json!({ nasty: { "list": [1, nasty, null, { "deep": true }], "big": u64::MAX } }),
        ];
        for value in &values {
            metas.push((ChangesetMeta::new().metadata(value)?, None));
        }
        let long = "🦀\\'".repeat(30_000);
        metas.push((ChangesetMeta::new().comment(&long).metadata(&long)?, None));
        for (id, (meta, _)) in (1..).zip(&metas) {
            go!(in_changeset_async(conn, meta.clone(), async |conn| {
                book!(conn, id);
                Ok::<_, Error>(())
            }))?;
        }
        let stored = stored!(conn);
        assert_eq!(stored.len(), metas.len());
        for (stored, (meta, actor)) in stored.iter().zip(&metas) {
            let (text, kind) = actor.clone().unzip();
            assert_eq!((&stored.actor, stored.actor_kind.as_deref()), (&text, kind));
            assert_eq!(stored.comment, meta.comment);
            assert_eq!(stored.correlation_id, meta.correlation);
            let metadata = stored.metadata.as_ref().map(|text| serde_json::from_str::<Value>(text).unwrap());
            assert_eq!(metadata, meta.metadata);
            match meta.at {
                Some(_) => assert_eq!(stored.occurred_at, at),
                None => assert!((Utc::now().naive_utc() - stored.occurred_at).num_seconds().abs() < 60),
            }
        }
        // The records have the time at which they were written all the same.
        let recorded = go!(Book::records().select(BookRecords::AT).load::<NaiveDateTime>(conn))?;
        assert!(recorded.iter().all(|time| (Utc::now().naive_utc() - *time).num_seconds().abs() < 60), "{recorded:?}");
    }

    /// Whatever the session says about literals, texts arrive.
    async fn sessions_with_other_literals(db: tables, conn) {
        let settings: &[&str] = match db.engine {
            Engine::Sqlite => &["PRAGMA case_sensitive_like = ON"],
            Engine::Postgres => &[
                "SET standard_conforming_strings = off", "SET backslash_quote = off", "SET DateStyle = 'German, DMY'",
                "SET TimeZone = 'Asia/Kathmandu'",
            ],
            Engine::Mysql => &[
                "SET sql_mode = 'NO_BACKSLASH_ESCAPES'", "SET sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES'",
                "SET time_zone = '+05:45'",
            ],
        };
        let text = "a\\'b\\\\'c\\\"d\"e'";
        let at = NaiveDate::from_ymd_opt(2020, 2, 3).unwrap().and_hms_opt(4, 5, 6).unwrap();
        for (id, setting) in (1..).zip(settings) {
            go!(diesel::sql_query(*setting).execute(conn))?;
            go!(in_changeset_async(conn, Changeset::by(text).comment(text).metadata(&text)?.at(at), async |conn| {
                book!(conn, id);
                Ok::<_, Error>(())
            }))?;
            let stored = stored!(conn).pop().expect("one");
            assert_eq!((stored.actor.as_deref(), stored.comment.as_deref()), (Some(text), Some(text)), "{setting}");
            assert_eq!(stored.metadata, Some(json!(text).to_string()), "{setting}");
            assert_eq!(stored.occurred_at, at, "{setting}");
        }
        assert_eq!(stored!(conn).len(), settings.len());
    }

    /// Its time is the database's, as that of the records is.
    async fn its_time_is_the_database_s(db: tables, conn) {
        book!(conn, 1);
        go!(in_changeset_async(conn, Changeset::by("ann"), async |conn| {
            book!(conn, 2);
            Ok::<_, Error>(())
        }))?;
        let stored = stored!(conn).pop().expect("one");
        let records = go!(Book::records().order(BookRecords::RECORD_ID)
            .select(BookRecords::AT).load::<NaiveDateTime>(conn))?;
        let at = stored.occurred_at;
        assert!(records[0] <= at && at <= records[1], "{at} {records:?}");
        if db.engine == Engine::Mysql {
            // The one engine whose clock can be set for a session.
            go!(diesel::sql_query("SET timestamp = 1000000000").execute(conn))?;
            go!(in_changeset_async(conn, Changeset::by("ann"), async |conn| {
                book!(conn, 3);
                Ok::<_, Error>(())
            }))?;
            let stored = stored!(conn).pop().expect("one");
            assert_eq!(stored.occurred_at.to_string(), "2001-09-09 01:46:40");
        }
    }

    /// All of it is one transaction, and its value comes out.
    async fn one_transaction(db: tables, conn) {
        let other = &mut connect!(db);
        let value = go!(in_changeset_async(conn, Changeset::by("ann"), async |conn| {
            book!(conn, 1);
            rename!(conn, 1, "renamed");
            assert!(inserted!(other).is_empty());
            assert!(stored!(other).is_empty());
            assert_eq!(go!(books::table.count().get_result::<i64>(other))?, 0);
            assert_eq!(go!(current_changeset(other))?, None, "another connection is outside");
            Ok::<_, Error>(("a value", go!(current_changeset(conn))?))
        }))?;
        let stored = stored!(other);
        assert_eq!(value, ("a value", Some(ChangesetNo(stored[0].id))));
        assert_eq!(inserted!(other), [(1, Some(stored[0].id))]);
        assert_eq!(load_book!(other, 1).title, "renamed");
        assert_eq!(stored.len(), 1);
    }

    /// Two connections, two changesets: each has its own, whichever began first.
    async fn two_connections(db: tables, conn) {
        let other = &mut connect!(db);
        if db.engine == Engine::Sqlite {
            // It has one writer at a time; the other one is told so at once.
            go!(diesel::sql_query("PRAGMA busy_timeout = 0").execute(other))?;
            go!(in_changeset_async(conn, Changeset::by("outer"), async |conn| {
                let refused = go!(open_changeset(other, Changeset::by("other"))).map(drop);
                assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
                book!(conn, 1);
                Ok::<_, Error>(())
            }))?;
            go!(in_changeset_async(other, Changeset::by("other"), async |other| {
                book!(other, 2);
                Ok::<_, Error>(())
            }))?;
            let actors: Vec<_> = stored!(conn).into_iter().map(|it| (Some(it.id), it.actor.unwrap())).collect();
            assert_eq!(inserted!(conn), [(1, actors[0].0), (2, actors[1].0)]);
            assert_eq!([actors[0].1.as_str(), &actors[1].1], ["outer", "other"]);
            return Ok(());
        }
        go!(in_changeset_async(conn, Changeset::by("outer"), async |conn| {
            book!(conn, 1);
            go!(in_changeset_async(other, Changeset::by("other"), async |other| {
                book!(other, 2);
                book!(conn, 3);
                Ok::<_, Error>(())
            }))?;
            book!(other, 4);
            book!(conn, 5);
            Ok::<_, Error>(())
        }))?;
        let actors: Vec<_> = stored!(conn).into_iter().map(|it| (it.id, it.actor.unwrap())).collect();
        let of = |id: &Option<i64>| actors.iter().find(|it| Some(it.0) == *id).map(|it| it.1.as_str());
        let mut found: Vec<_> = inserted!(conn).iter().map(|(id, no)| (*id, of(no))).collect();
        found.sort();
        assert_eq!(found, [
            (1, Some("outer")), (2, Some("other")), (3, Some("outer")), (4, None), (5, Some("outer")),
        ]);
        assert_eq!(actors.len(), 2);
    }

    /// Without a record there is no changeset.
    async fn nothing_changed(_db: tables, conn) {
        book!(conn, 1);
        go!(in_changeset_async(conn, Changeset::by("does nothing"), async |_| Ok::<_, Error>(())))?;
        go!(in_changeset_async(conn, Changeset::by("only reads"), async |conn| {
            assert!(go!(current_changeset(conn))?.is_some());
            Ok::<_, Error>(load_book!(conn, 1))
        }))?;
        go!(in_changeset_async(conn, Changeset::by("writes what is there"), async |conn| {
            rename!(conn, 1, "1");
            go!(diesel::delete(books::table.find(2)).execute(conn))?;
            let mut book = load_book!(conn, 1);
            Ok::<_, Error>(go!(book.save(conn))?)
        }))?;
        go!(in_changeset_async(conn, Changeset::by("rolls its changes back"), async |conn| {
            let failed: Result<(), Error> = transaction!(conn, inner, {
                book!(inner, 3);
                Err(refused())
            });
            assert!(failed.is_err());
            Ok::<_, Error>(())
        }))?;
        go!(in_changeset_async(conn, Changeset::by("pauses"), async |conn| {
            go!(without_recording_async(conn, "not recorded", async |conn| {
                rename!(conn, 1, "paused");
                Ok::<_, Error>(())
            }))
        }))?;
        assert_eq!(stored!(conn), []);
        assert_eq!(carried!(conn), [(1, Operation::Insert, None)]);
        assert_eq!(load_book!(conn, 1).title, "paused");
        // There and gone again are two records.
        go!(in_changeset_async(conn, Changeset::by("there and gone"), async |conn| {
            book!(conn, 4);
            go!(diesel::delete(books::table.find(4)).execute(conn))?;
            Ok::<_, Error>(())
        }))?;
        let stored = stored!(conn);
        assert_eq!(stored.len(), 1);
        assert_eq!(stored[0].actor.as_deref(), Some("there and gone"));
        let no = Some(stored[0].id);
        assert_eq!(carried!(conn)[1..], [(4, Operation::Insert, no), (4, Operation::Delete, no)]);
    }

    /// A record in any table is enough, in the last one as in the first.
    async fn a_record_in_any_table(_db: tables, conn) {
        for name in ["first", "second"] {
            go!(in_changeset_async(conn, Changeset::by(name), async |conn| {
                match name {
                    "first" => shelf!(conn, 1),
                    _ => go!(diesel::insert_into(required::ledgers::table)
                        .values((required::ledgers::id.eq(1), required::ledgers::amount.eq(1)))
                        .execute(conn))?,
                };
                Ok::<_, Error>(())
            }))?;
        }
        let actors: Vec<_> = stored!(conn).into_iter().filter_map(|it| it.actor).collect();
        assert_eq!(actors, ["first", "second"]);
    }

    /// An error discards all of it, and nothing of it stays on the connection.
    async fn an_error_discards_everything(db: tables, conn) {
        let mut given = Vec::new();
        for round in 0..3 {
            let failed = go!(in_changeset_async(conn, Changeset::by("fails"), async |conn| {
                book!(conn, 1);
                given.push(go!(current_changeset(conn))?);
                match round {
                    0 => Err::<(), _>(refused()),
                    // An error of the database, which ends PostgreSQL's transaction.
                    1 => Err(book!(conn, 1).to_string()).map_err(|_| refused()),
                    _ => {
                        rename!(conn, 1, "renamed");
                        go!(diesel::sql_query("this is no SQL").execute(conn))?;
                        Ok(())
                    }
                }
            }));
            assert!(failed.is_err());
            assert_eq!(go!(current_changeset(conn))?, None);
            assert!(stored!(conn).is_empty() && carried!(conn).is_empty());
            assert_eq!(go!(books::table.count().get_result::<i64>(conn))?, 0);
        }
        book!(conn, 2);
        let no = go!(in_changeset_async(conn, Changeset::by("works"), async |conn| {
            book!(conn, 3);
            Ok::<_, Error>(go!(current_changeset(conn))?)
        }))?.expect("inside one");
        // It was committed, and another connection sees it.
        let other = &mut connect!(db);
        assert_eq!(inserted!(other), [(2, None), (3, Some(no.0))]);
        let stored = stored!(other);
        assert_eq!(stored.len(), 1);
        assert_eq!((stored[0].id, stored[0].actor.as_deref()), (no.0, Some("works")));
        assert_eq!(given.len(), 3);
    }

    /// Without any recording there is nothing to record into.
    async fn not_installed(_db: bare_papers, conn) {
        if _db.engine == Engine::Mysql {
            // Whatever language the server speaks.
            batch!(conn, "SET lc_messages = 'de_DE'")?;
        }
        let failed = go!(in_changeset_async(conn, Changeset::by("ann"), async |_| -> Result<(), Error> {
            panic!("it must not come this far")
        }));
        assert!(matches!(failed, Err(Error::NotInstalled { records: "handleref_changesets", .. })), "{failed:?}");
        let failed = go!(open_changeset(conn, Changeset::by("ann"))).map(drop);
        assert!(matches!(failed, Err(Error::NotInstalled { .. })), "{failed:?}");
        let failed = go!(changesets().count(conn));
        assert!(matches!(failed, Err(Error::NotInstalled { .. })), "{failed:?}");
        let failed = go!(Changeset::find(conn, ChangesetNo(1)));
        assert!(matches!(failed, Err(Error::NotInstalled { .. })), "{failed:?}");
        let failed = go!(Paper::hold(conn, &1, "case 12"));
        assert!(matches!(failed, Err(Error::NotInstalled { .. })), "{failed:?}");
        match go!(current_changeset(conn)) {
            // PostgreSQL and MySQL ask the session.
            Ok(None) if _db.engine != Engine::Sqlite => (),
            Err(Error::NotInstalled { .. }) => (),
            other => panic!("{other:?}"),
        }
        // The connection is as good as new.
        go!(diesel::sql_query("INSERT INTO labels (paper_id, label) VALUES (1, 'x')").execute(conn))?;
        let other = &mut connect!(_db);
        let gone = go!(diesel::sql_query("DELETE FROM labels").execute(other))?;
        assert_eq!(gone, 1, "it was committed");
    }
}
