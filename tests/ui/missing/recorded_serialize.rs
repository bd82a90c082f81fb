//! Values that cannot be compared.

use diesel::{Queryable, Selectable, SqliteConnection};
use handleref::{PastDsl, Recorded};

#[derive(Debug, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
struct Title(String);

impl<DB: diesel::backend::Backend> diesel::deserialize::FromSql<diesel::sql_types::Text, DB>
    for Title
where
    String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        String::from_sql(bytes).map(Self)
    }
}

diesel::table! {
    articles (id) {
        id -> Integer,
        title -> Text,
    }
}

#[derive(Queryable, Selectable, Recorded)]
struct Article {
    id: i32,
    title: Title,
}

fn diff(article: &Article, conn: &mut SqliteConnection) {
    let _ = article.diff(conn, 1, 2);
}

fn main() {}
