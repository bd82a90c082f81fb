//! The schema of derived models: from a bare table to guarded columns. How
//! each engine does it is tested beside the runtime.

use crate::support::models::{Note, notes};
use crate::support::{Db, each_engine};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
use handleref::prelude::*;
use handleref::{Error, Outcome};

/// The table as its user had it before handleref, with rows.
fn bare(db: &Db) {
    db.create("CREATE TABLE notes (id {KEY} PRIMARY KEY, title {TEXT} NOT NULL, body {TEXT}, topic_id INTEGER)");
    db.create("INSERT INTO notes (id, title) VALUES (1, 'old'), (2, 'older')");
}

/// A table whose version is a text.
fn wrong(db: &Db) {
    db.create(
        "CREATE TABLE notes (id {KEY} PRIMARY KEY, title {TEXT} NOT NULL, body {TEXT}, topic_id INTEGER, \
         version {TEXT} NOT NULL)",
    );
}

fn tick() {
    std::thread::sleep(std::time::Duration::from_millis(3));
}

macro_rules! get {
    ($conn:expr, $id:expr) => {
        go!(notes::table
            .find($id)
            .select(Note::as_select())
            .first::<Note>($conn))?
    };
}

each_engine! {
    /// Installing twice does nothing the second time, and the plan goes back.
    async fn install_is_idempotent(db: bare, conn) {
        let schema = handleref::schema![Note];
        assert!(!go!(schema.check(conn))?.is_ok());
        let plan = go!(schema.install(conn))?;
        assert!(!plan.up().is_empty() && !plan.down().is_empty());
        assert!(go!(schema.plan(conn))?.is_empty());
        assert!(go!(schema.check(conn))?.is_ok());
        let old = get!(conn, 1);
        assert_eq!((old.version, old.deleted_at, old.title.as_str()), (1, None, "old"));
        assert_eq!(old.created_at, old.updated_at);
        let age = chrono::Utc::now().naive_utc() - old.created_at;
        assert!(age.num_seconds().abs() < 60, "{age}");
        go!(diesel::insert_into(notes::table).values((notes::id.eq(3), notes::title.eq("new"))).execute(conn))?;
        let new = get!(conn, 3);
        assert_eq!((new.version, new.created_at), (1, new.updated_at));
    }

    /// A writer who knows nothing of handleref bumps exactly once, a verb too;
    /// an unchanged plain update nothing; a stale one cannot lower a version.
    async fn the_guard(db: bare, conn) {
        go!(handleref::schema![Note].install(conn))?;
        let before = get!(conn, 1);
        tick();
        assert_eq!(go!(diesel::update(notes::table.find(1)).set(notes::title.eq("plain")).execute(conn))?, 1);
        let plain = get!(conn, 1);
        assert_eq!(plain.version, 2);
        assert!(plain.updated_at > before.updated_at);
        go!(diesel::update(notes::table.find(1)).set(notes::title.eq("plain")).execute(conn))?;
        assert_eq!(get!(conn, 1), plain);
        go!(handleref::update(notes::table.find(1)).set(notes::title.eq("verb")).execute(conn))?;
        assert_eq!(get!(conn, 1).version, 3);
        let mut note = get!(conn, 1);
        note.body = Some("saved".to_owned());
        assert_eq!(go!(note.save(conn))?, Outcome::Written);
        assert_eq!((note.version, &note), (4, &get!(conn, 1)));
        go!(note.delete(conn))?;
        assert_eq!((note.version, &note), (5, &get!(conn, 1)));
        go!(note.restore(conn))?;
        assert_eq!((note.version, &note), (6, &get!(conn, 1)));
        let stale = (notes::title.eq("stale"), notes::version.eq(2));
        go!(diesel::update(notes::table.find(1)).set(stale).execute(conn))?;
        assert_eq!(get!(conn, 1).version, 7);
        // Copied as it is from elsewhere: a higher version stays.
        let copied = (notes::title.eq("copied"), notes::version.eq(20), notes::updated_at.eq(before.updated_at));
        go!(diesel::update(notes::table.find(1)).set(copied).execute(conn))?;
        assert_eq!((get!(conn, 1).version, get!(conn, 1).updated_at), (20, before.updated_at));
        assert!(matches!(go!(note.save(conn)), Err(Error::Stale { expected: 6, found: 20, .. })));
        let bumped = go!(diesel::insert_into(notes::table)
            .values((notes::id.eq(2), notes::title.eq("upsert")))
            .on_conflict(on_key!(notes::id))
            .do_update()
            .set(notes::title.eq("upsert"))
            .execute(conn))?;
        assert!(bumped > 0);
        assert_eq!((get!(conn, 2).version, get!(conn, 2).title.as_str()), (2, "upsert"));
        let since: Vec<i32> = go!(Note::since(19).select(notes::id).load(conn))?;
        assert_eq!(since, [1]);
    }

    /// A wrong type is reported, and nothing is changed.
    async fn a_wrong_type(db: wrong, conn) {
        let schema = handleref::schema![Note];
        let plan = go!(schema.plan(conn))?;
        assert_eq!(plan.problems().len(), 1, "{plan}");
        match go!(schema.install(conn)) {
            Err(Error::Schema(problems)) => assert!(problems[0].to_string().contains("version"), "{}", problems[0]),
            other => panic!("{other:?}"),
        }
        assert!(!go!(schema.check(conn))?.is_ok());
    }

    /// A lost guard is found, and installed again.
    async fn drift(db: bare, conn) {
        let schema = handleref::schema![Note];
        let plan = go!(schema.install(conn))?;
        for statement in plan.down() {
            batch!(conn, statement)?;
        }
        let report = go!(schema.check(conn))?;
        assert!(!report.is_ok(), "{report}");
        go!(schema.install(conn))?;
        assert!(go!(schema.check(conn))?.is_ok());
        assert_eq!(get!(conn, 2).title, "older");
    }
}
