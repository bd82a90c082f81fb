//! What history costs: writes with and without it, reading the past, and how
//! both go on when there are many records.
//!
//! `cargo xtask bench` starts throwaway servers, runs this on them and keeps
//! `docs/benchmarks.md`. By hand, on a server of your own that may be filled:
//!
//! ```sh
//! cargo bench --bench records -- --engine sqlite --quick --only single
//! ```

#![allow(missing_docs, clippy::duplicate_mod)]

mod measure;
#[cfg(feature = "postgres")]
mod peers;
mod tables;

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::time::{Duration, Instant};

type Failure = Box<dyn std::error::Error>;
type Done = Result<(), Failure>;

/// What a run is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    engine: String,
    /// Whether a commit waits for the disk, as it does by default.
    durable: bool,
    /// Small sizes, to see whether everything runs.
    quick: bool,
    only: Option<String>,
}

impl Wanted {
    fn parse(args: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut wanted = Self {
            engine: "sqlite".into(),
            durable: true,
            quick: false,
            only: None,
        };
        let mut args = args;
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("`{arg}` needs a value"));
            match arg.as_str() {
                "--engine" => wanted.engine = value()?,
                "--only" => wanted.only = Some(value()?),
                "--relaxed" => wanted.durable = false,
                "--quick" => wanted.quick = true,
                // What cargo adds.
                "--bench" => {}
                _ => return Err(format!("`{arg}` is not understood").into()),
            }
        }
        Ok(wanted)
    }

    /// Whether a part is to run.
    fn has(&self, part: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == part)
    }

    /// `full`, or `small` in a quick run.
    fn size(&self, full: i64, small: i64) -> i64 {
        if self.quick { small } else { full }
    }

    fn budget(&self, seconds: u64) -> Duration {
        Duration::from_secs(if self.quick { 1 } else { seconds })
    }
}

/// Says on standard error what is being done, and how long it took.
fn stage<T>(what: &str, run: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let start = Instant::now();
    let done = run().map_err(|error| format!("{what}: {error}"))?;
    eprintln!("{what}: {:.1} s", start.elapsed().as_secs_f64());
    Ok(done)
}

fn main() -> Done {
    // `cargo test --benches` runs this too, and has no such argument.
    if !std::env::args().any(|arg| arg == "--bench") {
        return Ok(());
    }
    let wanted = Wanted::parse(std::env::args().skip(1))?;
    match wanted.engine.as_str() {
        #[cfg(feature = "sqlite")]
        "sqlite" => sqlite::run(&wanted),
        #[cfg(feature = "postgres")]
        "postgres" if wanted.only.as_deref() == Some("peers") => postgres::beside_peers(&wanted),
        #[cfg(feature = "postgres")]
        "postgres" => postgres::run(&wanted),
        #[cfg(feature = "mysql")]
        "mysql" => mysql::run(&wanted),
        other => Err(format!("there is no engine `{other}` here").into()),
    }
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn server(variable: &str) -> Result<String, Failure> {
    std::env::var(variable).map_err(|_| format!("{variable} is not set").into())
}
