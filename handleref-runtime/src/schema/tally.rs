//! What a plan does to each table, in numbers.

use super::locks::{is_trigger, made, name};
use super::plan::Plan;
use serde::Serialize;

/// What a plan does to one table; in [`Plan::tables`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct TableChange {
    /// The table, without quotes and schema.
    pub table: String,
    /// Whether it is made.
    pub is_new: bool,
    /// Columns that are added.
    pub columns: Vec<String>,
    /// How many indexes are made.
    pub indexes: usize,
    /// How many triggers are made, or made anew.
    pub triggers: usize,
    /// How many statements do something else to it.
    pub others: usize,
}

impl Plan {
    /// What it does to each table that it names, in the order in which it does. For people,
    /// and for tools that show it; [`up`](Plan::up) has the statements.
    pub fn tables(&self) -> Vec<TableChange> {
        let mut all: Vec<TableChange> = Vec::new();
        for sql in self.up() {
            count(&mut all, sql);
        }
        all
    }
}

fn count(all: &mut Vec<TableChange>, sql: &str) {
    let head = sql.lines().next().unwrap_or_default();
    if let Some(table) = made(sql) {
        of(all, &table).is_new = true;
    } else if let Some(rest) = sql.strip_prefix("ALTER TABLE ") {
        let (table, added) = (name(rest), added(rest));
        let change = of(all, &table);
        match added.is_empty() {
            true => change.others += 1,
            false => change.columns.extend(added),
        }
    } else if let Some((_, rest)) = sql
        .split_once(" ON ")
        .filter(|_| is_trigger(head) || is_index(head))
    {
        let change = of(all, &name(rest));
        match is_trigger(head) {
            true => change.triggers += 1,
            false => change.indexes += 1,
        }
    } else if let Some(table) = run_by_trigger(sql) {
        of(all, &table).others += 1;
    } else if let Some(rest) = sql.strip_prefix("UPDATE ") {
        of(all, &name(rest)).others += 1;
    }
}

/// The table of a function that a trigger of PostgreSQL runs: `handleref_update_articles`.
fn run_by_trigger(sql: &str) -> Option<String> {
    let rest = sql.strip_prefix("CREATE OR REPLACE FUNCTION ")?;
    let name = plain(&name(rest));
    let events = ["insert", "update", "delete", "truncate", "guard"];
    let mut tables = events
        .iter()
        .filter_map(|event| name.strip_prefix(&format!("handleref_{event}_")));
    tables.next().map(str::to_owned)
}

fn is_index(head: &str) -> bool {
    head.starts_with("CREATE INDEX ") || head.starts_with("CREATE UNIQUE INDEX ")
}

/// The columns that an `ALTER TABLE` adds.
fn added(rest: &str) -> Vec<String> {
    let parts = rest.split(" ADD COLUMN ").skip(1);
    parts.map(|part| plain(&name(part))).collect()
}

/// The last part of a name, without its quotes.
fn plain(name: &str) -> String {
    let quote = name.chars().last().filter(|it| matches!(it, '"' | '`'));
    match quote {
        None => name.rsplit('.').next().unwrap_or(name).to_owned(),
        Some(quote) => {
            let inside = &name[..name.len() - 1];
            // A quote inside of a name is doubled; what stands before the name is `"schema".`.
            let begin = inside.rfind(&format!(".{quote}")).map_or(1, |at| at + 2);
            let text = inside.get(begin..).unwrap_or_default();
            text.replace(&format!("{quote}{quote}"), &quote.to_string())
        }
    }
}

fn of<'a>(all: &'a mut Vec<TableChange>, table: &str) -> &'a mut TableChange {
    let table = plain(table);
    let at = all.iter().position(|it| it.table == table);
    let at = at.unwrap_or_else(|| {
        all.push(TableChange {
            table,
            ..TableChange::default()
        });
        all.len() - 1
    });
    &mut all[at]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_counted() {
        let mut all = Vec::new();
        for sql in [
            "CREATE TABLE \"blog\".\"r\" (id BIGINT)",
            "ALTER TABLE `t` ADD COLUMN `a b` BIGINT NOT NULL DEFAULT 1, ADD COLUMN `c` TEXT",
            "CREATE UNIQUE INDEX \"u\" ON \"r\" (\"a\")",
            "CREATE TRIGGER `x` AFTER INSERT ON `t` FOR EACH ROW\nBEGIN",
            "DROP TRIGGER `x`",
        ] {
            count(&mut all, sql);
        }
        let expected = [
            TableChange {
                table: "r".to_owned(),
                is_new: true,
                indexes: 1,
                ..TableChange::default()
            },
            TableChange {
                table: "t".to_owned(),
                columns: vec!["a b".to_owned(), "c".to_owned()],
                triggers: 1,
                ..TableChange::default()
            },
        ];
        assert_eq!(all, expected);
        assert_eq!(plain("\"a\".\"b.c\"\"d\""), "b.c\"d");
    }
}
