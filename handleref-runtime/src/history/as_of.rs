//! Any query, in the past: every table of recorded models is shadowed by a
//! common table expression of the same name.

use super::model::{LiveName, Recorded};
use super::moment::{Moment, Point};
use crate::any::Subject;
use crate::engine::{Engine, Kind, fails_late};
use crate::error::Error;
use crate::facts::{RECORD_ID, RECORD_OPERATION};
use crate::sql::{quoted, raw, walk_unweighed};
use diesel::query_builder::{AsQuery, AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::methods::LimitDsl;
use diesel::result::QueryResult;
use std::marker::PhantomData;

/// [`as_of`](AsOfDsl::as_of) for every query.
pub trait AsOfDsl: AsQuery + Sized {
    /// This query, on the tables of `Models` as they were at a moment:
    ///
    /// ```text
    /// articles::table.inner_join(topics::table)
    ///     .filter(topics::name.eq("rust"))
    ///     .as_of::<(Article, Topic)>(yesterday)
    ///     .load::<(Article, Topic)>(conn)?;
    /// articles::table.count().as_of::<Article>(RecordNo(17)).get_result::<i64>(conn)?;
    /// ```
    ///
    /// `Models` is one recorded model or a tuple of up to eight; tables that
    /// are not named are read as they are now. Filters, joins, aggregates,
    /// subqueries and pages come before `as_of`. Rows that were really deleted
    /// by then are absent, soft-deleted ones are there with their mark.
    ///
    /// An instant means what statements had written by then, by the clock of
    /// the database at their beginning (the time in `updated_at`), once they
    /// are committed. Of ties, and of transactions that overlap, only a
    /// [`RecordNo`](super::RecordNo) or [`ChangesetNo`](super::ChangesetNo) is
    /// exact.
    ///
    /// # Errors
    /// The database refuses, with a message that begins with `handleref:`, if
    /// the moment is before recording began or before what a prune left, or if
    /// rows that are older than the recording have no baseline yet. A query that reads
    /// none of the tables of `Models` is refused before it is sent, by a
    /// [`QueryBuilderError`](diesel::result::Error::QueryBuilderError) that holds [`Error::NotRead`].
    #[allow(clippy::wrong_self_convention)] // It is SQL's term.
    #[doc(alias("system_time", "AuditReader"))]
    fn as_of<Models>(self, moment: impl Moment) -> AsOf<Self::Query, Models> {
        AsOf {
            query: self.as_query(),
            point: moment.point(),
            models: PhantomData,
        }
    }
}

impl<Q: AsQuery> AsOfDsl for Q {}

/// A query in the past; see [`AsOfDsl::as_of`].
#[must_use = "a query does nothing until it is loaded"]
#[derive(Debug, Clone, Copy)]
pub struct AsOf<Q, Models> {
    query: Q,
    point: Point,
    models: PhantomData<fn() -> Models>,
}

impl<Q, M> QueryId for AsOf<Q, M> {
    type QueryId = ();
    // The text depends on the kind of the moment.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query, M> Query for AsOf<Q, M> {
    type SqlType = Q::SqlType;
}

impl<Q, M, Conn> diesel::RunQueryDsl<Conn> for AsOf<Q, M> {}

/// For `first`.
impl<Q: LimitDsl, M> LimitDsl for AsOf<Q, M> {
    type Output = AsOf<Q::Output, M>;
    fn limit(self, limit: i64) -> Self::Output {
        AsOf {
            query: self.query.limit(limit),
            point: self.point,
            models: PhantomData,
        }
    }
}

impl<Q, M, DB> QueryFragment<DB> for AsOf<Q, M>
where
    Q: QueryFragment<DB>,
    M: Past<DB>,
    DB: Engine,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("WITH ");
        M::walk(&self.point, out.reborrow())?;
        out.push_sql(" ");
        walk_unweighed(&self.query, out, |text| {
            let models = M::tables();
            // However its name is written, in SQL of a user's too.
            match models.iter().any(|(_, table)| text.contains(table)) {
                true => Ok(()),
                false => {
                    let models = models.iter().map(|(model, _)| *model).collect();
                    Err(Error::NotRead { models }.into())
                }
            }
        })
    }
}

/// Models whose past can be read together: one recorded model, or a tuple.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read in the past on `{DB}`",
    note = "name one model that derives `Recorded`, or a tuple of up to eight of them: `.as_of::<(Article, Topic)>(..)`"
)]
pub trait Past<DB: Engine> {
    /// Writes one common table expression for each model.
    #[doc(hidden)]
    fn walk<'b>(point: &'b Point, out: AstPass<'_, 'b, DB>) -> QueryResult<()>;
    /// The names of the models and of their tables.
    #[doc(hidden)]
    fn tables() -> Vec<(&'static str, &'static str)>;
}

impl<M, DB> Past<DB> for M
where
    M: Recorded,
    DB: Engine,
{
    fn walk<'b>(point: &'b Point, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        shadow(
            &Subject::of::<M>(),
            point,
            &[M::RECORDING.records],
            &mut out,
        )
    }

    fn tables() -> Vec<(&'static str, &'static str)> {
        vec![(M::RECORDED_NAME, M::LiveTable::SQL_NAME)]
    }
}

macro_rules! tuples {
    ($($($model:ident)+;)*) => { $(
        impl<$($model,)+ DB> Past<DB> for ($($model,)+)
        where
            $($model: Recorded,)+
            DB: Engine,
        {
            fn walk<'b>(point: &'b Point, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
                let tables = [$($model::RECORDING.records),+];
                let mut separator = "";
                $(
                    out.push_sql(separator);
                    separator = ", ";
                    shadow(&Subject::of::<$model>(), point, &tables, &mut out)?;
                )+
                let _ = separator;
                Ok(())
            }

            fn tables() -> Vec<(&'static str, &'static str)> {
                vec![$(($model::RECORDED_NAME, $model::LiveTable::SQL_NAME)),+]
            }
        }
    )* };
}
tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
}

/// `"articles" AS (SELECT .. FROM "article_records" ..)`
fn shadow<'b, DB: Engine>(
    subject: &Subject,
    point: &'b Point,
    tables: &[&'static str],
    out: &mut AstPass<'_, 'b, DB>,
) -> QueryResult<()> {
    out.push_identifier(subject.table)?;
    out.push_sql(" AS (");
    past_rows(subject, point, tables, out)?;
    out.push_sql(")");
    Ok(())
}

/// The rows of one model at a point in the past, as a query.
pub(crate) struct PastRows {
    pub(crate) subject: Subject,
    pub(crate) point: Point,
}

impl<DB: Engine> QueryFragment<DB> for PastRows {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let tables = [self.subject.recording.records];
        past_rows(&self.subject, &self.point, &tables, &mut out)
    }
}

/// `SELECT .. FROM "article_records" ..`
fn past_rows<'b, DB: Engine>(
    subject: &Subject,
    point: &'b Point,
    tables: &[&'static str],
    out: &mut AstPass<'_, 'b, DB>,
) -> QueryResult<()> {
    let records = subject.recording.records;
    let key = subject.key;
    out.push_sql("SELECT ");
    for (at, column) in subject.recording.columns.iter().enumerate() {
        out.push_sql(if at > 0 { ", " } else { "" });
        // The key is taken from the inner query, so that a condition on it
        // can be pushed down there.
        let inner = key.contains(&column.name) && DB::KIND != Kind::Mysql;
        let from = if inner { "handleref_l" } else { "handleref_r" };
        let value = raw!("{from}.{}", [quoted(DB::KIND, column.name)], from);
        out.push_sql(&column.out_of_record(DB::KIND, subject.table, value));
        out.push_sql(" AS ");
        out.push_identifier(column.name)?;
    }
    out.push_sql(" FROM (SELECT ");
    push_key(key, out)?;
    out.push_sql(", MAX(");
    out.push_identifier(RECORD_ID)?;
    out.push_sql(") AS handleref_last FROM ");
    out.push_identifier(records)?;
    out.push_sql(" WHERE ");
    point.walk(records, tables, out)?;
    out.push_sql(" GROUP BY ");
    push_key(key, out)?;
    out.push_sql(") handleref_l JOIN ");
    out.push_identifier(records)?;
    out.push_sql(" handleref_r ON handleref_r.");
    out.push_identifier(RECORD_ID)?;
    out.push_sql(" = handleref_l.handleref_last");
    if DB::KIND == Kind::Mysql {
        // MariaDB pushes no condition with a parameter into a grouped query.
        // With a key that comes from the other side of a join it groups that
        // key only; COALESCE keeps it from seeing the parameter through it.
        for column in key {
            out.push_sql(" AND handleref_l.");
            out.push_identifier(column)?;
            out.push_sql(" = COALESCE(handleref_r.");
            out.push_identifier(column)?;
            out.push_sql(", NULL)");
        }
    }
    out.push_sql(" WHERE handleref_r.");
    out.push_identifier(RECORD_OPERATION)?;
    out.push_sql(" <> 'delete'");
    if DB::KIND == Kind::Sqlite {
        refusal(subject, point, tables, out)?;
    } else {
        // Out here it is tested once, before the first row.
        out.push_sql(" AND ");
        known::<DB>(point, records, tables, out)?;
    }
    Ok(())
}

fn push_key<DB: Engine>(key: &[&str], out: &mut AstPass<'_, '_, DB>) -> QueryResult<()> {
    for (at, column) in key.iter().enumerate() {
        out.push_sql(if at > 0 { ", " } else { "" });
        out.push_identifier(column)?;
    }
    Ok(())
}

/// Writes a second part of the expression that has no row if the past is known
/// at this point, and else one whose columns cannot be computed.
///
/// SQLite does not look at a condition at all if a table of the join is empty,
/// as the records are when nothing has changed since recording began. `LIMIT` keeps
/// the verdict from being copied to every column, which took half of the time that
/// the whole query takes to compile.
fn refusal<'b, DB: Engine>(
    subject: &Subject,
    point: &'b Point,
    tables: &[&'static str],
    out: &mut AstPass<'_, 'b, DB>,
) -> QueryResult<()> {
    let records = subject.recording.records;
    out.push_sql(" UNION ALL SELECT ");
    for at in 0..subject.recording.columns.len() {
        out.push_sql(if at > 0 {
            ", handleref_f.verdict"
        } else {
            "handleref_f.verdict"
        });
    }
    out.push_sql(" FROM (SELECT ");
    verdict::<DB>(point, records, tables, out)?;
    out.push_sql(
        " AS verdict FROM handleref_recordings handleref_m WHERE handleref_m.record_table = ",
    );
    push_text(records, out);
    out.push_sql(" LIMIT 1) handleref_f WHERE handleref_f.verdict IS NOT NULL");
    Ok(())
}

/// Writes a condition that is true, or fails with a message if the past is not
/// known at this point.
fn known<'b, DB>(
    point: &'b Point,
    records: &'static str,
    tables: &[&'static str],
    out: &mut AstPass<'_, 'b, DB>,
) -> QueryResult<()>
where
    DB: Engine,
{
    out.push_sql("COALESCE((SELECT ");
    verdict::<DB>(point, records, tables, out)?;
    out.push_sql(" FROM handleref_recordings handleref_m WHERE handleref_m.record_table = ");
    push_text(records, out);
    out.push_sql("), ");
    refuse(
        records,
        "is not installed; see `handleref::schema!`",
        false,
        out,
    );
    out.push_sql(")");
    Ok(())
}

/// [`known`] for the row `handleref_m` of the registry; on SQLite null, if it is.
fn verdict<'b, DB>(
    point: &'b Point,
    records: &'static str,
    tables: &[&'static str],
    out: &mut AstPass<'_, 'b, DB>,
) -> QueryResult<()>
where
    DB: Engine,
{
    out.push_sql("CASE WHEN handleref_m.backfilled = 0 THEN ");
    refuse(
        records,
        "has no baseline yet of rows that are older than it; run `backfill`",
        false,
        out,
    );
    out.push_sql(" WHEN ");
    point.walk_too_early(tables, out)?;
    out.push_sql(" THEN ");
    refuse(
        records,
        "does not reach back so far; it begins at ",
        true,
        out,
    );
    out.push_sql(match DB::KIND {
        Kind::Sqlite => " END",
        Kind::Postgres => " ELSE TRUE END",
        Kind::Mysql => " ELSE 1 END",
    });
    Ok(())
}

/// Writes an expression that fails with a message: a function of ours, and on
/// SQLite, which has no such thing, a JSON path whose error shows it.
fn refuse<DB: Engine>(
    records: &'static str,
    why: &'static str,
    with_beginning: bool,
    out: &mut AstPass<'_, '_, DB>,
) {
    fails_late::<DB>(out);
    let message = format!("handleref: the history `{records}` {why}");
    let beginning = "COALESCE(handleref_m.horizon_at, handleref_m.began_at)";
    let (before, plus, after) = match DB::KIND {
        Kind::Sqlite => ("json_extract('{}', ", " || ", ")"),
        Kind::Postgres => ("handleref_refuse(", " || ", ")"),
        Kind::Mysql => ("handleref_refuse(CONCAT(", ", ", "))"),
    };
    out.push_sql(before);
    push_text(&message, out);
    if with_beginning {
        out.push_sql(plus);
        out.push_sql(beginning);
    }
    out.push_sql(after);
}

/// Names come from the source code; a quote in one is doubled all the same.
fn push_text<DB: Engine>(text: &str, out: &mut AstPass<'_, '_, DB>) {
    out.push_sql("'");
    out.push_sql(&text.replace('\'', "''"));
    out.push_sql("'");
}
