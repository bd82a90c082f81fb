//! Soft delete and restore by name: with the family, and through hooks.

use crate::support::{Db, each_engine};
use chrono::NaiveDateTime;
use diesel::{Identifiable, Queryable, Selectable};
use handleref::prelude::*;
use handleref::{Error, Executor, HookError, Hooks, Outcome};
use serde::Serialize;
use std::sync::Mutex;

diesel::table! {
    albums (id) {
        id -> Integer,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    songs (id) {
        id -> Integer,
        album_id -> Integer,
        title -> Text,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(
    Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Identifiable, HandleRef, Recorded,
)]
#[handleref(cascade(Song))]
struct Album {
    id: i32,
    deleted_at: Option<NaiveDateTime>,
}

#[derive(
    Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Identifiable, HandleRef, Recorded,
)]
#[handleref(hooks, parent(Album))]
#[diesel(belongs_to(Album))]
struct Song {
    id: i32,
    album_id: i32,
    title: String,
    deleted_at: Option<NaiveDateTime>,
}

/// The titles that hooks have seen; each test has its own.
static SEEN: Mutex<Vec<(&str, String)>> = Mutex::new(Vec::new());

fn note(event: &'static str, rows: &[Song]) -> Result<(), HookError> {
    let titles = rows.iter().map(|row| (event, row.title.clone()));
    SEEN.lock().unwrap().extend(titles);
    match rows.iter().any(|row| row.id == 13) {
        true => Err("not this one".into()),
        false => Ok(()),
    }
}

impl<C: Executor> Hooks<C> for Song {
    fn before_delete<'a>(rows: &'a [Self], _: &'a mut C) -> C::Output<'a, Result<(), HookError>> {
        C::run(std::future::ready(note("delete", rows)))
    }
    fn after_restore<'a>(rows: &'a [Self], _: &'a mut C) -> C::Output<'a, Result<(), HookError>> {
        C::run(std::future::ready(note("restore", rows)))
    }
}

/// Two albums; the second has a song that stays.
fn tables(db: &Db) {
    db.create("CREATE TABLE albums (id {KEY} PRIMARY KEY)");
    db.create("CREATE TABLE songs (id {KEY} PRIMARY KEY, album_id INTEGER NOT NULL, title {TEXT} NOT NULL)");
    db.install(&handleref::schema![Album, Song]);
    db.execute("INSERT INTO albums (id) VALUES (1), (2)");
    let name = &db.url;
    db.execute(&format!(
        "INSERT INTO songs (id, album_id, title) VALUES (1, 1, '{name}'), (2, 1, '{name}'), (13, 2, '{name}')"
    ));
}

fn seen(db: &Db) -> Vec<&'static str> {
    let seen = SEEN.lock().unwrap();
    let own = seen.iter().filter(|(_, title)| *title == db.url);
    own.map(|(event, _)| *event).collect()
}

each_engine! {
    /// As `row.delete(conn)` and `row.restore(conn)`.
    async fn a_family_with_hooks(db: tables, conn) {
        let registry = handleref::schema![Album, Song].registry();
        let (albums, songs) = (registry.model("Album")?, registry.model("Song")?);
        assert_eq!(go!(albums.delete(conn, "1"))?, Outcome::Written);
        assert_eq!(go!(songs.rows().deleted().load(conn))?.objects.len(), 2);
        assert!(matches!(go!(songs.restore(conn, "1")), Err(Error::ParentDeleted { .. })));
        assert_eq!(go!(songs.restore_with_parents(conn, "1"))?, Outcome::Written);
        assert!(!go!(albums.row(conn, "1"))?.expect("it is there").is_deleted);
        assert_eq!(go!(songs.rows().deleted().load(conn))?.objects.len(), 1);
        assert_eq!(go!(songs.restore(conn, "2"))?, Outcome::Written);
        assert_eq!(seen(&db), ["delete", "delete", "restore", "restore"]);
        // A hook that refuses takes everything back.
        assert!(matches!(go!(albums.delete(conn, "2")), Err(Error::Hook(_))));
        assert!(!go!(albums.row(conn, "2"))?.expect("it is there").is_deleted);
        let last = go!(songs.history("1").load(conn))?;
        assert_eq!(last.entries[0].operation, handleref::Operation::Restore);
    }
}
