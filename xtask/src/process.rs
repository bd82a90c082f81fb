//! Finding programs, and making commands that never outlive this process.

use std::env;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::Signal;
use nix::unistd::{Pid, User, geteuid};

/// Where servers live that are not on an ordinary user's `PATH`.
const MORE_FOLDERS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// Whether this process is root.
pub(crate) fn is_root() -> bool {
    geteuid().is_root()
}

/// The full path of a program.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(MORE_FOLDERS.map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// The full path of a program, or an error that names it.
pub(crate) fn require(program: &str) -> Result<PathBuf> {
    find(program).with_context(|| format!("the program `{program}` was not found"))
}

/// The account that a server must run as: `name` if this is root (servers refuse to be root),
/// else none, which is the account of this process.
pub(crate) fn server_account(name: &str) -> Result<Option<User>> {
    if !is_root() {
        return Ok(None);
    }
    match User::from_name(name)? {
        Some(user) => Ok(Some(user)),
        None => bail!("there is no account `{name}` to run the server as"),
    }
}

/// A command that the kernel sends `signal` when this process dies, however it dies, and that
/// runs as `account`.
///
/// On Linux this is the work of `setpriv`. It must be spawned by the main thread: what the kernel
/// watches is the thread. Elsewhere only the ordinary ways out stop the command.
pub(crate) fn tied(program: &Path, signal: Signal, account: Option<&User>) -> Command {
    let setpriv = if cfg!(target_os = "linux") {
        find("setpriv")
    } else {
        None
    };
    let Some(setpriv) = setpriv else {
        let mut command = Command::new(program);
        if let Some(user) = account {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        return command;
    };
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", signal.as_str()]);
    if let Some(user) = account {
        command
            .arg(format!("--reuid={}", user.uid))
            .arg(format!("--regid={}", user.gid))
            .arg("--init-groups");
    }
    command.arg("--").arg(program);
    command
}

/// Runs a short command to its end, and returns what it printed; an error holds what it said.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let name = Path::new(command.get_program()).to_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("`{}` could not be started", name.display()))?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() {
        return Ok(text);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    bail!("`{}`: {} {text}", name.display(), said.trim());
}

/// The number of a child, which is that of its group too.
pub(crate) fn group(child: &Child) -> Pid {
    // Process numbers are far below the limit of the type.
    Pid::from_raw(child.id().cast_signed())
}
