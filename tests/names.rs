//! The root of the crate shows what most programs name, and no more.

use std::collections::BTreeSet;

/// How many names the root may have. What a reader cannot take in at one glance
/// belongs into the module of its subject.
const MOST: usize = 40;

#[test]
fn root_is_small() {
    let file = include_str!("../src/lib.rs");
    let mut names = BTreeSet::new();
    // Only what begins a line: the modules indent what they have.
    for item in file.split("\npub use ").skip(1) {
        let path = item.split(';').next().unwrap_or_default();
        let (_, last) = path.rsplit_once("::").unwrap_or(("", path));
        let listed = last.trim_matches(['{', '}']).split(',').map(str::trim);
        names.extend(listed.filter(|name| !name.is_empty() && !is_exempt(name)));
    }
    assert!(
        names.contains("HandleRef") && names.contains("update"),
        "{names:?}"
    );
    assert!(
        names.len() <= MOST,
        "{} names in the root: {names:?}",
        names.len()
    );
}

/// Modules and macros, which are found by other means.
fn is_exempt(name: &str) -> bool {
    let macros = ["allow_records_to_appear_in_same_query"];
    let modules = [
        "changeset",
        "engine",
        "error",
        "feed",
        "maintain",
        "mirror",
        "redis",
        "registry",
        "schema",
        "sync",
    ];
    macros.contains(&name) || modules.contains(&name)
}
