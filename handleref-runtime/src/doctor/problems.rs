//! What a check finds, as findings; and what is said where nothing was found.

use super::finding::{Area, Cure, Finding, Severity};
use crate::schema::{Problem, ProblemKind, RecordedTable};

pub(super) fn finding(problem: &Problem) -> Finding {
    let area = area(&problem.kind);
    let severity = match problem.kind {
        // History is written nevertheless, and is right.
        ProblemKind::SurplusIndex { .. }
        | ProblemKind::ObsoleteTrigger { .. }
        | ProblemKind::MissingIndex { .. }
        | ProblemKind::AlteredIndex { .. }
        | ProblemKind::FewVersions { .. } => Severity::Warning,
        _ => Severity::Failure,
    };
    let object = match &problem.column {
        Some(column) => format!("{}.{column}", problem.table),
        None => problem.table.clone(),
    };
    Finding::new(area, severity, problem.kind.to_string())
        .model(&problem.model)
        .of(object)
        .cure(cure(problem))
}

fn area(kind: &ProblemKind) -> Area {
    use ProblemKind as K;
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
        K::UnknownRole | K::OtherOwner { .. } | K::ExcessRight { .. } | K::WideRight { .. } => {
            Area::Privileges
        }
        K::NumbersBegunAgain { .. } => Area::Numbering,
        K::StuckSwitch { .. } => Area::Switches,
        K::NewerLibrary { .. }
        | K::OlderLibrary { .. }
        | K::MissingSupport
        | K::Copied
        | K::Unlisted => Area::Library,
        K::LostBeginnings { .. } | K::Unseen { .. } => Area::Coverage,
        _ => Area::Columns,
    }
}

fn cure(problem: &Problem) -> Cure {
    match &problem.kind {
        ProblemKind::LostBeginnings { .. } => {
            Cure::command(["backfill", &problem.model, "--apply"])
        }
        _ if problem.is_repairable() => Cure::command(["install", "--apply"]),
        ProblemKind::MissingTable => Cure::words("create the table with a migration of yours"),
        ProblemKind::UnknownColumn => Cure::words("add the column with a migration of yours"),
        ProblemKind::Unseen { .. } => Cure::words(
            "let the program do what the engine does now, and change the table so that the engine does not",
        ),
        ProblemKind::PlainUnique { index } => Cure::words(format!(
            "drop `{index}`, then install: that makes one for the living",
        )),
        // They say themselves what has to be decided.
        _ => Cure::words("a person has to decide; `install` leaves it as it is"),
    }
}

/// For each area in which nothing is wrong, what was looked at.
pub(super) fn healthy(tables: &[RecordedTable], records: i64, findings: &mut Vec<Finding>) {
    let models = match tables.len() {
        1 => "1 model".to_owned(),
        many => format!("{many} models"),
    };
    for area in Area::ALL {
        if findings.iter().any(|it| it.area == area) {
            continue;
        }
        let found = match area {
            Area::Library => "installed by this version of handleref".to_owned(),
            Area::Triggers => format!("those of {models} are as installed"),
            Area::Columns => format!("tables and record tables of {models} match their structs"),
            Area::Coverage => format!("every row of {models} is as its newest record says"),
            Area::Records => format!("{records} records: lives and versions follow each other"),
            Area::Indexes => "all that models and cascades need".to_owned(),
            Area::Privileges => "nobody else has a right on the history".to_owned(),
            Area::Numbering => "the next record comes after all others".to_owned(),
            Area::Switches => "none was left on".to_owned(),
            Area::Changesets => "every record's changeset is there, and has ended".to_owned(),
            Area::Clock => {
                "the database's is this machine's; no record is in the future".to_owned()
            }
        };
        findings.push(Finding::new(area, Severity::Ok, found));
    }
}
