//! Walking through a sorted set in the order of its members, while others write.

use super::connection::{RedisConnection, one};
use super::entry::{self, Scores};
use crate::error::Error;
use crate::sync::Place;
use ::redis::cmd;
use std::cmp::Ordering;

/// How many members are read at a time.
const CHUNK: usize = 512;

/// A part of a sorted set.
#[derive(Default)]
pub(super) struct Found {
    /// In order, each once.
    pub(super) members: Vec<(Place, String)>,
    /// Whether there are others among them, or some at a wrong score.
    pub(super) unreadable: bool,
}

/// The order of Redis: by scores, then by bytes.
type Rank = (f64, Vec<u8>);

fn compare(one: &Rank, other: &Rank) -> Ordering {
    let by_score = one.0.total_cmp(&other.0);
    by_score.then_with(|| one.1.cmp(&other.1))
}

pub(super) struct Walk {
    key: String,
    scores: Scores,
    low: String,
    high: String,
    backward: bool,
    last: Option<Rank>,
    chunk: usize,
    done: bool,
}

impl Walk {
    /// Over the members between two scores.
    pub(super) fn new(key: String, scores: Scores, low: String, high: String) -> Self {
        Self {
            key,
            scores,
            low,
            high,
            backward: false,
            last: None,
            chunk: CHUNK,
            done: false,
        }
    }

    /// From the end.
    pub(super) fn backward(mut self, backward: bool) -> Self {
        self.backward = backward;
        self
    }

    /// The next members; nothing at the end.
    pub(super) async fn next<R: RedisConnection>(
        &mut self,
        conn: &mut R,
    ) -> Result<Option<Found>, Error> {
        if self.done {
            return Ok(None);
        }
        let (name, start, stop) = match self.backward {
            true => ("ZREVRANGEBYSCORE", &self.high, &self.low),
            false => ("ZRANGEBYSCORE", &self.low, &self.high),
        };
        let mut command = cmd(name);
        command.arg(&self.key).arg(start).arg(stop);
        command.arg("WITHSCORES");
        command.arg("LIMIT").arg(0).arg(self.chunk);
        // What another program has put there may be no text.
        let members: Vec<(Vec<u8>, f64)> = one(conn, command).await?;
        self.done = members.len() < self.chunk;
        let before = self.last.as_ref().map(|(score, _)| *score);
        let mut found = Found::default();
        for (member, score) in members {
            // A chunk begins with the score at which the one before ended.
            let rank = (score, member);
            let new = match (&self.last, self.backward) {
                (None, _) => true,
                (Some(last), true) => compare(&rank, last).is_lt(),
                (Some(last), false) => compare(&rank, last).is_gt(),
            };
            if !new {
                continue;
            }
            match self.entry(&rank) {
                Some(entry) => found.members.push(entry),
                None => found.unreadable = true,
            }
            self.last = Some(rank);
        }
        if self.last.as_ref().map(|(score, _)| *score) == before {
            // All of them have one score.
            self.chunk = self.chunk.saturating_mul(2);
        }
        if let Some((score, _)) = &self.last {
            let edge = match self.backward {
                true => &mut self.high,
                false => &mut self.low,
            };
            *edge = score.to_string();
        }
        Ok(Some(found))
    }

    /// A member that is where it belongs.
    fn entry(&self, (score, member): &Rank) -> Option<(Place, String)> {
        let place = entry::place(member)?;
        // As Redis has it.
        let belongs = self.scores.score(place) as f64;
        let text = String::from_utf8(member.clone()).ok()?;
        (*score == belongs).then_some((place, text))
    }
}
