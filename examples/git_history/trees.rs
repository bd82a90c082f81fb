//! The three trees of an undo: before the commit, after it, and now.

use crate::git::{Entry, Result};
use crate::store::Store;
use handleref::history::RecordNo;
use std::collections::{BTreeMap, BTreeSet};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Regular,
    Link,
    Submodule,
}

impl Kind {
    fn of(mode: &str) -> Self {
        match mode {
            "120000" => Self::Link,
            "160000" => Self::Submodule,
            _ => Self::Regular,
        }
    }
}

/// The trees of an undo.
#[derive(Debug)]
pub struct Trees {
    before: BTreeMap<String, Entry>,
    after: BTreeMap<String, Entry>,
    now: BTreeMap<String, Entry>,
}

/// The objects of the base, of ours and of theirs, as a merge calls them: what
/// the commit made, what is now, and what was before.
pub type Sides<'a> = [Option<&'a str>; 3];

impl Trees {
    /// Reads what the table was after two records.
    ///
    /// # Errors
    /// If the database fails.
    pub fn load<S: Store>(
        store: &mut S,
        [before, after]: [Option<i64>; 2],
        now: &[Entry],
    ) -> Result<Self> {
        let mut tree = |record: Option<i64>| match record {
            Some(record) => store.tree(RecordNo(record)),
            None => Ok(Vec::new()),
        };
        let by_path = |tree: Vec<Entry>| {
            let entries = tree.into_iter();
            entries.map(|entry| (entry.path.clone(), entry)).collect()
        };
        Ok(Self {
            before: by_path(tree(before)?),
            after: by_path(tree(after)?),
            now: by_path(now.to_vec()),
        })
    }

    fn of(&self, path: &str) -> [Option<&Entry>; 3] {
        [&self.after, &self.now, &self.before].map(|tree| tree.get(path))
    }

    /// The contents of a file that git would merge: all three are files.
    pub fn texts(&self, path: &str) -> Option<Sides<'_>> {
        let sides = self.of(path);
        let is_file =
            |side: &Option<&Entry>| side.is_some_and(|it| Kind::of(&it.mode) == Kind::Regular);
        sides
            .iter()
            .all(is_file)
            .then(|| sides.map(|side| side.map(|it| &*it.object)))
    }

    /// The contents of a file that the commit deleted, and that is there again:
    /// for git two files that were made under one name.
    pub fn made_twice(&self, path: &str) -> Option<Sides<'_>> {
        let [None, Some(now), Some(before)] = self.of(path) else {
            return None;
        };
        let is_file = now.mode == before.mode && Kind::of(&now.mode) == Kind::Regular;
        is_file.then_some([None, Some(&*now.object), Some(&*before.object)])
    }

    /// Why git may refuse to make this tree, and the table not: rows know
    /// neither directories, nor what a file is.
    pub fn reasons(&self, tree: &[Entry]) -> Vec<String> {
        let paths: BTreeSet<&str> = tree.iter().map(|entry| &*entry.path).collect();
        let mut reasons = Vec::new();
        for path in &paths {
            let mut above = path.match_indices('/').map(|(at, _)| &path[..at]);
            if let Some(file) = above.find(|above| paths.contains(above)) {
                reasons.push(format!(
                    "{file} would be a file and the directory of {path}"
                ));
            }
        }
        for path in self.now.keys() {
            let [Some(after), Some(now), Some(before)] = self.of(path) else {
                continue;
            };
            let [base, ours, theirs] = [after, now, before].map(|it| Kind::of(&it.mode));
            let is_changed = after != before && now != after && now != before;
            if is_changed && (base != ours || base != theirs) {
                reasons.push(format!(
                    "{path} was {theirs:?}, the commit made it {base:?}, and it is {ours:?} now; \
                     git does not merge these, the table does it field by field"
                ));
            }
        }
        reasons
    }
}

/// What only one of two sorted trees has.
pub fn differences(one: &str, left: &[Entry], other: &str, right: &[Entry]) -> Vec<String> {
    let [left, right]: [BTreeSet<&Entry>; 2] = [left, right].map(|it| it.iter().collect());
    let only = |name: &str, entry: &&Entry| format!("only {name} has {entry:?}");
    let mut found: Vec<String> = left
        .difference(&right)
        .map(|entry| only(one, entry))
        .collect();
    found.extend(right.difference(&left).map(|entry| only(other, entry)));
    found
}
