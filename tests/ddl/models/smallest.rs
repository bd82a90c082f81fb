//! The least that can be recorded: with it come our own tables.

use super::Group;
use diesel::{Queryable, Selectable};
use handleref::Recorded;

diesel::table! {
    pins (id) {
        id -> Integer,
    }
}

#[derive(Queryable, Selectable, Recorded)]
#[diesel(table_name = pins)]
pub struct Pin {
    pub id: i32,
}

pub const GROUP: Group = Group {
    tables: |_| "CREATE TABLE pins (id INTEGER NOT NULL PRIMARY KEY)".into(),
    schema: |_| handleref::schema![Pin],
    rows: "",
};
