//! Updates that are recorded without a look at the rows as they were.
//!
//! Nearly every update raises the version of rows that live, leaves their keys
//! alone, and comes after what was done to them last. Its records are the new
//! rows and nothing else: no pairs, no comparison, no record that was last.
//! Pairing and looking takes a third of what recording many rows costs.
//!
//! What is not of this kind is found by a trigger for each row, whose condition
//! sees the rows as they are after all other triggers. It notes that there was
//! such a row in a setting, and the statement is then recorded by comparing.
//! Such triggers run after the statement, and before the one that records it, so
//! no expression of the statement can take the note back.
//!
//! Not for every table: see [`applies`].

use super::facts::{CHILD, EQUAL, PARTITIONED, equality};
use super::record::Records;
use crate::engine::Kind;
use crate::model::Living;
use crate::schema::capture::RecordTarget;
use crate::schema::names::literal;
use crate::sql::now_sql;
use crate::time::TimeKind;

/// Whether a note suffices.
///
/// - Rows of partitions and children set off no trigger for each row where they
///   are moved to another partition, or are not the table's own.
/// - What a skipped or redacted column was is not in the new row. (The trigger could
///   compare it, but a column that a trigger names cannot be dropped.)
/// - Without a version it is not known whether anything has changed, and without
///   `updated_at` not whether the row's last record is later than the clock.
/// - With an owner nothing is believed that any session can say.
pub(super) fn applies(target: &RecordTarget<'_>) -> bool {
    let roles = target.roles();
    let status = match roles.living() {
        Some(Living::Not(column, _)) => Some(column),
        _ => None,
    };
    let mut compared = target.wanted.key.iter().copied().chain(status);
    let mut facts = target.recorded.facts.iter();
    roles.version.is_some()
        && roles.updated_at.is_some()
        && !target.support.is_owned()
        && target.skipped().chain(target.redacted()).next().is_none()
        && compared.all(|column| equality(target, column) == EQUAL)
        && !facts.any(|(_, kind, ..)| matches!(kind.as_deref(), Some(PARTITIONED | CHILD)))
}

/// Whether updates are recorded so: where any row may be without a record, its
/// baseline is in the row as it was.
pub(super) fn is_recorded(target: &RecordTarget<'_>) -> bool {
    applies(target) && !target.lazy
}

/// Whether the function sets the planner itself, where it compares. To have the
/// settings on the function would cost every update a tenth of its record. SQL
/// of the user's needs a search path in any case.
pub(super) fn plans(target: &RecordTarget<'_>) -> bool {
    is_recorded(target) && !super::user_sql(target)
}

/// What a row is that needs a note, as it is written and as the catalogue shows it:
/// it was dead, dated after the clock, under another key, or of this version or a
/// later one.
///
/// That it was dated after the clock stands for its last record being so: a verb
/// and the guard write both. Who raises the version by hand has to raise
/// `updated_at`, too.
pub(super) fn odd(target: &RecordTarget<'_>) -> Option<[String; 2]> {
    let roles = applies(target).then(|| target.roles())?;
    let (version, (updated_at, kind)) = (roles.version?.0, roles.updated_at?);
    let written = ["pg_catalog.", ""].map(|catalog| {
        let quote = |name: &str| target.dialect.quote(name);
        let operator = |name: &str| match catalog {
            "" => name.to_owned(),
            _ => format!("OPERATOR({catalog}{name})"),
        };
        let (equal, least, above) = (operator("="), operator("<="), operator(">"));
        let lives = roles.living().map(|living| match living {
            Living::Null(column) => format!("OLD.{} IS NULL", quote(column)),
            Living::Not(column, text) => format!(
                "(OLD.{} {equal} {}) IS NOT TRUE",
                quote(column),
                literal(text)
            ),
        });
        // Not `AT TIME ZONE`, which servers show in different ways.
        let now = format!("{catalog}statement_timestamp()");
        let now = match kind {
            TimeKind::Plain => format!("{catalog}timezone('UTC'::text, {now})"),
            _ => now,
        };
        let updated_at = format!("OLD.{} {least} {now}", quote(updated_at));
        let keys = target.wanted.key.iter().map(|key| {
            let key = quote(key);
            format!("NEW.{key} {equal} OLD.{key}")
        });
        let version = format!("NEW.{0} {above} OLD.{0}", quote(version));
        let usual = lives.into_iter().chain([updated_at]).chain(keys);
        let usual: Vec<String> = usual.chain([version]).collect();
        format!("({}) IS NOT TRUE", usual.join(" AND "))
    });
    Some(written)
}

/// The setting that says that there was an odd row in a statement on this table,
/// and how deep in triggers: one inside of it must not take that back.
const NOTE: &str = "pg_catalog.concat('handleref.odd_', TG_RELID)";

const DEPTH: &str = "pg_catalog.pg_trigger_depth()::pg_catalog.text";

/// Notes that there was an odd row.
pub(super) fn noting() -> String {
    format!(
        "\nBEGIN\n  -- Made by handleref.\n  \
         IF coalesce(pg_catalog.current_setting({NOTE}, true), '') OPERATOR(pg_catalog.=) '' THEN\n    \
         PERFORM pg_catalog.set_config({NOTE}, {DEPTH}, true);\n  END IF;\n  RETURN NULL;\nEND\n"
    )
}

/// Leaves what [`with_settings`] surrounds.
pub(super) const LEAVE: &str = "EXIT handleref_compare";

/// `body` with the settings of the planner, where the function has none.
pub(super) fn with_settings(body: &str) -> String {
    let each = |what: &dyn Fn(usize, &str, &str) -> String| {
        let settings = super::SETTINGS.iter().enumerate();
        let all: Vec<String> = settings
            .map(|(at, (name, value))| what(at + 1, name, value))
            .collect();
        all.join(", ")
    };
    let set = |name: &str, value: &str| format!("pg_catalog.set_config('{name}', {value}, true)");
    format!(
        "  saved := ARRAY[{}];\n  PERFORM {};\n  <<handleref_compare>>\n  BEGIN\n{body}  END;\n  PERFORM {};\n",
        each(&|_, name, _| format!("pg_catalog.current_setting('{name}')")),
        each(&|_, name, value| set(name, &format!("'{value}'"))),
        each(&|at, name, _| set(name, &format!("saved[{at}]"))),
    )
}

impl Records<'_, '_> {
    /// Records what has no odd row, and returns.
    pub(super) fn plain(&self) -> String {
        let target = self.target;
        let version = self.version.as_deref().unwrap_or("record_version");
        let operation = match target.living() {
            Some(living) => format!(
                "CASE WHEN {} THEN 'soft_delete' ELSE 'update' END",
                self.dead("n", &living)
            ),
            None => "'update'".into(),
        };
        let mut record = self.record(
            &operation,
            "n",
            format!("n.{version}"),
            super::rows::NEW.from.into(),
        );
        record.recorded_at = now_sql(Kind::Postgres, TimeKind::Plain).into();
        let insert = self.insert(record);
        format!(
            "  noted := coalesce(pg_catalog.current_setting({NOTE}, true), '');\n  \
             IF noted OPERATOR(pg_catalog.=) '' THEN\n  {insert};\n    RETURN NULL;\n  END IF;\n  \
             IF noted OPERATOR(pg_catalog.=) {DEPTH} OR pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.=) 1 THEN\n    \
             PERFORM pg_catalog.set_config({NOTE}, '', true);\n  END IF;\n"
        )
    }
}
