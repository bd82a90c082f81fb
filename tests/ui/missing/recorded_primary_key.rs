//! There is no primary key.

use handleref::Recorded;

diesel::table! {
    articles (slug) {
        slug -> Text,
        title -> Text,
    }
}

#[derive(Recorded)]
struct Article {
    slug: String,
    title: String,
}

fn main() {}
