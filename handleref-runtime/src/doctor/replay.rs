//! Whether the changes of a row, one after the other, give the row.

use super::Patient;
use super::finding::{Area, Cure, Findings, Severity};
use crate::error::Error;
use crate::history::RecordNo;
use crate::registry::{Entry, Model, Object, Role};
use crate::session::Session;
use serde_json::{Map, Value};

/// So many rows at a time.
const PAGE: u32 = 500;

pub(super) async fn look(
    conn: &mut dyn Session,
    patient: &Patient<'_>,
    findings: &mut Findings,
) -> Result<(), Error> {
    let (mut folded, mut unequal) = (0_u64, 0);
    for model in patient.doctor.schema.registry().models() {
        // What a condition leaves out is not in the history.
        let known = patient.readable.iter().find(|it| it.model == model.name());
        if known.is_none_or(|it| it.recording.condition.is_some()) {
            continue;
        }
        let (seen, wrong) = model_folded(conn, patient.doctor.sample, model).await?;
        folded += seen;
        unequal += wrong.len();
        if let Some((key, field)) = wrong.first() {
            findings.add(
                (Area::Replay, Severity::Failure),
                model.name().to_owned(),
                format!(
                    "{} of {seen} histories do not give the row, such as that of {} {key} (`{field}`)",
                    wrong.len(),
                    model.name()
                ),
                vec![Cure::scan(model.name())],
            );
        }
    }
    if unequal == 0 {
        let rest = match patient.doctor.sample {
            Some(rows) => format!(" (at most {rows} of each model)"),
            None => String::new(),
        };
        findings.fine(
            Area::Replay,
            format!("histories folded: {folded}, each gives its row{rest}"),
        );
    }
    Ok(())
}

type Wrong = (String, &'static str);

async fn model_folded(
    conn: &mut dyn Session,
    sample: Option<u32>,
    model: &Model,
) -> Result<(u64, Vec<Wrong>), Error> {
    let (mut seen, mut wrong) = (0, Vec::new());
    let mut after: Option<String> = None;
    let mut left = sample.unwrap_or(u32::MAX);
    while left > 0 {
        let mut rows = model.rows().with_deleted().limit(PAGE.min(left));
        if let Some(after) = after.take() {
            rows = rows.after(after);
        }
        let page = rows.paged(conn).await?;
        left = left.saturating_sub(u32::try_from(page.objects.len()).unwrap_or(u32::MAX));
        for object in &page.objects {
            let entries = entries(conn, model, &object.key).await?;
            // A row without a history is missed elsewhere.
            if entries.is_empty() {
                continue;
            }
            seen += 1;
            if let Some(field) = differs(model, object, &entries) {
                wrong.push((object.key.clone(), field));
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    Ok((seen, wrong))
}

/// All of them, the oldest first.
async fn entries(conn: &mut dyn Session, model: &Model, key: &str) -> Result<Vec<Entry>, Error> {
    let mut all: Vec<Entry> = Vec::new();
    let mut before = None;
    loop {
        let mut history = model.history(key).limit(1_000);
        if let Some(before) = before {
            history = history.before(RecordNo(before));
        }
        let page = history.paged(conn).await?;
        all.extend(page.entries);
        before = page.next;
        if before.is_none() {
            all.reverse();
            return Ok(all);
        }
    }
}

/// The first field that folding gives another value.
fn differs(model: &Model, object: &Object, entries: &[Entry]) -> Option<&'static str> {
    let mut state: Map<String, Value> = Map::new();
    for entry in entries {
        if !entry.is_known {
            state.clone_from(&entry.values);
        }
        for change in entry.changes.iter().filter(|it| !it.redacted) {
            state.insert(change.field.to_owned(), change.new.clone());
        }
    }
    let last = &entries.last()?.values;
    let null = Value::Null;
    let of = |values: &Map<String, Value>, name| values.get(name).unwrap_or(&null).clone();
    let mut fields = model.fields().filter(|field| {
        let stamped = matches!(field.role, Some(Role::Version | Role::UpdatedAt));
        field.is_recorded && !stamped
    });
    let found = fields.find(|field| {
        // Changes do not list what handleref writes itself.
        let told = match field.role.is_some_and(|role| role != Role::Key) {
            true => last,
            false => &state,
        };
        of(told, field.name) != of(&object.values, field.name)
    });
    found.map(|field| field.name)
}
