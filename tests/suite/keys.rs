//! Keys of every kind: rows, handles and families.

use crate::support::ddl::keys;
use crate::support::each_engine;
use chrono::NaiveDateTime;
use diesel::prelude::ExpressionMethods;
use diesel::{Identifiable, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper};
use handleref::model::HandleError;
use handleref::prelude::*;
use handleref::{Error, Outcome};

macro_rules! model {
    ($(#[$meta:meta])* $model:ident $table:ident ($($key:ident: $rust:ty => $sql:ty),+)) => {
        diesel::table! {
            $table ($($key),+) {
                $($key -> $sql,)+
                note -> Nullable<Text>,
                version -> BigInt,
                deleted_at -> Nullable<Timestamp>,
            }
        }

        #[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, Insertable, HandleRef)]
        #[diesel(table_name = $table)]
        #[diesel(primary_key($($key),+))]
        $(#[$meta])*
        pub struct $model {
            $(pub $key: $rust,)+
            pub note: Option<String>,
            #[diesel(skip_insertion)]
            pub version: i64,
            #[diesel(skip_insertion)]
            pub deleted_at: Option<NaiveDateTime>,
        }
    };
}

model!(#[handleref(tag = "big")] BigKey big_keys (id: i64 => BigInt));
model!(#[handleref(tag = "text")] TextKey text_keys (id: String => Text));
model!(#[handleref(tag = "bin")] BinaryKey binary_keys (id: Vec<u8> => Binary));
model!(#[handleref(tag = "pair", cascade(PairChild))] PairKey pair_keys (a: i32 => Integer, b: String => Text));

diesel::table! {
    pair_children (id) {
        id -> Integer,
        pair_a -> Nullable<Integer>,
        pair_b -> Nullable<Text>,
        version -> BigInt,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = pair_children)]
#[handleref(parent(PairKey, foreign_key = (pair_a, pair_b)))]
pub struct PairChild {
    pub id: i32,
    pub pair_a: Option<i32>,
    pub pair_b: Option<String>,
    pub version: i64,
    pub deleted_at: Option<NaiveDateTime>,
}

/// Everything that finds a row by its key.
macro_rules! life {
    ($conn:ident, $table:ident, $row:expr) => {{
        let mut row = $row;
        go!(diesel::insert_into($table::table)
            .values(&row)
            .execute($conn))?;
        row.note = Some("x".to_owned());
        assert_eq!(go!(row.save($conn))?, Outcome::Written);
        assert_eq!(go!(row.save($conn))?, Outcome::Unchanged);
        assert_eq!(go!(row.delete($conn))?, Outcome::Written);
        assert_eq!(go!(row.restore($conn))?, Outcome::Written);
        assert_eq!(row.version, 4);
        go!(row.reload($conn))?;
        assert_eq!((row.version, row.note.as_deref()), (4, Some("x")));
        let mut stale = row.clone();
        stale.version = 1;
        assert!(matches!(
            go!(stale.save($conn)),
            Err(Error::Stale {
                expected: 1,
                found: 4,
                ..
            })
        ));
        go!(row.hard_delete($conn))?;
        assert!(matches!(go!(row.save($conn)), Err(Error::Gone { .. })));
    }};
}

each_engine! {
    /// Integers of 64 bits, text, bytes and pairs.
    async fn rows(db: keys, conn) {
        let (version, deleted_at, note) = (1, None, None::<String>);
        life!(conn, big_keys, BigKey { id: i64::MAX, note: note.clone(), version, deleted_at });
        life!(conn, text_keys, TextKey { id: "a'b\"c".to_owned(), note: note.clone(), version, deleted_at });
        life!(conn, binary_keys, BinaryKey { id: vec![0, 39, 255], note: note.clone(), version, deleted_at });
        life!(conn, pair_keys, PairKey { a: 1, b: "x,y".to_owned(), note, version, deleted_at });
    }

    /// A family over a composite key.
    async fn a_composite_family(db: keys, conn) {
        for (a, b) in [(1, "x"), (1, "y")] {
            go!(diesel::insert_into(pair_keys::table)
                .values((pair_keys::a.eq(a), pair_keys::b.eq(b)))
                .execute(conn))?;
        }
        for (id, b) in [(1, Some("x")), (2, Some("y")), (3, None)] {
            go!(diesel::insert_into(pair_children::table)
                .values((pair_children::id.eq(id), pair_children::pair_a.eq(1), pair_children::pair_b.eq(b)))
                .execute(conn))?;
        }
        let mut parent: PairKey =
            go!(pair_keys::table.find((1, "x")).select(PairKey::as_select()).first(conn))?;
        go!(parent.delete(conn))?;
        let live: Vec<i32> =
            go!(PairChild::undeleted().order(pair_children::id).select(pair_children::id).load(conn))?;
        assert_eq!(live, [2, 3]);
        let refused = go!(handleref::restore(pair_children::table).execute(conn));
        match refused {
            Err(Error::ParentDeleted { parent: "PairKey", parent_key, .. }) => assert_eq!(parent_key, "1,x"),
            other => panic!("{other:?}"),
        }
        go!(parent.restore(conn))?;
        let live: i64 = go!(PairChild::undeleted().count().get_result(conn))?;
        assert_eq!(live, 3);
    }
}

/// Handles of keys that are no integers follow a hyphen and are read back.
#[test]
fn handles() -> Result<(), HandleError> {
    let (version, deleted_at, note) = (1, None, None);
    let text = TextKey {
        id: "read me".to_owned(),
        note: None,
        version,
        deleted_at,
    };
    assert_eq!(text.handle()?, "text-read me");
    assert_eq!(TextKey::parse_handle("TEXT-read me")?, "read me");
    let pair = PairKey {
        a: 3,
        b: "x".to_owned(),
        note,
        version,
        deleted_at,
    };
    assert_eq!(pair.handle()?, "pair-3,x");
    assert_eq!(PairKey::parse_handle("pair-3,x")?, (3, "x".to_owned()));
    assert_eq!(BinaryKey::parse_handle("bin-00ff")?, [0, 255]);
    assert_eq!(BigKey::parse_handle("big 7")?, 7);
    assert!(matches!(
        BigKey::parse_handle("text-7"),
        Err(HandleError::Tag {
            expected: "big",
            ..
        })
    ));
    Ok(())
}

/// UUIDs, which Diesel knows as such on PostgreSQL alone.
#[cfg(all(feature = "postgres", feature = "uuid"))]
mod uuids {
    use super::*;
    use crate::support::{Db, Done};
    use diesel::RunQueryDsl;
    use uuid::Uuid;

    model!(#[handleref(tag = "doc")] UuidKey uuid_keys (id: Uuid => diesel::sql_types::Uuid));

    #[test]
    fn postgres() -> Done {
        let db = Db::postgres();
        keys(&db);
        let conn = &mut db.connect::<diesel::PgConnection>();
        macro_rules! go {
            ($operation:expr) => {
                $operation
            };
        }
        let id = Uuid::new_v4();
        life!(
            conn,
            uuid_keys,
            UuidKey {
                id,
                note: None,
                version: 1,
                deleted_at: None
            }
        );
        let row = UuidKey {
            id,
            note: None,
            version: 1,
            deleted_at: None,
        };
        assert_eq!(row.handle()?, format!("doc-{id}"));
        assert_eq!(UuidKey::parse_handle(&row.handle()?)?, id);
        let nil = UuidKey {
            id: Uuid::nil(),
            ..row
        };
        assert!(matches!(
            nil.handle(),
            Err(HandleError::Unsaved { tag: "doc" })
        ));
        Ok(())
    }
}
