//! The moment of a deletion, different from that of every other deletion, so
//! that a restore can tell them apart.

use super::Node;
use super::set::{Read, Set};
use super::statements::push_verb;
use crate::engine::{Engine, Every, Kind};
use crate::error::Error;
use crate::session::Session;
use crate::sql::{Sql, literal_sql, push_now};
use crate::time::TimeKind;
use chrono::{NaiveDateTime, TimeDelta};
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::QueryResult;
use std::sync::Arc;

/// One microsecond, the finest step that every engine stores.
pub(super) const TICK: TimeDelta = TimeDelta::microseconds(1);

/// The database's clock, moved on past deletions of the same moment.
///
/// Deletions of the last second alone count, so that a row with a date far in
/// the future (written by a wrong clock) does not pull this one along.
pub(super) async fn fresh(conn: &mut dyn Session, nodes: &[&Node]) -> Result<NaiveDateTime, Error> {
    let now = read(conn, &Clock).await?.ok_or(Error::Stamp {
        model: nodes.first().map_or("", |node| node.name),
    })?;
    // SQLite's clock has milliseconds. One tick on, a moment differs from every
    // one that a clock wrote, and from `updated_at` of a row that was just made.
    let now = if conn.kind() == Kind::Sqlite {
        now + TICK
    } else {
        now
    };
    let taken = read(conn, &Taken { nodes, now }).await?;
    Ok(taken.map_or(now, |taken| taken + TICK))
}

/// `moment`, moved on past the marks of the rows that are to be deleted.
///
/// A guard does not let a writer take `updated_at` back; rows with a date in
/// the future are deleted even later, then.
pub(super) async fn after_rows(
    conn: &mut dyn Session,
    sets: &[Arc<Set<'_>>],
    moment: NaiveDateTime,
) -> Result<NaiveDateTime, Error> {
    let newest = read(conn, &Newest(sets)).await?;
    Ok(newest.map_or(moment, |newest| newest.max(moment)) + TICK)
}

async fn read(conn: &mut dyn Session, query: &dyn Every) -> Result<Option<NaiveDateTime>, Error> {
    let rows: Vec<(Option<NaiveDateTime>,)> = conn.rows(Sql::every(query)).await?;
    Ok(rows.into_iter().filter_map(|(moment,)| moment).max())
}

struct Clock;

impl<DB: Engine> QueryFragment<DB> for Clock {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        push_now(TimeKind::Plain, &mut out);
        Ok(())
    }
}

/// The latest deletion of each table within the second after `now`.
struct Taken<'a> {
    nodes: &'a [&'a Node],
    now: NaiveDateTime,
}

impl<DB: Engine> QueryFragment<DB> for Taken<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let kind = DB::KIND;
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
            push_newest::<DB>(mark, time, &mut out)?;
            node.push_table(&mut out)?;
            out.push_sql(" WHERE ");
            out.push_identifier(mark)?;
            out.push_sql(" BETWEEN ");
            out.push_sql(&literal_sql(kind, time, self.now));
            out.push_sql(" AND ");
            out.push_sql(&literal_sql(kind, time, self.now + TimeDelta::seconds(1)));
            if node.roles.deleted_at.is_none() {
                out.push_sql(" AND ");
                DB::own(&node.deleted)?.walk_ast(out.reborrow())?;
            }
        }
        Ok(())
    }
}

/// The newest mark of the rows of each set.
struct Newest<'a, 's>(&'a [Arc<Set<'s>>]);

impl<DB: Engine> QueryFragment<DB> for Newest<'_, '_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let (mut separator, mut first) = ("", true);
        for set in self.0 {
            let Some((mark, time)) = set.node.roles.mark() else {
                continue;
            };
            out.push_sql(separator);
            separator = " UNION ALL ";
            let recursive = self.0.iter().any(|set| set.is_recursive());
            push_verb::<DB>("SELECT", first && recursive, &mut out);
            first = false;
            push_newest::<DB>(mark, time, &mut out)?;
            set.walk_rows(Read::Plain, out.reborrow())?;
        }
        Ok(())
    }
}

/// `max(<mark>) FROM `
fn push_newest<DB: Engine>(
    mark: &str,
    time: TimeKind,
    out: &mut AstPass<'_, '_, DB>,
) -> QueryResult<()> {
    let (before, after) = match (DB::KIND, time) {
        (Kind::Sqlite, TimeKind::ZonedText) => ("replace(max(", "), '+00:00', '')"),
        _ => ("max(", ")"),
    };
    out.push_sql(before);
    out.push_identifier(mark)?;
    out.push_sql(after);
    out.push_sql(" FROM ");
    Ok(())
}
