//! A flag, twice.

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
#[recorded(require_changeset, require_changeset)]
struct ArticleTag {
    id: i32,
    article_id: i32,
    tag_id: i32,
    topic_id: i32,
}

fn main() {}
