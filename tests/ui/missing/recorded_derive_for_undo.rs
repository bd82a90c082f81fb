// Only what is recorded can be undone.

use diesel::prelude::*;
use handleref::changeset::{ChangesetNo, undo_plan};
use handleref::prelude::*;

diesel::table! { articles { id -> Integer, title -> Text, version -> BigInt, } }

#[derive(Queryable, Selectable, HandleRef)]
struct Article {
    id: i32,
    title: String,
    version: i64,
}

fn main() {
    let conn = &mut SqliteConnection::establish(":memory:").unwrap();
    let _ = undo_plan::<Article>(ChangesetNo(1)).load(conn);
}
