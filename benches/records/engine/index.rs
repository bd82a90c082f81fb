//! What an index of the version and the times costs each write, and what `since`
//! has of it.

use super::super::{analyze, filler, later, series};
use super::{Bench, Dice};
use crate::Done;
use crate::measure::{Goal, Turns, line};
use crate::tables::{Indexed, Kept, indexed_notes, kept_notes};
use diesel::prelude::*;
use handleref::prelude::*;

/// How many rows are newer than the bound.
const NEWEST: i64 = 100;

pub(super) fn run(bench: &mut Bench<'_>) -> Done {
    let rows = bench.wanted.size(10_000_000, 1_000_000);
    for table in ["kept_notes", "indexed_notes"] {
        bench.create(&[table])?;
        fill(bench, table, rows)?;
        analyze(&mut bench.conn, table)?;
    }
    // Before anything is written, which is newer then.
    read(bench, rows)?;
    write(bench, rows)?;
    bench.create(&["kept_notes", "indexed_notes"])
}

/// Rows with the versions from 1 on, a second apart.
fn fill(bench: &mut Bench<'_>, table: &str, rows: i64) -> Done {
    const STEP: i64 = 500_000;
    let (body, at) = (filler(bench.body), later("2020-01-01 00:00:00", "i"));
    for from in (1..=rows).step_by(usize::try_from(STEP)?) {
        let series = series(from, (from + STEP - 1).min(rows));
        bench.sql(&format!(
            "INSERT INTO {table} (id, title, body, version, created_at, updated_at) \
             SELECT i, 'a title', {body}, i, {at}, {at} FROM {series}"
        ))?;
    }
    Ok(())
}

fn read(bench: &mut Bench<'_>, rows: i64) -> Done {
    let mut turns = Turns::short(bench.wanted.budget(30));
    turns.per_block = 3;
    let version = rows - NEWEST;
    let conn = &mut bench.conn;
    let time: chrono::NaiveDateTime = kept_notes::table
        .find(i32::try_from(version)?)
        .select(kept_notes::created_at)
        .first(conn)?;
    // Between two rows; in SQLite a whole second has more than one text here.
    let time = time + chrono::TimeDelta::milliseconds(500);
    let samples = turns.measure(4, |subject| {
        let found = match subject {
            0 => Indexed::since(version).load::<Indexed>(conn)?.len(),
            1 => Kept::since(version).load::<Kept>(conn)?.len(),
            2 => Indexed::since(time).load::<Indexed>(conn)?.len(),
            _ => Kept::since(time).load::<Kept>(conn)?.len(),
        };
        match i64::try_from(found)? {
            NEWEST => Ok(()),
            other => Err(format!("{other} rows were found").into()),
        }
    })?;
    let what = bench.label(&format!("the last {NEWEST} of {rows} rows"));
    for (at, bound) in ["version", "time"].iter().enumerate() {
        line(
            &what,
            (&format!("since a {bound}, indexed"), &samples[2 * at]),
            Some(("not indexed", &samples[2 * at + 1])),
            Goal::None,
        );
    }
    Ok(())
}

fn write(bench: &mut Bench<'_>, rows: i64) -> Done {
    let (mut dice, mut count) = (Dice(1), 0);
    let conn = &mut bench.conn;
    let samples = Turns::short(bench.wanted.budget(20)).measure(2, |subject| {
        count += 1;
        let (id, title) = (dice.roll(rows), format!("title {count}"));
        macro_rules! update {
            ($table:ident) => {
                handleref::update($table::table.find(id))
                    .set($table::title.eq(title))
                    .execute(conn)?
            };
        }
        let written = match subject {
            0 => update!(indexed_notes),
            _ => update!(kept_notes),
        };
        match written {
            1 => Ok(()),
            other => Err(format!("{other} rows were written").into()),
        }
    })?;
    let what = bench.label(&format!("update of one of {rows} rows by our verb"));
    line(
        &what,
        ("version and times indexed", &samples[0]),
        Some(("not indexed", &samples[1])),
        Goal::None,
    );
    Ok(())
}
