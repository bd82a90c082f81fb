//! What the derives cost the compiler: a crate of 40 models with Diesel's own derives, and with
//! ours beside them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Instant, SystemTime};
use std::{env, fmt::Write as _};

use anyhow::{Result, bail};

use super::report::{cores, time};
use crate::foreground::{Foreground, cargo};
use crate::scratch::workspace;

const MODELS: usize = 40;

/// The crates: a name for Cargo, one for people, and the derives beside Diesel's.
const CRATES: [(&str, &str, &str); 4] = [
    ("plain_models", "Diesel's derives", ""),
    ("kept_models", "and `HandleRef`", ", handleref::HandleRef"),
    ("recorded_models", "and `Recorded`", ", handleref::Recorded"),
    (
        "both_models",
        "and both",
        ", handleref::HandleRef, handleref::Recorded",
    ),
];

/// Generates the crates, compiles them in turns and draws the table.
pub(super) fn measure(quick: bool) -> Result<String> {
    let target = env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace().join("target"), |dir| workspace().join(dir));
    let home = target.join("xtask/compile");
    generate(&home)?;
    let commands = ["check", "build"];
    for command in commands {
        compile(&home, command, None)?;
    }
    let rounds = if quick { 1 } else { 5 };
    let mut samples = vec![vec![Vec::new(); commands.len()]; CRATES.len()];
    for round in 0..rounds {
        for at in 0..CRATES.len() {
            let at = (at + round) % CRATES.len();
            for (command, samples) in commands.iter().zip(&mut samples[at]) {
                let file = File::options()
                    .append(true)
                    .open(source(&home, CRATES[at].0))?;
                file.set_modified(SystemTime::now())?;
                let start = Instant::now();
                compile(&home, command, Some(CRATES[at].0))?;
                samples.push(start.elapsed().as_secs_f64());
            }
        }
    }
    let medians = samples
        .into_iter()
        .map(|samples| samples.into_iter().map(median).collect());
    Ok(table(&medians.collect::<Vec<Vec<f64>>>()))
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN)
}

fn table(medians: &[Vec<f64>]) -> String {
    let mut text = format!(
        "A crate of {MODELS} models with 12 columns each, alone, not incrementally (debug, {} cores):\n\n\
         | | `cargo check` | more per model | `cargo build` | more per model |\n\
         | --- | ---: | ---: | ---: | ---: |\n",
        cores()
    );
    for ((_, name, _), seconds) in CRATES.iter().zip(medians) {
        let _ = write!(text, "| {name} |");
        for (second, first) in seconds.iter().zip(&medians[0]) {
            let more = (second - first) / MODELS as f64;
            let more = if second == first {
                String::new()
            } else {
                format!("{:.1} ms", more * 1e3)
            };
            let _ = write!(text, " {} | {more} |", time(*second));
        }
        text.push('\n');
    }
    text
}

fn compile(home: &Path, what: &str, name: Option<&str>) -> Result<()> {
    let mut arguments = vec![what, "--quiet"];
    match name {
        Some(name) => arguments.extend(["--package", name]),
        None => arguments.push("--workspace"),
    }
    let mut command = cargo(&arguments);
    command
        .current_dir(home)
        .env("CARGO_TARGET_DIR", home.join("target"))
        .env("CARGO_INCREMENTAL", "0")
        .stdout(Stdio::null());
    let status = Foreground::start(&mut command)?.wait()?;
    if !status.success() {
        bail!("the models were not compiled ({status})");
    }
    Ok(())
}

fn source(home: &Path, name: &str) -> PathBuf {
    home.join(name).join("src/lib.rs")
}

/// Writes a workspace of the crates, with the versions that this one has locked.
fn generate(home: &Path) -> Result<()> {
    let root = workspace().display().to_string();
    let members: Vec<_> = CRATES
        .iter()
        .map(|(name, ..)| format!("{name:?}"))
        .collect();
    fs::create_dir_all(home)?;
    fs::write(
        home.join("Cargo.toml"),
        format!(
            "[workspace]\nmembers = [{}]\nresolver = \"3\"\n",
            members.join(", ")
        ),
    )?;
    fs::copy(workspace().join("Cargo.lock"), home.join("Cargo.lock"))?;
    for (name, _, derives) in CRATES {
        let source = source(home, name);
        fs::create_dir_all(source.parent().unwrap_or(home))?;
        fs::write(&source, models(derives))?;
        fs::write(
            home.join(name).join("Cargo.toml"),
            format!(
                "[package]\nname = {name:?}\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
                 chrono = {{ version = \"0.4\", default-features = false, features = [\"serde\", \"std\"] }}\n\
                 diesel = {{ version = \"~2.3\", default-features = false, features = [\"chrono\", \"sqlite\", \"32-column-tables\"] }}\n\
                 handleref = {{ path = {root:?} }}\n"
            ),
        )?;
    }
    Ok(())
}

/// The models, with these derives beside Diesel's.
fn models(derives: &str) -> String {
    let columns = [
        ("id", "Integer", "i32"),
        ("name", "Text", "String"),
        ("title", "Text", "String"),
        ("body", "Nullable<Text>", "Option<String>"),
        ("size", "Integer", "i32"),
        ("price", "BigInt", "i64"),
        ("rate", "Double", "f64"),
        ("hidden", "Bool", "bool"),
        ("version", "BigInt", "i64"),
        ("created_at", "Timestamp", "chrono::NaiveDateTime"),
        ("updated_at", "Timestamp", "chrono::NaiveDateTime"),
        (
            "deleted_at",
            "Nullable<Timestamp>",
            "Option<chrono::NaiveDateTime>",
        ),
    ];
    let list =
        |write: fn(&(&str, &str, &str)) -> String| columns.iter().map(write).collect::<String>();
    let table = list(|(name, sql, _)| format!("        {name} -> {sql},\n"));
    let fields = list(|(name, _, rust)| format!("    pub {name}: {rust},\n"));
    // A tag is made of the struct's name and has no digits.
    let names = (b'a'..=b'z').flat_map(|first| [b'a', b'b'].map(|second| [first, second]));
    names
        .take(MODELS)
        .map(|name| {
            let name = String::from_utf8_lossy(&name).into_owned();
            format!(
                "diesel::table! {{\n    models_{name} (id) {{\n{table}    }}\n}}\n\
                 #[derive(Debug, Clone, diesel::Queryable, diesel::Selectable, diesel::Identifiable, \
                 diesel::Insertable, diesel::AsChangeset{derives})]\n\
                 #[diesel(table_name = models_{name})]\npub struct Model{name} {{\n{fields}}}\n"
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_model_adds_is_told() {
        let text = table(&[vec![1.0, 2.0], vec![1.4, 3.0]]);
        assert!(
            text.contains("| Diesel's derives | 1.00 s |  | 2.00 s |  |\n"),
            "{text}"
        );
        assert!(
            text.contains("| and `HandleRef` | 1.40 s | 10.0 ms | 3.00 s | 25.0 ms |\n"),
            "{text}"
        );
    }

    #[test]
    fn models_differ_by_name() {
        let text = models(", Recorded");
        assert_eq!(text.matches("AsChangeset, Recorded)]").count(), MODELS);
        assert!(text.contains("pub struct Modeltb {"));
    }
}
