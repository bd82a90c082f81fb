// The net effect of a changeset compares values as serde sees them.

use diesel::prelude::*;
use handleref::{Changeset, prelude::*};

diesel::table! { topics { id -> Integer, name -> Text, } }
diesel::table! { articles { id -> Integer, title -> Text, } }

#[derive(Queryable, Selectable, serde::Serialize, Recorded)]
struct Topic {
    id: i32,
    name: String,
}

#[derive(Queryable, Selectable, Recorded)]
struct Article {
    id: i32,
    title: Title,
}

#[derive(Debug, diesel::deserialize::FromSqlRow)]
struct Title(String);

impl diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::sqlite::Sqlite> for Title {
    fn from_sql(
        bytes: <diesel::sqlite::Sqlite as diesel::backend::Backend>::RawValue<'_>,
    ) -> diesel::deserialize::Result<Self> {
        <String as diesel::deserialize::FromSql<
            diesel::sql_types::Text,
            diesel::sqlite::Sqlite,
        >>::from_sql(bytes)
        .map(Title)
    }
}

fn main() {
    let conn = &mut SqliteConnection::establish(":memory:").unwrap();
    let changeset = Changeset::find(conn, handleref::changeset::ChangesetNo(1)).unwrap();
    let _ = changeset.changes::<(Topic, Article)>().load(conn);
}
