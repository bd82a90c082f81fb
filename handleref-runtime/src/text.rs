//! SQL as text: what is built here are names from the source code, numbers,
//! and a few texts of the user's, as literals.

use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::executor::Steps;
pub(crate) use crate::literal::literal;
use crate::time::{TimeKind, now_sql};
use chrono::{DateTime, NaiveDateTime};
use diesel::query_builder::SqlQuery;
use diesel::result::QueryResult;

/// Refuses a text that not every engine takes.
pub(crate) fn storable(what: &'static str, text: &str) -> Result<(), Error> {
    match text.contains('\0') {
        true => Err(Error::NotStorable {
            what,
            reason: "there is a NUL in it, which PostgreSQL and SQLite do not take",
        }),
        false => Ok(()),
    }
}

/// A statement in the making.
pub(crate) struct Sql {
    kind: Kind,
    text: String,
}

impl Sql {
    pub(crate) fn new<C: Steps>() -> Self {
        Self {
            kind: C::Backend::KIND,
            text: String::new(),
        }
    }

    pub(crate) fn sql(mut self, sql: &str) -> Self {
        self.text.push_str(sql);
        self
    }

    /// A quoted name.
    pub(crate) fn name(mut self, name: &str) -> Self {
        self.text.push_str(&quoted(self.kind, name));
        self
    }

    /// A literal.
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.text.push_str(&literal(self.kind, text));
        self
    }

    pub(crate) fn number(mut self, number: i64) -> Self {
        self.text.push_str(&number.to_string());
        self
    }

    /// The database's clock.
    pub(crate) fn now(mut self) -> Self {
        self.text.push_str(now_sql(self.kind, TimeKind::Plain));
        self
    }

    pub(crate) fn query(self) -> SqlQuery {
        diesel::sql_query(self.text)
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }
}

/// A quoted name.
pub(crate) fn quoted(kind: Kind, name: &str) -> String {
    let quote = if kind == Kind::Mysql { '`' } else { '"' };
    crate::literal::quoted(name, quote)
}

/// The 64-bit integer that a value can be cast to.
pub(crate) fn integer<C: Steps>() -> &'static str {
    match C::Backend::KIND {
        Kind::Sqlite => "INTEGER",
        Kind::Postgres => "BIGINT",
        Kind::Mysql => "SIGNED",
    }
}

/// `CAST(expression AS <text>)`
pub(crate) fn as_text<C: Steps>(expression: &str) -> String {
    match C::Backend::KIND {
        Kind::Mysql => format!("CAST({expression} AS CHAR)"),
        Kind::Sqlite | Kind::Postgres => format!("CAST({expression} AS TEXT)"),
    }
}

/// The end of a query that locks its rows; on SQLite the whole database is.
pub(crate) fn for_update<C: Steps>() -> &'static str {
    match C::Backend::KIND {
        Kind::Sqlite => "",
        Kind::Postgres | Kind::Mysql => " FOR UPDATE",
    }
}

/// A time as a text that [`parse_time`] reads, whatever the session says about
/// dates: PostgreSQL would show it by `DateStyle`, so there it is a number.
pub(crate) fn time_as_text<C: Steps>(expression: &str) -> String {
    match C::Backend::KIND {
        Kind::Postgres => format!(
            "('@' || CAST(CAST(EXTRACT(EPOCH FROM {expression}) * 1000000 AS BIGINT) AS TEXT))"
        ),
        Kind::Sqlite | Kind::Mysql => as_text::<C>(expression),
    }
}

/// Reads a time that was selected by [`time_as_text`].
pub(crate) fn parse_time(text: &str) -> Option<NaiveDateTime> {
    if let Some(micros) = text.strip_prefix('@') {
        return DateTime::from_timestamp_micros(micros.parse().ok()?).map(|at| at.naive_utc());
    }
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok()
}

/// What cannot be read is an error, and never left out.
pub(crate) fn unreadable(what: &str) -> Error {
    let message = format!("{what} cannot be read: it is not as handleref writes it");
    Error::Database(diesel::result::Error::DeserializationError(message.into()))
}

/// Reads all rows, or says that one of them cannot be read.
pub(crate) fn read_all<R, T>(
    rows: impl IntoIterator<Item = R>,
    what: &str,
    read: impl Fn(R) -> Option<T>,
) -> Result<Vec<T>, Error> {
    rows.into_iter()
        .map(|row| read(row).ok_or_else(|| unreadable(what)))
        .collect()
}

/// Executes an `INSERT` of one row, and gives its `id`.
pub(crate) async fn insert<C: Steps>(conn: &mut C, sql: Sql) -> QueryResult<i64> {
    let zero = format!("CAST(0 AS {})", integer::<C>());
    let found = if C::Backend::KIND == Kind::Mysql {
        conn.execute(sql.query()).await?;
        let last = format!("SELECT CAST(LAST_INSERT_ID() AS SIGNED), {zero}");
        conn.numbers(diesel::sql_query(last)).await?
    } else {
        let returning = format!(" RETURNING id, {zero}");
        conn.numbers(sql.sql(&returning).query()).await?
    };
    let found = found.first().map(|(id, _)| *id);
    found.ok_or(diesel::result::Error::NotFound)
}
