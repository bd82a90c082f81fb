//! Writers whose transactions overlap the pulls: what a mirror by time loses
//! then, and one by a cursor does not.

use crate::api::Result;
use crate::changes;
use crate::models::All;
use crate::random::Random;
use crate::sync::{self, Conn};
use crate::verify::{self, Difference};
use chrono::TimeDelta;
use handleref::mirror::Mirror;

/// What is different from the source in the end.
#[derive(Debug)]
pub struct Outcome {
    pub rows: usize,
    pub by_time: Vec<Difference>,
    pub by_cursor: Vec<Difference>,
}

/// Two mirrors are pulled while a transaction is open that has written already,
/// and again after its commit, `rounds` times.
///
/// The one by time asks for what was changed after its last pull, as everybody
/// does at first, without the overlap that `sync` recommends.
///
/// # Errors
/// If one of the databases refuses something.
pub fn tell(
    source: &mut Conn,
    writer: &mut Conn,
    [by_time, by_cursor]: [&mut Conn; 2],
    random: &mut Random,
    rounds: u32,
) -> Result<Outcome> {
    let time = sync::Mirror {
        overlap: TimeDelta::zero(),
        ..sync::Mirror::new("by time", &crate::models::PARENTS_FIRST)
    };
    let cursor = Mirror::<All>::new("by cursor");
    for _ in 0..=rounds {
        writer.immediate_transaction(|writer| {
            changes::make(writer, random, 6)?;
            time.pull(source, by_time)?;
            cursor.pull(source, by_cursor)?;
            Result::Ok(())
        })?;
    }
    time.pull(source, by_time)?;
    cursor.pull(source, by_cursor)?;
    let compared = verify::compare(source, by_time)?;
    Ok(Outcome {
        rows: compared.rows,
        by_time: compared.differences,
        by_cursor: verify::compare(source, by_cursor)?.differences,
    })
}
