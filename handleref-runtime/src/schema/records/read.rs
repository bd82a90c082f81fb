//! Reads what there is of a recording.

use super::support::{RECORDINGS, Support};
use super::{RELATIVE, Recorded, relative_prefix};
use crate::engine::Kind;
use crate::executor::{Steps, Texts};
use crate::record::facts::{RECORD_OPERATION, Recording};
use crate::record::maintain::baseline::lost_beginnings;
use crate::schema::dialect::{Dialect, Wanted};
use crate::schema::live::{Live, LiveColumn, LiveTrigger, ask, read, read_with_types};
use crate::schema::names::TableName;
use diesel::result::QueryResult;

/// What was read before, and is the same for several tables.
#[derive(Clone, Copy)]
pub(in crate::schema) struct Known<'a> {
    pub(in crate::schema) support: &'a Support,
    pub(in crate::schema) tables: &'a [Wanted],
    pub(in crate::schema) on_relatives: &'a [(String, LiveTrigger)],
}

/// All triggers of ours on relatives in the schema of a table, with their tables.
pub(in crate::schema) async fn on_relatives<C: Steps>(
    conn: &mut C,
    dialect: &dyn Dialect,
    live: &Live,
) -> QueryResult<Vec<(String, LiveTrigger)>> {
    let strays = dialect.strays_query(live, RELATIVE);
    Ok(ask(conn, strays).await?.into_iter().map(stray).collect())
}

/// Reads everything about the recording of a table that is there.
pub(in crate::schema) async fn recorded<C: Steps>(
    conn: &mut C,
    dialect: &dyn Dialect,
    wanted: &Wanted,
    recording: Recording,
    live: &Live,
    known: Known<'_>,
) -> QueryResult<Recorded> {
    let Known {
        support,
        tables,
        on_relatives,
    } = known;
    let beside = |table: &str| TableName {
        // Where the table really is: PostgreSQL's search path may go on to a
        // schema where somebody else has tables of these names.
        schema: match dialect.kind() {
            Kind::Postgres => Some(live.detail.clone()),
            Kind::Sqlite | Kind::Mysql => live.schema.clone(),
        },
        table: table.to_owned(),
    };
    let mut recorded = Recorded {
        table: read_with_types(conn, dialect, &beside(recording.records)).await?,
        ..Recorded::default()
    };
    recorded.table.schema.clone_from(&live.schema);
    if recorded.table.found.is_none() {
        recorded.table.detail.clone_from(&live.detail);
    }
    for relative in recording.relatives {
        let mut found = read(conn, dialect, &beside(relative.table)).await?;
        found.schema.clone_from(&live.schema);
        found.alter(relative.table, &wanted.alterations);
        let of_table = |one: &&Wanted| one.table == wanted.beside(relative.table);
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
        let listed = wanted.beside(recording.records).shown();
        let sql = format!(
            "SELECT {}, {1}, {1}, {1} FROM {2} WHERE record_table = {3}",
            cast(dialect, "CASE WHEN backfilled = 0 THEN 'n' ELSE 'y' END"),
            cast(dialect, "NULL"),
            support.named(dialect, RECORDINGS),
            dialect.text(&listed),
        );
        let rows = ask(conn, sql).await?;
        recorded.backfilled = rows.first().map(|row| row.0.as_deref() == Some("y"));
    }
    let known_operation = recorded.table.column(RECORD_OPERATION).is_some();
    if recorded.backfilled == Some(false) && known_operation && recording.condition.is_none() {
        let records = dialect.qualified(live.schema.as_deref(), recording.records);
        let lost = lost_beginnings(dialect.kind(), &records, &wanted.key);
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
    let ours = on_relatives
        .iter()
        .filter(|(_, trigger)| trigger.name.starts_with(&prefix));
    recorded.on_relatives = ours.cloned().collect();
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
