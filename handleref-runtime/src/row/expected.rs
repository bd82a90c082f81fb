//! An update of one row, at the version that somebody has read.

use super::statements::push_held;
use super::{Outcome, Row};
use crate::engine::{Engine, Kind, Typed, fails_late};
use crate::error::Error;
use crate::model::{HandleRef, Versioned};
use crate::session::{Boxed, Executor, Session};
use crate::sql::{Sql, quoted, raw};
use crate::write::{Assigned, Assigns, TableName, UpdateStatement, text};
use diesel::internal::derives::multiconnection::AstPassHelper;
use diesel::query_builder::{AstPass, QueryBuilder, QueryFragment};
use diesel::result::{EmptyChangeset, Error as DieselError, QueryResult};

/// An update of one row at an expected version; made by
/// [`expect_version`](UpdateStatement::expect_version).
#[derive(Debug)]
#[must_use = "an update does nothing before `.execute(conn)`"]
pub struct ExpectedUpdate<W, V, M> {
    rows: W,
    values: Assigned<V, M>,
    version: i64,
}

impl<T, W, V, M> UpdateStatement<T, W, Assigned<V, M>> {
    /// Writes the row only if it has this version: the one that a form or a client
    /// was shown. The target is one row, `find(key)` or `&row`; further filters may follow.
    ///
    /// ```
    /// # use diesel::prelude::*; use handleref_runtime::{row::Outcome, error::Error};
    /// # fn run(sql: &str) {}
    /// # run(r#"
    /// let written = handleref::update(articles::table.find(form.id))
    ///     .set(&form)                              // derives AsChangeset
    ///     .expect_version(form.version)
    ///     .execute(conn);                          // `.await` on an asynchronous connection
    /// match written {
    ///     Ok(Outcome::Written) => "saved",         // the version is one more now
    ///     Ok(Outcome::Unchanged) => "there was nothing to save",
    ///     Err(Error::Stale { .. }) => "somebody else was faster: look at what is there now",
    ///     Err(Error::Deleted { .. }) => "it is in the bin",
    ///     Err(Error::Gone { .. }) => "it is gone",
    ///     Err(other) => return Err(other),
    /// }
    /// # "#);
    /// ```
    pub fn expect_version(self, version: impl Into<i64>) -> ExpectedUpdate<W, V, M>
    where
        M: Versioned,
    {
        let (rows, values) = self.into_parts();
        ExpectedUpdate {
            rows,
            values,
            version: version.into(),
        }
    }
}

impl<W, V, M> ExpectedUpdate<W, V, M> {
    /// Writes the row, in one statement; if it was not written, a second one asks why.
    ///
    /// # Errors
    /// [`Error::Stale`] if the row has another version, [`Error::Deleted`] and
    /// [`Error::Gone`], [`Error::ManyRows`] if the target is not one row by its key,
    /// [`Error::ManagedColumn`], or [`Error::Database`]. Nothing was written then.
    pub fn execute<'a, C>(self, conn: &'a mut C) -> C::Output<'a, Result<Outcome, Error>>
    where
        C: Executor,
        M: Versioned + Row<C::Engine>,
        W: QueryFragment<C::Engine> + Send + Sync + 'a,
        V: QueryFragment<C::Engine> + Send + Sync + 'a,
    {
        C::run(execute::<W, V, M, C::Engine>(conn, self))
    }
}

async fn execute<W, V, M, DB>(
    conn: &mut dyn Session,
    update: ExpectedUpdate<W, V, M>,
) -> Result<Outcome, Error>
where
    DB: Engine,
    M: Row<DB>,
    W: QueryFragment<DB> + Send + Sync,
    V: QueryFragment<DB> + Send + Sync,
{
    let key = key::<M, DB>(&update.rows)?;
    let row = OneRow {
        rows: &update.rows,
        live: M::live_test(),
        version: update.version,
    };
    let written = match update.values.checked(&DB::default()) {
        Ok(_) => true,
        Err(DieselError::QueryBuilderError(error)) if error.is::<EmptyChangeset>() => false,
        Err(error) => return Err(error.into()),
    };
    let statement = Write::<W, V, M, DB> {
        row: &row,
        values: &update.values,
    };
    let what = Expected {
        update: written.then(|| DB::typed(Box::new(statement))),
        probe: DB::typed(Box::new(Look::<W, M, DB>(&row))),
        model: M::NAME,
        version: update.version,
        key,
    };
    what.execute(conn).await
}

/// What is to be done, without its types.
struct Expected<'a> {
    update: Option<Typed<'a>>,
    probe: Typed<'a>,
    model: &'static str,
    key: String,
    version: i64,
}

impl<'a> Expected<'a> {
    fn execute(self, conn: &'a mut dyn Session) -> Boxed<'a, Result<Outcome, Error>> {
        Box::pin(async move {
            if let Some(update) = &self.update
                && conn.execute(Sql::new("").typed(update)).await? > 0
            {
                return Ok(Outcome::Written);
            }
            let (model, key, expected) = (self.model, self.key, self.version);
            let found = conn.first(Sql::new("").typed(&self.probe)).await?;
            let Some((found, deleted)): Option<(i64, i64)> = found else {
                return Err(Error::Gone { model, key });
            };
            if deleted != 0 {
                return Err(Error::Deleted { model, key });
            }
            if found != expected {
                return Err(Error::Stale {
                    model,
                    key,
                    expected,
                    found,
                });
            }
            Ok(Outcome::Unchanged)
        })
    }
}

struct OneRow<'a, W, M: Row<DB>, DB: Engine> {
    rows: &'a W,
    live: M::LiveTest,
    version: i64,
}

/// `UPDATE .. SET .. WHERE <key> AND <version> AND <live> AND <something differs>`
struct Write<'a, W, V, M: Row<DB>, DB: Engine> {
    row: &'a OneRow<'a, W, M, DB>,
    values: &'a Assigned<V, M>,
}

impl<W, V, M, DB> QueryFragment<DB> for Write<'_, W, V, M, DB>
where
    DB: Engine,
    M: Row<DB>,
    W: QueryFragment<DB>,
    V: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let table = M::table().quoted()?;
        out.push_sql("UPDATE ");
        out.push_sql(&table);
        out.push_sql(" SET ");
        self.values.walk_always(out.reborrow())?;
        self.row.rows.walk_ast(out.reborrow())?;
        if let Some((version, _)) = M::ROLES.version {
            out.push_sql(&raw!(
                " AND {table}.{} = ",
                [quoted(DB::KIND, version)],
                table
            ));
            DB::bind_number(&self.row.version, &mut out)?;
        }
        out.push_sql(" AND ");
        self.row.live.walk_ast(out.reborrow())?;
        self.values.walk_changed(out)
    }
}

/// The version and the mark of deletion of the row, to say why it was not written.
struct Look<'a, W, M: Row<DB>, DB: Engine>(&'a OneRow<'a, W, M, DB>);

impl<W, M, DB> QueryFragment<DB> for Look<'_, W, M, DB>
where
    DB: Engine,
    M: Row<DB>,
    W: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        fails_late::<DB>(&mut out);
        push_held::<M, DB>(&self.0.live, &mut out)?;
        out.push_sql(" FROM ");
        M::table().push(&mut out)?;
        self.0.rows.walk_ast(out.reborrow())?;
        if DB::KIND == Kind::Mysql {
            // As where a save asks why.
            out.push_sql(" FOR UPDATE");
        }
        Ok(())
    }
}

/// The key of the row that a condition is about, as text.
///
/// # Errors
/// [`Error::ManyRows`] if the condition does not say the whole key: each of its columns
/// has to equal a value, whatever else is true.
fn key<M: HandleRef<Table: TableName<DB>>, DB: Engine>(
    rows: &impl QueryFragment<DB>,
) -> Result<String, Error> {
    let backend = DB::default();
    let sql = text(rows, &backend)?;
    let mut values = Vec::new();
    rows.walk_ast(AstPass::collect_debug_binds_pass(&mut values, &backend))?;
    let table = M::table().quoted()?;
    let mut terms = Vec::new();
    terms_of(sql.strip_prefix(" WHERE ").unwrap_or(&sql), &mut terms);
    let value = |column: &&str| {
        let equals = format!("{}.{} = ", &*table, identifier::<DB>(column)?);
        let is_value = |rest: &str| {
            let number = rest.strip_prefix('$');
            rest == "?" || number.is_some_and(|it| it.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let mut terms = terms.iter();
        let term = terms.find(|term| term.strip_prefix(&equals).is_some_and(is_value))?;
        // It is a part of the text, so this is where it is there.
        let at = term.as_ptr().addr() - sql.as_ptr().addr() + equals.len();
        let before =
            outside(&sql).filter(|(place, _, char)| *place < at && matches!(char, '?' | '$'));
        let value = values.get(before.count())?;
        Some(format!("{value:?}").trim_matches('"').to_owned())
    };
    let key: Option<Vec<String>> = M::KEY_COLUMNS.iter().map(value).collect();
    let key = key.ok_or(Error::ManyRows { model: M::NAME })?;
    Ok(key.join(","))
}

/// The conditions that all have to be true.
fn terms_of<'t>(condition: &'t str, terms: &mut Vec<&'t str>) {
    let condition = condition.trim();
    let inner = condition
        .strip_prefix('(')
        .and_then(|it| it.strip_suffix(')'));
    let closes_early = |it: &str| outside(it).any(|(_, depth, _)| depth < 0);
    if let Some(inner) = inner.filter(|inner| !closes_early(inner)) {
        return terms_of(inner, terms);
    }
    let mut ends = Vec::new();
    for (at, depth, _) in outside(condition) {
        let rest = &condition[at..];
        // The `AND` of a `BETWEEN` joins no conditions.
        if depth == 0 && (rest.starts_with(" OR ") || rest.starts_with(" BETWEEN ")) {
            return;
        }
        if depth == 0 && rest.starts_with(" AND ") {
            ends.push(at);
        }
    }
    if ends.is_empty() {
        terms.push(condition);
        return;
    }
    let mut start = 0;
    for end in ends {
        terms_of(&condition[start..end], terms);
        start = end + " AND ".len();
    }
    terms_of(&condition[start..], terms);
}

/// The characters that are in no quotes, each with its place and the number of
/// parentheses that are open behind it.
fn outside(text: &str) -> impl Iterator<Item = (usize, i32, char)> {
    let (mut quote, mut depth) = (None, 0);
    text.char_indices().filter_map(move |(at, char)| {
        match (quote, char) {
            (Some(open), _) if open == char => quote = None,
            (Some(_), _) => {}
            (None, '"' | '`' | '\'') => quote = Some(char),
            (None, _) => {
                depth += match char {
                    '(' => 1,
                    ')' => -1,
                    _ => 0,
                };
                return Some((at, depth, char));
            }
        }
        None
    })
}

/// A name as Diesel quotes it.
fn identifier<DB: Engine>(name: &str) -> Option<String> {
    let mut quoted = DB::QueryBuilder::default();
    quoted.push_identifier(name).ok()?;
    Some(quoted.finish())
}

#[cfg(test)]
mod tests {
    use super::terms_of;

    #[test]
    fn only_what_must_be_true_is_a_term() {
        for (sql, wanted) in [
            ("(t.a = ?)", &["t.a = ?"][..]),
            ("((t.a = ?) AND (t.b = ?))", &["t.a = ?", "t.b = ?"]),
            (
                "(t.a = ?) AND (t.b = ? AND t.c)",
                &["t.a = ?", "t.b = ?", "t.c"],
            ),
            ("(t.a = ?) AND ((t.b = ?) OR (t.c = ?))", &["t.a = ?"]),
            ("(t.a = ?) OR (t.b = ?)", &[]),
            ("NOT (t.a = ?)", &["NOT (t.a = ?)"]),
            ("((t.a = ?) != ?)", &["(t.a = ?) != ?"]),
            ("t.a BETWEEN ? AND (t.b = ?)", &[]),
            ("(\"t (\".\"a AND b\" = ?)", &["\"t (\".\"a AND b\" = ?"]),
        ] {
            let mut terms = Vec::new();
            terms_of(sql, &mut terms);
            assert_eq!(terms, wanted, "{sql}");
        }
    }
}
