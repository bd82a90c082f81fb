//! A function of something else.

use handleref::Recorded;

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Recorded)]
#[recorded(validate = has_a_title)]
struct Article {
    id: i32,
    title: String,
}

fn has_a_title(title: &str) -> Result<(), handleref::HookError> {
    match title {
        "" => Err("it needs a title".into()),
        _ => Ok(()),
    }
}

fn main() {}
