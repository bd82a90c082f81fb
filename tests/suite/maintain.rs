//! Looking after the history: backfill, pauses, prune, holds, erasure, events.

use crate::support::Db;
use crate::support::recorded::filled;

fn recorded(db: &Db) {
    crate::support::recorded::papers(db);
}

/// Operations and versions of a paper.
macro_rules! history {
    ($conn:expr, $id:expr) => {
        go!(Paper::history_of($id)
            .order(PaperRecords::RECORD_ID)
            .select((PaperRecords::OPERATION, PaperRecords::VERSION))
            .load::<(Operation, i64)>($conn))?
    };
}

macro_rules! insert {
    ($conn:expr, $id:expr, $title:expr) => {
        go!(diesel::insert_into(papers::table)
            .values((papers::id.eq($id), papers::title.eq($title)))
            .execute($conn))?
    };
}

macro_rules! rename {
    ($conn:expr, $id:expr, $title:expr) => {
        go!(diesel::update(papers::table.find($id))
            .set(papers::title.eq($title))
            .execute($conn))?
    };
}

macro_rules! kinds {
    ($conn:expr) => {{
        let events: Vec<Event> = go!(events().load($conn))?;
        let kinds = events.iter().rev().map(|event| event.kind.clone());
        let kinds: Vec<_> = kinds.filter(|kind| *kind != EventKind::Install).collect();
        kinds
    }};
}

/// What the records of a pet hold, whatever the model says.
macro_rules! held {
    ($conn:expr, $id:expr) => {{
        let held = FormerPet::history_of($id)
            .order(FormerPetRecords::RECORD_ID)
            .select((
                former_pets::name,
                former_pets::phone,
                former_pets::breed,
                former_pets::chip,
                FormerPetRecords::CALLED,
            ));
        type Row = (
            Option<String>,
            Option<String>,
            String,
            Option<String>,
            Option<String>,
        );
        let rows: Vec<Row> = go!(held.load($conn))?;
        let shown = rows.into_iter().map(|(name, phone, breed, chip, called)| {
            let text = |value: Option<String>| value.unwrap_or("-".into());
            format!(
                "{} {} {breed} {} {}",
                text(name),
                text(phone),
                text(chip),
                text(called)
            )
        });
        shown.collect::<Vec<_>>()
    }};
}

mod baselines;
mod connections;
mod erasure;
mod journal;
mod pauses;
mod pets;
mod pruning;
mod redaction;
