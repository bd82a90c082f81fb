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

/// The diff of a member.
pub(super) fn diff(member: &str) -> Result<Diff, Error> {
    let (_, json) = member.split_once('|').unwrap_or_default();
    let wrong = |error| diesel::result::Error::DeserializationError(Box::new(error));
    Ok(serde_json::from_str(json).map_err(wrong)?)
}

/// Where a member is, and the JSON of its diff; `None` if it is none of ours.
pub(super) fn read(member: &str) -> Option<(Place, &str)> {
    let (position, json) = member.split_once('|').unwrap_or((member, ""));
    let (id, mark) = position.split_once('-')?;
    let place = Place {
        id: id.parse().ok()?,
        mark: mark.parse().ok()?,
    };
    Some((place, json))
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
            read(&(far + "|{\"|\"}")),
            Some((place(i64::MAX, 3), "{\"|\"}"))
        );
        assert_eq!(read(&position(place(5, 0))), Some((place(5, 0), "")));
        assert_eq!(read("hello"), None);
        assert_eq!(Scores::Stamps.rank(place(9, 2)), (2, 9));
        assert_eq!(Scores::Numbers.rank(place(9, 2)), (9, 9));
    }
}
