//! Moments as people write them: `#1841`, `v12`, `2026-11-25`, `2d`, RFC 3339, `now`.

use crate::history::moment::Point;
use crate::history::{ChangesetNo, Moment as _, VersionNo};
use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use std::fmt;
use std::str::FromStr;

/// A point in time, or in the order of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Now,
    Changeset(i64),
    Version(i64),
    /// In UTC.
    Time(NaiveDateTime),
    /// So long ago.
    Ago(Duration),
}

/// For `--help`.
pub(super) const GRAMMAR: &str =
    "`now`, `2d` (ago; s, m, h, d, w), `2026-11-25`, RFC 3339, `v12`, or `#1841` (a changeset)";

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("now") {
            return Ok(Self::Now);
        }
        let number = |prefix: char| text.strip_prefix(prefix).and_then(|it| it.parse().ok());
        if let Some(number) = number('#') {
            return Ok(Self::Changeset(number));
        }
        if let Some(number) = number('v') {
            return Ok(Self::Version(number));
        }
        time(text)
            .or_else(|| ago(text))
            .ok_or_else(|| format!("a moment is {GRAMMAR}"))
    }
}

/// A date is its first moment; a time without a zone is UTC.
fn time(text: &str) -> Option<Moment> {
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(Moment::Time(date.and_time(NaiveTime::MIN)));
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(Moment::Time(time.naive_utc()));
    }
    let formats = [
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M",
    ];
    let mut parsed = formats
        .iter()
        .filter_map(|it| NaiveDateTime::parse_from_str(text, it).ok());
    parsed.next().map(Moment::Time)
}

fn ago(text: &str) -> Option<Moment> {
    let unit = text.chars().last()?;
    let number: i64 = text
        .strip_suffix(unit)?
        .parse()
        .ok()
        .filter(|it| *it >= 0)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        _ => return None,
    };
    Duration::try_seconds(number.checked_mul(seconds)?).map(Moment::Ago)
}

/// In a sentence: the row was not there ..
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now => f.write_str("now"),
            Self::Changeset(no) => write!(f, "after #{no}"),
            Self::Version(version) => write!(f, "in version {version}"),
            Self::Time(time) => write!(f, "at {} UTC", time.format("%Y-%m-%d %H:%M:%S")),
            Self::Ago(age) => write!(f, "{} s ago", age.num_seconds()),
        }
    }
}

impl Moment {
    /// As a time, by this clock; `None` if it is none.
    pub(super) fn time(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Now => Some(now),
            Self::Time(time) => Some(time.and_utc()),
            Self::Ago(age) => now.checked_sub_signed(age),
            Self::Changeset(_) | Self::Version(_) => None,
        }
    }

    /// As a point of the past; `None` for now.
    pub(super) fn point(self, now: DateTime<Utc>) -> Option<Point> {
        match self {
            Self::Now => None,
            Self::Changeset(no) => Some(ChangesetNo(no).point()),
            Self::Version(version) => Some(VersionNo(version).point()),
            Self::Time(_) | Self::Ago(_) => self.time(now).map(|it| it.naive_utc().point()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read() {
        let read = |text: &str| text.parse::<Moment>();
        assert_eq!(read("now"), Ok(Moment::Now));
        assert_eq!(read("#1841"), Ok(Moment::Changeset(1841)));
        assert_eq!(read("v12"), Ok(Moment::Version(12)));
        assert_eq!(read("2d"), Ok(Moment::Ago(Duration::days(2))));
        let noon = NaiveDate::from_ymd_opt(2026, 11, 25).and_then(|it| it.and_hms_opt(12, 0, 0));
        let noon = noon.map(Moment::Time);
        assert_eq!(read("2026-11-25T13:00:00+01:00").ok(), noon);
        assert_eq!(read("2026-11-25 12:00").ok(), noon);
        for wrong in [
            "",
            "x",
            "#",
            "v",
            "-2d",
            "2026-13-01",
            "9999999999999999d",
            "2y",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
