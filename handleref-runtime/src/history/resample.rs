//! The last record of each row in each stretch of time.

use super::columns::{RecordId, RecordedAt};
use super::condition::condition;
use super::model::{LiveName, RecordSource, Recorded};
use super::over::{From, Here, OverRecords};
use crate::engine::{Engine, Kind};
use diesel::AppearsOnTable;
use diesel::dsl::Filter;
use diesel::internal::table_macro::{BoxedSelectStatement, FromClause, SelectStatement};
use diesel::query_builder::{AsQuery, AstPass, QueryFragment, QueryId};
use diesel::query_dsl::methods::FilterDsl;
use diesel::result::{Error, QueryResult};
use diesel::sql_types::Bool;
use diesel::{IntoSql, QuerySource};

/// The length of the stretches of time for
/// [`resample`](super::RecordsDsl::resample): `Every::minutes(15)`.
///
/// They begin where the calendar says, in UTC: seconds to days are counted from
/// 1970-01-01 00:00, weeks from a Monday (1969-12-29), months and years from
/// January of the year 0. So `Every::months(3)` are quarters. A record at a
/// boundary is in the stretch that begins there. There are no stretches of the
/// days of another time zone.
///
/// A query with a length of zero fails with [`ZeroLength`], as an
/// `Error::QueryBuilderError` of Diesel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Every {
    n: u32,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Unit {
    /// So many seconds, counted from so many seconds before 1970.
    Seconds(i64, i64),
    /// So many months.
    Months(i64),
}

impl Every {
    const fn new(n: u32, unit: Unit) -> Self {
        Self { n, unit }
    }
    /// Stretches of `n` seconds.
    pub const fn seconds(n: u32) -> Self {
        Self::new(n, Unit::Seconds(1, 0))
    }
    /// Stretches of `n` minutes.
    pub const fn minutes(n: u32) -> Self {
        Self::new(n, Unit::Seconds(60, 0))
    }
    /// Stretches of `n` hours.
    pub const fn hours(n: u32) -> Self {
        Self::new(n, Unit::Seconds(3_600, 0))
    }
    /// Stretches of `n` days.
    pub const fn days(n: u32) -> Self {
        Self::new(n, Unit::Seconds(86_400, 0))
    }
    /// Stretches of `n` weeks; they begin on Mondays.
    pub const fn weeks(n: u32) -> Self {
        // 1970 began on a Thursday.
        Self::new(n, Unit::Seconds(7 * 86_400, 3 * 86_400))
    }
    /// Stretches of `n` months.
    pub const fn months(n: u32) -> Self {
        Self::new(n, Unit::Months(1))
    }
    /// Stretches of `n` years.
    pub const fn years(n: u32) -> Self {
        Self::new(n, Unit::Months(12))
    }

    /// Writes the number of the stretch that `at` is in.
    fn walk<'b, DB: Engine>(
        self,
        at: &'b impl QueryFragment<DB>,
        out: &mut AstPass<'_, 'b, DB>,
    ) -> QueryResult<()> {
        if self.n == 0 {
            return Err(Error::QueryBuilderError(Box::new(ZeroLength)));
        }
        let n = i64::from(self.n);
        let (parts, divide) = match (self.unit, DB::KIND) {
            (Unit::Seconds(unit, before), Kind::Postgres) => (
                vec!["floor((floor(date_part('epoch', ".to_owned()],
                format!(")) + {before}) / {})", n * unit),
            ),
            (Unit::Months(unit), Kind::Postgres) => (
                vec![
                    "floor((date_part('year', ".to_owned(),
                    ") * 12 + date_part('month', ".to_owned(),
                ],
                format!(") - 1) / {})", n * unit),
            ),
            // Integers are divided towards zero, so they are made positive:
            // counted from the year 0, and moved on to a boundary.
            (Unit::Seconds(unit, before), kind) => {
                let length = n * unit;
                let past_boundary = (before - TO_1970).rem_euclid(length);
                match kind {
                    Kind::Mysql => (
                        vec!["((TO_SECONDS(".to_owned()],
                        format!(") + {past_boundary}) DIV {length})"),
                    ),
                    // `%s` rounds, so without the fraction.
                    _ => (
                        vec!["((CAST(strftime('%s', substr(".to_owned()],
                        format!(
                            ", 1, 19)) AS INTEGER) + {}) / {length})",
                            TO_1970 + past_boundary
                        ),
                    ),
                }
            }
            (Unit::Months(unit), Kind::Mysql) => (
                vec!["((YEAR(".to_owned(), ") * 12 + MONTH(".to_owned()],
                format!(") - 1) DIV {})", n * unit),
            ),
            (Unit::Months(unit), _) => (
                vec![
                    "((CAST(substr(".to_owned(),
                    ", 1, 4) AS INTEGER) * 12 + CAST(substr(".to_owned(),
                ],
                format!(", 6, 2) AS INTEGER) - 1) / {})", n * unit),
            ),
        };
        for part in parts {
            out.push_sql(&part);
            at.walk_ast(out.reborrow())?;
        }
        out.push_sql(&divide);
        Ok(())
    }
}

/// Seconds from the beginning of the year 0 to 1970.
const TO_1970: i64 = 62_167_219_200;

/// Nothing can be cut into stretches of no length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("records cannot be resampled into stretches of no length: `Every` of zero")]
pub struct ZeroLength;

/// A query that can be [resampled](super::RecordsDsl::resample).
pub trait Resample<M: Recorded, At> {
    /// The query over the records that are left.
    type Resampled;
    #[doc(hidden)]
    fn resampled(self, every: Every) -> Self::Resampled;
}

/// The condition that a record is the last one of its row in a stretch of
/// time, among those of a query with the FROM `F` and the WHERE `W`.
#[derive(Debug, Clone, Copy)]
pub struct LastIn<S, F, W> {
    id: RecordId<S>,
    at: RecordedAt<S>,
    from: F,
    among: W,
    /// Whether `among` must hold of what stands beside the record, too.
    beside: bool,
    every: Every,
}

impl<S, F, W> LastIn<S, F, W> {
    const fn new(from: F, among: W, beside: bool, every: Every) -> Self {
        Self {
            id: RecordId::NEW,
            at: RecordedAt::NEW,
            from,
            among,
            beside,
            every,
        }
    }
}

impl<S, F, W> QueryId for LastIn<S, F, W> {
    type QueryId = ();
    // The text depends on the length.
    const HAS_STATIC_QUERY_ID: bool = false;
}
condition!(LastIn<S, F, W> on RecordId);

impl<S, F, W, DB> QueryFragment<DB> for LastIn<S, F, W>
where
    S: RecordSource,
    F: QueryFragment<DB>,
    W: QueryFragment<DB>,
    DB: Engine,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        // MySQL would otherwise be free to look for each record in all groups.
        let materialize = DB::KIND == Kind::Mysql;
        out.push_sql("(");
        self.id.walk_ast(out.reborrow())?;
        out.push_sql(" IN (SELECT ");
        if materialize {
            out.push_sql("handleref_l.handleref_last FROM (SELECT ");
        }
        out.push_sql("MAX(");
        self.id.walk_ast(out.reborrow())?;
        out.push_sql(") AS handleref_last");
        self.from.walk_ast(out.reborrow())?;
        self.among.walk_ast(out.reborrow())?;
        out.push_sql(" GROUP BY ");
        for column in S::Model::RECORDED_KEY {
            out.push_identifier(<S::Model as Recorded>::LiveTable::SQL_NAME)?;
            out.push_sql(".");
            out.push_identifier(column)?;
            out.push_sql(", ");
        }
        self.every.walk(&self.at, &mut out)?;
        out.push_sql(if materialize { ") handleref_l)" } else { ")" });
        if self.beside && !self.among.is_noop(&DB::default())? {
            out.push_sql(" AND EXISTS (SELECT 1");
            if materialize {
                out.push_sql(" FROM DUAL");
            }
            self.among.walk_ast(out.reborrow())?;
            out.push_sql(")");
        }
        out.push_sql(")");
        Ok(())
    }
}

impl<F, S, D, W, O, LOf, G, H, LC, M, At> Resample<M, From<At>>
    for SelectStatement<FromClause<F>, S, D, W, O, LOf, G, H, LC>
where
    M: Recorded,
    F: QuerySource + OverRecords<M, At>,
    FromClause<F>: Clone,
    W: Clone,
    Self: FilterDsl<LastIn<M::Records, FromClause<F>, W>>,
{
    type Resampled = Filter<Self, LastIn<M::Records, FromClause<F>, W>>;

    fn resampled(self, every: Every) -> Self::Resampled {
        // The conditions stay where they are, too: they choose among the rows
        // of joined tables.
        let (from, among) = (self.from.clone(), self.where_clause.clone());
        FilterDsl::filter(self, LastIn::new(from, among, false, every))
    }
}

impl<S> Resample<S::Model, Here> for S
where
    S: RecordSource + AsQuery,
    S::Query: Resample<S::Model, From<Here>>,
{
    type Resampled = <S::Query as Resample<S::Model, From<Here>>>::Resampled;

    fn resampled(self, every: Every) -> Self::Resampled {
        self.as_query().resampled(every)
    }
}

impl<'a, ST, F, DB, GB, M, At> Resample<M, From<At>>
    for BoxedSelectStatement<'a, ST, FromClause<F>, DB, GB>
where
    M: Recorded,
    F: QuerySource + OverRecords<M, At>,
    FromClause<F>: QueryFragment<DB> + Clone + Send + 'a,
    RecordId<M::Records>: AppearsOnTable<F>,
    DB: Engine,
{
    type Resampled = Self;

    fn resampled(mut self, every: Every) -> Self::Resampled {
        // Diesel does not name the type of no conditions; they cannot be cloned.
        let none = diesel::select(true.into_sql::<Bool>()).where_clause.into();
        let among = std::mem::replace(&mut self.where_clause, none);
        let last = LastIn::<M::Records, _, _>::new(self.from.clone(), among, F::JOINED, every);
        FilterDsl::filter(self, last)
    }
}
