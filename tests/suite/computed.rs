//! Properties that Rust computes.

use crate::support::{Db, each_engine};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, Queryable, Selectable, SelectableHelper};
use handleref::prelude::*;
use handleref::{Error, Operation};

diesel::table! {
    drafts (id) {
        id -> Integer,
        text -> Text,
        version -> BigInt,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, HandleRef, Recorded)]
#[diesel(table_name = drafts)]
#[recorded(
    property(words: Nullable<Integer>, with = Draft::words),
    property(first: Nullable<Text>, with = Draft::first),
    property(long: Nullable<Bool>, with = is_long)
)]
struct Draft {
    id: i32,
    text: String,
    version: i64,
    deleted_at: Option<chrono::NaiveDateTime>,
}

impl Draft {
    fn words(&self) -> i32 {
        i32::try_from(self.text.split_whitespace().count()).unwrap_or(i32::MAX)
    }
    fn first(&self) -> Option<String> {
        self.text.split_whitespace().next().map(str::to_owned)
    }
}

fn is_long(draft: &Draft) -> bool {
    draft.words() > 3
}

fn tables(db: &Db) {
    db.create("CREATE TABLE drafts (id {KEY} PRIMARY KEY, text {TEXT} NOT NULL)");
    db.install(&handleref::schema![Draft]);
    db.create("INSERT INTO drafts (id, text) VALUES (1, 'one')");
}

type Computed = (Operation, Option<i32>, Option<String>, Option<bool>);

each_engine! {
    /// The verbs on a row hand the values over; other writers know nothing of
    /// them, and what one of them left is not found by the next.
    async fn verbs_record_what_rust_computes(db: tables, conn) {
        let mut draft = go!(drafts::table.find(1).select(Draft::as_select()).first::<Draft>(conn))?;
        draft.text = "it's \\ four 'words'".to_owned();
        go!(draft.save(conn))?;
        go!(diesel::update(drafts::table.find(1)).set(drafts::text.eq("plain")).execute(conn))?;
        go!(draft.reload(conn))?;
        draft.text = String::new();
        go!(draft.save(conn))?;
        go!(draft.delete(conn))?;
        go!(draft.restore(conn))?;
        let stale = transaction!(conn, inner, {
            let mut other = draft.clone();
            other.version = 1;
            other.text = "stale".to_owned();
            go!(other.save(inner))?;
            Ok(())
        });
        assert!(matches!(stale, Err(Error::Stale { .. })));
        go!(handleref::update(drafts::table.find(1)).set(drafts::text.eq("set")).execute(conn))?;
        let found = go!(draft.history()
            .order(DraftRecords::RECORD_ID)
            .select((DraftRecords::OPERATION, DraftRecords::WORDS, DraftRecords::FIRST, DraftRecords::LONG))
            .load::<Computed>(conn))?;
        assert_eq!(found, [
            (Operation::Insert, None, None, None),
            (Operation::Update, Some(4), Some("it's".to_owned()), Some(true)),
            (Operation::Update, None, None, None),
            (Operation::Update, Some(0), None, Some(false)),
            (Operation::SoftDelete, Some(0), None, Some(false)),
            (Operation::Restore, Some(0), None, Some(false)),
            (Operation::Update, None, None, None),
        ]);
    }
}
