//! Undoes the commit that the command line names, and samples.

use crate::args::Args;
use crate::git::{Repository, Result};
use crate::progress::Progress;
use crate::random::Random;
use crate::store::Store;
use crate::undo::{Undoing, Verdict};
use std::collections::BTreeSet;
use std::time::Instant;

/// What came of several undos.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    pub same: u64,
    pub both_refuse: u64,
    pub only_git: u64,
    pub mismatches: u64,
    /// Commits that changed nothing.
    pub empty: u64,
    /// Contents that were merged.
    pub merged: u64,
    /// What is to be told.
    pub told: Vec<String>,
}

/// Undoes and tells; whether all is as it should be.
///
/// # Errors
/// If git or the database fails, or the named commit was not replayed.
pub fn undo_samples<S: Store>(args: &Args, repository: &Repository, store: &mut S) -> Result<bool> {
    if args.undo.is_none() && args.undo_samples == 0 {
        return Ok(true);
    }
    let mut undoing = Undoing::new(repository, store, args.content_limit)?;
    let mut all_well = true;
    if let Some(meant) = &args.undo {
        let id = repository.commit(meant)?;
        let at = undoing.place(&id).ok_or_else(|| {
            format!("{id} is none of the commits that were replayed; they are first parents")
        })?;
        match undoing.undo(store, at)? {
            None => println!("{id} changed no file"),
            Some(undone) => {
                all_well = !matches!(undone.verdict, Verdict::Mismatch(_));
                println!("{}", undone.plan);
                println!("{}", sentence(&undone.verdict));
            }
        }
    }
    if args.undo_samples > 0 {
        let started = Instant::now();
        let mut random = Random::new(args.seed);
        let chosen = choose(undoing.len(), args.undo_samples, &mut random);
        let tally = undo_all(&mut undoing, store, &chosen)?;
        for line in &tally.told {
            eprintln!("  {line}");
        }
        println!(
            "undid {} commits in {:.1} s: {} as git did ({} contents merged), {} in conflict as in git, \
             {} in conflict only for git; {} mismatches",
            chosen.len() as u64 - tally.empty,
            started.elapsed().as_secs_f64(),
            tally.same,
            tally.merged,
            tally.both_refuse,
            tally.only_git,
            tally.mismatches
        );
        all_well &= tally.mismatches == 0;
    }
    Ok(all_well)
}

/// Of old commits most are in conflict with what came after them, so half of
/// the samples are new ones.
fn choose(commits: usize, count: usize, random: &mut Random) -> BTreeSet<usize> {
    let newest = (commits / 10).max(1).min(commits);
    let mut chosen: BTreeSet<usize> = random
        .sample(newest, count / 2)
        .into_iter()
        .map(|at| commits - newest + at)
        .collect();
    while chosen.len() < count.min(commits) {
        chosen.insert(random.below(commits));
    }
    chosen
}

/// Undoes these commits, one after the other, each on the same head.
///
/// # Errors
/// If git or the database fails.
pub fn undo_all<S: Store>(
    undoing: &mut Undoing<'_>,
    store: &mut S,
    chosen: &BTreeSet<usize>,
) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut progress = Progress::new("undoing", chosen.len() as u64);
    for at in chosen {
        let undone = undoing.undo(store, *at)?;
        progress.step();
        let Some(undone) = undone else {
            tally.empty += 1;
            continue;
        };
        tally.merged += undone.merged as u64;
        let count = match &undone.verdict {
            Verdict::Same => &mut tally.same,
            Verdict::BothRefuse => &mut tally.both_refuse,
            Verdict::OnlyGit(_) => &mut tally.only_git,
            Verdict::Mismatch(_) => &mut tally.mismatches,
        };
        *count += 1;
        if matches!(undone.verdict, Verdict::OnlyGit(_) | Verdict::Mismatch(_)) {
            let id = undoing.id(*at).unwrap_or_default();
            tally
                .told
                .push(format!("{id}: {}", sentence(&undone.verdict)));
        }
    }
    Ok(tally)
}

fn sentence(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Same => {
            "applied: the tree is that of `git revert`; and undone again: that of the head".into()
        }
        Verdict::BothRefuse => "refused, and `git revert` is in conflict too".into(),
        Verdict::OnlyGit(reasons) => {
            format!(
                "applied, but `git revert` is in conflict: {}",
                reasons.join("; ")
            )
        }
        Verdict::Mismatch(wrong) => format!("MISMATCH: {}", wrong.join("; ")),
    }
}
