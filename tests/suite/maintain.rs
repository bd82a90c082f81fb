//! Looking after the history: backfill, pauses, prune, holds, erasure, events.

use crate::support::Db;
use crate::support::recorded::{Author, Label, Paper, bare_papers};

/// Rows that were there before the recording: 25 papers, and labels with keys
/// that have to be quoted.
fn filled(db: &Db) {
    bare_papers(db);
    for id in 1..=25 {
        db.create(&format!(
            "INSERT INTO papers (id, title, secret, views) VALUES ({id}, 'old {id}', 'secret', 7)"
        ));
        for label in ["it''s", "Ä", "a,b", "{", "z"] {
            db.create(&format!(
                "INSERT INTO labels (paper_id, label) VALUES ({id}, '{label}')"
            ));
        }
    }
    db.install(&handleref::schema![Author, Paper, Label]);
}

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

mod baselines;
mod connections;
mod erasure;
mod journal;
mod pauses;
mod pruning;
