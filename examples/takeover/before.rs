//! The application as it is: its tables, its models, its queries. Nothing in here knows handleref.

use diesel::prelude::*;

use super::values::{Price, Role, Settings, Status};
use super::{Conn, Id};

diesel::table! {
    use diesel::sql_types::*;
    use super::super::{IdSql, SettingsSql};
    members (id) { id -> IdSql, email -> Text, role -> Text, settings -> SettingsSql, }
}
diesel::table! {
    topics (id) { id -> Integer, name -> Text, }
}
diesel::table! {
    authors (id) { id -> Integer, name -> Text, }
}
diesel::table! {
    use diesel::sql_types::*;
    use super::super::{IdSql, PriceSql};
    books (id) {
        id -> IdSql,
        topic_id -> Integer,
        title -> Text,
        price -> PriceSql,
        status -> Text,
        blurb -> Nullable<Text>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}
diesel::table! {
    use diesel::sql_types::*;
    use super::super::IdSql;
    book_authors (book_id, author_id) { book_id -> IdSql, author_id -> Integer, }
}
diesel::table! {
    use diesel::sql_types::*;
    use super::super::IdSql;
    orders (id) { id -> Integer, member_id -> IdSql, note -> Nullable<Text>, }
}
diesel::table! {
    use diesel::sql_types::*;
    use super::super::{IdSql, PriceSql};
    order_lines (order_id, line) {
        order_id -> Integer,
        line -> Integer,
        book_id -> IdSql,
        copies -> Integer,
        price -> PriceSql,
    }
}
diesel::joinable!(books -> topics (topic_id));
diesel::joinable!(book_authors -> books (book_id));
diesel::joinable!(book_authors -> authors (author_id));
diesel::joinable!(orders -> members (member_id));
diesel::joinable!(order_lines -> orders (order_id));
diesel::allow_tables_to_appear_in_same_query!(
    members,
    topics,
    authors,
    books,
    book_authors,
    orders,
    order_lines
);

#[derive(Debug, Clone, Queryable, Selectable)]
pub struct Member {
    pub id: Id,
    pub email: String,
    pub role: Role,
    pub settings: Settings,
}

#[derive(Insertable)]
#[diesel(table_name = order_lines)]
pub struct NewLine {
    pub order_id: i32,
    pub line: i32,
    pub book_id: Id,
    pub copies: i32,
    pub price: Price,
}

/// What is on sale about a topic.
pub fn shelf(conn: &mut Conn, topic: &str) -> QueryResult<Vec<(String, Price)>> {
    books::table
        .inner_join(topics::table)
        .filter(topics::name.eq(topic).and(books::status.eq(Status::OnSale)))
        .select((books::title, books::price))
        .order(books::title)
        .load(conn)
}

pub fn written_by(conn: &mut Conn, author: &str) -> QueryResult<Vec<String>> {
    book_authors::table
        .inner_join(books::table)
        .inner_join(authors::table)
        .filter(authors::name.eq(author))
        .select(books::title)
        .order(books::title)
        .load(conn)
}

pub fn member(conn: &mut Conn, email: &str) -> QueryResult<Member> {
    members::table
        .filter(members::email.eq(email))
        .select(Member::as_select())
        .first(conn)
}

/// What all orders of a member cost together.
pub fn spent(conn: &mut Conn, email: &str) -> QueryResult<Price> {
    let lines: Vec<(i32, Price)> = order_lines::table
        .inner_join(orders::table.inner_join(members::table))
        .filter(members::email.eq(email))
        .select((order_lines::copies, order_lines::price))
        .load(conn)?;
    Ok(Price(
        lines
            .into_iter()
            .map(|(copies, price)| i64::from(copies) * price.0)
            .sum(),
    ))
}

pub fn reprice(conn: &mut Conn, title: &str, price: Price) -> QueryResult<usize> {
    diesel::update(books::table.filter(books::title.eq(title)))
        .set(books::price.eq(price))
        .execute(conn)
}

pub fn choose(conn: &mut Conn, email: &str, settings: &Settings) -> QueryResult<usize> {
    diesel::update(members::table.filter(members::email.eq(email)))
        .set(members::settings.eq(settings))
        .execute(conn)
}

/// Orders a copy of a book, as the order `id`.
pub fn order(conn: &mut Conn, id: i32, member: &Member, title: &str) -> QueryResult<()> {
    conn.transaction(|conn| {
        let (book_id, price): (Id, Price) = books::table
            .filter(books::title.eq(title))
            .select((books::id, books::price))
            .first(conn)?;
        diesel::insert_into(orders::table)
            .values((orders::id.eq(id), orders::member_id.eq(&member.id)))
            .execute(conn)?;
        let line = NewLine {
            order_id: id,
            line: 1,
            book_id,
            copies: 1,
            price,
        };
        diesel::insert_into(order_lines::table)
            .values(line)
            .execute(conn)?;
        Ok(())
    })
}
