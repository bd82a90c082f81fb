//! The moment of a deletion, different from that of every other deletion, so
//! that a restore can tell them apart.

use super::Node;
use super::set::{Read, Set};
use super::statements::push_verb;
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::executor::{Executor, Steps};
use crate::text::read_all;
use crate::time::{TimeKind, literal_sql};
use chrono::{NaiveDateTime, TimeDelta};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use std::sync::Arc;

/// One microsecond, the finest step that every engine stores.
pub(super) const TICK: TimeDelta = TimeDelta::microseconds(1);

/// The database's clock, moved on past deletions of the same moment.
///
/// Deletions of the last second alone count, so that a row with a date far in
/// the future (written by a wrong clock) does not pull this one along.
pub(super) async fn fresh<C: Executor>(
    conn: &mut C,
    nodes: &[&Node<C>],
) -> Result<NaiveDateTime, Error> {
    let now = read(conn, Clock).await?.ok_or(Error::Stamp {
        model: nodes.first().map_or("", |node| node.name),
    })?;
    // SQLite's clock has milliseconds. One tick on, a moment differs from every
    // one that a clock wrote, and from `updated_at` of a row that was just made.
    let now = if C::Backend::KIND == Kind::Sqlite {
        now + TICK
    } else {
        now
    };
    let taken = read(conn, Taken { nodes, now }).await?;
    Ok(taken.map_or(now, |taken| taken + TICK))
}

/// `moment`, moved on past the marks of the rows that are to be deleted.
///
/// A guard does not let a writer take `updated_at` back; rows with a date in
/// the future are deleted even later, then.
pub(super) async fn after_rows<C: Executor>(
    conn: &mut C,
    sets: &[Arc<Set<'_, C>>],
    moment: NaiveDateTime,
) -> Result<NaiveDateTime, Error> {
    let newest = read(conn, Newest(sets)).await?;
    Ok(newest.map_or(moment, |newest| newest.max(moment)) + TICK)
}

async fn read<C, Q>(conn: &mut C, query: Q) -> Result<Option<NaiveDateTime>, Error>
where
    C: Steps,
    Q: QueryFragment<C::Backend> + QueryId + Send,
{
    let rows = conn.texts(query).await?;
    let texts = rows.into_iter().filter_map(|(text, ..)| text);
    let moments = read_all(texts, "the mark of a deleted row", |text| {
        NaiveDateTime::parse_from_str(&text, "%F %T%.f").ok()
    });
    Ok(moments?.into_iter().max())
}

struct Clock;

impl QueryId for Clock {
    type QueryId = Self;
}

impl<DB: Engine> QueryFragment<DB> for Clock {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(match DB::KIND {
            Kind::Sqlite => "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now'), NULL, NULL, NULL",
            Kind::Postgres => {
                "SELECT to_char(statement_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), \
                 NULL::text, NULL::text, NULL::text"
            }
            Kind::Mysql => {
                "SELECT CAST(UTC_TIMESTAMP(6) AS CHAR), \
                 CAST(NULL AS CHAR), CAST(NULL AS CHAR), CAST(NULL AS CHAR)"
            }
        });
        Ok(())
    }
}

/// The latest deletion of each table within the second after `now`.
struct Taken<'a, C: Executor> {
    nodes: &'a [&'a Node<C>],
    now: NaiveDateTime,
}

impl<C: Executor> QueryId for Taken<'_, C> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C: Executor> QueryFragment<C::Backend> for Taken<'_, C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, C::Backend>) -> QueryResult<()> {
        let kind = C::Backend::KIND;
        // The moment stands in the text; such a text is not worth caching.
        out.unsafe_to_cache_prepared();
        let mut separator = "";
        for node in self.nodes {
            let Some((mark, time)) = node.roles.mark() else {
                continue;
            };
            out.push_sql(separator);
            separator = " UNION ALL ";
            out.push_sql("SELECT ");
            push_newest::<C>(mark, time, &mut out)?;
            (node.push_table)(&mut out)?;
            out.push_sql(" WHERE ");
            out.push_identifier(mark)?;
            out.push_sql(" BETWEEN ");
            out.push_sql(&literal_sql(kind, time, self.now));
            out.push_sql(" AND ");
            out.push_sql(&literal_sql(kind, time, self.now + TimeDelta::seconds(1)));
            if node.roles.deleted_at.is_none() {
                out.push_sql(" AND ");
                node.deleted.walk_ast(out.reborrow())?;
            }
        }
        Ok(())
    }
}

/// The newest mark of the rows of each set.
struct Newest<'a, 's, C: Executor>(&'a [Arc<Set<'s, C>>]);

impl<C: Executor> QueryId for Newest<'_, '_, C> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C: Executor> QueryFragment<C::Backend> for Newest<'_, '_, C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, C::Backend>) -> QueryResult<()> {
        let (mut separator, mut first) = ("", true);
        for set in self.0 {
            let Some((mark, time)) = set.node.roles.mark() else {
                continue;
            };
            out.push_sql(separator);
            separator = " UNION ALL ";
            let recursive = self.0.iter().any(|set| set.is_recursive());
            push_verb::<C>("SELECT", first && recursive, &mut out);
            first = false;
            push_newest::<C>(mark, time, &mut out)?;
            set.walk_rows(Read::Plain, out.reborrow())?;
        }
        Ok(())
    }
}

/// `max(<mark>), NULL, NULL, NULL FROM `
fn push_newest<C: Executor>(
    mark: &str,
    time: TimeKind,
    out: &mut AstPass<'_, '_, C::Backend>,
) -> QueryResult<()> {
    let kind = C::Backend::KIND;
    let (before, after) = match (kind, time) {
        (Kind::Sqlite, TimeKind::ZonedText) => ("replace(max(", "), '+00:00', '')"),
        (Kind::Sqlite, _) => ("max(", ")"),
        (Kind::Postgres, TimeKind::Plain) => ("to_char(max(", "), 'YYYY-MM-DD HH24:MI:SS.US')"),
        (Kind::Postgres, _) => (
            "to_char(max(",
            ") AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
        ),
        (Kind::Mysql, _) => ("CAST(max(", ") AS CHAR)"),
    };
    out.push_sql(before);
    out.push_identifier(mark)?;
    out.push_sql(after);
    out.push_sql(match kind {
        Kind::Sqlite => ", NULL, NULL, NULL FROM ",
        Kind::Postgres => ", NULL::text, NULL::text, NULL::text FROM ",
        Kind::Mysql => ", CAST(NULL AS CHAR), CAST(NULL AS CHAR), CAST(NULL AS CHAR) FROM ",
    });
    Ok(())
}
