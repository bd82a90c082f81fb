//! What a recorded table lacks.

use super::support::Support;
use super::table::Finding;
use super::{RecordColumn, RecordTarget, Recorded};
use crate::engine::Kind;
use crate::record::facts::{BOOKKEEPING, Capture, RecordedColumn, Recording};
use crate::schema::dialect::{Change, State, Trigger};
use crate::schema::diff::Compare;
use crate::schema::live::LiveTrigger;
use crate::schema::names::guard_name;
use crate::schema::problem::ProblemKind;

impl Compare<'_> {
    /// Compares the record table and the triggers with what the model asks for.
    pub(in crate::schema) fn recording(
        &mut self,
        recording: Recording,
        recorded: &Recorded,
        support: &Support,
    ) {
        let before = self.unrepairable();
        let Some(columns) = self.record_columns(recording) else {
            return;
        };
        let row = self.target.columns.clone();
        let there = recorded.table.found.is_some();
        let target = RecordTarget {
            dialect: self.dialect,
            wanted: self.target.wanted,
            recording,
            live: self.target.live,
            recorded,
            support,
            row: &row,
            columns,
            lazy: match recorded.backfilled.filter(|_| there) {
                Some(backfilled) => !backfilled,
                None => recorded.filled,
            },
            guard: self.target.wanted.guards,
        };
        if there && !target.is_record_table() {
            let found = recorded.table.found.clone().unwrap_or_default();
            self.on_records(
                &target,
                (None, ProblemKind::NotARecordTable { found }, None),
            );
            return;
        }
        for (relative, live) in recording.relatives.iter().zip(&recorded.relatives) {
            if live.found.as_deref() != Some("table") {
                let table = relative.table.to_owned();
                self.problem(None, ProblemKind::UnknownRelative { table });
            }
        }
        for (column, problem) in target.impossible() {
            self.problem(Some(column), problem);
        }
        for problem in self.dialect.record_problems(&target) {
            self.problem(None, problem);
        }
        let evolution = if there {
            target.evolve()
        } else {
            vec![target.create()]
        };
        if evolution.iter().any(|(_, kind, _)| kind.stops()) || self.unrepairable() > before {
            // The triggers would name what is not there.
            evolution
                .into_iter()
                .for_each(|finding| self.on_records(&target, finding));
            return;
        }
        let create = self.drop_triggers(&target);
        for finding in evolution.into_iter().chain(target.indexes()) {
            self.on_records(&target, finding);
        }
        for change in create {
            self.change(change.up, change.down);
        }
        if let Some((_, kind, change)) = target.register() {
            // That it is not listed goes without saying if it is not there.
            let known = recorded.table.found.is_none() && recorded.backfilled.is_none();
            match change {
                Some(change) if known => self.change(change.up, change.down),
                change => self.on_records(&target, (None, kind, change)),
            }
        }
        self.uncovered(&target);
    }

    /// The model's columns with their types; `None` if something is wrong with them.
    fn record_columns(&mut self, recording: Recording) -> Option<Vec<RecordColumn>> {
        let before = self.unrepairable();
        if self.target.wanted.recorded_twice {
            self.problem(None, ProblemKind::RecordedTwice);
        }
        let key = &self.target.wanted.key;
        let recorded = |name: &str| {
            let mut columns = recording.columns.iter();
            columns.any(|column| column.name == name && column.capture == Capture::Value)
        };
        if key.is_empty() || !key.iter().all(|name| recorded(name)) {
            self.problem(None, ProblemKind::UnrecordedKey);
        }
        let properties = recording.properties.iter().map(|property| property.name);
        for name in recording
            .columns
            .iter()
            .map(|column| column.name)
            .chain(properties)
        {
            if BOOKKEEPING.contains(&name) {
                self.problem(Some(name), ProblemKind::ReservedColumn);
            }
        }
        let columns = recording
            .columns
            .iter()
            .filter_map(|facts| self.record_column(*facts));
        let columns = columns.collect();
        (self.unrepairable() == before).then_some(columns)
    }

    fn record_column(&mut self, facts: RecordedColumn) -> Option<RecordColumn> {
        let live = self.target.live;
        let row_type = |name: &str| {
            // Those that the plan adds are here, too.
            let row = self
                .target
                .columns
                .iter()
                .find(|(column, _)| column == name);
            let generated = live.column(name).map(|column| column.sql_type.clone());
            row.map(|(_, sql_type)| sql_type.clone()).or(generated)
        };
        let Some(row_type) = row_type(facts.name) else {
            let kind = ProblemKind::UnknownColumn;
            if !self.has_problem(facts.name, &kind) {
                self.problem(Some(facts.name), kind);
            }
            return None;
        };
        let found = facts.sql_type.or_else(|| live.type_of(facts.name));
        Some(RecordColumn {
            facts,
            sql_type: found.unwrap_or(&row_type).to_owned(),
            row_type,
        })
    }

    /// A finding about the record table.
    fn on_records(&mut self, target: &RecordTarget<'_>, (column, kind, change): Finding) {
        self.problem_on(target.listed(), column.as_deref(), kind);
        if let Some(change) = change {
            self.change(change.up, change.down);
        }
    }

    /// Drops the triggers that are not as they should be, so that the record
    /// table can be altered, and gives what makes them again.
    fn drop_triggers(&mut self, target: &RecordTarget<'_>) -> Vec<Change> {
        let triggers = self.dialect.record_triggers(target);
        self.drop_obsolete(target, &triggers);
        let mut create = Vec::new();
        for trigger in triggers {
            let on = match trigger.on.as_deref() {
                Some(on) => target.wanted.beside(on).shown(),
                None => target.wanted.table.shown(),
            };
            let name = trigger.name;
            let on_relative = trigger.on.as_deref();
            let on_relative = on_relative.is_some_and(|on| on != target.recording.records);
            let made = Change {
                up: trigger.create,
                down: trigger.drop,
            };
            let dropped = made.down.clone();
            // A relative may get columns in the same plan.
            let make = |this: &mut Self| match on_relative {
                true => this.later(made),
                false => create.push(made),
            };
            match trigger.state {
                State::Right => {}
                State::Missing => {
                    // Goes without saying if there is no record table yet.
                    if target.recorded.table.found.is_some() {
                        self.problem_on(on, None, ProblemKind::MissingTrigger { trigger: name });
                    }
                    make(self);
                }
                State::Altered(restore) => {
                    self.problem_on(on, None, ProblemKind::AlteredTrigger { trigger: name });
                    self.change(dropped, restore);
                    make(self);
                }
                State::Disabled(enable, disable) => {
                    self.problem_on(on, None, ProblemKind::DisabledTrigger { trigger: name });
                    create.push(Change {
                        up: vec![enable],
                        down: vec![disable],
                    });
                }
            }
        }
        create
    }

    /// Drops triggers of ours that nothing asks for any more.
    fn drop_obsolete(&mut self, target: &RecordTarget<'_>, triggers: &[Trigger]) {
        let (table, records) = (&target.wanted.table.table, target.recording.records);
        let guard = guard_name(self.dialect, table);
        let keeps_guard = self.dialect.kind() != Kind::Sqlite;
        let ours = |trigger: &&LiveTrigger| {
            trigger.name.starts_with("handleref_")
                && !trigger.name.starts_with("handleref_relative_")
                && !(keeps_guard && trigger.name == guard)
        };
        let on_table = target
            .live
            .triggers
            .iter()
            .filter(ours)
            .map(|it| (table.as_str(), it));
        let on_records = target.recorded.table.triggers.iter();
        let on_records = on_records.filter(ours).map(|it| (records, it));
        let on_relatives = target
            .recorded
            .on_relatives
            .iter()
            .map(|(on, it)| (on.as_str(), it));
        for (on, found) in on_table.chain(on_records).chain(on_relatives) {
            if triggers.iter().any(|trigger| trigger.name == found.name) {
                continue;
            }
            let kind = ProblemKind::ObsoleteTrigger {
                trigger: found.name.clone(),
            };
            self.problem_on(target.wanted.beside(on).shown(), None, kind);
            // All of them are in one schema.
            let drop = self.dialect.drop_trigger(target.live, on, &found.name);
            self.change(drop, self.dialect.restore_trigger(target.live, found));
        }
    }

    fn uncovered(&mut self, target: &RecordTarget<'_>) {
        let table = target.wanted.table.shown();
        let known = |name: &str| target.columns.iter().any(|column| column.name() == name);
        // The generated column is ours; see `mysql.rs`.
        let unknown = |name: &&str| !known(name) && *name != crate::schema::mysql::LIVE;
        let columns = target
            .live
            .columns
            .iter()
            .map(|column| column.name.as_str());
        let unknown = columns.filter(unknown);
        let texts = unknown.map(|name| {
            format!("{table}: the column `{name}` is no field of the model, and not recorded")
        });
        let more = self.dialect.uncovered(target).into_iter();
        let texts: Vec<String> = texts
            .chain(more.map(|text| format!("{table}: {text}")))
            .collect();
        self.say_uncovered(texts);
    }
}
