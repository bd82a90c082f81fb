//! Whether records say what rows say, and do not contradict each other.

use super::checked::counted;
use super::finding::{Area, Cure, Findings, Severity};
use super::{Patient, key_text};
use crate::changeset::scan_looked;
use crate::error::Error;
use crate::facts::{RECORD_ID, RECORD_OPERATION, RECORD_VERSION, RECORDED_AT};
use crate::schema::RecordedTable;
use crate::session::Session;
use crate::sql::{Raw, Sql, quoted, raw};

pub(super) async fn look(
    conn: &mut dyn Session,
    patient: &Patient<'_>,
    findings: &mut Findings,
) -> Result<(), Error> {
    for table in &patient.readable {
        coverage(conn, table, findings).await?;
        contradictions(conn, table, findings).await?;
    }
    if !patient.readable.is_empty() {
        let models = i64::try_from(patient.readable.len()).unwrap_or(i64::MAX);
        let models = counted(models, "model");
        findings.fine(
            Area::Coverage,
            format!("the rows of {models} are as their newest records say"),
        );
        findings.fine(
            Area::Records,
            format!("the records of {models} follow one another without a gap"),
        );
    }
    Ok(())
}

/// What the database's list says of a record table: backfilled, pruned.
async fn listed(conn: &mut dyn Session, table: &RecordedTable) -> Result<(bool, bool), Error> {
    let name = table.listed();
    let sql = Sql::new(
        "SELECT backfilled, CASE WHEN pruned_record IS NULL THEN 0 ELSE 1 END FROM handleref_recordings WHERE record_table = ",
    )
    .bind(name);
    let found: Option<(i64, bool)> = conn.first(sql).await?;
    Ok(found.map_or((true, false), |(backfilled, pruned)| {
        (backfilled != 0, pruned)
    }))
}

async fn coverage(
    conn: &mut dyn Session,
    table: &RecordedTable,
    findings: &mut Findings,
) -> Result<(), Error> {
    let (backfilled, _) = listed(conn, table).await?;
    if !backfilled {
        let cure = Cure::command(["backfill", table.model, "--apply"]);
        findings.add(
            (Area::Coverage, Severity::Warning),
            table.model.to_owned(),
            "rows that are older than the recording have no record yet",
            vec![cure],
        );
        return Ok(());
    }
    let (found, example) = scan_looked(conn, table.clone()).await?;
    if found.is_empty() {
        return Ok(());
    }
    let differ = found.updated + found.soft_deleted + found.restored;
    let parts = [
        (differ, "differ from their newest record"),
        (found.inserted, "have no record"),
        (found.deleted, "are gone without a record of it"),
    ];
    let parts = parts.iter().filter(|(rows, _)| *rows != 0);
    let parts: Vec<_> = parts.map(|(rows, what)| format!("{rows} {what}")).collect();
    let mut text = format!("rows that the history does not know: {}", parts.join(", "));
    if let Some(key) = example {
        text += &format!("; such as {} {key}", table.model);
    }
    findings.add(
        (Area::Coverage, Severity::Failure),
        table.model.to_owned(),
        text,
        vec![Cure::scan(table.model)],
    );
    Ok(())
}

/// What no trigger writes: a version that does not rise, a change after a delete, a beginning without an
/// insert; and versions that are skipped.
async fn contradictions(
    conn: &mut dyn Session,
    table: &RecordedTable,
    findings: &mut Findings,
) -> Result<(), Error> {
    let kind = conn.kind();
    let (_, pruned) = listed(conn, table).await?;
    let keys: Vec<Raw> = table.key.iter().map(|it| quoted(kind, it)).collect();
    let over = raw!(
        "OVER (PARTITION BY {} ORDER BY {RECORD_ID})",
        [Raw::join(keys, ", ")],
        RECORD_ID
    );
    // What was pruned is missing by right; and what was written during a pause. A condition makes
    // that some versions are not recorded.
    let begins = match pruned {
        true => "1 = 0",
        false => {
            "handleref_pv IS NULL AND handleref_op NOT IN ('insert', 'baseline') AND NOT EXISTS (SELECT 1 FROM \
             handleref_events handleref_e WHERE handleref_e.event = 'pause' AND handleref_e.occurred_at <= handleref_at)"
        }
    };
    let gap = match pruned || table.recording.condition.is_some() {
        true => "1 = 0",
        false => {
            "handleref_v > handleref_pv + 1 AND handleref_po <> 'delete' AND NOT EXISTS (SELECT 1 FROM handleref_events \
             handleref_e WHERE handleref_e.event = 'pause' AND handleref_e.occurred_at BETWEEN handleref_pat AND handleref_at)"
        }
    };
    let sql = raw!(
        "SELECT handleref_what, COUNT(*), MIN(handleref_key), MIN(handleref_id) FROM (SELECT CASE \
         WHEN {begins} THEN 'begin' \
         WHEN handleref_po = 'delete' AND handleref_op NOT IN ('insert', 'baseline', 'delete', 'erase') THEN 'dead' \
         WHEN handleref_po <> 'delete' AND handleref_op <> 'insert' AND handleref_v < handleref_pv THEN 'falls' \
         WHEN handleref_po <> 'delete' AND handleref_op IN ('update', 'soft_delete', 'restore') \
         AND handleref_v = handleref_pv THEN 'falls' \
         WHEN {gap} THEN 'gap' END AS handleref_what, handleref_key, handleref_id FROM (SELECT {} AS handleref_key, \
         {RECORD_ID} AS handleref_id, {RECORD_VERSION} AS handleref_v, {RECORD_OPERATION} AS handleref_op, \
         {RECORDED_AT} AS handleref_at, LAG({RECORD_VERSION}) {over} AS handleref_pv, LAG({RECORD_OPERATION}) {over} AS handleref_po, \
         LAG({RECORDED_AT}) {over} AS handleref_pat FROM {}) handleref_h) handleref_w \
         WHERE handleref_what IS NOT NULL GROUP BY handleref_what ORDER BY handleref_what",
        [key_text(kind, table, ""), table.records(kind)],
        begins,
        gap,
        over,
        RECORD_ID,
        RECORD_VERSION,
        RECORD_OPERATION,
        RECORDED_AT
    );
    let rows: Vec<(String, i64, String, i64)> = conn.rows(Sql::once(sql)).await?;
    for (what, count, key, record) in rows {
        let (severity, text) = match what.as_str() {
            "begin" => (
                Severity::Failure,
                "a history begins without an insert: its beginning was deleted or changed by hand",
            ),
            "dead" => (
                Severity::Failure,
                "a record changes a row after its delete: it was changed by hand",
            ),
            "falls" => (
                Severity::Failure,
                "a version does not rise: a record was changed by hand",
            ),
            _ => (
                Severity::Warning,
                "a version is skipped: a record is missing, or nothing was recorded for a while",
            ),
        };
        let records = table.recording.records;
        findings.add(
            (Area::Records, severity),
            table.model.to_owned(),
            format!(
                "{text} ({count} in `{records}`; such as record {record}, of {} {key})",
                table.model
            ),
            vec![Cure::Person(format!(
                "bring the records of {} {key} back from a backup of `{records}`, and find out who may write to it",
                table.model
            ))],
        );
    }
    Ok(())
}
