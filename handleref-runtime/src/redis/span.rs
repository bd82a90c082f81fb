//! From where a reader is to where the relay is.

use crate::sync::{Place, Position, Window};

/// What a reader of Redis reads next.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Span {
    /// What was read before; on PostgreSQL with an open window.
    pub(super) from: Position,
    /// Up to where.
    until: Position,
    /// Where the reader is then.
    pub(super) to: Position,
    /// Whether the relay has been further.
    pub(super) rest: bool,
}

/// Before everything, in a database whose positions are like this one.
fn beginning(like: &Position) -> Position {
    match like {
        Position::Tick(_) => Position::Tick(0),
        Position::Stamp { .. } => Position::Stamp { stamp: 0, id: 0 },
        Position::Window(_) => Position::Window(Box::new(Window::beginning())),
    }
}

impl Span {
    /// What is between a reader and the relay; `None` if nothing is. A page of it
    /// is read in the order of scores.
    pub(super) fn paged(reader: Option<&Position>, relay: &Position) -> Option<Self> {
        let relay = relay.settled();
        let from = reader.cloned().unwrap_or_else(|| beginning(&relay));
        let (from, until) = match (from, &relay) {
            (Position::Window(window), Position::Window(to)) => {
                let to = to.from.clone()?;
                let window = match window.open {
                    Some(_) => *window,
                    // The window ends where the relay is; no number is known that
                    // would bound it.
                    None => window.open_to(to, i64::MAX),
                };
                let until = Position::Window(Box::new(window.clone().closed()));
                (Position::Window(Box::new(window)), until)
            }
            (from, _) => (from, relay.clone()),
        };
        // A reader may have been further, in the database.
        let behind = reader.is_none_or(|reader| !reader.covers(&relay));
        if !behind || !relay.covers(&until) {
            return None;
        }
        // The relay knows better bounds of the numbers than the reader.
        let same = until.covers(&relay);
        Some(Self {
            from,
            to: if same { relay } else { until.clone() },
            until,
            rest: !same,
        })
    }

    /// The same for a reader from the end, and so all of it.
    pub(super) fn whole(reader: Option<&Position>, relay: &Position) -> Self {
        let relay = relay.settled();
        let ahead = reader.filter(|reader| reader.covers(&relay));
        Self {
            from: reader.cloned().unwrap_or_else(|| beginning(&relay)),
            to: ahead.unwrap_or(&relay).clone(),
            until: relay,
            rest: false,
        }
    }

    pub(super) fn contains(&self, place: Place) -> bool {
        self.until.reached(place) && !self.from.reached(place)
    }
}

/// Whether all that a reader has not read is held, if what is not held is before
/// `baseline` and has no greater score than `floor`.
pub(super) fn is_held(reader: &Position, baseline: &Position, floor: i64) -> bool {
    reader.covers(baseline)
        || match reader {
            Position::Tick(tick) => *tick >= floor,
            Position::Stamp { stamp, id } => *stamp > floor || (*stamp, *id) == (floor, i64::MAX),
            Position::Window(window) => {
                // What is in neither of the two snapshots may have any number that
                // is greater than `low`.
                let all = Position::Window(Box::new((**window).clone().closed()));
                window.low >= floor || (reader.low() >= floor && all.covers(baseline))
            }
        }
}
