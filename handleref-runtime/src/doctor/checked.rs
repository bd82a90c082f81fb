//! What [`check`](crate::schema::Schema::check) knows.

use super::finding::{Area, Cure, Findings, Severity};
use super::{Patient, server};
use crate::error::Error;
use crate::schema::{Problem, ProblemKind as K, RecordedTable, Report};
use crate::session::Session;

fn area(kind: &K) -> Area {
    match kind {
        K::MissingTrigger { .. }
        | K::AlteredTrigger { .. }
        | K::DisabledTrigger { .. }
        | K::LostDefiner { .. }
        | K::ObsoleteTrigger { .. } => Area::Triggers,
        K::MissingIndex { .. }
        | K::AlteredIndex { .. }
        | K::SurplusIndex { .. }
        | K::PlainUnique { .. }
        | K::UniqueNeedsDeletedAt
        | K::NotIndexable { .. } => Area::Indexes,
        K::Unseen { .. } | K::LostBeginnings { .. } => Area::Coverage,
        K::MissingSupport
        | K::NewerLibrary { .. }
        | K::OlderLibrary { .. }
        | K::Copied
        | K::Unlisted => Area::Library,
        K::StuckSwitch { .. } => Area::Switches,
        K::NumbersBegunAgain { .. } => Area::Numbering,
        K::UnknownRole | K::OtherOwner { .. } | K::ExcessRight { .. } | K::WideRight { .. } => {
            Area::Privileges
        }
        _ => Area::Columns,
    }
}

/// Whether our own tables are there.
pub(super) fn is_installed(report: &Report) -> bool {
    let gone = |kind: &K| matches!(kind, K::MissingSupport | K::LostColumn | K::MissingColumn);
    !report
        .iter()
        .any(|it| it.model == "handleref" && gone(&it.kind))
}

/// Whether a model's tables can be compared.
pub(super) fn is_readable(report: &Report, table: &RecordedTable) -> bool {
    let wrong = |it: &Problem| {
        let harmless = matches!(
            it.kind,
            K::FewVersions { .. } | K::MissingDefault | K::Generated
        );
        area(&it.kind) == Area::Columns && !harmless || matches!(it.kind, K::Unlisted)
    };
    !report
        .iter()
        .any(|it| is_about(it, table.model) && wrong(it))
}

/// Several models share the table, or it is this one's.
fn is_about(problem: &Problem, model: &str) -> bool {
    problem.model.split(", ").any(|name| name == model)
}

pub(super) async fn look(
    conn: &mut dyn Session,
    patient: &Patient<'_>,
    findings: &mut Findings,
) -> Result<(), Error> {
    let wanted = |problem: &Problem| {
        patient.doctor.only.is_empty()
            || problem.model == "handleref"
            || patient.tables.iter().any(|it| is_about(problem, it.model))
    };
    // The account of all foreign keys of a table is one.
    let mut unseen: Vec<&str> = Vec::new();
    let mut triggers = 0;
    for problem in patient.report.iter().filter(|it| wanted(it)) {
        let area = area(&problem.kind);
        triggers += usize::from(area == Area::Triggers);
        let severity = match problem.kind {
            K::SurplusIndex { .. }
            | K::FewVersions { .. }
            | K::Generated
            | K::OlderLibrary { .. }
            | K::ObsoleteTrigger { .. } => Severity::Warning,
            _ => Severity::Failure,
        };
        let mut cures = match &problem.kind {
            K::LostBeginnings { .. } => {
                vec![Cure::command(["backfill", "--apply"])]
            }
            K::Unseen { .. } if unseen.contains(&problem.table.as_str()) => Vec::new(),
            K::Unseen { .. } => {
                unseen.push(&problem.table);
                server::restricted(conn, &problem.table).await?
            }
            _ if problem.is_repairable() => vec![Cure::install()],
            _ => Vec::new(),
        };
        if cures.is_empty() && !problem.is_repairable() {
            cures.push(Cure::Person(advice(&problem.kind).to_owned()));
        }
        let text = problem.to_string();
        // It says the model first.
        let text = text
            .strip_prefix(&format!("{}: ", problem.model))
            .unwrap_or(&text);
        findings.add((area, severity), problem.model.clone(), text, cures);
    }
    let found = patient.doctor.schema.triggers(conn).await?;
    findings.fine(
        Area::Triggers,
        format!("{found} of {} as installed", found + triggers),
    );
    let models = patient.tables.len();
    let readable = patient.readable.len();
    findings.fine(
        Area::Columns,
        format!("{readable} of {models} record tables match their models"),
    );
    waiting(conn, patient, findings).await?;
    findings.fine(Area::Numbering, "the next record comes after all others");
    findings.fine(Area::Switches, "recording is not paused");
    if let Some(trusted) = patient.report.trusted().first() {
        // Without the advice, which is the manual's.
        let said = trusted.split(';').next().unwrap_or(trusted);
        findings.fine(Area::Privileges, said);
    }
    findings.fine(
        Area::Privileges,
        "nobody but its owner can change the history",
    );
    Ok(())
}

/// What `install` would do that is nobody's fault: rights that were taken away.
async fn waiting(
    conn: &mut dyn Session,
    patient: &Patient<'_>,
    findings: &mut Findings,
) -> Result<(), Error> {
    if !patient.report.is_ok() {
        return Ok(());
    }
    let plan = patient.doctor.schema.planned(conn).await?;
    let Some(first) = plan.up().first() else {
        return Ok(());
    };
    let area = match first.starts_with("GRANT") {
        true => Area::Privileges,
        false => Area::Library,
    };
    let first = first.lines().next().unwrap_or_default();
    let text = format!(
        "an installation has {} to do, of which the first is: {first}",
        counted(
            i64::try_from(plan.up().len()).unwrap_or(i64::MAX),
            "statement"
        )
    );
    findings.add((area, Severity::Failure), None, text, vec![Cure::install()]);
    Ok(())
}

pub(super) fn counted(number: i64, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {one}s"),
    }
}

fn advice(kind: &K) -> &'static str {
    match kind {
        K::NewerLibrary { .. } => "update handleref in this program: a newer one made the tables",
        K::MissingTable => "create the table with a migration of yours, then install",
        K::WrongType { .. } => {
            "give the column the type that is named, with a migration of yours, then install"
        }
        K::WideRight { .. } => "revoke it, and grant rights on single tables",
        K::FewVersions { .. } => "make column and field wider with a migration of yours",
        K::LostColumn => "bring the column and its values back from a backup",
        _ => "decide as it says, and run doctor again",
    }
}
