//! Undoes commits by plan, and compares with what `git revert` makes of them.
//!
//! The library undoes field by field. A content that was changed again is a
//! conflict, which is answered as git does: by a merge of the two contents.

use crate::git::{Entry, Objects, Repository, Result};
use crate::models::Merged;
use crate::store::Store;
use crate::throwaway::{Reverted, Throwaway};
use crate::trees::{Trees, differences};
use handleref::changeset::{ChangesetNo, UndoPlan};
use handleref::history::Conflict;

/// What came of an undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Both did it, and the trees are the same.
    Same,
    /// Both refuse.
    BothRefuse,
    /// Git refuses for a reason that rows do not have.
    OnlyGit(Vec<String>),
    /// They disagree.
    Mismatch(Vec<String>),
}

/// An undo that was tried out.
#[derive(Debug, Clone)]
pub struct Undone {
    /// The plan, as the library shows it.
    pub plan: String,
    /// Files whose contents were merged.
    pub merged: usize,
    pub verdict: Verdict,
}

/// What is needed to undo commits.
#[derive(Debug)]
pub struct Undoing<'a> {
    repository: &'a Repository,
    throwaway: Throwaway,
    objects: Objects,
    content_limit: u64,
    commits: Vec<(String, Option<i64>)>,
    head: Vec<Entry>,
}

impl<'a> Undoing<'a> {
    /// On the last commit that was replayed.
    ///
    /// # Errors
    /// If git or the database fails.
    pub fn new<S: Store>(
        repository: &'a Repository,
        store: &mut S,
        content_limit: u64,
    ) -> Result<Self> {
        let commits = store.commits()?;
        let (head, _) = commits.last().ok_or("there is no commit to undo")?;
        let throwaway = Throwaway::create(repository, head)
            .map_err(|error| format!("git has no place to revert commits in: {error}"))?;
        Ok(Self {
            repository,
            objects: throwaway.objects()?,
            throwaway,
            content_limit,
            head: store.tree_now()?,
            commits,
        })
    }

    /// How many commits there are to undo.
    pub fn len(&self) -> usize {
        self.commits.len()
    }

    /// The place of a commit by its name.
    pub fn place(&self, id: &str) -> Option<usize> {
        self.commits.iter().position(|(commit, _)| commit == id)
    }

    pub fn id(&self, at: usize) -> Option<&str> {
        self.commits.get(at).map(|(id, _)| &**id)
    }

    /// Undoes the commit at a place, and the undo again. All of it is rolled
    /// back, so that the history stays that of the repository. None if the
    /// commit changed nothing.
    ///
    /// # Errors
    /// If git or the database fails; a mismatch is no error.
    pub fn undo<S: Store>(&mut self, store: &mut S, at: usize) -> Result<Option<Undone>> {
        let (id, record_no) = self
            .commits
            .get(at)
            .ok_or("there is no such commit")?
            .clone();
        let tried = store.try_out(|store| {
            let Some(changeset) = store.changesets(&id)?.pop() else {
                return Ok(None);
            };
            let before = at.checked_sub(1).and_then(|at| self.commits.get(at)?.1);
            let trees = Trees::load(store, [before, record_no], &self.head)?;
            let is_merge = self.repository.parents(&id)? > 1;
            let reverted = self.throwaway.revert(&id, is_merge)?;
            self.compare(store, changeset.no, &trees, &reverted)
                .map(Some)
        });
        tried.map_err(|error| format!("the undo of {id}: {error}").into())
    }

    fn compare<S: Store>(
        &mut self,
        store: &mut S,
        changeset: ChangesetNo,
        trees: &Trees,
        reverted: &Reverted,
    ) -> Result<Undone> {
        let mut plan = store.plan(changeset, &[])?;
        let merged = self.merge(&plan, trees)?;
        if !merged.is_empty() {
            plan = store.plan(changeset, &merged)?;
        }
        let is_refused = plan.blockers().next().is_some();
        let verdict = match reverted {
            Reverted::Conflict(_) if is_refused => Verdict::BothRefuse,
            Reverted::Clean(_) if is_refused => {
                let blockers = plan.blockers().map(|it| shortened(&it.to_string()));
                let blockers: Vec<String> = blockers.collect();
                let blockers = blockers.join("; ");
                Verdict::Mismatch(vec![format!("git has no conflict, but {blockers}")])
            }
            Reverted::Clean(tree) => {
                let (_, wrong) = self.apply(store, &plan, Some(tree))?;
                match wrong.is_empty() {
                    true => Verdict::Same,
                    false => Verdict::Mismatch(wrong),
                }
            }
            Reverted::Conflict(paths) => {
                let (after, mut wrong) = self.apply(store, &plan, None)?;
                let reasons = trees.reasons(&after);
                if reasons.is_empty() {
                    wrong.push(format!(
                        "git is in conflict about {paths:?}, the plan is not"
                    ));
                }
                match wrong.is_empty() {
                    true => Verdict::OnlyGit(reasons),
                    false => Verdict::Mismatch(wrong),
                }
            }
        };
        Ok(Undone {
            plan: shortened(&plan.to_string()),
            merged: merged.len(),
            verdict,
        })
    }

    /// Applies the plan, and undoes that. Gives the tree in between, and what
    /// is wrong with either.
    fn apply<S: Store>(
        &mut self,
        store: &mut S,
        plan: &UndoPlan,
        expected: Option<&Vec<Entry>>,
    ) -> Result<(Vec<Entry>, Vec<String>)> {
        let applied = store.undo(plan)?;
        let after = store.tree_now()?;
        let mut wrong = match expected {
            Some(expected) => differences("git", expected, "the table", &after),
            None => Vec::new(),
        };
        for step in &plan.steps {
            let path = &step.object.key;
            let Some(file) = store.now(path)? else {
                continue;
            };
            if file.size.is_some() {
                let blob = self.objects.read(&file.object, self.content_limit)?;
                if (file.size, &file.content) != (Some(blob.size), &blob.text) {
                    wrong.push(format!("{path}: this is not the text of {}", file.object));
                }
            }
        }
        if let Some(applied) = applied {
            let redo = store.plan(applied, &[])?;
            if redo.blockers().next().is_some() {
                wrong.push(format!(
                    "the undo cannot be undone: {}",
                    shortened(&redo.to_string())
                ));
                return Ok((after, wrong));
            }
            store.undo(&redo)?;
        }
        wrong.extend(differences(
            "the head",
            &self.head,
            "the redo",
            &store.tree_now()?,
        ));
        Ok((after, wrong))
    }

    /// Merges the contents that were changed again, as far as that is possible.
    fn merge(&mut self, plan: &UndoPlan, trees: &Trees) -> Result<Vec<Merged>> {
        let mut merged = Vec::new();
        for conflict in plan.blockers() {
            let path = &conflict.object.key;
            let sides = match &conflict.conflict {
                Conflict::EditedSince {
                    field: "object", ..
                } => trees.texts(path),
                Conflict::KeyTaken => trees.made_twice(path),
                _ => None,
            };
            let Some([base, ours, theirs]) = sides else {
                continue;
            };
            let (Some(ours), Some(theirs)) = (ours, theirs) else {
                continue;
            };
            let Some(object) = self.throwaway.merge(base, ours, theirs)? else {
                continue;
            };
            let blob = self.objects.read(&object, self.content_limit)?;
            merged.push(Merged {
                path: path.clone(),
                object,
                size: blob.size,
                content: blob.text,
            });
        }
        Ok(merged)
    }
}

/// A plan for a terminal: contents may be long.
fn shortened(plan: &str) -> String {
    const WIDTH: usize = 160;
    let line = |line: &str| match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{} ..", &line[..end]),
        None => line.to_owned(),
    };
    plan.lines().map(line).collect::<Vec<_>>().join("\n")
}
