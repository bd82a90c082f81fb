//! A server in the background.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use nix::sys::signal::{Signal, kill, killpg};

use crate::process::group;

/// How long a server has to stop before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// How many lines of a log are shown when a server fails.
const LOG_LINES: usize = 20;

/// A server in the background; dropping it stops it.
pub(crate) struct Daemon {
    title: &'static str,
    child: Child,
    stop: Signal,
    log: PathBuf,
}

impl Daemon {
    /// Starts `command` with its output in the file `log`; `stop` is the signal that ends it.
    pub(crate) fn start(
        title: &'static str,
        command: &mut Command,
        stop: Signal,
        log: &Path,
    ) -> Result<Daemon> {
        let file = File::create(log)
            .with_context(|| format!("the log {} could not be written", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            // Ctrl-C on a terminal reaches this process only, which stops its servers itself.
            .process_group(0)
            .spawn()
            .with_context(|| format!("{title} could not be started"))?;
        Ok(Daemon {
            title,
            child,
            stop,
            log: log.to_owned(),
        })
    }

    /// What the server is.
    pub(crate) fn title(&self) -> &'static str {
        self.title
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// The last lines that it wrote.
    pub(crate) fn log_tail(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<_> = text.lines().collect();
        let first = lines.len().saturating_sub(LOG_LINES);
        format!(
            "the last lines of the {} log:\n  {}",
            self.title,
            lines[first..].join("\n  ")
        )
    }

    /// Asks it to stop, without waiting.
    pub(crate) fn ask_to_stop(&mut self) {
        if self.ended().is_none() {
            // Not reaped, so the number is still its own.
            let _ = kill(group(&self.child), self.stop);
        }
    }

    /// Waits until it has stopped, and kills it if that takes too long.
    pub(crate) fn wait_stopped(&mut self) {
        let deadline = Instant::now() + STOP_LIMIT;
        while self.ended().is_none() {
            if Instant::now() > deadline {
                eprintln!("warning: {} did not stop and is killed", self.title);
                let _ = killpg(group(&self.child), Signal::SIGKILL);
                let _ = self.child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.ask_to_stop();
        self.wait_stopped();
    }
}
