#![allow(missing_docs)]
use diesel::prelude::*;
use handleref_runtime::{model::*, private::*, row::*, scope::ChangesDsl, lifecycle::Single, error::Error};
use chrono::NaiveDateTime;
use diesel::connection::SimpleConnection;

diesel::table! { articles (id) { id -> Integer, title -> Text, note -> Nullable<Text>, version -> BigInt, created_at -> Timestamp, updated_at -> Timestamp, deleted_at -> Nullable<Timestamp>, } }

#[derive(Debug, Clone, Queryable, Selectable, Identifiable)]
#[diesel(table_name = articles)]
struct Article { id: i32, title: String, note: Option<String>, version: i64, #[allow(dead_code)] created_at: NaiveDateTime, updated_at: NaiveDateTime, deleted_at: Option<NaiveDateTime> }

impl HandleRef for Article {
    type Table = articles::table;
    type Scope = diesel::dsl::Filter<articles::table, diesel::dsl::IsNull<articles::deleted_at>>;
    type Key = i32;
    const NAME: &'static str = "Article";
    const TAG: &'static str = "article";
    const ROLES: Roles = Roles::NONE.with_version::<articles::version>().with_created_at::<articles::created_at>().with_updated_at::<articles::updated_at>().with_deleted_at::<articles::deleted_at>();
    const KEY_COLUMNS: &'static [&'static str] = &[<articles::id as diesel::Column>::NAME];
    const UNIQUE: &'static [&'static [&'static str]] = &[];
    const OPTIONS: &'static [(&'static str, &'static str)] = &[];
    fn table() -> articles::table { articles::table }
    fn scope() -> Self::Scope { <Self as SoftDelete>::undeleted() }
    fn key(&self) -> i32 { self.id }
}
impl Managed<Article> for articles::table {}
impl Versioned for Article { type VersionColumn = articles::version; type Version = i64; fn version(&self) -> i64 { self.version } }
impl Timestamped for Article { type Created = articles::created_at; type Updated = articles::updated_at; type TimeSql = <<articles::updated_at as diesel::Expression>::SqlType as TimeSqlType>::Plain; }
impl SoftDelete for Article {
    type Live = diesel::dsl::IsNull<articles::deleted_at>;
    type Deleted = diesel::dsl::IsNotNull<articles::deleted_at>;
    type Status = NoStatus;
    type OnDelete = Single;
    type OnRestore = Single;
    type Hooks = handleref_runtime::hooks::NoHooks;
    fn is_live() -> Self::Live { diesel::NullableExpressionMethods::nullable(articles::deleted_at); articles::deleted_at.is_null() }
    fn is_deleted() -> Self::Deleted { articles::deleted_at.is_not_null() }
    fn status() -> NoStatus { NoStatus }
    fn deleted_mark(&self) -> bool { self.deleted_at.is_some() }
}
impl DeletionStamp for Article {}
impl<C: handleref_runtime::executor::Executor> handleref_runtime::cascade::Children<C> for Article {
    fn children() -> Vec<handleref_runtime::cascade::Link<C>> { Vec::new() }
}
impl<C: handleref_runtime::executor::Executor> handleref_runtime::cascade::Parents<C> for Article {
    fn parents() -> Vec<handleref_runtime::cascade::Link<C>> { Vec::new() }
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
    (i64, NaiveDateTime, Option<NaiveDateTime>): diesel::deserialize::FromSqlRow<(<articles::version as diesel::Expression>::SqlType, <articles::updated_at as diesel::Expression>::SqlType, <articles::deleted_at as diesel::Expression>::SqlType), DB>,
{
    type ManagedSql = (<articles::version as diesel::Expression>::SqlType, <articles::updated_at as diesel::Expression>::SqlType, <articles::deleted_at as diesel::Expression>::SqlType);
    type Managed = (i64, NaiveDateTime, Option<NaiveDateTime>);
    type Converted = ();
    type LiveTest = <Self as SoftDelete>::Live;
    const MANAGED: &'static [&'static str] = &[<articles::version as diesel::Column>::NAME, <articles::updated_at as diesel::Column>::NAME, <articles::deleted_at as diesel::Column>::NAME];
    fn live_test() -> Self::LiveTest { <Self as SoftDelete>::is_live() }
    fn converted(&self) {}
    fn walk_values<'b>(&'b self, (): &'b (), w: &mut ColumnWriter<'_, 'b, DB>) -> diesel::QueryResult<()> {
        w.column::<articles::title, _>(&self.title)?;
        w.column::<articles::note, _>(&self.note)
    }
    fn walk_key<'b>(&'b self, w: &mut ColumnWriter<'_, 'b, DB>) -> diesel::QueryResult<()> { w.column::<articles::id, _>(&self.id) }
    fn walk_version<'b>(&'b self, w: &mut ColumnWriter<'_, 'b, DB>) -> diesel::QueryResult<()> { w.column::<articles::version, _>(&self.version) }
    fn apply(&mut self, (a, b, c): Self::Managed) { self.version = a; self.updated_at = b; self.deleted_at = c; }
    fn held_version(&self) -> Option<i64> { Some(self.version) }
    fn held_mark(&self) -> bool { self.deleted_at.is_some() }
}

#[test]
fn works() {
    let conn = &mut SqliteConnection::establish(":memory:").unwrap();
    conn.batch_execute("CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT NOT NULL, note TEXT, version BIGINT NOT NULL DEFAULT 1, created_at TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f')), updated_at TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f')), deleted_at TIMESTAMP)").unwrap();
    diesel::insert_into(articles::table).values(articles::title.eq("one")).execute(conn).unwrap();
    let mut a: Article = Article::undeleted().first(conn).unwrap();
    a.title = "two".into();
    assert_eq!(a.save(conn).unwrap(), Outcome::Written);
    assert_eq!(a.version, 2);
    assert_eq!(a.save(conn).unwrap(), Outcome::Unchanged);
    let mut old = a.clone();
    a.note = Some("x".into()); a.save(conn).unwrap();
    old.title = "lost".into();
    assert!(matches!(old.save(conn), Err(Error::Stale { expected: 2, found: 3, .. })));
    old.reload(conn).unwrap();
    assert_eq!(old.version, 3);
    assert_eq!(Article::since(2).count().get_result::<i64>(conn).unwrap(), 1);
    assert_eq!(Article::with_deleted().since(3).count().get_result::<i64>(conn).unwrap(), 0);
    assert_eq!(Article::since(a.updated_at).until(a.updated_at).count().get_result::<i64>(conn).unwrap(), 0);
    assert_eq!(a.delete(conn).unwrap(), Outcome::Written);
    assert_eq!(a.delete(conn).unwrap(), Outcome::Unchanged);
    assert!(a.deleted_at.is_some());
    let last: Option<NaiveDateTime> = Article::last_change().first(conn).unwrap();
    assert_eq!(last, Some(a.updated_at));
    assert_eq!(handleref_runtime::write::update(articles::table.find(1)).set(articles::title.eq("z")).execute(conn).unwrap(), 1);
    let e = handleref_runtime::write::update(articles::table.find(1)).set(articles::version.eq(1)).execute(conn);
    assert!(matches!(Error::from(e.unwrap_err()), Error::ManagedColumn { .. }));
    println!("{}", diesel::debug_query::<diesel::sqlite::Sqlite, _>(&handleref_runtime::write::update(articles::table.find(1)).set(articles::title.eq("z"))));
}
