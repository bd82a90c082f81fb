//! The triggers that record a table on SQLite.
//!
//! There are row triggers only, and none can change the row that is written. So
//! what the guard does elsewhere before, the trigger does after: it writes the
//! record as the row is going to be, and then amends the row. That write sets
//! off the update trigger again (by itself only under `recursive_triggers`), and
//! is known by changing nothing but a version that has its record already.
//!
//! `REPLACE` removes a row without a word. The insert that follows finds that
//! the last record of its key is no delete, and writes that first.
//!
//! Every statement that writes the table compiles its triggers, so they are
//! short, and a changed key has a trigger of its own, `UPDATE OF` the key.

use super::support::CONTEXT;
use super::{RecordTarget, trigger_name};
use crate::schema::dialect::{Dialect, State, Trigger};
use crate::schema::live::Live;
use crate::schema::names::{literal, squeezed};
use crate::schema::sqlite::Sqlite;
use write::Writer;

mod collation;
mod given;
mod relatives;
mod rows;
mod update;
mod write;

pub(in crate::schema) use collation::record_type;

/// Whether triggers are recursive, and then the view that takes records of updates
/// and its trigger.
pub(in crate::schema) fn facts(dialect: &Sqlite, table: &str, live: &Live) -> String {
    format!(
        "SELECT CAST(recursive_triggers AS TEXT), NULL, NULL, NULL FROM pragma_recursive_triggers \
         UNION ALL SELECT * FROM (SELECT NULL, name, sql, type FROM {}.sqlite_master \
         WHERE tbl_name = {} COLLATE NOCASE AND type IN ('view', 'trigger') ORDER BY type DESC, name)",
        dialect.quote(live.schema.as_deref().unwrap_or("main")),
        literal(&trigger_name(dialect, given::RECORD, table)),
    )
}

pub(in crate::schema) fn triggers(dialect: &Sqlite, target: &RecordTarget<'_>) -> Vec<Trigger> {
    let writer = Writer { dialect, target };
    let table = &target.wanted.table.table;
    let on_table = |kind: &str, body: String| trigger(dialect, target, kind, table, &body);
    let mut triggers: Vec<Trigger> = writer.taker().into_iter().collect();
    triggers.extend([
        on_table("insert", writer.insert()),
        on_table("update", writer.update()),
        on_table("rekey", writer.rekey()),
        on_table("delete", writer.delete()),
    ]);
    if target.lazy {
        triggers.push(on_table("baseline", writer.baseline()));
    }
    let records = target.recording.records;
    for verb in ["UPDATE", "DELETE"] {
        let message = format!(
            "{records} is append-only: records are removed by prune and erase, and never changed"
        );
        let body = format!(
            "BEFORE {verb} ON {} FOR EACH ROW\nWHEN (SELECT door FROM {CONTEXT}) IS NOT 1\nBEGIN\n  SELECT RAISE(ABORT, {});\nEND",
            dialect.quote(records),
            literal(&message),
        );
        let kind = format!("keep_{}", verb.to_lowercase());
        triggers.push(trigger(dialect, target, &kind, records, &body));
    }
    triggers.extend(relatives::triggers(&writer));
    triggers
}

fn trigger(
    dialect: &Sqlite,
    target: &RecordTarget<'_>,
    kind: &str,
    on: &str,
    body: &str,
) -> Trigger {
    let own = on == target.wanted.table.table;
    let on = Some(on.to_owned()).filter(|_| !own);
    let name = target.trigger_name(kind, on.as_deref().unwrap_or(&target.wanted.table.table));
    named(dialect, target, name, on, body)
}

/// A trigger of this name; `body` is what follows it in the statement.
fn named(
    dialect: &Sqlite,
    target: &RecordTarget<'_>,
    name: String,
    on: Option<String>,
    body: &str,
) -> Trigger {
    let live = target.live_of(on.as_deref());
    let stored = format!("CREATE TRIGGER {} {body}", dialect.quote(&name));
    let mut found = live.triggers.iter();
    let found = found.find(|trigger| trigger.name.eq_ignore_ascii_case(&name));
    let state = match found {
        None => State::Missing,
        Some(found) if squeezed(&found.definition) == squeezed(&stored) => State::Right,
        Some(found) => State::Altered(dialect.restore_trigger(target.live, found)),
    };
    let qualified = target.sibling(&name);
    Trigger {
        name,
        on,
        create: vec![format!("CREATE TRIGGER {qualified} {body}")],
        drop: vec![format!("DROP TRIGGER IF EXISTS {qualified}")],
        state,
        other: false,
    }
}

pub(in crate::schema) fn uncovered(target: &RecordTarget<'_>) -> Vec<String> {
    let facts = &target.recorded.facts;
    let recursive = facts
        .first()
        .is_some_and(|row| row.0.as_deref() == Some("1"));
    let mut texts = vec![format!(
        "`REPLACE INTO {}` with the id of a record overwrites that record",
        target.recording.records
    )];
    if recursive {
        return texts;
    }
    let remedy = "is recorded only under `PRAGMA recursive_triggers = ON`";
    let further = |live: &Live, key: &[&str]| -> Vec<String> {
        let mut indexes: Vec<_> = live.indexes.iter().filter(|index| index.unique).collect();
        indexes.retain(|index| index.columns != *key);
        indexes
            .into_iter()
            .map(|index| index.name.clone())
            .collect()
    };
    for index in further(target.live, &target.wanted.key) {
        texts.push(format!(
            "a row that `REPLACE` removes because of the unique index `{index}`, with another key than the new row, {remedy}"
        ));
    }
    for relative in target.recording.relatives {
        texts.push(format!(
            "what `REPLACE INTO {}` takes away from a property {remedy}",
            relative.table
        ));
    }
    texts
}
