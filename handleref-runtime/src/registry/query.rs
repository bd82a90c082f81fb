//! A query in SQL, as the recorded tables were.

use super::Registry;
use super::version_at::in_every_table;
use crate::engine::Kind;
use crate::error::Error;
use crate::history::Moment;
use crate::history::as_of::PastRows;
use crate::history::moment::Point;
use crate::history::stored_type::Class;
use crate::session::{Boxed, Executor, Session, cells_after, names};
use crate::sql::{Raw, Sql, unreadable};
use serde::Serialize;
use serde_json::Value;

/// What a query gave.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct Table {
    /// The names of the columns; none, if there are no rows.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
}

impl Registry {
    /// The answer of a `SELECT` as of a moment: each recorded table that it names is as it was then, by a
    /// common table expression of its name in front of the query. Tables that are not
    /// recorded are as they are now.
    ///
    /// The text is given to the database as it is, so whoever writes it can read whatever the
    /// connection may read: give it a connection that can do no more than its author may.
    ///
    /// # Errors
    /// [`Error::NotOneSelect`] if it is something else than one `SELECT` (or `WITH .. SELECT`), or if it names none
    /// of the tables; [`Error::Database`], also if the moment is before what is known.
    pub fn query_as_of<'a, C: Executor>(
        &'a self,
        conn: &'a mut C,
        moment: impl Moment,
        sql: &'a str,
    ) -> C::Output<'a, Result<Table, Error>> {
        C::finish(self.asked_as_of(conn, moment.point(), sql))
    }

    pub(crate) fn asked_as_of<'a>(
        &'a self,
        conn: &'a mut dyn Session,
        point: Point,
        sql: &'a str,
    ) -> Boxed<'a, Result<Table, Error>> {
        Box::pin(async move {
            let (with, rest) = one_select(sql).ok_or(Error::NotOneSelect {
                reason: "it is not one SELECT, or WITH .. SELECT",
            })?;
            let named = self
                .models()
                .iter()
                .filter(|model| names_table(sql, model.table()));
            let point = in_every_table(conn, point).await?;
            let past: Vec<PastRows> = named
                .map(|model| PastRows {
                    subject: model.facts.model,
                    point,
                })
                .collect();
            if past.is_empty() {
                return Err(Error::NotOneSelect {
                    reason: "it names no table of the recorded models",
                });
            }
            let mut query = Sql::once("");
            for (at, rows) in past.iter().enumerate() {
                query = query.sql(match (at, with) {
                    (0, Some(true)) => "WITH RECURSIVE ",
                    (0, _) => "WITH ",
                    _ => ", ",
                });
                query = query.name(rows.subject.table).sql(" AS (");
                query = query.append(Sql::every(rows)).sql(")");
            }
            query = query.sql(if with.is_some() { ", " } else { " " });
            query = query.made(Raw::of_caller(rest.to_owned().into()));
            // It may end in a comment.
            query = query.sql("\n");
            match conn.kind() {
                Kind::Postgres => trees(conn, query).await,
                Kind::Sqlite | Kind::Mysql => cells(conn, query).await,
            }
        })
    }
}

/// Rows of any columns, by what the engine sends.
async fn cells(conn: &mut dyn Session, query: Sql<'_>) -> Result<Table, Error> {
    let mut table = Table::default();
    conn.each(query, &mut |row| {
        if table.columns.is_empty() {
            table.columns = names(row);
        }
        let cells = cells_after(row, 0)?.into_iter();
        let values = cells.map(|cell| Class::Other.value(cell));
        table.rows.push(values.collect::<Result<_, _>>()?);
        Ok(())
    })
    .await?;
    Ok(table)
}

/// PostgreSQL has types without number; as JSON, each value has a form.
async fn trees(conn: &mut dyn Session, query: Sql<'_>) -> Result<Table, Error> {
    let query = Sql::once(
        "SELECT r.n, e.key::text, e.value::text FROM (SELECT row_number() OVER () AS n, row_to_json(q) AS j FROM (",
    )
    .append(query)
    .sql(") q) r, json_each(r.j) WITH ORDINALITY e (key, value, at) ORDER BY r.n, e.at");
    let found: Vec<(i64, String, Option<String>)> = conn.rows(query).await?;
    let mut table = Table::default();
    let mut last = 0;
    for (number, name, value) in found {
        if number != last {
            table.rows.push(Vec::new());
            last = number;
        }
        if table.rows.len() == 1 {
            table.columns.push(name);
        }
        let value = match value {
            Some(text) => {
                serde_json::from_str(&text).map_err(|_| unreadable("a value of the query"))?
            }
            None => Value::Null,
        };
        if let Some(row) = table.rows.last_mut() {
            row.push(value);
        }
    }
    Ok(table)
}

/// Whether a query begins with `WITH` (and says `RECURSIVE`), and what follows; `None` if it is anything
/// else than one `SELECT`. It is no parser: what the database refuses, it refuses.
fn one_select(sql: &str) -> Option<(Option<bool>, &str)> {
    let sql = sql.trim().trim_end_matches(';').trim_end();
    if outside_of_texts(sql).contains(';') {
        return None;
    }
    let (first, rest) = word(sql);
    if first.eq_ignore_ascii_case("select") {
        return Some((None, sql));
    }
    if !first.eq_ignore_ascii_case("with") {
        return None;
    }
    match word(rest) {
        (second, behind) if second.eq_ignore_ascii_case("recursive") => Some((Some(true), behind)),
        _ => Some((Some(false), rest)),
    }
}

/// The first word, and what is behind it.
fn word(sql: &str) -> (&str, &str) {
    let end = sql
        .find(|it: char| !it.is_ascii_alphabetic())
        .unwrap_or(sql.len());
    let (word, rest) = sql.split_at(end);
    (word, rest.trim_start())
}

/// Without what is in single quotes, double quotes or backticks.
fn outside_of_texts(sql: &str) -> String {
    let mut out = String::new();
    let mut inside = None;
    for character in sql.chars() {
        match inside {
            Some(quote) if character == quote => inside = None,
            Some(_) => {}
            None if matches!(character, '\'' | '"' | '`') => inside = Some(character),
            None => out.push(character),
        }
    }
    out
}

fn names_table(sql: &str, table: &str) -> bool {
    let (sql, table) = (sql.to_lowercase(), table.to_lowercase());
    let is_part = |it: Option<char>| it.is_some_and(|it| it.is_alphanumeric() || it == '_');
    sql.match_indices(&table).any(|(at, _)| {
        let (before, after) = (&sql[..at], &sql[at + table.len()..]);
        !is_part(before.chars().next_back()) && !is_part(after.chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_select_and_nothing_else() {
        assert_eq!(one_select(" SELECT 1; "), Some((None, "SELECT 1")));
        assert_eq!(
            one_select("select ';' from a"),
            Some((None, "select ';' from a"))
        );
        assert_eq!(
            one_select("WITH a AS (SELECT 1) SELECT 2"),
            Some((Some(false), "a AS (SELECT 1) SELECT 2"))
        );
        assert_eq!(
            one_select("with recursive a as (select 1) select 2").map(|it| it.0),
            Some(Some(true))
        );
        for wrong in [
            "DELETE FROM a",
            "SELECT 1; SELECT 2",
            "",
            "selection",
            "VALUES (1)",
        ] {
            assert_eq!(one_select(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn tables_are_named_as_words() {
        assert!(names_table("SELECT * FROM Articles a", "articles"));
        assert!(names_table("SELECT * FROM \"articles\"", "articles"));
        assert!(!names_table("SELECT * FROM articles_old", "articles"));
    }
}
