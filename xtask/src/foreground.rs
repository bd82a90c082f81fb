//! The command in the foreground.

use std::env;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use nix::sys::signal::{Signal, killpg};

use crate::interrupt;
use crate::process::{group, tied};
use crate::scratch::workspace;

/// `cargo` with `args`, in the root of the workspace.
pub(crate) fn cargo(args: &[impl AsRef<OsStr>]) -> Command {
    let cargo = env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    let mut command = tied(&cargo, Signal::SIGTERM, None);
    command.args(args).current_dir(workspace());
    command
}

/// A command in the foreground, in a process group of its own: an interrupt ends all of it.
pub(crate) struct Foreground {
    child: Child,
}

impl Foreground {
    /// Starts `command`.
    pub(crate) fn start(command: &mut Command) -> Result<Foreground> {
        interrupt::check()?;
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .context("a command could not be started")?;
        let foreground = Foreground { child };
        *interrupt::foreground() = Some(group(&foreground.child));
        // A signal between the check and the line above found no group to end.
        interrupt::check()?;
        Ok(foreground)
    }

    /// Waits for the end.
    pub(crate) fn wait(mut self) -> Result<ExitStatus> {
        loop {
            let mut group = interrupt::foreground();
            if let Some(status) = self.child.try_wait()? {
                *group = None;
                drop(group);
                interrupt::check()?;
                return Ok(status);
            }
            drop(group);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Hands each line that the command prints to `line`, without its end, and waits.
    pub(crate) fn lines(mut self, mut line: impl FnMut(&str) -> Result<()>) -> Result<ExitStatus> {
        if let Some(stdout) = self.child.stdout.take() {
            let mut stdout = BufReader::new(stdout);
            let mut bytes = Vec::new();
            while stdout.read_until(b'\n', &mut bytes)? > 0 {
                let text = String::from_utf8_lossy(&bytes);
                line(text.trim_end_matches('\n'))?;
                bytes.clear();
            }
        }
        self.wait()
    }
}

impl Drop for Foreground {
    fn drop(&mut self) {
        let mut current = interrupt::foreground();
        if let Ok(None) = self.child.try_wait() {
            // A failure means that it has just ended.
            let _ = killpg(group(&self.child), Signal::SIGKILL);
            let _ = self.child.wait();
        }
        *current = None;
    }
}
