//! What git says of commits, in other words than those that the replay read.

use crate::git::{Repository, Result, Side, outcome, raw_line};
use crate::log::{Kind, Log, actor, comment, time};
use crate::path;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// Who made a commit, when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    pub actor: String,
    pub at: DateTime<Utc>,
    pub comment: String,
}

/// What a commit made of files, by their path: mode and object if it is there.
pub type Changed = BTreeMap<String, (Kind, Option<Side>)>;

impl Repository {
    /// # Errors
    /// If git does not tell.
    pub fn described(&self, commit: &str) -> Result<Described> {
        let mut log = self.command("log");
        log.args(["-1", "--no-patch", "--no-show-signature", "--no-notes"]);
        log.args(["--no-color", "--encoding=UTF-8"]);
        log.args(["--format=%an <%ae>%x00%at%x00%B%x00", commit, "--"]);
        let said = outcome(log)?.ok()?;
        let said = String::from_utf8_lossy(&said);
        let mut fields = said.split('\0');
        let mut next = || fields.next().unwrap_or_default();
        Ok(Described {
            actor: actor(next()),
            at: time(next().parse().unwrap_or(0)),
            comment: comment(next()).to_owned(),
        })
    }

    /// What a commit changed against its first parent.
    ///
    /// # Errors
    /// If git does not tell.
    pub fn changed(&self, commit: &str) -> Result<Changed> {
        let mut diff = self.command("diff-tree");
        diff.args(["-r", "-z", "--no-renames", "--ignore-submodules=none"]);
        diff.args(["--no-commit-id", "--root"]);
        let is_root = self.parents(commit)? == 0;
        diff.args((!is_root).then(|| format!("{commit}^1")));
        diff.args([commit, "--"]);
        let raw = outcome(diff)?.ok()?;
        let mut tokens = raw.split(|byte| *byte == 0);
        let mut changed = Changed::new();
        while let (Some(line), Some(name)) = (tokens.next(), tokens.next()) {
            let (_, new, status) = raw_line(line)?;
            let change = match status {
                b'A' => (Kind::Added, Some(new)),
                b'D' => (Kind::Deleted, None),
                _ => (Kind::Changed, Some(new)),
            };
            changed.insert(path::text(name), change);
        }
        Ok(changed)
    }

    /// The authors of the first-parent commits that changed files, and how many.
    ///
    /// # Errors
    /// If git does not tell.
    pub fn authors(&self, head: &str) -> Result<BTreeMap<String, i64>> {
        let mut log = self.command("log");
        log.args(["--first-parent", "--no-show-signature", "--no-notes", "-z"]);
        log.args(["--no-color", "--encoding=UTF-8", "--ignore-submodules=none"]);
        // A path at all is what leaves out the commits that change nothing.
        log.args(["--format=tformat:%an <%ae>", head, "--", "."]);
        let said = outcome(log)?.ok()?;
        let mut authors = BTreeMap::new();
        for author in said.split(|byte| *byte == 0).filter(|it| !it.is_empty()) {
            let author = actor(&String::from_utf8_lossy(author));
            *authors.entry(author).or_default() += 1;
        }
        Ok(authors)
    }

    /// The first-parent commits that changed a file, the oldest first.
    ///
    /// # Errors
    /// If git does not tell.
    pub fn commits_of(&self, head: &str, path: &str) -> Result<Vec<String>> {
        let mut log = Log::backward(self, head, path)?;
        let mut commits = Vec::new();
        while let Some(commit) = log.next()? {
            // Others changed what is below it while it was a directory.
            if commit.changes.iter().any(|change| change.path == path) {
                commits.push(commit.id);
            }
        }
        commits.reverse();
        Ok(commits)
    }
}
