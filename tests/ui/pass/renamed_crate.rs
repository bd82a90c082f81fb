//! `handleref` under another name, while its own name means something else.

extern crate handleref as renamed;

diesel::table! {
    articles (id) {
        id -> Integer,
        version -> BigInt,
        created_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    comments (id) {
        id -> Integer,
        article_id -> Integer,
        deleted_at -> Nullable<Timestamp>,
    }
}

mod models {
    use super::{articles, comments};

    #[allow(dead_code)]
    mod handleref {}

    #[derive(renamed::HandleRef)]
    #[handleref(crate = renamed, cascade(Comment))]
    pub struct Article {
        pub id: i32,
        pub version: i64,
        #[allow(dead_code)]
        pub created_at: chrono::NaiveDateTime,
        pub deleted_at: Option<chrono::NaiveDateTime>,
    }

    #[derive(renamed::HandleRef)]
    #[handleref(crate = ::renamed, parent(Article))]
    pub struct Comment {
        pub id: i32,
        pub article_id: i32,
        pub deleted_at: Option<chrono::NaiveDateTime>,
    }
}

fn main() {
    let article = models::Article {
        id: 1,
        version: 1,
        created_at: Default::default(),
        deleted_at: None,
    };
    assert_eq!(renamed::HandleRef::handle(&article).unwrap(), "article1");
}
