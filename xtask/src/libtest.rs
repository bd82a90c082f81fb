//! Reading the output of `cargo test`.
//!
//! The last part of an engine test's path names the engine: `sqlite`, `postgres`, `mysql` or
//! `redis`, with `_async` behind it if the connection is asynchronous. Tests with clients are told by
//! the beginning of their path. Every other test is one without a database.

use std::collections::BTreeMap;

use crate::clients;
use crate::engine::Engine;

/// A row of the final table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Row {
    /// Tests of an engine.
    Engine {
        /// The engine.
        engine: Engine,
        /// Whether the connection is asynchronous.
        asynchronous: bool,
    },
    /// Tests that need Redis.
    Redis {
        /// Whether the connection is asynchronous.
        asynchronous: bool,
    },
    /// Tests whose clients are other people's programs.
    Clients,
    /// Unit, ui and doc tests.
    NoDatabase,
    /// Tests that libtest counted, but whose lines could not be told from other output.
    Unread,
}

impl Row {
    /// The row of the test that libtest calls `name`.
    fn of(name: &str) -> Row {
        // ` - should panic` and, in a doc test, ` - item (line 1)` follow the path.
        let path = name.split(" - ").next().unwrap_or(name);
        if clients::has(path) {
            return Row::Clients;
        }
        let last = path.rsplit("::").next().unwrap_or(path);
        let (last, asynchronous) = match last.strip_suffix("_async") {
            Some(engine) => (engine, true),
            None => (last, false),
        };
        if last == "redis" {
            return Row::Redis { asynchronous };
        }
        let engine = Engine::ALL.into_iter().find(|engine| engine.name() == last);
        match engine {
            Some(engine) => Row::Engine {
                engine,
                asynchronous,
            },
            None => Row::NoDatabase,
        }
    }
}

/// How many tests had which outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Tests that passed.
    pub(crate) passed: usize,
    /// Tests that failed.
    pub(crate) failed: usize,
    /// Tests that did not run.
    pub(crate) ignored: usize,
}

impl Counts {
    /// How many tests ran.
    pub(crate) fn ran(self) -> usize {
        self.passed + self.failed
    }

    /// Adds what another count has.
    pub(crate) fn add(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }

    /// What is here beyond another count.
    fn beyond(self, other: Counts) -> Counts {
        Counts {
            passed: self.passed.saturating_sub(other.passed),
            failed: self.failed.saturating_sub(other.failed),
            ignored: self.ignored.saturating_sub(other.ignored),
        }
    }

    /// The counts of a line `test result: ok. 1 passed; 0 failed; 0 ignored; ..`.
    fn of_summary(line: &str) -> Option<Counts> {
        let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let mut parts = counts.split("; ");
        let mut next = |word: &str| -> Option<usize> {
            let (number, what) = parts.next()?.split_once(' ')?;
            if what == word {
                number.parse().ok()
            } else {
                None
            }
        };
        Some(Counts {
            passed: next("passed")?,
            failed: next("failed")?,
            ignored: next("ignored")?,
        })
    }
}

/// What the lines so far have told.
#[derive(Debug, Default)]
pub(crate) struct Results {
    rows: BTreeMap<Row, Counts>,
    /// The counts of the test binary whose output is being read.
    binary: Option<Counts>,
}

impl Results {
    /// Takes the next line.
    pub(crate) fn line(&mut self, line: &str) {
        let line = plain(line);
        let line = line.trim_end();
        if let Some(summary) = Counts::of_summary(line) {
            if let Some(seen) = self.binary.take() {
                let unread = summary.beyond(seen);
                if unread != Counts::default() {
                    self.rows.entry(Row::Unread).or_default().add(unread);
                }
            }
        } else if is_start(line) {
            self.binary = Some(Counts::default());
        } else if let (Some(binary), Some((row, one))) = (&mut self.binary, result(line)) {
            binary.add(one);
            self.rows.entry(row).or_default().add(one);
        }
    }

    /// The counts of every row that has any.
    pub(crate) fn rows(&self) -> &BTreeMap<Row, Counts> {
        &self.rows
    }

    /// The counts of one row.
    pub(crate) fn of(&self, row: Row) -> Counts {
        self.rows.get(&row).copied().unwrap_or_default()
    }

    /// The counts of all rows together.
    pub(crate) fn total(&self) -> Counts {
        let mut total = Counts::default();
        for counts in self.rows.values() {
            total.add(*counts);
        }
        total
    }
}

/// Whether a line begins the output of a test binary: `running 2 tests`.
fn is_start(line: &str) -> bool {
    let count = line
        .strip_prefix("running ")
        .and_then(|rest| rest.strip_suffix(" tests").or(rest.strip_suffix(" test")));
    count.is_some_and(|count| count.parse::<usize>().is_ok())
}

/// The outcome that a line `test path::name ... ok` tells.
fn result(line: &str) -> Option<(Row, Counts)> {
    let (name, outcome) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    // `ignored, the reason` and `ok <0.001s>` have more to say.
    let mut counts = Counts::default();
    match outcome.split([',', ' ']).next()? {
        "ok" => counts.passed = 1,
        "FAILED" | "failed" => counts.failed = 1,
        "ignored" => counts.ignored = 1,
        _ => return None,
    }
    Some((Row::of(name), counts))
}

/// A line without the escape sequences that colour it.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        if char == '\u{1b}' {
            // `ESC [ .. letter`, the only kind that libtest writes.
            chars.find(char::is_ascii_alphabetic);
        } else {
            text.push(char);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(output: &str) -> Results {
        let mut results = Results::default();
        output.lines().for_each(|line| results.line(line));
        results
    }

    fn counts(passed: usize, failed: usize, ignored: usize) -> Counts {
        Counts {
            passed,
            failed,
            ignored,
        }
    }

    fn engine(engine: Engine, asynchronous: bool) -> Row {
        Row::Engine {
            engine,
            asynchronous,
        }
    }

    #[test]
    fn names_tell_the_row() {
        for (name, row) in [
            ("since::sqlite", engine(Engine::Sqlite, false)),
            ("a::b::mysql_async", engine(Engine::Mysql, true)),
            ("postgres", engine(Engine::Postgres, false)),
            (
                "x::postgres - should panic",
                engine(Engine::Postgres, false),
            ),
            ("feed::redis_async", Row::Redis { asynchronous: true }),
            ("client_schemathesis::postgres_async", Row::Clients),
            ("sqlite::names", Row::NoDatabase),
            ("since::not_sqlite", Row::NoDatabase),
            ("src/lib.rs - sqlite (line 3)", Row::NoDatabase),
            ("src/lib.rs - a::sqlite", Row::NoDatabase),
        ] {
            assert_eq!(Row::of(name), row, "{name}");
        }
    }

    #[test]
    fn a_run_is_counted() {
        let results = read(
            "
running 5 tests
test update::sqlite ... ok
test update::postgres ... FAILED
test update::mysql_async ... ignored, needs a cluster
test names ... ok
test slow::sqlite ... ok <1.234s>

failures:

---- update::postgres stdout ----
thread panicked

test result: FAILED. 3 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.0s

running 1 test
test src/lib.rs - update (line 3) - compile ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.0s
",
        );
        assert_eq!(results.of(engine(Engine::Sqlite, false)), counts(2, 0, 0));
        assert_eq!(results.of(engine(Engine::Postgres, false)), counts(0, 1, 0));
        assert_eq!(results.of(engine(Engine::Mysql, true)), counts(0, 0, 1));
        assert_eq!(results.of(Row::NoDatabase), counts(2, 0, 0));
        assert_eq!(results.of(Row::Unread), counts(0, 0, 0));
        assert_eq!(results.total(), counts(4, 1, 1));
    }

    #[test]
    fn what_the_summary_has_more_is_not_lost() {
        let results = read(
            "
running 3 tests
test a::sqlite ... ok
test b::sqlite ... printed by the test
ok
test c::sqlite ... FAILED
test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out
",
        );
        assert_eq!(results.of(engine(Engine::Sqlite, false)), counts(1, 1, 0));
        assert_eq!(results.of(Row::Unread), counts(1, 0, 0));
        assert_eq!(results.total(), counts(2, 1, 0));
    }

    #[test]
    fn a_binary_that_dies_keeps_its_counts() {
        let results = read("running 9 tests\ntest a::sqlite ... ok\nrunning 0 tests\n");
        assert_eq!(results.total(), counts(1, 0, 0));
    }

    #[test]
    fn lines_outside_of_a_run_are_no_results() {
        let results = read(
            "test a::sqlite ... ok\nrunning wild tests\ntest b ... ok
test result: ok. 7 passed; 0 failed; 0 ignored; 0 measured",
        );
        assert_eq!(results.total(), counts(0, 0, 0));
    }

    #[test]
    fn colours_do_not_matter() {
        let results = read("running 1 test\ntest a::mysql ... \u{1b}[32mok\u{1b}(B\u{1b}[m\n");
        assert_eq!(results.of(engine(Engine::Mysql, false)), counts(1, 0, 0));
    }
}
