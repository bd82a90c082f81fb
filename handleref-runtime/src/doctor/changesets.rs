//! Records whose changeset is not there.

use super::finding::{Area, Cure, Finding, Severity};
use super::{Case, unread};
use crate::error::Error;
use crate::facts::RECORD_CHANGESET;
use crate::schema::RecordedTable;
use crate::session::Session;
use crate::sql::{Sql, raw};

pub(super) async fn examine(conn: &mut dyn Session, case: &Case, findings: &mut Vec<Finding>) {
    for table in &case.tables {
        let object = table.recording.records;
        match orphans(conn, table).await {
            Ok((number, Some(first))) if number > 0 => findings.push(
                Finding::new(
                    Area::Changesets,
                    Severity::Warning,
                    format!("{number} records name changesets that are not there, the first is #{first}"),
                )
                .model(table.model)
                .of(object)
                .cure(Cure::words(format!(
                    "who made these changes and why is lost, what changed is not: restore the row {first} of \
                     `handleref_changesets` from a backup, or set `{RECORD_CHANGESET}` of these records to NULL",
                ))),
            ),
            Ok(_) => {}
            Err(error) => {
                findings.push(unread(Area::Changesets, Some(object), &error).model(table.model));
            }
        }
    }
}

async fn orphans(
    conn: &mut dyn Session,
    table: &RecordedTable,
) -> Result<(i64, Option<i64>), Error> {
    let kind = conn.kind();
    let sql = raw!(
        "SELECT COUNT(*), MIN(r.{RECORD_CHANGESET}) FROM {} r WHERE r.{RECORD_CHANGESET} IS NOT NULL AND \
         NOT EXISTS (SELECT 1 FROM {} c WHERE c.id = r.{RECORD_CHANGESET})",
        [
            table.records(kind),
            table.beside(kind, "handleref_changesets")
        ],
        RECORD_CHANGESET
    );
    Ok(conn.one(Sql::once(sql)).await?)
}
