//! What programs cost that use handleref, beside the same in plain Diesel.

use std::fmt::Write as _;

use anyhow::Result;

use super::baseline::Baseline;
use super::clock::{Cost, median};
use super::package::{Package, Packages};
use super::programs::{Kind, MODELS, Program};
use super::symbols::{count, size};
use crate::bench::report::{cores, time};

const ALL: usize = Kind::ALL.len() * Program::ALL.len();

/// The programs; the base of each kind is the first of it.
fn programs() -> [(Kind, Program); ALL] {
    std::array::from_fn(|at| {
        let program = Program::ALL[at % Program::ALL.len()];
        (Kind::ALL[at / Program::ALL.len()], program)
    })
}

/// The crates.
pub(super) fn packages() -> Vec<Package> {
    let package = |(kind, program): (Kind, Program)| program.package(kind);
    programs().map(package).into()
}

/// Compiles the programs in turns.
pub(super) fn measure(packages: &Packages, rounds: usize, now: &mut Baseline) -> Result<()> {
    let names = programs().map(|(kind, program)| program.package(kind).name);
    for name in &names {
        packages.compile("build", name)?;
    }
    let mut samples = vec![Vec::new(); ALL];
    for round in 0..rounds {
        for at in 0..ALL {
            let at = (at + round) % ALL;
            let cost = packages.measure("build", &names[at])?;
            let (wall, processor) = (time(cost.wall), time(cost.processor));
            eprintln!("{}: {wall}, processors {processor}", names[at]);
            samples[at].push(cost);
        }
    }
    for (at, name) in names.iter().enumerate() {
        let base = at - at % Program::ALL.len();
        let (code, _) = count(&packages.library(name))?;
        now.set(
            name,
            row(&samples[at], &samples[base], code.functions, code.bytes),
        );
    }
    Ok(())
}

/// What is known of a program: its time, the processors', the ratio of that to the base's in the
/// same round, and its code.
fn row(samples: &[Cost], base: &[Cost], functions: u64, bytes: u64) -> [f64; 5] {
    let processor = |cost: &Cost| cost.processor;
    let ratios = samples
        .iter()
        .zip(base)
        .map(|(cost, base)| cost.processor / base.processor);
    [
        median(samples.iter().map(|cost| cost.wall).collect()),
        median(samples.iter().map(processor).collect()),
        median(ratios.collect()),
        functions as f64,
        bytes as f64,
    ]
}

/// Draws the table.
pub(super) fn table(now: &Baseline, before: Option<&Baseline>) -> String {
    let mut text = format!(
        "Programs of {MODELS} models with 12 columns each, alone, not incrementally (debug, {} cores):\n\n\
         | connection | program | build | processors | ratio | functions | ratio | code |",
        cores()
    );
    let past = before.map_or("", |_| " ratio before | functions before |");
    let _ = writeln!(text, "{past}");
    let rule = before.map_or("", |_| " ---: | ---: |");
    let _ = writeln!(
        text,
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |{rule}"
    );
    for (kind, program) in programs() {
        let is_base = program == Program::ALL[0];
        let name = program.package(kind).name;
        let base = Program::ALL[0].package(kind).name;
        let [build, processors, ratio, functions, bytes] = now.get(&name);
        let [_, _, _, base, _] = now.get(&base);
        let (ratio, more) = if is_base {
            (String::new(), String::new())
        } else {
            (format!("{ratio:.2}"), format!("{:.2}", functions / base))
        };
        let label = if is_base { kind.label() } else { "" };
        let _ = write!(
            text,
            "| {label} | {} | {} | {} | {ratio} | {functions:.0} | {more} | {} |",
            program.label(),
            time(build),
            time(processors),
            size(bytes as u64)
        );
        if let Some(before) = before {
            let [_, _, ratio, functions, _] = before.get(&name);
            let ratio = if is_base {
                String::new()
            } else {
                format!("{ratio:.2}")
            };
            let _ = write!(text, " {ratio} | {functions:.0} |");
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(wall: f64, processor: f64) -> Cost {
        Cost { wall, processor }
    }

    fn measured(factor: f64) -> Baseline {
        let mut now = Baseline::default();
        let base = [cost(1.0, 2.0), cost(9.0, 18.0), cost(1.5, 3.0)];
        let slow = base.map(|base| cost(base.wall * factor, base.processor * factor));
        now.set("sync_plain", row(&base, &base, 100, 2_000_000));
        now.set("sync_verbs", row(&slow, &base, 250, 5_000_000));
        now
    }

    #[test]
    fn a_ratio_is_that_of_one_round() {
        let base = [cost(1.0, 2.0), cost(9.0, 18.0), cost(1.5, 3.0)];
        // While the second round lasted, everything took nine times as long.
        let slow = [cost(2.0, 4.0), cost(18.0, 36.0), cost(3.0, 9.0)];
        let [_, _, ratio, ..] = row(&slow, &base, 1, 1);
        assert!((ratio - 2.0).abs() < 1e-9, "{ratio}");
    }

    #[test]
    fn the_past_is_beside_what_is() {
        let text = table(&measured(2.0), None);
        let verbs = "| `save`, `delete`, `restore`, `diff`, `revert` | 3.00 s | 6.00 s | 2.00 | 250 | 2.50 | 5.00 MB |";
        assert!(text.contains(&format!("|  {verbs}\n")), "{text}");
        assert!(
            text.contains("| 1.50 s | 3.00 s |  | 100 |  | 2.00 MB |\n"),
            "{text}"
        );
        let text = table(&measured(2.0), Some(&measured(4.0)));
        assert!(text.contains(&format!("{verbs} 4.00 | 250 |\n")), "{text}");
    }
}
