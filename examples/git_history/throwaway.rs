//! A repository of our own in which git reverts and merges. It reads the
//! objects of the other one and writes only into itself.

use crate::git::{Entry, Objects, Repository, Result, isolated, outcome};
use crate::path;
use crate::scratch::Scratch;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;
use std::process::Command;

/// What `git revert` makes of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reverted {
    /// The tree afterwards.
    Clean(Vec<Entry>),
    /// The paths in conflict.
    Conflict(BTreeSet<String>),
}

/// A repository in a temporary folder, with a work tree.
#[derive(Debug)]
pub struct Throwaway {
    folder: Scratch,
    repository: Repository,
    head: String,
    /// The object without content.
    empty: String,
}

/// What could make two machines, or the library and git, disagree. Attributes
/// may name merge drivers and filters, which the table knows nothing of.
const ATTRIBUTES: &str =
    "* !merge !diff -text -ident -filter !working-tree-encoding !conflict-marker-size\n";
/// The name of the file in trees of which the contents are merged.
const FILE: &str = "file";
const SETTINGS: [&str; 13] = [
    "core.hooksPath=/dev/null",
    "core.autocrlf=false",
    "core.fsmonitor=false",
    "core.protectNTFS=false",
    "core.sparseCheckout=false",
    "diff.renames=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "merge.directoryRenames=false",
    "merge.renames=false",
    "rerere.enabled=false",
    "submodule.recurse=false",
    "user.name=handleref",
];

impl Throwaway {
    /// One with `head` checked out.
    ///
    /// # Errors
    /// If git fails, or `head` has paths that this file system cannot hold.
    pub fn create(of: &Repository, head: &str) -> Result<Self> {
        let folder = Scratch::create()?;
        let format = of.ask("rev-parse", &["--show-object-format"])?;
        let mut init = isolated(folder.path());
        init.args(["init", "-q", "--template=", "--object-format"]);
        init.arg(format).arg("tree");
        outcome(init)?.ok()?;
        let this = Self {
            repository: Repository::open(&folder.path().join("tree"))?,
            folder,
            head: head.to_owned(),
            empty: String::new(),
        };
        let git_dir = this.work_tree().join(".git");
        let path_of = |name| of.path_of(name).map(path::argument);
        let mut objects = path_of("objects")?.into_encoded_bytes();
        if objects.contains(&b'\n') || objects.starts_with(b"\"") {
            return Err("the path of the repository cannot be told to another one".into());
        }
        objects.push(b'\n');
        std::fs::create_dir_all(git_dir.join("info"))?;
        std::fs::create_dir(this.folder.path().join("merge"))?;
        std::fs::write(git_dir.join("objects/info/alternates"), objects)?;
        std::fs::write(git_dir.join("info/attributes"), ATTRIBUTES)?;
        let shallow = PathBuf::from(path_of("shallow")?);
        if shallow.exists() {
            std::fs::copy(shallow, git_dir.join("shallow"))?;
        }
        this.reset()?;
        let mut hash = this.command("hash-object");
        hash.args(["-w", "--stdin"]);
        let empty = outcome(hash)?.text()?;
        Ok(Self { empty, ..this })
    }

    /// A process that reads objects, those that were merged too.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn objects(&self) -> Result<Objects> {
        self.repository.objects()
    }

    /// Reverts a commit (against its first parent) on the head.
    ///
    /// # Errors
    /// If git fails; a conflict is no error.
    pub fn revert(&self, commit: &str, is_merge: bool) -> Result<Reverted> {
        // Before version 2.50 the default strategy looks for renames, whatever it
        // is told. Since then both names are those of the new one.
        let (reverted, said) = self.revert_by("recursive", commit, is_merge)?;
        match reverted {
            // Of two files made under one name the old one says that they are in
            // conflict, and then takes one if the other is empty.
            Reverted::Clean(_) if said.contains("CONFLICT") => {
                match self.revert_by("ort", commit, is_merge)?.0 {
                    Reverted::Clean(_) => Ok(reverted),
                    conflict => Ok(conflict),
                }
            }
            _ => Ok(reverted),
        }
    }

    /// What a strategy makes of it, and what it says.
    fn revert_by(
        &self,
        strategy: &str,
        commit: &str,
        is_merge: bool,
    ) -> Result<(Reverted, String)> {
        self.reset()?;
        let mut revert = self.command("revert");
        revert.args(["--no-commit", "--strategy", strategy]);
        revert.args(["-X", "no-renames", "-X", "diff-algorithm=histogram"]);
        revert.args(is_merge.then_some("--mainline=1")).arg(commit);
        let reverted = outcome(revert)?;
        if reverted.is_success() {
            let said = reverted.text()?;
            let tree = outcome(self.command("write-tree"))?.text()?;
            return Ok((Reverted::Clean(self.repository.tree(&tree)?), said));
        }
        let mut unmerged = self.command("ls-files");
        unmerged.args(["--unmerged", "-z"]);
        let unmerged = outcome(unmerged)?.ok()?;
        let names = unmerged.split(|byte| *byte == 0).filter_map(|line| {
            let tab = line.iter().position(|byte| *byte == b'\t')?;
            Some(path::text(&line[tab + 1..]))
        });
        let names: BTreeSet<String> = names.collect();
        match names.is_empty() {
            // Not a conflict, but something that has to be told.
            true => Err(reverted
                .ok()
                .err()
                .unwrap_or_else(|| "git revert failed".into())),
            false => Ok((Reverted::Conflict(names), reverted.said())),
        }
    }

    /// Merges three contents as `git revert` does; without a base two that were
    /// made from nothing. None if they are in conflict, or no text.
    ///
    /// # Errors
    /// If git fails.
    pub fn merge(&self, base: Option<&str>, ours: &str, theirs: &str) -> Result<Option<String>> {
        // Of trees with one file each, because `git merge-file` takes objects and
        // looks for differences by histograms, as `git revert` does, only since
        // version 2.44.
        let [base, ours, theirs] = self.trees([base.unwrap_or(&self.empty), ours, theirs])?;
        let mut read = self.beside("read-tree");
        read.args(["--reset", "-u", &ours]);
        outcome(read)?.ok()?;
        let mut merge = self.beside("merge-recursive");
        merge.args(["--no-renames", "--diff-algorithm=histogram"]);
        merge.args([&base, "--", &ours, &theirs]);
        let merged = outcome(merge)?;
        if merged.code() == Some(1) {
            return Ok(None);
        }
        merged.ok()?;
        let mut object = self.beside("rev-parse");
        object.arg(format!(":{FILE}"));
        outcome(object)?.text().map(Some)
    }

    /// Trees with one file each.
    fn trees(&self, objects: [&str; 3]) -> Result<[String; 3]> {
        let list = self.folder.path().join("trees");
        let listed = objects.map(|object| format!("100644 blob {object}\t{FILE}\n"));
        std::fs::write(&list, listed.join("\n"))?;
        let mut make = self.command("mktree");
        make.arg("--batch").stdin(File::open(&list)?);
        let made = outcome(make)?.text()?;
        let trees: Vec<String> = made.lines().map(str::to_owned).collect();
        trees
            .try_into()
            .map_err(|_| format!("git mktree wrote {made:?}, which is not understood").into())
    }

    fn reset(&self) -> Result<()> {
        let mut reset = self.command("reset");
        reset.args(["--quiet", "--hard", &self.head]);
        outcome(reset)?.ok()?;
        let mut clean = self.command("clean");
        clean.args(["--quiet", "-ffdx"]);
        outcome(clean)?.ok()?;
        Ok(())
    }

    /// A command with a work tree and an index of its own.
    fn beside(&self, name: &str) -> Command {
        let mut command = self.command(name);
        command.env("GIT_DIR", self.work_tree().join(".git"));
        command.env("GIT_WORK_TREE", self.folder.path().join("merge"));
        command.env("GIT_INDEX_FILE", self.folder.path().join("merge.index"));
        command
    }

    fn work_tree(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    fn command(&self, name: &str) -> Command {
        let mut command = isolated(&self.work_tree());
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command.args(["-c", "user.email=handleref@example.org", name]);
        command
    }
}
