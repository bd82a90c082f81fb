//! Recording what was found.

use super::find::{Found, between, is_meant};
use crate::context::numbers::{LAST_OF_SQLITE, next_number, take_numbers};
use crate::context::{Scope, Switch};
use crate::engine::Kind;
use crate::error::Error;
use crate::facts::{
    Capture, RECORD_CHANGESET, RECORD_ID, RECORD_OPERATION, RECORD_REDACTED, RECORD_VERSION,
    RECORDED_AT,
};
use crate::history::ChangesetNo;
use crate::schema::RecordedTable;
use crate::session::Session;
use crate::sql::{Raw, Sql, quoted, raw, record_time_sql, rising_sql};

pub(super) async fn write(
    conn: &mut dyn Session,
    facts: &RecordedTable,
    found: &Found,
    changeset: ChangesetNo,
) -> Result<(), Error> {
    let kind = conn.kind();
    if let (Some(version), true) = (facts.version(), found.raised > 0) {
        // Before their records, which say what the rows are then.
        let mut pause = Scope::begin(conn, Switch::Paused).await?;
        let raise = Sql::once(raise_sql(kind, facts, version));
        let raised = pause.conn().execute(raise).await;
        pause.finish(raised.map_err(Error::from)).await?;
    }
    if found.deleted() > 0 {
        let gone = gone_sql(kind, facts, changeset);
        conn.execute(Sql::once(gone)).await?;
    }
    if found.total() > found.deleted() {
        let live = live_sql(kind, facts, changeset);
        conn.execute(Sql::once(live)).await?;
    }
    if found.total() > 0 {
        take_numbers(conn, found.total()).await?;
    }
    Ok(())
}

/// Gives rows the versions of their records. A guard leaves that alone.
fn raise_sql(kind: Kind, facts: &RecordedTable, version: &'static str) -> Raw {
    let table = facts.table(kind);
    let (between, meant) = (between(kind), is_meant(kind, facts, &table));
    // Only MySQL takes, and needs, the table's name before a column there.
    let column = |name: &str| match kind {
        Kind::Mysql => raw!("{table}.{}", [quoted(kind, name)], table),
        Kind::Sqlite | Kind::Postgres => quoted(kind, name),
    };
    let mut set = raw!("{} = handleref_s.handleref_version", [column(version)]);
    if let Some((updated_at, time)) = facts.roles.updated_at {
        // In the table by its name, or it might be the column of what it is joined with.
        let held = raw!("{table}.{}", [quoted(kind, updated_at)], table);
        set.push(raw!(
            ", {} = {}",
            [column(updated_at), rising_sql(kind, time, &held)]
        ));
    }
    let raised = "handleref_s.handleref_raised = 1";
    match kind {
        Kind::Mysql => {
            raw!(
                "UPDATE {table} JOIN {between} handleref_s ON {meant} SET {set} WHERE {raised}",
                table,
                between,
                meant,
                set,
                raised
            )
        }
        Kind::Sqlite | Kind::Postgres => {
            raw!(
                "UPDATE {table} SET {set} FROM {between} handleref_s WHERE {meant} AND {raised}",
                table,
                set,
                between,
                meant,
                raised
            )
        }
    }
}

/// A column of the record table and its value.
type Pair = (&'static str, Raw);

/// What a record says besides the row.
fn besides_row(kind: Kind, facts: &RecordedTable, changeset: ChangesetNo) -> Vec<Pair> {
    let id = match next_number(kind) {
        Some(next) => next.into(),
        None => raw!("{LAST_OF_SQLITE} + handleref_s.rowid", LAST_OF_SQLITE),
    };
    let records = facts.records(kind);
    let last = raw!(
        "(SELECT handleref_w.{RECORDED_AT} FROM {records} handleref_w WHERE handleref_w.{RECORD_ID} = handleref_s.handleref_last)",
        RECORDED_AT,
        records,
        RECORD_ID
    );
    let mut pairs = vec![
        (RECORD_ID, id),
        (RECORD_VERSION, "handleref_s.handleref_version".into()),
        (RECORD_OPERATION, "handleref_s.handleref_operation".into()),
        (RECORDED_AT, record_time_sql(kind, &records, &last)),
        (RECORD_CHANGESET, raw!("{}", [changeset.0])),
    ];
    if facts.recording.redacts() {
        // It is not known whether they changed.
        pairs.push((RECORD_REDACTED, "NULL".into()));
    }
    pairs
}

/// `INSERT INTO <records> (..) SELECT .. FROM <from>`
fn insert_sql(kind: Kind, facts: &RecordedTable, pairs: Vec<Pair>, from: &Raw) -> Raw {
    let names: Vec<_> = pairs.iter().map(|(name, _)| quoted(kind, name)).collect();
    let values: Vec<_> = pairs.into_iter().map(|(_, value)| value).collect();
    raw!(
        "INSERT INTO {} ({}) SELECT {} FROM {from}",
        [
            facts.records(kind),
            Raw::join(names, ", "),
            Raw::join(values, ", ")
        ],
        from
    )
}

/// Records of rows as they are now. Expressions of the model are about the
/// table by its name; nothing else in the statement has a name like theirs.
fn live_sql(kind: Kind, facts: &RecordedTable, changeset: ChangesetNo) -> Raw {
    let table = facts.table(kind);
    let mut pairs = besides_row(kind, facts, changeset);
    let expression = |sql: Option<&'static str>| {
        sql.map_or_else(|| "NULL".into(), |sql| raw!("(\n{sql}\n)", sql))
    };
    pairs.extend(facts.recording.columns.iter().map(|column| {
        let value = match column.capture {
            Capture::Value => {
                column.as_recorded(kind, raw!("{table}.{}", [quoted(kind, column.name)], table))
            }
            Capture::Skipped(stand_in) | Capture::Redacted(stand_in) => expression(stand_in),
        };
        (column.name, value)
    }));
    let properties = facts.recording.properties.iter();
    pairs.extend(properties.map(|property| (property.name, expression(property.sql))));
    let from = raw!(
        "{table} JOIN {} handleref_s ON {} WHERE handleref_s.handleref_operation <> 'delete'",
        [between(kind), is_meant(kind, facts, &table)],
        table
    );
    insert_sql(kind, facts, pairs, &from)
}

/// Records of rows that are gone, as they were last.
fn gone_sql(kind: Kind, facts: &RecordedTable, changeset: ChangesetNo) -> Raw {
    let mut pairs = besides_row(kind, facts, changeset);
    let columns = facts.recording.columns.iter().map(|column| column.name);
    let properties = facts.recording.properties.iter();
    let names = columns.chain(properties.map(|property| property.name));
    pairs.extend(names.map(|name| (name, raw!("handleref_l.{}", [quoted(kind, name)]))));
    let from = raw!(
        "{} handleref_s JOIN {} handleref_l ON handleref_l.{RECORD_ID} = handleref_s.handleref_last \
         WHERE handleref_s.handleref_operation = 'delete'",
        [between(kind), facts.records(kind)],
        RECORD_ID
    );
    insert_sql(kind, facts, pairs, &from)
}
