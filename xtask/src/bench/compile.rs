//! What handleref costs the compiler of the user's crate.

use anyhow::Result;

use crate::scratch::target;

mod baseline;
mod clock;
mod derives;
mod models;
mod package;
mod programs;
mod symbols;
mod uses;

use baseline::Baseline;
use package::Packages;

/// Generates crates, compiles them in turns and draws the tables, beside the baseline, if there
/// is one; `keep` makes these measurements the baseline of later ones.
pub(super) fn measure(quick: bool, keep: bool) -> Result<String> {
    let list = [
        derives::packages(),
        uses::packages(),
        vec![symbols::package()?],
    ]
    .concat();
    let packages = Packages::generate(&target().join("xtask/compile"), &list)?;
    let rounds = if quick { 1 } else { 5 };
    let mut now = Baseline::default();
    symbols::measure(&packages, &mut now)?;
    uses::measure(&packages, rounds, &mut now)?;
    let derives = derives::measure(&packages, rounds)?;
    let before = if keep {
        now.store()?;
        None
    } else {
        Baseline::load()?
    };
    Ok([
        uses::table(&now, before.as_ref()),
        symbols::table(&now, before.as_ref()),
        derives,
    ]
    .join("\n"))
}
