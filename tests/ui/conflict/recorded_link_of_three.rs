//! A link that refers to three models.

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
#[diesel(belongs_to(Article), belongs_to(Tag))]
#[recorded(link)]
#[diesel(belongs_to(Topic))]
struct ArticleTag {
    id: i32,
    article_id: i32,
    tag_id: i32,
    topic_id: i32,
}

fn main() {}
