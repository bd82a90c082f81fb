//! What the owner of a history needs, and those with rights on all tables at once.

use super::{Role, problem};
use crate::engine::Kind;
use crate::schema::capture::numbers::NEXT;
use crate::schema::capture::support::{REFUSE, Support};
use crate::schema::dialect::{Change, Dialect, Wanted};
use crate::schema::names::quoted;
use crate::schema::problem::{Problem, ProblemKind};

impl Support {
    /// What comes before the owner can own anything: a place in the schema (PostgreSQL).
    pub(in crate::schema::capture) fn his_place(&self, dialect: &dyn Dialect) -> Option<Change> {
        let owner = self.owner.as_ref()?;
        if dialect.kind() != Kind::Postgres || !self.rights.missing.is_empty() {
            return None;
        }
        let schema = match self.place() {
            Some(schema) => quoted(schema, '"'),
            None => crate::schema::home::HOME.to_owned(),
        };
        let lacking: Vec<&str> = ["USAGE", "CREATE"]
            .into_iter()
            .filter(|what| !self.rights.has(&self.schema, &owner.0, what))
            .collect();
        let (what, role) = (lacking.join(", "), owner.sql(Kind::Postgres));
        (!lacking.is_empty()).then(|| Change {
            up: vec![format!("GRANT {what} ON SCHEMA {schema} TO {role}")],
            down: vec![format!("REVOKE {what} ON SCHEMA {schema} FROM {role}")],
        })
    }

    /// What the owner needs: on the models' tables, since triggers read and amend
    /// rows with the owner's rights; on MySQL also on what it owns.
    pub(super) fn his_rights(
        &self,
        dialect: &dyn Dialect,
        owner: &Role,
        tables: &[&Wanted],
        later: &mut impl FnMut(String, Option<String>),
    ) {
        let kind = dialect.kind();
        let (role, shown) = (owner.sql(kind), owner.shown(kind));
        let mut grant = |what: &str, name: &str, on: String| {
            let columns = what.split_once(" (");
            let bare = columns.map_or(what, |(bare, _)| bare);
            let has = self.rights.owner(name) == Some(&shown) && kind == Kind::Postgres;
            if !has && !self.rights.has(name, &shown, bare) {
                later(
                    format!("GRANT {what} ON {on} TO {role}"),
                    Some(format!("REVOKE {what} ON {on} FROM {role}")),
                );
            }
        };
        for wanted in tables {
            let Some(recording) = wanted.recording else {
                continue;
            };
            let table = &wanted.table.table;
            let on = |name: &str| match kind {
                Kind::Mysql => dialect.qualified(wanted.table.schema.as_deref(), name),
                _ => self.named(dialect, name),
            };
            grant("SELECT", table, on(table));
            match (kind, wanted.roles.version) {
                // To change a row's version is all that a trigger does to a table.
                (Kind::Postgres, Some((version, _))) => {
                    grant(
                        &format!("UPDATE ({})", dialect.quote(version)),
                        table,
                        on(table),
                    );
                }
                (Kind::Mysql, _) => {
                    for what in ["UPDATE", "TRIGGER"] {
                        grant(what, table, on(table));
                    }
                }
                _ => {}
            }
            for relative in recording.relatives {
                grant("SELECT", relative.table, on(relative.table));
                if kind == Kind::Mysql {
                    grant("TRIGGER", relative.table, on(relative.table));
                }
            }
            if kind == Kind::Mysql {
                for what in ["SELECT", "INSERT", "UPDATE", "DELETE", "TRIGGER"] {
                    grant(what, recording.records, on(recording.records));
                }
            }
        }
        if kind == Kind::Mysql {
            for (name, _) in self.table_names(dialect) {
                for what in ["SELECT", "INSERT", "UPDATE", "DELETE"] {
                    grant(what, name, self.named(dialect, name));
                }
            }
            for name in [NEXT, REFUSE] {
                grant(
                    "EXECUTE",
                    name,
                    format!("FUNCTION {}", self.named(dialect, name)),
                );
            }
            for name in self.routine_names(dialect) {
                grant("EXECUTE", name, self.routine_sql(dialect, name));
            }
        }
    }

    /// Rights on the whole database of MySQL and MariaDB, which cannot be taken
    /// from single tables.
    pub(super) fn beyond_tables(&self, owner: &Role, kind: Kind) -> Vec<Problem> {
        if kind != Kind::Mysql {
            return Vec::new();
        }
        let writes = [
            "INSERT",
            "UPDATE",
            "DELETE",
            "DROP",
            "ALTER",
            "TRIGGER",
            "CREATE TEMPORARY TABLES",
        ];
        let all = self.rights.of("");
        all.filter(|it| writes.contains(&it.what.as_str()) && it.role != owner.shown(kind))
            .map(|it| {
                let (role, right) = (it.role.clone(), it.what.clone());
                problem(&self.schema, ProblemKind::WideRight { role, right })
            })
            .collect()
    }
}
