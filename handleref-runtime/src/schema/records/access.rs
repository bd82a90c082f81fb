//! Who owns a history, who adds to it, and who reads it.
//!
//! Without an owner triggers run with the rights of the writer (PostgreSQL) or
//! of whoever installed them (MySQL, MariaDB), and believe what a session says:
//! writers are trusted. With one, everything of ours is the owner's, and nobody
//! else has a right on it but to read. Triggers and the few functions run with
//! his rights. What a session says counts only if a row of `handleref_switches`
//! says it, too, which a function of the owner's has written in the same
//! transaction.

use super::numbers::NEXT;
use super::support::{CHANGESETS, DATABASE, EVENTS, HOLDS, RECORDINGS, REFUSE, SEQUENCE, Support};
use crate::context::{CLOSE_CHANGESET, OPEN_CHANGESET, STAMP};
use crate::engine::Kind;
use crate::executor::Steps;
use crate::schema::dialect::{Change, Dialect, Wanted};
use crate::schema::diff::Findings;
use crate::schema::live::ask;
use crate::schema::names::{hex_literal, literal, quoted};
use crate::schema::problem::{Problem, ProblemKind};
use diesel::result::QueryResult;

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

/// A right that somebody has; on PostgreSQL `OWNER` is one, too.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Right {
    /// The table or routine; empty for all of them.
    of: String,
    role: String,
    what: String,
}

/// What the catalogue says of rights.
#[derive(Debug, Clone, Default)]
pub(in crate::schema) struct Rights {
    rights: Vec<Right>,
    /// Who is to be told that a role is not there.
    missing: Vec<String>,
    /// Whether the rights of others can be seen.
    seen: bool,
}

/// Something of ours that somebody has rights on.
struct Thing<'a> {
    name: &'a str,
    /// As `ALTER` and `GRANT` name it: `TABLE "x"`.
    sql: String,
    is_routine: bool,
}

impl Rights {
    pub(super) async fn read<C: Steps>(
        conn: &mut C,
        dialect: &dyn Dialect,
        schema: &str,
        access: &Access,
    ) -> QueryResult<Self> {
        let mut rights = Self {
            seen: true,
            ..Self::default()
        };
        let kind = dialect.kind();
        let roles = access.owner.iter().chain(&access.writers);
        for role in roles.chain(&access.readers) {
            let shown = role.shown(kind);
            let there = match kind {
                Kind::Postgres => format!(
                    "SELECT 'y'::text, NULL::text, NULL::text, NULL::text FROM pg_catalog.pg_roles WHERE rolname = {}",
                    literal(&shown)
                ),
                _ => format!(
                    "SELECT CAST('y' AS CHAR), CAST(NULL AS CHAR), CAST(NULL AS CHAR), CAST(NULL AS CHAR) \
                     FROM mysql.user WHERE CONCAT(User, '@', Host) = {}",
                    hex_literal(&shown)
                ),
            };
            match ask(conn, there).await {
                Ok(found) if found.is_empty() => rights.missing.push(shown),
                Ok(_) => {}
                // Only administrators may look at accounts.
                Err(_) if kind == Kind::Mysql => rights.seen = false,
                Err(error) => return Err(error),
            }
        }
        if !rights.seen {
            return Ok(rights);
        }
        for (of, _, role, what) in ask(conn, rights_query(kind, schema)).await? {
            rights.rights.push(Right {
                of: of.unwrap_or_default(),
                role: role.unwrap_or_default().replace('\'', ""),
                what: what.unwrap_or_default(),
            });
        }
        Ok(rights)
    }

    fn has(&self, of: &str, role: &str, what: &str) -> bool {
        let same =
            |it: &&Right| it.of == of && it.role == role && it.what.eq_ignore_ascii_case(what);
        self.rights.iter().any(|it| same(&it))
    }

    fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Right> {
        self.rights.iter().filter(move |it| it.of == name)
    }

    /// Whose it is (PostgreSQL).
    fn owner(&self, name: &str) -> Option<&str> {
        let mut rights = self.rights.iter();
        let found = rights.find(|it| it.of == name && it.what == "OWNER");
        found.map(|it| it.role.as_str())
    }
}

/// Rows of a table or routine, nothing, a role, and a right of it.
fn rights_query(kind: Kind, schema: &str) -> String {
    if kind == Kind::Mysql {
        let row = |of: &str, role: &str, what: &str| {
            format!(
                "SELECT CAST({of} AS CHAR), CAST(NULL AS CHAR), CAST({role} AS CHAR), CAST({what} AS CHAR)"
            )
        };
        return [
            row("TABLE_NAME", "GRANTEE", "PRIVILEGE_TYPE")
                + " FROM information_schema.TABLE_PRIVILEGES WHERE TABLE_SCHEMA = DATABASE()",
            row("TABLE_NAME", "GRANTEE", "PRIVILEGE_TYPE")
                + " FROM information_schema.COLUMN_PRIVILEGES WHERE TABLE_SCHEMA = DATABASE()",
            row("''", "GRANTEE", "PRIVILEGE_TYPE")
                + " FROM information_schema.SCHEMA_PRIVILEGES WHERE DATABASE() LIKE TABLE_SCHEMA",
            row("TABLE_NAME", "''", "'KEPT'")
                + " FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME LIKE 'handleref\\_keep\\_%'",
            row("Routine_name", "CONCAT(User, '@', Host)", "'EXECUTE'")
                + " FROM mysql.procs_priv WHERE Db = DATABASE() AND FIND_IN_SET('Execute', Proc_priv)",
        ]
        .join(" UNION ALL ");
    }
    let home = literal(schema);
    let role = "CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(a.grantee)::text END";
    let tables = format!(
        "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = {home} \
         AND c.relkind IN ('r', 'p', 'S')"
    );
    let routines = format!(
        "FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace AND n.nspname = {home} \
         AND pg_catalog.starts_with(p.proname::text, 'handleref_')"
    );
    [
        format!("SELECT c.relname::text, NULL::text, pg_catalog.pg_get_userbyid(c.relowner)::text, 'OWNER' {tables}"),
        format!(
            "SELECT c.relname::text, NULL, {role}, a.privilege_type {tables} \
             CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) a WHERE a.grantee <> c.relowner"
        ),
        format!(
            "SELECT c.relname::text, NULL, {role}, a.privilege_type {tables} \
             JOIN pg_catalog.pg_attribute t ON t.attrelid = c.oid \
             CROSS JOIN LATERAL pg_catalog.aclexplode(t.attacl) a WHERE a.grantee <> c.relowner"
        ),
        format!("SELECT p.proname::text, NULL, pg_catalog.pg_get_userbyid(p.proowner)::text, 'OWNER' {routines}"),
        format!(
            "SELECT p.proname::text, NULL, {role}, a.privilege_type {routines} CROSS JOIN LATERAL \
             pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a WHERE a.grantee <> p.proowner"
        ),
        format!("SELECT n.nspname::text, NULL, {role}, a.privilege_type FROM pg_catalog.pg_namespace n \
             CROSS JOIN LATERAL pg_catalog.aclexplode(n.nspacl) a WHERE n.nspname = {home}"),
        // What is made from now on gets these at once.
        format!(
            "SELECT '', CASE d.defaclobjtype WHEN 'f' THEN 'f' ELSE 't' END, {role}, 'DEFAULT' FROM pg_catalog.pg_default_acl d \
             CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) a LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace \
             WHERE d.defaclobjtype IN ('r', 'S', 'f') AND (n.nspname IS NULL OR n.nspname = {home})"
        ),
    ]
    .join(" UNION ALL ")
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
                OPEN_CHANGESET | CLOSE_CHANGESET => {
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
        let (kind, his) = (dialect.kind(), owner.sql(dialect.kind()));
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
                later(format!("ALTER {sql} OWNER TO {his}"), back);
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
                // Who may open changesets is for the owner to say; not everybody.
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

    /// What comes before anything can be his: his place in the schema (PostgreSQL).
    pub(super) fn his_place(&self, dialect: &dyn Dialect) -> Option<Change> {
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
    /// rows with his rights; on MySQL also on what is his.
    fn his_rights(
        &self,
        dialect: &dyn Dialect,
        owner: &Role,
        tables: &[&Wanted],
        later: &mut impl FnMut(String, Option<String>),
    ) {
        let kind = dialect.kind();
        let (his, shown) = (owner.sql(kind), owner.shown(kind));
        let mut grant = |what: &str, name: &str, on: String| {
            let columns = what.split_once(" (");
            let bare = columns.map_or(what, |(bare, _)| bare);
            let has = self.rights.owner(name) == Some(&shown) && kind == Kind::Postgres;
            if !has && !self.rights.has(name, &shown, bare) {
                later(
                    format!("GRANT {what} ON {on} TO {his}"),
                    Some(format!("REVOKE {what} ON {on} FROM {his}")),
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
    fn beyond_tables(&self, owner: &Role, kind: Kind) -> Vec<Problem> {
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

/// Who is trusted where there is no owner.
fn trusted(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => {
            "writers are trusted: whoever may write to the file may change its history; see docs/security.md"
        }
        _ => {
            "writers are trusted: whoever may write to a recorded table may change its history, or switch recording off; \
             `schema![..].owned_by(\"role\")` keeps them from it; see docs/security.md"
        }
    }
}

/// Said where only administrators know.
const UNSEEN: &str =
    "this account may not see the rights of others, so that nothing is said of them";

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
