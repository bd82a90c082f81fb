//! What other tools do to recorded tables, and `install` puts right.

#[allow(unused_imports)]
use super::replacing::{count, two};
#[allow(unused_imports)]
use crate::support::{Db, Engine};
#[allow(unused_imports)]
use diesel::connection::SimpleConnection;

macro_rules! heals {
    ($schema:expr, $conn:expr) => {{
        let report = $schema.check($conn).unwrap();
        assert!(!report.is_ok());
        $schema.install($conn).unwrap();
        let (after, plan) = ($schema.check($conn).unwrap(), $schema.plan($conn).unwrap());
        assert!(after.is_ok(), "{after}");
        assert!(plan.is_empty(), "{plan}");
        report.to_string()
    }};
}

#[allow(dead_code)]
fn notes(db: &Db) {
    db.create("CREATE TABLE notes (id {KEY} PRIMARY KEY, title {TEXT} NOT NULL, body {TEXT}, version BIGINT NOT NULL DEFAULT 1)");
}

#[cfg(feature = "mysql")]
mod a_table_that_took_over {
    use super::*;

    /// As gh-ost and pt-online-schema-change do it.
    #[test]
    fn mysql() {
        let db = Db::mysql();
        notes(&db);
        let [schema, _] = two(Engine::Mysql);
        let conn: &mut diesel::MysqlConnection = &mut db.connect();
        schema.install(conn).unwrap();
        conn.batch_execute("INSERT INTO notes (id, title) VALUES (1, 'a')")
            .unwrap();
        conn.batch_execute("CREATE TABLE _notes_gho LIKE notes")
            .unwrap();
        conn.batch_execute("ALTER TABLE _notes_gho ADD COLUMN more INT")
            .unwrap();
        conn.batch_execute("INSERT INTO _notes_gho SELECT notes.*, NULL FROM notes")
            .unwrap();
        conn.batch_execute("RENAME TABLE notes TO _notes_del, _notes_gho TO notes")
            .unwrap();
        let report = heals!(schema, conn);
        assert!(report.contains("trigger"), "{report}");
        conn.batch_execute("UPDATE notes SET title = 'b'").unwrap();
        assert_eq!(count(conn, "note_records"), 2);
        assert!(conn.batch_execute("TRUNCATE notes").is_err());
        conn.batch_execute("DROP TABLE _notes_del").unwrap();
        assert!(schema.check(conn).unwrap().is_ok());
    }
}

#[cfg(feature = "mysql")]
mod a_table_that_took_over_a_guard {
    use super::*;

    #[test]
    fn mysql() {
        use crate::support::models::Note;
        let db = Db::mysql();
        crate::support::ddl::notes(&db);
        let schema = handleref::schema![Note];
        let conn: &mut diesel::MysqlConnection = &mut db.connect();
        schema.install(conn).unwrap();
        conn.batch_execute("CREATE TABLE _gho LIKE notes").unwrap();
        conn.batch_execute("RENAME TABLE notes TO _del, _gho TO notes")
            .unwrap();
        heals!(schema, conn);
    }
}

#[cfg(feature = "mysql")]
mod an_account_that_is_gone {
    use super::*;
    use diesel::Connection;

    #[test]
    fn mysql() {
        let db = Db::mysql();
        notes(&db);
        let [schema, _] = two(Engine::Mysql);
        let (start, database) = db.url.rsplit_once('/').unwrap();
        let server = start.rsplit_once('@').unwrap().1;
        let conn: &mut diesel::MysqlConnection = &mut db.connect();
        let login = format!("m{}", std::process::id());
        let account = format!("'{login}'@'%'");
        conn.batch_execute(&format!("CREATE USER {account} IDENTIFIED BY 'secret'"))
            .unwrap();
        conn.batch_execute(&format!("GRANT ALL ON {database}.* TO {account}"))
            .unwrap();
        let url = format!("mysql://{login}:secret@{server}/{database}");
        let theirs = &mut diesel::MysqlConnection::establish(&url).unwrap();
        schema.install(theirs).unwrap();
        // Who may not look at accounts says nothing of them.
        assert!(schema.check(theirs).unwrap().is_ok());
        assert!(schema.check(conn).unwrap().is_ok() && schema.plan(conn).unwrap().is_empty());
        for (at, end) in [
            format!("REVOKE INSERT ON {database}.* FROM {account}"),
            format!("DROP USER {account}"),
        ]
        .iter()
        .enumerate()
        {
            conn.batch_execute(end).unwrap();
            let insert = format!("INSERT INTO notes (id, title) VALUES ({at}, 'a')");
            conn.batch_execute(&insert).unwrap_err();
            let report = heals!(schema, conn);
            assert!(report.contains(&login), "{report}");
            conn.batch_execute(&insert).unwrap();
            if at == 0 {
                conn.batch_execute(&format!("GRANT INSERT ON {database}.* TO {account}"))
                    .unwrap();
                let [_, other] = two(Engine::Mysql);
                other.install(theirs).unwrap();
                schema.install(theirs).unwrap();
            }
        }
        assert_eq!(count(conn, "note_records"), 2);
    }
}

#[cfg(feature = "sqlite")]
mod a_rebuilt_table {
    use super::*;
    use handleref::__private::facts::{Property, RecordedColumn, Recording, Relative};
    use handleref::__private::{Roles, types};
    use handleref::schema::{ModelSchema, Schema};

    const COLUMNS: &[RecordedColumn] = &[
        RecordedColumn::new("id"),
        RecordedColumn::new("title"),
        RecordedColumn::new("body"),
        RecordedColumn::new("version"),
    ];
    const TAGS: &[Property] = &[Property::new::<types::BigInt>(
        "tags",
        Some("SELECT count(*) FROM tags WHERE tags.note_id = notes.id"),
    )];
    const RELATIVES: &[Relative] = &[Relative::new("tags", "tags.note_id = notes.id")];

    /// Notes, of which the tags are recorded along: triggers on `tags` name `notes`.
    fn tagged() -> Schema {
        let recording = Recording::new("note_records", COLUMNS)
            .with_properties(TAGS)
            .with_relatives(RELATIVES);
        Schema::new([
            ModelSchema::described("Note", "`notes`", Roles::NONE, &["id"])
                .with_recording(recording),
        ])
    }

    /// SQLite's twelve steps: under `legacy_alter_table`, which does not look
    /// into the triggers of other tables.
    #[test]
    fn sqlite() {
        let db = Db::sqlite();
        notes(&db);
        db.create("CREATE TABLE tags (id INTEGER PRIMARY KEY, note_id INTEGER NOT NULL)");
        let schema = tagged();
        let conn: &mut diesel::SqliteConnection = &mut db.connect();
        schema.install(conn).unwrap();
        conn.batch_execute(
            "INSERT INTO notes (id, title) VALUES (1, 'a'); INSERT INTO tags VALUES (1, 1)",
        )
        .unwrap();
        let copy = "CREATE TABLE new_notes (id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT, more TEXT, version BIGINT NOT NULL DEFAULT 1); \
                    INSERT INTO new_notes (id, title, body, version) SELECT id, title, body, version FROM notes; DROP TABLE notes";
        let rename = "ALTER TABLE new_notes RENAME TO notes";
        conn.batch_execute(copy).unwrap();
        // Outside of a transaction, the table is gone now.
        let refused = conn.batch_execute(rename).unwrap_err().to_string();
        assert!(refused.contains("handleref_relative_"), "{refused}");
        let missing = schema.install(conn).unwrap_err().to_string();
        assert!(missing.contains("does not exist"), "{missing}");
        conn.batch_execute("PRAGMA legacy_alter_table = ON")
            .unwrap();
        conn.batch_execute(rename).unwrap();
        conn.batch_execute("PRAGMA legacy_alter_table = OFF")
            .unwrap();
        heals!(schema, conn);
        conn.batch_execute("UPDATE notes SET title = 'b'; INSERT INTO tags VALUES (2, 1)")
            .unwrap();
        assert_eq!(count(conn, "note_records"), 4);
    }
}

#[cfg(feature = "postgres")]
mod a_wider_version {
    use super::*;
    use diesel::Connection;
    use handleref::__private::Roles;
    use handleref::__private::facts::{RecordedColumn, Recording};
    use handleref::schema::{ModelSchema, Schema};

    diesel::table! { notes { id -> Integer, version -> Integer, } }

    const COLUMNS: &[RecordedColumn] = &[
        RecordedColumn::new("id"),
        RecordedColumn::new("title"),
        RecordedColumn::new("body"),
        RecordedColumn::new("version"),
    ];

    fn notes_of_32_bits() -> Schema {
        let roles = Roles::NONE.with_version::<notes::version>();
        let model = ModelSchema::described("Note", "\"notes\"", roles, &["id"]);
        Schema::new([model.with_recording(Recording::new("note_records", COLUMNS))])
    }

    /// The guard and the records' index name the column, so the guard goes first.
    #[test]
    fn postgres() {
        let db = Db::postgres();
        db.create("CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT, version INTEGER NOT NULL DEFAULT 1)");
        let narrow = notes_of_32_bits();
        let [wide, _] = two(Engine::Postgres);
        let conn: &mut diesel::PgConnection = &mut db.connect();
        narrow.install(conn).unwrap();
        conn.batch_execute("INSERT INTO notes (id, title) VALUES (1, 'a')")
            .unwrap();
        let refused = conn
            .batch_execute("ALTER TABLE notes ALTER COLUMN version TYPE BIGINT")
            .unwrap_err();
        assert!(refused.to_string().contains("trigger"), "{refused}");
        conn.transaction(|conn| {
            conn.batch_execute("DROP TRIGGER handleref_guard_notes ON notes")?;
            conn.batch_execute("ALTER TABLE notes ALTER COLUMN version TYPE BIGINT")?;
            drop(wide.install(conn)?);
            Ok::<_, handleref::Error>(())
        })
        .unwrap();
        let (report, plan) = (wide.check(conn).unwrap(), wide.plan(conn).unwrap());
        assert!(report.is_ok() && plan.is_empty(), "{report} {plan}");
        conn.batch_execute("UPDATE notes SET title = 'b', version = 3000000000")
            .unwrap();
        conn.batch_execute("UPDATE notes SET title = 'c'").unwrap();
        assert_eq!(
            count(conn, "note_records WHERE record_version > 3000000000"),
            1
        );
    }
}
