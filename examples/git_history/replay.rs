//! Writes the history of a repository into the table, commit by commit.

use crate::git::{Objects, Repository, Result, SUBMODULE};
use crate::log::{Change, Commit, Kind, Log};
use crate::models::{Replayed, State};
use crate::progress::Progress;
use crate::store::Store;

/// What was replayed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub commits: u64,
    pub inserts: u64,
    pub updates: u64,
    pub deletes: u64,
}

/// Replays the first `limit` commits; each is one transaction, and one
/// changeset if it changes anything.
///
/// # Errors
/// If git fails, or the database, or they do not agree about what there is.
pub fn replay<S: Store>(
    repository: &Repository,
    store: &mut S,
    limit: Option<u64>,
    content_limit: u64,
) -> Result<Counts> {
    let limit = limit.unwrap_or(u64::MAX).min(repository.count()?);
    let mut objects = repository.objects()?;
    let mut log = Log::forward(repository)?;
    let mut progress = Progress::new("replaying", limit);
    let mut counts = Counts::default();
    // A commit that changes nothing has the record of the one before it.
    let mut record_no = None;
    while counts.commits < limit {
        let Some(commit) = log.next()? else { break };
        let written = store.record(commit.meta(), |store| {
            write_commit(&commit, store, &mut objects, content_limit, &mut counts)?;
            if !commit.changes.is_empty() {
                record_no = store.last_record()?;
            }
            counts.commits += 1;
            store.add_commit(&Replayed {
                number: i64::try_from(counts.commits)?,
                id: commit.id.clone(),
                record_no,
            })
        });
        written.map_err(|error| format!("commit {}: {error}", commit.id))?;
        progress.step();
    }
    Ok(counts)
}

fn write_commit<S: Store>(
    commit: &Commit,
    store: &mut S,
    objects: &mut Objects,
    content_limit: u64,
    counts: &mut Counts,
) -> Result<()> {
    for change in &commit.changes {
        let written = match change.kind {
            Kind::Deleted => {
                counts.deletes += 1;
                store.delete(&change.path)
            }
            Kind::Added | Kind::Changed => {
                write_file(change, store, objects, content_limit, counts)
            }
        };
        let rows = written.map_err(|error| format!("{}: {error}", change.path))?;
        if rows != 1 {
            let (path, kind) = (&change.path, change.kind);
            return Err(format!("{path}: {kind:?}, by git, and {rows} rows in the table").into());
        }
    }
    Ok(())
}

fn write_file<S: Store>(
    change: &Change,
    store: &mut S,
    objects: &mut Objects,
    content_limit: u64,
    counts: &mut Counts,
) -> Result<usize> {
    let (mode, object) = &change.new;
    let blob = match mode == SUBMODULE {
        true => None,
        false => Some(objects.read(object, content_limit)?),
    };
    let state = State {
        path: &change.path,
        mode,
        size: blob.as_ref().map(|blob| blob.size),
        object,
        content: blob.as_ref().and_then(|blob| blob.text.as_deref()),
    };
    if change.kind == Kind::Added {
        counts.inserts += 1;
        store.insert(&state)
    } else {
        counts.updates += 1;
        store.update(&state)
    }
}
