//! What a plan says where something is installed already, and is not what is wanted.

use crate::forms::with_owner;
use crate::place::{Place, Server};
use crate::snapshot::{Changed, migration, statements};
use diesel::{Identifiable, Queryable, Selectable};
use handleref::schema::Schema;
use handleref::{HandleRef, Recorded};

/// The group and its forms.
pub const ALL: (&str, &[&str]) = (
    "changes",
    &[
        "recorded_later",
        "backfilled",
        "owned",
        "columns",
        "taken_back",
        "healed",
        "restored",
        "file",
    ],
);

/// A table as it was and as it is.
macro_rules! leaf {
    ($module:ident $columns:tt $(#[$meta:meta])* struct $fields:tt) => {
        mod $module {
            use super::*;

            diesel::table! { leaves (id) $columns }
            diesel::table! {
                bugs (id) {
                    id -> Integer,
                    leaf_id -> Integer,
                }
            }

            #[derive(Queryable, Selectable, Identifiable, HandleRef, Recorded)]
            #[diesel(table_name = leaves)]
            $(#[$meta])*
            pub struct Leaf $fields
        }
    };
}

leaf! {
    before { id -> Integer, name -> Text, note -> Text, old -> Nullable<Text>, version -> BigInt, }
    #[recorded(
        property(bugs: BigInt, sql = "(SELECT count(*) FROM bugs WHERE bugs.leaf_id = leaves.id)"),
        relative(bugs, on = "bugs.leaf_id = leaves.id")
    )]
    struct { pub id: i32, pub name: String, pub note: String, pub old: Option<String>, #[handleref(index)] pub version: i64 }
}
leaf! {
    after { id -> Integer, title -> Text, note -> Text, size -> Integer, version -> BigInt, }
    #[recorded(
        property(bugs: BigInt, sql = "(SELECT count(*) FROM bugs WHERE bugs.leaf_id = leaves.id)"),
        relative(bugs, on = "bugs.leaf_id = leaves.id")
    )]
    struct { pub id: i32, pub title: String, pub note: String, pub size: i32, #[handleref(index)] pub version: i64 }
}
leaf! {
    without_relatives { id -> Integer, name -> Text, note -> Text, old -> Nullable<Text>, version -> BigInt, }
    #[recorded(when = "note <> ''")]
    struct { pub id: i32, pub name: String, pub note: String, pub old: Option<String>, pub version: i64 }
}

mod guarded {
    use super::*;
    use before::leaves;

    #[derive(Queryable, Selectable, Identifiable, HandleRef)]
    #[diesel(table_name = leaves)]
    #[handleref(secondary)]
    pub struct Leaf {
        pub id: i32,
        pub name: String,
        pub version: i64,
    }
}

const TABLES: &str = "CREATE TABLE leaves (id INTEGER NOT NULL PRIMARY KEY, name {text} NOT NULL, note {text} NOT NULL, old {text}); \
     CREATE TABLE bugs (id INTEGER NOT NULL PRIMARY KEY, leaf_id INTEGER NOT NULL)";
const ROW: &str = "INSERT INTO leaves (id, name, note) VALUES (1, 'a', 'b')";

fn before() -> Schema {
    handleref::schema![before::Leaf]
}

/// Compares what is to be done, does it, and looks whether that was all. The way
/// back is in the words of the catalogue.
fn changed(place: &mut Place, form: &str, schema: &Schema) {
    let plan = place.session.plan(schema);
    assert!(plan.problems().is_empty() && !plan.is_empty(), "{plan}");
    place.session.install(schema);
    place.is_as_wanted(schema);
    let mut changed = Changed::default();
    changed.compare(place, ALL.0, form, &statements(plan.up()));
    changed.done();
}

/// A guard becomes the guard of a recorded table.
fn recorded_later(place: &mut Place) {
    place.execute(TABLES);
    place.session.install(&handleref::schema![guarded::Leaf]);
    changed(place, "recorded_later", &before());
}

/// Triggers that write baselines make way for those that do not.
fn backfilled(place: &mut Place) {
    place.execute(TABLES);
    place.execute(ROW);
    place.session.install(&before());
    place.execute("UPDATE handleref_recordings SET backfilled = 1");
    let plan = place.session.plan(&before());
    let [up, down] = migration(place, &plan);
    // After its beginning the way back is in the words of the catalogue.
    let down = down
        .split_inclusive("$handleref_file$;")
        .next()
        .unwrap_or_default();
    let mut differing = Changed::default();
    if place.server == Server::Postgres {
        differing.compare(
            place,
            ALL.0,
            "file",
            &format!("{up}\n-- And back.\n\n{down}\n"),
        );
    }
    changed(place, "backfilled", &before());
    differing.done();
}

/// Who owns a history that was nobody's.
fn owned(place: &mut Place) {
    place.execute(TABLES);
    place.session.install(&before());
    let schema = with_owner(place, before());
    if place.server != Server::Sqlite {
        changed(place, "owned", &schema);
    } else {
        assert!(place.session.plan(&schema).is_empty());
    }
}

/// Columns that come, go, and get other names and types.
fn columns(place: &mut Place) {
    place.execute(TABLES);
    place.session.install(&before());
    place.execute("ALTER TABLE leaves ADD COLUMN size INTEGER NOT NULL DEFAULT 5");
    let wider = place.server.pick(
        "",
        "ALTER TABLE leaves ALTER COLUMN id TYPE BIGINT",
        "ALTER TABLE leaves MODIFY COLUMN note VARCHAR(200) NOT NULL",
    );
    place.execute(wider);
    let schema = handleref::schema![after::Leaf]
        .renaming("leaves", "name", "title")
        .dropping("leaves", "old");
    changed(place, "columns", &schema);
}

/// Relatives that nobody asks for any more.
fn taken_back(place: &mut Place) {
    place.execute(TABLES);
    place.session.install(&before());
    changed(
        place,
        "taken_back",
        &handleref::schema![without_relatives::Leaf],
    );
}

/// What somebody has lost or changed.
fn healed(place: &mut Place) {
    place.execute(TABLES);
    place.session.install(&before());
    place.execute(
        "INSERT INTO leaves (id, name, note) VALUES (1, 'a', 'b'); UPDATE leaves SET name = 'c'",
    );
    let server = place.server;
    place.execute(&format!(
        "DROP TABLE handleref_holds; DELETE FROM handleref_recordings; UPDATE handleref_database SET layout = 0; \
         DROP INDEX [leaf_records_handleref_recorded_at]{}; DROP INDEX [leaves_handleref_version]{}; {}",
        server.pick("", "", " ON leaf_records"),
        server.pick("", "", " ON leaves"),
        server.pick(
            "UPDATE handleref_context SET tick = 0, paused = 1, door = 1, changeset = 1; DROP TRIGGER handleref_delete_leaves",
            "ALTER SEQUENCE handleref_record_id RESTART; ALTER TABLE leaves DISABLE TRIGGER handleref_update_leaves; \
             DROP TRIGGER handleref_delete_leaves ON leaves; UPDATE handleref_database SET home = 'elsewhere'",
            "DROP TRIGGER handleref_delete_leaves; DROP FUNCTION handleref_refuse",
        )
    ));
    changed(place, "healed", &before());
}

/// A part of a dump was loaded: numbers begin again, and a row of our own is gone.
fn restored(place: &mut Place) {
    place.execute(TABLES);
    place.session.install(&before());
    place.execute(&format!(
        "{ROW}; UPDATE leaves SET name = 'c'; DELETE FROM handleref_database"
    ));
    place.execute(match place.server {
        Server::Sqlite => "UPDATE handleref_context SET tick = 0",
        Server::Postgres | Server::Mariadb => "ALTER SEQUENCE handleref_record_id RESTART WITH 1",
        Server::Mysql => "ALTER TABLE handleref_numbers AUTO_INCREMENT = 1",
    });
    changed(place, "restored", &before());
}

crate::on_each_engine! {
    a_guard_is_recorded_later recorded_later;
    baselines_are_written backfilled;
    an_owner_is_named owned;
    columns_change columns;
    relatives_are_taken_back taken_back;
    damage_is_healed healed;
    a_dump_was_restored restored;
}
