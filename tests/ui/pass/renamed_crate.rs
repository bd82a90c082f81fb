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

    #[derive(renamed::HandleRef, renamed::Recorded)]
    #[handleref(crate = renamed, cascade(Comment))]
    #[recorded(property(digits: Integer, sql = "length(articles.id)"))]
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

    #[derive(renamed::Recorded)]
    #[diesel(table_name = comments)]
    #[recorded(crate = renamed)]
    pub struct RecordedComment {
        pub id: i32,
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
    assert_eq!(renamed::Recorded::record_key(&article), 1);
    let comment = models::RecordedComment { id: 2 };
    assert_eq!(renamed::Recorded::record_key(&comment), 2);
}
