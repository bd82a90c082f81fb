//! `cargo xtask check`.

use std::env;

use anyhow::{Result, bail};

use crate::engine::Engine;
use crate::foreground::{Foreground, cargo};
use crate::test::PROGRAM;
use crate::{apt, book, dependencies, features};

/// Checks style, lints, documentation, the book, licences and sources; a finding of one does not hide those of the next.
pub(crate) fn run() -> Result<()> {
    apt::ensure(&apt::to_build(&Engine::ALL))?;
    let all = features::list(&Engine::ALL);
    let clippy = [
        "clippy",
        "--workspace",
        "--exclude",
        PROGRAM,
        "--all-targets",
    ];
    let deny = ["--", "-D", "warnings"];
    // The default features are SQLite alone, as in the third step.
    let steps: [Vec<&str>; 5] = [
        vec!["fmt", "--all", "--check"],
        [&clippy[..], &["--features", &all], &deny].concat(),
        [
            &clippy[..],
            &["--no-default-features", "--features", "handleref/sqlite"],
            &deny,
        ]
        .concat(),
        [
            &["clippy", "--package", PROGRAM, "--all-targets"][..],
            &deny,
        ]
        .concat(),
        vec!["doc", "--workspace", "--no-deps", "--features", &all],
    ];

    let mut failed = Vec::new();
    for step in &steps {
        let shown = format!("cargo {}", step.join(" "));
        eprintln!("=== {shown}");
        let mut command = cargo(step);
        if step[0] == "doc" {
            let flags = env::var("RUSTDOCFLAGS").unwrap_or_default();
            command.env("RUSTDOCFLAGS", format!("{flags} -D warnings"));
        }
        if !Foreground::start(&mut command)?.wait()?.success() {
            failed.push(shown);
        }
    }
    eprintln!("=== the book");
    if let Err(error) = book::check() {
        eprintln!("{error:?}");
        failed.push("the book".to_owned());
    }
    eprintln!("=== licences and sources of dependencies");
    eprintln!("{}", dependencies::NOT_HERE);
    if let Err(error) = dependencies::check() {
        eprintln!("{error:?}");
        failed.push("dependencies".to_owned());
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join("; "));
    }
    eprintln!("all {} checks passed", steps.len() + 2);
    Ok(())
}
