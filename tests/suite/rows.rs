//! Operations on one loaded row, and their outcomes.

use crate::support::ddl::notes as note_table;
use crate::support::each_engine;
use crate::support::models::{Note, notes};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
use handleref::prelude::*;
use handleref::{Error, ErrorClass, Outcome};

macro_rules! insert {
    ($conn:expr, $id:expr) => {{
        go!(diesel::insert_into(notes::table)
            .values((notes::id.eq($id), notes::title.eq("title")))
            .execute($conn))?;
        get!($conn, $id)
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

fn tick() {
    std::thread::sleep(std::time::Duration::from_millis(3));
}

each_engine! {
    /// All columns are written, nulls included; the instance carries the new
    /// version and time, and equals the row.
    async fn save_writes_everything(db: note_table, conn) {
        let mut note = insert!(conn, 1);
        let before = note.clone();
        tick();
        note.title = "new".to_owned();
        note.body = Some("text".to_owned());
        assert_eq!(go!(note.save(conn))?, Outcome::Written);
        assert_eq!(note, get!(conn, 1));
        assert_eq!(note.version, 2);
        assert!(note.updated_at > before.updated_at);
        note.body = None;
        assert_eq!(go!(note.save(conn))?, Outcome::Written);
        let found = get!(conn, 1);
        assert_eq!((found.body.as_deref(), found.version, found.created_at), (None, 3, before.created_at));
    }

    /// What changes nothing writes nothing: no bump, no new time.
    async fn an_unchanged_save(db: note_table, conn) {
        let mut note = insert!(conn, 1);
        tick();
        assert_eq!(go!(note.save(conn))?, Outcome::Unchanged);
        assert_eq!(note, get!(conn, 1));
        // Null to null, and a value to itself.
        note.body = Some("x".to_owned());
        assert_eq!(go!(note.save(conn))?, Outcome::Written);
        assert_eq!(go!(note.save(conn))?, Outcome::Unchanged);
        assert_eq!(get!(conn, 1).version, 2);
    }

    /// Case and trailing blanks are changes, whatever the collation says.
    async fn text_is_compared_byte_by_byte(db: note_table, conn) {
        let mut note = insert!(conn, 1);
        for (version, title) in [(2, "Title"), (3, "Title "), (4, "Títle "), (5, "🦀")] {
            note.title = title.to_owned();
            assert_eq!(go!(note.save(conn))?, Outcome::Written, "{title:?}");
            assert_eq!((get!(conn, 1).title.as_str(), note.version), (title, version));
        }
    }

    /// The managed columns of the instance are not written.
    async fn managed_fields_are_not_saved(db: note_table, conn) {
        let mut note = insert!(conn, 1);
        let before = note.clone();
        note.created_at += chrono::TimeDelta::days(1);
        note.updated_at += chrono::TimeDelta::days(1);
        assert_eq!(go!(note.save(conn))?, Outcome::Unchanged);
        assert_eq!(get!(conn, 1), before);
    }

    /// The second writer is told, and nothing of the first is lost.
    async fn a_stale_save(db: note_table, conn) {
        let mut first = insert!(conn, 1);
        let mut second = first.clone();
        first.title = "first".to_owned();
        go!(first.save(conn))?;
        second.body = Some("second".to_owned());
        match go!(second.save(conn)) {
            Err(Error::Stale { model: "Note", key, expected: 1, found: 2 }) => assert_eq!(key, "1"),
            other => panic!("{other:?}"),
        }
        let class = go!(second.save(conn)).map_err(|error| error.class());
        assert_eq!(class, Err(ErrorClass::Reload));
        assert_eq!(second.version, 1);
        assert_eq!(get!(conn, 1), first);
        // A stale save that changes nothing is stale too.
        second.body = None;
        second.title = "first".to_owned();
        assert!(matches!(go!(second.save(conn)), Err(Error::Stale { .. })));
        go!(second.reload(conn))?;
        second.body = Some("second".to_owned());
        assert_eq!(go!(second.save(conn))?, Outcome::Written);
        assert_eq!(second.version, 3);
    }

    /// Gone and deleted are two different answers.
    async fn gone_and_deleted(db: note_table, conn) {
        let mut note = insert!(conn, 1);
        let mut other = note.clone();
        go!(other.delete(conn))?;
        note.title = "late".to_owned();
        assert!(matches!(go!(note.save(conn)), Err(Error::Deleted { model: "Note", .. })));
        assert!(matches!(go!(other.save(conn)), Err(Error::Deleted { .. })));
        assert_eq!(get!(conn, 1).title, "title");
        go!(other.hard_delete(conn))?;
        assert!(matches!(go!(note.save(conn)), Err(Error::Gone { model: "Note", key }) if key == "1"));
        assert!(matches!(go!(note.delete(conn)), Err(Error::Gone { .. })));
        assert!(matches!(go!(note.restore(conn)), Err(Error::Gone { .. })));
        assert!(matches!(go!(note.reload(conn)), Err(Error::Gone { .. })));
        assert!(matches!(go!(note.hard_delete(conn)), Err(Error::Gone { .. })));
        assert_eq!(note.title, "late");
    }

    /// An instance marked as deleted by hand is not the way to delete.
    async fn a_mark_set_by_hand(db: note_table, conn) {
        let mut note = insert!(conn, 1);
        note.deleted_at = Some(note.created_at);
        assert!(matches!(go!(note.save(conn)), Err(Error::Deleted { .. })));
        assert_eq!(get!(conn, 1).deleted_at, None);
    }

    /// Seed, §3.2 numbers 3 to 5, and the no-ops that the seeds re-stamp.
    async fn delete_restore(db: note_table, conn) {
        let mut note = insert!(conn, 1);
        tick();
        assert_eq!(go!(note.delete(conn))?, Outcome::Written);
        assert_eq!(note, get!(conn, 1));
        assert_eq!((note.version, note.deleted_at), (2, Some(note.updated_at)));
        let deleted = note.clone();
        tick();
        assert_eq!(go!(note.delete(conn))?, Outcome::Unchanged);
        assert_eq!(get!(conn, 1), deleted);
        assert_eq!(go!(note.restore(conn))?, Outcome::Written);
        assert_eq!(note, get!(conn, 1));
        assert_eq!((note.version, note.deleted_at), (3, None));
        let restored = note.clone();
        assert_eq!(go!(note.restore(conn))?, Outcome::Unchanged);
        assert_eq!(get!(conn, 1), restored);
        let mut stale = deleted;
        go!(note.delete(conn))?;
        assert!(matches!(go!(stale.restore(conn)), Err(Error::Stale { expected: 2, found: 4, .. })));
    }

    /// Deleting is optimistic as well.
    async fn a_stale_delete(db: note_table, conn) {
        let mut note = insert!(conn, 1);
        let mut stale = note.clone();
        note.title = "new".to_owned();
        go!(note.save(conn))?;
        assert!(matches!(go!(stale.delete(conn)), Err(Error::Stale { .. })));
        assert!(matches!(go!(stale.hard_delete(conn)), Err(Error::Stale { .. })));
        assert_eq!(get!(conn, 1).deleted_at, None);
        // Deleted meanwhile by someone else: it is as wanted, and left alone.
        go!(note.delete(conn))?;
        assert_eq!(go!(stale.delete(conn))?, Outcome::Unchanged);
        assert_eq!(get!(conn, 1), note);
    }

    /// A hard delete is real, for live and for soft-deleted rows.
    async fn hard_delete(db: note_table, conn) {
        let note = insert!(conn, 1);
        go!(note.hard_delete(conn))?;
        let mut other = insert!(conn, 2);
        go!(other.delete(conn))?;
        go!(other.hard_delete(conn))?;
        let count: i64 = go!(Note::with_deleted().count().get_result(conn))?;
        assert_eq!(count, 0);
        assert_eq!(note.deleted_at, None);
    }

    /// Inside a transaction of the user, under the isolation that sees the row
    /// as it was when the transaction began.
    async fn a_stale_save_inside_a_transaction(db: note_table, conn) {
        let mut first = insert!(conn, 1);
        let mut second = first.clone();
        let other = &mut connect!(db);
        // The first writer commits while the second is in its transaction.
        let ended = transaction!(conn, inner, {
            first.title = "first".to_owned();
            go!(first.save(other))?;
            second.title = "second".to_owned();
            go!(second.save(inner))
        });
        assert!(matches!(ended, Err(Error::Stale { expected: 1, found: 2, .. })), "{ended:?}");
        assert_eq!(get!(conn, 1).title, "first");
    }

    /// Handles of saved and unsaved rows, and options from type and instance.
    async fn handles(db: note_table, conn) {
        let mut note = insert!(conn, 7);
        assert_eq!((note.handle()?.as_str(), note.ref_tag(), Note::TAG), ("note7", "note", "note"));
        assert_eq!(Note::parse_handle("Note - 7")?, 7);
        assert_eq!((Note::option("passthrough"), note.ref_option("passthrough")), (Some("kept"), Some("kept")));
        assert_eq!(Note::option("other"), None);
        note.id = 0;
        assert!(matches!(note.handle(), Err(handleref::model::HandleError::Unsaved { tag: "note" })));
    }
}

/// A transaction that has read the row before, under each engine's stricter
/// levels: the update is refused one way or another, never lost.
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod isolation {
    use super::*;
    use crate::support::{Db, Done};
    use diesel::connection::SimpleConnection;
    use diesel::{Connection, RunQueryDsl};

    macro_rules! no_lost_update {
        ($name:ident, $engine:ident, $conn:ty, $level:literal, $set:expr, $check:expr) => {
            #[test]
            fn $name() -> Done {
                let db = Db::$engine();
                note_table(&db);
                let (one, two) = (&mut db.connect::<$conn>(), &mut db.connect::<$conn>());
                diesel::insert_into(notes::table)
                    .values((notes::id.eq(1), notes::title.eq("a")))
                    .execute(one)?;
                let mut first: Note = notes::table.find(1).select(Note::as_select()).first(one)?;
                let mut second = first.clone();
                two.batch_execute($set)?;
                let ended = two.transaction::<Outcome, Error, _>(|two| {
                    // Takes the snapshot.
                    let seen: Note = notes::table.find(1).select(Note::as_select()).first(two)?;
                    assert_eq!(seen.version, 1);
                    first.title = "first".to_owned();
                    first.save(one)?;
                    second.title = "second".to_owned();
                    second.save(two)
                });
                let check: fn(&Result<Outcome, Error>) -> bool = $check;
                assert!(check(&ended), "{ended:?}");
                let found: Note = notes::table.find(1).select(Note::as_select()).first(one)?;
                assert_eq!((found.title.as_str(), found.version), ("first", 2));
                Ok(())
            }
        };
    }

    #[cfg(any(feature = "postgres", feature = "mysql"))]
    mod repeatable_read {
        use super::*;
        #[cfg(feature = "postgres")]
        no_lost_update!(
            postgres,
            postgres,
            diesel::PgConnection,
            "repeatable read",
            "SET default_transaction_isolation = 'repeatable read'",
            |ended| matches!(ended, Err(Error::Conflict { lost: false, .. }))
        );
        #[cfg(feature = "mysql")]
        no_lost_update!(
            mysql,
            mysql,
            diesel::MysqlConnection,
            "repeatable read",
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            // From MariaDB 11.6 on a row that is newer than the snapshot is refused
            // as such (`innodb_snapshot_isolation`).
            |ended| matches!(
                ended,
                Err(Error::Stale {
                    expected: 1,
                    found: 2,
                    ..
                } | Error::Conflict { lost: true, .. })
            )
        );
    }

    #[cfg(any(feature = "postgres", feature = "mysql"))]
    mod read_committed {
        use super::*;
        #[cfg(feature = "postgres")]
        no_lost_update!(
            postgres,
            postgres,
            diesel::PgConnection,
            "read committed",
            "SET default_transaction_isolation = 'read committed'",
            |ended| matches!(
                ended,
                Err(Error::Stale {
                    expected: 1,
                    found: 2,
                    ..
                })
            )
        );
        #[cfg(feature = "mysql")]
        no_lost_update!(
            mysql,
            mysql,
            diesel::MysqlConnection,
            "read committed",
            "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
            |ended| matches!(
                ended,
                Err(Error::Stale {
                    expected: 1,
                    found: 2,
                    ..
                })
            )
        );
    }
}
