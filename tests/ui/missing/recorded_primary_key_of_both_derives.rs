//! There is no primary key; two derives miss it.

use handleref::{HandleRef, Recorded};

diesel::table! {
    articles (slug) {
        slug -> Text,
        title -> Text,
    }
}

#[derive(HandleRef, Recorded)]
struct Article {
    slug: String,
    title: String,
}

fn main() {}
