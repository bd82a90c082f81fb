//! Reads what there is of a recording.

use super::support::{MODEL, RECORDINGS, Support};
use super::{Recorded, relative_prefix};
use crate::engine::Kind;
use crate::facts::{RECORD_ID, RECORD_OPERATION, Recording};
use crate::schema::dialect::{Dialect, Wanted};
use crate::schema::live::{Live, LiveColumn, LiveTrigger, Texts, ask, read, read_with_types};
use crate::schema::names::{TableName, hex_literal};
use crate::session::Session;
use crate::sql::{Raw, Splice, raw, same_key};
use diesel::result::QueryResult;

/// What was read before, and is the same for several tables.
#[derive(Clone, Copy)]
pub(in crate::schema) struct Known<'a> {
    pub(in crate::schema) support: &'a Support,
    pub(in crate::schema) tables: &'a [Wanted],
    pub(in crate::schema) ours: &'a Ours,
}

/// Triggers of ours, on whatever table they are.
#[derive(Debug, Default)]
pub(in crate::schema) struct Ours {
    /// With their tables.
    triggers: Vec<(String, LiveTrigger)>,
    /// Those that run with the rights of an account that lost them, with the account.
    pub(in crate::schema) orphans: Vec<(String, String)>,
}

impl Ours {
    /// Tells a table what concerns it. A trigger that cannot run is as one that
    /// is not as it should be.
    pub(in crate::schema) fn tell(&self, live: &mut Live) {
        live.taken = self
            .triggers
            .iter()
            .map(|(_, it)| it.name.clone())
            .collect();
        for trigger in &mut live.triggers {
            if self.orphans.iter().any(|(name, _)| *name == trigger.name) {
                trigger.definition.clear();
            }
        }
    }
}

/// All triggers of ours in the schema of a table.
pub(in crate::schema) async fn ours(
    conn: &mut dyn Session,
    dialect: &dyn Dialect,
    live: &Live,
) -> QueryResult<Ours> {
    let rows = ask(conn, dialect.strays_query(live, "handleref_")).await?;
    let mut ours = Ours::default();
    let mut definers: Vec<(String, bool)> = Vec::new();
    for row in rows {
        let definer = row.3.clone();
        let (table, trigger) = stray(row);
        if let Some(definer) = definer {
            let lost = match definers.iter().find(|(known, _)| *known == definer) {
                Some((_, lost)) => *lost,
                None => {
                    let lost = is_lost(conn, live, &definer).await;
                    definers.push((definer.clone(), lost));
                    lost
                }
            };
            if lost {
                ours.orphans.push((trigger.name.clone(), definer));
            }
        }
        ours.triggers.push((table, trigger));
    }
    Ok(ours)
}

/// Whether the account with whose rights a trigger runs on MySQL and MariaDB does
/// not exist or lacks a right without which every write would fail. What this
/// session may not look at is left out.
async fn is_lost(conn: &mut dyn Session, live: &Live, definer: &str) -> bool {
    let Some((user, host)) = definer.rsplit_once('@') else {
        return false;
    };
    let (text, grantee) = (
        hex_literal(definer),
        hex_literal(&format!("'{user}'@'{host}'")),
    );
    let schema = live.schema.as_deref();
    let schema = schema.map_or("DATABASE()".to_owned(), hex_literal);
    let rights = |view: &str, of: &str| {
        format!(
            "SELECT PRIVILEGE_TYPE AS one FROM information_schema.{view} WHERE GRANTEE = {grantee} \
             AND PRIVILEGE_TYPE IN ('TRIGGER', 'INSERT'){of}"
        )
    };
    let nothing = "CAST(NULL AS CHAR)";
    let count = |of: &str, from: &str| {
        format!("SELECT CAST(COUNT({of}) AS CHAR), {nothing}, {nothing}, {nothing} FROM {from}")
    };
    let mut number = async |sql: String| {
        let rows = ask(conn, sql).await.ok()?;
        rows.first()?.0.as_deref()?.parse::<i64>().ok()
    };
    let own = format!("(SELECT 1 AS one) handleref_own WHERE CURRENT_USER() = {text}");
    if number(count("*", &own)).await != Some(0) {
        return false;
    }
    let account = format!("mysql.user WHERE CONCAT(User, '@', Host) = {text}");
    match number(count("*", &account)).await {
        Some(0) => return true,
        Some(_) => {}
        None => return false,
    }
    // Rights that come by a role are not looked for.
    let user = hex_literal(user);
    let mut roles = number(count(
        "*",
        &format!("mysql.roles_mapping WHERE User = {user}"),
    ))
    .await;
    if roles.is_none() {
        roles = number(count(
            "*",
            &format!("mysql.role_edges WHERE TO_USER = {user}"),
        ))
        .await;
    }
    let rights = [
        rights("USER_PRIVILEGES", ""),
        rights(
            "SCHEMA_PRIVILEGES",
            &format!(" AND {schema} LIKE TABLE_SCHEMA"),
        ),
        rights("TABLE_PRIVILEGES", &format!(" AND TABLE_SCHEMA = {schema}")),
    ];
    let rights = format!("({}) handleref_rights", rights.join(" UNION ALL "));
    let rights = number(count("DISTINCT one", &rights)).await;
    roles == Some(0) && rights.is_some_and(|count| count < 2)
}

/// Reads everything about the recording of a table that is there.
pub(in crate::schema) async fn recorded(
    conn: &mut dyn Session,
    dialect: &dyn Dialect,
    wanted: &Wanted,
    recording: Recording,
    live: &Live,
    known: Known<'_>,
) -> QueryResult<Recorded> {
    let Known {
        support,
        tables,
        ours,
    } = known;
    let sibling = |table: &str| TableName {
        // Where the table really is: PostgreSQL's search path may go on to a
        // schema where another user has tables of these names.
        schema: match dialect.kind() {
            Kind::Postgres => Some(live.detail.clone()),
            Kind::Sqlite | Kind::Mysql => live.schema.clone(),
        },
        table: table.to_owned(),
    };
    let mut recorded = Recorded {
        table: read_with_types(conn, dialect, &sibling(recording.records)).await?,
        ..Recorded::default()
    };
    recorded.table.schema.clone_from(&live.schema);
    if recorded.table.found.is_none() {
        recorded.table.detail.clone_from(&live.detail);
    }
    for relative in recording.relatives {
        let mut found = read(conn, dialect, &sibling(relative.table)).await?;
        found.schema.clone_from(&live.schema);
        found.alter(relative.table, &wanted.alterations);
        let of_table = |one: &&Wanted| one.table == wanted.sibling(relative.table);
        if let Some(other) = tables
            .iter()
            .find(of_table)
            .filter(|_| found.found.is_some())
        {
            will_have(&mut found, other);
        }
        recorded.relatives.push(found);
    }
    if support.has(RECORDINGS) {
        let listed = wanted.sibling(recording.records).shown();
        let model = match support.lacks(RECORDINGS, MODEL) {
            Some(_) => "NULL",
            None => MODEL,
        };
        let sql = format!(
            "SELECT {}, {}, {2}, {2} FROM {3} WHERE record_table = {4}",
            cast(dialect, "CASE WHEN backfilled = 0 THEN 'n' ELSE 'y' END"),
            cast(dialect, model),
            cast(dialect, "NULL"),
            support.named(dialect, RECORDINGS),
            dialect.text(&listed),
        );
        let rows = ask(conn, sql).await?;
        recorded.backfilled = rows.first().map(|row| row.0.as_deref() == Some("y"));
        recorded.described = rows.into_iter().next().and_then(|row| row.1);
    }
    let known_operation = recorded.table.column(RECORD_OPERATION).is_some();
    if recorded.backfilled == Some(false) && known_operation && recording.condition.is_none() {
        let records = dialect.qualified(live.schema.as_deref(), recording.records);
        let lost = lost_beginnings(dialect.kind(), Raw::of_plan(records), &wanted.key);
        let sql = format!(
            "SELECT {0}, {1}, {1}, {1} FROM {lost}",
            cast(dialect, "COUNT(*)"),
            cast(dialect, "NULL")
        );
        let rows = ask(conn, sql).await?;
        let count = rows.first().and_then(|row| row.0.as_deref()?.parse().ok());
        recorded.lost = count.unwrap_or_default();
    }
    let table = dialect.qualified(live.schema.as_deref(), &wanted.table.table);
    let exists = format!("CASE WHEN EXISTS (SELECT 1 FROM {table}) THEN 'y' ELSE 'n' END");
    let sql = format!(
        "SELECT {}, {1}, {1}, {1}",
        cast(dialect, &exists),
        cast(dialect, "NULL")
    );
    let rows = ask(conn, sql).await?;
    recorded.filled = rows
        .first()
        .is_some_and(|row| row.0.as_deref() == Some("y"));
    let prefix = relative_prefix(recording.records);
    let of_relatives = ours.triggers.iter();
    let of_relatives = of_relatives.filter(|(_, it)| it.name.starts_with(&prefix));
    recorded.on_relatives = of_relatives.cloned().collect();
    if dialect.kind() == Kind::Mysql {
        ours.tell(&mut recorded.table);
        recorded
            .relatives
            .iter_mut()
            .for_each(|live| ours.tell(live));
    }
    if let Some(facts) = dialect.record_facts(wanted, live) {
        recorded.facts = ask(conn, facts).await?;
    }
    Ok(recorded)
}

/// Adds the managed columns that the same plan adds to the table.
fn will_have(live: &mut Live, wanted: &Wanted) {
    let roles = wanted.roles;
    let times = [roles.created_at, roles.updated_at, roles.deleted_at];
    let times = times.into_iter().flatten().map(|(name, _)| name);
    let version = roles.version.map(|(name, _)| name);
    for name in version.into_iter().chain(times) {
        if live.column(name).is_none() {
            live.columns.push(LiveColumn {
                name: name.to_owned(),
                sql_type: String::new(),
                nullable: false,
                generated: false,
                computed: false,
                identity: false,
                automatic: false,
                default: None,
            });
        }
    }
}

fn stray((table, name, restore, _): Texts) -> (String, LiveTrigger) {
    let trigger = LiveTrigger {
        name: name.unwrap_or_default(),
        definition: String::new(),
        disabled: false,
        definer: String::new(),
        restore: restore.unwrap_or_default(),
    };
    (table.unwrap_or_default(), trigger)
}

/// An expression as a text, for a query of texts.
fn cast(dialect: &dyn Dialect, expression: &str) -> String {
    match dialect.kind() {
        Kind::Mysql => format!("CAST({expression} AS CHAR)"),
        Kind::Sqlite | Kind::Postgres => format!("CAST({expression} AS TEXT)"),
    }
}

/// The first records of keys that neither begin with an insert nor with a
/// baseline, as what follows `FROM`: what the row was before is not known.
/// Where a condition says what is recorded, that is as it should be.
pub(crate) fn lost_beginnings(kind: Kind, records: impl Splice, key: &[&str]) -> Raw {
    let same = same_key(kind, key, "handleref_e", "handleref_r");
    raw!(
        "{records} handleref_r WHERE handleref_r.{RECORD_OPERATION} NOT IN ('insert', 'baseline') AND NOT EXISTS \
         (SELECT 1 FROM {records} handleref_e WHERE {same} AND handleref_e.{RECORD_ID} < handleref_r.{RECORD_ID})",
        records,
        RECORD_OPERATION,
        same,
        RECORD_ID
    )
}
