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
                samples.push(packages.measure(command, CRATES[at].0)?.wall);
            }
        }
    }
    let medians = samples
        .into_iter()
        .map(|samples| samples.into_iter().map(median).collect());
    Ok(table(&medians.collect::<Vec<Vec<f64>>>()))
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
}
