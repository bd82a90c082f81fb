//! A link that refers to nothing.

use handleref::Recorded;

diesel::table! {
    article_tags (id) {
        id -> Integer,
        article_id -> Integer,
        tag_id -> Integer,
        topic_id -> Integer,
    }
}

#[derive(Recorded)]
#[recorded(link)]
struct ArticleTag {
    id: i32,
    article_id: i32,
    tag_id: i32,
    topic_id: i32,
}

fn main() {}
