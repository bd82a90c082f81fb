//! A function that wants the row itself.

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
    fn count_words(self) -> i32 {
        self.title.len() as i32
    }
}

fn main() {}
