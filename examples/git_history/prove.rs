//! Compares what the table was with what git says that it was. Git is asked
//! anew, in other words than those that the replay read.

use crate::args::Extent;
use crate::git::{Entry, Repository, Result, SUBMODULE};
use crate::log::Log;
use crate::models::{Version, files};
use crate::progress::Progress;
use crate::prove_changesets::prove_changesets;
use crate::random::Random;
use crate::store::Store;
use handleref::history::RecordNo;
use std::collections::BTreeSet;
use std::sync::mpsc::sync_channel;

/// How many files, changesets and authors are looked at closely if all commits are proved.
const FILES: usize = 500;
/// How many pairs of versions of a file are compared.
const PAIRS: usize = 4;
/// How many mismatches are kept; they are counted all.
const KEPT: usize = 20;

/// What was proved.
#[derive(Debug, Clone, Default)]
pub struct Proof {
    /// Commits of which the whole tree was compared.
    pub commits: u64,
    /// The files in those trees.
    pub states: u64,
    /// Comparisons of two versions of a file.
    pub diffs: u64,
    /// Fields of which it is known who set them.
    pub blames: u64,
    /// Commits of which the changeset was compared.
    pub changesets: u64,
    /// Authors whose changesets were counted.
    pub authors: u64,
    /// Files of which the changesets were compared.
    pub paths: u64,
    pub mismatches: u64,
    /// The first of them.
    pub shown: Vec<String>,
}

impl Proof {
    pub fn mismatch(&mut self, what: String) {
        self.mismatches += 1;
        if self.shown.len() < KEPT {
            self.shown.push(what);
        }
    }
}

/// Proves the trees of commits, then the histories of files, then the
/// changesets.
///
/// # Errors
/// If git or the database fails; a mismatch is no error.
pub fn prove<S: Store>(
    repository: &Repository,
    store: &mut S,
    extent: Extent,
    content_limit: u64,
    seed: u64,
) -> Result<Proof> {
    let mut random = Random::new(seed);
    let mut proof = Proof::default();
    let commits = store.commits()?;
    let chosen = match extent {
        Extent::All => commits.clone(),
        Extent::Sample(count) => {
            let mut places = random.sample(commits.len(), count.saturating_sub(2));
            places.extend((!commits.is_empty()).then_some(0));
            places.extend(commits.len().checked_sub(1));
            places.into_iter().map(|at| commits[at].clone()).collect()
        }
    };
    trees(repository, store, &chosen, &mut proof)?;

    let paths = store.paths()?;
    let count = match extent {
        Extent::All => FILES,
        Extent::Sample(count) => count,
    };
    let chosen = random.sample(paths.len(), count);
    let mut progress = Progress::new("proving files", chosen.len() as u64);
    let mut files = Files {
        repository,
        commits: &commits,
        content_limit,
    };
    for at in chosen {
        files.prove(store, &paths[at], &mut random, &mut proof)?;
        progress.step();
    }
    drop(progress);
    prove_changesets(repository, store, count, &mut random, &mut proof)?;
    Ok(proof)
}

/// Compares the table as of each commit with `git ls-tree`, which runs a few
/// commits ahead on a thread of its own.
fn trees<S: Store>(
    repository: &Repository,
    store: &mut S,
    commits: &[(String, Option<i64>)],
    proof: &mut Proof,
) -> Result<()> {
    let mut progress = Progress::new("proving commits", commits.len() as u64);
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(2);
        scope.spawn(move || {
            for (id, _) in commits {
                // Nobody listens any more after an error.
                if sender.send(repository.tree(id)).is_err() {
                    break;
                }
            }
        });
        for ((id, record_no), expected) in commits.iter().zip(receiver) {
            let expected = expected?;
            // Before the first record there is no past to be asked for.
            let found = match record_no {
                Some(record_no) => store.tree(RecordNo(*record_no))?,
                None => Vec::new(),
            };
            proof.commits += 1;
            proof.states += expected.len() as u64;
            compare(id, &expected, &found, proof);
            progress.step();
        }
        Ok(())
    })
}

/// Both sides are sorted.
fn compare(commit: &str, expected: &[Entry], found: &[Entry], proof: &mut Proof) {
    if expected == found {
        return;
    }
    let [in_git, in_table]: [BTreeSet<&Entry>; 2] =
        [expected, found].map(|side| side.iter().collect());
    for entry in in_git.difference(&in_table) {
        proof.mismatch(format!("{commit}: only git has {entry:?}"));
    }
    for entry in in_table.difference(&in_git) {
        proof.mismatch(format!("{commit}: only the table has {entry:?}"));
    }
    if in_git == in_table {
        proof.mismatch(format!("{commit}: the table has a file twice"));
    }
}

/// What is needed to prove the history of a file.
struct Files<'a> {
    repository: &'a Repository,
    commits: &'a [(String, Option<i64>)],
    content_limit: u64,
}

impl Files<'_> {
    fn prove<S: Store>(
        &mut self,
        store: &mut S,
        path: &str,
        random: &mut Random,
        proof: &mut Proof,
    ) -> Result<()> {
        let versions = store.versions(path)?;
        let numbers = versions.iter().map(|version| version.version);
        if !numbers.eq(1..=versions.len() as i64) {
            proof.mismatch(format!(
                "{path}: the versions are not 1, 2, ..: {versions:?}"
            ));
        }
        let living: Vec<&Version> = versions.iter().filter(|version| !version.deleted).collect();
        if living.len() > 1 {
            for _ in 0..PAIRS {
                let from = random.below(living.len());
                // Another one.
                let step = 1 + random.below(living.len() - 1);
                let to = (from + step) % living.len();
                self.diff(store, path, living[from], living[to], proof)?;
            }
        }
        if !living.is_empty() {
            let version = living[random.below(living.len())];
            self.content(store, path, version, proof)?;
        }
        self.blame(store, path, versions.last(), proof)
    }

    /// The commit that wrote a record.
    fn commit(&self, record: i64) -> Result<&str> {
        let at = self
            .commits
            .partition_point(|(_, last)| *last < Some(record));
        let commit = self.commits.get(at);
        let (id, _) = commit.ok_or("there is a record after the last commit")?;
        Ok(id)
    }

    /// Whether the library and git say the same of two versions.
    fn diff<S: Store>(
        &self,
        store: &mut S,
        path: &str,
        from: &Version,
        to: &Version,
        proof: &mut Proof,
    ) -> Result<()> {
        let [old, new] = [self.commit(from.record)?, self.commit(to.record)?];
        let by_git = self.repository.difference(old, new, path)?;
        let file = store.version(path, from.version)?;
        let diff = store.diff(&file, from.version, to.version)?;
        let values = |change: Option<&handleref::history::FieldChange>| {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            change.map(|change| (text(&change.old), text(&change.new)))
        };
        let (mode, object) = (
            values(diff.get(files::mode)),
            values(diff.get(files::object)),
        );
        let [git_mode, git_object] = match &by_git {
            None => [None, None],
            Some([old, new]) => [(&old.0, &new.0), (&old.1, &new.1)]
                .map(|(old, new)| (old != new).then(|| (old.clone(), new.clone()))),
        };
        proof.diffs += 1;
        let same = mode == git_mode && object == git_object;
        // Size and text go with the object; there may be no change without these two.
        if !same || diff.is_empty() != by_git.is_none() {
            let (from, to) = (from.version, to.version);
            proof.mismatch(format!(
                "{path}, versions {from} ({old}) and {to} ({new}): the diff is {:?}, that of git {by_git:?}",
                diff.changed_fields()
            ));
        }
        Ok(())
    }

    /// Whether a version has the text that its object has.
    fn content<S: Store>(
        &self,
        store: &mut S,
        path: &str,
        version: &Version,
        proof: &mut Proof,
    ) -> Result<()> {
        let file = store.version(path, version.version)?;
        let text = match file.mode == SUBMODULE {
            true => None,
            false => {
                self.repository
                    .objects()?
                    .read(&file.object, self.content_limit)?
                    .text
            }
        };
        if file.content != text || file.version != version.version {
            let number = version.version;
            proof.mismatch(format!(
                "{path}, version {number}: this was another text, or version"
            ));
        }
        Ok(())
    }

    /// Whether mode and object of a file that there still is were set by the
    /// last commit that changed them.
    fn blame<S: Store>(
        &self,
        store: &mut S,
        path: &str,
        last: Option<&Version>,
        proof: &mut Proof,
    ) -> Result<()> {
        let (Some(file), Some((head, _))) = (store.now(path)?, self.commits.last()) else {
            if last.is_none_or(|last| !last.deleted) {
                proof.mismatch(format!("{path}: gone, but not deleted by its last record"));
            }
            return Ok(());
        };
        if last.is_none_or(|last| last.deleted || last.version != file.version) {
            let version = file.version;
            proof.mismatch(format!(
                "{path}: in version {version}, but its last record is {last:?}"
            ));
        }
        let blames = store.blame(&file)?;
        let setters = self.setters(head, path)?;
        for (field, by_git) in ["mode", "object"].into_iter().zip(setters) {
            let blame = blames.iter().find(|blame| blame.field == field);
            let by_library = blame.map(|blame| self.commit(blame.record)).transpose()?;
            proof.blames += 1;
            if by_library != by_git.as_deref() {
                proof.mismatch(format!(
                    "{path}: {field} was set by {by_library:?}, and by git in {by_git:?}"
                ));
            }
        }
        Ok(())
    }

    /// The last commits that changed the mode and the object of a file.
    fn setters(&self, head: &str, path: &str) -> Result<[Option<String>; 2]> {
        let mut setters = [None, None];
        let mut log = Log::backward(self.repository, head, path)?;
        while let Some(commit) = log.next()? {
            let touches = commit.changes.iter().find(|change| change.path == path);
            let Some(change) = touches else { continue };
            let changed = [change.old.0 != change.new.0, change.old.1 != change.new.1];
            for (setter, changed) in setters.iter_mut().zip(changed) {
                if changed && setter.is_none() {
                    *setter = Some(commit.id.clone());
                }
            }
            if setters.iter().all(Option::is_some) {
                break;
            }
        }
        Ok(setters)
    }
}
