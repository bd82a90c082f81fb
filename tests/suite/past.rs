//! What is recorded, and what can be read of the past of a row.

use handleref::Operation;

macro_rules! insert {
    ($conn:expr, $id:expr, $title:expr) => {{
        go!(diesel::insert_into(papers::table)
            .values((papers::id.eq($id), papers::title.eq($title)))
            .execute($conn))?;
        paper!($conn, $id)
    }};
}

macro_rules! paper {
    ($conn:expr, $id:expr) => {
        go!(papers::table
            .find($id)
            .select(Paper::as_select())
            .first::<Paper>($conn))?
    };
}

macro_rules! author {
    ($conn:expr, $id:expr, $name:expr) => {{
        go!(diesel::insert_into(authors::table)
            .values((authors::id.eq($id), authors::name.eq($name)))
            .execute($conn))?;
        go!(authors::table
            .find($id)
            .select(Author::as_select())
            .first::<Author>($conn))?
    }};
}

/// The records of a row: operation, version, title.
macro_rules! history {
    ($conn:expr, $id:expr) => {
        go!(Paper::history_of($id)
            .order(PaperRecords::RECORD_ID)
            .select((
                PaperRecords::OPERATION,
                PaperRecords::VERSION,
                papers::title
            ))
            .load::<(Operation, i64, String)>($conn))?
    };
}

fn shown(history: &[(Operation, i64, String)]) -> Vec<String> {
    history
        .iter()
        .map(|(operation, version, title)| format!("{operation} {version} {title}"))
        .collect()
}

mod processes;
mod recording;
mod reverts;
mod statuses;
mod time_travel;
