//! Windows, samples and neighbours on queries over records.

use super::calendar::Calendar;
use super::model::{RecordSource, Recorded};
use super::moment::RecordNo;
use super::neighbour::Neighbours;
use super::over::OverRecords;
use super::resample::{Every, Resample};
use super::row::Record;
use super::window::{Window, Within};
use chrono::{DateTime, TimeDelta, TimeZone};
use diesel::backend::Backend;
use diesel::dsl::{AsSelect, Filter, Select};
use diesel::query_builder::{AsQuery, QueryId};
use diesel::query_dsl::methods::{FilterDsl, SelectDsl};
use diesel::{Selectable, SelectableHelper};

/// The type of a query within a window: [`RecordsDsl::created_in`] and the like.
pub type CreatedIn<Q, M> = Filter<Q, Within<<M as Recorded>::Records>>;

/// The type of [`RecordsDsl::whole`].
pub type Whole<Q, M, DB> = Select<Q, AsSelect<Record<M>, DB>>;

macro_rules! rolling {
    ($($(#[doc = $doc:literal])* $name:ident = $window:ident;)*) => { $(
        $(#[doc = $doc])*
        fn $name(self, n: u32) -> CreatedIn<Self, M>
        where
            Self: FilterDsl<Within<M::Records>>,
        {
            self.created_within(Window::$window(n))
        }
    )* };
}

macro_rules! present {
    ($($(#[$attribute:meta])* $name:ident = $part:ident;)*) => { $(
        $(#[$attribute])*
        fn $name<Tz: TimeZone>(self, tz: &Tz) -> CreatedIn<Self, M>
        where
            Self: FilterDsl<Within<M::Records>>,
        {
            self.created_within(Window::this(Calendar::$part, tz))
        }
    )* };
}

/// Windows, [`resample`](RecordsDsl::resample) and first and last records, on
/// any Diesel query over the records of a model: `Article::records()`,
/// `article.history()`, filtered, joined or boxed.
///
/// ```text
/// Article::records().created_in_months(3).load::<Article>(conn)?;
/// article.history().in_this_week(&Utc).count().get_result::<i64>(conn)?;
/// ```
///
/// What a window does to a query is the condition
/// [`ArticleRecords::AT.within(..)`](super::RecordedAt::within), which can be
/// combined with others by `and`, `or` and `not`.
///
/// Records are made when their changes are, by the clock of the database.
/// Rolling windows reach back from now by that clock, too, and their lower
/// bound is part of them. See [`Window`].
pub trait RecordsDsl<M: Recorded, At>: OverRecords<M, At> + AsQuery + Sized {
    /// [`Record`]s, with what happened and when, instead of the rows alone:
    /// `.select(Record::<Article>::as_select())` without the model's name.
    ///
    /// ```text
    /// for record in article.history().whole().load(conn)? {
    ///     println!("{} {} {}", record.at, record.operation, record.row.title);
    /// }
    /// ```
    fn whole<DB: Backend>(self) -> Whole<Self, M, DB>
    where
        Record<M>: Selectable<DB, SelectExpression: QueryId>,
        Self: SelectDsl<AsSelect<Record<M>, DB>>,
    {
        SelectDsl::select(self, Record::as_select())
    }

    /// Only records that were made within `window`.
    fn created_within(self, window: Window) -> CreatedIn<Self, M>
    where
        Self: FilterDsl<Within<M::Records>>,
    {
        FilterDsl::filter(self, M::Records::AT.within(window))
    }

    /// Only records that were made at most `delta` ago.
    fn created_in(self, delta: TimeDelta) -> CreatedIn<Self, M>
    where
        Self: FilterDsl<Within<M::Records>>,
    {
        self.created_within(Window::last(delta))
    }

    rolling! {
        /// Only records of the last `n` seconds.
        created_in_seconds = seconds;
        /// Only records of the last `n` minutes.
        created_in_minutes = minutes;
        /// Only records of the last `n` hours.
        created_in_hours = hours;
        /// Only records of the last `n` times 24 hours.
        created_in_days = days;
        /// Only records of the last `n` times 7 days.
        created_in_weeks = weeks;
        /// Only records of the last `n` months of the calendar: since the same
        /// day of an earlier month, or its last one if it has no such day.
        created_in_months = months;
        /// Only records of the last `n` years of the calendar.
        created_in_years = years;
    }

    present! {
        /// Only records of the present hour of a time zone, by the program's
        /// clock.
        #[doc(alias = "records_in_hour")]
        in_this_hour = Hour;
        /// Only records of today in a time zone, by the program's clock.
        #[doc(alias = "records_in_day")]
        in_this_day = Day;
        /// Only records of the present week, from Monday, in a time zone, by
        /// the program's clock.
        #[doc(alias = "records_in_week")]
        in_this_week = Week;
        /// Only records of the present month in a time zone, by the program's
        /// clock.
        #[doc(alias = "records_in_month")]
        in_this_month = Month;
        /// Only records of the present year in a time zone, by the program's
        /// clock.
        #[doc(alias = "records_in_year")]
        in_this_year = Year;
    }

    /// Only records of the hour, day, week, month or year that `at` is in, in
    /// the time zone of `at`.
    fn in_the<Tz: TimeZone>(self, part: Calendar, at: &DateTime<Tz>) -> CreatedIn<Self, M>
    where
        Self: FilterDsl<Within<M::Records>>,
    {
        self.created_within(Window::of(part, at))
    }

    /// Of the records of each row, the last one in each stretch of time; none
    /// where there was none.
    ///
    /// ```text
    /// // Every article as it was at the end of each hour in which it changed:
    /// Article::records().created_in_days(3).resample(Every::hours(1))
    ///     .order(ArticleRecords::RECORD_ID.asc()).limit(100).load::<Article>(conn)?;
    /// // Today by hours, this week and this month by days, this year by months:
    /// article.history().in_this_day(&Utc).resample(Every::hours(1));
    /// article.history().in_this_month(&Utc).resample(Every::days(1));
    /// article.history().in_this_year(&Utc).resample(Every::months(1));
    /// ```
    ///
    /// The last is the one with the greatest
    /// [`RECORD_ID`](RecordSource::RECORD_ID), whatever order rows were written
    /// in. It is a real record, not an average; if the row was deleted then, it
    /// is that of the deletion.
    ///
    /// Filters and joins *before* it say which records are looked at, those
    /// *after* it take some of the result:
    ///
    /// ```text
    /// .filter(articles::title.eq("x")).resample(..)   // the last record that had this title
    /// .resample(..).filter(articles::title.eq("x"))   // the last record, if it had this title
    /// ```
    ///
    /// Selection, order, groups, `distinct`, limit and offset are those of the
    /// result, wherever they stand. So is `or_filter` after it, which adds
    /// records. A query can be resampled again: by hours, and then by days. Its
    /// conditions must be `Clone`; `into_boxed` first if they are not.
    #[doc(alias(
        "resampled_records_in_hour",
        "resampled_records_in_day",
        "resampled_records_in_week",
        "resampled_records_in_month",
        "resampled_records_in_year"
    ))]
    fn resample(self, every: Every) -> Self::Resampled
    where
        Self: Resample<M, At>,
    {
        self.resampled(every)
    }

    /// The first of these records.
    ///
    /// ```text
    /// let created = article.history().first_record().whole().get_result(conn)?;
    /// ```
    fn first_record(self) -> Self::First
    where
        Self: Neighbours<M>,
    {
        self.first_of_all()
    }

    /// The last of these records.
    #[doc(alias = "latest")]
    fn last_record(self) -> Self::Last
    where
        Self: Neighbours<M>,
    {
        self.last_of_all()
    }

    /// The last of these records before another one; as
    /// [`Record::previous`](super::Record::previous).
    ///
    /// ```text
    /// article.history().record_before(RecordNo(17)).get_result::<Article>(conn).optional()?;
    /// ```
    fn record_before(self, record: RecordNo) -> Self::Before
    where
        Self: Neighbours<M>,
    {
        self.last_before(record.0)
    }

    /// The first of these records after another one; as
    /// [`Record::following`](super::Record::following).
    fn record_after(self, record: RecordNo) -> Self::After
    where
        Self: Neighbours<M>,
    {
        self.first_after(record.0)
    }
}

impl<Q, M, At> RecordsDsl<M, At> for Q
where
    Q: OverRecords<M, At> + AsQuery,
    M: Recorded,
{
}
