//! Which diffs are asked for.

use super::diff::Diff;
use crate::changeset::ObjectRef;
use crate::sync::{Cursor, Place};
use crate::time::Instant;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Timelike, Utc};

/// Whose diffs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// All.
    All,
    /// Those under objects of a model.
    Model(String),
    /// Those under one object.
    Object(ObjectRef),
    /// Those of one row, wherever they are put; not every store can tell.
    #[doc(hidden)]
    Row(ObjectRef),
}

/// What a [`DiffQuery`](super::DiffQuery) asks a [`Store`](super::Store) for. A
/// diff is in it if all of this is true of it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Range {
    /// Whose diffs; by their [`address`](Diff::address).
    pub scope: Scope,
    /// Only those that were not read at this place; none is
    /// [`Cursor::beginning()`].
    pub cursor: Option<Cursor>,
    /// Only those at this time or later, UTC, in whole microseconds.
    pub from: Option<NaiveDateTime>,
    /// Only those before this time, UTC, in whole microseconds.
    pub to: Option<NaiveDateTime>,
    /// Only those before this place.
    pub(crate) before: Option<Place>,
    /// At most so many; at least 1.
    pub limit: u32,
    /// Whether the last ones are asked for, if there are more.
    pub newest: bool,
    /// Whether the newest one comes first.
    pub reverse: bool,
}

impl Range {
    pub(crate) fn new(scope: Scope) -> Self {
        Self {
            scope,
            cursor: None,
            from: None,
            to: None,
            before: None,
            limit: 1_000,
            newest: false,
            reverse: false,
        }
    }

    /// The place before which all diffs are, if there is such.
    #[doc(hidden)]
    pub fn before(&self) -> Option<Place> {
        self.before
    }

    /// Narrows to this time or later.
    pub(super) fn start_at(&mut self, time: impl Instant) {
        self.from(edge(time.to_utc(), false));
    }

    /// The later one of two bounds holds.
    fn from(&mut self, time: NaiveDateTime) {
        self.from = self.from.max(Some(time));
    }

    fn to(&mut self, time: NaiveDateTime) {
        self.to = Some(self.to.map_or(time, |to| to.min(time)));
    }
}

/// After what diffs may start: an [`Instant`], or a `&Cursor`.
#[diagnostic::on_unimplemented(
    message = "diffs cannot start after `{Self}`",
    note = "give an instant, such as a chrono `DateTime`, or `&cursor`"
)]
pub trait Start {
    /// Narrows a range to what is after this.
    #[doc(hidden)]
    fn start(self, range: &mut Range);
}

impl<T: Instant> Start for T {
    fn start(self, range: &mut Range) {
        range.from(edge(self.to_utc(), true));
    }
}

impl Start for &Cursor {
    fn start(self, range: &mut Range) {
        range.cursor = Some(self.clone());
    }
}

/// Where diffs may end: an [`Instant`], or a `&Diff`.
#[diagnostic::on_unimplemented(
    message = "diffs cannot end at `{Self}`",
    note = "give an instant, such as a chrono `DateTime`, or `&diff`"
)]
pub trait End {
    /// Narrows a range to what is before this; or at it, if it is not `open`.
    #[doc(hidden)]
    fn end(self, open: bool, range: &mut Range);
}

impl<T: Instant> End for T {
    fn end(self, open: bool, range: &mut Range) {
        range.to(edge(self.to_utc(), !open));
    }
}

impl End for &Diff {
    fn end(self, open: bool, range: &mut Range) {
        let mut place = self.place();
        if !open {
            place.id = place.id.saturating_add(1);
        }
        range.before = Some(place);
    }
}

/// What all engines can compare with, and no record is outside of.
const TIMES: [DateTime<Utc>; 2] = match DateTime::from_timestamp(253_402_300_799, 0) {
    Some(last) => [DateTime::UNIX_EPOCH, last],
    None => [DateTime::UNIX_EPOCH; 2],
};

/// The first whole microsecond at an instant, or after it if that is meant.
fn edge(time: NaiveDateTime, after: bool) -> NaiveDateTime {
    let [first, last] = TIMES.map(|time| time.naive_utc());
    let time = time.clamp(first, last);
    let rest = i64::from(time.nanosecond() % 1_000);
    let up = match (rest, after) {
        (0, false) => 0,
        (0, true) => 1_000,
        (rest, _) => 1_000 - rest,
    };
    time + TimeDelta::nanoseconds(up)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_whole_microseconds() {
        let at = |nanos: u32| {
            let time: NaiveDateTime = "2020-01-01T00:00:00".parse().unwrap();
            time.with_nanosecond(nanos).unwrap()
        };
        // At 5 µs or later, and later than that.
        assert_eq!(edge(at(5_000), false), at(5_000));
        assert_eq!(edge(at(5_000), true), at(6_000));
        // Nothing is between two microseconds.
        assert_eq!(edge(at(5_001), false), at(6_000));
        assert_eq!(edge(at(5_999), true), at(6_000));
        assert_eq!(
            edge(NaiveDateTime::MIN, false).to_string(),
            "1970-01-01 00:00:00"
        );
        assert_eq!(
            edge(NaiveDateTime::MAX, false).to_string(),
            "9999-12-31 23:59:59"
        );
    }

    #[test]
    fn the_narrowest_bounds_hold() {
        let at = |second: i64| chrono::DateTime::from_timestamp(second, 0).unwrap();
        let mut range = Range::new(Scope::All);
        range.start_at(at(5));
        at(3).start(&mut range);
        at(9).end(true, &mut range);
        at(12).end(true, &mut range);
        assert_eq!(range.from, Some(at(5).naive_utc()));
        assert_eq!(range.to, Some(at(9).naive_utc()));
    }
}
