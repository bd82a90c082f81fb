//! What a changeset costs beside a transaction, and how long an undo takes.

use super::{Bench, Dice};
use crate::measure::{Goal, Turns, line};
use crate::tables::{Noted, recorded_notes};
use crate::{Done, Failure};
use diesel::prelude::*;
use handleref::changeset::undo_plan;
use handleref::{Changeset, changesets, in_changeset};
use std::time::Instant;

/// Rows that one transaction writes.
const SOME: [i32; 2] = [1, 20];
/// Rows of a changeset that is undone.
const UNDONE: i32 = 1_000;

pub(super) fn run(bench: &mut Bench<'_>) -> Done {
    let rows = bench.wanted.size(20_000, 2_000);
    bench.create(&["recorded_notes"])?;
    bench.fill("recorded_notes", rows, 1)?;
    super::super::tidy(&mut bench.conn, &["recorded_notes"])?;
    let (mut dice, mut count) = (Dice(1), 0);
    for some in SOME {
        let conn = &mut bench.conn;
        let turns = Turns::short(bench.wanted.budget(8));
        let samples = turns.measure(2, |subject| {
            count += 1;
            let mut write = |conn: &mut super::Conn| {
                for _ in 0..some {
                    diesel::update(recorded_notes::table.find(dice.roll(rows)))
                        .set(recorded_notes::title.eq(format!("title {count}")))
                        .execute(conn)?;
                }
                Ok::<_, handleref::Error>(())
            };
            match subject {
                0 => in_changeset(conn, Changeset::by("ann").comment("a change"), |conn| {
                    write(conn)
                })?,
                _ => conn.transaction(write)?,
            }
            Ok(())
        })?;
        if let [changeset, transaction] = samples.as_slice() {
            line(
                &bench.label(&format!("{some} updates of one row")),
                ("in a changeset", changeset),
                Some(("in a transaction", transaction)),
                Goal::None,
            );
        }
    }
    undo(bench)
}

/// The same rows changed, and changed back by plan, again and again.
fn undo(bench: &mut Bench<'_>) -> Done {
    let conn = &mut bench.conn;
    let many = UNDONE.min(i32::try_from(bench.wanted.size(1_000, 200))?);
    let mut count = 0;
    let mut change = |conn: &mut super::Conn| {
        count += 1;
        let title = format!("to be undone {count}");
        in_changeset(conn, Changeset::by("bench"), |conn| {
            for id in 1..=many {
                diesel::update(recorded_notes::table.find(id))
                    .set(recorded_notes::title.eq(&title))
                    .execute(conn)?;
            }
            Ok::<_, handleref::Error>(())
        })
    };
    let turns = Turns::long(bench.wanted.budget(20));
    let samples = turns.timed(2, |subject| {
        let start = Instant::now();
        change(conn)?;
        if subject > 0 {
            return Ok(start.elapsed());
        }
        let start = Instant::now();
        let last = changesets().by("bench").limit(1).load(conn)?;
        let last = last.first().ok_or("no changeset")?;
        let plan = undo_plan::<Noted>(last.no).load(conn)?;
        match plan.apply(conn)? {
            Some(_) => Ok(start.elapsed()),
            None => Err(Failure::from("nothing was undone")),
        }
    })?;
    if let [undone, changed] = samples.as_slice() {
        line(
            &bench.label(&format!("{many} rows")),
            ("planned and undone", undone),
            Some(("changed one by one", changed)),
            Goal::None,
        );
    }
    Ok(())
}
