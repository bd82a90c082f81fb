//! A function with a result that no column can hold.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(property(words: Nullable<Integer>, with = Article::count_words))]
struct Article {
    id: i32,
    title: String,
}

impl Article {
    fn count_words(&self) -> usize {
        self.title.len()
    }
}

fn main() {}
