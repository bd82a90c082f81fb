//! What the catalogue says of rights.

use super::Access;
use crate::engine::Kind;
use crate::schema::dialect::Dialect;
use crate::schema::live::ask;
use crate::schema::names::{hex_literal, literal};
use crate::session::Session;
use diesel::result::QueryResult;

/// A right that a user has; on PostgreSQL `OWNER` is one, too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Right {
    /// The table or routine; empty for all of them.
    pub(super) of: String,
    pub(super) role: String,
    pub(super) what: String,
}

/// What the catalogue says of rights.
#[derive(Debug, Clone, Default)]
pub(in crate::schema) struct Rights {
    pub(super) rights: Vec<Right>,
    /// Those to report to that a role is not there.
    pub(super) missing: Vec<String>,
    /// Whether the rights of others can be seen.
    pub(super) seen: bool,
}

impl Rights {
    pub(in crate::schema::capture) async fn read(
        conn: &mut dyn Session,
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
        // A plan has one order, whatever the catalogue's is.
        rights.rights.sort_unstable();
        Ok(rights)
    }

    pub(super) fn has(&self, of: &str, role: &str, what: &str) -> bool {
        let same =
            |it: &&Right| it.of == of && it.role == role && it.what.eq_ignore_ascii_case(what);
        self.rights.iter().any(|it| same(&it))
    }

    pub(super) fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Right> {
        self.rights.iter().filter(move |it| it.of == name)
    }

    /// Whose it is (PostgreSQL).
    pub(super) fn owner(&self, name: &str) -> Option<&str> {
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
