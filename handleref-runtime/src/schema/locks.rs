//! Who waits while a plan is applied, and for how long.

use super::plan::Plan;
use crate::engine::Kind;
use std::fmt;

/// What one kind of statement of a plan means to those who use a table meanwhile; in
/// [`Plan::locks`].
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Lock {
    /// The table, quoted.
    pub table: String,
    /// What is done to it, such as `CREATE INDEX`.
    pub statement: &'static str,
    /// Who waits.
    pub waits: Waits,
    /// For how long.
    pub lasts: Lasts,
}

/// Who has to wait for a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Waits {
    /// Nobody, but for a moment at its beginning and end.
    Nobody,
    /// Those who write to the table.
    Writers,
    /// Everybody, readers too.
    Everybody,
}

/// How long a statement takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Lasts {
    /// As long as it takes to write the catalogue, however many rows there are.
    Moment,
    /// As long as it takes to read all rows.
    Rows,
    /// As long as it takes to write all rows anew.
    Copy,
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waits = match self.waits {
            Waits::Nobody => "nobody waits",
            Waits::Writers => "writers wait",
            Waits::Everybody => "readers and writers wait",
        };
        let lasts = match (self.waits, self.lasts) {
            (Waits::Nobody, _) => "",
            (_, Lasts::Moment) => " for a moment",
            (_, Lasts::Rows) => " until all rows were read",
            (_, Lasts::Copy) => " until all rows were written anew",
        };
        write!(f, "{}: {}: {waits}{lasts}", self.table, self.statement)
    }
}

impl Plan {
    /// Who waits for which of its statements, on tables that are there already, and for
    /// how long; each kind of statement of a table once. A statement itself waits for the
    /// transactions that use the table when it begins, and whoever comes after it waits
    /// behind it: hence a limit for that, `lock_timeout` or `lock_wait_timeout`, and
    /// another try.
    ///
    /// On SQLite and PostgreSQL a plan is one transaction, which keeps its locks until it
    /// ends: the longest statement counts for all.
    pub fn locks(&self) -> Vec<Lock> {
        let kind = self.engine();
        let new: Vec<String> = self.up().iter().filter_map(|sql| made(sql)).collect();
        let mut locks: Vec<Lock> = Vec::new();
        for sql in self.up() {
            let Some(lock) = lock(kind, sql) else {
                continue;
            };
            if !new.contains(&lock.table) && !locks.contains(&lock) && !is_ours(&lock.table) {
                locks.push(lock);
            }
        }
        locks
    }
}

/// The table that a statement makes.
pub(super) fn made(sql: &str) -> Option<String> {
    let rest = sql.strip_prefix("CREATE TABLE ")?;
    let rest = rest.strip_prefix("IF NOT EXISTS ").unwrap_or(rest);
    Some(name(rest))
}

/// The name, quoted and perhaps qualified, at the beginning of a text.
pub(super) fn name(text: &str) -> String {
    let mut quoted = None;
    let end = text.find(|char: char| match (char, quoted) {
        ('"' | '`', None) => {
            quoted = Some(char);
            false
        }
        (char, Some(open)) => {
            if char == open {
                quoted = None;
            }
            false
        }
        (char, None) => char.is_whitespace() || char == '(',
    });
    text[..end.unwrap_or(text.len())].to_owned()
}

/// Whether a statement that begins so makes a trigger.
pub(super) fn is_trigger(head: &str) -> bool {
    head.starts_with("CREATE ") && head.contains(" TRIGGER ")
}

/// A table of handleref itself; or the texts of SQLite's schema, which are no rows of anybody's.
fn is_ours(table: &str) -> bool {
    let last = table.rsplit('.').next().unwrap_or(table);
    let last = last.trim_matches(['"', '`']);
    last.starts_with("handleref_") || last == "sqlite_master"
}

fn lock(kind: Kind, sql: &str) -> Option<Lock> {
    use Lasts::{Copy, Moment, Rows};
    use Waits::{Everybody, Nobody, Writers};
    let after = |word: &str| sql.split_once(word).map(|(_, rest)| name(rest));
    let lock = |table, statement, (waits, lasts)| Lock {
        table,
        statement,
        waits,
        lasts,
    };
    let head = sql.lines().next().unwrap_or_default();
    if let Some(rest) = sql.strip_prefix("ALTER TABLE ") {
        let copies = kind == Kind::Mysql && head.contains("DEFAULT (UTC_TIMESTAMP");
        let waits = match kind {
            Kind::Mysql if copies => (Writers, Copy),
            Kind::Postgres | Kind::Mysql => (Everybody, Moment),
            Kind::Sqlite => (Writers, Moment),
        };
        return Some(lock(name(rest), "ALTER TABLE", waits));
    }
    if let Some(rest) = sql.strip_prefix("UPDATE ") {
        return Some(lock(name(rest), "UPDATE of all rows", (Writers, Copy)));
    }
    if head.starts_with("CREATE INDEX ") || head.starts_with("CREATE UNIQUE INDEX ") {
        let waits = match kind {
            Kind::Mysql => (Nobody, Rows),
            Kind::Postgres | Kind::Sqlite => (Writers, Rows),
        };
        return Some(lock(after(" ON ")?, "CREATE INDEX", waits));
    }
    if is_trigger(head) {
        let waits = match kind {
            Kind::Mysql => (Everybody, Moment),
            Kind::Postgres | Kind::Sqlite => (Writers, Moment),
        };
        return Some(lock(after(" ON ")?, "CREATE TRIGGER", waits));
    }
    None
}

/// The comment at the head of a migration.
pub(super) fn head(plan: &Plan) -> String {
    let engine = match plan.engine() {
        Kind::Sqlite => "SQLite",
        Kind::Postgres => "PostgreSQL",
        Kind::Mysql => "MySQL or MariaDB",
    };
    let count = |what: fn(&str) -> bool| plan.up().iter().filter(|sql| what(sql)).count();
    let counts = [
        (count(|sql| sql.starts_with("CREATE TABLE ")), "tables"),
        (
            count(|sql| sql.starts_with("ALTER TABLE ")),
            "altered tables",
        ),
        (
            count(|sql| {
                sql.starts_with("CREATE INDEX ") || sql.starts_with("CREATE UNIQUE INDEX ")
            }),
            "indexes",
        ),
        (
            count(|sql| is_trigger(sql.lines().next().unwrap_or_default())),
            "triggers",
        ),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let mut head = format!("-- Written by handleref for {engine}");
    if !counts.is_empty() {
        head += ": ";
        head += &counts.join(", ");
    }
    head += ".\n";
    let locks = plan.locks();
    if !locks.is_empty() {
        head += "--\n-- Who waits:\n";
    }
    for lock in locks {
        head += &format!("--   {lock}\n");
    }
    match plan.engine() {
        Kind::Postgres => {
            head += "-- In one transaction, locks are kept to its end. To give up instead of keeping others waiting:\n\
                     --   SET LOCAL lock_timeout = '5s';\n";
        }
        Kind::Mysql => {
            head += "-- To give up instead of keeping others waiting: SET SESSION lock_wait_timeout = 5;\n";
        }
        Kind::Sqlite => {}
    }
    head.push('\n');
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_known_by_their_heads() {
        let of = |kind, sql| lock(kind, sql).map(|lock| lock.to_string());
        assert_eq!(
            of(
                Kind::Postgres,
                "ALTER TABLE \"a b\".\"c\" ADD COLUMN \"version\" BIGINT"
            )
            .as_deref(),
            Some("\"a b\".\"c\": ALTER TABLE: readers and writers wait for a moment")
        );
        assert_eq!(
            of(
                Kind::Mysql,
                "ALTER TABLE `t` ADD COLUMN `c` DATETIME(6) DEFAULT (UTC_TIMESTAMP(6))"
            )
            .as_deref(),
            Some("`t`: ALTER TABLE: writers wait until all rows were written anew")
        );
        assert_eq!(
            of(Kind::Postgres, "CREATE UNIQUE INDEX \"u\" ON \"t\" (\"a\")").as_deref(),
            Some("\"t\": CREATE INDEX: writers wait until all rows were read")
        );
        assert_eq!(
            of(
                Kind::Sqlite,
                "CREATE TRIGGER `x` AFTER INSERT ON `t` FOR EACH ROW\nBEGIN"
            )
            .as_deref(),
            Some("`t`: CREATE TRIGGER: writers wait for a moment")
        );
        assert_eq!(of(Kind::Sqlite, "DROP TRIGGER `x`"), None);
        assert_eq!(made("CREATE TABLE \"r\" (").as_deref(), Some("\"r\""));
        assert!(is_ours("\"public\".\"handleref_events\"") && !is_ours("`events`"));
    }
}
