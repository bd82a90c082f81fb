//! The Python that has the tools for `--only peers`.

use std::path::PathBuf;

use anyhow::Result;

use crate::python;

/// The part of the benchmark.
pub(super) const PART: &str = "peers";

/// What names the Python to the benchmark.
pub(super) const PYTHON: &str = "HANDLEREF_PEERS_PYTHON";

/// The Python with the tools.
pub(super) fn python() -> Result<PathBuf> {
    python::environment("peers", "benches/peers/requirements.txt")
}
