//! What an owner of the history costs, beside a plain installation.

use super::{Bench, Dice};
use crate::Done;
use crate::measure::{Goal, Turns, line};
use crate::tables::{Noted, recorded_notes};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use handleref::{Changeset, in_changeset};

pub(super) fn run(bench: &mut Bench<'_>, mut owned: super::Conn) -> Done {
    let Some((setup, owner)) = super::super::OWNED else {
        return Ok(());
    };
    let rows = bench.wanted.size(20_000, 2_000);
    bench.create(&["recorded_notes"])?;
    bench.fill("recorded_notes", rows, 1)?;
    owned.batch_execute(setup)?;
    let mut other = Bench {
        conn: owned,
        wanted: bench.wanted,
        ..*bench
    };
    other.make(&["recorded_notes"])?;
    handleref::schema![Noted]
        .owned_by(owner)
        .install(&mut other.conn)?;
    other.fill("recorded_notes", rows, 1)?;
    for one in [&mut *bench, &mut other] {
        super::super::tidy(&mut one.conn, &["recorded_notes"])?;
    }
    let (mut dice, mut count) = (Dice(1), 0);
    for (what, rows_at_once, grouped) in [
        ("1 update", 1, false),
        ("1 update in a changeset", 1, true),
        ("20 updates in a changeset", 20, true),
    ] {
        let turns = Turns::short(bench.wanted.budget(8));
        let samples = turns.measure(2, |subject| {
            count += 1;
            let conn = match subject {
                0 => &mut other.conn,
                _ => &mut bench.conn,
            };
            let mut write = |conn: &mut super::Conn| {
                for _ in 0..rows_at_once {
                    diesel::update(recorded_notes::table.find(dice.roll(rows)))
                        .set(recorded_notes::title.eq(format!("title {count}")))
                        .execute(conn)?;
                }
                Ok::<_, handleref::Error>(())
            };
            match grouped {
                true => in_changeset(conn, Changeset::by("ann"), |conn| write(conn))?,
                false => write(conn)?,
            }
            Ok(())
        })?;
        if let [owned, plain] = samples.as_slice() {
            line(
                &bench.label(what),
                ("with an owner", owned),
                Some(("without", plain)),
                Goal::None,
            );
        }
    }
    Ok(())
}
