//! What other parts of the crate ask the catalogue.

use super::dialect::dialect;
use super::live;
use super::names::{TableName, hex_literal, literal};
use crate::engine::Kind;
use crate::session::Session;
use crate::sql::{Raw, Sql};
use diesel::result::QueryResult;
use std::collections::HashMap;
use std::sync::Arc;

/// What was asked of the catalogue already; for as long as one transaction
/// lasts, which sees no other schema.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Catalog {
    tables: HashMap<String, Arc<Inspected>>,
    foreign: HashMap<String, Arc<[ForeignKey]>>,
}

impl Catalog {
    /// [`inspect`], once.
    pub(crate) async fn table(
        &mut self,
        conn: &mut dyn Session,
        table: &str,
    ) -> QueryResult<Arc<Inspected>> {
        if let Some(known) = self.tables.get(table) {
            return Ok(known.clone());
        }
        let found = Arc::new(inspect(conn, table).await?);
        self.tables.insert(table.to_owned(), found.clone());
        Ok(found)
    }

    /// [`foreign_keys`], once.
    pub(crate) async fn foreign_keys(
        &mut self,
        conn: &mut dyn Session,
        table: &str,
    ) -> QueryResult<Arc<[ForeignKey]>> {
        if let Some(known) = self.foreign.get(table) {
            return Ok(known.clone());
        }
        let found: Arc<[ForeignKey]> = foreign_keys(conn, table).await?.into();
        self.foreign.insert(table.to_owned(), found.clone());
        Ok(found)
    }
}

/// A table as it is in the database.
#[derive(Debug, Default)]
pub(crate) struct Inspected {
    pub(crate) columns: Vec<String>,
    /// Their types, in lower case.
    pub(crate) sql_types: Vec<String>,
    /// Columns that the database computes.
    pub(crate) generated: Vec<String>,
    /// Columns that an update cannot assign: those, and identities that are
    /// always generated.
    pub(crate) computed: Vec<String>,
    /// Columns that cannot be null.
    pub(crate) not_null: Vec<String>,
    /// Sets of columns that are unique among all rows.
    pub(crate) unique: Vec<Vec<String>>,
    /// The columns of all indexes of all rows, by their order.
    pub(crate) whole: Vec<Vec<String>>,
    /// All unique indexes, also those of a part of the rows, by name.
    // Asked by HTTP.
    #[cfg_attr(not(feature = "axum"), allow(dead_code))]
    pub(crate) indexes: Vec<(String, Vec<String>)>,
}

/// Reads the columns and unique sets of a table of the default schema.
async fn inspect(conn: &mut dyn Session, table: &str) -> QueryResult<Inspected> {
    let dialect = dialect(conn.kind());
    let live = live::read(conn, dialect, &named(table)).await?;
    let computed = live.columns.iter().filter(|column| column.computed);
    // An insert may say what an identity is.
    let generated = computed.clone().filter(|column| !column.identity);
    let not_null = live.columns.iter().filter(|column| !column.nullable);
    let unique = live.indexes.iter().filter(|index| {
        index.unique
            && index.condition.is_none()
            && index
                .columns
                .iter()
                .all(|column| live.column(column).is_some())
    });
    Ok(Inspected {
        columns: live.columns.iter().map(|one| one.name.clone()).collect(),
        sql_types: live
            .columns
            .iter()
            .map(|one| one.sql_type.clone())
            .collect(),
        generated: generated.map(|one| one.name.clone()).collect(),
        computed: computed.map(|one| one.name.clone()).collect(),
        not_null: not_null.map(|one| one.name.clone()).collect(),
        whole: live
            .indexes
            .iter()
            .filter(|index| index.condition.is_none())
            .map(|index| index.columns.clone())
            .collect(),
        unique: unique.map(|index| index.columns.clone()).collect(),
        indexes: live
            .indexes
            .iter()
            .filter(|index| index.unique)
            .map(|index| (index.name.clone(), index.columns.clone()))
            .collect(),
    })
}

fn named(table: &str) -> TableName {
    TableName {
        schema: None,
        table: table.to_owned(),
    }
}

/// A foreign key of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ForeignKey {
    /// The table that it refers to.
    pub(crate) table: String,
    /// The columns, and those that they refer to.
    pub(crate) columns: Vec<(String, String)>,
}

/// Reads the foreign keys of a table of the default schema.
async fn foreign_keys(conn: &mut dyn Session, table: &str) -> QueryResult<Vec<ForeignKey>> {
    // Constraint, table that is referred to, column, column that is referred to.
    let query = match conn.kind() {
        Kind::Sqlite => format!(
            "SELECT CAST(f.id AS TEXT), f.\"table\", f.\"from\", \
             coalesce(f.\"to\", (SELECT p.name FROM pragma_table_info(f.\"table\") p WHERE p.pk = f.seq + 1)) \
             FROM pragma_foreign_key_list({}) f ORDER BY f.id, f.seq",
            literal(table)
        ),
        Kind::Postgres => format!(
            "SELECT c.oid::text, r.relname::text, a.attname::text, b.attname::text \
             FROM pg_catalog.pg_constraint c \
             JOIN pg_catalog.pg_class r ON r.oid = c.confrelid \
             CROSS JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY k(child, parent, at) \
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.child \
             JOIN pg_catalog.pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.parent \
             WHERE c.contype = 'f' AND c.conrelid = to_regclass({}) AND pg_catalog.pg_table_is_visible(r.oid) \
             ORDER BY c.oid, k.at",
            literal(&super::names::quoted(table, '"'))
        ),
        Kind::Mysql => format!(
            "SELECT CAST(CONSTRAINT_NAME AS CHAR), CAST(REFERENCED_TABLE_NAME AS CHAR), CAST(COLUMN_NAME AS CHAR), \
             CAST(REFERENCED_COLUMN_NAME AS CHAR) FROM information_schema.KEY_COLUMN_USAGE \
             WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {} \
             ORDER BY CONSTRAINT_NAME, ORDINAL_POSITION",
            hex_literal(table)
        ),
    };
    let mut keys: Vec<(String, ForeignKey)> = Vec::new();
    let rows: Vec<(String, String, Option<String>, Option<String>)> =
        conn.rows(Sql::once(Raw::of_plan(query))).await?;
    for (constraint, parent, from, to) in rows {
        // What SQLite's key refers to may not be there.
        let (Some(from), Some(to)) = (from, to) else {
            continue;
        };
        match keys.last_mut().filter(|(name, _)| *name == constraint) {
            Some((_, key)) => key.columns.push((from, to)),
            None => {
                let columns = vec![(from, to)];
                let table = parent;
                keys.push((constraint, ForeignKey { table, columns }));
            }
        }
    }
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}
