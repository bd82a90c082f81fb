//! What a page of changes costs in a short history and in a long one, and a
//! poll that finds nothing.

use super::super::{analyze, tidy};
use super::growth::records;
use super::{Bench, Dice};
use crate::measure::{Goal, Turns, line};
use crate::tables::{Crowded, Noted};
use crate::{Done, Failure};
use handleref::{Cursor, SyncDsl, changes};

/// Places in a history from which pages are read.
const PLACES: i64 = 10;
const PAGE: u32 = 1_000;

pub(super) fn run(bench: &mut Bench<'_>) -> Done {
    let (many, few) = (
        bench.wanted.size(10_000_000, 1_000_000),
        bench.wanted.size(100_000, 100_000),
    );
    bench.create(&["recorded_notes", "crowded_notes"])?;
    let short = filled(bench, "noted_records", few, |bench| {
        Ok(Noted::changes().now(&mut bench.conn)?)
    })?;
    let long = filled(bench, "crowded_records", many, |bench| {
        Ok(Crowded::changes().now(&mut bench.conn)?)
    })?;
    for table in ["noted_records", "crowded_records"] {
        analyze(&mut bench.conn, table)?;
    }
    tidy(&mut bench.conn, &[])?;

    let mut dice = Dice(1);
    let conn = &mut bench.conn;
    let samples = Turns::short(bench.wanted.budget(60)).measure(2, |subject| {
        let place = usize::try_from(dice.roll(PLACES) - 1)?;
        let read = match subject {
            0 => Crowded::changes()
                .since(&long[place])
                .limit(PAGE)
                .load(conn)?,
            _ => Noted::changes()
                .since(&short[place])
                .limit(PAGE)
                .load(conn)?,
        };
        match u32::try_from(read.changes.len())? {
            PAGE => Ok(()),
            other => Err(format!("{other} changes were read").into()),
        }
    })?;
    let names = [many, few].map(|count| format!("with {count} records"));
    line(
        &bench.label("page of 1000 changes"),
        (&names[0], &samples[0]),
        Some((&names[1], &samples[1])),
        Goal::Ratio(1.3),
    );

    let end = changes::<(Noted, Crowded)>().now(&mut bench.conn)?;
    let conn = &mut bench.conn;
    let samples = Turns::short(bench.wanted.budget(20)).measure(1, |_| {
        let read = changes::<(Noted, Crowded)>().since(&end).load(conn)?;
        match read.changes.len() {
            0 => Ok(()),
            other => Err(format!("{other} changes were read").into()),
        }
    })?;
    let what = bench.label("poll of two models that finds nothing");
    line(&what, ("at the end", &samples[0]), None, Goal::None);
    bench.create(&["recorded_notes", "crowded_notes"])
}

/// Fills a record table, and gives positions in it.
fn filled(
    bench: &mut Bench<'_>,
    table: &str,
    count: i64,
    now: fn(&mut Bench<'_>) -> Result<Cursor, Failure>,
) -> Result<Vec<Cursor>, Failure> {
    let mut places = Vec::new();
    for _ in 0..PLACES {
        places.push(now(bench)?);
        records(bench, table, count / PLACES, "i", "1")?;
    }
    Ok(places)
}
