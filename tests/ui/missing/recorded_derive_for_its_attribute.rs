//! The attribute without the derive that reads it.

use handleref::HandleRef;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(HandleRef)]
#[recorded(property(words: Nullable<Integer>, with = Article::count_words))]
struct Article {
    id: i32,
    title: String,
}

impl Article {
    fn count_words(&self) -> i32 {
        self.title.len() as i32
    }
}

fn main() {}
