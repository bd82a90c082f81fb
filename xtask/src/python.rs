//! Environments of Python, with packages whose versions are in a file.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use nix::sys::signal::Signal;

use crate::apt;
use crate::foreground::Foreground;
use crate::process::{output, tied};
use crate::scratch::{target, workspace};

/// Makes the environment `name` with the packages that `requirements`, a file of the workspace,
/// names, and gives its Python. It is kept, and made anew if the file is another one.
pub(crate) fn environment(name: &str, requirements: &str) -> Result<PathBuf> {
    let file = workspace().join(requirements);
    let wanted = fs::read_to_string(&file).with_context(|| format!("{requirements} is missing"))?;
    let folder = target().join("xtask/python").join(name);
    let python = folder.join("bin/python");
    // Written last, so that half an environment has none.
    let made_of = folder.join("requirements.txt");
    let same = fs::read_to_string(&made_of).is_ok_and(|made_of| made_of == wanted);
    if same && output(Command::new(&python).args(["-c", ""])).is_ok() {
        return Ok(python);
    }

    apt::ensure(&[apt::PYTHON])?;
    eprintln!("installing {requirements} for Python");
    let started = Instant::now();
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let mut make = tied("python3".as_ref(), Signal::SIGTERM, None);
    run(make.args(["-m", "venv"]).arg(&folder))?;
    let mut install = tied(&python, Signal::SIGTERM, None);
    install.args(["-m", "pip", "install", "--quiet"]);
    install.args(["--disable-pip-version-check", "--requirement"]);
    run(install.arg(&file)).with_context(|| format!("{requirements} could not be installed"))?;
    fs::write(&made_of, wanted)?;
    eprintln!("installed in {} s", started.elapsed().as_secs());
    Ok(python)
}

fn run(command: &mut Command) -> Result<()> {
    let status = Foreground::start(command)?.wait()?;
    ensure!(status.success(), "{command:?} failed ({status})");
    Ok(())
}
