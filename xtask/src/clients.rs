//! The tests whose clients are other people's programs, which are written in Python.

use std::env;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::edition::Unavailable;
use crate::engine::Engine;
use crate::filters::Filters;
use crate::python;

/// What names the Python that has them.
pub(crate) const PYTHON: &str = "HANDLEREF_CLIENTS_PYTHON";

/// What the paths of the tests begin with.
pub(crate) const PREFIX: &str = "client_";

/// The tests, and the engines without which their programs are not built.
const TESTS: [(&str, &[Engine]); 3] = [
    ("client_peeringdb::follows_the_example", &[Engine::Sqlite]),
    ("client_schemathesis::sqlite_async", BLOG),
    ("client_schemathesis::postgres_async", BLOG),
];

/// What the example `blog` can be told to take.
const BLOG: &[Engine] = &[Engine::Sqlite, Engine::Postgres];

/// Whether the test at `path` is one of them.
pub(crate) fn has(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// How many of them run.
pub(crate) fn count(engines: &[Engine], filters: &Filters<'_>) -> usize {
    let there = |needs: &[Engine]| needs.iter().all(|need| engines.contains(need));
    let tests = TESTS.iter();
    tests
        .filter(|(path, needs)| there(needs) && filters.take(path))
        .count()
}

/// The Python that has the clients: the one that the environment names, or one that is made.
pub(crate) fn python() -> Result<PathBuf> {
    if let Some(given) = env::var_os(PYTHON).filter(|given| !given.is_empty()) {
        return Ok(given.into());
    }
    python::environment("clients", "tests/clients/requirements.txt")
        .context(Unavailable("the clients of the HTTP server"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_counted() {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect();
        let count = |engines: &[Engine], line: &str| {
            let harness: Vec<String> = words(line);
            count(engines, &Filters::read(&harness))
        };
        assert_eq!(count(&Engine::ALL, ""), 3);
        assert_eq!(count(&[Engine::Sqlite], ""), 1);
        assert_eq!(count(&[Engine::Postgres, Engine::Mysql], ""), 0);
        assert_eq!(count(&Engine::ALL, "postgres"), 1);
        assert_eq!(count(&Engine::ALL, "since"), 0);
        assert_eq!(count(&Engine::ALL, "--skip client_"), 0);
        assert!(TESTS.iter().all(|(path, _)| has(path)));
    }
}
