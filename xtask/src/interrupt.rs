//! Ctrl-C, SIGTERM and SIGHUP.
//!
//! A signal ends the command that is in the foreground (`cargo test`, say); the main thread then
//! finds the mark set, and leaves by the ordinary way, which stops the servers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// How long the foreground command has to end by itself.
const GRACE: Duration = Duration::from_secs(5);

static HAPPENED: AtomicBool = AtomicBool::new(false);
static FOREGROUND: Mutex<Option<Pid>> = Mutex::new(None);

/// Sets the handler.
pub(crate) fn install() -> Result<()> {
    ctrlc::set_handler(|| {
        HAPPENED.store(true, Ordering::SeqCst);
        let Some(group) = *foreground() else { return };
        signal(group, Signal::SIGTERM);
        let deadline = Instant::now() + GRACE;
        while Instant::now() < deadline {
            if *foreground() != Some(group) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        signal(group, Signal::SIGKILL);
    })
    .context("no handler for Ctrl-C could be set")
}

/// Whether a signal has come.
pub(crate) fn happened() -> bool {
    HAPPENED.load(Ordering::SeqCst)
}

/// An error if a signal has come.
pub(crate) fn check() -> Result<()> {
    if happened() {
        bail!("interrupted");
    }
    Ok(())
}

/// The process group in the foreground. Its leader must be reaped, and then taken out, under this
/// lock, so that no signal goes to a group that has got the same number since.
pub(crate) fn foreground() -> MutexGuard<'static, Option<Pid>> {
    FOREGROUND.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Signals the group if it is still the one in the foreground.
fn signal(group: Pid, signal: Signal) {
    let current = foreground();
    if *current == Some(group) {
        // It fails only if every process of the group has ended, which is what is wanted.
        let _ = killpg(group, signal);
    }
}
