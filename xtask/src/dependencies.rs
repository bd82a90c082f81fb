//! What is depended on: under which licences, and from where.
//!
//! `deny.toml` says what may be. `cargo deny` reads it too, and looks for advisories, for which
//! it needs a database on GitHub: that is a workflow of its own.

use std::fs;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};

use crate::foreground::cargo;
use crate::scratch::workspace;

/// What this does not see, for whoever reads its output.
pub(crate) const NOT_HERE: &str =
    "not checked here: advisories and yanked versions (see .github/workflows/dependencies.yml)";

/// Fails if a dependency has a licence or a source that `deny.toml` does not allow.
pub(crate) fn check() -> Result<()> {
    let read = |name: &str| fs::read_to_string(workspace().join(name)).context(name.to_owned());
    let rules = read("deny.toml")?;
    let (licences, registries) = (list(&rules, "allow")?, list(&rules, "allow-registry")?);
    let mut wrong = Vec::new();
    for lock in ["Cargo.lock", "fuzz/Cargo.lock"] {
        let found = foreign(&read(lock)?, &registries);
        wrong.extend(found.into_iter().map(|it| format!("{lock}: {it}")));
    }
    // `{l}` is the licence of the manifest. A line is cut by ` (*)` if it was there before.
    let tree = [
        "tree",
        "--workspace",
        "--all-features",
        "--prefix",
        "none",
        "--format",
        "{p}|{l}|",
    ];
    let output = cargo(&tree).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("`cargo tree` failed ({})", output.status);
    }
    wrong.extend(unlicensed(&String::from_utf8(output.stdout)?, &licences));
    wrong.sort();
    wrong.dedup();
    match wrong.is_empty() {
        true => Ok(()),
        false => bail!("not allowed by deny.toml:\n{}", wrong.join("\n")),
    }
}

/// The texts of a list in TOML.
fn list(toml: &str, name: &str) -> Result<Vec<String>> {
    let start = format!("\n{name} = [");
    let (_, rest) = toml
        .split_once(&start)
        .with_context(|| format!("no `{name}` in deny.toml"))?;
    let (inside, _) = rest.split_once(']').context("a list without an end")?;
    Ok(inside
        .split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect())
}

/// Packages of a lock file from elsewhere than these registries. Those without a source are ours.
fn foreign(lock: &str, registries: &[String]) -> Vec<String> {
    let mut wrong = Vec::new();
    for package in lock.split("[[package]]").skip(1) {
        let value = |key: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(key));
            line.map(|rest| rest.trim_matches([' ', '=', '"']).to_owned())
        };
        let Some(source) = value("source") else {
            continue;
        };
        let known = source.strip_prefix("registry+");
        if !known.is_some_and(|known| registries.iter().any(|it| it == known)) {
            wrong.push(format!(
                "{} is from {source}",
                value("name").unwrap_or_default()
            ));
        }
    }
    wrong
}

/// Packages of a tree, `name|licence|`, under other licences than these.
fn unlicensed(tree: &str, licences: &[String]) -> Vec<String> {
    let mut wrong = Vec::new();
    for line in tree.lines().filter(|line| !line.trim().is_empty()) {
        let mut parts = line.split('|');
        let (package, licence) = (
            parts.next().unwrap_or(line),
            parts.next().unwrap_or_default(),
        );
        if !allows(licence, licences) {
            wrong.push(format!("{package} is under `{licence}`"));
        }
    }
    wrong
}

/// Whether an expression of SPDX leaves a choice of these licences. One that is nested deeper than
/// `(a OR b) AND c` is refused, for a person to look at.
fn allows(expression: &str, licences: &[String]) -> bool {
    expression.split(" AND ").all(|part| {
        let part = part.trim_matches(['(', ')', ' ']);
        part.split(" OR ")
            .flat_map(|it| it.split('/'))
            .any(|name| licences.iter().any(|it| it == name.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|&one| one.to_owned()).collect()
    }

    #[test]
    fn licences_that_leave_a_choice() {
        let allowed = texts(&["MIT", "Unicode-3.0"]);
        for good in [
            "MIT",
            "GPL-3.0 OR MIT",
            "MIT/Apache-2.0",
            "Apache-2.0 / MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
        ] {
            assert!(allows(good, &allowed), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "Apache-2.0 WITH LLVM-exception",
            "MIT-0",
        ] {
            assert!(!allows(bad, &allowed), "{bad}");
        }
        let tree = "a v1 (/here)|MIT|\nb v2|GPL-3.0| (*)\n\nc v3||\n";
        assert_eq!(
            unlicensed(tree, &allowed),
            ["b v2 is under `GPL-3.0`", "c v3 is under ``"]
        );
    }

    #[test]
    fn sources_that_are_known() {
        let lock = "version = 4\n\n[[package]]\nname = \"ours\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"a\"\n\
                    source = \"registry+https://one\"\n\n[[package]]\nname = \"b\"\nsource = \"git+https://two?rev=1#1\"\n";
        assert_eq!(
            foreign(lock, &texts(&["https://one"])),
            ["b is from git+https://two?rev=1#1"]
        );
        assert_eq!(foreign(lock, &[]).len(), 2);
    }

    #[test]
    fn what_deny_toml_says() -> Result<()> {
        let rules = include_str!("../../deny.toml");
        assert!(list(rules, "allow")?.contains(&"MIT".to_owned()));
        assert_eq!(list(rules, "allow-registry")?.len(), 1);
        assert!(list(rules, "deny").is_err());
        Ok(())
    }
}
