//! Records for 1,000,000 rows that have none.

use super::super::{BACKFILL_GOAL, door};
use super::Bench;
use crate::Done;
use crate::measure::{Goal, Turns, line};
use crate::tables::Noted;
use handleref::maintain::Maintain;
use std::time::Instant;

pub(super) fn run(bench: &mut Bench<'_>) -> Done {
    let rows = bench.wanted.size(1_000_000, 20_000);
    bench.make(&["recorded_notes"])?;
    bench.fill("recorded_notes", rows, 1)?;
    super::super::analyze(&mut bench.conn, "recorded_notes")?;
    bench.install(&["recorded_notes"])?;
    let mut turns = Turns::long(bench.wanted.budget(60));
    turns.blocks = 3;
    let samples = turns.timed(1, |_| {
        door(&mut bench.conn, true)?;
        bench.sql("DELETE FROM noted_records")?;
        door(&mut bench.conn, false)?;
        bench.sql("UPDATE handleref_recordings SET backfilled = 0, backfill_cursor = NULL")?;
        super::super::tidy(&mut bench.conn, &["noted_records"])?;
        let start = Instant::now();
        let mut last = None;
        Noted::backfill()
            .on_progress(|progress| last = Some(progress))
            .execute(&mut bench.conn)?;
        let taken = start.elapsed();
        match last.map(|progress| progress.written) {
            Some(written) if written == rows => Ok(taken),
            other => Err(format!("{other:?} of {rows} rows were written").into()),
        }
    })?;
    let what = bench.label(&format!("backfill of {rows} rows"));
    let goal = BACKFILL_GOAL.map_or(Goal::None, Goal::Seconds);
    line(&what, ("in batches of 10,000", &samples[0]), None, goal);
    bench.make(&["recorded_notes"])
}
