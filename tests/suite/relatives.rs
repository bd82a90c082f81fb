//! Properties and relatives: the cases of django-record (its tests 1 to 10),
//! and what it got wrong: relatives that are deleted, and join tables.

use crate::support::{Db, each_engine};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, Queryable, Selectable, SelectableHelper};
use handleref::prelude::*;
use handleref::{Operation, Record};
use serde::Serialize;

diesel::table! { essays { id -> Integer, title -> Text, version -> BigInt, } }
diesel::table! { replies { id -> Integer, essay_id -> Integer, text -> Text, point -> Integer, } }
diesel::table! { votes { id -> Integer, reply_id -> Integer, score -> Integer, } }
diesel::table! { essay_tags (essay_id, tag_id) { essay_id -> Integer, tag_id -> Integer, } }
diesel::table! { tags { id -> Integer, name -> Text, } }

#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, HandleRef, Recorded)]
#[diesel(table_name = essays)]
#[recorded(
    property(reply_count: BigInt, sql = "(SELECT count(*) FROM replies WHERE replies.essay_id = essays.id)"),
    property(tag_length: Nullable<BigInt>, sql = "(SELECT sum(length(tags.name)) FROM tags JOIN essay_tags \
        ON essay_tags.tag_id = tags.id WHERE essay_tags.essay_id = essays.id)"),
    relative(replies, on = "replies.essay_id = essays.id"),
    relative(essay_tags, on = "essay_tags.essay_id = essays.id"),
    relative(tags, on = "EXISTS (SELECT 1 FROM essay_tags WHERE essay_tags.tag_id = tags.id AND essay_tags.essay_id = essays.id)")
)]
struct Essay {
    id: i32,
    title: String,
    version: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Recorded)]
#[diesel(table_name = replies)]
#[recorded(
    property(essay_title: Nullable<Text>, sql = "(SELECT title FROM essays WHERE essays.id = replies.essay_id)"),
    property(total: BigInt, sql = "(SELECT coalesce(sum(score), 0) FROM votes WHERE votes.reply_id = replies.id)"),
    relative(essays, on = "essays.id = replies.essay_id"),
    relative(votes, on = "votes.reply_id = replies.id")
)]
struct Reply {
    id: i32,
    essay_id: i32,
    text: String,
    point: i32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Recorded)]
#[diesel(table_name = votes)]
#[recorded(
    property(label: Nullable<Text>, sql = "(SELECT concat(text, point) FROM replies WHERE replies.id = votes.reply_id)"),
    relative(replies, on = "replies.id = votes.reply_id")
)]
struct Vote {
    id: i32,
    reply_id: i32,
    score: i32,
}

fn tables(db: &Db) {
    db.create("CREATE TABLE essays (id {KEY} PRIMARY KEY, title {TEXT} NOT NULL)");
    db.create("CREATE TABLE replies (id {KEY} PRIMARY KEY, essay_id INTEGER NOT NULL, text {TEXT} NOT NULL, point INTEGER NOT NULL)");
    db.create("CREATE TABLE votes (id {KEY} PRIMARY KEY, reply_id INTEGER NOT NULL, score INTEGER NOT NULL)");
    db.create("CREATE TABLE tags (id {KEY} PRIMARY KEY, name {TEXT} NOT NULL)");
    db.create("CREATE TABLE essay_tags (essay_id INTEGER NOT NULL, tag_id INTEGER NOT NULL, PRIMARY KEY (essay_id, tag_id))");
    let schema = handleref::schema![Essay, Reply, Vote];
    db.install(&schema);
    db.create("INSERT INTO essays (id, title) VALUES (1, 'First'), (2, 'Second')");
    db.create("INSERT INTO replies (id, essay_id, text, point) VALUES (1, 1, 'good', 3), (2, 2, 'bad', 1)");
    db.create("INSERT INTO votes (id, reply_id, score) VALUES (1, 1, 1), (2, 1, 2), (3, 2, 5)");
}

/// Operation, version and a property of all records of a row.
macro_rules! records {
    ($conn:expr, $model:ident, $source:ident, $key:expr, $property:ident: $ty:ty) => {
        go!($model::history_of($key)
            .order($source::RECORD_ID)
            .select(($source::OPERATION, $source::VERSION, $source::$property))
            .load::<(Operation, i64, $ty)>($conn))?
    };
}

each_engine! {
    /// 1 to 5: what is changed and saved is recorded, with its properties; a
    /// vote is felt by its reply, and only by that one.
    async fn votes_and_replies(db: tables, conn) {
        let of_reply = records!(conn, Reply, ReplyRecords, 1, TOTAL: i64);
        assert_eq!(of_reply[0], (Operation::Insert, 1, 0));
        let (_, version, total) = *of_reply.last().unwrap();
        assert_eq!((version, total), (of_reply.len() as i64, 3));
        let others = records!(conn, Reply, ReplyRecords, 2, TOTAL: i64);
        db.create("UPDATE votes SET score = score + 999 WHERE id = 1");
        let after = records!(conn, Reply, ReplyRecords, 1, TOTAL: i64);
        assert_eq!(after.len(), of_reply.len() + 1);
        assert_eq!(after.last(), Some(&(Operation::Relative, version + 1, total + 999)));
        db.create("UPDATE votes SET score = score");
        assert_eq!(records!(conn, Reply, ReplyRecords, 1, TOTAL: i64), after);
        assert_eq!(records!(conn, Reply, ReplyRecords, 2, TOTAL: i64), others);
        go!(diesel::update(replies::table.filter(replies::id.eq(1))).set(replies::text.eq("better")).execute(conn))?;
        let last = go!(Reply::history_of(1)
            .order(ReplyRecords::RECORD_ID.desc())
            .select((Record::<Reply>::as_select(), ReplyRecords::ESSAY_TITLE))
            .first::<(Record<Reply>, Option<String>)>(conn))?;
        assert_eq!((last.0.row.text.as_str(), last.0.operation, last.1.as_deref()),
            ("better", Operation::Update, Some("First")));
    }

    /// 6 and 7: the title of an essay is a property of its replies.
    async fn an_essay_is_felt_by_its_replies(db: tables, conn) {
        let before = records!(conn, Reply, ReplyRecords, 1, ESSAY_TITLE: Option<String>);
        go!(diesel::update(essays::table.find(1)).set(essays::title.eq("Renamed")).execute(conn))?;
        let after = records!(conn, Reply, ReplyRecords, 1, ESSAY_TITLE: Option<String>);
        assert_eq!(after.len(), before.len() + 1);
        assert_eq!(after.last().unwrap().2.as_deref(), Some("Renamed"));
        assert_eq!(records!(conn, Reply, ReplyRecords, 2, ESSAY_TITLE: Option<String>).last().unwrap().2.as_deref(), Some("Second"));
        db.create("UPDATE essays SET title = title");
        assert_eq!(records!(conn, Reply, ReplyRecords, 1, ESSAY_TITLE: Option<String>), after);
    }

    /// 8 and 9: two columns of a reply are one property of its votes.
    async fn a_reply_is_felt_by_its_votes(db: tables, conn) {
        let before = records!(conn, Vote, VoteRecords, 1, LABEL: Option<String>);
        assert_eq!(before.last().unwrap().2.as_deref(), Some("good3"));
        db.create("UPDATE replies SET text = 'great', point = 9 WHERE id = 1");
        let after = records!(conn, Vote, VoteRecords, 1, LABEL: Option<String>);
        assert_eq!((after.len(), after.last().unwrap().2.as_deref()), (before.len() + 1, Some("great9")));
        db.create("UPDATE replies SET text = 'great', point = 9 WHERE id = 1");
        assert_eq!(records!(conn, Vote, VoteRecords, 1, LABEL: Option<String>), after);
    }

    /// A relative that is inserted, moved or deleted, and links of a join table.
    /// The version of the object itself is not raised.
    async fn relatives_come_and_go(db: tables, conn) {
        let count = |records: &[(Operation, i64, i64)]| records.last().map(|(operation, version, count)| (*operation, *version, *count));
        db.create("INSERT INTO replies (id, essay_id, text, point) VALUES (3, 1, 'x', 1)");
        assert_eq!(count(&records!(conn, Essay, EssayRecords, 1, REPLY_COUNT: i64)), Some((Operation::Relative, 1, 2)));
        db.create("UPDATE replies SET essay_id = 2 WHERE id = 3");
        assert_eq!(count(&records!(conn, Essay, EssayRecords, 1, REPLY_COUNT: i64)), Some((Operation::Relative, 1, 1)));
        assert_eq!(count(&records!(conn, Essay, EssayRecords, 2, REPLY_COUNT: i64)), Some((Operation::Relative, 1, 2)));
        db.create("DELETE FROM replies WHERE essay_id = 2");
        assert_eq!(count(&records!(conn, Essay, EssayRecords, 2, REPLY_COUNT: i64)), Some((Operation::Relative, 1, 0)));

        let lengths = records!(conn, Essay, EssayRecords, 1, TAG_LENGTH: Option<i64>).len();
        db.create("INSERT INTO tags (id, name) VALUES (1, 'four'), (2, 'sixsix')");
        assert_eq!(records!(conn, Essay, EssayRecords, 1, TAG_LENGTH: Option<i64>).len(), lengths, "not linked yet");
        db.create("INSERT INTO essay_tags (essay_id, tag_id) VALUES (1, 1), (1, 2)");
        assert_eq!(records!(conn, Essay, EssayRecords, 1, TAG_LENGTH: Option<i64>).last().unwrap().2, Some(10));
        db.create("UPDATE tags SET name = 'five5' WHERE id = 1");
        assert_eq!(records!(conn, Essay, EssayRecords, 1, TAG_LENGTH: Option<i64>).last().unwrap().2, Some(11));
        db.create("DELETE FROM essay_tags WHERE tag_id = 2");
        assert_eq!(records!(conn, Essay, EssayRecords, 1, TAG_LENGTH: Option<i64>).last().unwrap().2, Some(5));
        let essay = go!(essays::table.find(1).select(Essay::as_select()).first::<Essay>(conn))?;
        assert_eq!(essay.version, 1);
        // What is changed afterwards goes on from here.
        go!(handleref::update(essays::table.find(1)).set(essays::title.eq("New")).execute(conn))?;
        let all = records!(conn, Essay, EssayRecords, 1, TAG_LENGTH: Option<i64>);
        assert_eq!(all.last(), Some(&(Operation::Update, 2, Some(5))));
    }

    /// 10: no two records of one object that follow each other are the same.
    async fn no_record_repeats_another(db: tables, conn) {
        for round in 0..40 {
            let id = round % 7 + 1;
            match round % 5 {
                0 => db.create(&format!("DELETE FROM votes WHERE id = {id}")),
                1 => db.create(&format!("UPDATE replies SET point = {round} / 2 WHERE id < {id}")),
                2 => db.create(&format!("UPDATE votes SET score = score + {} WHERE reply_id = 1", round % 2)),
                3 => db.create(&format!("UPDATE essays SET title = '{}' WHERE id = 1", round % 3)),
                _ => db.create(&format!("INSERT INTO votes (id, reply_id, score) VALUES ({}, {}, {round})", round + 10, round % 2 + 1)),
            }
        }
        macro_rules! differ {
            ($model:ident, $source:ident, $id:expr, ($($property:ident: $ty:ty),+), $least:expr) => {
                let all = go!($model::records()
                    .order(($id, $source::RECORD_ID))
                    .select(($source::OPERATION, ($model::as_select(), $($source::$property),+)))
                    .load::<(Operation, ($model, $($ty),+))>(conn))?;
                assert!(all.len() > $least, "{}", all.len());
                for pair in all.windows(2) {
                    // A delete shows the row as it was last.
                    assert!(pair[0].1 != pair[1].1 || pair[1].0 == Operation::Delete, "{pair:?}");
                }
            };
        }
        differ!(Reply, ReplyRecords, replies::id, (TOTAL: i64, ESSAY_TITLE: Option<String>), 20);
        differ!(Essay, EssayRecords, essays::id, (REPLY_COUNT: i64, TAG_LENGTH: Option<i64>), 4);
        differ!(Vote, VoteRecords, votes::id, (LABEL: Option<String>), 12);
    }
}
