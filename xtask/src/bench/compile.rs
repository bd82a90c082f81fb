//! What handleref costs the compiler of the user's crate.

use anyhow::Result;

use crate::scratch::target;

mod baseline;
mod clock;
mod derives;
mod models;
mod package;
mod programs;
mod served;
mod symbols;
mod uses;

use baseline::Baseline;
use package::Packages;

/// Generates crates, compiles them in turns and draws the tables, beside the baseline, if there
/// is one; `keep` makes these measurements the baseline of later ones.
pub(super) fn programs(quick: bool, keep: bool) -> Result<String> {
    let list = [uses::packages(), vec![symbols::package()?]].concat();
    let packages = Packages::generate(&target().join("xtask/compile"), &list)?;
    let mut now = Baseline::default();
    symbols::measure(&packages, &mut now)?;
    uses::measure(&packages, rounds(quick), &mut now)?;
    let before = if keep {
        now.store()?;
        None
    } else {
        Baseline::load()?
    };
    let uses = uses::table(&now, before.as_ref());
    let symbols = symbols::table(&now, before.as_ref());
    Ok(format!("{uses}\n{symbols}"))
}

/// Compiles models of which nothing is used, in turns, and draws the table.
pub(super) fn derives(quick: bool) -> Result<String> {
    let packages = Packages::generate(&target().join("xtask/derives"), &derives::packages())?;
    derives::measure(&packages, rounds(quick))
}

/// Edits a model of servers, in turns, and draws the table.
pub(super) fn served(quick: bool) -> Result<String> {
    let list = served::packages();
    let packages = Packages::generate(&target().join("xtask/served"), &list)?;
    served::measure(&packages, &list, rounds(quick))
}

fn rounds(quick: bool) -> usize {
    if quick { 1 } else { 3 }
}
