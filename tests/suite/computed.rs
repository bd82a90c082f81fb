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

/// A panic while a verb writes: what was handed over is not found by the next writer.
mod panics {
    use crate::support::{Db, Done};
    use diesel::backend::Backend;
    use diesel::deserialize::{FromSql, FromSqlRow};
    use diesel::expression::AsExpression;
    use diesel::prelude::ExpressionMethods;
    use diesel::serialize::{Output, ToSql};
    use diesel::sql_types::Text;
    use diesel::{QueryDsl, Queryable, RunQueryDsl, Selectable, SelectableHelper};
    use handleref::prelude::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[derive(Debug, Clone, PartialEq, AsExpression, FromSqlRow)]
    #[diesel(sql_type = Text)]
    struct Fragile(String);

    impl<DB: Backend> ToSql<Text, DB> for Fragile
    where
        str: ToSql<Text, DB>,
    {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> diesel::serialize::Result {
            assert_ne!(self.0, "broken");
            self.0.as_str().to_sql(out)
        }
    }

    impl<DB: Backend> FromSql<Text, DB> for Fragile
    where
        String: FromSql<Text, DB>,
    {
        fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
            String::from_sql(bytes).map(Self)
        }
    }

    diesel::table! {
        notes (id) {
            id -> Integer,
            text -> Text,
            version -> BigInt,
        }
    }

    #[derive(Debug, Clone, PartialEq, Queryable, Selectable, HandleRef, Recorded)]
    #[diesel(table_name = notes)]
    #[recorded(property(long: Nullable<Bool>, with = Note::is_long))]
    struct Note {
        id: i32,
        text: Fragile,
        version: i64,
    }

    impl Note {
        fn is_long(&self) -> bool {
            self.text.0.len() > 3
        }
    }

    macro_rules! engines {
        ($($feature:literal $engine:ident $conn:ty;)*) => { $(
            #[cfg(feature = $feature)]
            #[test]
            fn $engine() -> Done {
                let db = Db::$engine();
                db.create("CREATE TABLE notes (id {KEY} PRIMARY KEY, text {TEXT} NOT NULL)");
                db.install(&handleref::schema![Note]);
                db.create("INSERT INTO notes (id, text) VALUES (1, 'one')");
                let conn = &mut db.connect::<$conn>();
                let mut note: Note = notes::table.select(Note::as_select()).first(conn)?;
                note.text = Fragile("broken".to_owned());
                assert!(catch_unwind(AssertUnwindSafe(|| note.save(conn))).is_err());
                diesel::update(notes::table).set(notes::text.eq("plain")).execute(conn)?;
                note = notes::table.select(Note::as_select()).first(conn)?;
                note.text = Fragile("saved".to_owned());
                note.save(conn)?;
                let found: Vec<Option<bool>> = Note::records()
                    .order(NoteRecords::RECORD_ID)
                    .select(NoteRecords::LONG)
                    .load(conn)?;
                assert_eq!(found, [None, None, Some(true)]);
                Ok(())
            }
        )* };
    }

    engines! {
        "sqlite" sqlite diesel::SqliteConnection;
        "postgres" postgres diesel::PgConnection;
        "mysql" mysql diesel::MysqlConnection;
    }
}
