//! The triggers that record a table on MySQL and MariaDB.
//!
//! There are row triggers only. Every instruction of a trigger costs about as
//! much as the comparison of ten columns, so the usual case is one `IF` and one
//! `INSERT`. What a trigger reads of records, it reads by `SELECT .. INTO` and
//! cursors: only these read without locks. A subquery in `SET`, `IF` or `INSERT`
//! locks gaps of the record table, and writers of different rows then meet in
//! deadlocks. The price: under `REPEATABLE READ` a transaction may not see the
//! last record of a row that another one has just changed. Where there is a
//! version, the row itself says it, or, if it is a new row, a unique index
//! refuses it; else a unique index over key and version refuses the number, and
//! the trigger looks again with a lock. Both are in `indexes.rs`.

use super::support::SWITCHES;
use super::{RecordTarget, noted_by_mysql};
use crate::context::Switch;
use crate::engine::Kind;
use crate::facts::Recording;
use crate::schema::dialect::{Dialect, State, Trigger, Wanted};
use crate::schema::live::Live;
use crate::schema::mysql::{Mysql, create_trigger, is_his, same_text, stored_literal};
use crate::schema::names::hex_literal;
use crate::schema::problem::ProblemKind;
use crate::sql::next_sql;

mod keep;
pub(in crate::schema) mod limits;
mod relatives;
mod rows;
mod text;

use keep::{keep, keep_name, keepable};

/// Whether recording goes on. A variable that was never set is null; with an
/// owner, it is believed only if one of the owner's procedures has noted it.
fn active(owned: Option<&str>) -> String {
    let off = "@handleref_paused IS NOT TRUE";
    match owned {
        None => off.to_owned(),
        Some(switches) => {
            let noted = noted_by_mysql(switches, Switch::Paused);
            format!("({off} OR {noted} IS NULL)")
        }
    }
}

impl RecordTarget<'_> {
    /// See [`active`].
    fn active(&self) -> String {
        active(self.switches().as_deref())
    }

    /// `handleref_switches`, if there is an owner.
    fn switches(&self) -> Option<String> {
        let owned = self.support.is_owned();
        owned.then(|| self.inside_support(SWITCHES))
    }
}

/// A trigger runs in the mode of the session that made it: records take what
/// the table took, dates such as `0000-00-00` too, and never less of it.
pub(super) const MODE: &str = "SET @handleref_mode = @@SESSION.sql_mode, SESSION sql_mode = 'STRICT_ALL_TABLES,ALLOW_INVALID_DATES'";
pub(super) const MODE_BACK: &str = "SET SESSION sql_mode = @handleref_mode";

/// What foreign keys do to rows without setting off triggers.
const ACTS: &str = "('CASCADE', 'SET NULL', 'SET DEFAULT')";

/// Asks for the engine of the table, for its automatic column, for foreign keys
/// that change rows, and for the table that keeps it from being truncated.
pub(in crate::schema) fn facts(wanted: &Wanted, live: &Live) -> Option<String> {
    let recording = wanted.recording.as_ref()?;
    let schema = live
        .schema
        .as_deref()
        .map_or("DATABASE()".to_owned(), hex_literal);
    let table = hex_literal(&wanted.table.table);
    let row = |what: &str, [a, b, c]: [&str; 3]| {
        let texts = [a, b, c].map(|text| format!("CAST({text} AS CHAR)"));
        format!("SELECT CAST('{what}' AS CHAR), {}", texts.join(", "))
    };
    let mut queries = vec![
        format!(
            "{} FROM information_schema.TABLES WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {table}",
            row(
                "engine",
                [
                    "ENGINE",
                    "IF(CREATE_OPTIONS LIKE '%partitioned%', 'partitioned', NULL)",
                    "NULL"
                ]
            )
        ),
        format!(
            "{} FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {table} AND EXTRA LIKE '%auto_increment%'",
            row("automatic", ["COLUMN_NAME", "NULL", "NULL"])
        ),
        format!(
            "{} FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {} \
             AND REFERENCED_TABLE_SCHEMA = {schema} AND REFERENCED_TABLE_NAME = {table}",
            row("kept", ["REFERENCED_COLUMN_NAME", "NULL", "NULL"]),
            hex_literal(&keep_name(wanted)),
        ),
        format!(
            "{} FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {table} \
             AND REFERENCED_TABLE_NAME IS NOT NULL",
            row("bound", ["COLUMN_NAME", "NULL", "NULL"])
        ),
    ];
    let rules =
        "CONCAT_WS(', ', IF(DELETE_RULE IN {acts}, CONCAT('ON DELETE ', DELETE_RULE), NULL), \
                 IF(UPDATE_RULE IN {acts}, CONCAT('ON UPDATE ', UPDATE_RULE), NULL))"
            .replace("{acts}", ACTS);
    let relatives = recording.relatives.iter().map(|it| hex_literal(it.table));
    for (what, table) in [("foreign", table)]
        .into_iter()
        .chain(relatives.map(|table| ("relative", table)))
    {
        let texts = [
            "CONCAT(TABLE_NAME, '.', CONSTRAINT_NAME)",
            "REFERENCED_TABLE_NAME",
            &rules,
        ];
        queries.push(format!(
            "{} FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = {schema} AND TABLE_NAME = {table} \
             AND (DELETE_RULE IN {ACTS} OR UPDATE_RULE IN {ACTS})",
            row(what, texts)
        ));
    }
    Some(queries.join(" UNION ALL "))
}

/// The texts of the facts of one kind.
fn known<'a>(
    target: &'a RecordTarget<'_>,
    what: &'a str,
) -> impl Iterator<Item = [&'a str; 3]> + 'a {
    fn text(text: &Option<String>) -> &str {
        text.as_deref().unwrap_or_default()
    }
    let of = target.recorded.facts.iter();
    of.filter(move |fact| text(&fact.0) == what)
        .map(|(_, a, b, c)| [text(a), text(b), text(c)])
}

/// Foreign keys of the table that change or delete its rows by themselves. An
/// indirect cascade ends in one of them.
pub(in crate::schema) fn problems(target: &RecordTarget<'_>) -> Vec<ProblemKind> {
    let unseen = |[constraint, parent, rules]: [&str; 3]| ProblemKind::Unseen {
        by: format!(
            "the foreign key `{constraint}` to `{parent}` says {rules}, and what a foreign key does sets off no triggers; \
             make it ON DELETE RESTRICT ON UPDATE RESTRICT, and change the rows first"
        ),
    };
    known(target, "foreign").map(unseen).collect()
}

pub(in crate::schema) fn uncovered(target: &RecordTarget<'_>) -> Vec<String> {
    let mut texts = vec![match keepable(target) {
        Ok(_) => "TRUNCATE by a session that switched foreign_key_checks off".to_owned(),
        Err(reason) => {
            format!("TRUNCATE, which is not refused because {reason}")
        }
    }];
    if !countable(target) {
        let what = match target.version() {
            None => {
                "the version of a record, if two transactions change one row under REPEATABLE READ"
            }
            Some(_) => {
                "the first version of a row, if a transaction that it does not see has inserted and really deleted one under its key"
            }
        };
        texts.push(format!(
            "{what}: the key is too long for a unique index that would tell them"
        ));
    }
    texts.push(
        "a session that sets `timestamp` dates its changes itself; but no record before the last one of its row".into(),
    );
    if target.support.numbers.by_statement {
        texts.push("`binlog_format = STATEMENT` gives records of replicas numbers of their own; use ROW or MIXED".into());
    }
    if known(target, "engine").any(|[_, partitioned, _]| !partitioned.is_empty()) {
        texts.push("DROP, TRUNCATE and EXCHANGE of its partitions".into());
    }
    let relative = |[constraint, parent, rules]: [&str; 3]| {
        format!("what `{parent}` does to a relative by the foreign key `{constraint}` ({rules})")
    };
    texts.extend(known(target, "relative").map(relative));
    texts
}

pub(in crate::schema) fn triggers(_dialect: &Mysql, target: &RecordTarget<'_>) -> Vec<Trigger> {
    let mut triggers = Vec::new();
    let mut on_table =
        |kind, event, body: String| triggers.push(trigger(target, kind, None, event, &body));
    if target.version().is_some() {
        on_table("continue", "BEFORE INSERT", rows::continued(target));
    }
    if let Some(rekeyed) = rekeyed(target.dialect, target.wanted, target.switches().as_deref())
        .filter(|_| !target.guard)
    {
        on_table("rekey", "BEFORE UPDATE", format!("BEGIN\n{rekeyed}\nEND"));
    }
    on_table("insert", "AFTER INSERT", rows::insert(target));
    on_table("update", "AFTER UPDATE", rows::update(target));
    on_table("delete", "AFTER DELETE", rows::delete(target));
    let records = target.recording.records;
    for (kind, event) in [
        ("unaltered", "BEFORE UPDATE"),
        ("undeleted", "BEFORE DELETE"),
    ] {
        triggers.push(trigger(
            target,
            kind,
            Some(records),
            event,
            &refusal(target),
        ));
    }
    triggers.extend(relatives::triggers(target));
    triggers.extend(keep(target));
    triggers
}

fn refusal(target: &RecordTarget<'_>) -> String {
    let records = target.recording.records;
    let shut = "@handleref_door IS NOT TRUE";
    let shut = match target.switches() {
        None => shut.to_owned(),
        Some(switches) => format!(
            "{shut} OR {} IS NULL",
            noted_by_mysql(&switches, Switch::Door)
        ),
    };
    // 128 characters at most, of which a name may have 64.
    let message = stored_literal(&format!(
        "{records} is append-only; only prune and erase remove records"
    ));
    format!(
        "BEGIN\n  DECLARE handleref_message VARCHAR(128) CHARACTER SET utf8mb4 DEFAULT {message};\n  \
         IF {shut} THEN\n    \
         SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = handleref_message;\n  END IF;\nEND"
    )
}

/// A trigger on the table, or on `on`.
fn trigger(
    target: &RecordTarget<'_>,
    kind: &str,
    on: Option<&str>,
    event: &str,
    body: &str,
) -> Trigger {
    let name = target.trigger_name(kind, on.unwrap_or(&target.wanted.table.table));
    named_trigger(target, name, on, event, body)
}

fn named_trigger(
    target: &RecordTarget<'_>,
    name: String,
    on: Option<&str>,
    event: &str,
    body: &str,
) -> Trigger {
    let stored = format!("{event} {body}");
    let live = target.live_of(on);
    let found = live.triggers.iter().find(|trigger| trigger.name == name);
    let state = match found {
        None => State::Missing,
        Some(found)
            if same_text(&found.definition, &stored)
                && is_his(found, target.support.owner.as_ref()) =>
        {
            State::Right
        }
        Some(found) => State::Altered(vec![found.restore.clone()]),
    };
    let table = target.sibling(on.unwrap_or(&target.wanted.table.table));
    let qualified = target.sibling(&name);
    Trigger {
        name,
        on: on.map(str::to_owned),
        create: vec![
            MODE.into(),
            format!(
                "{} {qualified} {event} ON {table} FOR EACH ROW\n{body}",
                create_trigger(target.live, target.support.owner.as_ref())
            ),
            MODE_BACK.into(),
        ],
        drop: vec![format!("DROP TRIGGER IF EXISTS {qualified}")],
        state,
        other: false,
    }
}

/// Whether the key leaves place for a version in a unique index.
pub(super) fn countable(target: &RecordTarget<'_>) -> bool {
    let key = &target.wanted.key;
    let columns = target.columns.iter();
    let columns = columns.filter(|column| key.contains(&column.name()));
    let indexable = columns
        .clone()
        .all(|column| target.dialect.takes_unique(&column.row_type));
    let size: u64 = columns.map(|column| limits::size(&column.sql_type)).sum();
    indexable && size + 8 <= limits::INDEX
}

/// What the guard adds where a row gets another key: the version goes on after
/// the last one that was recorded of the new key.
pub(in crate::schema) fn rekeyed(
    dialect: &dyn Dialect,
    wanted: &Wanted,
    owned: Option<&str>,
) -> Option<String> {
    let recording = wanted.recording.as_ref()?;
    let (version, bits) = wanted.roles.version?;
    let version = dialect.quote(version);
    let next = next_sql(Kind::Mysql, "handleref_last", bits, &wanted.table.table);
    let moved = moved(dialect, &wanted.key);
    let last = last(dialect, wanted, recording, "NEW");
    let active = active(owned);
    Some(format!(
        "    IF {moved} AND {active} THEN BEGIN\n      DECLARE handleref_last BIGINT;\n      \
         SELECT COALESCE((SELECT record_version {last}), 0) INTO handleref_last;\n      \
         IF NEW.{version} <= handleref_last THEN\n        SET NEW.{version} = {next};\n      END IF;\n    END; END IF;"
    ))
}

/// Whether the key changes.
pub(in crate::schema) fn moved(dialect: &dyn Dialect, key: &[&str]) -> String {
    format!("NOT ({})", stays(dialect, key))
}

/// Whether the key stays, as the engine compares keys.
pub(in crate::schema) fn stays(dialect: &dyn Dialect, key: &[&str]) -> String {
    let same = |name: &&str| {
        let name = dialect.quote(name);
        format!("NEW.{name} <=> OLD.{name}")
    };
    key.iter().map(same).collect::<Vec<_>>().join(" AND ")
}

/// The end of a query for the last record of a row's key.
fn last(dialect: &dyn Dialect, wanted: &Wanted, recording: &Recording, row: &str) -> String {
    let value = |name: &&str| {
        let name = dialect.quote(name);
        format!("{name} = {row}.{name}")
    };
    let key: Vec<String> = wanted.key.iter().map(value).collect();
    format!(
        "FROM {} WHERE {} ORDER BY record_id DESC LIMIT 1",
        dialect.quote(recording.records),
        key.join(" AND ")
    )
}
