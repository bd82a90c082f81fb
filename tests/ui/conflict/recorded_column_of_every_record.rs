//! A column that is called as one that every record has.

use handleref::Recorded;

diesel::table! {
    plays (id) {
        id -> Integer,
        record_id -> Integer,
        recorded_at -> Text,
    }
}

#[derive(Recorded)]
struct Play {
    id: i32,
    record_id: i32,
    #[diesel(column_name = recorded_at)]
    #[recorded(skip = "''")]
    place: String,
}

fn main() {}
