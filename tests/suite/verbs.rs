//! `update`, `delete` and `restore` as statements on sets.

use crate::support::ddl::notes as note_table;
use crate::support::each_engine;
use crate::support::models::{Note, notes};
use chrono::NaiveDateTime;
use diesel::prelude::{BoolExpressionMethods, ExpressionMethods};
use diesel::result::OptionalEmptyChangesetExtension;
use diesel::{QueryDsl, SelectableHelper};
use handleref::prelude::*;
use handleref::{Error, Outcome};

macro_rules! insert {
    ($conn:expr, $($id:expr),+) => {{
        // Row by row: diesel-async cannot insert batches into SQLite.
        $(go!(diesel::insert_into(notes::table)
            .values((notes::id.eq($id), notes::title.eq(format!("note {}", $id))))
            .execute($conn))?;)+
    }};
}

macro_rules! get {
    ($conn:expr, $id:expr) => {
        go!(notes::table
            .find($id)
            .select(Note::as_select())
            .first::<Note>($conn))?
    };
}

/// Lets the clock move on by more than its resolution.
fn tick() {
    std::thread::sleep(std::time::Duration::from_millis(3));
}

each_engine! {
    /// A new row: version 1, created = updated, alive, near the present.
    async fn a_new_row(db: note_table, conn) {
        insert!(conn, 1);
        let note = get!(conn, 1);
        assert_eq!((note.version, note.deleted_at), (1, None));
        assert_eq!(note.created_at, note.updated_at);
        let age = chrono::Utc::now().naive_utc() - note.created_at;
        assert!(age.num_seconds().abs() < 60, "{age}");
    }

    /// One statement raises the version by one and stamps all its rows alike.
    async fn update_bumps_once(db: note_table, conn) {
        insert!(conn, 1, 2, 3);
        let before = get!(conn, 1);
        tick();
        let rows = go!(handleref::update(notes::table.filter(notes::id.le(2))).set(notes::title.eq("x")).execute(conn))?;
        assert_eq!(rows, 2);
        let (one, two, three) = (get!(conn, 1), get!(conn, 2), get!(conn, 3));
        assert_eq!((one.version, two.version, three.version), (2, 2, 1));
        assert_eq!(one.updated_at, two.updated_at);
        assert!(one.updated_at > before.updated_at);
        assert_eq!(one.created_at, before.created_at);
        assert_eq!(three.title, "note 3");
    }

    /// A derived changeset, whose `None` leaves a column alone, and a target
    /// that is the struct itself.
    async fn update_by_changeset_and_identifiable(db: note_table, conn) {
        insert!(conn, 1);
        let mut note = get!(conn, 1);
        note.title = "changed".to_owned();
        assert_eq!(go!(handleref::update(&note).set(&note).execute(conn))?, 1);
        let found = get!(conn, 1);
        assert_eq!((found.title.as_str(), found.version), ("changed", 2));
    }

    /// Conditions are added as to Diesel's statement, one by one or if something holds.
    async fn narrowed(db: note_table, conn) {
        insert!(conn, 1, 2, 3);
        let narrow = handleref::update(notes::table.filter(notes::id.le(2).or(notes::id.eq(3))))
            .set(notes::body.eq("narrow"))
            .filter(notes::id.ge(2).or(notes::title.eq("note 3")))
            .filter(notes::version.eq(1));
        assert_eq!(go!(narrow.execute(conn))?, 2);
        for (only, rows) in [(Some(2), 1), (None, 3)] {
            let body = notes::body.eq(format!("boxed {rows}"));
            let mut boxed = handleref::update(notes::table).set(body).into_boxed();
            if let Some(only) = only {
                boxed = boxed.filter(notes::id.eq(only));
            }
            boxed = boxed.filter(notes::id.ge(1));
            assert_eq!(go!(boxed.execute(conn))?, rows);
        }
        assert_eq!([get!(conn, 1).version, get!(conn, 2).version, get!(conn, 3).version], [2, 4, 3]);
        let deleted = handleref::delete(notes::table).filter(notes::version.eq(4));
        assert_eq!(go!(deleted.execute(conn))?, 1);
        assert!(get!(conn, 2).deleted_at.is_some());
    }

    /// A changeset in which nothing is set makes no version.
    async fn nothing_is_no_change(db: note_table, conn) {
        insert!(conn, 1);
        let before = get!(conn, 1);
        let title = None::<&str>.map(|title| notes::title.eq(title));
        let body = None::<&str>.map(|body| notes::body.eq(body));
        let written = go!(handleref::update(notes::table.find(1)).set((title, body)).execute(conn));
        assert_eq!(written.optional_empty_changeset()?, None);
        assert_eq!(get!(conn, 1), before);
    }

    /// The managed columns cannot be set by accident, on any engine.
    async fn a_managed_column_is_refused(db: note_table, conn) {
        insert!(conn, 1);
        for column in ["version", "updated_at", "deleted_at"] {
            let target = handleref::update(notes::table.find(1));
            let refused = match column {
                "version" => go!(target.set((notes::title.eq("x"), notes::version.eq(0))).execute(conn)),
                "updated_at" => go!(target.set(notes::updated_at.eq(diesel::dsl::now)).execute(conn)),
                _ => go!(target.set(notes::deleted_at.eq(None::<NaiveDateTime>)).execute(conn)),
            };
            let error = Error::from(refused.unwrap_err());
            assert!(matches!(&error, Error::ManagedColumn { model: "Note", column: found } if *found == column), "{error:?}");
        }
        assert_eq!((get!(conn, 1).version, get!(conn, 1).title.as_str()), (1, "note 1"));
    }

    /// A value that mentions a managed column is no assignment of it.
    async fn a_managed_column_may_be_read(db: note_table, conn) {
        insert!(conn, 1);
        go!(handleref::update(notes::table.find(1)).set(notes::body.eq("\"version\" = 9")).execute(conn))?;
        assert_eq!(get!(conn, 1).version, 2);
        let wanted = notes::table.find(1).filter(notes::version.eq(2).and(notes::deleted_at.is_null()));
        assert_eq!(go!(handleref::update(wanted).set(notes::body.eq(", \"version\" = 9")).execute(conn))?, 1);
    }

    /// Soft delete and restore of sets; what is so already is not touched.
    async fn delete_and_restore(db: note_table, conn) {
        insert!(conn, 1, 2, 3);
        assert_eq!(go!(handleref::delete(notes::table.find(1)).execute(conn))?, 1);
        let first = get!(conn, 1);
        assert_eq!(first.version, 2);
        assert_eq!(first.deleted_at, Some(first.updated_at));
        tick();
        assert_eq!(go!(handleref::delete(notes::table.find(1)).execute(conn))?, 0);
        assert_eq!(go!(handleref::delete(notes::table).execute(conn))?, 2);
        assert_eq!(get!(conn, 1), first);
        assert_eq!(get!(conn, 2).deleted_at, get!(conn, 3).deleted_at);
        let count: i64 = go!(Note::undeleted().count().get_result(conn))?;
        assert_eq!(count, 0);
        tick();
        assert_eq!(go!(handleref::restore(notes::table.filter(notes::id.ne(3))).execute(conn))?, 2);
        let restored = get!(conn, 1);
        assert_eq!((restored.version, restored.deleted_at), (3, None));
        assert!(restored.updated_at > first.updated_at);
        assert_eq!(go!(handleref::restore(Note::deleted().filter(notes::id.eq(1))).execute(conn))?, 0);
        assert_eq!(go!(handleref::restore(notes::table).execute(conn))?, 1);
        assert_eq!(get!(conn, 1), restored);
    }

    /// Seed, §3.2 number 6: one story with its counts (alive, deleted, all).
    async fn the_counts_of_the_seed(db: note_table, conn) {
        macro_rules! counts {
            () => {{
                let alive: i64 = go!(Note::undeleted().count().get_result(conn))?;
                let deleted: i64 = go!(Note::deleted().count().get_result(conn))?;
                let all: i64 = go!(Note::with_deleted().count().get_result(conn))?;
                (alive, deleted, all)
            }};
        }
        insert!(conn, 1);
        assert_eq!(counts!(), (1, 0, 1));
        let mut first = get!(conn, 1);
        assert_eq!(go!(first.delete(conn))?, Outcome::Written);
        assert_eq!(counts!(), (0, 1, 1));
        go!(first.restore(conn))?;
        insert!(conn, 2);
        assert_eq!(counts!(), (2, 0, 2));
        let mut second = get!(conn, 2);
        go!(second.delete(conn))?;
        assert_eq!(counts!(), (1, 1, 2));
        go!(second.hard_delete(conn))?;
        assert_eq!(counts!(), (1, 0, 1));
    }

    /// Seed, §1.2 numbers 3 to 6: ten objects.
    async fn ten_objects_of_the_seed(db: note_table, conn) {
        let start: Option<NaiveDateTime> = go!(Note::last_change().get_result(conn))?;
        assert_eq!(start, None);
        insert!(conn, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
        let start = get!(conn, 1).created_at - chrono::TimeDelta::seconds(1);
        tick();
        let mut eighth = get!(conn, 8);
        go!(eighth.delete(conn))?;
        go!(get!(conn, 9).hard_delete(conn))?;
        let last: Option<NaiveDateTime> = go!(Note::last_change().get_result(conn))?;
        assert_eq!(last, Some(eighth.updated_at));
        tick();
        let mut first = get!(conn, 1);
        first.title = "changed".to_owned();
        go!(first.save(conn))?;
        let changed: Vec<i32> = go!(Note::since(eighth.updated_at).select(notes::id).load(conn))?;
        assert_eq!(changed, [1]);
        let with: Vec<i32> = go!(Note::with_deleted().since(start).select(notes::id).order(notes::id).load(conn))?;
        assert_eq!(with, [1, 2, 3, 4, 5, 6, 7, 8, 10]);
        let without: Vec<i32> = go!(Note::since(start).select(notes::id).order(notes::id).load(conn))?;
        assert_eq!(without, [1, 2, 3, 4, 5, 6, 7, 10]);
    }

    /// `insert .. on conflict do update` stays usable, and bumps too.
    async fn upsert(db: note_table, conn) {
        for title in ["first", "second"] {
            go!(diesel::insert_into(notes::table)
                .values((notes::id.eq(1), notes::title.eq(title)))
                .on_conflict(on_key!(notes::id))
                .do_update()
                .set((notes::title.eq(title), handleref::bump::<Note>()))
                .execute(conn))?;
        }
        let note = get!(conn, 1);
        assert_eq!((note.title.as_str(), note.version), ("second", 2));
        assert!(note.updated_at >= note.created_at);
    }

    /// A failed transaction bumps nothing.
    async fn a_failed_transaction_bumps_nothing(db: note_table, conn) {
        insert!(conn, 1);
        let before = get!(conn, 1);
        let failed = transaction!(conn, inner, {
            go!(handleref::update(notes::table.find(1)).set(notes::title.eq("x")).execute(inner))?;
            let mut note: Note = go!(notes::table.find(1).select(Note::as_select()).first(inner))?;
            assert_eq!(note.version, 2);
            go!(note.delete(inner))?;
            assert_eq!(note.version, 3);
            Err::<(), Error>(diesel::result::Error::RollbackTransaction.into())
        });
        assert!(matches!(failed, Err(Error::Database(diesel::result::Error::RollbackTransaction))));
        assert_eq!(get!(conn, 1), before);
    }
}

/// RETURNING, where the engine has it.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod returning {
    use super::*;
    use crate::support::{Db, Done};

    #[cfg(feature = "sqlite")]
    #[test]
    fn sqlite() -> Done {
        use diesel::RunQueryDsl;
        let db = Db::sqlite();
        note_table(&db);
        let conn = &mut db.connect::<diesel::SqliteConnection>();
        diesel::insert_into(notes::table)
            .values((notes::id.eq(1), notes::title.eq("a")))
            .execute(conn)?;
        let deleted: Note = handleref::delete(notes::table.find(1))
            .returning(Note::as_returning())
            .get_result(conn)?;
        assert_eq!(
            (deleted.version, deleted.deleted_at),
            (2, Some(deleted.updated_at))
        );
        let restored: Vec<Note> = handleref::restore(notes::table).get_results(conn)?;
        assert_eq!(
            restored
                .iter()
                .map(|note| (note.version, note.deleted_at))
                .collect::<Vec<_>>(),
            [(3, None)]
        );
        Ok(())
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn postgres() -> Done {
        use diesel::RunQueryDsl;
        let db = Db::postgres();
        note_table(&db);
        let conn = &mut db.connect::<diesel::PgConnection>();
        diesel::insert_into(notes::table)
            .values((notes::id.eq(1), notes::title.eq("a")))
            .execute(conn)?;
        let version: i64 = handleref::update(notes::table.find(1))
            .set(notes::title.eq("b"))
            .returning(notes::version)
            .get_result(conn)?;
        assert_eq!(version, 2);
        let deleted: Note = handleref::delete(notes::table.find(1))
            .returning(Note::as_returning())
            .get_result(conn)?;
        assert_eq!(
            (deleted.version, deleted.deleted_at),
            (3, Some(deleted.updated_at))
        );
        let restored: Note = handleref::restore(notes::table.find(1))
            .returning(Note::as_returning())
            .get_result(conn)?;
        assert_eq!((restored.version, restored.deleted_at), (4, None));
        assert!(restored.updated_at >= deleted.updated_at);
        assert_eq!((restored.id, restored.title.as_str()), (1, "b"));
        let nothing: Vec<i64> = handleref::restore(notes::table)
            .returning(notes::version)
            .get_results(conn)?;
        assert_eq!(nothing, [] as [i64; 0]);
        Ok(())
    }
}
