//! The tables of our own that recording needs, made before the first record table.

use super::access::{Access, Rights, Role};
use super::numbers::{COUNTER, NEXT, Numbers};
use crate::context::{ALL_OFF, CLOSE_CHANGESET, ONCE, OPEN_CHANGESET, STAMP, SWITCH, identity};
use crate::engine::Kind;
use crate::schema::dialect::{Change, Dialect};
use crate::schema::diff::Findings;
use crate::schema::home::Home;
use crate::schema::live::ask;
use crate::schema::names::squeezed;
use crate::schema::problem::{Problem, ProblemKind};
use crate::session::Session;
use crate::sql::{Raw, Sql};
use diesel::result::QueryResult;

/// One row for each record table.
pub(in crate::schema) const RECORDINGS: &str = "handleref_recordings";
/// Its column that says what the model is, for programs that have no struct of it.
pub(super) const MODEL: &str = "model";
/// What was done to record tables, one row each.
pub(in crate::schema) const EVENTS: &str = "handleref_events";
/// What must not be pruned.
pub(in crate::schema) const HOLDS: &str = "handleref_holds";
/// Changes that were made together: by whom, and why.
pub(in crate::schema) const CHANGESETS: &str = "handleref_changesets";
/// The one row of SQLite's triggers: the counter of records, and what a
/// connection says to its triggers.
pub(in crate::schema) const CONTEXT: &str = "handleref_context";
/// Values of properties that Rust computed, for SQLite's triggers.
pub(in crate::schema) const VALUES: &str = "handleref_values";
/// The counter of records on PostgreSQL and MariaDB.
pub(in crate::schema) const SEQUENCE: &str = "handleref_record_id";
/// Which database this is, and how far its records are numbered; one row.
pub(in crate::schema) const DATABASE: &str = "handleref_database";
/// The column of [`DATABASE`] that names the owner, if there is one.
const OWNER_COLUMN: &str = "owner_name";
/// What connections have switched on, on a database with an owner.
pub(in crate::schema) const SWITCHES: &str = "handleref_switches";
/// A function that fails with the given message.
pub(in crate::schema) const REFUSE: &str = "handleref_refuse";

mod layout;
mod parts;
mod routines;

use layout::{LAYOUT, LAYOUT_COLUMN};
use parts::Part;

/// What is there.
#[derive(Debug, Clone, Default)]
pub(in crate::schema) struct Support {
    /// The schema that our tables are in, or will be.
    pub(in crate::schema) schema: String,
    /// The same, as migrations need it; on PostgreSQL.
    pub(in crate::schema) home: Home,
    /// Where the models say which schema that is.
    prefix: Option<String>,
    /// Name, and the body of a function.
    there: Vec<(String, String)>,
    /// Whether all of it was copied from another database.
    copied: bool,
    /// The columns of those that are tables.
    columns: Vec<(&'static str, Vec<String>)>,
    /// Tables of one row that have none.
    rowless: Vec<&'static str>,
    /// The [`LAYOUT`] of the library that installed it.
    layout: Option<i64>,
    /// The switches that are on for every session.
    stuck: Vec<String>,
    /// What counts records, and how far it is.
    pub(in crate::schema) numbers: Numbers,
    /// The owner that all of it is to have, if any.
    pub(in crate::schema) owner: Option<Role>,
    /// The writers, if there is an owner.
    pub(super) writers: Vec<Role>,
    /// The owner, as the database has it.
    pub(super) stored_owner: Option<String>,
    /// Read if there is an owner.
    pub(super) rights: Rights,
}

impl Support {
    pub(in crate::schema) async fn read(
        conn: &mut dyn Session,
        dialect: &dyn Dialect,
        prefix: Option<&str>,
        access: &Access,
    ) -> QueryResult<Self> {
        let names = [
            RECORDINGS,
            EVENTS,
            HOLDS,
            CHANGESETS,
            DATABASE,
            CONTEXT,
            VALUES,
            SEQUENCE,
            COUNTER,
            NEXT,
            REFUSE,
            SWITCHES,
            SWITCH,
            OPEN_CHANGESET,
            ONCE,
            CLOSE_CHANGESET,
            STAMP,
        ];
        let mut support = Self {
            prefix: prefix.map(str::to_owned),
            ..Self::default()
        };
        for (name, schema, body, path) in ask(conn, dialect.support_query(prefix, &names)).await? {
            let name = name.unwrap_or_default();
            // Those that are there say where they are; else it is the default.
            if !name.is_empty() || support.there.is_empty() {
                support.schema = schema.unwrap_or_default();
            }
            support.home.path.extend(path);
            if !name.is_empty() {
                support.there.push((name, body.unwrap_or_default()));
            }
        }
        support.home.schema.clone_from(&support.schema);
        support.read_tables(conn, dialect).await?;
        if support.has(DATABASE) && support.lacks(DATABASE, "home").is_none() {
            support.copied =
                identity::is_copied(conn, Raw::of_plan(support.named(dialect, DATABASE))).await?;
        }
        // Inside a transaction they may be on by right.
        let switches = ["paused", "door", "changeset"];
        let known = switches
            .iter()
            .all(|it| support.lacks(CONTEXT, it).is_none());
        if support.has(CONTEXT) && known && !conn.in_transaction() {
            let sql = format!(
                "SELECT CASE WHEN paused <> 0 THEN 'paused' END, CASE WHEN door <> 0 THEN 'door' END, \
                 CASE WHEN changeset IS NOT NULL THEN 'changeset' END FROM {}",
                support.named(dialect, CONTEXT)
            );
            let found: Option<Vec<Option<String>>> =
                conn.first(Sql::once(Raw::of_plan(sql))).await?;
            support.stuck = found.into_iter().flatten().flatten().collect();
        }
        let mut numbers = Numbers::counting(conn, dialect.kind()).await?;
        numbers.read(conn, dialect, &support).await?;
        support.numbers = numbers;
        if dialect.kind() != Kind::Sqlite {
            // A schema that names no owner keeps the one that there is.
            let stored = support.stored_owner.clone().map(Role);
            support.owner = access.owner.clone().or(stored);
        }
        if support.owner.is_some() {
            support.writers.clone_from(&access.writers);
            support.rights = Rights::read(conn, dialect, &support.schema, access).await?;
        }
        Ok(support)
    }

    /// Whether triggers and functions run with the rights of an owner.
    pub(in crate::schema) fn is_owned(&self) -> bool {
        self.owner.is_some()
    }

    /// Whether that is so already, not only to become so.
    pub(super) fn is_stored_owner(&self) -> bool {
        self.stored_owner.is_some()
            && self.stored_owner == self.owner.as_ref().map(|it| it.0.clone())
    }

    /// Our own tables, and whether they are sequences.
    pub(super) fn table_names(&self, dialect: &dyn Dialect) -> Vec<(&'static str, bool)> {
        let parts = self.parts(dialect).into_iter();
        parts
            .filter(|part| part.name == SEQUENCE || !part.columns.is_empty())
            .map(|part| (part.name, part.name == SEQUENCE))
            .collect()
    }

    /// The routines that run with the rights of the owner.
    pub(super) fn routine_names(&self, dialect: &dyn Dialect) -> Vec<&'static str> {
        self.routines(dialect)
            .into_iter()
            .map(|part| part.name)
            .collect()
    }

    /// One of them as `GRANT` names it.
    pub(super) fn routine_sql(&self, dialect: &dyn Dialect, name: &str) -> String {
        let mut routines = self.routines(dialect).into_iter();
        let found = routines.find(|part| part.name == name);
        let drop = found.map(|part| part.drop).unwrap_or_default();
        drop.trim_start_matches("DROP ").to_owned()
    }

    /// Where the models say that our tables are.
    pub(super) fn place(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    pub(in crate::schema) fn has(&self, name: &str) -> bool {
        self.there.iter().any(|(found, _)| found == name)
    }

    /// The quoted name of one of our tables, for statements outside of triggers.
    pub(in crate::schema) fn named(&self, dialect: &dyn Dialect, name: &str) -> String {
        dialect.qualified(self.prefix.as_deref(), name)
    }

    /// What is missing.
    pub(in crate::schema) fn compare(&self, dialect: &dyn Dialect) -> Findings {
        let mut findings = Findings::default();
        findings.changes.extend(self.his_place(dialect));
        for part in self.parts(dialect) {
            let found = self.there.iter().find(|(name, _)| name == part.name);
            let same = |found: &str| {
                let body = self.home.settle(part.body.as_deref().unwrap_or_default());
                // An account that did not make a function may not see its text.
                found.is_empty() || squeezed(found) == squeezed(&body)
            };
            if found.is_some_and(|(_, body)| same(body)) {
                self.compare_table(dialect, &part, &mut findings);
                continue;
            }
            findings.problems.push(Problem {
                model: "handleref".into(),
                table: part.name.into(),
                column: None,
                kind: ProblemKind::MissingSupport,
            });
            let mut up = part.create;
            let mut down = vec![part.drop.clone()];
            if found.is_some() {
                // A function of another version of ours; triggers may need it.
                if dialect.kind() == Kind::Mysql {
                    up.insert(0, part.drop);
                }
                down = self.as_it_was(dialect, part.name);
            }
            findings.changes.push(Change { up, down });
        }
        self.compare_layout(dialect, &mut findings);
        for switch in &self.stuck {
            findings.problems.push(Problem {
                model: "handleref".into(),
                table: CONTEXT.into(),
                column: None,
                kind: ProblemKind::StuckSwitch {
                    switch: switch.clone(),
                },
            });
        }
        if !self.stuck.is_empty() {
            findings.changes.push(Change {
                up: vec![format!("UPDATE {} {ALL_OFF}", self.named(dialect, CONTEXT))],
                down: Vec::new(),
            });
        }
        let numbers = &self.numbers;
        let next = numbers.next.unwrap_or_default();
        // One that is just being made is behind whatever is there.
        if numbers.is_below_high_water() || (numbers.next.is_none() && numbers.stored > 0) {
            if numbers.is_below_high_water() {
                findings.problems.push(Problem {
                    model: "handleref".into(),
                    table: DATABASE.into(),
                    column: None,
                    kind: ProblemKind::NumbersBegunAgain {
                        next,
                        stored: numbers.stored,
                    },
                });
            }
            findings.changes.push(Change {
                up: numbers.raise_all(dialect, self),
                down: Vec::new(),
            });
        }
        if self.copied {
            let named = |name: &str| self.named(dialect, name);
            findings.problems.push(Problem {
                model: "handleref".into(),
                table: DATABASE.into(),
                column: None,
                kind: ProblemKind::Copied,
            });
            findings.changes.push(Change {
                up: identity::adopt(&named(DATABASE), &named(RECORDINGS), &named(SEQUENCE)),
                down: Vec::new(),
            });
        }
        findings
    }

    /// What brings back a function as it was before there was an owner; nothing
    /// where that is not how it is.
    fn as_it_was(&self, dialect: &dyn Dialect, name: &str) -> Vec<String> {
        let plain = Self {
            owner: None,
            ..self.clone()
        };
        let found = self.there.iter().find(|(found, _)| found == name);
        let same = |part: &Part| {
            let body = self.home.settle(part.body.as_deref().unwrap_or_default());
            part.name == name && found.is_some_and(|(_, it)| squeezed(it) == squeezed(&body))
        };
        let part = plain.routines(dialect).into_iter().find(same);
        let drop = |part: &Part| (dialect.kind() == Kind::Mysql).then(|| part.drop.clone());
        part.map(|part| drop(&part).into_iter().chain(part.create).collect())
            .unwrap_or_default()
    }
}
