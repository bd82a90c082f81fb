//! What a record keeps: fields that are left out or redacted, columns with a type
//! or a former name of their own, conditions, changesets that are required.

use super::Group;
use chrono::NaiveDateTime;
use diesel::{Identifiable, Queryable, Selectable};
use handleref::{HandleRef, HookError, Recorded};

diesel::table! {
    papers (id) {
        id -> Integer,
        title -> Text,
        views -> Integer,
        draft -> Nullable<Text>,
        secret -> Nullable<Text>,
        pin -> Text,
        state -> Text,
        version -> BigInt,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    memos (tenant, number) {
        tenant -> Integer,
        number -> Integer,
        title -> Text,
        cache -> Nullable<Text>,
        secret -> Nullable<Text>,
    }
}

/// With every role.
#[derive(Queryable, Selectable, Identifiable, HandleRef, Recorded)]
#[diesel(table_name = papers)]
#[recorded(
    table_name = "paper_history",
    when = "papers.state <> 'private'",
    validate = Paper::must_have_a_title,
    require_changeset,
    notify
)]
pub struct Paper {
    pub id: i32,
    #[recorded(renamed_from = "headline")]
    pub title: String,
    #[recorded(skip = "0")]
    pub views: i32,
    #[recorded(skip)]
    pub draft: Option<String>,
    #[recorded(redact)]
    pub secret: Option<String>,
    #[recorded(redact = "'***'")]
    pub pin: String,
    pub state: String,
    pub version: i64,
    #[recorded(skip = "CURRENT_TIMESTAMP")]
    pub updated_at: NaiveDateTime,
    pub deleted_at: Option<NaiveDateTime>,
}

impl Paper {
    fn must_have_a_title(&self) -> Result<(), HookError> {
        match self.title.as_str() {
            "" => Err("a paper needs a title".into()),
            _ => Ok(()),
        }
    }
}

/// With none, and a key of two columns.
#[derive(Queryable, Selectable, Recorded)]
#[diesel(table_name = memos, primary_key(tenant, number))]
#[recorded(crate = ::handleref, when = "title NOT LIKE 'tmp%'")]
pub struct Memo {
    pub tenant: i32,
    pub number: i32,
    #[recorded(sql_type = "VARCHAR(200)")]
    pub title: String,
    #[recorded(skip)]
    pub cache: Option<String>,
    #[recorded(redact)]
    pub secret: Option<String>,
}

pub const GROUP: Group = Group {
    tables: |_| {
        "CREATE TABLE papers (id INTEGER NOT NULL PRIMARY KEY, title {text} NOT NULL, views INTEGER NOT NULL DEFAULT 0, draft {text}, \
         secret {text}, pin {text} NOT NULL, state {text} NOT NULL); \
         CREATE TABLE memos (tenant INTEGER NOT NULL, number INTEGER NOT NULL, title VARCHAR(100) NOT NULL, cache {text}, secret {text}, \
         PRIMARY KEY (tenant, number))"
            .into()
    },
    schema: |_| handleref::schema![Paper, Memo],
    rows: "INSERT INTO papers (id, title, pin, state) VALUES (1, 'a', '1', 'public'); \
           INSERT INTO memos (tenant, number, title, secret) VALUES (1, 1, 'a', 's')",
};
