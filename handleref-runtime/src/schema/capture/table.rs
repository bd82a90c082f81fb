//! The record table: how it is made, and how it follows its model.

use super::{RecordColumn, RecordTarget, declared, types};
use crate::engine::Kind;
use crate::facts as f;
use crate::schema::dialect::Change;
use crate::schema::problem::ProblemKind;

/// Those that every record table has.
const ESSENTIAL: usize = 5;

/// A finding about the record table: a column, what is wrong, and the remedy.
pub(super) type Finding = (Option<String>, ProblemKind, Option<Change>);

/// A column of the record table.
struct Column {
    name: &'static str,
    sql_type: String,
    /// How it goes on after the type.
    constraint: &'static str,
    /// What a record that is written now has, and what one has that was there
    /// before the column.
    default: Option<(&'static str, &'static str)>,
    former: Option<String>,
    /// Whether the type is declared, and not the table's; `None` if it is ours.
    follows: Option<bool>,
}

impl RecordTarget<'_> {
    pub(super) fn record_table(&self) -> String {
        self.sibling(self.recording.records)
    }

    fn bookkeeping(&self) -> Vec<Column> {
        let (id, operation, time) = match self.dialect.kind() {
            Kind::Sqlite => ("INTEGER", "TEXT", "TIMESTAMP"),
            Kind::Postgres => ("BIGINT", "TEXT", "TIMESTAMP"),
            Kind::Mysql => ("BIGINT", "VARCHAR(16)", "DATETIME(6)"),
        };
        let long = match self.dialect.kind() {
            Kind::Mysql => "LONGTEXT",
            _ => "TEXT",
        };
        let redacted = self.recording.redacts();
        let mut columns = vec![
            (f::RECORD_ID, id, " NOT NULL PRIMARY KEY"),
            (f::RECORD_VERSION, "BIGINT", " NOT NULL"),
            (f::RECORD_OPERATION, operation, " NOT NULL"),
            (f::RECORDED_AT, time, " NOT NULL"),
            (f::RECORD_CHANGESET, "BIGINT", " NULL"),
        ];
        columns.extend(redacted.then_some((f::RECORD_REDACTED, long, " NULL")));
        columns.extend(match self.dialect.kind() {
            Kind::Sqlite => None,
            Kind::Postgres => Some((f::RECORD_XID, "XID8", " NOT NULL")),
            Kind::Mysql => Some((f::RECORD_STAMP, "BIGINT", " NULL")),
        });
        columns.extend(
            self.has_life_column()
                .then_some((f::RECORD_LIFE, "BIGINT", " NULL")),
        );
        let column = |(name, sql_type, constraint): (_, &str, _)| Column {
            name,
            sql_type: sql_type.into(),
            constraint,
            // Whatever was there before was committed before every snapshot.
            default: (name == f::RECORD_XID).then_some(("pg_current_xact_id()", "'0'")),
            former: None,
            follows: None,
        };
        columns.into_iter().map(column).collect()
    }

    /// The columns that the record table is to have.
    fn wanted_columns(&self) -> Vec<Column> {
        let mut columns = self.bookkeeping();
        columns.extend(self.columns.iter().map(|column| Column {
            name: column.name(),
            sql_type: column.sql_type.clone(),
            constraint: " NULL",
            default: None,
            former: self.former(column),
            follows: Some(column.facts.sql_type.is_some()),
        }));
        columns.extend(self.recording.properties.iter().map(|property| Column {
            name: property.name,
            sql_type: property.sql_type.on(self.dialect.kind()).into(),
            constraint: " NULL",
            default: None,
            former: None,
            follows: None,
        }));
        columns
    }

    /// What a column was called before, by its field or by what the same plan does.
    fn former(&self, column: &RecordColumn) -> Option<String> {
        let mut renamed = self.wanted.alterations.iter();
        let renamed = renamed.find(|one| {
            one.table == self.wanted.table.table && one.to.as_deref() == Some(column.name())
        });
        let named = column.facts.renamed_from.map(str::to_owned);
        named.or_else(|| renamed.map(|one| one.column.clone()))
    }

    /// What records from before a column was added say of it: the column's
    /// default, as the rows got it. Without that they could not be loaded into
    /// a field that is never null. `None` if that is no constant.
    fn for_older_records(&self, name: &str) -> Option<String> {
        let captured = self.columns.iter().find(|column| column.name() == name)?;
        let live = self.live.column(name).filter(|live| !live.nullable)?;
        let default = live.default.as_deref()?.trim();
        if captured.facts.capture != f::Capture::Value {
            return None;
        }
        if default.starts_with('\'') {
            return Some(default.to_owned());
        }
        let number = default.parse::<f64>().is_ok();
        let word = ["true", "false"]
            .iter()
            .any(|it| default.eq_ignore_ascii_case(it));
        match self.dialect.kind() {
            _ if number || word => Some(default.to_owned()),
            // MySQL, unlike MariaDB, says texts without quotes, and what it
            // computes in words of SQL.
            Kind::Mysql if !default.contains('(') => Some(self.dialect.text(default)),
            _ => None,
        }
    }

    fn definition(&self, column: &Column) -> String {
        let (name, sql_type) = (self.dialect.quote(column.name), &column.sql_type);
        let blank = if sql_type.is_empty() { "" } else { " " };
        format!("{name}{blank}{sql_type}{}", column.constraint)
    }

    /// Makes the record table.
    pub(super) fn create(&self) -> Finding {
        let definition = |column: &Column| {
            let default = column.default.map(|(now, _)| format!(" DEFAULT {now}"));
            self.definition(column) + &default.unwrap_or_default()
        };
        let columns: Vec<String> = self.wanted_columns().iter().map(definition).collect();
        let (table, columns) = (self.record_table(), columns.join(",\n  "));
        let options = match self.dialect.kind() {
            // The defaults may be an engine without transactions, and one byte per letter.
            Kind::Mysql => " ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4",
            Kind::Sqlite | Kind::Postgres => "",
        };
        let change = Change {
            up: vec![format!("CREATE TABLE {table} (\n  {columns}\n){options}")],
            down: vec![format!("DROP TABLE {table}")],
        };
        (None, ProblemKind::MissingRecordTable, Some(change))
    }

    /// Whether the table of that name is one of ours.
    pub(super) fn is_record_table(&self) -> bool {
        let there = &self.recorded.table;
        let mut needed = f::BOOKKEEPING.iter().take(ESSENTIAL);
        there.found.as_deref() == Some("table") && needed.all(|name| there.column(name).is_some())
    }

    /// What the record table lacks. Columns that the model has no longer stay.
    pub(super) fn evolve(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let (there, table) = (&self.recorded.table, self.record_table());
        for column in self.wanted_columns() {
            let name = self.dialect.quote(column.name);
            let shown = Some(column.name.to_owned());
            let former = column.former.as_deref().filter(|former| {
                let still = self.columns.iter().any(|other| other.name() == *former);
                !still && there.column(former).is_some()
            });
            let found = if there.column(column.name).is_some() {
                column.name
            } else if let Some(former) = former {
                let old = self.dialect.quote(former);
                let rename = |from: &str, to: &str| {
                    vec![format!("ALTER TABLE {table} RENAME COLUMN {from} TO {to}")]
                };
                let change = Change {
                    up: rename(&old, &name),
                    down: rename(&name, &old),
                };
                let kind = ProblemKind::RenamedColumn {
                    from: former.into(),
                };
                findings.push((shown.clone(), kind, Some(change)));
                former
            } else {
                let mut add = format!(
                    "ALTER TABLE {table} ADD COLUMN {}",
                    self.definition(&column)
                );
                let mut forget = None;
                if let Some((now, before)) = column.default {
                    add.push_str(&format!(" DEFAULT {before}"));
                    forget = Some(format!(
                        "ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT {now}"
                    ));
                } else if let Some(default) = self.for_older_records(column.name) {
                    add.push_str(&format!(" DEFAULT {default}"));
                    // SQLite cannot drop it, and no record is written without naming all columns.
                    forget = (self.dialect.kind() != Kind::Sqlite)
                        .then(|| format!("ALTER TABLE {table} ALTER COLUMN {name} DROP DEFAULT"));
                }
                let change = Change {
                    up: [add].into_iter().chain(forget).collect(),
                    down: vec![format!("ALTER TABLE {table} DROP COLUMN {name}")],
                };
                findings.push((shown, ProblemKind::MissingColumn, Some(change)));
                continue;
            };
            let old = there.type_of(found).unwrap_or_default();
            let Some(declared) = column.follows else {
                continue;
            };
            let kind = self.dialect.kind();
            let (from, to) = (old.to_owned(), column.sql_type.clone());
            let labels = |name: &str| self.labels(name);
            if declared && declared::same(kind, old, &column.sql_type) {
                continue;
            }
            let values = match types::step(kind, old, &column.sql_type) {
                types::Step::None => continue,
                types::Step::Widen => Some("{}"),
                types::Step::Clash if declared => {
                    declared::conversion(kind, old, &column.sql_type, &labels)
                }
                types::Step::Clash => None,
            };
            let Some(values) = values else {
                let row = self.columns.iter().find(|it| it.name() == column.name);
                let row = row.and_then(|it| self.live.type_of(it.name()));
                let keep = row.and_then(|row| declared::advice(kind, old, row, &labels));
                findings.push((shown, ProblemKind::OldRecords { from, to, keep }, None));
                continue;
            };
            let values = declared.then(|| values.replace("{}", &name));
            let change = Change {
                up: vec![self.retype(&name, &column.sql_type, values.as_deref())],
                // Back the way that it came.
                down: vec![self.retype(&name, old, values.as_deref())],
            };
            findings.push((shown, ProblemKind::WidenedColumn { from, to }, Some(change)));
        }
        findings
    }

    fn retype(&self, name: &str, sql_type: &str, values: Option<&str>) -> String {
        let table = self.record_table();
        match (self.dialect.kind(), values) {
            (Kind::Mysql, _) => {
                format!("ALTER TABLE {table} MODIFY COLUMN {name} {sql_type} NULL")
            }
            (_, None) => format!("ALTER TABLE {table} ALTER COLUMN {name} TYPE {sql_type}"),
            (_, Some(values)) => format!(
                "ALTER TABLE {table} ALTER COLUMN {name} TYPE {sql_type} USING ({values})::{sql_type}"
            ),
        }
    }

    /// Columns for which a type is declared that cannot hold their values.
    pub(super) fn impossible(&self) -> Vec<(&'static str, ProblemKind)> {
        let kind = self.dialect.kind();
        let labels = |name: &str| self.labels(name);
        let mut problems = Vec::new();
        for column in self.columns.iter().filter(|column| column.is_value()) {
            let Some(declared) = column.facts.sql_type else {
                continue;
            };
            let row = self.live.type_of(column.name());
            let row = row.unwrap_or(&column.row_type);
            let is_key = self.wanted.key.contains(&column.name());
            let fits = match is_key {
                // Rows and records are compared by it.
                true => declared::same(kind, row, declared),
                false => declared::fits(kind, row, declared, &labels),
            };
            // A value is read by a row of the table that has nothing else.
            let needed = self.recorded.facts.iter().find_map(|(name, fact, ..)| {
                let needed = fact.as_deref() == Some(super::postgres::NEEDED);
                name.as_deref().filter(|_| needed && kind == Kind::Postgres)
            });
            let found = match needed.filter(|_| fits) {
                Some(domain) => Some(format!(
                    "{row}, beside a column whose domain `{domain}` refuses null"
                )),
                None => (!fits).then(|| row.to_owned()),
            };
            if let Some(found) = found {
                let declared = declared.to_owned();
                let problem = ProblemKind::WrongDeclaration { declared, found };
                problems.push((column.name(), problem));
            }
        }
        problems
    }
}
