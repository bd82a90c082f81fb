#![allow(clippy::unwrap_used, clippy::panic)]
//! The parts of the runtime are in layers: each knows those below it, and none above.

use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up. Modules of one layer may know each other. The errors hold
/// what all layers say, by its path, and so do without a `use` of theirs.
const LAYERS: &[&[&str]] = &[
    &["time", "key", "engine", "facts", "grouped", "error"],
    &["sql"],
    &["session"],
    &["model", "handle", "hooks", "bound", "scope", "write"],
    &["any"],
    &["context"],
    &["schema"],
    &["row", "cascade", "lifecycle", "resurrect"],
    &["history"],
    &["maintain"],
    &["revert"],
    &["changeset"],
    &["log", "on"],
    &["sync"],
    &["mirror", "feed", "registry"],
    &["redis"],
    &["doctor"],
    &["http"],
    &["manage"],
    // What generated code uses of all of them.
    &["private"],
];

fn layer(module: &str) -> usize {
    let found = LAYERS.iter().position(|layer| layer.contains(&module));
    found.unwrap_or_else(|| panic!("`{module}` is in no layer"))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The modules of the crate that a source names in its `use` lines.
fn used(source: &str) -> Vec<String> {
    let statements = source.split("use crate::").skip(1);
    let names = |rest: &str| -> Vec<String> {
        let end = rest.find(';').unwrap_or(rest.len());
        let name = |path: &str| {
            let path = path.trim();
            let end = path.find(|c: char| c != '_' && !c.is_alphanumeric());
            path[..end.unwrap_or(path.len())].to_owned()
        };
        match rest[..end].strip_prefix('{') {
            Some(list) => list.split(',').map(name).collect(),
            None => vec![name(&rest[..end])],
        }
    };
    statements.flat_map(names).collect()
}

#[test]
fn no_arrow_runs_back_up() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    files(&root, &mut paths);
    let (mut wrong, mut arrows) = (Vec::new(), 0);
    for path in paths {
        let inside = path.strip_prefix(&root).unwrap();
        let module = inside.components().next().unwrap();
        let module = Path::new(module.as_os_str()).file_stem().unwrap();
        let module = module.to_str().unwrap().to_owned();
        if module == "lib" || path.ends_with("tests.rs") {
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        // What is tested may be anywhere.
        let code = source.split("#[cfg(test)]\nmod ").next().unwrap();
        for other in used(code) {
            arrows += 1;
            if layer(&other) > layer(&module) {
                wrong.push(format!("{} uses `{other}`", inside.display()));
            }
        }
    }
    assert!(arrows > 500, "the `use` lines were not found: {arrows}");
    assert_eq!(wrong, Vec::<String>::new());
}

/// Where text becomes SQL that neither the source code nor the SQL layer is the
/// author of, and who may do that.
const DOORS: &[(&str, &[&str])] = &[
    ("Raw::of_plan", &["schema"]),
    ("Raw::of_diesel", &["write.rs", "write/changed.rs"]),
    ("Raw::of_caller", &["maintain", "registry/query.rs"]),
    ("Raw::of_database", &["maintain/keys.rs", "context/home.rs"]),
    ("put_together", &[]),
    ("push_sql(&format!", &[]),
];

#[test]
fn text_becomes_sql_by_known_doors_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    files(&root, &mut found);
    for path in found {
        let name = path.strip_prefix(&root).unwrap();
        if name == Path::new("sql/raw.rs") {
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        for (door, allowed) in DOORS {
            let used = source.contains(door);
            let may = allowed.iter().any(|part| name.starts_with(part));
            assert!(!used || may, "{} uses {door}", name.display());
        }
    }
}
