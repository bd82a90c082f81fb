//! `cargo xtask bench`.

use std::fs;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::apt;
use crate::engine::{Engine, Wanted};
use crate::foreground::{Foreground, cargo};
use crate::scratch::workspace;
use crate::servers::{self, Disk, Servers};

mod compile;
mod peers;
mod report;

/// What is measured only where a commit does not wait for the disk: it reads, or its goal does
/// not depend on the disk.
const WITHOUT_DISK: [&str; 6] = ["past", "growth", "resample", "backfill", "sync", "index"];

/// What is measured of the compiler, and needs no engine.
const COMPILER: [&str; 3] = ["compile", "served", "derives"];

/// Measures `engines`, and keeps the result of a full run; `baseline` is for the compiler.
pub(crate) fn run(
    engines: &[Engine],
    quick: bool,
    only: Option<&str>,
    baseline: bool,
) -> Result<()> {
    let compiler = only.is_some_and(|only| COMPILER.contains(&only));
    let peers = only == Some(peers::PART);
    if peers && engines != [Engine::Postgres] {
        bail!("peers are measured on PostgreSQL: add `--engine postgres`");
    }
    let keep = !quick && (only.is_none() || compiler || peers);
    if !compiler {
        // What servers the environment names does not matter here.
        let wanted = Wanted {
            engines: engines.to_vec(),
            editions: vec![],
        };
        apt::ensure(&[apt::to_build(engines), servers::needs(&wanted)].concat())?;
        for &engine in engines {
            let begun = Instant::now();
            let text = measure(engines, engine, quick, only)?;
            println!("{text}");
            eprintln!("{} took {} s", engine.name(), begun.elapsed().as_secs());
            if keep {
                store(if peers { peers::PART } else { engine.name() }, &text)?;
            }
        }
    }
    for part in COMPILER {
        if only == Some(part) || (only.is_none() && engines == Engine::ALL) {
            let text = match part {
                "compile" => compile::programs(quick, baseline)?,
                "served" => compile::served(quick)?,
                _ => compile::derives(quick)?,
            };
            println!("{text}");
            if keep {
                store(part, &text)?;
            }
        }
    }
    Ok(())
}

/// Measures one engine, first waiting for the disk and then not.
fn measure(engines: &[Engine], engine: Engine, quick: bool, only: Option<&str>) -> Result<String> {
    let mut tables = Vec::new();
    let python = match only {
        Some(peers::PART) => Some(peers::python()?),
        _ => None,
    };
    for disk in [Disk::Awaited, Disk::Ignored] {
        if disk == Disk::Awaited && only.is_some_and(|only| WITHOUT_DISK.contains(&only)) {
            continue;
        }
        let mut servers = Servers::own(engine, disk)?;
        let mut command = cargo(&arguments(engines, engine, disk, quick, only));
        command.envs(servers.variables()).stdout(Stdio::piped());
        if let Some(python) = &python {
            command.env(peers::PYTHON, python);
        }
        let mut lines = Vec::new();
        let status = Foreground::start(&mut command)?.lines(|line| {
            if let Some(line) = report::Line::read(line) {
                eprintln!("{}", line.row(true));
                lines.push(line);
            }
            Ok(())
        })?;
        servers.check()?;
        if !status.success() {
            bail!("the benchmark failed ({status})");
        }
        let version = servers.endpoints().first();
        let version = version.and_then(|endpoint| endpoint.version.as_deref());
        tables.push(report::table(version.unwrap_or("SQLite"), disk, &lines));
    }
    Ok(tables.join("\n"))
}

/// What `cargo` is told.
fn arguments(
    engines: &[Engine],
    engine: Engine,
    disk: Disk,
    quick: bool,
    only: Option<&str>,
) -> Vec<String> {
    // The same for every engine of a run, so that it is built once.
    let mut features = vec!["sqlite"];
    features.extend(engines.iter().map(|engine| engine.name()));
    features.dedup();
    let features = features.join(",");
    let mut arguments = vec!["bench", "--package", "handleref", "--bench", "records"];
    arguments.extend(["--features", &features, "--", "--engine", engine.name()]);
    if disk == Disk::Ignored {
        arguments.push("--relaxed");
    }
    if quick {
        arguments.push("--quick");
    }
    if let Some(only) = only {
        arguments.extend(["--only", only]);
    }
    arguments.into_iter().map(str::to_owned).collect()
}

/// Puts `text` between the marks of `name` in docs/benchmarks.md.
fn store(name: &str, text: &str) -> Result<()> {
    let file = workspace().join("docs/benchmarks.md");
    let document = fs::read_to_string(&file)
        .with_context(|| format!("{} could not be read", file.display()))?;
    fs::write(&file, report::replaced(&document, name, text)?)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_is_told_what_to_measure() {
        let both = [Engine::Sqlite, Engine::Mysql];
        let told = arguments(&both, Engine::Mysql, Disk::Ignored, true, Some("bulk")).join(" ");
        assert_eq!(
            told,
            "bench --package handleref --bench records --features sqlite,mysql -- \
             --engine mysql --relaxed --quick --only bulk"
        );
        let told = arguments(&both, Engine::Sqlite, Disk::Awaited, false, None);
        assert_eq!(told.last().map(String::as_str), Some("sqlite"));
    }
}
