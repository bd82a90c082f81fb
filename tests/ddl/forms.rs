//! The forms in which each group of models is installed.

use crate::models::{self, Group};
use crate::place::{Place, Server};
use crate::snapshot::{Changed, beyond, migration, statements};
use handleref::schema::Schema;

macro_rules! groups {
    ($($group:ident: $($form:literal)+;)+) => {
        $crate::on_each_engine! {
            $($group |place: &mut Place| compared(place, stringify!($group), &models::$group::GROUP, &[$($form),+]);)+
        }

        /// The groups and their forms, the one that is installed in the end last.
        pub const ALL: &[(&str, &[&str])] = &[
            $((stringify!($group), &[$($form),+])),+
        ];
    };
}

groups! {
    smallest: "owned" "file" "plain";
    managed: "plain";
    roles: "plain" "owned" "unguarded" "filled";
    capture: "plain" "owned" "filled";
    properties: "plain" "owned" "filled";
    links: "owned" "plain";
    kinds: "owned" "plain";
    elsewhere: "owned" "plain";
}

/// Whether there is a text of this form.
pub fn exists(server: Server, group: &str, form: &str) -> bool {
    let owned = match server {
        // It knows no roles.
        Server::Sqlite => false,
        Server::Postgres => true,
        // The plan grants rights on tables of the database in use, and would fail.
        Server::Mariadb | Server::Mysql => group != "elsewhere",
    };
    match (group, form) {
        (_, "owned") => owned,
        // On the others a file has the statements of the plan.
        ("changes", "file") => server == Server::Postgres,
        _ => true,
    }
}

/// A schema as a form wants it, and what it takes.
fn formed(place: &mut Place, form: &str, schema: Schema) -> Schema {
    match form {
        // The history has an owner, a writer and a reader.
        "owned" => with_owner(place, schema),
        // Nothing raises versions but verbs.
        "unguarded" => schema.without_guards(),
        // The tables are empty, or have rows of which triggers write baselines.
        _ => schema,
    }
}

pub fn with_owner(place: &mut Place, schema: Schema) -> Schema {
    let [owner, writer, reader] = ["owner", "writer", "reader"].map(|what| place.role(what));
    schema.owned_by(&owner).writer(&writer).reader(&reader)
}

/// Compares the plan of each form with its file. The last one is installed: what
/// is there then is what is wanted.
fn compared(place: &mut Place, name: &str, group: &Group, forms: &[&str]) {
    let smallest = &models::smallest::GROUP;
    for group in [smallest, group] {
        let tables = (group.tables)(place);
        place.execute(&tables.replace("CREATE TABLE pins", "CREATE TABLE IF NOT EXISTS pins"));
    }
    let mut changed = Changed::default();
    let mut last = None;
    for form in forms {
        if *form == "filled" {
            place.execute(group.rows);
        }
        let schema = (group.schema)(place);
        let schema = formed(place, form, schema);
        let plan = place.session.plan(&schema);
        assert!(plan.problems().is_empty(), "{plan}");
        let text = match *form {
            "file" => {
                let [up, down] = migration(place, &plan);
                format!("{up}\n-- And back.\n\n{down}")
            }
            // Our own tables are in the files of one group.
            _ if name == "smallest" => whole(plan.up(), plan.down()),
            _ => {
                let least = (smallest.schema)(place);
                let least = formed(place, form, least);
                let least = place.session.plan(&least);
                let reversed =
                    |of: &[String]| -> Vec<String> { of.iter().rev().cloned().collect() };
                let down = beyond(&reversed(plan.down()), &reversed(least.down()));
                whole(&beyond(plan.up(), least.up()), &reversed(&down))
            }
        };
        if exists(place.server, name, form) {
            changed.compare(place, name, form, &text);
        } else if place.server == Server::Sqlite {
            let plain = (group.schema)(place);
            assert_eq!(plan, place.session.plan(&plain), "{form}");
        }
        last = Some((schema, plan));
    }
    if let Some((schema, plan)) = last {
        assert_eq!(place.session.install(&schema), plan);
        place.is_as_wanted(&schema);
    }
    changed.done();
}

/// What is done, and what takes it back.
fn whole(up: &[String], down: &[String]) -> String {
    format!("{}\n-- And back.\n\n{}", statements(up), statements(down))
}
