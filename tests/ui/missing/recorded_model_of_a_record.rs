//! Nothing says of which model a record is. The compiler must come to an end.

use diesel::prelude::*;
use handleref::{Record, Recorded};

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

fn main() {
    let conn = &mut SqliteConnection::establish(":memory:").unwrap();
    let article: Article = articles::table.first(conn).unwrap();
    for record in article.history().select(Record::as_select()).load(conn).unwrap() {
        println!("{}", record.version);
    }
}
