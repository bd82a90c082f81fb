//! The owner of a history, its writers, and its readers.
//!
//! Without an owner triggers run with the rights of the writer (PostgreSQL) or
//! of the installer (MySQL, MariaDB), and believe what a session says:
//! writers are trusted. With one, everything of ours is the owner's, and no one
//! else has a right on it but to read. Triggers and the few functions run with
//! the owner's rights. What a session says counts only if a row of `handleref_switches`
//! says it, too, which a function of the owner's has written in the same
//! transaction.

use super::support::{CHANGESETS, DATABASE, EVENTS, HOLDS, RECORDINGS, REFUSE, SEQUENCE, Support};
use crate::context::{CLOSE_CHANGESET, ONCE, OPEN_CHANGESET, STAMP};
use crate::engine::Kind;
use crate::schema::dialect::{Change, Dialect, Wanted};
use crate::schema::diff::Findings;
use crate::schema::names::{literal, quoted};
use crate::schema::problem::{Problem, ProblemKind};

mod owner;
mod rights;

pub(super) use rights::Rights;

/// The roles (PostgreSQL) or accounts (MySQL, MariaDB) that a schema names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::schema) struct Access {
    pub(in crate::schema) owner: Option<Role>,
    pub(in crate::schema) writers: Vec<Role>,
    pub(in crate::schema) readers: Vec<Role>,
}

/// A role, or an account such as `history@localhost`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::schema) struct Role(pub(in crate::schema) String);

impl Role {
    /// As SQL names it.
    pub(in crate::schema) fn sql(&self, kind: Kind) -> String {
        match kind {
            Kind::Mysql => {
                let (user, host) = self.account();
                format!("{}@{}", literal(user), literal(host))
            }
            _ => quoted(&self.0, '"'),
        }
    }

    /// User and host.
    fn account(&self) -> (&str, &str) {
        self.0.rsplit_once('@').unwrap_or((&self.0, "%"))
    }

    /// As the catalogue names it.
    pub(in crate::schema) fn shown(&self, kind: Kind) -> String {
        match kind {
            Kind::Mysql => {
                let (user, host) = self.account();
                format!("{user}@{host}")
            }
            _ => self.0.clone(),
        }
    }
}

/// Something of ours that a user has rights on.
struct Thing<'a> {
    name: &'a str,
    /// As `ALTER` and `GRANT` name it: `TABLE "x"`.
    sql: String,
    is_routine: bool,
}

impl Support {
    /// What is not as the owner needs it, and what gives writers and readers
    /// their rights. All of it comes after what it is about was made.
    pub(in crate::schema) fn compare_access(
        &self,
        dialect: &dyn Dialect,
        access: &Access,
        tables: &[&Wanted],
    ) -> Findings {
        let mut findings = Findings::default();
        let kind = dialect.kind();
        let Some(owner) = &self.owner else {
            findings.trusted.push(trusted(kind).to_owned());
            return findings;
        };
        if !self.rights.seen {
            findings.trusted.push(UNSEEN.to_owned());
            return findings;
        }
        for role in &self.rights.missing {
            findings
                .problems
                .push(problem(role, ProblemKind::UnknownRole));
        }
        if !self.rights.missing.is_empty() {
            return findings;
        }
        let mut later = |up: String, down: Option<String>| {
            findings.later.push(Change {
                up: vec![up],
                down: down.into_iter().collect(),
            });
        };
        let records: Vec<&str> = tables
            .iter()
            .filter_map(|wanted| Some(wanted.recording?.records))
            .collect();
        let mut problems = Vec::new();
        for thing in self.things(dialect, &records) {
            self.make_his(dialect, owner, &thing, &mut later, &mut problems);
        }
        self.his_rights(dialect, owner, tables, &mut later);
        let mut grant = |what: &str, name: &str, on: &str, role: &Role| {
            if !self.rights.has(name, &role.shown(kind), what) {
                let role = role.sql(kind);
                later(
                    format!("GRANT {what} ON {on} TO {role}"),
                    Some(format!("REVOKE {what} ON {on} FROM {role}")),
                );
            }
        };
        for routine in self.routine_names(dialect) {
            let sql = self.routine_sql(dialect, routine);
            match routine {
                OPEN_CHANGESET | ONCE | CLOSE_CHANGESET => {
                    access
                        .writers
                        .iter()
                        .for_each(|role| grant("EXECUTE", routine, &sql, role));
                }
                STAMP => access
                    .readers
                    .iter()
                    .for_each(|role| grant("EXECUTE", routine, &sql, role)),
                _ => {}
            }
        }
        let read = [RECORDINGS, CHANGESETS, EVENTS, HOLDS, DATABASE];
        for name in read.into_iter().chain(records.iter().copied()) {
            let sql = self.named(dialect, name);
            access
                .readers
                .iter()
                .for_each(|role| grant("SELECT", name, &sql, role));
        }
        if kind == Kind::Postgres {
            // How far the numbers are.
            let sql = format!("SEQUENCE {}", self.named(dialect, SEQUENCE));
            access
                .readers
                .iter()
                .for_each(|role| grant("SELECT", SEQUENCE, &sql, role));
        }
        if kind == Kind::Mysql {
            // An UPDATE that joins tables is checked with the writer's own rights
            // for what triggers read.
            let read = self.table_names(dialect).into_iter();
            let read = read
                .map(|(name, _)| name)
                .filter(|name| ![EVENTS, HOLDS].contains(name));
            let kept = self.rights.rights.iter();
            let kept = kept.filter(|it| it.what == "KEPT");
            let read = read.chain(kept.map(|it| it.of.as_str()));
            for name in read.chain(records.iter().copied()) {
                let sql = self.named(dialect, name);
                access
                    .writers
                    .iter()
                    .for_each(|role| grant("SELECT", name, &sql, role));
            }
            let sql = format!("FUNCTION {}", self.named(dialect, REFUSE));
            access
                .readers
                .iter()
                .for_each(|role| grant("EXECUTE", REFUSE, &sql, role));
        }
        if self.stored_owner.as_deref() != Some(&owner.0) {
            let table = self.named(dialect, DATABASE);
            let before = self.stored_owner.as_deref();
            let before = before.map_or("NULL".into(), |before| dialect.text(before));
            later(
                format!("UPDATE {table} SET owner_name = {}", dialect.text(&owner.0)),
                Some(format!("UPDATE {table} SET owner_name = {before}")),
            );
        }
        findings.problems.extend(problems);
        findings.noticed.extend(self.beyond_tables(owner, kind));
        findings
    }

    /// The tables and routines that are the owner's.
    fn things<'a>(&'a self, dialect: &dyn Dialect, records: &[&'a str]) -> Vec<Thing<'a>> {
        let table = |name: &'a str, is_sequence: bool| Thing {
            name,
            sql: format!(
                "{} {}",
                if is_sequence && dialect.kind() == Kind::Postgres {
                    "SEQUENCE"
                } else {
                    "TABLE"
                },
                self.named(dialect, name)
            ),
            is_routine: false,
        };
        let mut things: Vec<Thing<'a>> = self
            .table_names(dialect)
            .into_iter()
            .map(|(name, is_sequence)| table(name, is_sequence))
            .collect();
        things.extend(records.iter().map(|name| table(name, false)));
        things.extend(self.routine_names(dialect).into_iter().map(|name| Thing {
            name,
            sql: self.routine_sql(dialect, name),
            is_routine: true,
        }));
        things
    }

    /// Makes something the owner's, and takes from others what they may do with it.
    fn make_his(
        &self,
        dialect: &dyn Dialect,
        owner: &Role,
        thing: &Thing<'_>,
        later: &mut impl FnMut(String, Option<String>),
        problems: &mut Vec<Problem>,
    ) {
        let (kind, role) = (dialect.kind(), owner.sql(dialect.kind()));
        let Thing {
            name,
            sql,
            is_routine,
        } = thing;
        if kind == Kind::Postgres {
            let before = self.rights.owner(name);
            if before != Some(&owner.0) {
                if let Some(before) = before.filter(|_| self.is_stored_owner()) {
                    let role = before.to_owned();
                    problems.push(problem(name, ProblemKind::OtherOwner { role }));
                }
                let back = before.map(|role| format!("ALTER {sql} OWNER TO {}", quoted(role, '"')));
                later(format!("ALTER {sql} OWNER TO {role}"), back);
            }
            if before.is_none() {
                // What is made just now.
                let mut roles: Vec<String> = match is_routine {
                    true => vec!["PUBLIC".into()],
                    false => Vec::new(),
                };
                let given = self.rights.rights.iter().filter(|it| it.what == "DEFAULT");
                roles.extend(
                    given
                        .map(|it| it.role.clone())
                        .filter(|role| *role != owner.0),
                );
                roles.sort_unstable();
                roles.dedup();
                for role in roles {
                    later(
                        format!("REVOKE ALL ON {sql} FROM {}", named_role(kind, &role)),
                        None,
                    );
                }
            }
        }
        for right in self.rights.of(name) {
            let excess = match is_routine {
                // Which users may open changesets is for the owner to say.
                true => right.role == "PUBLIC",
                false => !["OWNER", "SELECT"].contains(&right.what.as_str()),
            };
            if !excess || right.role == owner.shown(kind) || right.what == "OWNER" {
                continue;
            }
            let (role, what) = (right.role.clone(), right.what.clone());
            let sql = match kind {
                Kind::Mysql => sql.trim_start_matches("TABLE "),
                _ => sql,
            };
            let by = named_role(kind, &role);
            later(
                format!("REVOKE {what} ON {sql} FROM {by}"),
                Some(format!("GRANT {what} ON {sql} TO {by}")),
            );
            if self.is_stored_owner() {
                problems.push(problem(
                    name,
                    ProblemKind::ExcessRight { role, right: what },
                ));
            }
        }
    }
}

/// Those trusted where there is no owner.
fn trusted(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => {
            "writers are trusted: anyone who may write to the file may change its history; see docs/security.md"
        }
        _ => {
            "writers are trusted: anyone who may write to a recorded table may change its history, or switch recording off; \
             `schema![..].owned_by(\"role\")` keeps them from it; see docs/security.md"
        }
    }
}

/// Reported where only administrators can see it.
const UNSEEN: &str = "this account may not see the rights of others, so that they are not checked";

fn named_role(kind: Kind, role: &str) -> String {
    match role {
        "PUBLIC" => role.to_owned(),
        role => Role(role.to_owned()).sql(kind),
    }
}

fn problem(table: &str, kind: ProblemKind) -> Problem {
    Problem {
        model: "handleref".into(),
        table: table.to_owned(),
        column: None,
        kind,
    }
}
