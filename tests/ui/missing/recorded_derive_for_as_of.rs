//! A query in the past of a struct that is not recorded.

use diesel::{QueryDsl, RunQueryDsl, SqliteConnection};
use handleref::AsOfDsl;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

struct Article {
    id: i32,
}

fn count(conn: &mut SqliteConnection) {
    let _ = articles::table
        .count()
        .as_of::<Article>(handleref::RecordNo(1))
        .get_result::<i64>(conn);
}

fn main() {}
