use crate::install::OLD;
use crate::models::{Article, Counted, Times, articles};
use crate::support::engines;
use diesel::prelude::*;
use handleref_runtime::engine::Kind;
use handleref_runtime::model::HandleRef;
use handleref_runtime::row::{Outcome, RowDsl};
use handleref_runtime::{schema, write};

const MANAGED: &str = "version, updated_at";

engines! {
    fn a_plain_update_bumps_once_and_an_unchanged_one_not(conn) {
        conn.sql(OLD);
        conn.install(&schema![Article]).unwrap();
        let before = conn.row("version, updated_at, created_at", "FROM articles WHERE id = 1");
        for nothing in ["title = title", "title = 'one'", "note = NULL", "version = 1", "version = version, note = note"] {
            conn.sql(&format!("UPDATE articles SET {nothing} WHERE id = 1"));
            assert_eq!(conn.row("version, updated_at, created_at", "FROM articles WHERE id = 1"), before, "{nothing}");
        }
        for (at, change) in ["title = 'ONE'", "title = 'ONE '", "note = ''", "note = NULL", "deleted_at = '2026-01-01 00:00:00'", "deleted_at = NULL", "updated_at = '2001-01-01 00:00:00'", "id = 99"].iter().enumerate() {
            conn.tick();
            let old = conn.row("updated_at", "FROM articles WHERE id IN (1, 99)");
            conn.sql(&format!("UPDATE articles SET {change} WHERE id = 1"));
            let row = conn.row(MANAGED, "FROM articles WHERE id IN (1, 99)");
            let (version, updated) = row.split_once('|').unwrap();
            assert_eq!(version, (at + 2).to_string(), "{change}");
            assert!(*updated > *old, "{change}: {updated} {old}");
        }
        assert_eq!(conn.row("version", "FROM articles WHERE id = 2"), "1");
    }

    fn a_stale_writer_cannot_lower_a_version(conn) {
        conn.sql(OLD);
        conn.install(&schema![Article]).unwrap();
        conn.sql("UPDATE articles SET version = 40 WHERE id = 1");
        assert_eq!(conn.row("version", "FROM articles WHERE id = 1"), "40");
        conn.sql("UPDATE articles SET version = 3, title = 'stale' WHERE id = 1");
        assert_eq!(conn.row("version", "FROM articles WHERE id = 1"), "41");
        conn.sql("UPDATE articles SET version = 2 WHERE id = 1");
        assert_eq!(conn.row("version", "FROM articles WHERE id = 1"), "42");
        conn.sql("UPDATE articles SET version = 42, title = 'same' WHERE id = 1");
        assert_eq!(conn.row("version", "FROM articles WHERE id = 1"), "43");
    }

    fn a_mirror_copies_rows_as_they_are(conn) {
        conn.sql(OLD);
        conn.install(&schema![Article]).unwrap();
        let upsert = match C::KIND {
            Kind::Mysql => "ON DUPLICATE KEY UPDATE title = VALUES(title), version = VALUES(version), updated_at = VALUES(updated_at)",
            _ => "ON CONFLICT (id) DO UPDATE SET title = excluded.title, version = excluded.version, updated_at = excluded.updated_at",
        };
        conn.sql(&format!("INSERT INTO articles (id, title, version, created_at, updated_at) VALUES (1, 'x', 9, '2020-01-01 00:00:00', '2020-01-02 00:00:00'), (50, 'y', 7, '2020-01-01 00:00:00', '2020-01-02 00:00:00') {upsert}"));
        let rows = conn.rows(MANAGED, "FROM articles WHERE id IN (1, 50) ORDER BY id");
        assert!(rows[0].starts_with("9|2020-01-02 00:00:00") && rows[1].starts_with("7|2020-01-02 00:00:00"), "{rows:?}");
    }

    fn bulk_writes_and_upserts_bump_once(conn) {
        conn.sql(OLD);
        conn.install(&schema![Article]).unwrap();
        conn.sql("UPDATE articles SET note = 'x'");
        assert_eq!(conn.rows("version", "FROM articles ORDER BY id"), ["2", "1", "2"]);
        let stamps = conn.rows("updated_at", "FROM articles WHERE version = 2");
        assert_eq!(stamps[0], stamps[1], "one clock per statement");
        let upsert = match C::KIND {
            Kind::Mysql => "ON DUPLICATE KEY UPDATE note = VALUES(note)",
            _ => "ON CONFLICT (id) DO UPDATE SET note = excluded.note",
        };
        conn.sql(&format!("INSERT INTO articles (id, title, note) VALUES (1, 'a', 'new'), (2, 'b', 'x'), (90, 'c', 'c') {upsert}"));
        assert_eq!(conn.rows("version", "FROM articles ORDER BY id"), ["3", "1", "2", "1"]);
    }

    fn without_a_version(conn) {
        conn.sql(OLD);
        conn.install(&schema![Times]).unwrap();
        let before = conn.row("updated_at", "FROM articles WHERE id = 1");
        conn.tick();
        conn.sql("UPDATE articles SET title = title WHERE id = 1");
        assert_eq!(conn.row("updated_at", "FROM articles WHERE id = 1"), before);
        conn.sql("UPDATE articles SET title = 'x' WHERE id = 1");
        let stamped = conn.row("updated_at", "FROM articles WHERE id = 1");
        assert!(stamped > before);
        conn.sql("UPDATE articles SET title = 'y', updated_at = '2999-01-01 00:00:00' WHERE id = 1");
        assert!(conn.row("updated_at", "FROM articles WHERE id = 1").starts_with("2999-01-01"));
        // It does not fall: a change is not dated before the one before.
        conn.sql("UPDATE articles SET title = 'z', updated_at = '2001-01-01 00:00:00' WHERE id = 1");
        assert!(conn.row("updated_at", "FROM articles WHERE id = 1").starts_with("2999-01-01"));
    }

    fn with_a_version_alone(conn) {
        conn.sql(OLD);
        conn.install(&schema![Counted]).unwrap();
        conn.sql("UPDATE articles SET title = 'x'");
        conn.sql("UPDATE articles SET title = 'x'");
        assert_eq!(conn.rows("version", "FROM articles"), ["2", "2", "2"]);
    }
}

/// The verbs need the engine's types, so this one is not generic.
macro_rules! verbs_bump_once {
    ($name:ident) => {
        #[test]
        fn $name() {
            use crate::support::Db;
            let Some(mut conn) = crate::support::$name("verbs") else {
                return;
            };
            let conn = &mut conn;
            conn.sql(OLD);
            schema![Article].install(conn).unwrap();
            let mut row: Article = articles::table.find(1).first(conn).unwrap();
            let held = |conn: &mut _| {
                articles::table
                    .find(1)
                    .select((articles::version, articles::updated_at))
                    .first::<(i64, chrono::NaiveDateTime)>(conn)
                    .unwrap()
            };
            row.title = "saved".into();
            conn.tick();
            assert_eq!(row.save(conn).unwrap(), Outcome::Written);
            assert_eq!((row.version, row.updated_at), held(conn));
            assert_eq!(row.version, 2);
            assert_eq!(row.save(conn).unwrap(), Outcome::Unchanged);
            assert_eq!(row.version, held(conn).0);
            let rows = write::update(articles::table)
                .set(articles::note.eq("all"))
                .execute(conn)
                .unwrap();
            assert_eq!((rows, held(conn).0), (3, 3));
            // A plain Diesel update bumps too, once.
            diesel::update(articles::table.find(1))
                .set(articles::note.eq("plain"))
                .execute(conn)
                .unwrap();
            assert_eq!(held(conn).0, 4);
            row.title = "lost".into();
            assert!(row.save(conn).is_err());
            row.reload(conn).unwrap();
            assert_eq!(row.delete(conn).unwrap(), Outcome::Written);
            assert_eq!((row.version, held(conn).0), (5, 5));
            assert_eq!(row.restore(conn).unwrap(), Outcome::Written);
            assert_eq!((row.version, row.updated_at), held(conn));
            assert_eq!(row.version, 6);
            assert_eq!(
                Article::undeleted()
                    .count()
                    .get_result::<i64>(conn)
                    .unwrap(),
                3
            );
        }
    };
}
mod verbs_bump_once {
    use super::*;
    verbs_bump_once!(sqlite);
    verbs_bump_once!(postgres);
    verbs_bump_once!(mysql);
}

/// `RETURNING` is right, where Diesel offers it.
#[test]
fn returning() {
    use crate::support::Db;
    let mut conn = crate::support::sqlite("").unwrap();
    conn.sql(OLD);
    schema![Article].install(&mut conn).unwrap();
    let new: Article = diesel::insert_into(articles::table)
        .values(articles::title.eq("new"))
        .get_result(&mut conn)
        .unwrap();
    assert_eq!((new.version, new.created_at), (1, new.updated_at));
    assert!(
        new.created_at
            > chrono::DateTime::from_timestamp(1_700_000_000, 0)
                .unwrap()
                .naive_utc()
    );
    let own: Article = write::update(articles::table.find(1))
        .set(articles::title.eq("x"))
        .get_result(&mut conn)
        .unwrap();
    assert_eq!(own.version, 2);
    let Some(mut conn) = crate::support::postgres("returning") else {
        return;
    };
    conn.sql(OLD);
    schema![Article].install(&mut conn).unwrap();
    let new: Article = diesel::insert_into(articles::table)
        .values(articles::title.eq("new"))
        .get_result(&mut conn)
        .unwrap();
    assert_eq!((new.version, new.created_at), (1, new.updated_at));
    let own: Article = write::update(articles::table.find(1))
        .set(articles::title.eq("x"))
        .get_result(&mut conn)
        .unwrap();
    assert_eq!(own.version, 2);
    let plain: Article = diesel::update(articles::table.find(1))
        .set(articles::title.eq("y"))
        .get_result(&mut conn)
        .unwrap();
    assert_eq!(plain.version, 3);
}
