//! Properties that Rust computes: how their values get to the triggers.
//!
//! A verb on one row says them to its connection before it writes, and takes
//! them back before the transaction ends. The triggers find them in a setting
//! of the transaction (PostgreSQL), a table (SQLite) or a variable (MySQL).

use crate::engine::Kind;
use crate::error::Error;
use crate::session::{Session, Transaction};
use crate::sql::{Raw, Splice, fnv1a, literal, raw};

/// A value for the triggers.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Handed {
    /// The record table.
    pub records: &'static str,
    /// The property.
    pub property: &'static str,
    /// The value as text; `None` is null.
    pub value: Option<String>,
}

/// The name by which a value is known.
fn name(records: &str, property: &str) -> Raw {
    raw!(
        "handleref_p_{:08x}{:08x}",
        [fnv1a(records), fnv1a(property)]
    )
}

/// The value of a property in a trigger.
pub(crate) fn value_sql(engine: Kind, records: &str, property: &str, sql_type: impl Splice) -> Raw {
    let name = name(records, property);
    match engine {
        Kind::Sqlite => raw!(
            "(SELECT value FROM handleref_values WHERE name = '{name}')",
            name
        ),
        Kind::Postgres => {
            let setting = raw!("pg_catalog.current_setting('handleref.{name}', true)", name);
            raw!(
                "CASE WHEN pg_catalog.left({setting}, 1) OPERATOR(pg_catalog.=) '=' \
                 THEN CAST(pg_catalog.substr({setting}, 2) AS {sql_type}) END",
                setting,
                sql_type
            )
        }
        Kind::Mysql => raw!("@{name}", name),
    }
}

fn set_sql(engine: Kind, handed: &Handed) -> Option<Raw> {
    let name = name(handed.records, handed.property);
    let value = handed.value.as_deref()?;
    Some(match engine {
        Kind::Sqlite => raw!(
            "INSERT INTO handleref_values (name, value) VALUES ('{name}', {})",
            [literal(engine, value)],
            name
        ),
        Kind::Postgres => {
            let value = literal(engine, &format!("={value}"));
            raw!(
                "SELECT set_config('handleref.{name}', {value}, true)",
                name,
                value
            )
        }
        Kind::Mysql => raw!("SET @{name} = {}", [literal(engine, value)], name),
    })
}

fn reset_sql(engine: Kind, handed: &Handed) -> Raw {
    let name = name(handed.records, handed.property);
    match engine {
        Kind::Sqlite => raw!("DELETE FROM handleref_values WHERE name = '{name}'", name),
        Kind::Postgres => raw!("SELECT set_config('handleref.{name}', '', true)", name),
        Kind::Mysql => raw!("SET @{name} = NULL", name),
    }
}

/// A transaction (or a savepoint in one) in which the triggers know values.
pub(crate) struct Handing<'a, C: Session + ?Sized> {
    transaction: Transaction<'a, C>,
    handed: Vec<Handed>,
}

impl<'a, C: Session + ?Sized> Handing<'a, C> {
    pub(crate) async fn begin(conn: &'a mut C, handed: Vec<Handed>) -> Result<Self, Error> {
        let transaction = Transaction::begin(conn).await?;
        let mut this = Self {
            transaction,
            handed,
        };
        let kind = this.conn().kind();
        let reset: Vec<Raw> = this.handed.iter().map(|it| reset_sql(kind, it)).collect();
        this.transaction.resets(Raw::join(reset, "; "));
        let handed = this.handed.iter();
        let set: Vec<Raw> = handed.filter_map(|one| set_sql(kind, one)).collect();
        for sql in set {
            if let Err(error) = this.conn().batch(&sql).await {
                return this.finish(Err(error.into())).await;
            }
        }
        Ok(this)
    }

    pub(crate) fn conn(&mut self) -> &mut C {
        self.transaction.conn()
    }

    /// Commits if `result` is good and rolls back otherwise. MySQL's variables
    /// survive either, so they are reset before.
    pub(crate) async fn finish<T>(mut self, result: Result<T, Error>) -> Result<T, Error> {
        let mut result = result;
        let kind = self.conn().kind();
        // After an error PostgreSQL takes no more statements, and needs none.
        if result.is_ok() || kind == Kind::Mysql {
            for at in 0..self.handed.len() {
                let sql = reset_sql(kind, &self.handed[at]);
                let reset = self.conn().batch(&sql).await;
                if let (Ok(_), Err(error)) = (&result, reset) {
                    result = Err(error.into());
                }
            }
        }
        self.transaction.finish(result).await
    }
}
