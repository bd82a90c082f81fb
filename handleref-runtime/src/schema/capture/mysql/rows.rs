//! The triggers on the table itself.

use super::text::{
    Entry, baseline, body, last_properties, new, now, old, properties, record, under_condition,
};
use super::{last, stays};
use crate::engine::Kind;
use crate::model::Living;
use crate::schema::capture::{RecordColumn, RecordTarget};
use crate::schema::mysql::{LIVE, collated, stored_literal};
use crate::sql::{Raw, greatest, next_sql};

/// The record of an insert.
fn inserted(target: &RecordTarget<'_>) -> String {
    let version = target.version().map(|name| new(target, name));
    let insert = record(target, "NEW", &Entry::now(target, version, "insert"));
    under_condition(
        target,
        "NEW",
        format!("{}{insert}", properties(target, "NEW")),
    )
}

/// The record of a delete.
fn deleted(target: &RecordTarget<'_>) -> String {
    let version = target.version().map(|name| {
        next_sql(
            Kind::Mysql,
            Raw::of_plan(old(target, name)),
            64,
            &target.wanted.table.table,
        )
        .into_string()
    });
    let delete = record(target, "OLD", &Entry::now(target, version, "delete"));
    let text = format!("{}{}{delete}", baseline(target), last_properties(target));
    under_condition(target, "OLD", text)
}

pub(super) fn insert(target: &RecordTarget<'_>) -> String {
    let active = target.active();
    let text = format!("IF {active} THEN\n{}\nEND IF;", inserted(target));
    body(target, &text)
}

pub(super) fn delete(target: &RecordTarget<'_>) -> String {
    let active = target.active();
    let text = format!("IF {active} THEN\n{}\nEND IF;", deleted(target));
    body(target, &text)
}

/// Whether columns are as they were, byte by byte; `None` if there are none.
fn same<'a>(
    target: &RecordTarget<'_>,
    columns: impl Iterator<Item = &'a RecordColumn>,
) -> Option<String> {
    let same: Vec<String> = columns.map(|column| same_column(target, column)).collect();
    (!same.is_empty()).then(|| same.join("\n  AND "))
}

fn same_column(target: &RecordTarget<'_>, column: &RecordColumn) -> String {
    let (new, old) = (new(target, column.name()), old(target, column.name()));
    match collated(&column.row_type) {
        true => format!("CAST({new} AS BINARY) <=> CAST({old} AS BINARY)"),
        false => format!("{new} <=> {old}"),
    }
}

/// When an update is recorded: a cheap condition, and one to look at after it.
fn recorded_when(target: &RecordTarget<'_>) -> (String, Option<String>) {
    let telling = same(target, target.telling());
    let managed = same(
        target,
        target
            .columns
            .iter()
            .filter(|column| target.is_managed(column.name())),
    );
    let skipped = same(target, target.skipped());
    let differ =
        |same: Option<String>| same.map_or("FALSE".to_owned(), |same| format!("NOT ({same})"));
    if let Some(version) = target.version().filter(|_| target.guard) {
        // The guard has raised the version if anything changed.
        let outer = format!("{} <> {}", new(target, version), old(target, version));
        let inner = skipped.map(|skipped| format!("{} OR ({skipped})", differ(telling)));
        return (outer, inner);
    }
    let others = match skipped {
        Some(skipped) => format!("({} AND {skipped})", differ(managed)),
        None => differ(managed),
    };
    (format!("({} OR {others})", differ(telling)), None)
}

/// `update`, `soft_delete` or `restore`.
fn operation(target: &RecordTarget<'_>) -> String {
    let lives = |row: &str| match target.living() {
        Some(Living::Null(column)) => format!("({row}.{} IS NULL)", target.dialect.quote(column)),
        Some(Living::Not(column, text)) => {
            let column = target.dialect.quote(column);
            format!("(NOT {row}.{column} <=> {})", stored_literal(text))
        }
        None => "TRUE".into(),
    };
    if target.living().is_none() {
        return "'update'".into();
    }
    let (new, old) = (lives("NEW"), lives("OLD"));
    format!("IF({new} = {old}, 'update', IF({new}, 'restore', 'soft_delete'))")
}

/// The names of the redacted columns that changed.
fn redacted(target: &RecordTarget<'_>) -> String {
    let name = |column: &RecordColumn| {
        let (same, name) = (same_column(target, column), stored_literal(column.name()));
        format!("IF({same}, NULL, {name})")
    };
    let names: Vec<String> = target.redacted().map(name).collect();
    match names.is_empty() {
        true => "NULL".into(),
        false => format!("NULLIF(CONCAT_WS(',', {}), '')", names.join(", ")),
    }
}

pub(super) fn update(target: &RecordTarget<'_>) -> String {
    let version = target.version().map(|name| new(target, name));
    let entry = Entry {
        operation: operation(target),
        redacted: redacted(target),
        ..Entry::now(target, version, "update")
    };
    let write = format!(
        "{}{}{}",
        baseline(target),
        properties(target, "NEW"),
        record(target, "NEW", &entry)
    );
    let write = under_condition(target, "NEW", write);
    let (outer, inner) = recorded_when(target);
    let write = match inner {
        Some(inner) => format!("IF {inner} THEN\n{write}\nEND IF;"),
        None => write,
    };
    let stays = stays(target.dialect, &target.wanted.key);
    let (deleted, inserted) = (deleted(target), inserted(target));
    let moved = format!("{deleted}\n{inserted}");
    let risky = risky(target);
    let mut usual = vec![stays.clone()];
    usual.extend(risky.iter().map(|name| same_value(target, name, "NEW")));
    let usual = usual.join(" AND ");
    let (rest, moved) = match risky.is_empty() {
        true => (format!("NOT ({stays})"), moved),
        false => (
            format!("({outer} OR NOT ({stays}))"),
            format!("IF {stays} THEN\n{write}\nELSE\n{moved}\nEND IF;"),
        ),
    };
    let active = target.active();
    let simple = simple(target, &outer, &usual)
        .map(|(when, write)| format!("IF {when} THEN\n{write}\nELSE"))
        .unwrap_or_default();
    let text = format!(
        "{simple}IF {outer} AND {active} AND {usual} THEN\n{write}\nELSEIF {active} AND {rest} THEN\n{}\nEND IF;",
        unless_ignored(target, &risky, &moved)
    );
    body(target, &text)
}

/// What most updates are: outside of changesets, of a row that lives or not as
/// before, and that is not dated after the clock. The server resolves all of
/// an expression anew for each row, whether it is evaluated or not: so what these
/// updates do not need is not in the expressions that they come to. Gives the
/// condition, and the record.
fn simple(target: &RecordTarget<'_>, outer: &str, usual: &str) -> Option<(String, String)> {
    let recording = &target.recording;
    let (version, (updated_at, _)) = (target.version()?, target.roles().updated_at?);
    let more = recording.condition.is_some()
        || recording.requires_changeset
        || recording.redacts()
        || !recording.properties.is_empty()
        || target.skipped().next().is_some();
    if more || target.lazy || !target.guard {
        return None;
    }
    let mut when = vec![
        outer.to_owned(),
        usual.to_owned(),
        "@handleref_paused IS NULL".into(),
        "@handleref_changeset IS NULL".into(),
        format!("{} <= {}", old(target, updated_at), now()),
    ];
    when.extend(target.living().map(|living| {
        let column = living.column();
        format!("{} <=> {}", new(target, column), old(target, column))
    }));
    let entry = Entry {
        at: now(),
        changeset: "NULL".into(),
        ..Entry::now(target, Some(new(target, version)), "update")
    };
    Some((when.join(" AND "), record(target, "NEW", &entry)))
}

/// Columns besides the key for whose sake the engine may refuse an update.
fn risky(target: &RecordTarget<'_>) -> Vec<String> {
    let unique = target.unique.iter().flatten();
    let mut names: Vec<&str> = unique
        .map(String::as_str)
        .chain(super::known(target, "bound").map(|[name, ..]| name))
        .collect();
    if names.contains(&LIVE) {
        let roles = target.roles();
        names.extend(roles.deleted_at.map(|(name, _)| name));
        names.extend(roles.status);
    }
    names.sort_unstable();
    names.dedup();
    names.retain(|name| {
        let there = target.row.iter().any(|(column, _)| column == name);
        there && !target.wanted.key.contains(name)
    });
    names.into_iter().map(str::to_owned).collect()
}

/// Whether a column of the table is in `row` as it was, byte by byte.
fn same_value(target: &RecordTarget<'_>, name: &str, row: &str) -> String {
    let sql_type = target.row.iter().find(|(column, _)| column == name);
    let name = target.dialect.quote(name);
    match sql_type.is_some_and(|(_, sql_type)| collated(sql_type)) {
        true => format!("CAST({row}.{name} AS BINARY) <=> CAST(OLD.{name} AS BINARY)"),
        false => format!("{row}.{name} <=> OLD.{name}"),
    }
}

/// MariaDB runs the trigger for rows, too, that `UPDATE IGNORE` left as they
/// were because the engine refused them. Then the old row is still there.
fn unless_ignored(target: &RecordTarget<'_>, risky: &[String], write: &str) -> String {
    let table = target.inside(&target.wanted.table.table);
    let key = target.wanted.key.iter().map(|name| {
        let name = target.dialect.quote(name);
        format!("handleref_t.{name} = OLD.{name}")
    });
    let risky = risky
        .iter()
        .map(|name| same_value(target, name, "handleref_t"));
    let all: Vec<String> = key.chain(risky).collect();
    format!(
        "BEGIN\nDECLARE handleref_ignored BIGINT;\n\
         SELECT COUNT(*) INTO handleref_ignored FROM {table} AS handleref_t WHERE {};\n\
         IF handleref_ignored = 0 THEN\n{write}\nEND IF;\nEND;",
        all.join(" AND ")
    )
}

/// Lets the versions of a key that was there before go on. `REPLACE` runs this
/// before it deletes the row that it replaces, which takes a version, too.
pub(super) fn continued(target: &RecordTarget<'_>) -> String {
    let Some(version) = target.version() else {
        return String::new();
    };
    let last = last(target.dialect, target.wanted, &target.recording, "NEW");
    let (new_version, column) = (new(target, version), target.dialect.quote(version));
    let read = format!(
        "SELECT record_version, record_operation = 'delete' INTO handleref_last, handleref_ended {last}"
    );
    let key = |name: &&str| format!("{} = {}", target.dialect.quote(name), new(target, name));
    let key: Vec<String> = target.wanted.key.iter().map(key).collect();
    let row = format!(
        "SET handleref_row = NULL;\nSELECT {column} INTO handleref_row FROM {} WHERE {}",
        target.inside(&target.wanted.table.table),
        key.join(" AND ")
    );
    // A transaction with an old snapshot does not see the end of the former
    // life. A key that has one is read again with a lock, which shows it; one
    // that has none is not, because locks on gaps would meet in deadlocks.
    // A writer that has waited for a lock has read what was last before: so again,
    // until what is read with the lock stays the same. The row comes before it
    // each time: with it locked its life does not end, and with the record of its
    // end locked no other begins. (In a trigger a table is not locked for
    // update that the statement is to write.)
    let mut look = format!(
        "{read};\nIF handleref_last IS NOT NULL THEN\n{row} LOCK IN SHARE MODE;\n{read} FOR UPDATE;\n\
         REPEAT\n{row} LOCK IN SHARE MODE;\nSET handleref_before = handleref_last;\n{read} FOR UPDATE;\n\
         UNTIL handleref_last <=> handleref_before END REPEAT;\nEND IF;",
    );
    if target.lazy {
        // The row may be there, and have no record yet.
        look.push_str(&format!(
            "\nIF handleref_last IS NULL THEN\n{row};\nEND IF;"
        ));
    }
    // Updates that are not recorded raise the version of the row alone.
    look.push_str(
        "\nIF handleref_row IS NOT NULL THEN\n\
         SET handleref_last = GREATEST(COALESCE(handleref_last, handleref_row), handleref_row), handleref_ended = FALSE;\nEND IF;",
    );
    // A key that the engine is about to choose has no past.
    let automatic: Vec<&str> = super::known(target, "automatic")
        .map(|[name, ..]| name)
        .collect();
    let chosen = target
        .wanted
        .key
        .iter()
        .find(|name| automatic.contains(name));
    let known = chosen.map_or("TRUE".to_owned(), |name| {
        format!("{} <> 0", new(target, name))
    });
    let last_but_one = greatest(64) - 2;
    let next = next_sql(
        Kind::Mysql,
        "handleref_last",
        64,
        &target.wanted.table.table,
    );
    let next = format!(
        "CASE WHEN handleref_last > {last_but_one} THEN {next} ELSE handleref_last + IF(handleref_ended, 1, 2) END"
    );
    let active = target.active();
    format!(
        "BEGIN\nDECLARE handleref_last, handleref_next, handleref_row, handleref_before BIGINT;\nDECLARE handleref_ended BOOLEAN;\n\
         DECLARE CONTINUE HANDLER FOR NOT FOUND BEGIN END;\n\
         IF {active} AND {known} THEN\n{look}\n\
         IF handleref_last IS NOT NULL AND ({new_version} > handleref_last AND (handleref_ended OR {new_version} - 1 > handleref_last)) IS NOT TRUE THEN\n\
         SET handleref_next = {next};\nSET {new_version} = {};\nEND IF;\n\
         END IF;\nEND",
        target.held_version("handleref_next")
    )
}
