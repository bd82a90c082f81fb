//! The life of an article, and its past: both derives, an embedded database, no set-up.
//!
//! `cargo run --example quickstart`; the tutorial of five minutes goes through it.

// `diesel::table!` writes public items without documentation.
#![allow(missing_docs)]

use chrono::NaiveDateTime;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use handleref::history::{Now, latest_record};
use handleref::prelude::*;
use handleref::{
    Changeset, Cursor, Error, changes, changeset::undo_plan, changesets, in_changeset,
};

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
        version -> BigInt,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(Debug, Clone, Queryable, Selectable, serde::Serialize, HandleRef, Recorded)]
struct Article {
    id: i32,
    title: String,
    version: i64,
    updated_at: NaiveDateTime,
    deleted_at: Option<NaiveDateTime>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let conn = &mut SqliteConnection::establish(":memory:")?;

    // An ordinary table; `install` adds the managed columns, a table for the records, and triggers.
    conn.batch_execute("CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT NOT NULL)")?;
    handleref::schema![Article].install(conn)?;
    diesel::insert_into(articles::table)
        .values(&[articles::title.eq("Helo"), articles::title.eq("Draft")])
        .execute(conn)?;

    println!("1. Life");
    let mut article: Article = articles::table.find(1).first(conn)?;
    let mut copy = article.clone();
    article.title = "Hello".to_owned();
    article.save(conn)?;
    println!(
        "   saved: {} is version {}",
        article.handle()?,
        article.version
    );
    copy.title = "Hullo".to_owned();
    match copy.save(conn) {
        Err(error @ Error::Stale { .. }) => println!("   somebody with an old copy: {error}"),
        other => println!("   unexpected: {other:?}"),
    }
    article.delete(conn)?;
    let live: i64 = Article::undeleted().count().get_result(conn)?;
    println!("   deleted: {live} article is live, the row is still there");
    article.restore(conn)?;

    println!("2. The past");
    let before = latest_record(conn)?;
    conn.batch_execute("UPDATE articles SET title = upper(title)")?; // any writer is recorded
    let history = article.history().order(ArticleRecords::RECORD_ID);
    for record in history.whole().load(conn)? {
        println!(
            "   version {}: {} {:?}",
            record.version, record.operation, record.row.title
        );
    }
    let titles = articles::table.select(articles::title); // any query, in the past
    let then: Vec<String> = titles.as_of::<Article>(before).load(conn)?;
    println!("   before the last update: {then:?}");
    println!("   {}", article.diff(conn, 1, Now)?);

    println!("3. Who and why");
    let meta = Changeset::by("ann").comment("tidy up");
    in_changeset(conn, meta, |conn| {
        diesel::update(articles::table.find(1))
            .set(articles::title.eq("Hello"))
            .execute(conn)?;
        diesel::delete(articles::table.find(2)).execute(conn)
    })?;
    let changeset = &changesets().by("ann").load(conn)?[0];
    println!("   {changeset}");
    println!("{}", changeset.changes::<Article>().load(conn)?);
    let undo = undo_plan::<Article>(changeset.no).meta(Changeset::by("bob").comment("we need it"));
    undo.load(conn)?.apply(conn)?;
    println!(
        "   undone: {} articles",
        articles::table.count().get_result::<i64>(conn)?
    );

    println!("4. What changed since");
    let mut cursor = Cursor::beginning();
    loop {
        let batch = changes::<Article>().since(&cursor).limit(5).load(conn)?;
        for change in &batch.changes {
            println!("   {} {} {}", change.operation, change.model, change.key);
        }
        cursor = batch.cursor; // a text to keep: the next time, only what is new
        if !batch.more {
            break;
        }
    }
    Ok(())
}
