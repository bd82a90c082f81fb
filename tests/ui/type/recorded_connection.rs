//! A connection that is none.

use diesel::{Queryable, Selectable};
use handleref::{PastDsl, Recorded};

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Queryable, Selectable, Recorded)]
struct Article {
    id: i32,
    title: String,
}

struct Pool;

fn revert(article: &mut Article, pool: &mut Pool) {
    let _ = article.revert(pool, 1);
}

fn main() {}
