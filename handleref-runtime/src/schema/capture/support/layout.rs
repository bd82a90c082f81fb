//! Our own tables: their columns, their rows, and which library made them.

use super::{
    CHANGESETS, CONTEXT, DATABASE, EVENTS, HOLDS, OWNER_COLUMN, Part, RECORDINGS, SEQUENCE,
    SWITCHES, Support, VALUES,
};
use crate::context::identity;
use crate::engine::Kind;
use crate::schema::dialect::{Change, Dialect};
use crate::schema::diff::Findings;
use crate::schema::live::ask;
use crate::schema::names::TableName;
use crate::schema::problem::{Problem, ProblemKind};
use crate::session::Session;
use crate::sql::{Raw, Sql};
use diesel::result::QueryResult;

/// The column that says it.
pub(super) const LAYOUT_COLUMN: &str = "layout";

/// The number of how our tables and triggers are made. It is raised whenever
/// one of them changes, so that programs with an older library keep their hands
/// off what a newer one has installed.
pub(super) const LAYOUT: i64 = 1;

impl Support {
    /// Reads the columns of our tables, and what the tables of one row say.
    pub(super) async fn read_tables(
        &mut self,
        conn: &mut dyn Session,
        dialect: &dyn Dialect,
    ) -> QueryResult<()> {
        for name in [
            RECORDINGS, EVENTS, HOLDS, CHANGESETS, DATABASE, CONTEXT, VALUES, SWITCHES,
        ] {
            if !self.has(name) {
                continue;
            }
            let table = TableName {
                schema: match dialect.kind() {
                    // The search path may go on to another user's.
                    Kind::Postgres => Some(self.schema.clone()),
                    Kind::Sqlite | Kind::Mysql => self.prefix.clone(),
                },
                table: name.to_owned(),
            };
            let rows = ask(conn, dialect.queries(&table).columns).await?;
            let columns = rows.into_iter().filter_map(|row| row.0).collect();
            self.columns.push((name, columns));
        }
        for name in [DATABASE, CONTEXT] {
            if !self.has(name) || self.lacks(name, "id").is_some() {
                continue;
            }
            let layout = match name == DATABASE && self.lacks(name, LAYOUT_COLUMN).is_none() {
                true => LAYOUT_COLUMN,
                false => "0",
            };
            let table = self.named(dialect, name);
            let sql = format!("SELECT {layout} FROM {table} WHERE id = 1");
            match conn.first::<(i64,)>(Sql::once(Raw::of_plan(sql))).await? {
                None => self.rowless.push(name),
                Some((layout,)) if name == DATABASE => self.layout = Some(layout),
                Some(_) => {}
            }
        }
        if self.has(DATABASE) && self.lacks(DATABASE, OWNER_COLUMN).is_none() {
            let table = self.named(dialect, DATABASE);
            let sql = Sql::once(Raw::of_plan(format!(
                "SELECT {OWNER_COLUMN} FROM {table} WHERE id = 1"
            )));
            let found: Option<(Option<String>,)> = conn.first(sql).await?;
            self.stored_owner = found.and_then(|(owner,)| owner);
        }
        Ok(())
    }

    /// A column that one of our tables lacks.
    pub(in crate::schema) fn lacks<'n>(&self, name: &str, column: &'n str) -> Option<&'n str> {
        let (_, columns) = self.columns.iter().find(|(table, _)| *table == name)?;
        let found = columns
            .iter()
            .any(|found| found.eq_ignore_ascii_case(column));
        (!found).then_some(column)
    }

    /// Whether the one row of a table is missing.
    pub(in crate::schema) fn is_rowless(&self, name: &str) -> bool {
        self.rowless.contains(&name)
    }

    /// The columns of one of our tables, and its row if it has only one.
    pub(super) fn compare_table(
        &self,
        dialect: &dyn Dialect,
        part: &Part,
        findings: &mut Findings,
    ) {
        let table = self.named(dialect, part.name);
        let mut problem = |column: Option<&str>, kind| {
            findings.problems.push(Problem {
                model: "handleref".into(),
                table: part.name.into(),
                column: column.map(str::to_owned),
                kind,
            });
        };
        for definition in &part.columns {
            let name = definition.split(' ').next().unwrap_or_default();
            let Some(name) = self.lacks(part.name, name) else {
                continue;
            };
            // What a row has to say there, is not known any more.
            if definition.contains("NOT NULL") && !definition.contains("DEFAULT") {
                problem(Some(name), ProblemKind::LostColumn);
                continue;
            }
            problem(Some(name), ProblemKind::MissingColumn);
            let indexes = part
                .create
                .iter()
                .filter(|sql| sql.contains("INDEX") && sql.contains(&format!("({name})")));
            let add = format!("ALTER TABLE {table} ADD COLUMN {definition}");
            findings.changes.push(Change {
                up: std::iter::once(add).chain(indexes.cloned()).collect(),
                down: Vec::new(),
            });
        }
        if self.is_rowless(part.name) {
            problem(None, ProblemKind::MissingSupport);
            let mut up: Vec<String> = part.create.get(1..).unwrap_or_default().to_vec();
            if part.name == DATABASE && dialect.kind() == Kind::Postgres {
                let named = |name: &str| self.named(dialect, name);
                up.extend(identity::adopt(
                    &named(DATABASE),
                    &named(RECORDINGS),
                    &named(SEQUENCE),
                ));
            }
            findings.changes.push(Change {
                up,
                down: Vec::new(),
            });
        }
    }

    /// Which library installed it.
    pub(super) fn compare_layout(&self, dialect: &dyn Dialect, findings: &mut Findings) {
        let Some(found) = self.layout.filter(|found| *found != LAYOUT) else {
            return;
        };
        findings.problems.push(Problem {
            model: "handleref".into(),
            table: DATABASE.into(),
            column: None,
            kind: match found > LAYOUT {
                true => ProblemKind::NewerLibrary {
                    found,
                    known: LAYOUT,
                },
                false => ProblemKind::OlderLibrary {
                    found,
                    known: LAYOUT,
                },
            },
        });
        let table = self.named(dialect, DATABASE);
        findings.later.push(Change {
            up: vec![format!("UPDATE {table} SET {LAYOUT_COLUMN} = {LAYOUT}")],
            down: Vec::new(),
        });
    }
}
