//! Rows that are not as their history says.

use super::finding::{Area, Cure, Finding, Severity};
use super::{Case, unread};
use crate::changeset::{ChangesetMeta, Scanned, scanned};
use crate::session::Session;

pub(super) async fn examine(conn: &mut dyn Session, case: &Case, findings: &mut Vec<Finding>) {
    for table in &case.tables {
        let found = scanned(conn, [table.clone()], ChangesetMeta::new(), false).await;
        match found {
            Ok(found) if found.is_empty() => {}
            Ok(found) => findings.push(
                Finding::new(Area::Coverage, Severity::Failure, text(&found))
                    .model(table.model)
                    .of(&table.table)
                    .cure(Cure::command(["scan", table.model, "--apply"])),
            ),
            Err(error) => {
                findings
                    .push(unread(Area::Coverage, Some(&table.table), &error).model(table.model));
            }
        }
    }
}

fn text(found: &Scanned) -> String {
    let rows = |number: i64| match number {
        1 => "1 row".to_owned(),
        many => format!("{many} rows"),
    };
    let differ = found.updated + found.soft_deleted + found.restored;
    let parts = [
        (differ, " not as the newest record says"),
        (found.inserted, " without a record"),
        (found.deleted, " gone, and their records do not say so"),
    ];
    let parts = parts.iter().filter(|(number, _)| *number > 0);
    let parts: Vec<String> = parts
        .map(|(number, what)| format!("{}{what}", rows(*number)))
        .collect();
    parts.join("; ")
}
