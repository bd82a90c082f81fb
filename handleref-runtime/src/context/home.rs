//! Where our tables are that a connection means.

use crate::engine::Kind;
use crate::session::Session;
use crate::sql::{Raw, Splice, Sql, quoted, raw};
use diesel::result::QueryResult;

/// Which of our tables a connection means: those of the first schema of its
/// search path that has them (PostgreSQL), or of its database (MySQL).
#[derive(Debug, Clone, Default)]
pub(crate) struct Home {
    /// What their names begin with, in SQL; nothing on SQLite.
    prefix: Raw,
    /// The schema or database.
    name: Option<String>,
    /// PostgreSQL's number of the table of changesets.
    pub(super) list: Raw,
    /// The changeset that MySQL's session is in, of another database.
    pub(super) around: Option<(i64, String)>,
}

impl Home {
    /// From the name of the schema or database, and PostgreSQL's number of the
    /// table of changesets.
    pub(crate) fn read(kind: Kind, name: Option<&str>, list: Option<&str>) -> Self {
        Self {
            prefix: name
                .filter(|name| !name.is_empty())
                .map(|name| raw!("{}.", [quoted(kind, name)]))
                .unwrap_or_default(),
            name: name.map(str::to_owned),
            list: list.map_or("0".into(), |list| Raw::of_database(list.to_owned())),
            around: None,
        }
    }

    pub(super) async fn find(conn: &mut dyn Session) -> QueryResult<Self> {
        let sql = match conn.kind() {
            Kind::Sqlite => return Ok(Self::default()),
            Kind::Postgres => {
                "SELECT n.nspname::text, c.oid::text, NULL::bigint, NULL::text FROM pg_catalog.pg_class c \
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = 'handleref_changesets'::regclass"
            }
            Kind::Mysql => {
                "SELECT CAST(DATABASE() AS CHAR), CAST(NULL AS CHAR), CAST(@handleref_changeset AS SIGNED), \
                 CAST(@handleref_changeset_in AS CHAR)"
            }
        };
        type Text = Option<String>;
        let row = conn.first(Sql::new(sql)).await?;
        let (name, list, around, database): (Text, Text, Option<i64>, Text) =
            row.unwrap_or_default();
        Ok(Self {
            around: around.zip(database),
            ..Self::read(conn.kind(), name.as_deref(), list.as_deref())
        })
    }

    /// The database, on MySQL; none where it is the connection's, whichever
    /// that is now.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// One of our tables.
    pub(crate) fn table(&self, name: impl Splice) -> Raw {
        raw!("{}{name}", [self.prefix], name)
    }
}
