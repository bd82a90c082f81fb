//! Reads what there is of a recording.

use super::support::{RECORDINGS, Support};
use super::{Recorded, relative_prefix};
use crate::engine::Kind;
use crate::executor::{Steps, Texts};
use crate::record::facts::Recording;
use crate::schema::dialect::{Dialect, Wanted};
use crate::schema::live::{Live, LiveColumn, LiveTrigger, ask, read, read_with_types};
use crate::schema::names::TableName;
use diesel::result::QueryResult;

/// Reads everything about the recording of a table that is there.
pub(in crate::schema) async fn recorded<C: Steps>(
    conn: &mut C,
    dialect: &dyn Dialect,
    wanted: &Wanted,
    recording: Recording,
    live: &Live,
    support: &Support,
    tables: &[Wanted],
) -> QueryResult<Recorded> {
    let beside = |table: &str| TableName {
        // Where the table really is, if that is not the default.
        schema: live.schema.clone(),
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
    let strays = dialect.strays_query(live, &relative_prefix(recording.records));
    recorded.on_relatives = ask(conn, strays).await?.into_iter().map(stray).collect();
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
