//! Hours, days, weeks, months and years of a time zone, as instants.

use chrono::offset::LocalResult;
use chrono::{
    DateTime, Datelike, Days, Months, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike, Utc,
};

/// A part of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Calendar {
    /// An hour of the clock.
    Hour,
    /// A day, from midnight to midnight.
    Day,
    /// A week, from Monday to Sunday.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

impl Calendar {
    /// The first moment of the part that `at` is in, and the first one that is
    /// not in it any more, in UTC.
    ///
    /// Where the zone's clock is put forward over the boundary, it is the
    /// moment of that; where it is put back over it, the first time that it
    /// shows the boundary. Of a repeated hour, each turn is an hour of its own.
    pub(super) fn around<Tz: TimeZone>(self, at: &DateTime<Tz>) -> (NaiveDateTime, NaiveDateTime) {
        let (tz, now) = (at.timezone(), at.naive_utc());
        // `naive_local` panics at the ends of chrono's calendar.
        let local = now.checked_add_offset(at.offset().fix()).unwrap_or(now);
        let (start, end) = self.local(local);
        if self != Self::Hour {
            return (first(&tz, start), first(&tz, end));
        }
        match both(&tz, start) {
            Some((early, late)) if now < late => (early, late.min(first(&tz, end))),
            Some((_, late)) => (late, first(&tz, end)),
            None => (first(&tz, start), first(&tz, end)),
        }
    }

    /// The boundaries on the clock; where the calendar of chrono ends, its end.
    fn local(self, at: NaiveDateTime) -> (NaiveDateTime, NaiveDateTime) {
        let date = at.date();
        let month = date.with_day(1);
        let (start, end) = match self {
            Self::Hour => {
                let start = date.and_hms_opt(at.hour(), 0, 0).unwrap_or(at);
                let end = start.checked_add_signed(TimeDelta::hours(1));
                return (start, end.unwrap_or(NaiveDateTime::MAX));
            }
            Self::Day => (Some(date), date.succ_opt()),
            Self::Week => {
                let past = u64::from(date.weekday().num_days_from_monday());
                (
                    date.checked_sub_days(Days::new(past)),
                    date.checked_add_days(Days::new(7 - past)),
                )
            }
            Self::Month => (
                month,
                month.and_then(|start| start.checked_add_months(Months::new(1))),
            ),
            Self::Year => {
                let start = month.and_then(|start| start.with_month(1));
                (
                    start,
                    start.and_then(|start| start.checked_add_months(Months::new(12))),
                )
            }
        };
        (
            start.map_or(NaiveDateTime::MIN, NaiveDateTime::from),
            end.map_or(NaiveDateTime::MAX, NaiveDateTime::from),
        )
    }
}

/// The program's clock.
pub(super) fn now() -> DateTime<Utc> {
    std::time::SystemTime::now().into()
}

/// The two instants at which a clock shows `local`, if there are two.
fn both<Tz: TimeZone>(tz: &Tz, local: NaiveDateTime) -> Option<(NaiveDateTime, NaiveDateTime)> {
    let LocalResult::Ambiguous(one, other) = tz.offset_from_local_datetime(&local) else {
        return None;
    };
    let one = local.checked_sub_offset(one.fix())?;
    let other = local.checked_sub_offset(other.fix())?;
    Some((one.min(other), one.max(other)))
}

/// The first instant at which a clock shows `local` or later.
fn first<Tz: TimeZone>(tz: &Tz, local: NaiveDateTime) -> NaiveDateTime {
    if let Some((early, _)) = both(tz, local) {
        return early;
    }
    if let LocalResult::Single(offset) = tz.offset_from_local_datetime(&local) {
        let end = match offset.fix().local_minus_utc() {
            0.. => NaiveDateTime::MIN,
            _ => NaiveDateTime::MAX,
        };
        return local.checked_sub_offset(offset.fix()).unwrap_or(end);
    }
    // It is skipped. What a clock shows is less than a day from UTC, so the
    // moment at which it is put forward is between these two.
    let shows = |seconds: i64| {
        let utc = local.checked_add_signed(TimeDelta::seconds(seconds))?;
        let offset = tz.offset_from_utc_datetime(&utc).fix();
        Some((utc, utc.checked_add_offset(offset)?))
    };
    let (mut before, mut after) = (-90_000, 90_000);
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        match shows(middle) {
            Some((_, clock)) if clock < local => before = middle,
            _ => after = middle,
        }
    }
    shows(after).map_or(local, |(utc, _)| utc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{FixedOffset, NaiveDate};

    /// A zone whose offset changes once.
    #[derive(Debug, Clone, Copy)]
    struct Zone {
        /// In UTC.
        change: NaiveDateTime,
        /// In minutes, before and after.
        offsets: (i32, i32),
    }
    #[derive(Debug, Clone, Copy)]
    struct Shift(Zone, FixedOffset);

    impl Offset for Shift {
        fn fix(&self) -> FixedOffset {
            self.1
        }
    }
    impl Zone {
        fn shifts(self) -> [Shift; 2] {
            [self.offsets.0, self.offsets.1].map(|minutes| {
                Shift(
                    self,
                    FixedOffset::east_opt(minutes * 60).unwrap_or(Utc.fix()),
                )
            })
        }
    }
    impl TimeZone for Zone {
        type Offset = Shift;
        fn from_offset(offset: &Shift) -> Self {
            offset.0
        }
        fn offset_from_local_date(&self, date: &NaiveDate) -> LocalResult<Shift> {
            self.offset_from_local_datetime(&NaiveDateTime::from(*date))
        }
        fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> LocalResult<Shift> {
            let [before, after] = self.shifts();
            match (
                *local - before.1 < self.change,
                *local - after.1 >= self.change,
            ) {
                (true, true) => LocalResult::Ambiguous(before, after),
                (true, false) => LocalResult::Single(before),
                (false, true) => LocalResult::Single(after),
                (false, false) => LocalResult::None,
            }
        }
        fn offset_from_utc_date(&self, date: &NaiveDate) -> Shift {
            self.offset_from_utc_datetime(&NaiveDateTime::from(*date))
        }
        fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> Shift {
            let [before, after] = self.shifts();
            if *utc < self.change { before } else { after }
        }
    }

    fn utc(text: &str) -> NaiveDateTime {
        text.parse().unwrap_or_default()
    }
    fn zone(change: &str, before: i32, after: i32) -> Zone {
        Zone {
            change: utc(change),
            offsets: (before, after),
        }
    }
    fn around<Tz: TimeZone>(part: Calendar, tz: &Tz, at: &str) -> (String, String) {
        let (start, end) = part.around(&tz.from_utc_datetime(&utc(at)));
        (start.to_string(), end.to_string())
    }
    fn is((from, to): (String, String), start: &str, end: &str) {
        assert_eq!([from, to], [start, end]);
    }

    #[test]
    fn parts_begin_where_the_zone_says() {
        let tz = FixedOffset::east_opt(2 * 3600).unwrap_or(Utc.fix());
        let at = "2023-12-31T23:30:00.5";
        is(
            around(Calendar::Hour, &tz, at),
            "2023-12-31 23:00:00",
            "2024-01-01 00:00:00",
        );
        is(
            around(Calendar::Day, &tz, at),
            "2023-12-31 22:00:00",
            "2024-01-01 22:00:00",
        );
        is(
            around(Calendar::Week, &tz, at),
            "2023-12-31 22:00:00",
            "2024-01-07 22:00:00",
        );
        is(
            around(Calendar::Month, &tz, at),
            "2023-12-31 22:00:00",
            "2024-01-31 22:00:00",
        );
        is(
            around(Calendar::Year, &tz, at),
            "2023-12-31 22:00:00",
            "2024-12-31 22:00:00",
        );
        is(
            around(Calendar::Week, &Utc, at),
            "2023-12-25 00:00:00",
            "2024-01-01 00:00:00",
        );
        let at = "2024-02-29T12:00:00";
        is(
            around(Calendar::Month, &Utc, at),
            "2024-02-01 00:00:00",
            "2024-03-01 00:00:00",
        );
    }

    #[test]
    fn days_have_23_or_25_hours_where_clocks_change() {
        // Central Europe: 02:00 to 03:00, and 03:00 to 02:00.
        let spring = zone("2024-03-31T01:00:00", 60, 120);
        let autumn = zone("2024-10-27T01:00:00", 120, 60);
        for at in ["2024-03-31T00:30:00", "2024-03-31T15:00:00"] {
            is(
                around(Calendar::Day, &spring, at),
                "2024-03-30 23:00:00",
                "2024-03-31 22:00:00",
            );
        }
        for at in ["2024-10-27T00:30:00", "2024-10-27T01:30:00"] {
            is(
                around(Calendar::Day, &autumn, at),
                "2024-10-26 22:00:00",
                "2024-10-27 23:00:00",
            );
        }
        is(
            around(Calendar::Month, &autumn, "2024-10-27T12:00:00"),
            "2024-09-30 22:00:00",
            "2024-10-31 23:00:00",
        );
    }

    #[test]
    fn of_a_repeated_hour_each_turn_is_its_own() {
        let autumn = zone("2024-10-27T01:00:00", 120, 60);
        for at in [
            "2024-10-26T23:59:00",
            "2024-10-27T00:30:00",
            "2024-10-27T01:30:00",
            "2024-10-27T02:00:00",
        ] {
            let hour = utc(at)
                .date()
                .and_hms_opt(utc(at).hour(), 0, 0)
                .unwrap_or_default();
            let end = hour + TimeDelta::hours(1);
            is(
                around(Calendar::Hour, &autumn, at),
                &hour.to_string(),
                &end.to_string(),
            );
        }
        // Half an hour is repeated: that hour is longer.
        let lord_howe = zone("2024-04-06T15:00:00", 660, 630);
        for at in [
            "2024-04-06T14:10:00",
            "2024-04-06T14:50:00",
            "2024-04-06T15:10:00",
        ] {
            is(
                around(Calendar::Hour, &lord_howe, at),
                "2024-04-06 14:00:00",
                "2024-04-06 15:30:00",
            );
        }
    }

    #[test]
    fn a_midnight_that_is_skipped_or_repeated() {
        // Beirut: 00:00 to 01:00. The day begins with the change.
        let skipped = zone("2022-03-26T22:00:00", 120, 180);
        is(
            around(Calendar::Day, &skipped, "2022-03-27T05:00:00"),
            "2022-03-26 22:00:00",
            "2022-03-27 21:00:00",
        );
        is(
            around(Calendar::Day, &skipped, "2022-03-26T05:00:00"),
            "2022-03-25 22:00:00",
            "2022-03-26 22:00:00",
        );
        // The Azores: 01:00 to 00:00.
        let repeated = zone("2024-10-27T01:00:00", 0, -60);
        for at in [
            "2024-10-27T00:30:00",
            "2024-10-27T01:30:00",
            "2024-10-27T12:00:00",
        ] {
            is(
                around(Calendar::Day, &repeated, at),
                "2024-10-27 00:00:00",
                "2024-10-28 01:00:00",
            );
        }
        // Samoa left out a whole day.
        let samoa = zone("2011-12-30T10:00:00", -600, 840);
        is(
            around(Calendar::Day, &samoa, "2011-12-30T10:00:00"),
            "2011-12-30 10:00:00",
            "2011-12-31 10:00:00",
        );
        is(
            around(Calendar::Day, &samoa, "2011-12-30T09:59:59"),
            "2011-12-29 10:00:00",
            "2011-12-30 10:00:00",
        );
    }

    #[test]
    fn the_ends_of_the_calendar_do_not_panic() {
        let parts = [
            Calendar::Hour,
            Calendar::Day,
            Calendar::Week,
            Calendar::Month,
            Calendar::Year,
        ];
        for tz in [FixedOffset::east_opt(86_399), FixedOffset::west_opt(86_399)] {
            for at in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
                for part in parts {
                    let (start, end) = part.around(&at.with_timezone(&tz.unwrap_or(Utc.fix())));
                    assert!(start <= end);
                }
            }
        }
    }
}
