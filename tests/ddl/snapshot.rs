//! The files, and how a text is compared with them.

use crate::place::{Place, Server};
use handleref::schema::Plan;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Statements as a file shows them.
pub fn statements(statements: &[String]) -> String {
    let statements: Vec<String> = statements.iter().map(|one| format!("{one};\n")).collect();
    statements.join("\n")
}

/// The files of a migration, which fit other databases, too: `up` and `down`.
pub fn migration(place: &Place, plan: &Plan) -> [String; 2] {
    let folder = std::env::temp_dir().join(place.far());
    let written = plan.write_migration(&folder, "text").unwrap().unwrap();
    let files =
        ["up.sql", "down.sql"].map(|name| std::fs::read_to_string(written.join(name)).unwrap());
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(files[0], plan.to_string());
    files
}

/// What a plan has besides another one: what both begin with is left out, and what
/// both say of rights.
pub fn beyond(plan: &[String], other: &[String]) -> Vec<String> {
    let both = plan
        .iter()
        .zip(other)
        .take_while(|(one, other)| one == other);
    let rest = plan.iter().skip(both.count());
    let rights = ["GRANT ", "REVOKE ", "ALTER "];
    let of_rights = |one: &String| rights.iter().any(|verb| one.starts_with(verb));
    let rest = rest.filter(|one| !(of_rights(one) && other.contains(one)));
    rest.cloned().collect()
}

/// Texts that are not as their files have them.
#[derive(Default)]
pub struct Changed(Vec<String>);

impl Changed {
    /// Compares a text with the file of a server, a group and a form. A difference
    /// is shown, and does not keep the others from being shown.
    pub fn compare(&mut self, place: &Place, group: &str, form: &str, text: &str) {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(Path::new("snapshots").join(place.server.name()));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let name = name(group, form);
        let text = place.unnamed(text);
        let compare = || settings.bind(|| insta::assert_snapshot!(name.clone(), text));
        if catch_unwind(AssertUnwindSafe(compare)).is_err() {
            self.0.push(name);
        }
    }

    pub fn done(self) {
        assert!(
            self.0.is_empty(),
            "not what was reviewed: {}; see docs/architecture.md, \"Every text is reviewed\"",
            self.0.join(", ")
        );
    }
}

fn name(group: &str, form: &str) -> String {
    format!("{group}_{form}")
}

/// A file that no test compares with anything would not be true for long.
#[test]
fn every_file_belongs_to_a_test() {
    let groups = crate::forms::ALL.iter().chain(&[crate::changes::ALL]);
    let forms: Vec<(&str, &str)> = groups
        .flat_map(|(group, forms)| forms.iter().map(move |form| (*group, *form)))
        .collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ddl/snapshots");
    for server in Server::ALL {
        let forms = forms.iter();
        let forms = forms.filter(|(group, form)| crate::forms::exists(server, group, form));
        let mut wanted: Vec<String> = forms
            .map(|(group, form)| format!("{}.snap", name(group, form)))
            .collect();
        let mut found: Vec<String> = std::fs::read_dir(folder.join(server.name()))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.ends_with(".snap.new"))
            .collect();
        wanted.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, wanted, "{}", server.name());
    }
}
