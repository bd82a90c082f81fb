//! What is asked of git. Nothing here knows of the database.

use crate::{path, version};
use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

/// Errors are sentences for the one at the terminal.
pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// What would make git look elsewhere than it is told.
const ELSEWHERE: [&str; 12] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
];

/// The mode of a submodule, whose object is a commit of another repository.
pub const SUBMODULE: &str = "160000";

/// A file in a tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    pub path: String,
    pub mode: String,
    pub object: String,
    /// In bytes; none of a submodule.
    pub size: Option<i64>,
}

/// A repository, bare or not.
#[derive(Debug, Clone)]
pub struct Repository {
    git_dir: OsString,
}

impl Repository {
    /// Finds the repository in a directory, or above it.
    ///
    /// # Errors
    /// If there is none, or there is no git, or one that is too old.
    pub fn open(directory: &Path) -> Result<Self> {
        let mut command = git();
        command.arg("--version");
        version::check(&outcome(command)?.text()?)?;
        let ask = |option: &str| {
            let mut command = git();
            command.arg(option).arg(directory);
            command.args(["rev-parse", "--absolute-git-dir"]);
            output(command)
        };
        // The second one is for bare repositories where git is told not to find them.
        let found = ask("-C").or_else(|error| ask("--git-dir").map_err(|_| error))?;
        let git_dir = found.strip_suffix(b"\n").unwrap_or(&found).to_vec();
        Ok(Self {
            git_dir: path::argument(git_dir),
        })
    }

    /// A command of git on this repository.
    pub fn command(&self, name: &str) -> Command {
        let mut command = git();
        command.arg("--git-dir").arg(&self.git_dir);
        command.args(["--literal-pathspecs", "-c", "log.showRoot=true"]);
        command.args(["-c", "log.follow=false", name]);
        command
    }

    /// What a command prints that prints one line.
    ///
    /// # Errors
    /// If it fails.
    pub fn ask(&self, name: &str, args: &[&str]) -> Result<String> {
        let mut command = self.command(name);
        command.args(args);
        outcome(command)?.text()
    }

    /// Where a part of the repository is.
    ///
    /// # Errors
    /// If git does not tell.
    pub fn path_of(&self, name: &str) -> Result<Vec<u8>> {
        let mut command = self.command("rev-parse");
        command.args(["--path-format=absolute", "--git-path", name]);
        let mut path = output(command)?;
        path.pop_if(|last| *last == b'\n');
        Ok(path)
    }

    /// The name of the commit that somebody means.
    ///
    /// # Errors
    /// If there is none.
    pub fn commit(&self, meant: &str) -> Result<String> {
        let commit = format!("{meant}^{{commit}}");
        let args = ["--verify", "--quiet", "--end-of-options", &commit];
        let found = self.ask("rev-parse", &args);
        found.map_err(|_| format!("`{meant}` is no commit of the repository").into())
    }

    /// How many parents a commit has.
    ///
    /// # Errors
    /// If there is no such commit.
    pub fn parents(&self, commit: &str) -> Result<usize> {
        let line = self.ask("rev-list", &["--parents", "-n", "1", commit, "--"])?;
        Ok(line.split(' ').count().saturating_sub(1))
    }

    /// How many first-parent commits there are.
    ///
    /// # Errors
    /// If there is no commit.
    pub fn count(&self) -> Result<u64> {
        let mut command = self.command("rev-list");
        command.args(["--first-parent", "--count", "HEAD", "--"]);
        let count =
            output(command).map_err(|error| format!("the history cannot be read: {error}"))?;
        Ok(String::from_utf8_lossy(&count).trim().parse()?)
    }

    /// The files of a commit, sorted by the text of their path.
    ///
    /// # Errors
    /// If the tree cannot be read.
    pub fn tree(&self, commit: &str) -> Result<Vec<Entry>> {
        let mut command = self.command("ls-tree");
        command.args(["-r", "-z", "-l", "--full-tree", commit]);
        let listing = output(command)?;
        let lines = listing
            .split(|byte| *byte == 0)
            .filter(|line| !line.is_empty());
        let mut entries = lines.map(entry).collect::<Result<Vec<_>>>()?;
        entries.sort_unstable();
        Ok(entries)
    }

    /// What a file (its mode, its object) was and is, if it is not the same
    /// in two commits.
    ///
    /// # Errors
    /// If the commits cannot be compared.
    pub fn difference(&self, from: &str, to: &str, path: &str) -> Result<Option<[Side; 2]>> {
        let mut command = self.command("diff-tree");
        command.args([
            "-r",
            "-z",
            "--no-renames",
            "--ignore-submodules=none",
            from,
            to,
            "--",
        ]);
        command.arg(path::argument(path::bytes(path)));
        let raw = output(command)?;
        let mut tokens = raw.split(|byte| *byte == 0);
        while let (Some(line), Some(name)) = (tokens.next(), tokens.next()) {
            if name == path::bytes(path) {
                let (old, new, _) = raw_line(line)?;
                return Ok(Some([old, new]));
            }
        }
        Ok(None)
    }

    /// A process that reads objects.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn objects(&self) -> Result<Objects> {
        let mut command = self.command("cat-file");
        command.arg("--batch").stdin(Stdio::piped());
        let (child, output) = start(command)?;
        Ok(Objects { child, output })
    }
}

/// A file at one side of a change: its mode and its object.
pub type Side = (String, String);

/// Reads `:100644 100755 <object> <object> M`.
pub fn raw_line(line: &[u8]) -> Result<(Side, Side, u8)> {
    let text = String::from_utf8_lossy(line);
    let fields: Vec<&str> = text.trim_start_matches(':').split(' ').collect();
    let &[old_mode, new_mode, old, new, status] = &*fields else {
        return Err(format!("git wrote a change that is not understood: {text}").into());
    };
    let status = status.as_bytes().first().copied().unwrap_or(b'?');
    let side = |mode: &str, object: &str| (mode.to_owned(), object.to_owned());
    Ok((side(old_mode, old), side(new_mode, new), status))
}

/// Reads `100644 blob <object>    1234<TAB>path`.
fn entry(line: &[u8]) -> Result<Entry> {
    let not_understood = || format!("git wrote {line:?}, which is not understood");
    let tab = line
        .iter()
        .position(|byte| *byte == b'\t')
        .ok_or_else(not_understood)?;
    let head = std::str::from_utf8(&line[..tab])?;
    let mut fields = head.split_ascii_whitespace();
    let (Some(mode), Some(_), Some(object), Some(size)) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(not_understood().into());
    };
    Ok(Entry {
        path: path::text(&line[tab + 1..]),
        mode: mode.to_owned(),
        object: object.to_owned(),
        size: size.parse().ok(),
    })
}

/// What is kept of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    pub size: i64,
    /// None if it is longer than the limit, or no text.
    pub text: Option<String>,
}

/// `git cat-file --batch`, which is asked for one object at a time.
#[derive(Debug)]
pub struct Objects {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Objects {
    /// Reads a blob; of one that is longer than `limit` only the size.
    ///
    /// # Errors
    /// If the repository has it not, as it may be in a partial clone.
    pub fn read(&mut self, object: &str, limit: u64) -> Result<Blob> {
        let input: &mut ChildStdin = self
            .child
            .stdin
            .as_mut()
            .ok_or("git cat-file has no input")?;
        input.write_all(format!("{object}\n").as_bytes())?;
        input.flush()?;
        let mut header = String::new();
        self.output.read_line(&mut header)?;
        let size = match header.trim_end().split(' ').collect::<Vec<_>>()[..] {
            [_, "blob", size] => size.parse::<u64>()?,
            _ => return Err(format!("git has no such file content: {}", header.trim_end()).into()),
        };
        // The content ends in a newline of its own.
        let mut content = (&mut self.output).take(size + 1);
        let mut text = None;
        if size <= limit {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes)?;
            bytes.pop();
            // A text of PostgreSQL cannot hold a zero, which no text needs.
            text = String::from_utf8(bytes)
                .ok()
                .filter(|text| !text.contains('\0'));
        } else {
            std::io::copy(&mut content, &mut std::io::sink())?;
        }
        let size = i64::try_from(size)?;
        Ok(Blob { size, text })
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Starts a long-running command, to be read.
pub fn start(mut command: Command) -> Result<(Child, BufReader<ChildStdout>)> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| no_git(&error))?;
    let output = child.stdout.take().ok_or("git has no output")?;
    Ok((child, BufReader::with_capacity(1 << 17, output)))
}

fn git() -> Command {
    let mut command = Command::new("git");
    for name in ELSEWHERE {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// Git in a folder, without any settings of whoever runs the program.
pub fn isolated(folder: &Path) -> Command {
    let mut command = git();
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"GIT_") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder);
    command.env("GIT_CONFIG_NOSYSTEM", "1");
    command.env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.env("GIT_ATTR_NOSYSTEM", "1");
    // What it says is looked at.
    command.env("LC_ALL", "C");
    command
}

fn no_git(error: &std::io::Error) -> String {
    format!("`git` cannot be started: {error}")
}

/// What a command prints, if it ends well.
fn output(command: Command) -> Result<Vec<u8>> {
    outcome(command)?.ok()
}

/// How a command ended.
#[derive(Debug)]
pub struct Outcome {
    output: Output,
    command: String,
}

/// Runs a command to its end.
///
/// # Errors
/// If there is no git.
pub fn outcome(mut command: Command) -> Result<Outcome> {
    let output = command.output().map_err(|error| no_git(&error))?;
    let args: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
    Ok(Outcome {
        output,
        command: args.join(" "),
    })
}

impl Outcome {
    pub fn is_success(&self) -> bool {
        self.output.status.success()
    }

    pub fn code(&self) -> Option<i32> {
        self.output.status.code()
    }

    /// What it said to people.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// What it printed.
    ///
    /// # Errors
    /// If it failed.
    pub fn ok(self) -> Result<Vec<u8>> {
        match self.is_success() {
            true => Ok(self.output.stdout),
            false => Err(format!("git {}: {}", self.command, self.said().trim()).into()),
        }
    }

    /// What it printed, as one line.
    ///
    /// # Errors
    /// If it failed.
    pub fn text(self) -> Result<String> {
        let line = self.ok()?;
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }
}
