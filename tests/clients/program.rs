//! Running other people's programs, as they are, as clients of what the library serves. They are
//! written in Python: `cargo xtask test` installs what `requirements.txt` names, and says where in
//! `HANDLEREF_CLIENTS_PYTHON`. Without it their tests fail: nothing is skipped.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A folder of one test, removed at the end unless it fails.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("handleref-clients-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        match std::thread::panicking() {
            true => eprintln!("see {}", self.0.display()),
            false => drop(std::fs::remove_dir_all(&self.0)),
        }
    }
}

/// What a client said, and whether it succeeded.
pub struct Said {
    pub out: String,
    pub err: String,
    pub success: bool,
}

/// A child that does not outlive its test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It has ended already, as a rule.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The command `name` of the packages, with nothing of this environment's but what finds programs.
pub fn command(name: &str, folder: &Folder) -> Command {
    let variable = "HANDLEREF_CLIENTS_PYTHON";
    let python = std::env::var_os(variable).unwrap_or_else(|| {
        panic!(
            "{variable} is not set: run `cargo xtask test`, or set it to a Python that has \
             tests/clients/requirements.txt"
        )
    });
    let mut command = Command::new(Path::new(&python).with_file_name(name));
    command.env_clear().current_dir(&folder.0);
    command.env("HOME", &folder.0);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    // What comes out must not depend on the machine, and nothing goes beside the sources.
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
        .envs([("LANG", "C.UTF-8"), ("TZ", "UTC")].map(|(name, value)| (name, OsStr::new(value))));
    command
}

/// Runs `command` to its end.
pub fn run(command: &mut Command, folder: &Folder, limit: Duration) -> Said {
    let (out, err) = (folder.path("out"), folder.path("err"));
    command
        .stdin(Stdio::null())
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&err).unwrap());
    let begun = Instant::now();
    let mut child = Ended(
        command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}")),
    );
    let status = loop {
        if let Some(status) = child.0.try_wait().unwrap() {
            break status;
        }
        assert!(
            begun.elapsed() < limit,
            "{command:?} takes more than {limit:?}"
        );
        std::thread::sleep(Duration::from_millis(50));
    };
    let read = |file| String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned();
    Said {
        out: read(&out),
        err: read(&err),
        success: status.success(),
    }
}
