//! A function with another result.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(validate = Article::has_a_title)]
struct Article {
    id: i32,
    title: String,
}

impl Article {
    fn has_a_title(&self) -> bool {
        !self.title.is_empty()
    }
}

fn main() {}
