//! Bound values that SQLite does not look at when it plans a statement.
//!
//! SQLite built with `STAT4` (as the bundled one is) plans a statement anew, and so
//! compiles it, for every value that is compared with an indexed column, once
//! `ANALYZE` has taken samples of it; but it does not look behind a sign. By an
//! index of records one thing is looked up, the past of a key, for which there is
//! nothing to plan.

use crate::engine::{Engine, Kind};
use diesel::query_builder::{AstPass, QueryBuilder, QueryFragment};
use diesel::result::QueryResult;

/// What stands before a bound value by which rows are looked up.
pub(crate) const fn unweighed(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => "+",
        Kind::Postgres | Kind::Mysql => "",
    }
}

/// Writes a query of a user's so that none of its values is weighed, once its text
/// was `seen`, which may refuse it.
pub(crate) fn walk_unweighed<'b, DB, Q>(
    query: &'b Q,
    mut out: AstPass<'_, 'b, DB>,
    seen: impl FnOnce(&str) -> QueryResult<()>,
) -> QueryResult<()>
where
    DB: Engine,
    Q: QueryFragment<DB> + ?Sized,
{
    if !makes_text(&mut out) {
        return query.walk_ast(out);
    }
    let mut text = DB::QueryBuilder::default();
    query.to_sql(&mut text, out.backend())?;
    let text = text.finish();
    seen(&text)?;
    match unweighed(DB::KIND) {
        // Its parameters may have numbers that go on from what was written before.
        "" => query.walk_ast(out),
        sign => {
            out.push_sql(&signed(&text, sign));
            Ok(())
        }
    }
}

/// Whether this walk is the one that writes text. Diesel does not say so; but it is
/// the only one that keeps this option.
fn makes_text<DB: Engine>(out: &mut AstPass<'_, '_, DB>) -> bool {
    let before = out.should_skip_from();
    out.skip_from(true);
    let kept = out.should_skip_from();
    out.skip_from(before);
    kept
}

/// The text with a sign before each `?` that is a bound value, and not a part of a
/// text, a name or a comment.
fn signed(sql: &str, sign: &str) -> String {
    let mut made = String::with_capacity(sql.len() + 16);
    let mut rest = sql;
    while let Some(at) = rest.find(['?', '\'', '"', '`', '[', '-', '/']) {
        let (before, from) = rest.split_at(at);
        made += before;
        let end = match from.as_bytes() {
            [b'?', ..] => {
                made += sign;
                1
            }
            [b'-', b'-', ..] => behind(from, 2, "\n"),
            [b'/', b'*', ..] => behind(from, 2, "*/"),
            [b'[', ..] => behind(from, 1, "]"),
            [b'-' | b'/', ..] => 1,
            // A doubled quote ends one and begins another one.
            _ => behind(from, 1, &from[..1]),
        };
        let (passed, left) = from.split_at(end);
        made += passed;
        rest = left;
    }
    made + rest
}

/// Where the text goes on behind `mark`, which is looked for from `start`.
fn behind(text: &str, start: usize, mark: &str) -> usize {
    let found = text.get(start..).and_then(|rest| rest.find(mark));
    found.map_or(text.len(), |at| start + at + mark.len())
}

#[cfg(test)]
mod tests {
    use super::signed;

    #[test]
    fn only_bound_values_get_a_sign() {
        for (sql, wanted) in [
            ("a = ? AND b IN (?, ?)", "a = +? AND b IN (+?, +?)"),
            (
                "a = 'it''s ?' OR `b?` = ? LIMIT ?",
                "a = 'it''s ?' OR `b?` = +? LIMIT +?",
            ),
            ("\"c?\" - ? / ? || [d?]", "\"c?\" - +? / +? || [d?]"),
            (
                "/* ? ' */ e = ? -- ? '\n AND f -> ? = ?",
                "/* ? ' */ e = +? -- ? '\n AND f -> +? = +?",
            ),
            ("ü = ? AND g = 'ä?", "ü = +? AND g = 'ä?"),
            ("h = -?", "h = -+?"),
            ("", ""),
        ] {
            assert_eq!(signed(sql, "+"), wanted);
        }
    }
}
