//! Whether the records of a row follow each other as those of triggers do.

use super::finding::{Area, Cure, Finding, Severity};
use super::{Case, unread};
use crate::engine::Kind;
use crate::error::Error;
use crate::facts::{RECORD_ID, RECORD_OPERATION, RECORD_VERSION};
use crate::schema::RecordedTable;
use crate::session::Session;
use crate::sql::{Raw, Sql, quoted, raw};

pub(super) async fn count(conn: &mut dyn Session, table: &RecordedTable) -> Result<i64, Error> {
    let records = table.records(conn.kind());
    let sql = Sql::once(raw!("SELECT COUNT(*) FROM {records}", records));
    let (found,): (i64,) = conn.one(sql).await?;
    Ok(found)
}

pub(super) async fn examine(conn: &mut dyn Session, case: &Case, findings: &mut Vec<Finding>) {
    for table in &case.tables {
        match strange(conn, table, case.sample).await {
            Ok(found) => findings.extend(found),
            Err(error) => {
                let object = table.recording.records;
                findings.push(unread(Area::Records, Some(object), &error).model(table.model));
            }
        }
    }
}

/// What only a person can have done.
async fn strange(
    conn: &mut dyn Session,
    table: &RecordedTable,
    sample: Option<u32>,
) -> Result<Vec<Finding>, Error> {
    let kind = conn.kind();
    let pairs = pairs(kind, table, sample);
    let cases = [
        (
            "handleref_v <= handleref_bv",
            Severity::Failure,
            "a version that is not greater than the one before it",
        ),
        (
            "handleref_bo = 'delete' AND handleref_o NOT IN ('insert', 'baseline')",
            Severity::Failure,
            "something else than an insert after a delete",
        ),
        (
            "handleref_bo <> 'delete' AND handleref_o = 'insert'",
            Severity::Failure,
            "an insert of a row that was there already",
        ),
        (
            "handleref_v > handleref_bv + 1",
            Severity::Warning,
            "a gap in the versions: a record is missing, or somebody raised the version",
        ),
    ];
    let mut found = Vec::new();
    for (condition, severity, what) in cases {
        let sql = raw!(
            "SELECT COUNT(*), MIN(handleref_n) FROM ({pairs}) handleref_p WHERE {condition}",
            pairs,
            condition
        );
        let (number, first): (i64, Option<i64>) = conn.one(Sql::once(sql)).await?;
        let Some(first) = first.filter(|_| number > 0) else {
            continue;
        };
        let records = table.recording.records;
        let times = match number {
            1 => format!("record {first}"),
            many => format!("{many} records, the first is {first}"),
        };
        found.push(
            Finding::new(Area::Records, severity, format!("{what} ({times})"))
                .model(table.model)
                .of(records)
                .cure(Cure::words(format!(
                    "triggers write none of that: look at it with SELECT * FROM {} WHERE {RECORD_ID} = {first}; \
                     then correct or remove by hand what was written by hand, or restore the record from a backup",
                    quoted(kind, records),
                ))),
        );
    }
    Ok(found)
}

/// Each record with what is before it.
fn pairs(kind: Kind, table: &RecordedTable, sample: Option<u32>) -> Raw {
    let key: Vec<Raw> = table.key.iter().map(|it| quoted(kind, it)).collect();
    let records = table.records(kind);
    let keys = |prefix: &'static str| {
        let one = |it: &Raw| raw!("{prefix}{it}", prefix, it);
        Raw::join(key.iter().map(one), ", ")
    };
    let order = raw!(
        "OVER (PARTITION BY {} ORDER BY r.{RECORD_ID})",
        [keys("r.")],
        RECORD_ID
    );
    let mut sql = raw!(
        "SELECT r.{RECORD_ID} AS handleref_n, r.{RECORD_VERSION} AS handleref_v, \
         r.{RECORD_OPERATION} AS handleref_o, LAG(r.{RECORD_VERSION}) {order} AS handleref_bv, \
         LAG(r.{RECORD_OPERATION}) {order} AS handleref_bo FROM {records} r",
        RECORD_ID,
        RECORD_VERSION,
        RECORD_OPERATION,
        order,
        records
    );
    if let Some(sample) = sample {
        let on = key.iter().map(|it| raw!("s.{it} = r.{it}", it));
        sql.push(raw!(
            " JOIN (SELECT DISTINCT {} FROM (SELECT {} FROM {records} t ORDER BY t.{RECORD_ID} DESC \
             LIMIT {sample}) u) s ON {}",
            [keys("u."), keys("t."), Raw::join(on, " AND ")],
            records,
            RECORD_ID,
            sample
        ));
    }
    sql
}
