//! The same table, untracked, tracked, recorded and by hand.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use handleref::{HandleRef, Recorded};
use serde::Serialize;

macro_rules! model {
    ($table:ident $model:ident $(, $derive:ident)* $(; $index:meta)?) => {
        diesel::table! {
            $table (id) {
                id -> Integer,
                title -> Text,
                body -> Text,
                version -> BigInt,
                created_at -> Timestamp,
                updated_at -> Timestamp,
                deleted_at -> Nullable<Timestamp>,
            }
        }

        #[allow(dead_code)]
        #[derive(Debug, Clone, Queryable, Selectable, Identifiable $(, $derive)*)]
        #[diesel(table_name = $table)]
        pub(crate) struct $model {
            pub(crate) id: i32,
            pub(crate) title: String,
            pub(crate) body: String,
            $(#[$index])?
            pub(crate) version: i64,
            $(#[$index])?
            pub(crate) created_at: NaiveDateTime,
            $(#[$index])?
            pub(crate) updated_at: NaiveDateTime,
            pub(crate) deleted_at: Option<NaiveDateTime>,
        }
    };
}

model!(plain_notes Plain);
model!(kept_notes Kept, HandleRef);
model!(indexed_notes Indexed, HandleRef; handleref(index));
model!(recorded_notes Noted, HandleRef, Recorded, Serialize);
// A second recorded table, for what is compared between two.
model!(crowded_notes Crowded, HandleRef, Recorded, Serialize);
model!(hand_notes ByHand);
// MariaDB's own history.
#[cfg(feature = "mysql")]
model!(timed_notes Timed);
