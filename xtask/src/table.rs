//! The table at the end of a test run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use crate::engine::Engine;
use crate::libtest::{Counts, Results, Row};
use crate::servers::{Endpoint, Service};

/// Draws the table, and below it the line that tells the sum.
pub(crate) fn render(
    results: &Results,
    engines: &[Engine],
    endpoints: &[Endpoint],
    took: Duration,
) -> String {
    let lines: Vec<_> = rows(results, engines)
        .into_iter()
        .map(|(row, counts)| (label(row, endpoints), counts))
        .collect();
    let width = lines.iter().map(|(label, _)| label.len()).max();
    let width = width.unwrap_or_default();

    let mut text = format!("{:width$}  passed  failed  ignored\n", "");
    for (label, counts) in lines {
        let Counts {
            passed,
            failed,
            ignored,
        } = counts;
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{label:width$}  {passed:>6}  {failed:>6}  {ignored:>7}"
        );
    }
    let total = results.total();
    let _ = writeln!(
        text,
        "total time {}\n\n{} passed, {} failed, {} skipped",
        duration(took),
        total.passed,
        total.failed,
        total.ignored
    );
    text
}

/// The rows to show: those of the engines that were asked for, and all that have counts.
fn rows(results: &Results, engines: &[Engine]) -> BTreeMap<Row, Counts> {
    let mut rows = results.rows().clone();
    rows.entry(Row::NoDatabase).or_default();
    for &engine in engines {
        for asynchronous in [false, true] {
            let row = Row::Engine {
                engine,
                asynchronous,
            };
            rows.entry(row).or_default();
        }
    }
    rows
}

/// What a row is called, with the version of its server.
fn label(row: Row, endpoints: &[Endpoint]) -> String {
    let (name, asynchronous, service) = match row {
        Row::Engine {
            engine,
            asynchronous,
        } => {
            let service = match engine {
                Engine::Sqlite => None,
                Engine::Postgres => Some(Service::Postgres),
                Engine::Mysql => Some(Service::Mysql),
            };
            (engine.name(), asynchronous, service)
        }
        Row::Redis { asynchronous } => ("redis", asynchronous, Some(Service::Redis)),
        Row::Clients => ("clients", false, None),
        Row::NoDatabase => ("no database", false, None),
        Row::Unread => ("engine not told", false, None),
    };
    let mut label = name.to_owned();
    if asynchronous {
        label.push_str(" async");
    }
    let version = endpoints
        .iter()
        .find(|endpoint| Some(endpoint.service) == service)
        .and_then(|endpoint| endpoint.version.as_deref());
    if let Some(version) = version {
        // Writing to a string does not fail.
        let _ = write!(label, " ({version})");
    }
    label
}

/// A time, for people.
fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", time.as_secs_f32()),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table() {
        let mut results = Results::default();
        for line in [
            "running 4 tests",
            "test a::sqlite ... ok",
            "test a::mysql ... FAILED",
            "test a::mysql_async ... ignored",
            "test a ... ok",
        ] {
            results.line(line);
        }
        let endpoint = Endpoint {
            service: Service::Mysql,
            url: String::new(),
            version: Some("MariaDB 10.11".to_owned()),
        };
        let engines = [Engine::Sqlite, Engine::Mysql];
        let text = render(&results, &engines, &[endpoint], Duration::from_secs(83));
        let expected = "                             passed  failed  ignored
sqlite                            1       0        0
sqlite async                      0       0        0
mysql (MariaDB 10.11)             0       1        0
mysql async (MariaDB 10.11)       0       0        1
no database                       1       0        0
total time 1 min 23 s

2 passed, 1 failed, 1 skipped
";
        assert_eq!(text, expected);
    }

    #[test]
    fn other_rows_are_shown_if_they_count() {
        let mut results = Results::default();
        for line in [
            "running 2 tests",
            "test a::redis ... ok",
            "test b::postgres ... nothing",
            "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured",
        ] {
            results.line(line);
        }
        let text = render(&results, &[], &[], Duration::from_millis(1250));
        assert!(
            text.contains("\nredis                 1       0        0\n"),
            "{text}"
        );
        assert!(
            text.contains("\nengine not told       1       0        0\n"),
            "{text}"
        );
        assert!(text.contains("\ntotal time 1.2 s\n"), "{text}");
        assert!(!text.contains("sqlite"), "{text}");
    }
}
