//! The Python that has the tools for `--only peers`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use nix::sys::signal::Signal;

use crate::apt;
use crate::foreground::Foreground;
use crate::process::tied;
use crate::scratch::workspace;

/// The part of the benchmark.
pub(super) const PART: &str = "peers";

/// What names the Python to the benchmark.
pub(super) const PYTHON: &str = "HANDLEREF_PEERS_PYTHON";

/// Makes an environment below `target` with the versions that `requirements.txt` names,
/// and gives its Python.
pub(super) fn python() -> Result<PathBuf> {
    apt::ensure(&[apt::PYTHON])?;
    let environment = workspace().join("target/xtask/peers");
    let python = environment.join("bin/python");
    if !python.exists() {
        let mut make = tied("python3".as_ref(), Signal::SIGTERM, None);
        run(make.args(["-m", "venv"]).arg(&environment))?;
    }
    let mut install = tied(&python, Signal::SIGTERM, None);
    install.args(["-m", "pip", "install", "--quiet", "--requirement"]);
    run(install.arg(workspace().join("benches/peers/requirements.txt")))?;
    Ok(python)
}

fn run(command: &mut Command) -> Result<()> {
    let status = Foreground::start(command)?.wait()?;
    anyhow::ensure!(status.success(), "{command:?} failed ({status})");
    Ok(())
}
