//! Reading the past: 50,000 rows with ten versions each.

use super::super::analyze;
use super::{Bench, Dice};
use crate::Done;
use crate::measure::{Goal, Turns, line};
use crate::tables::{Noted, recorded_notes};
use diesel::prelude::*;
use handleref::history::RecordNo;
use handleref::prelude::*;

const VERSIONS: i64 = 10;

pub(super) fn run(bench: &mut Bench<'_>) -> Done {
    let rows = bench.wanted.size(50_000, 2_000);
    bench.create(&["recorded_notes"])?;
    bench.fill("recorded_notes", rows, 1)?;
    let mut moment = chrono::Utc::now();
    for version in 2..=VERSIONS {
        bench.sql(&format!(
            "UPDATE recorded_notes SET title = 'title {version}'"
        ))?;
        if version == VERSIONS / 2 {
            // The clock of the database may be rougher than ours.
            std::thread::sleep(std::time::Duration::from_millis(20));
            moment = chrono::Utc::now();
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
    for table in ["recorded_notes", "noted_records"] {
        analyze(&mut bench.conn, table)?;
    }
    let record = super::number(
        &mut bench.conn,
        &format!(
            "(SELECT max(record_id) FROM noted_records WHERE record_version = {})",
            VERSIONS / 2
        ),
    )?;

    let mut dice = Dice(1);
    let conn = &mut bench.conn;
    let subjects = [
        "as_of an instant",
        "as_of a record",
        "its history (10 versions)",
        "diff of two versions",
        "blame",
        "reading it now",
    ];
    let now = subjects.len() - 1;
    let one: Noted = recorded_notes::table.find(1).get_result(conn)?;
    let samples = Turns::short(bench.wanted.budget(20)).measure(subjects.len(), |subject| {
        let id = dice.roll(rows);
        match subject {
            0 => drop(
                recorded_notes::table
                    .find(id)
                    .as_of::<Noted>(moment)
                    .get_result::<Noted>(conn)?,
            ),
            1 => drop(
                recorded_notes::table
                    .find(id)
                    .as_of::<Noted>(RecordNo(record))
                    .get_result::<Noted>(conn)?,
            ),
            2 => drop(
                Noted::history_of(id)
                    .select(Noted::as_select())
                    .load(conn)?,
            ),
            3 => drop(Noted { id, ..one.clone() }.diff(conn, 1, 10)?),
            4 => drop(Noted { id, ..one.clone() }.blame(conn)?),
            _ => drop(recorded_notes::table.find(id).get_result::<Noted>(conn)?),
        }
        Ok(())
    })?;
    let what = bench.label("one row");
    for (at, name) in subjects.iter().enumerate().take(now) {
        let goal = if at < 2 { Goal::Ratio(2.0) } else { Goal::None };
        line(
            &what,
            (name, &samples[at]),
            Some((subjects[now], &samples[now])),
            goal,
        );
    }

    let conn = &mut bench.conn;
    let subjects = [
        "as_of an instant",
        "as_of a record",
        "as_of now",
        "reading them now",
    ];
    let samples = Turns::long(bench.wanted.budget(40)).measure(subjects.len(), |subject| {
        let all: Vec<Noted> = match subject {
            0 => recorded_notes::table.as_of::<Noted>(moment).load(conn)?,
            1 => recorded_notes::table
                .as_of::<Noted>(RecordNo(record))
                .load(conn)?,
            2 => recorded_notes::table
                .as_of::<Noted>(chrono::Utc::now())
                .load(conn)?,
            _ => recorded_notes::table.load(conn)?,
        };
        match i64::try_from(all.len())? == rows {
            true => Ok(()),
            false => Err(format!("{} found {} rows", subjects[subject], all.len()).into()),
        }
    })?;
    let what = bench.label(&format!("{rows} rows over {} versions", rows * VERSIONS));
    for (at, name) in subjects.iter().enumerate().take(3) {
        line(
            &what,
            (name, &samples[at]),
            Some((subjects[3], &samples[3])),
            Goal::Ratio(3.0),
        );
    }
    Ok(())
}
