//! Snapshots of PostgreSQL: which transactions are over.

use crate::sql::{Raw, raw};
use std::fmt;

/// What `pg_current_snapshot()` says. All transactions below `xmin` are over,
/// and those up to `xmax` but for the ones in `running`. Beyond it none is,
/// though some may be going on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Snapshot {
    pub(crate) xmin: u64,
    pub(crate) xmax: u64,
    /// Rising.
    running: Vec<u64>,
}

impl Snapshot {
    /// Reads `xmin:xmax:xip,xip`; the separators may be any.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut numbers = text.split(|c: char| !c.is_ascii_digit());
        let (xmin, xmax) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
        let running = numbers.filter(|number| !number.is_empty());
        let running: Result<Vec<u64>, _> = running.map(str::parse).collect();
        let running = running.ok()?;
        // As PostgreSQL has it, which refuses anything else.
        let rising = running.is_sorted_by(|one, next| one < next);
        let inside = running.first().is_none_or(|first| *first >= xmin)
            && running.last().is_none_or(|last| *last < xmax);
        (0 < xmin && xmin <= xmax && rising && inside).then_some(Self {
            xmin,
            xmax,
            running,
        })
    }

    /// Whether a transaction was over.
    pub(crate) fn sees(&self, xid: u64) -> bool {
        xid < self.xmin || (xid < self.xmax && self.running.binary_search(&xid).is_err())
    }

    /// Whether every transaction that was over for `other` is so here. Of two
    /// snapshots of one database this is true one way at least.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let missed = |xid: &u64| *xid < other.xmax && other.sees(*xid);
        self.xmax >= other.xmax && !self.running.iter().any(missed)
    }

    /// As a literal.
    pub(crate) fn sql(&self) -> Raw {
        let running = Raw::join(self.running.iter().map(|xid| raw!("{xid}", xid)), ",");
        raw!(
            "'{}:{}:{running}'::pg_snapshot",
            [self.xmin, self.xmax],
            running
        )
    }
}

/// As a cursor has it.
impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.xmin, self.xmax)?;
        self.running.iter().try_for_each(|xid| write!(f, "-{xid}"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen() {
        let one = Snapshot::read("10:15:10,12").unwrap();
        let seen: Vec<u64> = (8..18).filter(|xid| one.sees(*xid)).collect();
        assert_eq!(seen, [8, 9, 11, 13, 14]);
        assert_eq!(Snapshot::read(&one.to_string()), Some(one.clone()));
        assert_eq!(&*one.sql(), "'10:15:10,12'::pg_snapshot");
        let later = Snapshot::read("12:20:12,17").unwrap();
        assert!(later.covers(&one) && !one.covers(&later) && one.covers(&one));
        // Nothing but the end of 12 came between.
        let end = Snapshot::read("10:15:10").unwrap();
        assert!(end.covers(&one) && !one.covers(&end));
        for wrong in [
            "", "7", "9:8:", "1:9:5,4", "1:9:5,5", "3:9:2", "3:9:9", "0:9:", "a:b:",
        ] {
            assert_eq!(Snapshot::read(wrong), None, "{wrong}");
        }
    }
}
