//! Walking through a sorted set in the order of its members, while others write.

use super::connection::{RedisConnection, one};
use super::entry::{self, Scores};
use crate::error::Error;
use crate::sync::Place;
use ::redis::cmd;

/// How many members are read at a time.
const CHUNK: usize = 512;

pub(super) struct Walk {
    key: String,
    scores: Scores,
    low: String,
    high: String,
    backward: bool,
    last: Option<(i64, String)>,
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

    /// The next members, each once; nothing at the end.
    pub(super) async fn next<R: RedisConnection>(
        &mut self,
        conn: &mut R,
    ) -> Result<Option<Vec<(Place, String)>>, Error> {
        if self.done {
            return Ok(None);
        }
        let (name, start, stop) = match self.backward {
            true => ("ZREVRANGEBYSCORE", &self.high, &self.low),
            false => ("ZRANGEBYSCORE", &self.low, &self.high),
        };
        let mut command = cmd(name);
        command.arg(&self.key).arg(start).arg(stop);
        command.arg("LIMIT").arg(0).arg(self.chunk);
        let members: Vec<String> = one(conn, command).await?;
        self.done = members.len() < self.chunk;
        let before = self.last.as_ref().map(|(score, _)| *score);
        let mut found = Vec::with_capacity(members.len());
        for member in members {
            let Some((place, _)) = entry::read(&member) else {
                continue;
            };
            // A chunk begins with the score at which the one before ended.
            let rank = (self.scores.score(place), member);
            let new = self.last.as_ref().is_none_or(|last| match self.backward {
                true => rank < *last,
                false => rank > *last,
            });
            if new {
                found.push((place, rank.1.clone()));
                self.last = Some(rank);
            }
        }
        if self.last.as_ref().map(|(score, _)| *score) == before {
            // All of them have one score, or are not ours.
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
}
