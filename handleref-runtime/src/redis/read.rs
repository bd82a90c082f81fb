//! Reading diffs out of sorted sets.

use super::connection::{RedisConnection, one};
use super::entry::{self, Scores};
use super::keys::Keys;
use super::repair;
use super::span::{Span, is_held};
use super::state::State;
use super::store::Redis;
use super::walk::Walk;
use crate::error::Error;
use crate::feed::{Diff, Diffs, Range, Scope};
use crate::sync::{Cursor, Inner, Place, Position, Witness};
use ::redis::cmd;
use chrono::NaiveDateTime;

const EMPTY: &str = "no relay has filled it, or none is there any more";
const OLDER: &str = "the cursor is older than what is kept";
const OTHER: &str = "the cursor is of another database than the relay";
const BROKEN: &str = "one of its entries cannot be read; the relay repairs that";
const ANEW: &str = "it was filled anew meanwhile";

fn outside_window(reason: &'static str) -> Error {
    Error::OutsideWindow { reason }
}

/// What is asked for.
struct Asked<'a> {
    range: &'a Range,
    key: String,
    span: Span,
    scores: Scores,
    from: NaiveDateTime,
}

pub(super) async fn find<R: RedisConnection>(
    store: &Redis,
    conn: &mut R,
    range: &Range,
) -> Result<Diffs, Error> {
    let state = State::load(conn, &store.keys).await?;
    let state = state.ok_or(outside_window(EMPTY))?;
    let moved = state.moved().ok_or(outside_window(EMPTY))?;
    let cursor = range.cursor.as_ref();
    let known = match cursor {
        // The database knows whether it is really another one.
        Some(cursor) => match cursor.of(&moved.database, &moved.models, &moved.position) {
            Err(Error::Foreign) => return Err(outside_window(OTHER)),
            known => known?,
        },
        None => None,
    };
    let reader = known.map(|known| &known.position);
    held(cursor, reader, &state)?;
    let span = match range.newest {
        true => Some(Span::whole(reader, &moved.position)),
        false => Span::paged(reader, &moved.position),
    };
    let Some(span) = span else {
        return Ok(Diffs {
            diffs: Vec::new(),
            cursor: cursor.cloned().unwrap_or_else(|| state.cursor.clone()),
            more: false,
        });
    };
    let oldest = store.oldest();
    let asked = Asked {
        range,
        key: match &range.scope {
            Scope::All | Scope::Row(_) => store.keys.all(),
            Scope::Model(name) => store.keys.model(name),
            Scope::Object(object) => store.keys.object(object),
        },
        scores: Scores::of(&moved.position),
        from: range.from.map_or(oldest, |from| from.max(oldest)),
        span,
    };
    let diffs = match asked.bounds(conn).await? {
        Bounds::Unreadable => None,
        Bounds::Nothing => Some(Vec::new()),
        Bounds::Between(low, high) => asked.collect(conn, (low, high)).await?,
    };
    // Whatever it was, it must not be passed over.
    let Some(mut diffs) = diffs else {
        repair::report(conn, &store.keys).await;
        return Err(outside_window(BROKEN));
    };
    // A prune, or a flush, may have come in between.
    let now = State::load(conn, &store.keys).await?;
    let now = now
        .filter(|now| now.fill == state.fill)
        .ok_or(outside_window(ANEW))?;
    held(cursor, reader, &now)?;

    let limit = usize::try_from(range.limit).unwrap_or(usize::MAX);
    let cut = diffs.len() > limit;
    diffs.truncate(limit);
    if range.newest && !range.reverse {
        diffs.reverse();
    }
    let position = match diffs.last() {
        Some(last) if cut && !range.newest => asked.span.from.cut(last.place()),
        _ => asked.span.to.clone(),
    };
    let newest = diffs
        .iter()
        .max_by_key(|diff| asked.scores.rank(diff.place()));
    let witness = newest.and_then(|diff| witness(moved, diff));
    let cursor = Cursor::new(Inner {
        witness: witness
            .or_else(|| known.and_then(|known| known.witness.clone()))
            .or_else(|| moved.witness.clone()),
        position,
        ..moved.clone()
    });
    Ok(Diffs {
        diffs,
        cursor,
        more: cut || asked.span.rest,
    })
}

/// Fails if something that the reader has not read may not be held.
fn held(cursor: Option<&Cursor>, reader: Option<&Position>, state: &State) -> Result<(), Error> {
    let baseline = state.baseline.inner().ok_or(outside_window(EMPTY))?;
    let held = match (cursor, reader) {
        // What is not held is older than what is read at all.
        (None, _) => true,
        (Some(_), None) => state.floor <= 0,
        (_, Some(reader)) => is_held(reader, &baseline.position, state.floor),
    };
    held.then_some(()).ok_or(outside_window(OLDER))
}

fn witness(moved: &Inner, diff: &Diff) -> Option<Witness> {
    let mut models = moved.models.iter();
    Some(Witness {
        model: models.position(|name| *name == diff.object.model)?,
        id: diff.id,
        at: diff.at.timestamp_micros(),
    })
}

/// Between which scores it is.
enum Bounds {
    Between(String, String),
    Nothing,
    /// An entry cannot be read.
    Unreadable,
}

impl Asked<'_> {
    /// The least and the greatest score that may count.
    async fn bounds<R: RedisConnection>(&self, conn: &mut R) -> Result<Bounds, Error> {
        let range = self.range;
        let timed = range.from.is_some() || range.to.is_some();
        let low = self.span.from.low();
        if !timed || range.cursor.is_some() || matches!(range.scope, Scope::Object(_)) {
            return Ok(Bounds::Between(low.to_string(), "+inf".into()));
        }
        let micros = |time: NaiveDateTime| time.and_utc().timestamp_micros();
        let to = match range.to {
            Some(to) => format!("({}", micros(to)),
            None => "+inf".into(),
        };
        let mut command = cmd("ZRANGEBYSCORE");
        command
            .arg(Keys::times(&self.key))
            .arg(micros(self.from))
            .arg(to);
        let found: Vec<Vec<u8>> = one(conn, command).await?;
        let places = found.iter().map(|member| entry::place(member));
        let Some(places) = places.collect::<Option<Vec<Place>>>() else {
            return Ok(Bounds::Unreadable);
        };
        let scores = places.iter().map(|place| self.scores.score(*place));
        let bounds = (scores.clone().min(), scores.max());
        Ok(match bounds {
            (Some(least), Some(greatest)) => {
                Bounds::Between(least.to_string(), greatest.to_string())
            }
            _ => Bounds::Nothing,
        })
    }

    /// What is asked for, and one more to see whether there are more; newest first
    /// if it is read from the end. `None` if something in between cannot be read.
    async fn collect<R: RedisConnection>(
        &self,
        conn: &mut R,
        (low, high): (String, String),
    ) -> Result<Option<Vec<Diff>>, Error> {
        let enough = usize::try_from(self.range.limit)
            .unwrap_or(usize::MAX)
            .saturating_add(1);
        let (mut diffs, mut last) = (Vec::new(), None);
        let walk = Walk::new(self.key.clone(), self.scores, low, high);
        let mut walk = walk.backward(self.range.newest);
        while let Some(found) = walk.next(conn).await? {
            if found.unreadable {
                return Ok(None);
            }
            for (place, member) in found.members {
                // A program that serialises a change in another way than an older
                // version of itself may have written it twice.
                if last.replace(place) == Some(place) {
                    continue;
                }
                if !self.is_before(place) || !self.span.contains(place) {
                    continue;
                }
                let Some(diff) = entry::diff(place, &member) else {
                    return Ok(None);
                };
                if self.is_in_time(&diff) && self.is_of_row(&diff) {
                    diffs.push(diff);
                }
                if diffs.len() == enough {
                    return Ok(Some(diffs));
                }
            }
        }
        Ok(Some(diffs))
    }

    fn is_of_row(&self, diff: &Diff) -> bool {
        match &self.range.scope {
            Scope::Row(row) => diff.object == *row,
            _ => true,
        }
    }

    fn is_before(&self, place: Place) -> bool {
        let before = self.range.before();
        before.is_none_or(|before| self.scores.rank(place) < self.scores.rank(before))
    }

    fn is_in_time(&self, diff: &Diff) -> bool {
        let at = diff.at.naive_utc();
        at >= self.from && self.range.to.is_none_or(|to| at < to)
    }
}
