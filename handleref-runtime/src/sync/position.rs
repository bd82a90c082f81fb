//! Positions in the order in which changes become visible.

use super::snapshot::Snapshot;
use crate::history::Place;
use std::fmt;

/// A set of changes that were read: those that a reader need not see again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Position {
    /// SQLite: one writer at a time, so records become visible in the order of
    /// their numbers. Those up to this one.
    Tick(i64),
    /// MySQL and MariaDB: records that have a stamp up to this one; of the last
    /// stamp those up to a number.
    Stamp { stamp: i64, id: i64 },
    /// PostgreSQL.
    Window(Box<Window>),
}

/// What is visible in one snapshot, and a part of what is in a later one: a
/// window between two snapshots is read page by page in the order of numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Window {
    /// What was read; nothing if there is none.
    pub(crate) from: Option<Snapshot>,
    /// All records that are not visible in `from` have greater numbers.
    pub(crate) low: i64,
    pub(crate) ahead: Option<Mark>,
    pub(crate) open: Option<Open>,
}

/// A bound of numbers for later: none up to `number` was given to a transaction
/// from `xid` on, because it had been given before `xid` was assigned, and a
/// transaction has its id before it gets numbers for its records. (A snapshot's
/// `xmax` is no such id: transactions beyond it may have begun long before.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Mark {
    pub(crate) xid: u64,
    pub(crate) number: i64,
}

/// The later snapshot of a window that is not read to its end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Open {
    pub(crate) to: Snapshot,
    /// No record that is visible in the snapshot has a greater number.
    pub(crate) high: i64,
    /// Read up to this number.
    pub(crate) after: i64,
}

impl Position {
    /// Whether a change is among those that were read.
    #[cfg_attr(not(feature = "redis"), allow(dead_code))]
    pub(crate) fn reached(&self, place: Place) -> bool {
        match self {
            Self::Tick(tick) => place.id <= *tick,
            Self::Stamp { stamp, id } => (place.mark, place.id) <= (*stamp, *id),
            Self::Window(window) => window.reached(place),
        }
    }

    /// Whether all that was read up to `other` was read up to here.
    #[cfg_attr(not(feature = "redis"), allow(dead_code))]
    pub(crate) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tick(here), Self::Tick(there)) => here >= there,
            (Self::Stamp { stamp, id }, Self::Stamp { stamp: s, id: i }) => (stamp, id) >= (s, i),
            (Self::Window(here), Self::Window(there)) => here.covers(there),
            _ => false,
        }
    }

    /// All changes that were not read have a greater number (a stamp at least
    /// as great, on MySQL and MariaDB).
    pub(crate) fn low(&self) -> i64 {
        match self {
            Self::Tick(tick) => *tick,
            Self::Stamp { stamp, .. } => *stamp,
            Self::Window(window) => window.low(),
        }
    }

    /// What is read for good: without the part of an open window that was read,
    /// which is no bound for what becomes visible after the window.
    #[cfg(feature = "redis")]
    pub(crate) fn settled(&self) -> Self {
        match self {
            Self::Window(window) => Self::Window(Box::new(Window {
                open: None,
                ..(**window).clone()
            })),
            other => other.clone(),
        }
    }

    /// The position after a change at which a page ended. On PostgreSQL the
    /// window has to be open.
    pub(crate) fn cut(&self, place: Place) -> Self {
        match self {
            Self::Tick(_) => Self::Tick(place.id),
            Self::Stamp { .. } => Self::Stamp {
                stamp: place.mark,
                id: place.id,
            },
            Self::Window(window) => {
                let mut window = window.clone();
                if let Some(open) = &mut window.open {
                    open.after = place.id;
                }
                Self::Window(window)
            }
        }
    }

    /// Whether records may be missing here of those that a prune removed:
    /// `record` is the last of them, `mark` the id after that of the last
    /// transaction that wrote one of them, or the last stamp.
    pub(crate) fn is_older(&self, record: i64, mark: i64) -> bool {
        match self {
            Self::Tick(tick) => *tick < record,
            Self::Stamp { stamp, id } => (*stamp, *id) < (mark, i64::MAX),
            Self::Window(window) => window.is_older(record, mark),
        }
    }
}

impl Window {
    /// Before everything.
    pub(crate) fn beginning() -> Self {
        Self {
            from: None,
            low: 0,
            ahead: None,
            open: None,
        }
    }

    /// Goes on to a snapshot, in which no record has a number above `high`.
    pub(crate) fn open_to(mut self, to: Snapshot, high: i64) -> Self {
        let after = self.low;
        self.open = Some(Open { to, high, after });
        self
    }

    /// At the end of the open window.
    pub(crate) fn closed(mut self) -> Self {
        let Some(Open { to, .. }) = self.open.take() else {
            return self;
        };
        if let Some(mark) = self.ahead.filter(|mark| to.xmin >= mark.xid) {
            self.low = self.low.max(mark.number);
            self.ahead = None;
        }
        self.from = Some(to);
        self
    }

    fn sees(snapshot: Option<&Snapshot>, place: Place) -> bool {
        let xid = u64::try_from(place.mark).unwrap_or(0);
        snapshot.is_some_and(|snapshot| snapshot.sees(xid))
    }

    fn reached(&self, place: Place) -> bool {
        Self::sees(self.from.as_ref(), place)
            || self
                .open
                .as_ref()
                .is_some_and(|open| place.id <= open.after && Self::sees(Some(&open.to), place))
    }

    fn covers(&self, other: &Self) -> bool {
        let covers = |other: Option<&Snapshot>| match (&self.from, other) {
            (_, None) => true,
            (Some(here), Some(there)) => here.covers(there),
            (None, Some(_)) => false,
        };
        match &other.open {
            // The same window, read further.
            Some(there) if self.from == other.from => {
                let same = |here: &Open| here.to == there.to && here.after >= there.after;
                self.open.as_ref().is_some_and(same)
            }
            Some(there) => covers(Some(&there.to)),
            None => covers(other.from.as_ref()),
        }
    }

    fn low(&self) -> i64 {
        self.open.as_ref().map_or(self.low, |open| open.after)
    }

    fn is_older(&self, record: i64, mark: i64) -> bool {
        let over = u64::try_from(mark).unwrap_or(0);
        let known = self.from.as_ref().is_some_and(|from| from.xmin >= over);
        !known && self.low().min(self.clone().closed().low) < record
    }
}

/// As a cursor has it.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tick(tick) => write!(f, "t{tick}"),
            Self::Stamp { stamp, id } => write!(f, "s{stamp}-{id}"),
            Self::Window(window) => {
                write!(f, "w{}", window.low)?;
                if let Some(Mark { xid, number }) = window.ahead {
                    write!(f, "-{xid}-{number}")?;
                }
                f.write_str("_")?;
                if let Some(from) = &window.from {
                    write!(f, "{from}")?;
                }
                let Some(open) = &window.open else {
                    return Ok(());
                };
                write!(f, "_{}_{}-{}", open.to, open.after, open.high)
            }
        }
    }
}

fn numbers(text: &str) -> Option<Vec<i64>> {
    text.split('-').map(|number| number.parse().ok()).collect()
}

impl Position {
    /// Reads what [`Display`](fmt::Display) wrote.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if let Some(text) = text.strip_prefix('t') {
            let tick = text.parse().ok().filter(|tick| *tick >= 0);
            return tick.map(Self::Tick);
        }
        if let Some(text) = text.strip_prefix('s') {
            let [stamp, id] = numbers(text)?[..] else {
                return None;
            };
            return Some(Self::Stamp { stamp, id });
        }
        let parts: Vec<&str> = text.strip_prefix('w')?.split('_').collect();
        let (bounds, from, open) = match parts[..] {
            [bounds, from] => (bounds, from, None),
            [bounds, from, to, rest] => (bounds, from, Some((to, rest))),
            _ => return None,
        };
        let (low, ahead) = match numbers(bounds)?[..] {
            [low] => (low, None),
            [low, xid, number] => {
                let xid = u64::try_from(xid).ok()?;
                (low, Some(Mark { xid, number }))
            }
            _ => return None,
        };
        let from = match from {
            "" => None,
            from => Some(Snapshot::read(from)?),
        };
        let open = match open {
            None => None,
            Some((to, rest)) => {
                let [after, high] = numbers(rest)?[..] else {
                    return None;
                };
                let to = Snapshot::read(to)?;
                // A window goes on.
                if from.as_ref().is_some_and(|from| !to.covers(from)) {
                    return None;
                }
                Some(Open { to, high, after })
            }
        };
        Some(Self::Window(Box::new(Window {
            from,
            low,
            ahead,
            open,
        })))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn snapshot(text: &str) -> Snapshot {
        Snapshot::read(text).unwrap()
    }

    fn place(id: i64, mark: i64) -> Place {
        Place { id, mark }
    }

    #[test]
    fn the_bound_of_numbers_follows_when_those_who_wrote_are_over() {
        let mut window = Window::beginning();
        window.ahead = Some(Mark {
            xid: 16,
            number: 100,
        });
        // 10 writes all the while; it may have been given any number.
        let busy = window.open_to(snapshot("10:15:10"), 120).closed();
        assert_eq!((busy.low, busy.ahead.is_some()), (0, true));
        // All of the snapshot are over, but 15 may be going on beyond it.
        let quiet = busy.open_to(snapshot("15:15:"), 210).closed();
        assert_eq!((quiet.low, quiet.ahead.is_some()), (0, true));
        let over = quiet.open_to(snapshot("29:40:29"), 300).closed();
        assert_eq!((over.low, over.ahead), (100, None));
    }

    #[test]
    fn what_was_read() {
        let start = Window::beginning().open_to(snapshot("10:15:10"), 9);
        let start = Position::Window(Box::new(start));
        let cut = start.cut(place(5, 12));
        assert!(cut.reached(place(5, 12)) && cut.reached(place(3, 9)));
        assert!(!cut.reached(place(6, 12)) && !cut.reached(place(2, 10)));
        assert!(cut.covers(&start) && !start.covers(&cut));
        let Position::Window(window) = cut.clone() else {
            return;
        };
        let end = Position::Window(Box::new(window.closed()));
        assert!(end.reached(place(9, 14)) && !end.reached(place(2, 10)));
        assert!(end.covers(&cut) && !cut.covers(&end));
        let stamp = Position::Stamp { stamp: 7, id: 100 };
        assert!(stamp.reached(place(900, 6)) && stamp.reached(place(100, 7)));
        assert!(!stamp.reached(place(101, 7)) && !stamp.reached(place(1, 8)));
        assert!(!Position::Tick(1).covers(&stamp));
    }

    #[test]
    fn what_a_prune_takes_away() {
        assert!(Position::Tick(5).is_older(6, 0) && !Position::Tick(6).is_older(6, 0));
        let stamp = |stamp, id| Position::Stamp { stamp, id };
        assert!(stamp(4, i64::MAX).is_older(0, 5) && stamp(5, 8).is_older(0, 5));
        assert!(!stamp(5, i64::MAX).is_older(0, 5));
        let mut window = Window::beginning().open_to(snapshot("20:20:"), 50);
        window.low = 50;
        let end = Position::Window(Box::new(window.closed()));
        // Visible in the snapshot, or above all that was given out before it.
        assert!(!end.is_older(90, 20) && !end.is_older(50, 99) && end.is_older(51, 21));
    }

    #[test]
    fn texts_come_back() {
        let mut window = Window::beginning().open_to(snapshot("10:15:10,12"), 9);
        window.ahead = Some(Mark { xid: 20, number: 4 });
        let closed = window.clone().closed();
        let open = closed.clone().open_to(snapshot("20:21:20"), 99);
        let windows = [Window::beginning(), window, closed, open];
        let windows = windows.map(|window| Position::Window(Box::new(window)));
        let stamp = Position::Stamp {
            stamp: 3,
            id: i64::MAX,
        };
        for position in windows.into_iter().chain([Position::Tick(7), stamp]) {
            let text = position.to_string();
            assert_eq!(Position::read(&text), Some(position), "{text}");
        }
        for wrong in [
            "",
            "x",
            "t",
            "s1",
            "w",
            "w1",
            "w1_2-1",
            "w1_1-2_3-4",
            "w1-2_",
        ] {
            assert_eq!(Position::read(wrong), None, "{wrong}");
        }
    }
}
