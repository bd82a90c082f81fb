//! What a table lacks, and the SQL that gives it that.

use super::capture::{Recorded, support::Support};
use super::dialect::{Change, Dialect, Fill, NewColumn, State, Swap, Target, Trigger, Wanted};
use super::home::Home;
use super::live::{Live, LiveColumn};
use super::problem::{Problem, ProblemKind};
use super::why::differs;
use crate::facts::Recording;
use crate::sql::greatest;

/// What is wrong with one table, and what puts it right.
#[derive(Debug, Clone, Default)]
pub(super) struct Findings {
    pub(super) problems: Vec<Problem>,
    /// In the order in which they are to be applied.
    pub(super) changes: Vec<Change>,
    /// Which of them drop triggers that are made anew.
    pub(super) drops: Vec<usize>,
    /// What becomes of columns in the same plan, between the dropped triggers
    /// and everything else.
    pub(super) alters: Vec<Change>,
    /// What comes after the changes of all tables.
    pub(super) later: Vec<Change>,
    /// Ways to change the table that are not recorded.
    pub(super) uncovered: Vec<String>,
    /// Those that could change the history besides its owner.
    pub(super) trusted: Vec<String>,
    /// What `check` says and `install` cannot change, nor is kept from working by.
    pub(super) noticed: Vec<Problem>,
    /// Work that is left to do, by whoever runs the program.
    pub(super) due: Vec<String>,
    /// The same for a database that may have rows where this one has none.
    pub(super) elsewhere: Option<Box<Findings>>,
    /// Where it is, on PostgreSQL, if it is recorded.
    pub(super) home: Option<Home>,
    /// The table, if it is in the default schema.
    pub(super) at_home: Option<String>,
}

impl Findings {
    /// The changes that drop triggers, which are then no more among the others.
    pub(super) fn take_drops(&mut self) -> Vec<Change> {
        let mut drops = Vec::new();
        // From the end, so that the places of those before stay as they are.
        for at in self.drops.drain(..).rev() {
            drops.push(self.changes.remove(at));
        }
        drops.reverse();
        drops
    }
}

/// A managed column as the model says it is.
struct Managed {
    name: &'static str,
    fill: Fill<'static>,
}

/// Compares a table with what its models need.
pub(super) fn compare(
    dialect: &dyn Dialect,
    wanted: &Wanted,
    live: &Live,
    recording: Option<(Recording, &Recorded, &Support)>,
) -> Findings {
    let mut findings = compare_in(dialect, wanted, live, recording);
    if let Some((facts, recorded, support)) = recording
        && recorded.table.found.is_none()
        && !recorded.filled
    {
        let filled = Recorded {
            filled: true,
            ..recorded.clone()
        };
        let recording = Some((facts, &filled, support));
        findings.elsewhere = Some(Box::new(compare_in(dialect, wanted, live, recording)));
    }
    findings
}

fn compare_in(
    dialect: &dyn Dialect,
    wanted: &Wanted,
    live: &Live,
    recording: Option<(Recording, &Recorded, &Support)>,
) -> Findings {
    let mut findings = Findings::default();
    let all = |column: &&LiveColumn| !column.generated;
    let columns = live
        .columns
        .iter()
        .filter(all)
        .map(|column| (column.name.clone(), column.sql_type.clone()))
        .collect();
    let mut compare = Compare {
        dialect,
        target: Target {
            wanted,
            live,
            columns,
            owner: recording.and_then(|(_, _, support)| support.owner.clone()),
            home: recording.map_or_else(String::new, |(_, _, support)| support.schema.clone()),
        },
        findings: &mut findings,
    };
    match live.found.as_deref() {
        None => compare.problem(None, ProblemKind::MissingTable),
        Some("table") => {
            compare.columns();
            compare.known_columns();
            compare.versions();
            compare.computed();
            compare.indexes();
            compare.unique();
            match recording {
                // The guard may look at records, so it comes after their table.
                Some((recording, recorded, support)) => {
                    compare.recording(recording, recorded, support);
                }
                None => compare.guard(),
            }
        }
        Some(found) => compare.problem(
            None,
            ProblemKind::NotATable {
                found: found.to_owned(),
            },
        ),
    }
    findings
}

pub(super) struct Compare<'a> {
    pub(super) dialect: &'a dyn Dialect,
    pub(super) target: Target<'a>,
    findings: &'a mut Findings,
}

impl Compare<'_> {
    pub(super) fn problem(&mut self, column: Option<&str>, kind: ProblemKind) {
        self.problem_on(self.target.wanted.table.shown(), column, kind);
    }

    pub(super) fn problem_on(&mut self, table: String, column: Option<&str>, kind: ProblemKind) {
        self.findings.problems.push(Problem {
            model: self.target.wanted.models.clone(),
            table,
            column: column.map(str::to_owned),
            kind,
        });
    }

    pub(super) fn is_due(&mut self, work: String) {
        self.findings.due.push(work);
    }

    pub(super) fn notice(&mut self, table: String, kind: ProblemKind) {
        self.findings.noticed.push(Problem {
            model: self.target.wanted.models.clone(),
            table,
            column: None,
            kind,
        });
    }

    pub(super) fn has_problem(&self, column: &str, kind: &ProblemKind) -> bool {
        let mut problems = self.findings.problems.iter();
        problems.any(|it| it.column.as_deref() == Some(column) && it.kind == *kind)
    }

    /// How many of the problems a person has to decide.
    pub(super) fn unrepairable(&self) -> usize {
        let problems = self.findings.problems.iter();
        problems.filter(|problem| problem.kind.stops()).count()
    }

    pub(super) fn say_uncovered(&mut self, texts: Vec<String>) {
        self.findings.uncovered.extend(texts);
    }

    /// A change that waits for those of all other tables.
    pub(super) fn later(&mut self, change: Change) {
        self.findings.later.push(change);
    }

    pub(super) fn changes(&mut self, changes: impl IntoIterator<Item = Change>) {
        self.findings.changes.extend(changes);
    }

    pub(super) fn change(&mut self, up: Vec<String>, down: Vec<String>) {
        self.findings.changes.push(Change { up, down });
    }

    /// How triggers are replaced here. Where columns go in the same plan, those
    /// that name them have to go before.
    pub(super) fn swap(&self) -> Swap {
        match self.target.wanted.alterations.is_empty() {
            true => self.dialect.swap(self.target.live),
            false => Swap::InTransaction,
        }
    }

    /// Drops what is made anew, or not wanted any more.
    pub(super) fn drop_first(&mut self, up: Vec<String>, down: Vec<String>) {
        self.findings.drops.push(self.findings.changes.len());
        self.change(up, down);
    }

    /// The managed columns: their types, and those that are missing.
    fn columns(&mut self) {
        let mut missing = Vec::new();
        for Managed { name, fill } in managed(self.target.wanted, self.target.live) {
            let Some(column) = self.target.live.column(name) else {
                self.problem(Some(name), ProblemKind::MissingColumn);
                let sql_type = self.type_of(&fill);
                self.target
                    .columns
                    .push((name.to_owned(), sql_type.to_lowercase()));
                missing.push(NewColumn {
                    name,
                    sql_type,
                    fill,
                });
                continue;
            };
            let expected = self.type_of(&fill);
            let right_type = match &fill {
                Fill::One => {
                    self.dialect.takes_version(self.bits(), &column.sql_type) && !column.nullable
                }
                Fill::Now(kind, _) => self.dialect.takes_time(*kind, &column.sql_type),
                Fill::Null => {
                    self.dialect
                        .takes_time(self.deletion_kind(), &column.sql_type)
                        && column.nullable
                }
            };
            if !right_type || column.generated {
                let null = |nullable| if nullable { " NULL" } else { " NOT NULL" };
                let expected = match &fill {
                    Fill::One => format!("{expected} NOT NULL"),
                    Fill::Now(..) => expected.to_owned(),
                    Fill::Null => format!("{expected} NULL"),
                };
                let found = format!(
                    "{}{}",
                    column.sql_type.to_uppercase(),
                    null(column.nullable)
                );
                self.problem(Some(name), ProblemKind::WrongType { expected, found });
            } else if column.default.is_none()
                && let Some(change) = self.dialect.set_default(&self.target, name, &fill)
            {
                self.problem(Some(name), ProblemKind::MissingDefault);
                self.findings.changes.push(change);
            }
        }
        if !missing.is_empty() {
            let change = self.dialect.add_columns(&self.target, &missing);
            self.findings.changes.push(change);
        }
    }

    fn bits(&self) -> u32 {
        self.target
            .wanted
            .roles
            .version
            .map_or(64, |(_, bits)| bits)
    }

    fn deletion_kind(&self) -> crate::time::TimeKind {
        self.target
            .wanted
            .roles
            .deleted_at
            .map_or(crate::time::TimeKind::Plain, |(_, kind)| kind)
    }

    fn type_of(&self, fill: &Fill<'_>) -> &'static str {
        match fill {
            Fill::One => self.dialect.version_type(self.bits(), self.target.live),
            Fill::Now(kind, _) => self.dialect.time_type(*kind, self.target.live),
            Fill::Null => self
                .dialect
                .time_type(self.deletion_kind(), self.target.live),
        }
    }

    /// Columns that the database computes, and that a save would write.
    fn computed(&mut self) {
        let live = self.target.live;
        for column in live.columns.iter().filter(|column| column.computed) {
            if self.target.wanted.written.contains(&column.name.as_str()) {
                self.problem(Some(&column.name), ProblemKind::Generated);
            }
        }
    }

    /// Whether versions are left; reported when nine of ten are used.
    fn versions(&mut self) {
        let Some((version, bits)) = self.target.wanted.roles.version else {
            return;
        };
        let most = greatest(bits);
        let found = self.target.live.greatest_version.unwrap_or_default();
        if found > most / 10 * 9 {
            self.problem(Some(version), ProblemKind::FewVersions { found, most });
        }
    }

    /// Columns that the model names and handleref does not write.
    fn known_columns(&mut self) {
        let wanted = self.target.wanted;
        let unique = wanted.unique.iter().flat_map(|columns| columns.iter());
        let mut names: Vec<&str> = wanted
            .key
            .iter()
            .chain(unique)
            .copied()
            .chain(wanted.roles.status)
            .collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let known = self.target.live.column(name).is_some()
                || self.target.columns.iter().any(|(column, _)| column == name);
            if !known {
                self.problem(Some(name), ProblemKind::UnknownColumn);
            }
        }
    }

    /// Whether other models record this table: ours do not, and do not take
    /// away what they need.
    fn is_recorded_elsewhere(&self) -> bool {
        self.target.wanted.recording.is_none() && self.target.live.is_recorded()
    }

    /// The trigger that raises versions, if it is to be there.
    pub(super) fn wanted_guard(&self) -> Option<Trigger> {
        match self.target.wanted.guards {
            true => self.dialect.guard(&self.target),
            false => None,
        }
    }

    fn guard(&mut self) {
        let Some(guard) = self.wanted_guard() else {
            return;
        };
        let trigger = guard.name.clone();
        match guard.state {
            State::Right => {}
            State::Missing => {
                self.problem(None, ProblemKind::MissingTrigger { trigger });
                let change = self.dialect.make(self.target.live, guard);
                self.changes([change]);
            }
            // It does more there than a guard has to.
            State::Altered(_) if self.is_recorded_elsewhere() => {}
            State::Altered(ref restore) => {
                let names = self.target.columns.iter().map(|(name, _)| name.as_str());
                let there = self.target.live.columns.iter().map(|it| it.name.as_str());
                let why = differs(restore, &guard.create, names.chain(there));
                self.problem(None, ProblemKind::AlteredTrigger { trigger, why });
                let (restore, table) = (restore.clone(), self.target.table(self.dialect));
                if self.swap() == Swap::InTransaction {
                    self.drop_first(guard.drop.clone(), restore);
                    self.change(guard.create, guard.drop);
                } else {
                    let live = self.target.live;
                    let changes = self.dialect.replace(live, &table, guard, restore);
                    self.changes(changes);
                }
            }
            State::Disabled(enable, disable) => {
                self.problem(None, ProblemKind::DisabledTrigger { trigger });
                self.change(vec![enable], vec![disable]);
            }
        }
    }
}

/// The managed columns, and what fills them.
fn managed(wanted: &Wanted, live: &Live) -> Vec<Managed> {
    let roles = wanted.roles;
    // A timestamp that is there tells more about the rows than the clock does.
    let there = |(name, _): &(&'static str, _)| live.column(name).is_some();
    let (created, updated) = (
        roles.created_at.filter(there),
        roles.updated_at.filter(there),
    );
    let version = roles.version.map(|(name, _)| Managed {
        name,
        fill: Fill::One,
    });
    let created_at = roles.created_at.map(|(name, kind)| Managed {
        name,
        fill: Fill::Now(kind, updated),
    });
    let updated_at = roles.updated_at.map(|(name, kind)| Managed {
        name,
        fill: Fill::Now(kind, created),
    });
    let deleted_at = roles.deleted_at.map(|(name, _)| Managed {
        name,
        fill: Fill::Null,
    });
    [version, created_at, updated_at, deleted_at]
        .into_iter()
        .flatten()
        .collect()
}
