//! Servers of a test's own, which end with it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A folder that goes with the test.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    /// One that the account of a server may enter.
    pub(super) fn new(account: &str) -> Self {
        let path = std::env::temp_dir().join(crate::support::fresh_name());
        std::fs::create_dir_all(&path).unwrap();
        if is_root() {
            run(Command::new("chown").arg(account).arg(&path));
        }
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A server that runs.
pub(super) struct Server {
    child: Child,
    pub(super) port: u16,
}

impl Server {
    /// Starts one and waits until it answers.
    pub(super) fn start(
        command: &mut Command,
        port: u16,
        log: &Path,
        mut answers: impl FnMut() -> bool,
    ) -> Self {
        let file = std::fs::File::create(log).unwrap();
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap());
        let mut child = command.stderr(file).spawn().unwrap();
        let began = Instant::now();
        while !answers() {
            let ended = child.try_wait().unwrap();
            assert!(
                ended.is_none() && began.elapsed() < Duration::from_secs(120),
                "{command:?}: {}",
                std::fs::read_to_string(log).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { child, port }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on.
pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Servers refuse to run as root, and need no account of theirs otherwise.
pub(super) fn as_account(account: &str, program: impl AsRef<Path>, folder: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args([&format!("--reuid={account}"), &format!("--regid={account}")]);
        // The server ends with whoever started it.
        command
            .args(["--init-groups", "--pdeathsig=KILL"])
            .arg(program.as_ref());
        command
    } else {
        Command::new(program.as_ref())
    };
    command.current_dir(folder).env("LC_ALL", "C");
    command
}

/// Runs a program to its end.
pub(super) fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}

fn is_root() -> bool {
    run(Command::new("id").arg("-u")).trim() == "0"
}
