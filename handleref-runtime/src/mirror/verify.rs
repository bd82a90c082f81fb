//! Comparing both sides, and repairing what differs.

use super::apply::Applier;
use super::models::{Found, Op};
use super::of::One;
use super::pull::{Plan, pull};
use super::rows::Walk;
use super::{Pull, digest, state};
use crate::error::Error;
use crate::session::{Session, Transaction};
use std::fmt;

/// How often a row that keeps changing is looked at again.
const ROUNDS: usize = 10;

/// What a [`verify`](super::Mirror::verify) found.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Verified {
    /// The pull before it.
    pub pull: Pull,
    /// How many rows of the source were compared.
    pub rows: u64,
    /// In how many ranges of keys.
    pub ranges: u64,
    /// How many of the ranges differed at first sight.
    pub different_ranges: u64,
    /// The rows that differ.
    pub differences: Vec<Difference>,
    /// How many of them were repaired: all, or none if that was not asked for.
    pub repaired: u64,
    /// How many rows were changed whenever they were looked at, so that nothing
    /// is known of them.
    pub unsettled: u64,
}

impl Verified {
    /// Whether nothing differed.
    ///
    /// ```text
    /// assert!(plan.verify(source, target)?.is_equal());
    /// ```
    pub fn is_equal(&self) -> bool {
        self.differences.is_empty() && self.unsettled == 0
    }
}

/// A row of the target that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// The model's name.
    pub model: &'static str,
    /// The row's key.
    pub key: String,
    /// What is wrong.
    pub kind: DifferenceKind,
}

/// What is wrong with a row of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DifferenceKind {
    /// The target does not have it.
    Missing,
    /// Only the target has it.
    Surplus,
    /// It has other values there.
    Changed,
}

/// `Article 7 was changed`
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            DifferenceKind::Missing => "is missing",
            DifferenceKind::Surplus => "is surplus",
            DifferenceKind::Changed => "was changed",
        };
        write!(f, "{} {} {what}", self.model, self.key)
    }
}

pub(super) async fn verify(
    plan: &Plan<'_>,
    source: &mut dyn Session,
    target: &mut dyn Session,
    repair: bool,
) -> Result<Verified, Error> {
    let models = &plan.models;
    let mut verified = Verified {
        pull: pull(plan, source, target).await?,
        rows: 0,
        ranges: 0,
        different_ranges: 0,
        differences: Vec::new(),
        repaired: 0,
        unsettled: 0,
    };
    let mut found = Vec::with_capacity(models.len());
    for model in models {
        let suspects = compare(plan.page, source, target, model, &mut verified).await?;
        let different = settle(plan, source, target, model, suspects, &mut verified).await?;
        found.push(different);
    }
    for (model, different) in models.iter().zip(&found) {
        let name = model.name();
        let difference = |(key, kind): &(String, DifferenceKind)| Difference {
            model: name,
            key: key.clone(),
            kind: *kind,
        };
        verified
            .differences
            .extend(different.iter().map(difference));
    }
    if repair && !verified.differences.is_empty() {
        let mut transaction = Transaction::begin(target).await?;
        let result = write(plan, source, transaction.conn(), &found).await;
        transaction.finish(result).await?;
        verified.repaired = verified.differences.len() as u64;
    }
    Ok(verified)
}

/// The keys of rows that look different.
async fn compare(
    size: u32,
    source: &mut dyn Session,
    target: &mut dyn Session,
    model: &One,
    verified: &mut Verified,
) -> Result<Vec<String>, Error> {
    let (mut suspects, mut matched) = (Vec::new(), 0);
    let mut walk = Walk::default();
    loop {
        // A range of the source's keys, and the same keys in the target: the
        // two databases may sort texts differently.
        let here = model.digest_page(source, &mut walk, size).await?;
        if here.is_empty() {
            break;
        }
        let keys: Vec<String> = here.keys().cloned().collect();
        let there = model.target_digests(target, &keys).await?;
        verified.rows += here.len() as u64;
        verified.ranges += 1;
        matched += there.len();
        if digest::of_range(&here) == digest::of_range(&there) && here.len() == there.len() {
            continue;
        }
        verified.different_ranges += 1;
        let differs = |key: &String| here.get(key) != there.get(key);
        suspects.extend(keys.into_iter().filter(differs));
    }
    let all = model.target_count(target).await?;
    if usize::try_from(all).ok() != Some(matched) {
        // Rows that only the target has; or that were new in the source.
        let mut walk = Walk::default();
        while let Some(surplus) = model.surplus(source, target, &mut walk, size).await? {
            suspects.extend(surplus.iter().map(|op| op.key.clone()));
        }
    }
    Ok(suspects)
}

/// Which suspects differ in truth, and how: they did not change, and yet they
/// differ after another pull.
async fn settle(
    plan: &Plan<'_>,
    source: &mut dyn Session,
    target: &mut dyn Session,
    model: &One,
    mut suspects: Vec<String>,
    verified: &mut Verified,
) -> Result<Vec<(String, DifferenceKind)>, Error> {
    let mut different = Vec::new();
    for _ in 0..ROUNDS {
        let mut moving = Vec::new();
        for keys in suspects.chunks(plan.page as usize) {
            let before = model.source_digests(source, keys).await?;
            pull(plan, source, target).await?;
            let there = model.target_digests(target, keys).await?;
            let after = model.source_digests(source, keys).await?;
            for key in keys {
                let (before, there, after) = (before.get(key), there.get(key), after.get(key));
                let kind = match (after, there) {
                    _ if before != after => {
                        moving.push(key.clone());
                        continue;
                    }
                    (Some(here), Some(there)) if here == there => continue,
                    (None, None) => continue,
                    (Some(_), None) => DifferenceKind::Missing,
                    (None, Some(_)) => DifferenceKind::Surplus,
                    (Some(_), Some(_)) => DifferenceKind::Changed,
                };
                different.push((key.clone(), kind));
            }
        }
        suspects = moving;
        if suspects.is_empty() {
            break;
        }
    }
    verified.unsettled += suspects.len() as u64;
    Ok(different)
}

/// Writes the rows that differ, as the source has them now.
async fn write(
    plan: &Plan<'_>,
    source: &mut dyn Session,
    target: &mut dyn Session,
    different: &[Vec<(String, DifferenceKind)>],
) -> Result<(), Error> {
    state::lock(target, plan.name).await?;
    Applier::defer(target).await?;
    let models = &plan.models;
    let mut applier = Applier::new(models);
    let size = plan.page as usize;
    for (model, rows) in models.iter().zip(different).rev() {
        let surplus = rows
            .iter()
            .filter(|(_, kind)| *kind == DifferenceKind::Surplus);
        let surplus: Vec<String> = surplus.map(|(key, _)| key.clone()).collect();
        for keys in surplus.chunks(size) {
            let gone = model.unwanted(target, keys).await?;
            applier.apply(target, &gone).await?;
        }
    }
    for (model, rows) in models.iter().zip(different) {
        let keys: Vec<String> = rows.iter().map(|(key, _)| key.clone()).collect();
        for keys in keys.chunks(size) {
            let wanted = model.wanted(source, keys).await?;
            applier.apply(target, &wanted).await?;
            let written: Vec<&Op> = wanted.iter().map(|op| &**op).collect();
            let found = model.found(target, &written).await?;
            let wrong = written
                .iter()
                .zip(found)
                .find(|(op, found)| *found != Found::Same && !applier.waits_for(op));
            if let Some((op, _)) = wrong {
                return Err(Error::Mirror {
                    what: format!("{} {}", model.name(), op.key),
                    reason:
                        "the target holds other values than those that were written; is there a \
                             trigger, such as the guard of handleref, or a column that stores less?"
                            .into(),
                });
            }
        }
    }
    applier.finish(target).await
}
