use chrono::NaiveDateTime;
use diesel::prelude::*;
#[allow(unused_imports)]
use handleref_runtime::{lifecycle::Single, model::*, private::*, row::*};

// What the derive makes of this struct; see `hand.rs`.
diesel::table! { articles (id) { id -> Integer, title -> Text, note -> Nullable<Text>, version -> BigInt, created_at -> Timestamp, updated_at -> Timestamp, deleted_at -> Nullable<Timestamp>, } }

#[derive(Debug, Clone, Queryable, Selectable, Identifiable)]
#[diesel(table_name = articles)]
pub struct Article {
    pub id: i32,
    pub title: String,
    pub note: Option<String>,
    pub version: i64,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
    pub deleted_at: Option<NaiveDateTime>,
}

impl HandleRef for Article {
    type Table = articles::table;
    type Scope = diesel::dsl::Filter<articles::table, diesel::dsl::IsNull<articles::deleted_at>>;
    type Key = i32;
    const NAME: &'static str = "Article";
    const TAG: &'static str = "article";
    const ROLES: Roles = Roles::NONE
        .with_version::<articles::version>()
        .with_created_at::<articles::created_at>()
        .with_updated_at::<articles::updated_at>()
        .with_deleted_at::<articles::deleted_at>();
    const KEY_COLUMNS: &'static [&'static str] = &[<articles::id as diesel::Column>::NAME];
    const UNIQUE: &'static [&'static [&'static str]] = &[];
    const INDEXED: &'static [&'static str] = &["version", "created_at", "updated_at"];
    const WRITTEN: &'static [&'static str] = &["title", "note"];
    const OPTIONS: &'static [(&'static str, &'static str)] = &[];
    fn table() -> articles::table {
        articles::table
    }
    fn scope() -> Self::Scope {
        <Self as HandleRef>::undeleted()
    }
    fn key(&self) -> i32 {
        self.id
    }
}
impl Managed<Article> for articles::table {}
impl Versioned for Article {
    type VersionColumn = articles::version;
    type Version = i64;
    fn version(&self) -> i64 {
        self.version
    }
}
impl Timestamped for Article {
    type Created = articles::created_at;
    type Updated = articles::updated_at;
    type TimeSql = <<articles::updated_at as diesel::Expression>::SqlType as TimeSqlType>::Plain;
}
impl SoftDelete for Article {
    type Live = diesel::dsl::IsNull<articles::deleted_at>;
    type Deleted = diesel::dsl::IsNotNull<articles::deleted_at>;
    type Status = NoStatus;
    type OnDelete = Single;
    type OnRestore = Single;
    type Hooks = handleref_runtime::hooks::NoHooks;
    fn is_live() -> Self::Live {
        diesel::NullableExpressionMethods::nullable(articles::deleted_at);
        articles::deleted_at.is_null()
    }
    fn is_deleted() -> Self::Deleted {
        articles::deleted_at.is_not_null()
    }
    fn status() -> NoStatus {
        NoStatus
    }
    fn deleted_mark(&self) -> bool {
        self.deleted_at.is_some()
    }
}
impl DeletionStamp for Article {}
impl<C: handleref_runtime::session::Executor> handleref_runtime::cascade::Children<C> for Article {
    fn children() -> Vec<handleref_runtime::cascade::Link> {
        Vec::new()
    }
}
impl<C: handleref_runtime::session::Executor> handleref_runtime::cascade::Parents<C> for Article {
    fn parents() -> Vec<handleref_runtime::cascade::Link> {
        Vec::new()
    }
}
impl<DB: handleref_runtime::engine::Engine> Row<DB> for Article
where
    DB: diesel::sql_types::HasSqlType<<articles::id as diesel::Expression>::SqlType>,
    i32: diesel::serialize::ToSql<<articles::id as diesel::Expression>::SqlType, DB>,
    DB: diesel::sql_types::HasSqlType<<articles::title as diesel::Expression>::SqlType>,
    String: diesel::serialize::ToSql<<articles::title as diesel::Expression>::SqlType, DB>,
    DB: diesel::sql_types::HasSqlType<<articles::note as diesel::Expression>::SqlType>,
    Option<String>: diesel::serialize::ToSql<<articles::note as diesel::Expression>::SqlType, DB>,
    DB: diesel::sql_types::HasSqlType<<articles::version as diesel::Expression>::SqlType>,
    i64: diesel::serialize::ToSql<<articles::version as diesel::Expression>::SqlType, DB>,
    (i64, NaiveDateTime, Option<NaiveDateTime>): diesel::deserialize::FromSqlRow<
            (
                <articles::version as diesel::Expression>::SqlType,
                <articles::updated_at as diesel::Expression>::SqlType,
                <articles::deleted_at as diesel::Expression>::SqlType,
            ),
            DB,
        >,
    (
        i64,
        NaiveDateTime,
        Option<NaiveDateTime>,
        String,
        Option<String>,
    ): diesel::deserialize::FromSqlRow<
            (
                <articles::version as diesel::Expression>::SqlType,
                <articles::updated_at as diesel::Expression>::SqlType,
                <articles::deleted_at as diesel::Expression>::SqlType,
                <articles::title as diesel::Expression>::SqlType,
                <articles::note as diesel::Expression>::SqlType,
            ),
            DB,
        >,
{
    type ManagedSql = (
        <articles::version as diesel::Expression>::SqlType,
        <articles::updated_at as diesel::Expression>::SqlType,
        <articles::deleted_at as diesel::Expression>::SqlType,
    );
    type Managed = (i64, NaiveDateTime, Option<NaiveDateTime>);
    type SavedSql = (
        <articles::version as diesel::Expression>::SqlType,
        <articles::updated_at as diesel::Expression>::SqlType,
        <articles::deleted_at as diesel::Expression>::SqlType,
        <articles::title as diesel::Expression>::SqlType,
        <articles::note as diesel::Expression>::SqlType,
    );
    type Saved = (
        i64,
        NaiveDateTime,
        Option<NaiveDateTime>,
        String,
        Option<String>,
    );
    type Converted = ();
    type LiveTest = <Self as SoftDelete>::Live;
    const MANAGED: &'static [&'static str] = &[
        <articles::version as diesel::Column>::NAME,
        <articles::updated_at as diesel::Column>::NAME,
        <articles::deleted_at as diesel::Column>::NAME,
    ];
    const SAVED: &'static [&'static str] =
        &["version", "updated_at", "deleted_at", "title", "note"];
    fn live_test() -> Self::LiveTest {
        <Self as SoftDelete>::is_live()
    }
    fn converted(&self) {}
    fn walk_values<'b>(
        &'b self,
        (): &'b (),
        w: &mut ColumnWriter<'_, 'b, DB>,
    ) -> diesel::QueryResult<()> {
        w.column::<articles::title, _>(&self.title)?;
        w.column::<articles::note, _>(&self.note)
    }
    fn walk_key<'b>(&'b self, w: &mut ColumnWriter<'_, 'b, DB>) -> diesel::QueryResult<()> {
        w.column::<articles::id, _>(&self.id)
    }
    fn walk_version<'b>(&'b self, w: &mut ColumnWriter<'_, 'b, DB>) -> diesel::QueryResult<()> {
        w.column::<articles::version, _>(&self.version)
    }
    fn apply(&mut self, (a, b, c): Self::Managed) {
        self.version = a;
        self.updated_at = b;
        self.deleted_at = c;
    }
    fn settle(&mut self, (a, b, c, title, note): Self::Saved) {
        self.apply((a, b, c));
        self.title = title;
        self.note = note;
    }
    fn held_version(&self) -> Option<i64> {
        Some(self.version)
    }
    fn held_mark(&self) -> bool {
        self.deleted_at.is_some()
    }
}

/// A model of which only the schema is asked for.
macro_rules! model {
    ($(#[$meta:meta])* $name:ident, $table:ident, roles [$($with:ident $column:ident),*] $(deleted $deleted:literal)?, unique $unique:expr) => {
        pub struct $name;
        impl HandleRef for $name {
            type Table = $table::table;
            type Scope = $table::table;
            type Key = i32;
            const NAME: &'static str = stringify!($name);
            const TAG: &'static str = "x";
            const ROLES: Roles = Roles::NONE$(.$with::<$table::$column>())*$(.with_deleted_status($deleted))?;
            const KEY_COLUMNS: &'static [&'static str] = &[<$table::id as diesel::Column>::NAME];
            const UNIQUE: &'static [&'static [&'static str]] = $unique;
            const WRITTEN: &'static [&'static str] = &[];
            const OPTIONS: &'static [(&'static str, &'static str)] = &[];
            fn table() -> $table::table { $table::table }
            fn scope() -> $table::table { $table::table }
            fn key(&self) -> i32 { 0 }
        }
    };
}

model!(Slugged, articles, roles [with_version version, with_created_at created_at, with_updated_at updated_at, with_deleted_at deleted_at], unique &[&["title", "note"]]);
model!(Times, articles, roles [with_created_at created_at, with_updated_at updated_at], unique &[]);
model!(Counted, articles, roles [with_version version], unique &[]);
model!(Bare, articles, roles [], unique &[]);
model!(WithStatus, articles, roles [with_status note], unique &[&["title"]]);
model!(WithStatusText, articles, roles [with_status note] deleted "it's \\ Gone", unique &[&["title"]]);
model!(WithStatusApostrophe, articles, roles [with_status note] deleted "it's gone", unique &[&["title"]]);
model!(WithBoth, articles, roles [with_status note, with_deleted_at deleted_at] deleted "x", unique &[&["title"]]);

diesel::table! {
    /// Every name needs quoting.
    #[sql_name = "order"]
    orders (id) {
        #[sql_name = "select"]
        id -> Integer,
        #[sql_name = "ti'tle \"x\" `y`"]
        title -> Text,
        #[sql_name = "v\"ersión"]
        version -> SmallInt,
        #[sql_name = "group"]
        created_at -> Timestamp,
        #[sql_name = "where"]
        updated_at -> Timestamp,
        #[sql_name = "gelöscht `am`"]
        deleted_at -> Nullable<Timestamp>,
    }
}
model!(Order, orders, roles [with_version version, with_created_at created_at, with_updated_at updated_at, with_deleted_at deleted_at], unique &[&["ti'tle \"x\" `y`"]]);

pub mod elsewhere {
    diesel::table! {
        hr_elsewhere.articles (id) {
            id -> Integer,
            title -> Text,
            version -> BigInt,
            updated_at -> Timestamp,
            deleted_at -> Nullable<Timestamp>,
        }
    }
}
use elsewhere::articles as far;
model!(Elsewhere, far, roles [with_version version, with_updated_at updated_at, with_deleted_at deleted_at], unique &[&["title"]]);

diesel::table! {
    zoned (id) {
        id -> Integer,
        version -> Integer,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
    }
}
model!(Zoned, zoned, roles [with_version version, with_created_at created_at, with_updated_at updated_at, with_deleted_at deleted_at], unique &[]);

diesel::table! {
    #[sql_name = "zoned"]
    zoned_text (id) {
        id -> Integer,
        version -> Integer,
        created_at -> TimestamptzSqlite,
        updated_at -> TimestamptzSqlite,
        deleted_at -> Nullable<TimestamptzSqlite>,
    }
}
model!(ZonedText, zoned_text, roles [with_version version, with_created_at created_at, with_updated_at updated_at, with_deleted_at deleted_at], unique &[]);
