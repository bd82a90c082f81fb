//! Updates of 100,000 rows by one statement.

use super::super::{AT_ONCE, Conn, OWN_HISTORY, tidy};
use super::hand::Hand;
use super::{Bench, Value};
use crate::measure::{Goal, Turns, line};
#[cfg(feature = "mysql")]
use crate::tables::timed_notes;
use crate::tables::{kept_notes, plain_notes, recorded_notes};
use crate::{Done, Failure};
use diesel::prelude::*;
use std::time::Instant;

const UNTRACKED: usize = 0;
const RECORDED: usize = 2;

pub(super) fn run(bench: &mut Bench<'_>) -> Done {
    let rows = bench.wanted.size(100_000, 2_000);
    let mut tables = vec!["plain_notes", "kept_notes", "recorded_notes", "hand_notes"];
    let mut names = vec![
        "untracked",
        "HandleRef",
        "HandleRef + Recorded",
        "the same by our verb",
        "two statements by hand",
    ];
    if AT_ONCE.is_some() {
        names.push("one statement by hand");
    }
    if OWN_HISTORY {
        tables.push("timed_notes");
        names.push("WITH SYSTEM VERSIONING");
    }
    bench.create(&tables)?;
    for table in &tables {
        bench.fill(table, rows, 1)?;
    }
    let mut turns = Turns::long(bench.wanted.budget(40));
    turns.blocks = 5;
    let by_hand = Hand::update_all();
    let mut count = 0;
    let conn = &mut bench.conn;
    let samples = turns.timed(names.len(), |subject| {
        tidy(conn, &tables)?;
        count += 1;
        let start = Instant::now();
        update(conn, names[subject], &format!("title {count}"), &by_hand)?;
        Ok(start.elapsed())
    })?;
    let what = bench.label(&format!("update of {rows} rows"));
    let beside = |subject: usize, against: usize, goal: Goal| {
        let (samples, other) = (&samples[subject], &samples[against]);
        line(
            &what,
            (names[subject], samples),
            Some((names[against], other)),
            goal,
        );
    };
    beside(1, UNTRACKED, Goal::None);
    beside(RECORDED, UNTRACKED, Goal::Ratio(2.2));
    beside(3, UNTRACKED, Goal::Ratio(2.2));
    for (against, name) in names.iter().enumerate().skip(4) {
        let own = *name == "WITH SYSTEM VERSIONING";
        let goal = if own { Goal::Ratio(1.0) } else { Goal::None };
        beside(RECORDED, against, goal);
    }
    Ok(())
}

fn update(conn: &mut Conn, subject: &str, title: &str, by_hand: &Hand) -> Result<(), Failure> {
    macro_rules! plain {
        ($table:ident) => {
            diesel::update($table::table)
                .set($table::title.eq(title))
                .execute(conn)
                .map(drop)?
        };
    }
    let values = || [Value::Text(title.to_owned())];
    match subject {
        "untracked" => plain!(plain_notes),
        "HandleRef" => plain!(kept_notes),
        "HandleRef + Recorded" => plain!(recorded_notes),
        "the same by our verb" => handleref::update(recorded_notes::table)
            .set(recorded_notes::title.eq(title))
            .execute(conn)
            .map(drop)?,
        "two statements by hand" => by_hand.in_two(conn, &values(), false)?,
        "one statement by hand" => by_hand.in_one(conn, &values())?,
        #[cfg(feature = "mysql")]
        _ => plain!(timed_notes),
        #[cfg(not(feature = "mysql"))]
        _ => {}
    }
    Ok(())
}
