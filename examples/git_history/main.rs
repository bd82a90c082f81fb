//! Replays the history of any git repository into a recorded table, and proves
//! that the past of the table is the past of the repository.
//!
//! ```text
//! cargo run --release --example git_history -- REPO
//! cargo run --release --example git_history -- --help
//! ```
//!
//! The models are in `models.rs` and everything that is asked of handleref in
//! `store.rs`; `replay.rs` writes, `prove.rs` compares, the rest reads git.

// The modules are written to be copied into libraries, where `pub` is right.
#![allow(unreachable_pub)]

mod args;
mod git;
mod log;
mod models;
mod path;
mod progress;
mod prove;
mod random;
mod replay;
mod store;

use args::Args;
use git::{Repository, Result};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use store::Store;

fn main() -> ExitCode {
    let args = Args::read(std::env::args_os().skip(1));
    match args.map_err(Into::into).and_then(|args| run(&args)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all is as it should be.
fn run(args: &Args) -> Result<bool> {
    if args.help {
        print!("{}", args::HELP);
        return Ok(true);
    }
    let repository = Repository::open(&args.repository)?;
    let Some(url) = &args.database else {
        let scratch = Scratch::create()?;
        let file = scratch.0.join("history.sqlite");
        return run_on_sqlite(args, &repository, &file.to_string_lossy());
    };
    match url.split_once("://") {
        #[cfg(feature = "postgres")]
        Some(("postgres" | "postgresql", _)) => {
            run_on::<diesel::PgConnection>(args, &repository, url)
        }
        #[cfg(feature = "mysql")]
        Some(("mysql", _)) => run_on::<diesel::MysqlConnection>(args, &repository, url),
        Some((scheme, _)) => Err(format!(
            "`{scheme}://` is no engine of this build; postgres:// and mysql:// need \
             `--features postgres` and `--features mysql`"
        )
        .into()),
        None => run_on_sqlite(
            args,
            &repository,
            url.strip_prefix("sqlite:").unwrap_or(url),
        ),
    }
}

fn run_on_sqlite(args: &Args, repository: &Repository, file: &str) -> Result<bool> {
    run_on::<diesel::SqliteConnection>(args, repository, file)
}

fn run_on<S: Store>(args: &Args, repository: &Repository, url: &str) -> Result<bool> {
    let mut store = S::create(url)?;
    let started = Instant::now();
    let limit = args.limit_commits;
    let counts = replay::replay(repository, &mut store, limit, args.content_limit)?;
    let seconds = started.elapsed().as_secs_f64();
    let sizes = store.sizes()?;
    let (commits, inserts) = (counts.commits, counts.inserts);
    println!(
        "replayed {commits} commits in {seconds:.1} s: {:.0} commits/s, {:.0} records/s",
        rate(commits, seconds),
        rate(sizes.records.unsigned_abs(), seconds)
    );
    println!(
        "  {inserts} inserts, {} updates, {} deletes; {} rows now, {} records",
        counts.updates, counts.deletes, sizes.rows, sizes.records
    );
    println!("  the database has {:.1} MB", sizes.bytes as f64 / 1e6);

    let started = Instant::now();
    let limit = args.content_limit;
    let proof = prove::prove(repository, &mut store, args.extent, limit, args.seed)?;
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "compared in {seconds:.1} s: {:.0} file states/s; and who set {} fields",
        rate(proof.states, seconds),
        proof.blames
    );
    for mismatch in &proof.shown {
        eprintln!("  {mismatch}");
    }
    println!(
        "proved: {} commits, {} file states, {} diffs; {} mismatches",
        proof.commits, proof.states, proof.diffs, proof.mismatches
    );
    Ok(proof.mismatches == 0)
}

fn rate(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds.max(1e-6)
}

/// A directory for a database that nobody wants to keep.
struct Scratch(PathBuf);

impl Scratch {
    fn create() -> Result<Self> {
        let name = format!("handleref-git-history-{}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir(&dir)
            .map_err(|error| format!("{} cannot be created: {error}", dir.display()))?;
        Ok(Self(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // If it cannot be removed, the system will do so some day.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
