//! What compiles, and what every mistake is answered with.

#![cfg(feature = "sqlite")]

use std::process::Command;

/// One error each, at the smallest token, which says how it is right.
///
/// To be renewed by `TRYBUILD=overwrite cargo test --test ui`, and read.
#[test]
fn fail() {
    // Every release of rustc words its own part of the messages anew.
    const EXPECTED: &str = "rustc 1.95.";
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc)
        .arg("--version")
        .output()
        .map(|output| output.stdout)
        .unwrap_or_default();
    if !version.starts_with(EXPECTED.as_bytes()) {
        eprintln!("skipped: the expected messages are those of {EXPECTED}x");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/ui/[!p]*/*.rs");
}

/// Models that must compile and run.
#[test]
fn pass() {
    trybuild::TestCases::new().pass("tests/ui/pass/*.rs");
}
