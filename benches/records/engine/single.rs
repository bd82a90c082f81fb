//! Writes of one row, each a transaction of its own.

use super::super::{AT_ONCE, Conn, SINGLE_GOAL};
use super::hand::Hand;
use super::{Bench, Dice, Value};
use crate::measure::{Goal, Samples, Turns, line};
use crate::tables::{kept_notes, plain_notes, recorded_notes};
use crate::{Done, Failure};
use diesel::prelude::*;

const NAMES: [&str; 6] = [
    "untracked",
    "HandleRef",
    "HandleRef + Recorded",
    "the same by our verb",
    "two statements by hand",
    "one statement by hand",
];
const UNTRACKED: usize = 0;
const RECORDED: usize = 2;
const VERB: usize = 3;
const BY_HAND: usize = 4;
const AT_ONCE_BY_HAND: usize = 5;

pub(super) fn run(bench: &mut Bench<'_>) -> Done {
    let rows = bench.wanted.size(20_000, 2_000);
    let tables = ["plain_notes", "kept_notes", "recorded_notes", "hand_notes"];
    bench.create(&tables)?;
    for table in tables {
        bench.fill(table, rows, 1)?;
    }
    super::super::tidy(&mut bench.conn, &tables)?;
    let turns = Turns::short(bench.wanted.budget(12));
    let subjects = if AT_ONCE.is_some() { 6 } else { 5 };
    let body = "x".repeat(usize::try_from(bench.body)?);

    // Each subject has its own keys, as its own table does.
    let mut next = vec![i32::try_from(rows)?; NAMES.len()];
    let by_hand = Hand::insert();
    let conn = &mut bench.conn;
    let inserted = turns.measure(subjects, |subject| {
        // The verb is Diesel's own; it takes another key to fill the place.
        let place = if subject == VERB { RECORDED } else { subject };
        let place = if subject == AT_ONCE_BY_HAND {
            BY_HAND
        } else {
            place
        };
        next[place] += 1;
        insert(conn, subject, next[place], &body, &by_hand)
    })?;
    report(bench, "insert", &inserted, false);

    let mut dice = Dice(1);
    let mut count = 0;
    let by_hand = Hand::update();
    let conn = &mut bench.conn;
    let updated = turns.measure(subjects, |subject| {
        count += 1;
        let title = format!("title {count}");
        update(conn, subject, dice.roll(rows), title, &by_hand)
    })?;
    report(bench, "update", &updated, true);

    // Every row is deleted once.
    let mut next = vec![0; NAMES.len()];
    let by_hand = Hand::soft_delete();
    let conn = &mut bench.conn;
    let deleted = turns.measure(subjects, |subject| {
        let place = if subject == VERB { RECORDED } else { subject };
        let place = if subject == AT_ONCE_BY_HAND {
            BY_HAND
        } else {
            place
        };
        next[place] += 1;
        soft_delete(conn, subject, next[place], &by_hand)
    })?;
    report(bench, "soft delete", &deleted, true);
    Ok(())
}

fn insert(
    conn: &mut Conn,
    subject: usize,
    id: i32,
    body: &str,
    by_hand: &Hand,
) -> Result<(), Failure> {
    macro_rules! plain {
        ($table:ident) => {
            diesel::insert_into($table::table)
                .values((
                    $table::id.eq(id),
                    $table::title.eq("a title"),
                    $table::body.eq(body),
                ))
                .execute(conn)
                .map(drop)?
        };
    }
    let values = || {
        [
            Value::Text("a title".into()),
            Value::Text(body.into()),
            Value::Number(id),
        ]
    };
    match subject {
        UNTRACKED => plain!(plain_notes),
        1 => plain!(kept_notes),
        RECORDED | VERB => plain!(recorded_notes),
        BY_HAND => by_hand.in_two(conn, &values(), true)?,
        _ => by_hand.in_one(conn, &values())?,
    }
    Ok(())
}

fn update(
    conn: &mut Conn,
    subject: usize,
    id: i32,
    title: String,
    by_hand: &Hand,
) -> Result<(), Failure> {
    macro_rules! plain {
        ($table:ident) => {
            diesel::update($table::table.find(id))
                .set($table::title.eq(title))
                .execute(conn)
                .map(drop)?
        };
    }
    match subject {
        UNTRACKED => plain!(plain_notes),
        1 => plain!(kept_notes),
        RECORDED => plain!(recorded_notes),
        VERB => handleref::update(recorded_notes::table.find(id))
            .set(recorded_notes::title.eq(title))
            .execute(conn)
            .map(drop)?,
        BY_HAND => by_hand.in_two(conn, &[Value::Text(title), Value::Number(id)], true)?,
        _ => by_hand.in_one(conn, &[Value::Text(title), Value::Number(id)])?,
    }
    Ok(())
}

fn soft_delete(conn: &mut Conn, subject: usize, id: i32, by_hand: &Hand) -> Result<(), Failure> {
    let now = chrono::Utc::now().naive_utc();
    macro_rules! plain {
        ($table:ident) => {
            diesel::update($table::table.find(id))
                .set($table::deleted_at.eq(now))
                .execute(conn)
                .map(drop)?
        };
    }
    match subject {
        UNTRACKED => plain!(plain_notes),
        1 => plain!(kept_notes),
        RECORDED => plain!(recorded_notes),
        VERB => handleref::delete(recorded_notes::table.find(id))
            .execute(conn)
            .map(drop)?,
        BY_HAND => by_hand.in_two(conn, &[Value::Number(id)], true)?,
        _ => by_hand.in_one(conn, &[Value::Number(id)])?,
    }
    Ok(())
}

fn report(bench: &Bench<'_>, what: &str, samples: &[Samples], verb: bool) {
    let what = bench.label(&format!("{what} of one row"));
    let beside = |subject: usize, against: usize, goal: Goal| {
        if let (Some(samples), Some(other)) = (samples.get(subject), samples.get(against)) {
            line(
                &what,
                (NAMES[subject], samples),
                Some((NAMES[against], other)),
                goal,
            );
        }
    };
    let goal = Goal::Ratio(if bench.wanted.durable {
        SINGLE_GOAL
    } else {
        1.6
    });
    beside(1, UNTRACKED, Goal::None);
    beside(RECORDED, UNTRACKED, goal);
    if verb {
        beside(VERB, UNTRACKED, goal);
    }
    beside(RECORDED, BY_HAND, Goal::Ratio(1.05));
    beside(RECORDED, AT_ONCE_BY_HAND, Goal::None);
}
