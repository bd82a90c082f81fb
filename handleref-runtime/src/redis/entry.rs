//! Diffs as members of sorted sets.

use crate::error::Error;
use crate::feed::Diff;
use crate::sync::{Place, Position};

/// The score of a diff: the number of its record, or on MySQL and MariaDB, where
/// those are greater than what a score holds exactly, its stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scores {
    Numbers,
    Stamps,
}

impl Scores {
    /// Those of the database that a position is of.
    pub(super) fn of(position: &Position) -> Self {
        match position {
            Position::Stamp { .. } => Self::Stamps,
            Position::Tick(_) | Position::Window(_) => Self::Numbers,
        }
    }

    pub(super) fn score(self, place: Place) -> i64 {
        match self {
            Self::Numbers => place.id,
            Self::Stamps => place.mark,
        }
    }

    /// The order in which diffs are kept.
    pub(super) fn rank(self, place: Place) -> (i64, i64) {
        (self.score(place), place.id)
    }
}

/// `00000000000000000102-7`: in the order of the numbers, where scores are equal.
pub(super) fn position(place: Place) -> String {
    format!("{:020}-{}", place.id, place.mark)
}

/// A member: its place, then the diff as JSON. What is written twice is there once.
pub(super) fn member(diff: &Diff) -> Result<String, Error> {
    let wrong = |error| diesel::result::Error::SerializationError(Box::new(error));
    let json = serde_json::to_string(diff).map_err(wrong)?;
    Ok(format!("{}|{json}", position(diff.place())))
}

/// The diff of a member that is at this place; `None` if it cannot be read, or is
/// of another place.
pub(super) fn diff(place: Place, member: &str) -> Option<Diff> {
    let (_, json) = member.split_once('|')?;
    let diff: Diff = serde_json::from_str(json).ok()?;
    (diff.place() == place).then_some(diff)
}

/// Where a member is; `None` if it is none of ours.
pub(super) fn place(member: &[u8]) -> Option<Place> {
    let member = std::str::from_utf8(member).ok()?;
    let (text, _) = member.split_once('|').unwrap_or((member, ""));
    let (id, mark) = text.split_once('-')?;
    let place = Place {
        id: id.parse().ok()?,
        mark: mark.parse().ok()?,
    };
    // There are many ways to write a number, and one that is ours.
    (position(place) == text).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_back_in_their_order() {
        let place = |id, mark| Place { id, mark };
        let far = position(place(i64::MAX, 3));
        assert!(position(place(99, 7)) < far, "{far}");
        assert_eq!(
            super::place((far + "|{\"|\"}").as_bytes()),
            Some(place(i64::MAX, 3))
        );
        let short = position(place(5, 0));
        assert_eq!(super::place(short.as_bytes()), Some(place(5, 0)));
        for other in ["hello", "5-0", "+0000000000000000005-0", "\u{7f}-"] {
            assert_eq!(super::place(other.as_bytes()), None, "{other}");
        }
        assert_eq!(super::place(b"\xff-1|{}"), None);
        assert_eq!(Scores::Stamps.rank(place(9, 2)), (2, 9));
        assert_eq!(Scores::Numbers.rank(place(9, 2)), (9, 9));
    }
}
