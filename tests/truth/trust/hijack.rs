//! Nothing that somebody else creates decides what our triggers do.

use crate::support::Db;
use diesel::prelude::*;
use handleref::prelude::*;

type Done = Result<(), Box<dyn std::error::Error>>;

diesel::table! {
    makers (id) {
        id -> Integer,
        name -> VarChar,
    }
}
diesel::table! {
    things (id) {
        id -> Integer,
        maker_id -> Nullable<Integer>,
        label -> VarChar,
        hidden -> Nullable<VarChar>,
        version -> BigInt,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}

/// With everything that puts SQL into a body: a property of another table, a
/// condition, a stand-in, a redaction.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef, Recorded)]
#[diesel(table_name = things)]
#[recorded(
    when = "label <> 'draft'",
    property(maker: Nullable<Text>, sql = "(SELECT upper(m.name) FROM makers m WHERE m.id = things.maker_id)"),
    relative(makers, on = "makers.id = things.maker_id")
)]
pub struct Thing {
    pub id: i32,
    pub maker_id: Option<i32>,
    pub label: String,
    #[recorded(redact)]
    pub hidden: Option<String>,
    pub version: i64,
    pub updated_at: chrono::NaiveDateTime,
    pub deleted_at: Option<chrono::NaiveDateTime>,
}

fn tables(db: &Db) {
    bare(db);
    db.install(&handleref::schema![Thing]);
}

fn bare(db: &Db) {
    db.create("CREATE TABLE makers (id {KEY} PRIMARY KEY, name VARCHAR(64) NOT NULL)");
    db.create(
        "CREATE TABLE things (id {KEY} PRIMARY KEY, maker_id INTEGER, label VARCHAR(64) NOT NULL, hidden VARCHAR(64))",
    );
}

/// What a story of every kind of change leaves behind, without times.
const STORY: &[&str] = &[
    "INSERT INTO makers (id, name) VALUES (1, 'ann'), (2, 'bob')",
    "INSERT INTO things (id, maker_id, label) VALUES (1, 1, 'a'), (2, 2, 'b')",
    "INSERT INTO things (id, label) VALUES (3, 'draft')",
    "UPDATE things SET label = 'c', hidden = 'h' WHERE id = 1",
    "UPDATE things SET label = 'd' WHERE id < 9",
    "UPDATE makers SET name = 'anna' WHERE id = 1",
    "UPDATE things SET id = 7 WHERE id = 2",
    "DELETE FROM things WHERE id = 1",
    "INSERT INTO things (id, maker_id, label) VALUES (1, 1, 'again')",
    "UPDATE things SET deleted_at = updated_at WHERE id = 1",
    "DELETE FROM makers WHERE id = 1",
];

macro_rules! history {
    ($conn:expr) => {{
        let rows: Vec<(i32, i64, handleref::Operation, String, Option<String>)> = Thing::records()
            .order(ThingRecords::RECORD_ID)
            .select((
                things::id,
                ThingRecords::VERSION,
                ThingRecords::OPERATION,
                things::label,
                ThingRecords::MAKER,
            ))
            .load($conn)?;
        rows
    }};
}

/// Everything that our bodies call by a name, made again in the schema on the
/// path with arguments that fit better, and operators on the types of columns.
#[cfg(feature = "postgres")]
fn overloads() -> String {
    let mut sql = String::from(
        "CREATE FUNCTION evil() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hijacked as %', current_user; END $$;\n",
    );
    let functions = [
        ("nextval", "text", "bigint"),
        ("nextval", "varchar", "bigint"),
        ("set_config", "varchar, varchar, boolean", "text"),
        ("current_setting", "varchar, boolean", "text"),
        ("concat", "varchar, varchar", "text"),
        ("concat", "text, text", "text"),
        ("left", "varchar, int", "text"),
        ("substr", "varchar, int", "text"),
        ("to_regclass", "varchar", "regclass"),
        ("upper", "varchar", "text"),
        ("record_image_ne", "record, record", "boolean"),
        ("concat_ws", "text, text, text", "text"),
        ("concat_ws", "varchar, text, text", "text"),
        ("statement_timestamp", "", "timestamptz"),
        ("timezone", "text, timestamptz", "timestamp"),
        ("timezone", "varchar, timestamptz", "timestamp"),
        ("pg_notify", "varchar, varchar", "void"),
        ("format", "varchar, regclass", "text"),
        ("row_number", "", "bigint"),
        ("pg_current_xact_id", "", "xid8"),
        ("pg_current_xact_id_if_assigned", "", "xid8"),
        ("coalesce", "timestamp, timestamp", "timestamp"),
        ("greatest", "timestamp, timestamp", "timestamp"),
        ("handleref_refuse", "varchar", "boolean"),
    ];
    for (name, arguments, gives) in functions {
        let body = match gives {
            "void" => "BEGIN PERFORM evil(); END",
            _ => "BEGIN PERFORM evil(); RETURN NULL; END",
        };
        sql.push_str(&format!(
            "CREATE FUNCTION \"{name}\"({arguments}) RETURNS {gives} LANGUAGE plpgsql AS $$ {body} $$;\n"
        ));
    }
    let types = [
        "text",
        "varchar",
        "bigint",
        "integer",
        "timestamp",
        "boolean",
        "oid",
        "name",
    ];
    let mut made = 0;
    for operator in ["=", "<>", "<", ">", "<=", ">=", "*<>", "+", "-", "||"] {
        for (left, right) in types
            .iter()
            .flat_map(|left| types.iter().map(move |right| (left, right)))
        {
            if operator == "||" || left == right || ["text", "varchar"].contains(left) {
                made += 1;
                sql.push_str(&format!(
                    "CREATE FUNCTION op{made}({left}, {right}) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM evil(); RETURN true; END $$;\n\
                     CREATE OPERATOR {operator} (LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = op{made});\n"
                ));
            }
        }
    }
    for name in ["text", "regclass", "oid", "xid8", "json"] {
        sql.push_str(&format!(
            "CREATE DOMAIN \"{name}\" AS pg_catalog.int4 CHECK (false);\n"
        ));
    }
    sql
}

/// Another role may create in a schema that is first on the path of a superuser.
#[cfg(feature = "postgres")]
mod overloads {
    use super::*;
    use crate::support::fresh_name;
    use diesel::connection::SimpleConnection;

    #[test]
    fn postgres() -> Done {
        let (honest, db) = (Db::postgres(), Db::postgres());
        tables(&honest);
        let conn = &mut db.connect::<diesel::PgConnection>();
        let (role, open) = (fresh_name(), fresh_name());
        conn.batch_execute(&format!(
            "CREATE ROLE {role}; CREATE SCHEMA {open}; GRANT ALL ON SCHEMA {open} TO PUBLIC; SET search_path = {open}; SET ROLE {role}"
        ))?;
        conn.batch_execute(&super::overloads())?;
        let home = db.url.rsplit("search_path%3D").next().unwrap_or_default();
        // On the path of the installer as well.
        conn.batch_execute(&format!("RESET ROLE; SET search_path = {home}, {open}"))?;
        bare(&db);
        handleref::schema![Thing].install(conn)?;
        conn.batch_execute(&format!("SET search_path = {open}, {home}"))?;
        for sql in STORY {
            conn.batch_execute(sql)
                .map_err(|error| format!("{sql}: {error}"))?;
        }
        let conn = &mut db.connect::<diesel::PgConnection>();
        let other = &mut honest.connect::<diesel::PgConnection>();
        STORY.iter().try_for_each(|sql| other.batch_execute(sql))?;
        let told = history!(conn);
        assert_eq!(told, history!(other));
        assert!(told.iter().any(|it| it.4.as_deref() == Some("ANNA")));
        conn.batch_execute(&format!("DROP SCHEMA {open} CASCADE; DROP ROLE {role}"))?;
        Ok(())
    }
}

/// Temporary tables of every name that our bodies read.
macro_rules! shadows {
    ($feature:literal $engine:ident $conn:ty) => {
        #[cfg(feature = $feature)]
        #[test]
        fn $engine() -> Done {
            use diesel::connection::SimpleConnection;
            let (honest, db) = (Db::$engine(), Db::$engine());
            tables(&honest);
            tables(&db);
            let (conn, other) = (&mut db.connect::<$conn>(), &mut honest.connect::<$conn>());
            for table in [
                "thing_records",
                "handleref_recordings",
                "handleref_changesets",
                "handleref_database",
                "handleref_old",
                "handleref_new",
            ] {
                conn.batch_execute(&format!("CREATE TEMPORARY TABLE {table} (id INTEGER)"))?;
            }
            let home = match db.url.rsplit_once("search_path%3D") {
                Some((_, home)) => format!("{home}."),
                None => "main.".to_owned(),
            };
            // Makers of another import, which nobody may take for the real ones.
            conn.batch_execute("CREATE TEMPORARY TABLE makers (id INTEGER, name VARCHAR(64))")?;
            for sql in STORY {
                let there = sql.replace("makers", &format!("{home}makers"));
                conn.batch_execute(&there)?;
                other.batch_execute(sql)?;
            }
            conn.batch_execute("INSERT INTO makers VALUES (1, 'eve'), (2, 'eve')")?;
            let conn = &mut db.connect::<$conn>();
            assert_eq!(history!(conn), history!(other));
            Ok(())
        }
    };
}

mod temporary_tables {
    use super::*;
    shadows!("sqlite" sqlite diesel::SqliteConnection);
    shadows!("postgres" postgres diesel::PgConnection);
}

/// SQLite: tables of an attached file, and triggers of the connection alone.
#[cfg(feature = "sqlite")]
mod attached {
    use super::*;
    use diesel::connection::SimpleConnection;

    #[test]
    fn sqlite() -> Done {
        let (honest, db, stranger) = (Db::sqlite(), Db::sqlite(), Db::sqlite());
        tables(&honest);
        tables(&db);
        let conn = &mut db.connect::<diesel::SqliteConnection>();
        conn.batch_execute(&format!("ATTACH '{}' AS stranger", stranger.url))?;
        for table in [
            "makers",
            "thing_records",
            "handleref_context",
            "handleref_changesets",
        ] {
            conn.batch_execute(&format!(
                "CREATE TABLE stranger.{table} (id INTEGER, name TEXT)"
            ))?;
        }
        conn.batch_execute(
            "INSERT INTO stranger.makers VALUES (1, 'eve'); CREATE TEMP TABLE seen (id INTEGER); \
             CREATE TEMP TRIGGER spy AFTER INSERT ON main.things BEGIN INSERT INTO seen VALUES (NEW.id); END",
        )?;
        let other = &mut honest.connect::<diesel::SqliteConnection>();
        for sql in STORY {
            conn.batch_execute(sql)?;
            other.batch_execute(sql)?;
        }
        assert_eq!(history!(conn), history!(other));
        Ok(())
    }
}
