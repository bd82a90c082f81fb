//! How much there is, how fast it grows, and who writes.

use super::{Model, Registry};
use crate::changeset::Actor;
use crate::engine::Kind;
use crate::error::Error;
use crate::facts::{RECORD_CHANGESET, RECORDED_AT};
use crate::maintain::holds::holds_of;
use crate::model::lives_sql;
use crate::session::absent::{HISTORY, or_not_installed};
use crate::session::{Boxed, Executor, Session};
use crate::sql::{Sql, integer, quoted, raw};
use crate::time::{BoundTime, Instant};
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde::Serialize;
use std::collections::HashMap;

/// Of so many of the newest records of a model is known who wrote them; that of all would
/// take long.
const NEWEST: i64 = 50_000;

/// How much there is of the models of a registry; read by [`Registry::stats`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// What is said of days and writers, is said of the time from here on.
    pub since: DateTime<Utc>,
    /// Model by model.
    pub models: Vec<ModelStats>,
    /// Who wrote, the one with the most records first; of each model at most of its newest
    /// 50,000 records.
    pub writers: Vec<Writer>,
}

/// How much there is of one model.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ModelStats {
    /// Its name.
    pub model: &'static str,
    /// Rows, soft-deleted ones among them.
    pub rows: i64,
    /// Those that are soft-deleted.
    pub deleted: i64,
    /// Records.
    pub records: i64,
    /// What the record table takes with its indexes, where the engine knows.
    pub bytes: Option<i64>,
    /// When the first record was written that is still there.
    pub oldest: Option<DateTime<Utc>>,
    /// The days (UTC) on which there were records, in their order.
    pub days: Vec<Day>,
    /// How many [holds](crate::maintain::Hold) there are on its records.
    pub holds: usize,
}

/// A day on which there were records.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Day {
    /// Which one.
    pub day: NaiveDate,
    /// How many.
    pub records: i64,
}

/// Who wrote records.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Writer {
    /// The actor of their changesets, if these have one.
    pub actor: Option<Actor>,
    /// Whether they are in changesets at all; if not, they were written past the application.
    pub in_changesets: bool,
    /// How many.
    pub records: i64,
}

impl Registry {
    /// How many rows and records there are, how many were written on which day since a time,
    /// and by whom. It counts everything, which is some tenths of a second for a million records.
    ///
    /// # Errors
    /// [`Error::NotInstalled`] or [`Error::Database`].
    pub fn stats<'a, C: Executor>(
        &'a self,
        conn: &'a mut C,
        since: impl Instant,
    ) -> C::Output<'a, Result<Stats, Error>> {
        C::finish(stats(conn, self.models(), since.to_utc().and_utc()))
    }
}

/// The same of these models.
pub(crate) fn stats<'a>(
    conn: &'a mut dyn Session,
    models: &'a [Model],
    since: DateTime<Utc>,
) -> Boxed<'a, Result<Stats, Error>> {
    Box::pin(async move {
        let mut all = Vec::with_capacity(models.len());
        let mut writers: HashMap<(Option<Actor>, bool), i64> = HashMap::new();
        for model in models {
            all.push(match of_model(conn, model, since, &mut writers).await {
                Err(Error::Database(error)) => {
                    return Err(or_not_installed(conn, error, HISTORY).await);
                }
                found => found?,
            });
        }
        let writers = writers.into_iter();
        let mut writers: Vec<Writer> = writers
            .map(|((actor, in_changesets), records)| Writer {
                actor,
                in_changesets,
                records,
            })
            .collect();
        writers.sort_by(|one, other| {
            let most = other.records.cmp(&one.records);
            most.then_with(|| one.actor.cmp(&other.actor))
        });
        Ok(Stats {
            since,
            models: all,
            writers,
        })
    })
}

async fn of_model(
    conn: &mut dyn Session,
    model: &Model,
    since: DateTime<Utc>,
    writers: &mut HashMap<(Option<Actor>, bool), i64>,
) -> Result<ModelStats, Error> {
    let lives = lives_sql(conn.kind(), model.roles(), "");
    let sql = Sql::new("SELECT COUNT(*), COUNT(CASE WHEN ").made(lives);
    let sql = sql.sql(" THEN NULL ELSE 1 END) FROM ").name(model.table());
    let (rows, deleted) = conn.one(sql).await?;
    let sql = Sql::new("SELECT COUNT(*) FROM ").name(model.record_table());
    let (records,) = conn.one(sql).await?;
    let oldest = end(conn, model, "MIN").await?;
    let days = match (oldest, end(conn, model, "MAX").await?) {
        (Some(oldest), Some(newest)) => {
            let from = since.naive_utc().max(oldest);
            days(conn, model, from, newest.date()).await?
        }
        _ => Vec::new(),
    };
    for (key, records) in written(conn, model, since).await? {
        *writers.entry(key).or_default() += records;
    }
    Ok(ModelStats {
        model: model.name(),
        rows,
        deleted,
        records,
        bytes: bytes(conn, model).await?,
        oldest: oldest.map(|time| time.and_utc()),
        days,
        holds: holds_of(conn, model.subject()).await?.len(),
    })
}

/// What a record table takes; SQLite could say it only by reading the whole file.
async fn bytes(conn: &mut dyn Session, model: &Model) -> Result<Option<i64>, Error> {
    let sql = match conn.kind() {
        Kind::Sqlite => return Ok(None),
        Kind::Postgres => {
            let name = quoted(Kind::Postgres, model.record_table()).into_string();
            let sql = Sql::new("SELECT pg_catalog.pg_total_relation_size(pg_catalog.to_regclass(");
            sql.sql("CAST(").bind(name).sql(" AS text)))")
        }
        Kind::Mysql => {
            let sql = Sql::new("SELECT CAST(data_length + index_length AS SIGNED) ");
            let sql = sql.sql("FROM information_schema.tables WHERE table_schema = DATABASE() ");
            sql.sql("AND table_name = ")
                .bind(model.record_table().to_owned())
        }
    };
    let found: Option<(Option<i64>,)> = conn.first(sql).await?;
    Ok(found.and_then(|(bytes,)| bytes))
}

/// The first or the last time of a record.
async fn end(
    conn: &mut dyn Session,
    model: &Model,
    function: &'static str,
) -> Result<Option<NaiveDateTime>, Error> {
    let sql = Sql::new("SELECT ").sql(function).sql("(").name(RECORDED_AT);
    let sql = sql.sql(") FROM ").name(model.record_table());
    let (time,) = conn.one(sql).await?;
    Ok(time)
}

/// So many days are counted by one query.
const DAYS: usize = 50;

/// Day by day, which are ranges of an index; to group by days would be to sort everything.
async fn days(
    conn: &mut dyn Session,
    model: &Model,
    from: NaiveDateTime,
    last: NaiveDate,
) -> Result<Vec<Day>, Error> {
    let all: Vec<NaiveDate> = from
        .date()
        .iter_days()
        .take_while(|it| *it <= last)
        .collect();
    let mut found = Vec::new();
    let kind = conn.kind();
    for (chunk, days) in all.chunks(DAYS).enumerate() {
        let times = days.iter().map(|day| {
            let begin = NaiveDateTime::from(*day).max(from);
            let end = day.succ_opt().unwrap_or(*day);
            (
                BoundTime::new(begin),
                BoundTime::new(NaiveDateTime::from(end)),
            )
        });
        let times: Vec<_> = times.collect();
        let mut sql = Sql::once("");
        for (at, (begin, end)) in times.iter().enumerate() {
            let number = raw!("CAST({at} AS {})", [integer(kind)], at);
            sql = sql.sql(if at > 0 {
                " UNION ALL SELECT "
            } else {
                "SELECT "
            });
            sql = sql.made(number).sql(", COUNT(*) FROM ");
            sql = sql.name(model.record_table()).sql(" WHERE ");
            sql = sql.name(RECORDED_AT).sql(" >= ").bind(begin).sql(" AND ");
            sql = sql.name(RECORDED_AT).sql(" < ").bind(end);
        }
        let mut rows: Vec<(i64, i64)> = conn.rows(sql).await?;
        rows.sort_unstable();
        let first = chunk * DAYS;
        found.extend(rows.into_iter().filter_map(|(at, records)| {
            let day = *all.get(first + usize::try_from(at).ok()?)?;
            Some(Day { day, records })
        }));
    }
    found.retain(|it| it.records > 0);
    Ok(found)
}

type Written = Vec<((Option<Actor>, bool), i64)>;

async fn written(
    conn: &mut dyn Session,
    model: &Model,
    since: DateTime<Utc>,
) -> Result<Written, Error> {
    let from = BoundTime::new(since);
    let sql = Sql::new("SELECT handleref_c.actor, handleref_c.actor_kind, COUNT(*), ");
    let sql = sql.sql("COUNT(handleref_r.").name(RECORD_CHANGESET);
    let sql = sql.sql(") FROM (SELECT ").name(RECORD_CHANGESET);
    let sql = sql.sql(" FROM ").name(model.record_table());
    let sql = sql.sql(" WHERE ").name(RECORDED_AT).sql(" >= ").bind(&from);
    let sql = sql.sql(" ORDER BY ").name(RECORDED_AT).sql(" DESC LIMIT ");
    let sql = sql.bind(NEWEST);
    let sql = sql.sql(") handleref_r LEFT JOIN handleref_changesets handleref_c ON ");
    let sql = sql
        .sql("handleref_c.id = handleref_r.")
        .name(RECORD_CHANGESET);
    let sql = sql.sql(" GROUP BY handleref_c.actor, handleref_c.actor_kind");
    type Row = (Option<String>, Option<String>, i64, i64);
    let rows: Vec<Row> = conn.rows(sql).await?;
    let mut written = Vec::new();
    for (actor, kind, all, within) in rows {
        let actor = actor.map(|text| Actor::stored(kind.as_deref().unwrap_or_default(), text));
        written.push(((actor, true), within));
        written.push(((None, false), all - within));
    }
    written.retain(|(_, records)| *records > 0);
    Ok(written)
}
