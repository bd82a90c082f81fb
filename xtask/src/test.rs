//! `cargo xtask test`.

use std::io::{self, Write as _};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::engine::{Engine, Wanted, names};
use crate::filters::Filters;
use crate::foreground::{Foreground, cargo};
use crate::libtest::{Results, Row};
use crate::servers::{self, Servers};
use crate::{apt, clients, features, table};

/// The test programs of a short run: what the library does, and what it installs.
const SHORT: [&str; 2] = ["suite", "ddl"];

/// The ready program: beside the others it would have their features, and not its own.
pub(crate) const PROGRAM: &str = "handleref-cli";

/// Runs the tests on what is `wanted`, with `harness` as arguments for the test binaries.
pub(crate) fn run(wanted: &Wanted, short: bool, harness: &[String]) -> Result<()> {
    let begun = Instant::now();
    let engines = &wanted.engines[..];
    let built = if short { &Engine::ALL } else { engines };
    apt::ensure(&[apt::to_build(built), apt::to_test(), servers::needs(wanted)].concat())?;
    let filters = Filters::read(harness);
    let with_clients = match short {
        false => clients::count(engines, &filters),
        true => 0,
    };
    // That they cannot be had says nothing about the library: all else runs, and the end says so.
    let python = match with_clients {
        0 => Ok(None),
        _ => clients::python().map(Some),
    };
    let mut harness = harness.to_vec();
    if let Err(error) = &python {
        eprintln!("warning: {error:#}");
        harness.extend(["--skip", clients::PREFIX].map(str::to_owned));
    }
    let mut servers = Servers::start(wanted)?;

    let mut runs = vec![match short {
        false => arguments(engines, &harness),
        true => in_short(engines, &harness),
    }];
    if !short && engines == Engine::ALL {
        runs.push(of_the_program(&harness));
    }
    let named = python.as_ref().ok().and_then(Option::as_ref);
    let mut results = Results::default();
    let mut failed = Vec::new();
    for run in &runs {
        let mut command = cargo(run);
        command
            .envs(servers.variables())
            .envs(named.map(|python| (clients::PYTHON, python)))
            .env("PATH", servers.path()?)
            .env("HANDLEREF_REQUIRE", names(engines))
            .stdout(Stdio::piped());
        let status = Foreground::start(&mut command)?.lines(|line| {
            results.line(line);
            writeln!(io::stdout(), "{line}")?;
            Ok(())
        })?;
        if !status.success() {
            failed.push(status.to_string());
        }
    }

    let table = table::render(&results, engines, servers.endpoints(), begun.elapsed());
    write!(io::stdout(), "\n{table}")?;
    servers.check()?;
    if !failed.is_empty() {
        bail!("`cargo test` failed ({})", failed.join(", "));
    }
    if !filters.narrow() {
        let idle = idle(engines, &results);
        if !idle.is_empty() {
            bail!("no test ran for {}", idle.join(", "));
        }
        let ran = results.of(Row::Clients).ran();
        if python.is_ok() && ran != with_clients {
            bail!("{ran} tests with clients ran, and not {with_clients}");
        }
    }
    python.map(drop)
}

/// What `cargo` is told.
fn arguments(engines: &[Engine], harness: &[String]) -> Vec<String> {
    let mut arguments = vec![
        "test",
        "--workspace",
        "--exclude",
        PROGRAM,
        "--no-fail-fast",
    ];
    // SQLite is the library's default.
    if !engines.contains(&Engine::Sqlite) {
        arguments.push("--no-default-features");
    }
    arguments.push("--features");
    let features = features::list(engines);
    arguments.push(&features);
    if !harness.is_empty() {
        arguments.push("--");
        arguments.extend(harness.iter().map(String::as_str));
    }
    arguments.into_iter().map(str::to_owned).collect()
}

/// What `cargo` is told for the ready program, with the features that it is installed with.
fn of_the_program(harness: &[String]) -> Vec<String> {
    let arguments = ["test", "--package", PROGRAM, "--no-fail-fast", "--"];
    let arguments = arguments.into_iter().map(str::to_owned);
    arguments.chain(harness.iter().cloned()).collect()
}

/// What `cargo` is told for a short run: it takes what is built for all engines.
fn in_short(engines: &[Engine], harness: &[String]) -> Vec<String> {
    let features = features::list(&Engine::ALL);
    let arguments = [
        "test",
        "--workspace",
        "--exclude",
        PROGRAM,
        "--no-fail-fast",
    ];
    let programs = SHORT.into_iter().flat_map(|program| ["--test", program]);
    let arguments = arguments.into_iter().chain(programs);
    let arguments = arguments.chain(["--features", &features, "--"]);
    let others = Engine::ALL
        .into_iter()
        .filter(|engine| !engines.contains(engine));
    let others = others.flat_map(|engine| ["--skip", engine.name()]);
    let arguments = arguments.chain(others).map(str::to_owned);
    arguments.chain(harness.iter().cloned()).collect()
}

/// The engines that were asked for and ran no test, synchronous and asynchronous ones apart.
fn idle(engines: &[Engine], results: &Results) -> Vec<String> {
    let mut idle = Vec::new();
    for &engine in engines {
        for (asynchronous, suffix) in [(false, ""), (true, " async")] {
            let row = Row::Engine {
                engine,
                asynchronous,
            };
            if results.of(row).ran() == 0 {
                idle.push(format!("{}{suffix}", engine.name()));
            }
        }
    }
    idle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_is_told_the_features() {
        let told = arguments(&[Engine::Postgres], &["since".to_owned()]).join(" ");
        let features = features::list(&[Engine::Postgres]);
        assert_eq!(
            told,
            format!(
                "test --workspace --exclude handleref-cli --no-fail-fast --no-default-features --features {features} \
                 -- since"
            )
        );
        let told = arguments(&[Engine::Sqlite], &[]);
        assert!(!told.contains(&"--no-default-features".to_owned()));
        assert!(!told.contains(&"--".to_owned()));
    }

    #[test]
    fn a_short_run_leaves_other_engines_out() {
        let told = in_short(&[Engine::Postgres], &["since".to_owned()]).join(" ");
        let end = "--test suite --test ddl --features ";
        let all = features::list(&Engine::ALL);
        let end = format!("{end}{all} -- --skip sqlite --skip mysql since");
        assert!(told.ends_with(&end), "{told}");
    }

    #[test]
    fn an_engine_without_a_test_is_idle() {
        let mut results = Results::default();
        for line in [
            "running 3 tests",
            "test a::sqlite ... ok",
            "test a::mysql ... FAILED",
            "test a::mysql_async ... ignored",
        ] {
            results.line(line);
        }
        let engines = [Engine::Sqlite, Engine::Mysql];
        assert_eq!(idle(&engines, &results), ["sqlite async", "mysql async"]);
        assert!(idle(&[], &results).is_empty());
    }
}
