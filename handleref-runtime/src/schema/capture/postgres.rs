//! The triggers that record a table on PostgreSQL.
//!
//! They fire once per statement, after it, and read the transition tables, so
//! that a statement of 100,000 rows is recorded by one `INSERT .. SELECT`. Rows
//! that foreign keys, `MERGE`, `COPY` and `ON CONFLICT` touch are among them;
//! `TRUNCATE` has a trigger of its own that runs before.
//!
//! They run with the rights of the writer, which needs `SELECT` and `INSERT` on
//! the record table, `SELECT` on `handleref_recordings` and `USAGE` on the
//! sequence `handleref_record_id`; to insert a key again that was deleted,
//! `UPDATE` of the version; to truncate, `SELECT` on the table.

use crate::engine::Kind;
use crate::facts::Capture;
use crate::schema::capture::RecordTarget;
use crate::schema::dialect::{State, Trigger};
use crate::schema::home;
use crate::schema::live::LiveFunction;
use crate::schema::names::{folded, literal};
use crate::schema::postgres::{CATALOG, Postgres};
use crate::schema::problem::ProblemKind;
use body::dollar_quoted;
use facts::open_schemas;
pub(in crate::schema) use facts::{LABEL, NEEDED, facts, uncovered};
use record::Records;

mod body;
mod facts;
mod plain;
mod record;
mod rows;

/// How the functions run. Joins of transition tables are estimated too high:
/// sorting them and compiling their plans would take half of the time. The plan
/// for one row is kept while the record table grows, so it must use the index
/// from the start.
const SETTINGS: [(&str, &str); 3] = [
    ("jit", "off"),
    ("enable_mergejoin", "off"),
    ("enable_seqscan", "off"),
];

const OLD: &str = "OLD TABLE AS handleref_old";
const NEW: &str = "NEW TABLE AS handleref_new";

/// What fires a trigger, and what it calls the rows.
struct Firing {
    kind: &'static str,
    /// As the catalogue shows it.
    when: &'static str,
    tables: &'static [&'static str],
    /// For each row, if this is true of it: as it is written, and as it is shown.
    rows: Option<[String; 2]>,
}

const INSERT: Firing = Firing {
    kind: "insert",
    when: "AFTER INSERT",
    tables: &[NEW],
    rows: None,
};
const UPDATE: Firing = Firing {
    kind: "update",
    when: "AFTER UPDATE",
    tables: &[OLD, NEW],
    rows: None,
};
const DELETE: Firing = Firing {
    kind: "delete",
    when: "AFTER DELETE",
    tables: &[OLD],
    rows: None,
};
const BEFORE_TRUNCATE: Firing = Firing {
    kind: "truncate",
    when: "BEFORE TRUNCATE",
    tables: &[],
    rows: None,
};
const AFTER_TRUNCATE: Firing = Firing {
    kind: "truncate",
    when: "AFTER TRUNCATE",
    tables: &[],
    rows: None,
};
const PROTECT: Firing = Firing {
    kind: "protect",
    when: "BEFORE DELETE OR UPDATE OR TRUNCATE",
    tables: &[],
    rows: None,
};
const NOTIFY: Firing = Firing {
    kind: "notify",
    when: "AFTER INSERT",
    tables: &[],
    rows: None,
};

pub(in crate::schema) fn triggers(dialect: &Postgres, target: &RecordTarget<'_>) -> Vec<Trigger> {
    let bodies = Records::new(target);
    let table = &target.wanted.table.table;
    let records = target.recording.records;
    let on_table = |firing: Firing, body: String| {
        let name = target.trigger_name(firing.kind, table);
        let path = match firing.kind {
            "update" if plain::plans(target) => Path::Writers,
            ODD => Path::Writers,
            // What amends a row sets off the triggers and checks of its table, too.
            "insert" | "update" => Path::Home,
            _ if user_sql(target) => Path::Home,
            _ => Path::Catalog,
        };
        let function = Function { name, body, path };
        trigger(dialect, target, None, &firing, &function)
    };
    let mut triggers = vec![on_table(INSERT, bodies.inserted())];
    // Before the one that relies on it.
    if let Some(rows) = plain::odd(target) {
        let odd = Firing {
            kind: ODD,
            when: UPDATE.when,
            tables: &[],
            rows: Some(rows),
        };
        triggers.push(on_table(odd, plain::noting()));
    }
    triggers.extend([
        on_table(UPDATE, bodies.updated()),
        on_table(DELETE, bodies.deleted()),
        on_table(BEFORE_TRUNCATE, bodies.truncated()),
    ]);
    let protect = Function {
        name: target.trigger_name(PROTECT.kind, records),
        body: body::protecting(target),
        path: Path::Catalog,
    };
    triggers.push(trigger(dialect, target, Some(records), &PROTECT, &protect));
    if target.recording.notifies {
        let notify = Function {
            name: target.trigger_name(NOTIFY.kind, records),
            body: body::notifying(),
            path: Path::Catalog,
        };
        triggers.push(trigger(dialect, target, Some(records), &NOTIFY, &notify));
    }
    if target.computed().next().is_none() {
        return triggers;
    }
    for relative in target.recording.relatives {
        for firing in [INSERT, UPDATE, DELETE, AFTER_TRUNCATE] {
            let event = firing.when.trim_start_matches("AFTER ");
            let function = Function {
                name: target.relative_trigger_name(firing.kind, relative.table),
                body: bodies.relative_changed(event, relative.table, relative.on),
                path: Path::Home,
            };
            triggers.push(trigger(
                dialect,
                target,
                Some(relative.table),
                &firing,
                &function,
            ));
        }
    }
    triggers
}

/// The kind of the trigger that notes [odd rows](plain::odd).
const ODD: &str = "odd";

/// Whether there are expressions of the user's in the bodies.
fn user_sql(target: &RecordTarget<'_>) -> bool {
    let stands_in = |column: &crate::schema::capture::RecordColumn| {
        matches!(
            column.facts.capture,
            Capture::Skipped(Some(_)) | Capture::Redacted(Some(_))
        )
    };
    target.recording.condition.is_some()
        || target.computed().next().is_some()
        || target.columns.iter().any(stands_in)
}

struct Function {
    name: String,
    body: String,
    path: Path,
}

/// What a function finds without a schema. What is ours names its
/// schema in any case; temporary tables, which anyone can make, come last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Path {
    /// What the writer finds: for what an `UPDATE` of the writer's would set off, too.
    /// Such a function has no settings at all.
    Writers,
    Catalog,
    /// Besides, what SQL of the user's may mean: see [`home::path_sql`].
    Home,
}

fn trigger(
    dialect: &Postgres,
    target: &RecordTarget<'_>,
    on: Option<&str>,
    firing: &Firing,
    function: &Function,
) -> Trigger {
    use crate::schema::dialect::Dialect;
    let live = target.live_of(on);
    // A table that is still to be made will be beside the model's.
    let schema = match live.found {
        Some(_) => live.schema.as_deref(),
        None => target.live.schema.as_deref(),
    };
    let Function { name, body, .. } = function;
    let body_here = target.support.home.settle(body);
    let table_name = on.unwrap_or(&target.wanted.table.table);
    let table = dialect.qualified(schema, table_name);
    let called = dialect.qualified(schema, name);
    let quoted = dialect.quote(name);
    let rights = match target.support.is_owned() {
        true => " SECURITY DEFINER",
        false => "",
    };
    let settings = settings(target, function.path);
    let head = format!(
        "CREATE OR REPLACE FUNCTION {called}() RETURNS trigger LANGUAGE plpgsql{rights}{settings}"
    );
    let referencing = match firing.tables.is_empty() {
        true => String::new(),
        false => format!(" REFERENCING {}", firing.tables.join(" ")),
    };
    let tail = |shown: usize| {
        let each = match &firing.rows {
            Some(rows) => format!("ROW WHEN ({})", rows[shown]),
            None => "STATEMENT".to_owned(),
        };
        format!("{referencing} FOR EACH {each} EXECUTE FUNCTION ")
    };
    let when = firing.when;
    let mut create = vec![
        format!("{head} AS {}", dollar_quoted("handleref", body)),
        format!(
            "CREATE TRIGGER {quoted} {when} ON {table}{}{called}()",
            tail(0)
        ),
    ];
    // A user who may call it could put it on another table, and forge records.
    if let Some(owner) = &target.support.owner {
        create.push(format!(
            "ALTER FUNCTION {called}() OWNER TO {}",
            owner.sql(Kind::Postgres)
        ));
        create.push(format!("REVOKE ALL ON FUNCTION {called}() FROM PUBLIC"));
    }
    let found = live.triggers.iter().find(|found| found.name == *name);
    let found_function = live.functions.iter().find(|found| found.name == *name);
    let right_trigger = |definition: &str| {
        let definition = folded(definition);
        let start = folded(&format!("CREATE TRIGGER {quoted} {when} ON"));
        let ends = |called: &str| definition.ends_with(&folded(&format!("{}{called}()", tail(1))));
        definition.starts_with(&start)
            && (ends(&quoted) || ends(&dialect.qualified(Some(&live.detail), name)))
    };
    let right_function = |found: &LiveFunction| {
        let shown = found.restore.split("\nAS $").next().unwrap_or_default();
        let owner = target.support.owner.as_ref();
        settings_are_right(target, function.path, shown)
            && owner.is_none_or(|owner| found.owner == owner.0 && !found.is_public)
    };
    let state = match (found, found_function) {
        (None, _) => State::Missing,
        (Some(found), Some(function))
            if function.body == body_here
                && right_function(function)
                && right_trigger(&found.definition) =>
        {
            let alter = |verb: &str| format!("ALTER TABLE {table} {verb} TRIGGER {quoted}");
            match found.disabled {
                true => State::Disabled(alter("ENABLE"), alter("DISABLE")),
                false => State::Right,
            }
        }
        (Some(found), _) => State::Altered(dialect.restore_trigger(live, found)),
    };
    Trigger {
        name: name.clone(),
        on: on.map(str::to_owned),
        create,
        drop: vec![
            format!("DROP TRIGGER IF EXISTS {quoted} ON {table}"),
            format!("DROP FUNCTION IF EXISTS {called}()"),
        ],
        state,
        other: false,
    }
}

/// The settings of a function.
fn settings(target: &RecordTarget<'_>, path: Path) -> String {
    let mut written = String::new();
    if path == Path::Writers {
        return written;
    }
    for (name, value) in SETTINGS {
        written.push_str(&format!(" SET {name} = {value}"));
    }
    let path = match path {
        Path::Writers | Path::Catalog => CATALOG,
        Path::Home if target.live.schema.is_none() => home::PATH,
        Path::Home => target.support.home.path.as_str(),
    };
    written + " SET search_path = " + path
}

/// Whether a function has them, as the catalogue shows it. What follows the
/// home in the search path is the installer's choice, but for schemas in which
/// every user may create what then takes precedence.
fn settings_are_right(target: &RecordTarget<'_>, path: Path, shown: &str) -> bool {
    let mut wanted = String::from("() RETURNS trigger LANGUAGE plpgsql");
    if target.support.is_owned() {
        wanted.push_str(" SECURITY DEFINER");
    }
    if path == Path::Writers {
        return folded(shown).ends_with(&folded(&wanted));
    }
    for (name, value) in SETTINGS {
        wanted.push_str(&format!(" SET {name} TO '{value}'"));
    }
    let wanted = folded(&wanted);
    let shown = folded(shown);
    let Some((_, rest)) = shown.split_once(wanted.as_str()) else {
        return false;
    };
    let Some(rest) = rest.strip_prefix("setsearch_pathto") else {
        return false;
    };
    if path == Path::Catalog {
        return rest == "'pg_catalog','pg_temp'";
    }
    let home = literal(&target.live.detail);
    let Some(rest) = rest.strip_prefix(home.as_str()) else {
        return false;
    };
    let open = |schema: &str| rest.contains(&format!(",{}", folded(&literal(schema))));
    rest.ends_with(",'pg_temp'") && !open_schemas(target).any(open)
}

pub(in crate::schema) fn problems(_target: &RecordTarget<'_>) -> Vec<ProblemKind> {
    Vec::new()
}
