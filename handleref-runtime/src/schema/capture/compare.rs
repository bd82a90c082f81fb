//! What a recorded table lacks.

use super::mysql::limits::fit;
use super::support::Support;
use super::table::Finding;
use super::{RecordColumn, RecordTarget, Recorded};
use crate::engine::Kind;
use crate::facts::{BOOKKEEPING, Capture, RecordedColumn, Recording};
use crate::schema::dialect::{Change, State, Swap, Trigger};
use crate::schema::diff::Compare;
use crate::schema::live::LiveTrigger;
use crate::schema::names::guard_name;
use crate::schema::problem::ProblemKind;
use crate::schema::why::differs;

/// What is to be done with triggers.
#[derive(Default)]
struct Turn {
    /// Before the record table is altered.
    drop: Vec<Change>,
    /// Those that must not be missing in between.
    replace: Vec<Change>,
    /// After all of that.
    create: Vec<Change>,
}

impl Turn {
    fn is_empty(&self) -> bool {
        self.drop.is_empty() && self.replace.is_empty() && self.create.is_empty()
    }
}

impl Compare<'_> {
    /// Compares the record table and the triggers with what the model asks for.
    pub(in crate::schema) fn recording(
        &mut self,
        recording: Recording,
        recorded: &Recorded,
        support: &Support,
    ) {
        let before = self.unrepairable();
        let Some(mut columns) = self.record_columns(recording) else {
            return;
        };
        if self.dialect.kind() == Kind::Mysql {
            let there = |name: &str| recorded.table.type_of(name);
            let properties = recording.properties.len();
            let problem = fit(&mut columns, &self.target.wanted.key, properties, there);
            if let Some(kind) = problem {
                self.problem(None, kind);
            }
        }
        let row = self.target.columns.clone();
        let there = recorded.table.found.is_some();
        let lazy = match recorded.backfilled.filter(|_| there) {
            Some(backfilled) => !backfilled,
            None => recorded.filled,
        };
        let (wanted, live, unique) = (self.target.wanted, self.target.live, self.unique_sets());
        let target = RecordTarget {
            dialect: self.dialect,
            wanted,
            recording,
            live,
            recorded,
            support,
            row: &row,
            unique: unique.clone(),
            columns: columns.clone(),
            lazy,
            guard: wanted.guards,
        };
        // Triggers that write baselines do no harm where there is none to write.
        let careful = RecordTarget {
            unique,
            columns,
            lazy: true,
            ..target
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
        let turn = self.turn(&target, &careful);
        if there && !lazy && !turn.is_empty() {
            self.changes([target.unless_backfilled()]);
        }
        let mut locked = turn.replace;
        let renamed = |(_, kind, _): &Finding| matches!(kind, ProblemKind::RenamedColumn { .. });
        let swap = self.swap();
        // Triggers that name a column by its former name fail.
        let together = swap != Swap::InTransaction && evolution.iter().any(renamed);
        for change in turn.drop {
            self.drop_first(change.up, change.down);
        }
        for (column, kind, change) in evolution {
            self.problem_on(target.listed(), column.as_deref(), kind);
            match change {
                Some(change) if together => locked.insert(0, change),
                change => self.changes(change),
            }
        }
        if together || (swap == Swap::Locked && !locked.is_empty()) {
            let table = target.sibling(&target.wanted.table.table);
            let tables = [table, target.sibling(recording.records)];
            locked = self.dialect.exclusively(&tables, locked);
        }
        for finding in target.indexes() {
            self.on_records(&target, finding);
        }
        self.changes(locked);
        self.changes(turn.create);
        if let Some((_, kind, change)) = target.register() {
            // That it is not listed goes without saying if it is not there.
            let known = recorded.table.found.is_none() && recorded.backfilled.is_none();
            match change {
                Some(change) if known => self.change(change.up, change.down),
                change => self.on_records(&target, (None, kind, change)),
            }
        }
        self.changes(target.describe());
        self.changes(target.counted_on());
        if recorded.lost > 0 {
            let rows = recorded.lost;
            self.notice(target.listed(), ProblemKind::LostBeginnings { rows });
        }
        if there && recorded.backfilled == Some(false) {
            let model = wanted.recorder;
            self.is_due(format!(
                "{model}: rows that are older than the recording may have no record: run `{model}::backfill()`, or \
                 `backfill()` of the schema; until then `as_of` is refused"
            ));
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

    /// Sorts what has to be done with the triggers, the guard among them.
    fn turn(&mut self, target: &RecordTarget<'_>, careful: &RecordTarget<'_>) -> Turn {
        let mut triggers: Vec<Trigger> = self.wanted_guard().into_iter().collect();
        triggers.extend(self.dialect.record_triggers(target));
        let mut turn = Turn::default();
        let mut states = triggers.iter().map(|trigger| &trigger.state);
        let careful = match states.any(|state| matches!(state, State::Altered(_))) {
            true if !target.lazy => self.dialect.record_triggers(careful),
            _ => Vec::new(),
        };
        // What is there and would be right before a backfill is no problem.
        let good = |name: &str| {
            let mut careful = careful.iter();
            careful.any(|it| it.name == name && matches!(it.state, State::Right))
        };
        self.drop_obsolete(target, &triggers, &good, &mut turn);
        let swap = self.swap();
        for mut trigger in triggers {
            let on = match trigger.on.as_deref() {
                Some(on) => target.wanted.sibling(on).shown(),
                None => target.wanted.table.shown(),
            };
            let name = trigger.name.clone();
            let relative = trigger.on.clone();
            let relative = relative.filter(|on| on != target.recording.records);
            let state = std::mem::replace(&mut trigger.state, State::Right);
            match state {
                State::Right => {}
                State::Missing => {
                    // Goes without saying if there is no record table yet.
                    if target.recorded.table.found.is_some() {
                        self.problem_on(on, None, ProblemKind::MissingTrigger { trigger: name });
                    }
                    let made = self.dialect.make(target.live, trigger);
                    // A relative may get columns in the same plan.
                    match relative {
                        Some(_) => self.later(made),
                        None => turn.create.push(made),
                    }
                }
                State::Altered(restore) => {
                    if !good(&name) {
                        let why = differs(&restore, &trigger.create, target.column_names());
                        let kind = ProblemKind::AlteredTrigger { trigger: name, why };
                        self.problem_on(on, None, kind);
                    }
                    let swaps = swap != Swap::InTransaction && !trigger.other;
                    match relative {
                        Some(relative) if swaps => {
                            let live = target.live_of(Some(&relative));
                            let table = target.sibling(&relative);
                            let changes = self.dialect.replace(live, &table, trigger, restore);
                            changes.into_iter().for_each(|change| self.later(change));
                        }
                        None if swaps => turn.replace.push(Change {
                            up: match swap {
                                Swap::Locked => [trigger.drop.clone(), trigger.create].concat(),
                                Swap::AtOnce | Swap::InTransaction => trigger.create,
                            },
                            down: [trigger.drop, restore].concat(),
                        }),
                        relative => {
                            turn.drop.push(Change {
                                up: trigger.drop.clone(),
                                down: restore,
                            });
                            let made = Change {
                                up: trigger.create,
                                down: trigger.drop,
                            };
                            match relative {
                                Some(_) => self.later(made),
                                None => turn.create.push(made),
                            }
                        }
                    }
                }
                State::Disabled(enable, disable) => {
                    self.problem_on(on, None, ProblemKind::DisabledTrigger { trigger: name });
                    turn.create.push(Change {
                        up: vec![enable],
                        down: vec![disable],
                    });
                }
            }
        }
        turn
    }

    /// Drops triggers of ours that nothing asks for any more.
    fn drop_obsolete(
        &mut self,
        target: &RecordTarget<'_>,
        triggers: &[Trigger],
        good: &dyn Fn(&str) -> bool,
        turn: &mut Turn,
    ) {
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
            let trigger = found.name.clone();
            if !good(&trigger) {
                let kind = ProblemKind::ObsoleteTrigger { trigger };
                self.problem_on(target.wanted.sibling(on).shown(), None, kind);
            }
            // All of them are in one schema.
            let change = Change {
                up: self.dialect.drop_trigger(target.live, on, &found.name),
                down: self.dialect.restore_trigger(target.live, found),
            };
            // What is wanted instead must be there before, or at once.
            match self.swap() {
                Swap::InTransaction => turn.drop.push(change),
                Swap::AtOnce | Swap::Locked => turn.create.push(change),
            }
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
