//! Every pull is exact, whatever happens in the source, and whenever.

use crate::api::Objects;
use crate::models::{Facility, Organisation};
use crate::random::Random;
use crate::schema::{facilities, organisations};
use crate::sync::{Error, Moved};
use crate::verify::Difference;
use crate::{Pair, changes, differences, generate, sync, sync_with, verify};
use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use handleref::prelude::*;

/// Random changes between the pulls and during them, with the reach of a day
/// and of a moment: every pull gives the state at its beginning, all of it.
#[test]
fn every_pull_is_exact() {
    for seed in 0..12 {
        let random = &mut Random::new(seed);
        let (pair, mut source, mut mirror) = Pair::new(&generate::objects(12, seed));
        let mut writer = pair.source();
        let overlap = if seed % 2 == 0 {
            TimeDelta::days(1)
        } else {
            TimeDelta::milliseconds(5)
        };
        let sync = sync_with(overlap);
        let mut all = [0; 4];
        for round in 0..10 {
            let times = random.below(12) as usize;
            changes::make(&mut source, random, times).unwrap();
            let mut now = pair.copy(&mut source, &format!("copy{round}"));
            let pull = sync
                .pull_and_tell(&mut source, &mut mirror, |_| {
                    let times = random.below(4) as usize;
                    changes::make(&mut writer, random, times)?;
                    Ok(())
                })
                .unwrap();
            assert_eq!(
                differences(&mut now, &mut mirror),
                [],
                "seed {seed}, round {round}"
            );
            if round > 0 {
                for moved in &pull.moved {
                    for (sum, count) in all.iter_mut().zip([
                        moved.added,
                        moved.changed,
                        moved.deleted,
                        moved.restored,
                    ]) {
                        *sum += count;
                    }
                }
            }
        }
        sync.pull(&mut source, &mut mirror).unwrap();
        assert_eq!(differences(&mut source, &mut mirror), [], "seed {seed}");
        assert!(
            all.iter().all(|&count| count > 0),
            "nothing of a kind happened: {all:?}"
        );
    }
}

/// What is equal already is read again, but not written.
#[test]
fn a_second_pull_writes_nothing() {
    let (_pair, mut source, mut mirror) = Pair::new(&generate::objects(5, 1));
    changes::make(&mut source, &mut Random::new(1), 20).unwrap();
    sync().pull(&mut source, &mut mirror).unwrap();
    let again = sync().pull(&mut source, &mut mirror).unwrap();
    assert_eq!(again.moved.iter().map(Moved::written).sum::<usize>(), 0);
    assert!(again.moved.iter().any(|moved| moved.equal > 0));
    assert!(again.bound - again.after.unwrap() >= TimeDelta::minutes(1));
}

/// A pull that fails in the middle leaves neither rows nor bound; the next one,
/// of a new process, goes on from the last good one.
#[test]
fn a_crash_loses_nothing() {
    let (pair, mut source, mut mirror) = Pair::new(&generate::objects(6, 2));
    let crash = |moved: &Moved| {
        if moved.tag == "ix" {
            Err("the plug was pulled".into())
        } else {
            Ok(())
        }
    };

    let error = sync()
        .pull_and_tell(&mut source, &mut mirror, crash)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the pull was stopped: the plug was pulled"
    );
    assert_eq!(sync().bound(&mut mirror).unwrap(), None);
    assert_eq!(verify::rows(&mut mirror).unwrap(), 0);

    let bound = sync().pull(&mut source, &mut mirror).unwrap().bound;
    let mut before = pair.copy(&mut source, "before");
    changes::make(&mut source, &mut Random::new(2), 30).unwrap();
    sync()
        .pull_and_tell(&mut source, &mut mirror, crash)
        .unwrap_err();
    drop((source, mirror));

    let (mut source, mut mirror) = (pair.source(), pair.mirror());
    assert_eq!(sync().bound(&mut mirror).unwrap(), Some(bound));
    assert_eq!(differences(&mut before, &mut mirror), []);
    assert!(sync().pull(&mut source, &mut mirror).unwrap().bound > bound);
    assert_eq!(differences(&mut source, &mut mirror), []);
}

/// Parent and child are created when the parent's table has been read and the
/// child's has not.
#[test]
fn a_child_does_not_come_before_its_parent() {
    let (pair, mut source, mut mirror) = Pair::new(&generate::objects(3, 3));
    let mut writer = pair.source();
    let mut made = None;
    sync()
        .pull_and_tell(&mut source, &mut mirror, |moved| {
            if moved.tag == "org" {
                made = Some(changes::new_organisation(&mut writer, "Latecomer")?);
            }
            Ok(())
        })
        .unwrap();
    let (org, fac) = made.unwrap();
    let expected = [
        Difference::Missing {
            row: format!("org{org}"),
        },
        Difference::Missing {
            row: format!("fac{fac}"),
        },
    ];
    assert_eq!(differences(&mut source, &mut mirror), expected);
    sync().pull(&mut source, &mut mirror).unwrap();
    assert_eq!(differences(&mut source, &mut mirror), []);
}

/// Why the bound is no condition of the reading: a parent that has changed
/// since it is hidden by `until`, and its child is not.
#[test]
fn until_would_hide_a_parent() {
    let (_pair, mut source, _) = Pair::new(&Objects::default());
    let (org, fac) = changes::new_organisation(&mut source, "Busy").unwrap();
    let bound: Option<NaiveDateTime> = Facility::last_change().first(&mut source).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(3));
    let renamed =
        handleref::update(organisations::table.find(org)).set(organisations::name.eq("Busier"));
    renamed.execute(&mut source).unwrap();

    let bound = bound.unwrap();
    let facs = Facility::with_deleted()
        .until(bound)
        .select(facilities::id)
        .load(&mut source);
    let orgs = Organisation::with_deleted()
        .until(bound)
        .select(organisations::id)
        .load::<i32>(&mut source);
    assert_eq!((facs, orgs), (Ok(vec![fac]), Ok(vec![])));
}

/// A row that is stamped before a pull, and committed after it.
#[test]
fn a_late_commit_is_found_by_the_overlap() {
    for (overlap, found) in [(TimeDelta::seconds(10), true), (TimeDelta::zero(), false)] {
        let (pair, mut source, mut mirror) = Pair::new(&generate::objects(3, 4));
        let sync = sync_with(overlap);
        sync.pull(&mut source, &mut mirror).unwrap();
        let mut writer = pair.source();
        writer
            .transaction(|writer| {
                changes::new_organisation(writer, "Slow")?;
                std::thread::sleep(std::time::Duration::from_millis(3));
                let meanwhile = sync.pull(&mut source, &mut mirror).unwrap();
                assert_eq!(meanwhile.moved.iter().map(Moved::written).sum::<usize>(), 0);
                QueryResult::Ok(())
            })
            .unwrap();
        sync.pull(&mut source, &mut mirror).unwrap();
        assert_eq!(
            differences(&mut source, &mut mirror).is_empty(),
            found,
            "overlap {overlap}"
        );
        // And what to do if that has happened.
        sync.forget(&mut mirror).unwrap();
        sync.pull(&mut source, &mut mirror).unwrap();
        assert_eq!(differences(&mut source, &mut mirror), []);
    }
}

/// A row that the mirror cannot take stops the pull, with its name.
#[test]
fn a_refused_row_is_named() {
    let (_pair, mut source, mut mirror) = Pair::new(&generate::objects(3, 6));
    diesel::sql_query("CREATE UNIQUE INDEX one_name ON organisations (city IS NULL)")
        .execute(&mut mirror)
        .unwrap();
    let error = sync().pull(&mut source, &mut mirror).unwrap_err();
    assert!(
        matches!(&error, Error::Row { row, .. } if row == "org2"),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .starts_with("org2 could not be written to the mirror: UNIQUE constraint"),
        "{error}"
    );
}
