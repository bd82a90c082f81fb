//! What the server says.

use super::Patient;
use super::finding::{Area, Cure, Findings, Severity};
use crate::engine::Kind;
use crate::error::Error;
use crate::session::Session;
use crate::sql::{Raw, Sql, literal, quoted, raw};

/// The engine with its version, and the database's name.
pub(super) async fn named(conn: &mut dyn Session) -> Result<(String, String), Error> {
    let sql = match conn.kind() {
        Kind::Sqlite => {
            "SELECT sqlite_version(), (SELECT file FROM pragma_database_list WHERE name = 'main')"
        }
        Kind::Postgres => {
            "SELECT pg_catalog.current_setting('server_version')::text, pg_catalog.current_database()::text"
        }
        Kind::Mysql => "SELECT CAST(VERSION() AS CHAR), CAST(DATABASE() AS CHAR)",
    };
    let (version, database): (String, Option<String>) = conn.one(Sql::new(sql)).await?;
    let short = version.split([' ', '-']).next().unwrap_or_default();
    let engine = match conn.kind() {
        Kind::Sqlite => "SQLite",
        Kind::Postgres => "PostgreSQL",
        Kind::Mysql if version.contains("MariaDB") => "MariaDB",
        Kind::Mysql => "MySQL",
    };
    let database = database.unwrap_or_default();
    // Of a path what people call it.
    let name = database.rsplit(['/', '\\']).next().unwrap_or_default();
    Ok((format!("{engine} {short}"), name.to_owned()))
}

pub(super) async fn look(
    conn: &mut dyn Session,
    _: &Patient<'_>,
    findings: &mut Findings,
) -> Result<(), Error> {
    if conn.kind() == Kind::Postgres {
        let sql = Sql::new(
            "SELECT pg_catalog.current_setting('session_replication_role')::text, pg_catalog.current_database()::text",
        );
        let (role, database): (String, String) = conn.one(sql).await?;
        if role == "replica" {
            let reset = raw!(
                "ALTER DATABASE {} RESET session_replication_role;",
                [quoted(Kind::Postgres, &database)]
            );
            findings.add(
                (Area::Settings, Severity::Failure),
                None,
                "`session_replication_role` is `replica` for this connection, so that no trigger fires",
                vec![Cure::Sql(reset.into_string())],
            );
        }
        findings.fine(
            Area::Settings,
            "triggers fire (`session_replication_role` is not `replica`)",
        );
    }
    Ok(())
}

/// Statements that make the foreign keys of a table act no more (MySQL, MariaDB).
pub(super) async fn restricted(conn: &mut dyn Session, table: &str) -> Result<Vec<Cure>, Error> {
    if conn.kind() != Kind::Mysql {
        return Ok(Vec::new());
    }
    let (schema, name) = match table.split_once('.') {
        Some((schema, name)) => (literal(Kind::Mysql, schema), name),
        None => (Raw::from("DATABASE()"), table),
    };
    let sql = raw!(
        "SELECT CAST(r.CONSTRAINT_NAME AS CHAR), CAST(r.REFERENCED_TABLE_NAME AS CHAR), CAST(k.COLUMN_NAME AS CHAR), \
         CAST(k.REFERENCED_COLUMN_NAME AS CHAR) FROM information_schema.REFERENTIAL_CONSTRAINTS r \
         JOIN information_schema.KEY_COLUMN_USAGE k ON k.CONSTRAINT_SCHEMA = r.CONSTRAINT_SCHEMA \
         AND k.CONSTRAINT_NAME = r.CONSTRAINT_NAME AND k.TABLE_NAME = r.TABLE_NAME \
         WHERE r.CONSTRAINT_SCHEMA = {schema} AND r.TABLE_NAME = {} \
         AND (r.DELETE_RULE NOT IN ('RESTRICT', 'NO ACTION') OR r.UPDATE_RULE NOT IN ('RESTRICT', 'NO ACTION')) \
         ORDER BY r.CONSTRAINT_NAME, k.ORDINAL_POSITION",
        [literal(Kind::Mysql, name)],
        schema
    );
    let rows: Vec<(String, String, String, String)> = conn.rows(Sql::once(sql)).await?;
    let quote = |name: &str| quoted(Kind::Mysql, name);
    let mut cures = Vec::new();
    let mut rest = rows.as_slice();
    while let Some((constraint, parent, ..)) = rest.first() {
        let many = rest.iter().take_while(|it| it.0 == *constraint).count();
        let (key, others) = rest.split_at(many);
        rest = others;
        let table = quote(name);
        let from = Raw::join(key.iter().map(|it| quote(&it.2)), ", ");
        let to = Raw::join(key.iter().map(|it| quote(&it.3)), ", ");
        let (constraint, parent) = (quote(constraint), quote(parent));
        for sql in [
            raw!(
                "ALTER TABLE {table} DROP FOREIGN KEY {constraint};",
                table,
                constraint
            ),
            raw!(
                "ALTER TABLE {table} ADD CONSTRAINT {constraint} FOREIGN KEY ({from}) REFERENCES {parent} ({to}) \
                 ON DELETE RESTRICT ON UPDATE RESTRICT;",
                table,
                constraint,
                from,
                parent,
                to
            ),
        ] {
            cures.push(Cure::Sql(sql.into_string()));
        }
    }
    Ok(cures)
}
