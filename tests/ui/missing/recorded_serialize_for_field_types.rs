//! The fields of a struct, one of which has no value.

use handleref::Recorded;
use handleref::history::FieldType;

struct Title;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
struct Article {
    id: i32,
    title: Title,
}

fn main() {
    let _ = FieldType::for_field::<Article>("title");
}
