//! Compares the changesets with what git says of the commits.

use crate::asked::{Changed, Described};
use crate::git::{Repository, Result};
use crate::log::Kind;
use crate::progress::Progress;
use crate::prove::Proof;
use crate::random::Random;
use crate::store::Store;
use handleref::Changeset;
use handleref::changeset::State;
use handleref::changeset::{Changes, ObjectChange};

/// Proves the changesets of `count` commits, then those of as many authors and
/// of as many files.
///
/// # Errors
/// If git or the database fails; a mismatch is no error.
pub fn prove_changesets<S: Store>(
    repository: &Repository,
    store: &mut S,
    count: usize,
    random: &mut Random,
    proof: &mut Proof,
) -> Result<()> {
    let commits = store.commits()?;
    let Some((head, _)) = commits.last() else {
        return Ok(());
    };
    let chosen = random.sample(commits.len(), count);
    let mut progress = Progress::new("proving changesets", chosen.len() as u64);
    for (id, _) in chosen.into_iter().map(|at| &commits[at]) {
        commit(repository, store, id, proof)?;
        progress.step();
    }
    let authors: Vec<(String, i64)> = repository.authors(head)?.into_iter().collect();
    for at in random.sample(authors.len(), count) {
        let (author, by_git) = &authors[at];
        let by_library = store.changesets_by(author)?;
        proof.authors += 1;
        if by_library != *by_git {
            proof.mismatch(format!(
                "{author}: {by_library} changesets, and by git {by_git} commits"
            ));
        }
    }
    let paths = store.paths()?;
    let chosen = random.sample(paths.len(), count);
    let mut progress = Progress::new("proving the changesets of files", chosen.len() as u64);
    for path in chosen.into_iter().map(|at| &paths[at]) {
        let (by_library, by_git) = (store.commits_of(path)?, repository.commits_of(head, path)?);
        proof.paths += 1;
        if by_library != by_git {
            proof.mismatch(format!(
                "{path}: changed by {by_library:?}, and by git in {by_git:?}"
            ));
        }
        progress.step();
    }
    Ok(())
}

/// What the changeset of a commit says, and what it changed.
fn commit<S: Store>(
    repository: &Repository,
    store: &mut S,
    id: &str,
    proof: &mut Proof,
) -> Result<()> {
    let by_git = repository.changed(id)?;
    let found = store.changesets(id)?;
    proof.changesets += 1;
    let [changeset] = &*found else {
        if !(found.is_empty() && by_git.is_empty()) {
            let count = found.len();
            proof.mismatch(format!("{id}: {count} changesets"));
        }
        return Ok(());
    };
    let (said, described) = (described(changeset), repository.described(id)?);
    if said.as_ref() != Some(&described) {
        proof.mismatch(format!("{id}: {said:?}, and by git {described:?}"));
    }
    let by_library = changed(&store.changes(changeset)?);
    if !agree(&by_library, &by_git) {
        proof.mismatch(format!(
            "{id}: changed {by_library:?}, and by git {by_git:?}"
        ));
    }
    Ok(())
}

fn described(changeset: &Changeset) -> Option<Described> {
    Some(Described {
        actor: changeset.actor.as_ref()?.to_string(),
        at: changeset.at,
        comment: changeset.comment.clone()?,
    })
}

/// A file that a changeset changed, and the values of mode and object as far
/// as they changed.
type Told = (String, Option<Kind>, [Option<String>; 2]);

fn changed(changes: &Changes) -> Vec<Told> {
    let value = |change: &ObjectChange, field| {
        let value = change.value(field)?;
        value.new.as_str().map(str::to_owned)
    };
    let mut told: Vec<Told> = changes
        .iter()
        .map(|change| {
            let kind = match change.state {
                None => Some(Kind::Changed),
                Some(State::Added) => Some(Kind::Added),
                Some(State::Deleted) => Some(Kind::Deleted),
                Some(_) => None,
            };
            let values = ["mode", "object"].map(|field| value(change, field));
            (change.object.key.clone(), kind, values)
        })
        .collect();
    told.sort_by(|one, other| one.0.cmp(&other.0));
    told
}

fn agree(told: &[Told], by_git: &Changed) -> bool {
    // A value that is not told did not change.
    let is = |told: &Option<String>, new: &String| told.as_ref().is_none_or(|it| it == new);
    let mut both = told.iter().zip(by_git);
    let all = both.all(|((path, kind, [mode, object]), (name, (status, new)))| {
        let values = match new {
            Some((new_mode, new_object)) => {
                let is_told = mode.is_some() || object.is_some();
                is_told && is(mode, new_mode) && is(object, new_object)
            }
            None => mode.is_none() && object.is_none(),
        };
        path == name && *kind == Some(*status) && values
    });
    told.len() == by_git.len() && all
}
