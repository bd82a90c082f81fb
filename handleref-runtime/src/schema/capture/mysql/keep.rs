//! The table that keeps a recorded one from being truncated.

use super::known;
use crate::engine::Kind;
use crate::schema::capture::RecordTarget;
use crate::schema::dialect::{State, Trigger, Wanted};
use crate::schema::mysql::Mysql;
use crate::schema::names::shortened;

pub(super) fn keep_name(wanted: &Wanted) -> String {
    shortened(&Mysql, format!("handleref_keep_{}", wanted.table.table))
}

/// The key's columns, as some unique index has them; or why there can be no
/// foreign key to them.
pub(super) fn keepable<'a>(target: &'a RecordTarget<'_>) -> Result<&'a [String], &'static str> {
    for [engine, partitioned, _] in known(target, "engine") {
        if !engine.eq_ignore_ascii_case("innodb") {
            return Err("the table is not InnoDB");
        }
        if !partitioned.is_empty() {
            return Err("the table is partitioned");
        }
    }
    let key = &target.wanted.key;
    let covers = |columns: &&Vec<String>| {
        let has = |name: &&str| columns.iter().any(|column| column == name);
        columns.len() == key.len() && key.iter().all(has)
    };
    let columns = target.unique.iter().find(covers);
    columns
        .map(Vec::as_slice)
        .ok_or("the database does not know the key as unique")
}

/// An `UPDATE` that joins tables is checked with the writer's own rights for
/// what looks at a key, as for what triggers read.
fn reading(target: &RecordTarget<'_>, keep: &str) -> Vec<String> {
    let writers = target.support.writers.iter();
    writers
        .map(|role| format!("GRANT SELECT ON {keep} TO {}", role.sql(Kind::Mysql)))
        .collect()
}

/// An empty table whose foreign key lets the engine refuse `TRUNCATE`, which
/// sets off no triggers.
pub(super) fn keep(target: &RecordTarget<'_>) -> Option<Trigger> {
    let columns = keepable(target).ok()?;
    let name = keep_name(target.wanted);
    // MySQL's own name of a check would be the table's and more, and too long.
    let [constraint, empty] =
        ["kept", "none"].map(|what| target.trigger_name(what, &target.wanted.table.table));
    let (keep, table) = (
        target.sibling(&name),
        target.sibling(&target.wanted.table.table),
    );
    let quote = |name: &str| target.dialect.quote(name);
    let definition = |name: &String| {
        let sql_type = target.live.type_of(name).unwrap_or("BIGINT");
        format!("  {} {sql_type} NOT NULL,\n", quote(name))
    };
    let definitions: String = columns.iter().map(definition).collect();
    let all: Vec<String> = columns.iter().map(|name| quote(name)).collect();
    let all = all.join(", ");
    let mut kept: Vec<&str> = known(target, "kept").map(|[column, ..]| column).collect();
    let mut wanted: Vec<&str> = columns.iter().map(String::as_str).collect();
    kept.sort_unstable();
    wanted.sort_unstable();
    Some(Trigger {
        name,
        on: None,
        create: std::iter::once(format!(
            "CREATE TABLE {keep} (\n{definitions}  CONSTRAINT {} CHECK (1 = 0),\n  CONSTRAINT {} FOREIGN KEY ({all}) REFERENCES {table} ({all})\n) \
             ENGINE = InnoDB COMMENT = 'Always empty; refuses TRUNCATE, which could not be recorded'",
            quote(&empty),
            quote(&constraint)
        ))
        .chain(reading(target, &keep))
        .collect(),
        drop: vec![format!("DROP TABLE IF EXISTS {keep}")],
        state: if kept == wanted {
            State::Right
        } else if kept.is_empty() {
            State::Missing
        } else {
            State::Altered(Vec::new())
        },
        other: true,
    })
}
