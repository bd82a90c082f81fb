//! The history of a repository, read from one `git log`.

use crate::git::{Repository, Result, Side, raw_line, start};
use crate::path;
use chrono::{DateTime, Utc};
use handleref::Changeset;
use handleref::changeset::ChangesetMeta;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout};

/// A commit of the first-parent history.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    pub id: String,
    pub author: String,
    pub email: String,
    /// Seconds since 1970.
    pub authored_at: i64,
    pub message: String,
    /// What it changed against its first parent.
    pub changes: Vec<Change>,
}

impl Commit {
    /// What is written about it: by whom, why and when.
    pub fn meta(&self) -> ChangesetMeta {
        Changeset::by(actor(&format!("{} <{}>", self.author, self.email)))
            .comment(comment(&self.message))
            .correlation(&*self.id)
            .at(time(self.authored_at))
    }
}

/// The author as the actor of a changeset, of which MySQL keeps 191 characters.
pub fn actor(author: &str) -> String {
    author.chars().take(191).collect()
}

/// The message as the comment of a changeset.
pub fn comment(message: &str) -> &str {
    message.trim_end()
}

/// A time that all engines can store; git itself takes any number.
pub fn time(seconds: i64) -> DateTime<Utc> {
    const END_OF_9999: i64 = 253_402_300_799;
    DateTime::from_timestamp(seconds.clamp(0, END_OF_9999), 0).unwrap_or_default()
}

/// What a commit did to one file.
#[derive(Debug, Clone)]
pub struct Change {
    pub path: String,
    pub kind: Kind,
    /// The file before it; meaningless if it is added.
    pub old: Side,
    /// The file after it; meaningless if it is deleted.
    pub new: Side,
}

/// How a file changed. There are no renames: one file goes, another comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Added,
    Changed,
    Deleted,
}

/// The first byte of a commit's first field; lines of changes begin with a colon.
const COMMIT: u8 = 1;

/// `git log`, a commit at a time.
#[derive(Debug)]
pub struct Log {
    child: Child,
    output: BufReader<ChildStdout>,
    /// The first field of the next commit, which ended the one before.
    next: Option<Vec<u8>>,
}

impl Log {
    /// From the root to HEAD.
    ///
    /// # Errors
    /// If git cannot be started.
    pub fn forward(repository: &Repository) -> Result<Self> {
        Self::start(repository, "HEAD", &["--reverse"], None)
    }

    /// From a commit back, only what touched this path (or, while it was a
    /// directory, something below it).
    ///
    /// # Errors
    /// If git cannot be started.
    pub fn backward(repository: &Repository, from: &str, path: &str) -> Result<Self> {
        Self::start(repository, from, &[], Some(path))
    }

    fn start(
        repository: &Repository,
        from: &str,
        more: &[&str],
        path: Option<&str>,
    ) -> Result<Self> {
        let mut command = repository.command("log");
        command.args([
            "--first-parent",
            "--diff-merges=first-parent",
            "--raw",
            "-z",
        ]);
        command.args([
            "--no-renames",
            "--no-abbrev",
            "--no-relative",
            "--ignore-submodules=none",
        ]);
        command.args([
            "--no-show-signature",
            "--no-notes",
            "--no-color",
            "--encoding=UTF-8",
        ]);
        command.arg("--format=tformat:%x01%H%x00%an%x00%ae%x00%at%x00%B%x00");
        command.args(more).args([from, "--"]);
        command.args(path.map(|path| path::argument(path::bytes(path))));
        let (child, output) = start(command)?;
        let mut log = Self {
            child,
            output,
            next: None,
        };
        log.next = log.token()?;
        Ok(log)
    }

    /// The next commit.
    ///
    /// # Errors
    /// If git fails, or writes what is not understood.
    pub fn next(&mut self) -> Result<Option<Commit>> {
        let Some(first) = self.next.take() else {
            let status = self.child.wait()?;
            return match status.success() {
                true => Ok(None),
                false => Err(format!("git log ended early, with {status}").into()),
            };
        };
        let id = first.strip_prefix(&[COMMIT]).unwrap_or(&first);
        let mut commit = Commit {
            id: String::from_utf8_lossy(id).into_owned(),
            author: self.text()?,
            email: self.text()?,
            // A commit may have no date that git understands.
            authored_at: self.text()?.parse().unwrap_or(0),
            message: self.text()?,
            changes: Vec::new(),
        };
        while let Some(token) = self.token()? {
            let token = token.strip_prefix(b"\n").unwrap_or(&token);
            match token.first() {
                None => {}
                Some(&COMMIT) => {
                    self.next = Some(token.to_vec());
                    break;
                }
                Some(_) => commit.changes.push(self.change(token)?),
            }
        }
        Ok(Some(commit))
    }

    fn change(&mut self, line: &[u8]) -> Result<Change> {
        let (old, new, status) = raw_line(line)?;
        let path = path::text(&self.token()?.ok_or("git log ended within a change")?);
        let kind = match status {
            b'A' => Kind::Added,
            b'M' | b'T' => Kind::Changed,
            b'D' => Kind::Deleted,
            other => return Err(format!("git says {:?} of {path}", char::from(other)).into()),
        };
        Ok(Change {
            path,
            kind,
            old,
            new,
        })
    }

    fn text(&mut self) -> Result<String> {
        let token = self.token()?.ok_or("git log ended within a commit")?;
        Ok(String::from_utf8_lossy(&token).into_owned())
    }

    /// What is up to the next zero; none at the end.
    fn token(&mut self) -> Result<Option<Vec<u8>>> {
        let mut token = Vec::new();
        if self.output.read_until(0, &mut token)? == 0 {
            return Ok(None);
        }
        if token.last() == Some(&0) {
            token.pop();
        }
        Ok(Some(token))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        // It may have more to say, which nobody wants to hear.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
