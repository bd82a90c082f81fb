//! Columns that are dropped or renamed in the plan that follows them.
//!
//! Triggers name columns. SQLite refuses to drop one that a trigger names; on
//! the others every write would fail until the triggers are made anew. So the
//! triggers that name it go first, then comes the alteration, then the triggers
//! of afterwards: compared with a table that is looked at as if it were done.

use super::dialect::{Change, Dialect, Wanted};
use super::diff::Findings;
use super::live::{self, Live};
use super::names::TableName;
use super::problem::{Problem, ProblemKind};
use crate::session::Session;
use diesel::result::QueryResult;

/// What becomes of a column.
#[derive(Debug, Clone)]
pub(super) struct Alteration {
    pub(super) table: String,
    pub(super) column: String,
    /// Its new name; otherwise it is dropped.
    pub(super) to: Option<String>,
}

impl Live {
    /// The table as it is afterwards.
    pub(super) fn alter(&mut self, table: &str, alterations: &[Alteration]) {
        for one in alterations.iter().filter(|one| one.table == table) {
            match &one.to {
                None => {
                    self.columns.retain(|column| column.name != one.column);
                    self.types.retain(|(name, _)| *name != one.column);
                    self.indexes
                        .retain(|index| !index.columns.contains(&one.column));
                }
                Some(to) => {
                    let columns = self.columns.iter_mut().map(|column| &mut column.name);
                    let types = self.types.iter_mut().map(|(name, _)| name);
                    let indexes = self.indexes.iter_mut();
                    let indexed = indexes.flat_map(|index| &mut index.columns);
                    let all = columns.chain(types).chain(indexed);
                    for name in all.filter(|name| **name == one.column) {
                        name.clone_from(to);
                    }
                }
            }
        }
    }
}

/// The alterations that are still to be made.
pub(super) async fn alterations(
    conn: &mut dyn Session,
    dialect: &dyn Dialect,
    tables: &[Wanted],
) -> QueryResult<Findings> {
    let mut findings = Findings::default();
    let Some(first) = tables.first() else {
        return Ok(findings);
    };
    for one in &first.alterations {
        let mut names = tables.iter().map(|wanted| &wanted.table);
        let unknown = TableName {
            schema: None,
            table: one.table.clone(),
        };
        let name = names.find(|name| name.table == one.table);
        let found = live::read(conn, dialect, name.unwrap_or(&unknown)).await?;
        if found.found.is_none() {
            findings.problems.push(Problem {
                model: first.models.clone(),
                table: one.table.clone(),
                column: Some(one.column.clone()),
                kind: ProblemKind::MissingTable,
            });
        }
        let Some(column) = found.column(&one.column) else {
            continue;
        };
        let table = dialect.qualified(found.schema.as_deref(), &one.table);
        let name = dialect.quote(&one.column);
        findings.alters.push(match &one.to {
            Some(to) => {
                let to = dialect.quote(to);
                Change {
                    up: vec![format!("ALTER TABLE {table} RENAME COLUMN {name} TO {to}")],
                    down: vec![format!("ALTER TABLE {table} RENAME COLUMN {to} TO {name}")],
                }
            }
            None => Change {
                up: vec![format!("ALTER TABLE {table} DROP COLUMN {name}")],
                down: vec![format!(
                    "ALTER TABLE {table} ADD COLUMN {name} {}",
                    column.sql_type
                )],
            },
        });
    }
    Ok(findings)
}
