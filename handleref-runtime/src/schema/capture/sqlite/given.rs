//! The record of an update, given to a view whose trigger writes it.
//!
//! SQLite puts the rows of an `INSERT .. SELECT` into a temporary table first, if
//! anything before it in the same trigger reads the table that it writes; and the
//! trigger on updates has to look at the last record. To make that table and to
//! drop it again takes a third of all that recording a row takes. The trigger of a
//! view is another one, and sees what it is given as `NEW`.

use super::write::Writer;
use crate::engine::Kind;
use crate::facts::{RECORD_OPERATION, RECORD_REDACTED};
use crate::schema::capture::support::CONTEXT;
use crate::schema::capture::{RecordColumn, RecordTarget};
use crate::schema::dialect::{Dialect, State, Trigger, before};
use crate::schema::names::squeezed;
use crate::sql::{Raw, now_sql};
use crate::time::TimeKind;

/// How the names of the view and of its trigger go on.
pub(super) const RECORD: &str = "record";
/// What `updated_at` was, by which the guard's one does not fall.
const BEFORE: &str = "handleref_before";
/// Whether the update is to be recorded.
const TOLD: &str = "handleref_told";

/// Where a column of the row is written as the guard leaves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the trigger on the table.
    Alone,
    /// There, with the context as a table beside it.
    Beside,
    /// In the trigger of the view, with the context beside it.
    Given,
}

impl Writer<'_> {
    /// Whether records of updates go by a view. Where a row may need a baseline,
    /// another record comes before them in any case.
    pub(super) fn gives(&self) -> bool {
        self.target.version().is_some() && !self.target.lazy
    }

    fn view(&self) -> String {
        view(self.target)
    }

    /// Whether the guard writes this column.
    fn is_raised(&self, name: &str) -> bool {
        self.guard_condition().is_some() && self.target.is_managed(name)
    }

    /// The columns of the view, and what they get in the trigger on the table.
    fn given(&self, version: &str) -> Vec<(String, String)> {
        let target = self.target;
        let new = self.side("NEW");
        let mut given = vec![(RECORD_OPERATION.to_owned(), self.operation())];
        if target.recording.redacts() {
            given.push((RECORD_REDACTED.to_owned(), self.redacted()));
        }
        let updated_at = target.roles().updated_at.map(|(name, _)| name);
        if let Some(name) = updated_at.filter(|name| self.is_raised(name)) {
            given.push((BEFORE.to_owned(), self.side("OLD")(name)));
        }
        let amended = |name: &str| self.kept(name, version, Place::Alone);
        let told: Vec<String> = (self.unskipped().into_iter())
            .chain(self.condition(&amended))
            .collect();
        if !told.is_empty() {
            given.push((TOLD.to_owned(), told.join(" AND ")));
        }
        let values = target.columns.iter().filter(|column| column.is_value());
        let mut names: Vec<&str> = values.map(RecordColumn::name).collect();
        let managed = [
            Some(version),
            updated_at.filter(|name| self.is_raised(name)),
        ];
        for name in managed.into_iter().flatten() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        given.extend(names.into_iter().map(|name| (name.to_owned(), new(name))));
        let properties = target.recording.properties.iter();
        for (property, value) in properties.zip(self.properties(&amended)) {
            // Where nothing is recorded, an expression of the user's must not fail.
            let value = match property.sql {
                Some(_) => {
                    format!("CASE WHEN (SELECT paused FROM {CONTEXT}) = 0 THEN {value} END")
                }
                None => value,
            };
            given.push((property.name.to_owned(), value));
        }
        given
    }

    /// The statement in the trigger on the table.
    pub(super) fn give(&self, version: &str) -> String {
        let (columns, values): (Vec<String>, Vec<String>) = self.given(version).into_iter().unzip();
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        format!(
            "  INSERT INTO {} ({})\n    VALUES ({});\n",
            self.dialect.quote(&self.view()),
            self.dialect.quote_all(&columns),
            values.join(", ")
        )
    }

    /// The statements that make the view and its trigger, as SQLite keeps them.
    fn takes(&self, version: &str) -> [String; 2] {
        let view = self.dialect.quote(&self.view());
        let given = self.given(version);
        let has = |column: &str| given.iter().any(|(given, _)| given == column);
        let columns = given.iter();
        let columns = columns.map(|(name, _)| format!("NULL AS {}", self.dialect.quote(name)));
        let columns: Vec<String> = columns.collect();
        let made = format!("CREATE VIEW {view} AS SELECT {}", columns.join(", "));

        let mut record = self.record(0, "", String::new());
        let new = self.side("NEW");
        let amended = |name: &str| self.kept(name, version, Place::Given);
        record.operation = new(RECORD_OPERATION);
        record.redacted = new(RECORD_REDACTED);
        record.version = amended(version);
        record.values = self.captured(&amended);
        let properties = self.target.recording.properties.iter();
        record.values.extend(properties.map(|it| new(it.name)));
        let quoted = self.dialect.quote(version);
        let as_written = format!("{}.{quoted} IS NEW.{quoted}", self.table());
        let told = has(TOLD).then(|| new(TOLD));
        self.join(&mut record, [as_written].into_iter().chain(told));
        let trigger = format!(
            "CREATE TRIGGER {view} INSTEAD OF INSERT ON {view} FOR EACH ROW\nBEGIN\n{}END",
            self.statement(&record)
        );
        [made, trigger]
    }

    /// The view, which comes and goes with its trigger.
    pub(super) fn taker(&self) -> Option<Trigger> {
        // Also where records do not go by it yet, as they will after a backfill.
        let version = self.target.version()?;
        let stored = self.takes(version);
        let found = self.target.recorded.facts.iter();
        let found: Vec<&str> = found.filter_map(|row| row.2.as_deref()).collect();
        let same = |(one, other): (&&str, &String)| squeezed(one) == squeezed(other);
        let state = match found.len() == stored.len() {
            _ if found.is_empty() => State::Missing,
            true if found.iter().zip(&stored).all(same) => State::Right,
            _ => State::Altered(found.iter().map(|it| self.placed(it)).collect()),
        };
        Some(Trigger {
            name: self.view(),
            on: None,
            create: stored.iter().map(|it| self.placed(it)).collect(),
            drop: vec![format!(
                "DROP VIEW IF EXISTS {}",
                self.target.sibling(&self.view())
            )],
            state,
            other: true,
        })
    }

    /// A statement that makes the view or its trigger, with the schema, which
    /// SQLite leaves out when it keeps it.
    fn placed(&self, statement: &str) -> String {
        let name = self.dialect.quote(&self.view());
        statement.replacen(&name, &self.target.sibling(&self.view()), 1)
    }

    /// A column of the row as the guard leaves it; what version that is has just
    /// been kept.
    pub(super) fn kept(&self, name: &str, version: &str, place: Place) -> String {
        let column = self.dialect.quote(name);
        let new = format!("NEW.{column}");
        if !self.is_raised(name) {
            return new;
        }
        let of_context = |column: &str| match place {
            Place::Alone => format!("(SELECT {column} FROM {CONTEXT})"),
            Place::Beside | Place::Given => format!("{CONTEXT}.{column}"),
        };
        let kept = of_context("next");
        if name == version {
            return kept;
        }
        let old = match place {
            Place::Given => format!("NEW.{}", self.dialect.quote(BEFORE)),
            Place::Alone | Place::Beside => format!("OLD.{column}"),
        };
        let later = self
            .target
            .roles()
            .later(Kind::Sqlite, |_| Raw::of_plan(old));
        let now = now_sql(Kind::Sqlite, TimeKind::Plain);
        match later {
            Some((_, value)) => format!(
                "CASE WHEN {kept} IS NEW.{} THEN {new} ELSE {} END",
                self.dialect.quote(version),
                value.into_string().replace(now, &of_context("moment"))
            ),
            None => new,
        }
    }

    /// What the guard assigns, once its version was kept, which is refused at the end
    /// of the versions.
    pub(super) fn amends_after_kept(&self) -> Vec<(String, String)> {
        let version = self.target.version().map(|name| self.dialect.quote(name));
        let shorter = |(name, value): (String, String)| match version.as_ref() == Some(&name) {
            true => {
                let before = before(Kind::Sqlite, &Raw::of_plan(name.clone()));
                (name, format!("{} + 1", before.into_string()))
            }
            false => (name, value),
        };
        self.amends().into_iter().map(shorter).collect()
    }
}

fn view(target: &RecordTarget<'_>) -> String {
    target.trigger_name(RECORD, &target.wanted.table.table)
}
