//! A small blog, and what happened in it.

use crate::support::{Db, Engine};
use chrono::NaiveDateTime;
use diesel::prelude::*;
use handleref::changeset::{Changeset, ChangesetMeta};
use handleref::{HandleRef, Recorded, RowDsl, in_changeset};
use serde::Serialize;

diesel::table! {
    topics (id) {
        id -> Integer,
        name -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    articles (id) {
        id -> Integer,
        topic_id -> Nullable<Integer>,
        title -> Text,
        body -> Nullable<Text>,
        email -> Nullable<Text>,
        views -> Integer,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    tags (article_id, tag) {
        article_id -> Integer,
        tag -> Text,
    }
}
diesel::joinable!(articles -> topics (topic_id));
diesel::allow_tables_to_appear_in_same_query!(topics, articles, tags);

#[derive(
    Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Identifiable, HandleRef, Recorded,
)]
#[diesel(table_name = topics)]
#[handleref(tag = "top")]
pub struct Topic {
    pub id: i32,
    pub name: String,
    pub version: i64,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
    pub deleted_at: Option<NaiveDateTime>,
}

#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Queryable,
    Selectable,
    Identifiable,
    AsChangeset,
    HandleRef,
    Recorded,
)]
#[diesel(table_name = articles)]
#[handleref(tag = "art", parent(Topic))]
pub struct Article {
    pub id: i32,
    pub topic_id: Option<i32>,
    pub title: String,
    pub body: Option<String>,
    #[recorded(redact)]
    pub email: Option<String>,
    pub views: i32,
    #[diesel(skip_update)]
    pub version: i64,
    #[diesel(skip_update)]
    pub created_at: NaiveDateTime,
    #[diesel(skip_update)]
    pub updated_at: NaiveDateTime,
    #[diesel(skip_update)]
    pub deleted_at: Option<NaiveDateTime>,
}

/// No version, and a key of two columns.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable, Recorded)]
#[diesel(table_name = tags, primary_key(article_id, tag))]
pub struct Tag {
    pub article_id: i32,
    pub tag: String,
}

pub fn schema() -> handleref::schema::Schema {
    handleref::schema![Topic, Article, Tag]
}

/// The tables, as the program's own migrations make them.
pub fn tables(db: &Db) {
    db.create("CREATE TABLE topics (id {KEY} PRIMARY KEY, name {TEXT} NOT NULL)");
    db.create(
        "CREATE TABLE articles (id {KEY} PRIMARY KEY, topic_id INTEGER REFERENCES topics (id), \
         title {TEXT} NOT NULL, body {TEXT}, email {TEXT}, views INTEGER NOT NULL DEFAULT 0)",
    );
    db.create(
        "CREATE TABLE tags (article_id INTEGER NOT NULL, tag VARCHAR(64) NOT NULL, PRIMARY KEY (article_id, tag))",
    );
}

/// Installed, and nothing in it.
pub fn installed(db: &Db) {
    tables(db);
    db.install(&schema());
}

/// Does something on a connection of the database's engine.
#[macro_export]
macro_rules! on_engine {
    ($db:expr, $conn:ident => $body:expr) => {
        match $db.engine {
            #[cfg(feature = "sqlite")]
            Engine::Sqlite => {
                let $conn = &mut $db.connect::<diesel::SqliteConnection>();
                $body
            }
            #[cfg(feature = "postgres")]
            Engine::Postgres => {
                let $conn = &mut $db.connect::<diesel::PgConnection>();
                $body
            }
            #[cfg(feature = "mysql")]
            Engine::Mysql => {
                let $conn = &mut $db.connect::<diesel::MysqlConnection>();
                $body
            }
            #[allow(unreachable_patterns)]
            _ => unreachable!("its feature is off"),
        }
    };
}

/// A test on each engine, of a database that is made by a function.
#[macro_export]
macro_rules! each_database {
    ($($(#[doc = $doc:literal])* fn $name:ident($db:ident: $made:path) $body:block)*) => { $(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $crate::each_database!(@one "sqlite" sqlite, $db $made, $body);
            $crate::each_database!(@one "postgres" postgres, $db $made, $body);
            $crate::each_database!(@one "mysql" mysql, $db $made, $body);
        }
    )* };
    (@one $feature:literal $engine:ident, $db:ident $made:path, $body:block) => {
        #[cfg(feature = $feature)]
        #[test]
        fn $engine() {
            let $db = &$crate::support::Db::$engine();
            $made($db);
            $body
        }
    };
}

/// Five changesets, and something past the application:
/// 1. import: topic 3, articles 7, 8, 9 and 12, a tag.
/// 2. bob: article 7 gets a body.
/// 3. ann: titles of 7 and 12; 9 is really deleted; the tag goes.
/// 4. bob: article 12 once more.
/// 5. ann: article 8 is soft-deleted.
pub fn told(db: &Db) {
    installed(db);
    let sql = |sql: &str| sql.to_owned();
    let changesets: Vec<(ChangesetMeta, Vec<String>)> = vec![
        (
            Changeset::by("import").comment("nightly import"),
            vec![
                sql("INSERT INTO topics (id, name) VALUES (3, 'Rust')"),
                sql(
                    "INSERT INTO articles (id, topic_id, title, email) VALUES (7, 3, 'Helo world', 'a@example.org'), \
                     (8, 3, 'Spam', NULL), (9, NULL, 'Draft', NULL), (12, 3, 'Hi there', NULL)",
                ),
                sql("INSERT INTO tags (article_id, tag) VALUES (7, 'old, rust')"),
            ],
        ),
        (
            Changeset::by("bob").comment("first draft"),
            vec![sql(
                "UPDATE articles SET body = 'Once upon a time' WHERE id = 7",
            )],
        ),
        (
            Changeset::by("ann").comment("tidy up titles"),
            vec![
                sql("UPDATE articles SET title = 'Hello, world' WHERE id = 7"),
                sql("UPDATE articles SET title = 'Hi' WHERE id = 12"),
                sql("DELETE FROM articles WHERE id = 9"),
                sql("DELETE FROM tags WHERE article_id = 7"),
            ],
        ),
        (
            Changeset::by("bob"),
            vec![sql("UPDATE articles SET title = 'Bye' WHERE id = 12")],
        ),
    ];
    on_engine!(db, conn => {
        for (at, (meta, statements)) in changesets.into_iter().enumerate() {
            if at == 2 {
                diesel::sql_query("UPDATE articles SET email = 'b@example.org' WHERE id = 7").execute(conn).unwrap();
            }
            in_changeset(conn, meta, |conn| -> Result<(), handleref::Error> {
                for statement in &statements {
                    diesel::sql_query(statement).execute(conn)?;
                }
                Ok(())
            })
            .unwrap();
        }
        in_changeset(conn, Changeset::by("ann").comment("spam"), |conn| -> Result<(), handleref::Error> {
            let mut spam: Article = articles::table.find(8).select(Article::as_select()).first(conn)?;
            spam.delete(conn)?;
            Ok(())
        })
        .unwrap();
    });
}

/// That the articles are as they were told: a reading command has written nothing.
pub fn ended(db: &Db, rows: i64) {
    on_engine!(db, conn => {
        let found: i64 = articles::table.count().get_result(conn).unwrap();
        // One of the four was really deleted.
        assert_eq!(found, rows - 1);
    });
}

/// One more changeset, of one statement, by somebody with a long name.
pub fn write(db: &Db, comment: &str, statement: &str) {
    let meta = Changeset::by("a.person.with.a.long.name@example.org").comment(comment);
    on_engine!(db, conn => {
        in_changeset(conn, meta, |conn| -> Result<(), handleref::Error> {
            diesel::sql_query(statement).execute(conn)?;
            Ok(())
        })
        .unwrap();
    });
}
