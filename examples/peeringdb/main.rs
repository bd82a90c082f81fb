//! Keeps other databases in step with a first one, by `since` and by a cursor,
//! with data in the shape of the public interconnection database: organisations,
//! networks, facilities, exchanges and their links.
//!
//! ```text
//! cargo run --example peeringdb --features mirror
//! cargo run --example peeringdb --features mirror -- --help
//! cargo run --example peeringdb --features mirror,axum -- --serve 127.0.0.1:8000
//! ```
//!
//! To mirror tables of your own that are recorded, `handleref::mirror::Mirror` is
//! all you need; see `overlap.rs`, which also shows what a reader by time loses.
//! If they are not, copy the directory `sync` as it is, and do as `models.rs`
//! does. The rest is the story around it: files in the API's shape (`api.rs`),
//! invented data (`generate.rs`), things that happen in the source
//! (`changes.rs`), the proof that both sides are equal (`verify.rs`) and, for the
//! public database's own client, its API (`serve.rs`).

// The modules are written to be copied into libraries, where `pub` is right.
#![allow(unreachable_pub)]

mod api;
mod args;
mod changes;
mod generate;
mod models;
mod overlap;
mod random;
mod schema;
#[cfg(feature = "axum")]
mod serve;
mod stamp;
mod sync;
mod verify;

use api::{Objects, Result};
use args::{Args, Data};
use chrono::TimeDelta;
use random::Random;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use sync::{Conn, Mirror, Moved, Pull};

fn main() -> ExitCode {
    let args = Args::read(std::env::args_os().skip(1));
    match args.map_err(Into::into).and_then(|args| run(&args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    if args.help {
        print!("{}", args::HELP);
        return Ok(());
    }
    if let Some(dir) = &args.write {
        let objects = objects(args)?;
        objects.write(dir)?;
        println!("{} objects written to {}", objects.len(), dir.display());
        return Ok(());
    }
    let scratch = Scratch::create()?;
    let source_file = args
        .source
        .clone()
        .unwrap_or_else(|| scratch.0.join("source"));
    let mirror_file = args
        .mirror
        .clone()
        .unwrap_or_else(|| scratch.0.join("mirror"));
    let mut source = open(&source_file)?;
    let kept = load(args, &mut source)?;
    if let Some(times) = args.make {
        let mut random = Random::new(args.seed);
        let written = changes::make(&mut source, &mut random, times)?;
        println!("In the source: {written}");
        return Ok(());
    }
    if let Some(address) = args.serve {
        return serve(source_file, address);
    }
    let mut mirror = open(&mirror_file)?;

    let sync = Mirror {
        // No transaction of `changes.rs` takes a second.
        overlap: TimeDelta::seconds(10),
        ..Mirror::new("peeringdb", &models::PARENTS_FIRST)
    };
    if args.forget {
        sync.forget(&mut mirror)?;
    } else if !kept && sync.bound(&mut mirror)?.is_some() {
        return Err("the mirror follows a source of an earlier run; give that --source too".into());
    }
    let started = Instant::now();
    let pull = sync.pull(&mut source, &mut mirror)?;
    println!("\nThe first pull of this run");
    print_pull(&pull, started);
    prove_equal(&mut source, &mut mirror)?;

    let mut random = Random::new(args.seed);
    for round in 1..=args.rounds {
        let written = changes::make(&mut source, &mut random, args.changes)?;
        println!("\nRound {round}, in the source: {written}");
        if round % 2 == 0 {
            let mut writer = open(&source_file)?;
            let started = Instant::now();
            let pull = sync.pull_and_tell(&mut source, &mut mirror, |moved| {
                write_meanwhile(&mut writer, moved.tag, &mut random, args.changes)
            })?;
            print_pull(&pull, started);
            println!("  none of what was written meanwhile is in it; the next pull:");
        }
        let started = Instant::now();
        let pull = sync.pull(&mut source, &mut mirror)?;
        print_pull(&pull, started);
        prove_equal(&mut source, &mut mirror)?;
    }
    overlapping(
        &mut source,
        &source_file,
        &scratch,
        &mut random,
        args.rounds,
    )
}

#[cfg(feature = "axum")]
fn serve(source: PathBuf, address: std::net::SocketAddr) -> Result<()> {
    serve::run(source, address)
}

#[cfg(not(feature = "axum"))]
fn serve(_: PathBuf, _: std::net::SocketAddr) -> Result<()> {
    Err("`--serve` needs the feature `axum`".into())
}

/// Two more mirrors, and a writer whose transactions are open while they are pulled.
fn overlapping(
    source: &mut Conn,
    source_file: &Path,
    scratch: &Scratch,
    random: &mut Random,
    rounds: u32,
) -> Result<()> {
    println!("\nWriters whose transactions are open while a mirror is pulled");
    models::recorded().install(source)?;
    let mut writer = open(source_file)?;
    let mut by_time = open(&scratch.0.join("by-time"))?;
    let mut by_cursor = open(&scratch.0.join("by-cursor"))?;
    let mirrors = [&mut by_time, &mut by_cursor];
    let found = overlap::tell(source, &mut writer, mirrors, random, rounds)?;
    println!(
        "  by time, without an overlap: {} of {} rows are not as in the source",
        found.by_time.len(),
        found.rows
    );
    for difference in found.by_time.iter().take(3) {
        println!("    {difference}");
    }
    match found.by_cursor.first() {
        None => println!("  by cursor: all {} rows are", found.rows),
        Some(difference) => return Err(format!("by cursor: {difference}").into()),
    }
    Ok(())
}

/// Writes to the source while a pull reads it, between one table and the next:
/// a child and its parent when the parent's table has been read, and more.
fn write_meanwhile(writer: &mut Conn, read: &str, random: &mut Random, times: usize) -> Result<()> {
    if read == "org" {
        let (org, fac) = changes::new_organisation(writer, "Latecomer Holding")?;
        println!("  when org had been read: org{org} inserted, and its fac{fac}");
    } else if read == "net" {
        let written = changes::make(writer, random, times)?;
        println!("  when net had been read: {written}");
    }
    Ok(())
}

/// The data that the arguments name.
fn objects(args: &Args) -> Result<Objects> {
    let notice = |notice| println!("note: {notice}");
    match &args.data {
        Data::Example => Objects::read(
            Path::new(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/examples/peeringdb/data"
            )),
            notice,
        ),
        Data::Directory(dir) => Objects::read(dir, notice),
        Data::Generated(size) => Ok(generate::objects(*size, args.seed)),
    }
}

/// Fills the source, unless it was kept from an earlier run, and says whether.
fn load(args: &Args, source: &mut Conn) -> Result<bool> {
    let kept = verify::rows(source)?;
    if kept > 0 {
        if args.data != Data::Example {
            return Err(
                "the source holds rows already; --data and --generate are for a new one".into(),
            );
        }
        println!("The source holds {kept} rows of an earlier run.");
        return Ok(true);
    }
    let objects = objects(args)?;
    let started = Instant::now();
    objects.store(source)?;
    println!(
        "{} objects loaded into the source in {}",
        objects.len(),
        pace(objects.len(), started)
    );
    Ok(false)
}

fn open(file: &Path) -> Result<Conn> {
    schema::open(&file.to_string_lossy())
        .map_err(|error| format!("{} cannot be opened: {error}", file.display()).into())
}

/// Prints a table of what moved, without the models where nothing did.
fn print_pull(pull: &Pull, started: Instant) {
    let read = pull
        .moved
        .iter()
        .map(|moved| moved.written() + moved.equal)
        .sum();
    match pull.after {
        None => print!("  all rows"),
        Some(after) => print!("  changed after {}", after.format("%F %T%.3f")),
    }
    println!(
        ", up to {}: {read} read in {}",
        pull.bound.format("%F %T%.3f"),
        pace(read, started)
    );
    let moved: Vec<&Moved> = pull
        .moved
        .iter()
        .filter(|moved| moved.written() > 0)
        .collect();
    if moved.is_empty() {
        println!("  nothing moved");
        return;
    }
    println!(
        "  {:9}{:>9}{:>9}{:>9}{:>9}",
        "", "added", "changed", "deleted", "restored"
    );
    for moved in moved {
        let [added, changed, deleted, restored] =
            [moved.added, moved.changed, moved.deleted, moved.restored]
                .map(|n| if n == 0 { String::new() } else { n.to_string() });
        println!(
            "  {:9}{added:>9}{changed:>9}{deleted:>9}{restored:>9}",
            moved.tag
        );
    }
}

/// Compares both sides row by row.
fn prove_equal(source: &mut Conn, mirror: &mut Conn) -> Result<()> {
    let started = Instant::now();
    let found = verify::compare(source, mirror)?;
    if found.differences.is_empty() {
        println!(
            "  both sides hold the same {} rows (compared in {})",
            found.rows,
            pace(found.rows, started)
        );
        return Ok(());
    }
    for difference in found.differences.iter().take(20) {
        eprintln!("  {difference}");
    }
    let count = found.differences.len();
    Err(format!("the mirror is not equal to the source; differences: {count}").into())
}

/// How long it took, and how many rows that is in a second.
fn pace(rows: usize, started: Instant) -> String {
    let seconds = started.elapsed().as_secs_f64();
    format!(
        "{seconds:.3} s, {:.0} rows/s",
        rows as f64 / seconds.max(1e-6)
    )
}

/// A directory for the databases that nobody wants to keep.
struct Scratch(PathBuf);

impl Scratch {
    fn create() -> Result<Self> {
        let dir = std::env::temp_dir().join(format!("handleref-peeringdb-{}", std::process::id()));
        std::fs::create_dir_all(&dir)
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
