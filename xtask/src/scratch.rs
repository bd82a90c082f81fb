//! The folder of a run: the servers' data and logs, removed at the end.

use std::fs::{self, DirBuilder, File, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{env, io, process};

use anyhow::{Context as _, Result, bail};
use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::Signal;
use nix::unistd::User;

use crate::process::{is_root, require, tied};

/// The file that a live run holds locked.
const LOCK: &str = "lock";

/// What folders in the shared temporary folder begin with.
const PREFIX: &str = "handleref-xtask-";

/// A younger folder may belong to a run that has not taken its lock yet.
const YOUNG: Duration = Duration::from_secs(60);

/// The root of the workspace.
pub(crate) fn workspace() -> &'static Path {
    let member = Path::new(env!("CARGO_MANIFEST_DIR"));
    member.parent().unwrap_or(member)
}

/// The folder of what is built.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace().join("target"), |dir| workspace().join(dir))
}

/// A fresh folder; dropping it removes it.
pub(crate) struct Scratch {
    folder: PathBuf,
    _lock: Flock<File>,
}

impl Scratch {
    /// Makes the folder below `target`, or, if `accounts` cannot reach it there, below the
    /// system's temporary folder.
    pub(crate) fn new(accounts: &[&str]) -> Result<Scratch> {
        let parent = target().join("xtask/servers");
        fs::create_dir_all(&parent)
            .with_context(|| format!("{} could not be made", parent.display()))?;
        sweep(&parent, "");
        let scratch = Scratch::within(&parent, "")?;
        let Some(account) = scratch.first_kept_out(accounts)? else {
            return Ok(scratch);
        };
        drop(scratch);

        let temp = env::temp_dir();
        eprintln!(
            "note: the account `{account}` cannot reach {}; the servers' data goes to {}",
            parent.display(),
            temp.display()
        );
        sweep(&temp, PREFIX);
        let scratch = Scratch::within(&temp, PREFIX)?;
        if let Some(account) = scratch.first_kept_out(accounts)? {
            bail!(
                "the account `{account}` cannot reach {} either: set TMPDIR to a folder that it can",
                temp.display()
            );
        }
        Ok(scratch)
    }

    /// Makes the folder below `parent`, which every account can enter.
    pub(crate) fn inside(parent: &Path) -> Result<Scratch> {
        sweep(parent, PREFIX);
        Scratch::within(parent, PREFIX)
    }

    fn within(parent: &Path, prefix: &str) -> Result<Scratch> {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        let name = format!("{prefix}{}-{:x}", process::id(), since.subsec_nanos());
        let folder = parent.join(name);
        // The group and others need to pass through it; what they may not see is further down.
        make(&folder, 0o755)?;
        let file = File::create(folder.join(LOCK))?;
        let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock)
            .map_err(|(_, error)| error)
            .with_context(|| format!("{} could not be locked", folder.display()))?;
        Ok(Scratch {
            folder,
            _lock: lock,
        })
    }

    /// The first of `accounts` that cannot enter the folder. Only root starts servers as another
    /// account than its own.
    fn first_kept_out<'a>(&self, accounts: &[&'a str]) -> Result<Option<&'a str>> {
        if !is_root() {
            return Ok(None);
        }
        let test = require("test")?;
        for account in accounts {
            let Some(user) = User::from_name(account)? else {
                continue;
            };
            let mut command = tied(&test, Signal::SIGTERM, Some(&user));
            let entered = command.current_dir("/").arg("-x").arg(&self.folder);
            if !entered.status()?.success() {
                return Ok(Some(account));
            }
        }
        Ok(None)
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Makes a folder in it that only `owner` may read.
    pub(crate) fn folder(&self, name: &str, owner: Option<&User>) -> Result<PathBuf> {
        let folder = self.path(name);
        make(&folder, 0o700)?;
        if let Some(user) = owner {
            chown(&folder, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
        }
        Ok(folder)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.folder) {
            eprintln!(
                "warning: {} could not be removed: {error}",
                self.folder.display()
            );
        }
    }
}

/// Makes a folder with exactly `mode`, whatever the umask says.
fn make(folder: &Path, mode: u32) -> Result<()> {
    DirBuilder::new()
        .mode(mode)
        .create(folder)
        .and_then(|()| fs::set_permissions(folder, Permissions::from_mode(mode)))
        .with_context(|| format!("{} could not be made", folder.display()))
}

/// Removes a folder, into which a process that is just ending may still write.
fn remove(folder: &Path) -> io::Result<()> {
    let mut last = Ok(());
    for _ in 0..20 {
        last = fs::remove_dir_all(folder);
        match &last {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                std::thread::sleep(Duration::from_millis(50));
            }
            _ => return Ok(()),
        }
    }
    last
}

/// Removes what runs left that were killed. Their locks are free; what cannot be looked into or
/// removed is somebody else's, and stays.
fn sweep(parent: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(prefix);
        if ours && is_abandoned(&entry.path()) {
            let _ = remove(&entry.path());
        }
    }
}

/// Whether a folder is a run's that has ended.
fn is_abandoned(folder: &Path) -> bool {
    let Ok(file) = File::open(folder.join(LOCK)) else {
        return false;
    };
    let age = file.metadata().and_then(|data| data.modified());
    let old = age.is_ok_and(|made| made.elapsed().is_ok_and(|age| age > YOUNG));
    old && Flock::lock(file, FlockArg::LockExclusiveNonblock).is_ok()
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    /// A folder for one test.
    fn parent(name: &str) -> Result<PathBuf> {
        let folder = env::temp_dir().join(format!("{name}-{}", process::id()));
        fs::create_dir(&folder)?;
        Ok(folder)
    }

    /// Makes a run look a day old.
    fn age(folder: &Path) -> Result<()> {
        let day = Duration::from_secs(24 * 60 * 60);
        File::options()
            .write(true)
            .open(folder.join(LOCK))?
            .set_modified(SystemTime::now() - day)?;
        Ok(())
    }

    #[test]
    fn a_folder_goes_when_it_is_dropped() -> Result<()> {
        let parent = parent("xtask-dropped")?;
        let scratch = Scratch::within(&parent, "")?;
        let inner = scratch.folder("data", None)?;
        assert!(inner.is_dir());
        drop(scratch);
        assert_eq!(fs::read_dir(&parent)?.count(), 0);
        fs::remove_dir(&parent)?;
        Ok(())
    }

    #[test]
    fn only_abandoned_folders_are_swept() -> Result<()> {
        let parent = parent("xtask-swept")?;
        let live = Scratch::within(&parent, PREFIX)?;
        age(&live.folder)?;
        for name in [
            "handleref-xtask-1-dead",
            "handleref-xtask-2-young",
            "other-3",
        ] {
            fs::create_dir(parent.join(name))?;
            File::create(parent.join(name).join(LOCK))?;
        }
        age(&parent.join("handleref-xtask-1-dead"))?;
        age(&parent.join("other-3"))?;
        fs::create_dir(parent.join("handleref-xtask-4-no-lock"))?;

        sweep(&parent, PREFIX);
        assert!(live.folder.is_dir());
        assert!(!parent.join("handleref-xtask-1-dead").exists());
        assert!(parent.join("handleref-xtask-2-young").is_dir());
        assert!(parent.join("other-3").is_dir());
        assert!(parent.join("handleref-xtask-4-no-lock").is_dir());
        drop(live);
        fs::remove_dir_all(&parent)?;
        Ok(())
    }
}
