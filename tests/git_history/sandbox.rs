//! Repositories in temporary folders, made with `git` itself.

use crate::args::Extent;
use crate::git::Repository;
use crate::prove::{self, Proof};
use crate::store::Store;
use crate::{path, replay};
use diesel::SqliteConnection;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// The longest content that is kept.
pub const LIMIT: u64 = 1_000;

/// A repository in a temporary folder, removed at the end.
pub struct Sandbox(pub PathBuf);

impl Sandbox {
    pub fn new(bare: bool) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("handleref-git-{}-{next}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir(&dir).unwrap();
        let sandbox = Self(dir);
        let kind: &[&str] = if bare { &["--bare"] } else { &[] };
        sandbox.git(&[&["init", "-q"], kind].concat());
        sandbox.git(&["symbolic-ref", "HEAD", "refs/heads/main"]);
        sandbox
    }

    /// Runs git, untouched by the configuration of whoever runs the test.
    pub fn git<S: AsRef<OsStr>>(&self, args: &[S]) -> String {
        let mut command = Command::new("git");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GIT_") {
                command.env_remove(name);
            }
        }
        command.env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("GIT_CONFIG_GLOBAL", self.0.join("no-such-file"));
        command.args(["-c", "user.name=Zoë", "-c", "user.email=zoe@example.org"]);
        command.args(["-c", "core.autocrlf=false", "-c", "commit.gpgSign=false"]);
        let output = command.arg("-C").arg(&self.0).args(args).output();
        let output = output.expect("this test needs `git`, which cannot be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git failed: {said}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub fn remove(&self, path: impl AsRef<Path>) {
        let path = self.0.join(path);
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap();
        } else {
            std::fs::remove_file(path).unwrap();
        }
    }

    /// Commits all that is there, and gives the commit's name.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub fn repository(&self) -> Repository {
        Repository::open(&self.0).unwrap()
    }

    /// The history in an embedded database.
    pub fn replayed(&self, limit: Option<u64>) -> (SqliteConnection, replay::Counts) {
        let mut store = <SqliteConnection as Store>::create(":memory:").unwrap();
        let counts = replay::replay(&self.repository(), &mut store, limit, LIMIT).unwrap();
        (store, counts)
    }

    pub fn prove(&self, store: &mut SqliteConnection, extent: Extent) -> Proof {
        prove::prove(&self.repository(), store, extent, LIMIT, 1).unwrap()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn assert_proved(proof: &Proof, commits: u64) {
    assert_eq!(proof.mismatches, 0, "{:#?}", proof.shown);
    assert_eq!(proof.commits, commits);
}

/// Everything that a repository may do to a file.
pub fn eventful() -> Sandbox {
    let sandbox = Sandbox::new(false);
    sandbox.commit("an empty root");
    sandbox.write("a", "first\n");
    sandbox.write("dir/b", "b\n");
    sandbox.write("dir/deeper/c", "c\n");
    sandbox.write("binary", b"\x00\x01\xff");
    sandbox.write("latin1", b"caf\xe9\n");
    sandbox.write("long", "x".repeat(LIMIT as usize + 1));
    sandbox.write("limit", "x".repeat(LIMIT as usize));
    sandbox.write("empty", "");
    sandbox.commit("some files\n\nof all sorts\n:000000 100644 no change\n");
    for name in [
        "with space",
        " ",
        "trailing ",
        "quo\"te",
        "apo'strophe",
        "Zoë",
        "雪/☃",
        "%_*?[",
    ] {
        sandbox.write(name, name);
    }
    // Names that some file systems cannot hold.
    #[cfg(target_os = "linux")]
    for name in [
        &b"new\nline"[..],
        b"tab\t",
        b"back\\slash",
        b"\\xff",
        b"\xff",
        b"\x01",
        b":colon",
    ] {
        sandbox.write(path::argument(name.to_vec()), name);
    }
    sandbox.write("A", "another than a\n");
    sandbox.commit("names");
    sandbox.commit("nothing");
    sandbox.write("a", "second\n");
    sandbox.write("binary", "text now\n");
    sandbox.write("long", "short now\n");
    sandbox.write("limit", "x".repeat(5_000));
    sandbox.commit("changes");
    sandbox.remove("a");
    sandbox.remove("Zoë");
    sandbox.commit("deleted");
    sandbox.write("a", "second\n");
    sandbox.write("Zoë", "came back another\n");
    sandbox.commit("made again, one as it was");
    sandbox.git(&["mv", "dir/b", "dir/renamed"]);
    sandbox.git(&["mv", "with space", "with  two"]);
    sandbox.commit("renamed");
    sandbox.git(&["update-index", "--chmod=+x", "a"]);
    sandbox.git(&["commit", "-q", "-m", "mode"]);
    sandbox.git(&["reset", "-q", "--hard"]);
    branches(&sandbox);
    sandbox.remove("A");
    sandbox.write("A/inside", "a directory now\n");
    sandbox.remove("dir");
    sandbox.write("dir", "a file now\n");
    sandbox.commit("a file is a directory, a directory is a file");
    sandbox.remove("A");
    sandbox.write("A", "another than a\n");
    sandbox.remove("dir");
    sandbox.write("dir/b", "b\n");
    sandbox.commit("and back");
    sandbox
}

/// A merge, symbolic links and a submodule.
fn branches(sandbox: &Sandbox) {
    sandbox.git(&["checkout", "-q", "-b", "side"]);
    sandbox.write("a", "from the side\n");
    sandbox.commit("aside");
    sandbox.write("from the side", "1\n");
    sandbox.remove("empty");
    sandbox.commit("aside again");
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.write("on main", "1\n");
    sandbox.commit("meanwhile");
    sandbox.git(&["merge", "-q", "--no-ff", "-m", "merge", "side"]);
    let link = |mode: &str, object: &str, path: &str| {
        let info = format!("{mode},{object},{path}");
        sandbox.git(&["update-index", "--add", "--cacheinfo", &info]);
    };
    sandbox.write(".git/target", "a");
    let target = sandbox.git(&["hash-object", "-w", ".git/target"]);
    link("120000", &target, "link");
    link("120000", &target, "on main");
    link("160000", &"1".repeat(40), "module");
    sandbox.git(&["commit", "-q", "-m", "links, and a submodule"]);
    link("160000", &"2".repeat(40), "module");
    link("100644", &target, "on main");
    sandbox.git(&[
        "commit",
        "-q",
        "-m",
        "the submodule moves, a link is a file",
    ]);
    sandbox.git(&["update-index", "--force-remove", "module"]);
    sandbox.git(&["commit", "-q", "-m", "no submodule"]);
    sandbox.git(&["reset", "-q", "--hard"]);
}
