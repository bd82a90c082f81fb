//! Whether a write goes on to cost the same when there are many records.

use super::super::{DIVIDED, STAMP, analyze, filler, later, pause, record_number, series, tidy};
use super::{Bench, Dice};
use crate::Done;
use crate::measure::{Goal, Turns, line};
use crate::tables::{crowded_notes, recorded_notes};
use diesel::prelude::*;

/// Rows that are written to.
const ROWS: i64 = 1_000;
/// Records of each key of the crowded table.
const EACH: i64 = 10;

pub(super) fn run(bench: &mut Bench<'_>) -> Done {
    let many = bench.wanted.size(10_000_000, 1_000_000);
    let keys = many / EACH;
    let apart = keys / ROWS;
    bench.create(&["recorded_notes", "crowded_notes"])?;
    bench.fill("recorded_notes", ROWS, apart)?;
    pause(&mut bench.conn, true)?;
    bench.fill("crowded_notes", ROWS, apart)?;
    pause(&mut bench.conn, false)?;
    let key = format!("(i - 1) {DIVIDED} {EACH} + 1");
    let version = format!("(i - 1) % {EACH} + 1");
    records(bench, "crowded_records", many, &key, &version)?;
    for table in [
        "recorded_notes",
        "noted_records",
        "crowded_notes",
        "crowded_records",
    ] {
        analyze(&mut bench.conn, table)?;
    }
    tidy(&mut bench.conn, &[])?;

    let names = [
        format!("with {many} records"),
        format!("with {ROWS} records"),
    ];
    let (mut dice, mut count) = (Dice(1), 0);
    let conn = &mut bench.conn;
    let samples = Turns::short(bench.wanted.budget(20)).measure(2, |subject| {
        count += 1;
        let id = dice.roll(ROWS) * i32::try_from(apart)?;
        let title = format!("title {count}");
        let written = match subject {
            0 => diesel::update(crowded_notes::table.find(id))
                .set(crowded_notes::title.eq(title))
                .execute(conn)?,
            _ => diesel::update(recorded_notes::table.find(id))
                .set(recorded_notes::title.eq(title))
                .execute(conn)?,
        };
        match written {
            1 => Ok(()),
            other => Err(format!("{other} rows were written").into()),
        }
    })?;
    let what = bench.label("update of one row");
    line(
        &what,
        (&names[0], &samples[0]),
        Some((&names[1], &samples[1])),
        Goal::Ratio(1.2),
    );
    bench.create(&["crowded_notes"])
}

/// Fills a record table: `key` and `version` are expressions over the number
/// `i` of the record, which is also the second of its time.
pub(super) fn records(
    bench: &mut Bench<'_>,
    table: &str,
    count: i64,
    key: &str,
    version: &str,
) -> Done {
    const STEP: i64 = 500_000;
    let (number, after) = record_number(table);
    let body = filler(bench.body);
    let at = later("2020-01-01 00:00:00", "i");
    let (stamp, stamped, after_stamp) = STAMP;
    let mut from = 1;
    while from <= count {
        let series = series(from, (from + STEP - 1).min(count));
        bench.sql(&format!(
            "INSERT INTO {table} (record_id, record_version, record_operation, recorded_at, id, title, body, version, created_at, updated_at{stamp}) \
             SELECT {number}, {version}, 'update', {at}, {key}, 'a title', {body}, {version}, {at}, {at}{stamped} FROM {series}"
        ))?;
        bench.sql(after_stamp)?;
        from += STEP;
    }
    bench.sql(&after)
}
