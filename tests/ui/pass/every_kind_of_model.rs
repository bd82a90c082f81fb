//! Models of every kind, on SQLite.

use chrono::NaiveDateTime;
use diesel::connection::SimpleConnection;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Integer, Text};
use diesel::sqlite::{Sqlite, SqliteValue};
use handleref::prelude::*;
use handleref::{Error, Outcome};

diesel::table! { articles (id) { id -> Integer, tenant_id -> Integer, title -> Text, note -> Nullable<Text>, version -> BigInt, created_at -> Timestamp, updated_at -> Timestamp, deleted_at -> Nullable<Timestamp>, } }
diesel::table! { comments (id) { id -> Integer, article_id -> Integer, deleted_at -> Nullable<Timestamp>, } }
diesel::table! { replies (id) { id -> Integer, parent_comment -> Integer, deleted_at -> Nullable<Timestamp>, } }
diesel::table! { categorys (id) { id -> Integer, parent_id -> Nullable<Integer>, deleted_at -> Nullable<Timestamp>, } }
diesel::table! { tickets (id) { id -> Integer, status -> Nullable<Text>, version -> Integer, } }
diesel::table! { orders (id) { id -> Integer, state -> Text, removed -> Nullable<Timestamp>, changed -> Timestamp, } }
diesel::table! { links (left, right) { left -> Integer, right -> Text, weight -> Integer, version -> SmallInt, } }
diesel::table! { pages (slug) { slug -> Text, body -> Text, updated -> Timestamp, created -> Timestamp, } }
diesel::table! { blobs (hash) { hash -> Binary, size -> BigInt, status -> Integer, } }
diesel::table! { odd (key) { key -> Integer, #[sql_name = "type"] kind -> Text, points -> Integer, rev -> BigInt, } }

#[derive(Debug, Clone, Queryable, Selectable, Identifiable, HandleRef)]
#[handleref(
    tag = "art",
    options(icon = "page", r#type = "x"),
    unique(tenant_id, title),
    cascade(Comment)
)]
struct Article {
    id: i32,
    tenant_id: i32,
    #[handleref(unique)]
    title: String,
    note: Option<String>,
    version: i64,
    #[allow(dead_code)]
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    deleted_at: Option<NaiveDateTime>,
}

#[derive(Debug, Clone, Queryable, Selectable, Identifiable, Associations, HandleRef)]
#[diesel(belongs_to(Article))]
#[handleref(parent(Article), cascade(self::Reply))]
struct Comment {
    id: i32,
    article_id: i32,
    deleted_at: Option<NaiveDateTime>,
}

#[derive(Debug, Clone, Queryable, Selectable, Identifiable, Associations, HandleRef)]
#[diesel(table_name = replies, belongs_to(Comment, foreign_key = parent_comment))]
#[handleref(parent(Comment))]
struct Reply {
    id: i32,
    parent_comment: i32,
    deleted_at: Option<NaiveDateTime>,
}

#[derive(Debug, Clone, Queryable, Selectable, Identifiable, HandleRef)]
#[handleref(parent(Category, foreign_key = parent_id), cascade(Category))]
struct Category {
    id: i32,
    parent_id: Option<i32>,
    deleted_at: Option<NaiveDateTime>,
}

/// A status by name, with the default values; nullable.
#[derive(Debug, Clone, Queryable, Selectable, Identifiable, HandleRef)]
struct Ticket {
    id: i32,
    #[handleref(status)]
    status: Option<String>,
    version: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
enum State {
    Open,
    Paid,
    Removed,
}

impl ToSql<Text, Sqlite> for State {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(match self {
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Removed => "removed",
        });
        Ok(IsNull::No)
    }
}

impl FromSql<Text, Sqlite> for State {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(
            match <String as FromSql<Text, Sqlite>>::from_sql(value)?.as_str() {
                "open" => Self::Open,
                "paid" => Self::Paid,
                _ => Self::Removed,
            },
        )
    }
}

/// A status of an enum, beside a timestamp; both under names of their own.
#[derive(Debug, Clone, Queryable, Selectable, Identifiable, HandleRef)]
struct Order {
    id: i32,
    #[handleref(status(deleted = State::Removed, live = State::Open))]
    state: State,
    #[handleref(deleted_at)]
    removed: Option<NaiveDateTime>,
    #[handleref(updated_at)]
    changed: NaiveDateTime,
}

#[derive(Debug, Clone, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(primary_key(left, right))]
struct Link {
    left: i32,
    right: String,
    weight: i32,
    version: i16,
}

#[derive(Debug, Clone, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(primary_key(slug))]
struct Page {
    slug: String,
    body: String,
    updated: NaiveDateTime,
    #[allow(dead_code)]
    created: NaiveDateTime,
}

#[derive(Debug, Clone, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(primary_key(hash))]
struct Blob {
    hash: Vec<u8>,
    size: i64,
    // No role: this kind of status is not text.
    status: i32,
}

/// Renamed columns, and one that is stored as another type.
#[derive(Debug, Clone, Queryable, Selectable, HandleRef)]
#[diesel(table_name = odd, primary_key(key))]
struct Odd {
    #[diesel(column_name = key)]
    number: i32,
    #[diesel(column_name = "kind")]
    r#type: String,
    #[diesel(serialize_as = Stored, deserialize_as = i32)]
    points: Points,
    #[handleref(version)]
    rev: i64,
}

#[derive(Debug, Clone, PartialEq)]
struct Points(i32);

impl From<i32> for Points {
    fn from(points: i32) -> Self {
        Self(points)
    }
}

#[derive(Debug, AsExpression)]
#[diesel(sql_type = Integer)]
struct Stored(i32);

impl From<Points> for Stored {
    fn from(points: Points) -> Self {
        Self(points.0)
    }
}

impl ToSql<Integer, Sqlite> for Stored {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        ToSql::<Integer, Sqlite>::to_sql(&self.0, out)
    }
}

fn connect(schema: &str) -> SqliteConnection {
    let mut conn = SqliteConnection::establish(":memory:").unwrap();
    conn.batch_execute(schema).unwrap();
    conn
}

const NOW: &str = "TIMESTAMP NOT NULL DEFAULT '2026-01-01 00:00:00'";

fn everything() {
    let conn = &mut connect(&format!(
        "CREATE TABLE articles (id INTEGER PRIMARY KEY, tenant_id INTEGER NOT NULL DEFAULT 1, title TEXT NOT NULL, note TEXT,
             version BIGINT NOT NULL DEFAULT 1, created_at {NOW}, updated_at {NOW}, deleted_at TIMESTAMP);
         CREATE TABLE comments (id INTEGER PRIMARY KEY, article_id INTEGER NOT NULL, deleted_at TIMESTAMP);
         CREATE TABLE replies (id INTEGER PRIMARY KEY, parent_comment INTEGER NOT NULL, deleted_at TIMESTAMP);
         INSERT INTO articles (id, title) VALUES (1, 'one'), (2, 'two');
         INSERT INTO comments (id, article_id) VALUES (1, 1), (2, 1), (3, 2);
         INSERT INTO replies (id, parent_comment) VALUES (1, 1), (2, 3);"
    ));
    assert_eq!(Article::TAG, "art");
    assert_eq!(Article::option("icon"), Some("page"));
    assert_eq!(Article::option("type"), Some("x"));
    assert_eq!(Article::UNIQUE, [&["title"][..], &["tenant_id", "title"]]);
    let mut article: Article = Article::undeleted().find(1).first(conn).unwrap();
    assert_eq!(article.handle().unwrap(), "art1");
    assert_eq!(article.ref_option("icon"), Some("page"));

    article.note = Some("x".into());
    assert_eq!(article.save(conn).unwrap(), Outcome::Written);
    assert_eq!(article.save(conn).unwrap(), Outcome::Unchanged);
    assert_eq!(article.version(), 2);
    let mut stale = Article {
        version: 1,
        tenant_id: 7,
        ..article.clone()
    };
    assert!(matches!(
        stale.save(conn),
        Err(Error::Stale {
            expected: 1,
            found: 2,
            ..
        })
    ));
    assert_eq!(Article::since(1).count().get_result(conn), Ok(1_i64));
    assert_eq!(Article::until(1).count().get_result(conn), Ok(1_i64));
    assert_eq!(
        Article::since(article.updated_at).count().get_result(conn),
        Ok(0_i64)
    );

    assert_eq!(article.delete(conn).unwrap(), Outcome::Written);
    assert!(article.deleted_at.is_some());
    assert_eq!(
        Comment::undeleted().select(comments::id).load(conn),
        Ok(vec![3])
    );
    assert_eq!(
        Reply::undeleted().select(replies::id).load(conn),
        Ok(vec![2])
    );
    let mut comment: Comment = Comment::deleted().find(1).first(conn).unwrap();
    assert!(matches!(
        comment.restore(conn),
        Err(Error::ParentDeleted { .. })
    ));
    assert_eq!(article.restore(conn).unwrap(), Outcome::Written);
    assert_eq!(Comment::undeleted().count().get_result(conn), Ok(3_i64));
    assert_eq!(Reply::undeleted().count().get_result(conn), Ok(2_i64));
}

fn a_tree() {
    let conn = &mut connect(
        "CREATE TABLE categorys (id INTEGER PRIMARY KEY, parent_id INTEGER, deleted_at TIMESTAMP);
         INSERT INTO categorys (id, parent_id) VALUES (1, NULL), (2, 1), (3, 2), (4, NULL);",
    );
    let mut root: Category = Category::undeleted().find(1).first(conn).unwrap();
    root.delete(conn).unwrap();
    assert_eq!(
        Category::undeleted().select(categorys::id).load(conn),
        Ok(vec![4])
    );
    let mut leaf: Category = Category::deleted().find(3).first(conn).unwrap();
    assert!(matches!(
        leaf.restore(conn),
        Err(Error::ParentDeleted { .. })
    ));
    root.restore(conn).unwrap();
    assert_eq!(Category::undeleted().count().get_result(conn), Ok(4_i64));
}

fn a_status_of_text() {
    let conn = &mut connect(
        "CREATE TABLE tickets (id INTEGER PRIMARY KEY, status TEXT, version INTEGER NOT NULL);
         INSERT INTO tickets VALUES (1, 'ok', 1), (2, NULL, 1), (3, 'deleted', 1), (4, 'pending', 1);",
    );
    assert_eq!(
        Ticket::undeleted().select(tickets::id).load(conn),
        Ok(vec![1, 2, 4])
    );
    assert_eq!(
        Ticket::deleted().select(tickets::id).load(conn),
        Ok(vec![3])
    );
    let mut ticket: Ticket = tickets::table.find(4).first(conn).unwrap();
    ticket.delete(conn).unwrap();
    assert_eq!(
        (
            ticket.status.as_deref(),
            ticket.version,
            ticket.deleted_mark()
        ),
        (Some("deleted"), 2, true)
    );
    assert!(matches!(ticket.save(conn), Err(Error::Deleted { .. })));
    ticket.restore(conn).unwrap();
    assert_eq!((ticket.status.as_deref(), ticket.version), (Some("ok"), 3));
    ticket.status = None;
    assert_eq!(ticket.save(conn).unwrap(), Outcome::Written);
    assert_eq!(Ticket::since(1).select(tickets::id).load(conn), Ok(vec![4]));
}

fn a_status_of_an_enum_beside_a_timestamp() {
    let conn = &mut connect(&format!(
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, state TEXT NOT NULL, removed TIMESTAMP, changed {NOW});
         INSERT INTO orders (id, state) VALUES (1, 'open'), (2, 'paid');"
    ));
    let mut order: Order = Order::undeleted().find(2).first(conn).unwrap();
    let before = order.changed;
    order.delete(conn).unwrap();
    assert!(order.state == State::Removed && order.removed.is_some() && order.changed > before);
    assert_eq!(Order::deleted().select(orders::id).load(conn), Ok(vec![2]));
    order.restore(conn).unwrap();
    assert!(order.state == State::Open && order.removed.is_none());
    order.state = State::Paid;
    order.save(conn).unwrap();
    assert_eq!(
        Order::since(before).select(orders::id).load(conn),
        Ok(vec![2])
    );
    let last: Option<NaiveDateTime> = Order::last_change().first(conn).unwrap();
    assert_eq!(last, Some(order.changed));
}

fn a_composite_key_and_a_version() {
    let conn = &mut connect(
        "CREATE TABLE links (left INTEGER, right TEXT, weight INTEGER NOT NULL, version SMALLINT NOT NULL, PRIMARY KEY (left, right));
         INSERT INTO links VALUES (1, 'a', 0, 1), (1, 'b', 0, 1);",
    );
    let mut link: Link = links::table.find((1, "b")).first(conn).unwrap();
    assert_eq!(link.handle().unwrap(), "link-1,b");
    link.weight = 5;
    link.save(conn).unwrap();
    assert_eq!(link.version, 2);
    assert_eq!(
        Link::since(1_i64).select(links::right).load::<String>(conn),
        Ok(vec!["b".to_owned()])
    );
    link.hard_delete(conn).unwrap();
    assert!(matches!(link.reload(conn), Err(Error::Gone { .. })));
}

fn a_text_key_and_timestamps() {
    let conn = &mut connect(&format!(
        "CREATE TABLE pages (slug TEXT PRIMARY KEY, body TEXT NOT NULL, updated {NOW}, created {NOW});
         INSERT INTO pages (slug, body) VALUES ('home', ''), ('about', '');"
    ));
    let mut page: Page = pages::table.find("home").first(conn).unwrap();
    let before = page.updated;
    page.body = "text".into();
    page.save(conn).unwrap();
    assert!(page.updated > before);
    assert_eq!(
        Page::since(before).select(pages::slug).load::<String>(conn),
        Ok(vec!["home".to_owned()])
    );
    assert_eq!(Page::parse_handle("page-home"), Ok("home".to_owned()));
}

fn a_key_of_bytes_and_nothing_else() {
    let conn = &mut connect(
        "CREATE TABLE blobs (hash BLOB PRIMARY KEY, size BIGINT NOT NULL, status INTEGER NOT NULL);
         INSERT INTO blobs VALUES (X'00ff', 1, 2);",
    );
    let mut blob: Blob = Blob::with_deleted().first(conn).unwrap();
    assert_eq!(blob.handle().unwrap(), "blob-00ff");
    blob.size = 2;
    assert_eq!(blob.save(conn).unwrap(), Outcome::Written);
    assert_eq!(blob.save(conn).unwrap(), Outcome::Unchanged);
    blob.reload(conn).unwrap();
    assert_eq!((blob.size, blob.status), (2, 2));
}

fn renamed_columns_and_a_converted_one() {
    let conn = &mut connect(
        "CREATE TABLE odd (key INTEGER PRIMARY KEY, type TEXT NOT NULL, points INTEGER NOT NULL, rev BIGINT NOT NULL);
         INSERT INTO odd VALUES (1, 'a', 3, 1);",
    );
    let mut row: Odd = odd::table.first(conn).unwrap();
    assert_eq!(row.save(conn).unwrap(), Outcome::Unchanged);
    row.points = Points(4);
    row.r#type = "b".into();
    assert_eq!(row.save(conn).unwrap(), Outcome::Written);
    row.reload(conn).unwrap();
    assert_eq!(
        (row.points, row.r#type.as_str(), row.rev),
        (Points(4), "b", 2)
    );
}

fn main() {
    everything();
    a_tree();
    a_status_of_text();
    a_status_of_an_enum_beside_a_timestamp();
    a_composite_key_and_a_version();
    a_text_key_and_timestamps();
    a_key_of_bytes_and_nothing_else();
    renamed_columns_and_a_converted_one();
}
