//! The last record of each object in each stretch of time, of 1,000,000 records.

use super::super::{DIVIDED, analyze};
use super::{Bench, growth};
use crate::Done;
use crate::measure::{Goal, Turns, line};
use crate::tables::Noted;
use diesel::prelude::*;
use handleref::RecordsDsl;
use handleref::history::Every;
use handleref::prelude::*;

const OBJECTS: i64 = 1_000;

pub(super) fn run(bench: &mut Bench<'_>) -> Done {
    let records = bench.wanted.size(1_000_000, 20_000);
    bench.create(&["recorded_notes"])?;
    // The objects take turns, a record a second.
    let key = format!("(i - 1) % {OBJECTS} + 1");
    let version = format!("(i - 1) {DIVIDED} {OBJECTS} + 1");
    growth::records(bench, "noted_records", records, &key, &version)?;
    analyze(&mut bench.conn, "noted_records")?;
    let conn = &mut bench.conn;
    let subjects = [
        "of all objects by days",
        "of one object by hours",
        "reading all records",
    ];
    let mut turns = Turns::long(bench.wanted.budget(60));
    turns.blocks = 5;
    let samples = turns.measure(subjects.len(), |subject| {
        let loaded: Vec<Noted> = match subject {
            0 => Noted::records().resample(Every::days(1)).load(conn)?,
            1 => Noted::history_of(7).resample(Every::hours(1)).load(conn)?,
            _ => Noted::records().load(conn)?,
        };
        if loaded.is_empty() {
            return Err("nothing was found".into());
        }
        Ok(())
    })?;
    let what = bench.label(&format!("resample of {records} records"));
    let all = (subjects[2], &samples[2]);
    for at in 0..2 {
        line(&what, (subjects[at], &samples[at]), Some(all), Goal::None);
    }
    Ok(())
}
