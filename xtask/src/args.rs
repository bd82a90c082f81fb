//! The command line.

use anyhow::{Context as _, Result, bail};

use crate::engine::{Engine, Wanted};

/// What `cargo xtask help` prints.
pub(crate) const HELP: &str = "\
Tasks of this repository

cargo xtask test [--engine NAME]... [--short] [-- ARGS]
    Runs every test: unit, ui and doc tests, and the engine tests on real servers.
    Missing servers and client libraries are installed with apt-get (as root or through
    sudo); PostgreSQL, MariaDB and Redis are started on free ports and removed afterwards.
    The programs that are clients of the HTTP server come from Python's package index
    into a folder below target; `-- --skip client_` leaves them and their tests out.
    --engine NAME   sqlite, postgres or mysql; repeat it for several (default: all three);
                    or one of postgres@15, postgres@17, postgres@18, mariadb@10.11,
                    mariadb@11.8 and mysql@9.7, which is installed from Debian into a root
                    of its own below target (0.7 GB each; as root only)
    --short         the test programs `suite` and `ddl` alone, with what is built for all
                    engines
    ARGS            passed to the test binaries: a filter, --exact, --nocapture ...

cargo xtask servers [--engine NAME]...
    Starts the same servers, prints their addresses as `export` lines, and keeps them
    until Ctrl-C or the end of standard input.

cargo xtask bench [--engine NAME]... [--quick] [--only PART] [--baseline]
    Measures what history costs on servers of its own, once waiting for the disk and once
    not, prints a table and keeps that of a full run in docs/benchmarks.md.
    --quick         small sizes, to see whether everything runs; keeps nothing
    --only PART     single, changeset, bulk, past, growth, resample, backfill, sync, index,
                    peers, compile, served or derives; peers are history tools for Python, which
                    are installed below target, on PostgreSQL
    --baseline      with `--only compile`: what later runs of it are shown beside; it is kept in
                    xtask/baselines/compile.tsv

cargo xtask check
    Formatting, clippy, documentation and the book, with warnings as errors. mdBook, which
    makes target/book of docs/, is installed below target if it is not there.

cargo xtask book
    The book alone, with its links: target/book.

cargo xtask help
    This text.

Environment
    HANDLEREF_POSTGRES_URL, HANDLEREF_MYSQL_URL, HANDLEREF_REDIS_URL
    If one is set, that server is used and none is started in its place.
    HANDLEREF_CLIENTS_PYTHON
    If it is set, that Python has the packages of tests/clients/requirements.txt, and none
    is made.

Exit status
    75 if a server such as postgres@18, or the clients, could not be installed, and all else
    passed; 1 for every other failure.
";

/// A parsed command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Run the tests.
    Test {
        /// What must run.
        wanted: Wanted,
        /// Two of the test programs alone.
        short: bool,
        /// Arguments for the test binaries.
        harness: Vec<String>,
    },
    /// Measure.
    Bench {
        /// The engines that are measured.
        engines: Vec<Engine>,
        /// Small sizes.
        quick: bool,
        /// The part that is measured, or everything.
        only: Option<String>,
        /// What later runs are shown beside.
        baseline: bool,
    },
    /// Make the book.
    Book,
    /// Check style, lints and documentation.
    Check,
    /// Start the servers and keep them.
    Servers {
        /// The engines whose servers are wanted.
        wanted: Wanted,
    },
    /// Print the help.
    Help,
}

/// Reads a command line, without the program's name.
pub(crate) fn parse(args: impl IntoIterator<Item = String>) -> Result<Task> {
    let mut args = args.into_iter();
    let Some(task) = args.next() else {
        return Ok(Task::Help);
    };
    match task.as_str() {
        "test" => {
            let (mut short, mut others, mut dashes) = (false, Vec::new(), false);
            for arg in args {
                dashes |= arg == "--";
                match arg.as_str() {
                    "--short" if !dashes => short = true,
                    _ => others.push(arg),
                }
            }
            let (wanted, harness) = options(others.into_iter())?;
            Ok(Task::Test {
                wanted,
                short,
                harness,
            })
        }
        "servers" => {
            let (wanted, rest) = options(args)?;
            nothing_more(rest)?;
            Ok(Task::Servers { wanted })
        }
        "bench" => bench(args),
        "book" => {
            nothing_more(args)?;
            Ok(Task::Book)
        }
        "check" => {
            nothing_more(args)?;
            Ok(Task::Check)
        }
        "help" | "--help" | "-h" => Ok(Task::Help),
        other => bail!("there is no task `{other}`: see `cargo xtask help`"),
    }
}

/// The parts of `cargo xtask bench`.
const PARTS: [&str; 13] = [
    "single",
    "changeset",
    "bulk",
    "past",
    "growth",
    "resample",
    "backfill",
    "sync",
    "index",
    "peers",
    "compile",
    "served",
    "derives",
];

/// Reads the options of `bench`.
fn bench(args: impl Iterator<Item = String>) -> Result<Task> {
    let (mut quick, mut only, mut baseline, mut others) = (false, None, false, Vec::new());
    let mut args = args;
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--quick" => quick = true,
            "--baseline" => baseline = true,
            "--only" => {
                let part = args.next().unwrap_or_default();
                if !PARTS.contains(&part.as_str()) {
                    bail!("`--only` needs a part: {}", PARTS.join(", "));
                }
                only = Some(part);
            }
            _ => others.push(arg),
        }
    }
    if baseline && (quick || only.as_deref() != Some("compile")) {
        bail!("`--baseline` needs a full run of `--only compile`");
    }
    let (wanted, rest) = options(others.into_iter())?;
    if let Some(edition) = wanted.editions.first() {
        bail!(
            "`{}` is for tests; benchmarks run on this system's servers",
            edition.name
        );
    }
    let engines = wanted.engines;
    nothing_more(rest)?;
    Ok(Task::Bench {
        engines,
        quick,
        only,
        baseline,
    })
}

/// Reads `--engine` options, and whatever follows `--`.
fn options(mut args: impl Iterator<Item = String>) -> Result<(Wanted, Vec<String>)> {
    let mut names = Vec::new();
    let mut rest = Vec::new();
    while let Some(arg) = args.next() {
        names.push(match arg.as_str() {
            "--" => {
                rest.extend(args);
                break;
            }
            "--engine" => args
                .next()
                .context("`--engine` needs a name: sqlite, postgres or mysql")?,
            other => match other.strip_prefix("--engine=") {
                Some(name) => name.to_owned(),
                None => bail!("`{other}` is not understood; a test filter goes after `--`"),
            },
        });
    }
    Ok((Wanted::named(&names)?, rest))
}

/// Refuses arguments of a task that takes none.
fn nothing_more(args: impl IntoIterator<Item = String>) -> Result<()> {
    match args.into_iter().next() {
        Some(arg) => bail!("`{arg}` is not understood: see `cargo xtask help`"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Task> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    fn wanted(engines: &[Engine]) -> Wanted {
        Wanted {
            engines: engines.to_vec(),
            editions: vec![],
        }
    }

    #[test]
    fn the_help_names_every_version() {
        for edition in &crate::edition::EDITIONS {
            assert!(HELP.contains(edition.name), "{}", edition.name);
        }
    }

    #[test]
    fn an_engine_may_have_a_version() -> Result<()> {
        let Task::Test {
            wanted,
            short,
            harness,
        } = parsed("test --engine mariadb@11.8 --short --engine postgres@18 -- --short")?
        else {
            bail!("another task");
        };
        assert_eq!(wanted.engines, [Engine::Postgres, Engine::Mysql]);
        let names: Vec<_> = wanted.editions.iter().map(|edition| edition.name).collect();
        assert_eq!(names, ["mariadb@11.8", "postgres@18"]);
        assert!(short);
        assert_eq!(harness, ["--short"]);
        Ok(())
    }

    #[test]
    fn all_engines_are_the_default() -> Result<()> {
        let expected = Task::Test {
            wanted: wanted(&Engine::ALL),
            short: false,
            harness: vec![],
        };
        assert_eq!(parsed("test")?, expected);
        Ok(())
    }

    #[test]
    fn engines_repeat_and_are_put_in_order() -> Result<()> {
        let expected = Task::Test {
            wanted: wanted(&[Engine::Sqlite, Engine::Mysql]),
            short: false,
            harness: vec![],
        };
        let line = "test --engine mysql --engine=sqlite --engine mysql";
        assert_eq!(parsed(line)?, expected);
        Ok(())
    }

    #[test]
    fn what_follows_the_dashes_is_left_alone() -> Result<()> {
        let expected = Task::Test {
            wanted: wanted(&[Engine::Postgres]),
            short: false,
            harness: vec!["since".to_owned(), "--engine".to_owned(), "--".to_owned()],
        };
        let line = "test --engine postgres -- since --engine --";
        assert_eq!(parsed(line)?, expected);
        Ok(())
    }

    #[test]
    fn a_benchmark_is_narrowed() -> Result<()> {
        let expected = Task::Bench {
            engines: vec![Engine::Postgres],
            quick: true,
            only: Some("past".to_owned()),
            baseline: false,
        };
        assert_eq!(
            parsed("bench --only past --engine postgres --quick")?,
            expected
        );
        Ok(())
    }

    #[test]
    fn mistakes_are_named() {
        for (line, part) in [
            ("tset", "no task `tset`"),
            ("test --engine", "needs a name"),
            ("test --engine oracle", "no engine `oracle`"),
            ("test since", "goes after `--`"),
            ("test --engine postgres@9", "use postgres@15, postgres@17"),
            (
                "test --engine mysql@9.7 --engine mariadb@11.8",
                "one after the other",
            ),
            ("bench --engine mysql@9.7", "for tests"),
            ("check --fix", "`--fix` is not understood"),
            ("bench --only writes", "needs a part: single"),
            (
                "bench --only compile --baseline --quick",
                "needs a full run",
            ),
            ("bench --baseline", "needs a full run"),
            ("bench --fast", "`--fast` is not understood"),
            ("servers -- x", "`x` is not understood"),
        ] {
            let message = parsed(line).err().map(|error| error.to_string());
            assert!(
                message.as_deref().is_some_and(|text| text.contains(part)),
                "{line}: {message:?}"
            );
        }
    }

    #[test]
    fn no_task_is_a_call_for_help() -> Result<()> {
        assert_eq!(parsed("")?, Task::Help);
        assert_eq!(parsed("--help")?, Task::Help);
        Ok(())
    }
}
