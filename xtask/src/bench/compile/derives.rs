//! Many models, of which nothing is used: what the derives alone cost.

use std::fmt::Write as _;

use anyhow::Result;

use super::clock::median;
use super::models::{models, names};
use super::package::{Package, Packages};
use crate::bench::report::{cores, time};

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

const COMMANDS: [&str; 2] = ["check", "build"];

/// The crates.
pub(super) fn packages() -> Vec<Package> {
    let names = names(MODELS);
    CRATES
        .iter()
        .map(|(name, _, derives)| Package {
            name: (*name).to_owned(),
            source: models(&names, derives),
            features: vec![],
        })
        .collect()
}

/// Compiles the crates in turns and draws the table.
pub(super) fn measure(packages: &Packages, rounds: usize) -> Result<String> {
    for (name, ..) in CRATES {
        for command in COMMANDS {
            packages.compile(command, name)?;
        }
    }
    let mut samples = vec![vec![Vec::new(); COMMANDS.len()]; CRATES.len()];
    for round in 0..rounds {
        for at in 0..CRATES.len() {
            let at = (at + round) % CRATES.len();
            for (command, samples) in COMMANDS.iter().zip(&mut samples[at]) {
                samples.push(packages.measure(command, CRATES[at].0)?.processor);
            }
        }
    }
    Ok(table(&samples))
}

/// `samples` are seconds by crate, command and round.
fn table(samples: &[Vec<Vec<f64>>]) -> String {
    let mut text = format!(
        "A crate of {MODELS} models with 12 columns each, alone, not incrementally (debug, {} cores), time of all processors:\n\n\
         | | `cargo check` | more per model | `cargo build` | more per model |\n\
         | --- | ---: | ---: | ---: | ---: |\n",
        cores()
    );
    for (at, ((_, name, _), commands)) in CRATES.iter().zip(samples).enumerate() {
        let _ = write!(text, "| {name} |");
        for (seconds, base) in commands.iter().zip(&samples[0]) {
            let more = seconds.iter().zip(base).map(|(second, base)| second - base);
            let more = median(more.collect()) / MODELS as f64;
            let more = if at == 0 {
                String::new()
            } else {
                format!("{:.1} ms", more * 1e3)
            };
            let _ = write!(text, " {} | {more} |", time(median(seconds.clone())));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_model_adds_is_told() {
        // Everything took longer in the second round.
        let text = table(&[
            vec![vec![1.0, 8.0, 1.0], vec![2.0, 9.0, 2.0]],
            vec![vec![1.4, 8.4, 1.4], vec![3.0, 10.0, 3.0]],
        ]);
        assert!(
            text.contains("| Diesel's derives | 1.00 s |  | 2.00 s |  |\n"),
            "{text}"
        );
        assert!(
            text.contains("| and `HandleRef` | 1.40 s | 10.0 ms | 3.00 s | 25.0 ms |\n"),
            "{text}"
        );
    }
}
