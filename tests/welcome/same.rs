//! An update that gives a row the values that it has: no version, no record, on all engines.

use crate::support::each_engine;
use crate::support::models::{Note, notes};
use crate::support::recorded::{Paper, papers, papers as tables};
use crate::support::{Db, ddl};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
use handleref::prelude::*;
use handleref::{Changeset, Error, in_changeset_async};

fn unrecorded(db: &Db) {
    ddl::notes(db);
}

macro_rules! papers {
    ($conn:expr) => {
        go!(papers::table
            .order(papers::id)
            .select(Paper::as_select())
            .load::<Paper>($conn))?
    };
}
macro_rules! records {
    ($conn:expr) => {
        go!(Paper::records().count().get_result::<i64>($conn))?
    };
}
macro_rules! fill {
    ($conn:expr) => {
        for (id, title) in [(1, "same"), (2, "other"), (3, "third")] {
            go!(diesel::insert_into(papers::table)
                .values((papers::id.eq(id), papers::title.eq(title)))
                .execute($conn))?;
        }
    };
}

each_engine! {
    /// Of many rows those that differ are changed, all of them are counted.
    async fn some_of_many(db: tables, conn) {
        fill!(conn);
        let before = papers!(conn);
        std::thread::sleep(std::time::Duration::from_millis(3));
        let website = "https://example.org";
        let rows = go!(handleref::update(papers::table.find(2)).set(papers::website.eq(website)).execute(conn))?;
        assert_eq!((rows, records!(conn)), (1, 4));
        // One of three has it already.
        let rows = go!(handleref::update(papers::table).set(papers::website.eq(website)).execute(conn))?;
        assert_eq!((rows, records!(conn)), (3, 6));
        let after = papers!(conn);
        assert_eq!(after.iter().map(|paper| paper.version).collect::<Vec<_>>(), [2, 2, 2]);
        let rows = go!(handleref::update(papers::table).set(papers::website.eq(website)).execute(conn))?;
        assert_eq!((rows, records!(conn)), (3, 6));
        assert_eq!(papers!(conn), after);
        assert!(after.iter().zip(&before).all(|(now, then)| now.updated_at > then.updated_at));
    }

    /// A changed case is a change, whatever the collation says, and so are blanks and nulls.
    async fn what_is_the_same(db: tables, conn) {
        fill!(conn);
        let mut version = 1;
        for (title, changes) in [("same", 0), ("SAME", 1), ("SAME", 0), ("SAME ", 1), ("sAme", 1)] {
            let paper = papers::table.find(1);
            go!(handleref::update(paper).set(papers::title.eq(title)).execute(conn))?;
            version += changes;
            let paper = &papers!(conn)[0];
            assert_eq!((paper.title.as_str(), paper.version), (title, version));
        }
        for (secret, changes) in [(None, 0), (Some("s"), 1), (Some("s"), 0), (None, 1), (None, 0)] {
            let values = (papers::secret.eq(secret), papers::title.eq("sAme"));
            go!(handleref::update(papers::table.find(1)).set(values).execute(conn))?;
            version += changes;
            assert_eq!(papers!(conn)[0].version, version);
        }
        assert_eq!(records!(conn), 2 + version);
    }

    /// In a changeset too, where nothing is recorded: then there is none.
    async fn no_changeset(db: tables, conn) {
        fill!(conn);
        for (title, changesets) in [("same", 0), ("new", 1)] {
            let update = handleref::update(papers::table.find(1)).set(papers::title.eq(title));
            go!(in_changeset_async(conn, Changeset::by("me"), async |inner| {
                go!(update.execute(inner))?;
                Ok::<_, Error>(())
            }))?;
            assert_eq!(go!(handleref::changesets().count(conn))?, changesets);
        }
    }

    /// Without records, and with values of every kind: a number, a text, nothing.
    async fn without_records(db: unrecorded, conn) {
        go!(diesel::insert_into(notes::table)
            .values((notes::id.eq(1), notes::title.eq("note")))
            .execute(conn))?;
        let mut version = 1;
        for (title, body, topic, changes) in [
            ("note", None, None, 0),
            ("note", None, Some(7), 1),
            ("note", Some(""), Some(7), 1),
            ("note", Some(""), Some(7), 0),
            ("Note", Some(""), Some(7), 1),
            ("Note", None, None, 1),
            ("Note", None, None, 0),
        ] {
            let values = (notes::title.eq(title), notes::body.eq(body), notes::topic_id.eq(topic));
            let rows = go!(handleref::update(notes::table.find(1)).set(values).execute(conn))?;
            version += changes;
            let note = go!(notes::table.find(1).select(Note::as_select()).first::<Note>(conn))?;
            assert_eq!((rows, note.version), (1, version), "{values:?}");
        }
    }

    /// An expression is a change every time.
    async fn expressions(db: unrecorded, conn) {
        go!(diesel::insert_into(notes::table)
            .values((notes::id.eq(1), notes::title.eq("note"), notes::topic_id.eq(1)))
            .execute(conn))?;
        for version in 2..4 {
            let values = (notes::title.eq("note"), notes::topic_id.eq(notes::topic_id + 0));
            go!(handleref::update(notes::table.find(1)).set(values).execute(conn))?;
            let found: i64 = go!(notes::table.find(1).select(notes::version).first(conn))?;
            assert_eq!(found, version);
        }
    }
}
