//! Record tables that no model of the program has.

use super::finding::{Area, Cure, Finding, Severity};
use super::unread;
use crate::schema::RecordedTable;
use crate::session::Session;
use crate::sql::{Sql, raw};

pub(super) async fn examine(
    conn: &mut dyn Session,
    known: &[RecordedTable],
    findings: &mut Vec<Finding>,
) {
    // All of them are in one place.
    let Some(any) = known.first() else {
        return;
    };
    let list = any.beside(conn.kind(), "handleref_recordings");
    let sql = Sql::once(raw!(
        "SELECT record_table FROM {list} ORDER BY record_table",
        list
    ));
    match conn.rows::<(String,)>(sql).await {
        Ok(listed) => {
            let is_known = |name: &str| {
                known.iter().any(|it| {
                    let plain = it.recording.records;
                    it.listed() == name || plain == name
                })
            };
            for (name,) in listed.into_iter().filter(|(name,)| !is_known(name)) {
                let found = "`handleref_recordings` lists this record table, and no model of this program has it";
                findings.push(
                    Finding::new(Area::Library, Severity::Warning, found)
                        .of(&name)
                        .cure(Cure::words(format!(
                            "add its model to `schema!`; if the model is gone for good, drop the record table and \
                             delete its row: DELETE FROM handleref_recordings WHERE record_table = '{}';",
                            name.replace('\'', "''"),
                        ))),
                );
            }
        }
        Err(error) => findings.push(unread(Area::Library, Some("handleref_recordings"), &error)),
    }
}
