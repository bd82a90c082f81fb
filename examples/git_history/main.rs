//! Replays the history of any git repository into a recorded table, and proves
//! that the past of the table is the past of the repository. Each commit is a
//! changeset with its author, time and message, and can be undone.
//!
//! ```text
//! cargo run --release --example git_history -- REPO
//! cargo run --release --example git_history -- --help
//! ```
//!
//! The models are in `models.rs` and everything that is asked of handleref in
//! `store.rs`; `replay.rs` writes, `prove.rs` compares, `undo.rs` undoes and
//! compares with `git revert`, the rest reads git.

// The modules are written to be copied into libraries, where `pub` is right.
#![allow(unreachable_pub)]

mod args;
mod asked;
mod git;
mod log;
mod models;
mod path;
mod progress;
mod prove;
mod prove_changesets;
mod random;
mod replay;
mod scratch;
mod store;
mod throwaway;
mod trees;
mod undo;
mod undo_samples;
mod version;

use args::Args;
use git::{Repository, Result};
use scratch::Scratch;
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
    if let Some(meant) = &args.undo {
        // A mistake is told before the replay, not after it.
        repository.commit(meant)?;
    }
    let Some(url) = &args.database else {
        let scratch = Scratch::create()?;
        let file = scratch.path().join("history.sqlite");
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

    // Before the proof, which shows that nothing of it stays.
    let undone = undo_samples::undo_samples(args, repository, &mut store)?;

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
        "compared {} changesets, those of {} authors and of {} files",
        proof.changesets, proof.authors, proof.paths
    );
    println!(
        "proved: {} commits, {} file states, {} diffs; {} mismatches",
        proof.commits, proof.states, proof.diffs, proof.mismatches
    );
    Ok(proof.mismatches == 0 && undone)
}

fn rate(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds.max(1e-6)
}
