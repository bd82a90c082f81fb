//! The best that can be written by hand: the write, and the record of it, in
//! one transaction, both kept prepared.

use super::super::{AT_ONCE, Conn, NOW};
use super::{Statement, Value};
use crate::Failure;
use diesel::prelude::*;

/// A write and its record.
pub(super) struct Hand {
    write: String,
    record: String,
    /// Both in one statement.
    at_once: Option<String>,
}

const COLUMNS: &str = "id, title, body, version, created_at, updated_at, deleted_at";

impl Hand {
    pub(super) fn insert() -> Self {
        Self::new(
            "insert",
            "INSERT INTO hand_notes (title, body, id) VALUES (?, ?, ?)",
        )
    }

    pub(super) fn update() -> Self {
        Self::new(
            "update",
            &format!(
                "UPDATE hand_notes SET title = ?, version = version + 1, updated_at = {NOW} WHERE id = ?"
            ),
        )
    }

    pub(super) fn soft_delete() -> Self {
        Self::new(
            "soft_delete",
            &format!(
                "UPDATE hand_notes SET deleted_at = {NOW}, version = version + 1, updated_at = {NOW} WHERE id = ?"
            ),
        )
    }

    /// An update of all rows.
    pub(super) fn update_all() -> Self {
        let write =
            format!("UPDATE hand_notes SET title = ?, version = version + 1, updated_at = {NOW}");
        let mut hand = Self::new("update", &write);
        hand.record = hand.record.replace(" WHERE id = ?", "");
        hand
    }

    fn new(operation: &str, write: &str) -> Self {
        Self {
            write: write.to_owned(),
            record: format!(
                "INSERT INTO hand_records (operation, recorded_at, {COLUMNS}) \
                 SELECT '{operation}', updated_at, {COLUMNS} FROM hand_notes WHERE id = ?"
            ),
            at_once: AT_ONCE.map(|record| {
                let record = record.replace("{OPERATION}", operation);
                format!("WITH changed AS ({write} RETURNING *) {record}")
            }),
        }
    }

    /// Two statements in one transaction. The last value is the key.
    pub(super) fn in_two(
        &self,
        conn: &mut Conn,
        values: &[Value],
        keyed: bool,
    ) -> Result<(), Failure> {
        let key = match keyed {
            true => &values[values.len() - 1..],
            false => &[],
        };
        conn.transaction::<_, diesel::result::Error, _>(|conn| {
            Statement(&self.write, values).execute(conn)?;
            Statement(&self.record, key).execute(conn)
        })?;
        Ok(())
    }

    /// One statement.
    pub(super) fn in_one(&self, conn: &mut Conn, values: &[Value]) -> Result<(), Failure> {
        if let Some(at_once) = &self.at_once {
            Statement(at_once, values).execute(conn)?;
        }
        Ok(())
    }
}
