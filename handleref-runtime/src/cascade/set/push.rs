//! The small pieces that descriptions of sets are made of.

use super::{Read, Set};
use crate::engine::{Engine, Kind};
use crate::sql::{Raw, raw};
use diesel::query_builder::AstPass;
use diesel::result::QueryResult;

/// `first`, and what of `second` is not in it.
pub(super) fn union<'s>(first: &[&'s str], second: &[&'s str]) -> Vec<&'s str> {
    let mut all = first.to_vec();
    for column in second {
        if !all.contains(column) {
            all.push(column);
        }
    }
    all
}

pub(super) fn position(all: &[&str], column: &str) -> usize {
    // What is looked for was put into it.
    all.iter().position(|one| *one == column).unwrap_or(0)
}

/// `<column> AS handleref_0, ..`
pub(super) fn push_named<DB: Engine>(
    columns: &[&str],
    out: &mut AstPass<'_, '_, DB>,
) -> QueryResult<()> {
    for (at, column) in columns.iter().enumerate() {
        out.push_sql(if at == 0 { "" } else { ", " });
        out.push_identifier(column)?;
        out.push_sql(&raw!(" AS handleref_{at}", at));
    }
    Ok(())
}

/// The columns of `from`, which has `all`, that are called `wanted`, in this order.
pub(super) fn push_picked<DB: Engine>(
    from: &Raw,
    all: &[&str],
    wanted: &[&str],
    out: &mut AstPass<'_, '_, DB>,
) {
    for (at, column) in wanted.iter().enumerate() {
        let (separator, found) = (if at == 0 { "" } else { ", " }, position(all, column));
        out.push_sql(&raw!(
            "{separator}{from}.handleref_{found} AS handleref_{at}",
            separator,
            from,
            found,
            at
        ));
    }
}

/// `<from>.handleref_0, ..`; without the dot if `from` is empty.
pub(in super::super) fn push_numbered<DB: Engine>(
    from: &Raw,
    columns: std::ops::Range<usize>,
    out: &mut AstPass<'_, '_, DB>,
) {
    let dot = if from.is_empty() { "" } else { "." };
    let first = columns.start;
    for at in columns {
        let separator = if at == first { "" } else { ", " };
        out.push_sql(&raw!(
            "{separator}{from}{dot}handleref_{at}",
            separator,
            from,
            dot,
            at
        ));
    }
}

/// `<own> = <from>.handleref_<first> AND ..`
pub(in super::super) fn push_equal<DB: Engine>(
    from: &Raw,
    own: &[&str],
    first: usize,
    out: &mut AstPass<'_, '_, DB>,
) -> QueryResult<()> {
    for (at, column) in own.iter().enumerate() {
        out.push_sql(if at == 0 { "" } else { " AND " });
        out.push_identifier(column)?;
        out.push_sql(&raw!(" = {from}.handleref_{}", [first + at], from));
    }
    Ok(())
}

/// A join that reads the set first and then finds the rows of the table, by an
/// index where there is one. What a statement locks on MySQL and MariaDB is
/// what it reads, so the order is not left to an estimate; PostgreSQL locks
/// what it finds, and plans for itself.
pub(in super::super) fn push_join<DB: Engine>(out: &mut AstPass<'_, '_, DB>) {
    out.push_sql(match DB::KIND {
        Kind::Sqlite => " CROSS JOIN ",
        Kind::Postgres => " JOIN ",
        Kind::Mysql => " STRAIGHT_JOIN ",
    });
}

/// What makes a subquery of a locking read see what is there now.
pub(super) fn push_read<DB: Engine>(read: Read, out: &mut AstPass<'_, '_, DB>) {
    if read == Read::Current && DB::KIND == Kind::Mysql {
        out.push_sql(" LOCK IN SHARE MODE");
    }
}

/// Around the parts of a `UNION` that have a locking clause.
pub(super) fn parentheses(kind: Kind, read: Read) -> (&'static str, &'static str) {
    if read == Read::Current && kind == Kind::Mysql {
        ("(", ")")
    } else {
        ("", "")
    }
}

/// ` EXCEPT (<set>) ..`: what the sets have is taken from the query before.
///
/// For PostgreSQL, whose estimate of a recursive query is a guess: the other
/// ways to say it become a loop in a loop.
pub(in super::super) fn push_except<'b, 's, DB: Engine>(
    sets: impl IntoIterator<Item = &'b std::sync::Arc<Set<'s>>>,
    columns: &[&str],
    out: &mut AstPass<'_, 'b, DB>,
) -> QueryResult<()>
where
    's: 'b,
{
    for set in sets {
        out.push_sql(" EXCEPT (");
        set.walk(columns, Read::Current, out.reborrow())?;
        out.push_sql(")");
    }
    Ok(())
}

/// The condition that a row, whose key `own` writes part by part, is not in
/// `set`. For the engines that read a set of NOT IN once.
pub(in super::super) fn push_absent<'b, DB: Engine>(
    keys: usize,
    own: impl Fn(&mut AstPass<'_, '_, DB>, usize) -> QueryResult<()>,
    set: &'b Set<'_>,
    read: Read,
    out: &mut AstPass<'_, 'b, DB>,
) -> QueryResult<()> {
    out.push_sql("(");
    for at in 0..keys {
        out.push_sql(if at == 0 { "" } else { ", " });
        own(out, at)?;
    }
    out.push_sql(") NOT IN (SELECT ");
    push_numbered(&"".into(), 0..keys, out);
    out.push_sql(" FROM (");
    set.walk(set.node.keys, read, out.reborrow())?;
    out.push_sql(") AS handleref_without)");
    Ok(())
}
