//! The life of an article: one derive, an embedded SQLite database, no set-up.
//!
//! `cargo run --example quickstart`

// `diesel::table!` writes public items without documentation.
#![allow(missing_docs)]

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use handleref::prelude::*;
use handleref::{Error, Outcome};

diesel::table! {
    topics (id) {
        id -> Integer,
        name -> Text,
        version -> BigInt,
        created_at -> TimestamptzSqlite,
        updated_at -> TimestamptzSqlite,
        deleted_at -> Nullable<TimestamptzSqlite>,
    }
}

diesel::table! {
    articles (id) {
        id -> Integer,
        topic_id -> Integer,
        title -> Text,
        version -> BigInt,
        created_at -> TimestamptzSqlite,
        updated_at -> TimestamptzSqlite,
        deleted_at -> Nullable<TimestamptzSqlite>,
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = topics)]
#[handleref(cascade(Article))]
struct Topic {
    id: i32,
    name: String,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    deleted_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = articles)]
#[handleref(tag = "art", parent(Topic))]
struct Article {
    id: i32,
    topic_id: i32,
    title: String,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    deleted_at: Option<DateTime<Utc>>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let conn = &mut SqliteConnection::establish(":memory:")?;

    println!(
        "1. Two ordinary tables. `schema!` adds the managed columns, their indexes and a guard."
    );
    conn.batch_execute(
        "CREATE TABLE topics (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
         CREATE TABLE articles (id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, title TEXT NOT NULL);",
    )?;
    let plan = handleref::schema![Topic, Article].install(conn)?;
    println!(
        "   {} statements; a second install has {}.",
        plan.up().len(),
        handleref::schema![Topic, Article].plan(conn)?.up().len()
    );

    diesel::insert_into(topics::table)
        .values(topics::name.eq("Rust"))
        .execute(conn)?;
    for title in ["Ownership", "Lifetimes", "Borowing"] {
        diesel::insert_into(articles::table)
            .values((articles::topic_id.eq(1), articles::title.eq(title)))
            .execute(conn)?;
    }
    let start: Option<DateTime<Utc>> = Article::last_change().get_result(conn)?;
    print_articles(conn, "\n2. Three articles, version 1:")?;

    let mut article: Article = articles::table
        .find(3)
        .select(Article::as_select())
        .first(conn)?;
    let mut colleague = article.clone();
    article.title = "Borrowing".to_owned();
    println!(
        "\n3. {} is saved: {:?}, now version {}.",
        article.handle()?,
        article.save(conn)?,
        article.version
    );
    println!(
        "   Saved again, nothing differs: {:?}.",
        article.save(conn)?
    );
    colleague.title = "Borrowing, and why".to_owned();
    match colleague.save(conn) {
        Err(error @ Error::Stale { .. }) => println!("   A colleague with the old copy: {error}."),
        other => println!("   unexpected: {other:?}"),
    }

    std::thread::sleep(std::time::Duration::from_millis(2));
    handleref::update(articles::table.filter(articles::id.le(2)))
        .set(articles::title.eq(diesel::dsl::sql::<diesel::sql_types::Text>("title || '!'")))
        .execute(conn)?;
    diesel::sql_query("UPDATE articles SET title = upper(title) WHERE id = 1").execute(conn)?;
    print_articles(
        conn,
        "\n4. A set updated in one statement, and one row by SQL that knows nothing of versions:",
    )?;

    handleref::delete(articles::table.find(2)).execute(conn)?;
    let mut topic: Topic = topics::table.first(conn)?;
    assert_eq!(topic.delete(conn)?, Outcome::Written);
    let (live, deleted): (i64, i64) = (
        Article::undeleted().count().get_result(conn)?,
        Article::deleted().count().get_result(conn)?,
    );
    println!(
        "\n5. Article 2 deleted, then the topic {:?} with what it holds: {live} live, {deleted} deleted.",
        topic.name
    );

    article.reload(conn)?;
    match article.restore(conn) {
        Err(error @ Error::ParentDeleted { .. }) => {
            println!("   Restore an article alone? {error}.");
        }
        other => println!("   unexpected: {other:?}"),
    }
    topic.restore(conn)?;
    let age = (topic.updated_at - topic.created_at).num_milliseconds();
    println!(
        "   {} restored {age} ms after its creation; version {}.",
        topic.handle()?,
        topic.version
    );
    print_articles(
        conn,
        "\n6. The topic restored, and with it exactly what its deletion removed (not article 2):",
    )?;

    if let Some(start) = start {
        println!("\n7. What a mirror that looked after step 2 has to fetch now:");
        for article in Article::with_deleted()
            .since(start)
            .order(articles::id)
            .load::<Article>(conn)?
        {
            let state = if article.deleted_at.is_some() {
                "deleted"
            } else {
                "live"
            };
            println!(
                "   {} version {} {state}, created {}",
                article.handle()?,
                article.version,
                article.created_at.date_naive()
            );
        }
    }
    println!(
        "\n8. The schema is as it should be: {}",
        handleref::schema![Topic, Article].check(conn)?.is_ok()
    );
    Ok(())
}

fn print_articles(
    conn: &mut SqliteConnection,
    headline: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    println!("{headline}");
    for article in Article::undeleted()
        .order(articles::id)
        .load::<Article>(conn)?
    {
        println!(
            "   {:<5} version {}  {}",
            article.handle()?,
            article.version,
            article.title
        );
    }
    Ok(())
}
