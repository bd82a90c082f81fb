//! A query in the past of two structs, of which one is not recorded.

use diesel::{QueryDsl, RunQueryDsl, SqliteConnection};
use handleref::{AsOfDsl, Recorded};

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}
diesel::table! {
    comments (id) {
        id -> Integer,
        article_id -> Integer,
    }
}

#[derive(Recorded)]
struct Article {
    id: i32,
    title: String,
}

struct Comment;

fn count(conn: &mut SqliteConnection) {
    let _ = articles::table
        .count()
        .as_of::<(Article, Comment)>(handleref::RecordNo(1))
        .get_result::<i64>(conn);
}

fn main() {}
