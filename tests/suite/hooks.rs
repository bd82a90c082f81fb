//! Lifecycle hooks: the row's state in each, sets, children, refusal.

use crate::support::ddl::hooked;
use crate::support::each_engine;
use chrono::NaiveDateTime;
use diesel::prelude::ExpressionMethods;
use diesel::{Identifiable, QueryDsl, Queryable, Selectable, SelectableHelper};
use handleref::prelude::*;
use handleref::{Error, Executor, HookError, Hooks, Outcome};
use std::sync::Mutex;

diesel::table! {
    projects (id) {
        id -> Integer,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    tasks (id) {
        id -> Integer,
        project_id -> Integer,
        name -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = projects)]
#[handleref(cascade(Task))]
pub struct Project {
    pub id: i32,
    pub version: i64,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
    pub deleted_at: Option<NaiveDateTime>,
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = tasks)]
#[handleref(hooks, parent(Project))]
pub struct Task {
    pub id: i32,
    pub project_id: i32,
    pub name: String,
    pub version: i64,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
    pub deleted_at: Option<NaiveDateTime>,
}

/// What the hooks saw: the test's name (each task carries it), the event, and
/// for each row its key and whether it was deleted.
static SEEN: Mutex<Vec<Call>> = Mutex::new(Vec::new());
type Call = (String, &'static str, Vec<(i32, bool)>);

fn note(event: &'static str, rows: &[Task]) -> Result<(), HookError> {
    let test = rows.first().map(|row| row.name.clone()).unwrap_or_default();
    let states = rows
        .iter()
        .map(|row| (row.id, row.deleted_at.is_some()))
        .collect();
    SEEN.lock().unwrap().push((test, event, states));
    if rows
        .iter()
        .any(|row| row.id == 13 && event == "after_delete")
    {
        return Err("13 cannot be deleted".into());
    }
    assert!(rows.iter().all(|row| row.id != 14), "a hook that panics");
    Ok(())
}

/// For every connection; a hook that runs queries would name one.
impl<C: Executor> Hooks<C> for Task {
    fn before_delete<'a>(rows: &'a [Self], _: &'a mut C) -> C::Output<'a, Result<(), HookError>> {
        C::run(std::future::ready(note("before_delete", rows)))
    }
    fn after_delete<'a>(rows: &'a [Self], _: &'a mut C) -> C::Output<'a, Result<(), HookError>> {
        C::run(std::future::ready(note("after_delete", rows)))
    }
    fn before_restore<'a>(rows: &'a [Self], _: &'a mut C) -> C::Output<'a, Result<(), HookError>> {
        C::run(std::future::ready(note("before_restore", rows)))
    }
    fn after_restore<'a>(rows: &'a [Self], _: &'a mut C) -> C::Output<'a, Result<(), HookError>> {
        C::run(std::future::ready(note("after_restore", rows)))
    }
}

/// What the hooks saw of the test of this database.
fn seen(test: &str) -> Vec<(&'static str, Vec<(i32, bool)>)> {
    let mut all = SEEN.lock().unwrap();
    let (own, rest) = std::mem::take(&mut *all)
        .into_iter()
        .partition(|(name, ..)| name == test);
    *all = rest;
    let own: Vec<_> = own;
    own.into_iter()
        .map(|(_, event, rows)| (event, rows))
        .collect()
}

macro_rules! grow {
    ($conn:expr, $test:expr, $ids:expr) => {{
        go!(diesel::insert_into(projects::table)
            .values(projects::id.eq(1))
            .execute($conn))?;
        for id in $ids {
            go!(diesel::insert_into(tasks::table)
                .values((
                    tasks::id.eq(id),
                    tasks::project_id.eq(1),
                    tasks::name.eq($test)
                ))
                .execute($conn))?;
        }
    }};
}

each_engine! {
    /// Seed, §3.2 number 8: null, set, set, null.
    async fn the_state_in_each_hook(db: hooked, conn) {
        grow!(conn, &db.url, [1]);
        let mut task: Task = go!(tasks::table.find(1).select(Task::as_select()).first(conn))?;
        assert_eq!(go!(task.delete(conn))?, Outcome::Written);
        assert_eq!(go!(task.delete(conn))?, Outcome::Unchanged);
        assert_eq!(go!(task.restore(conn))?, Outcome::Written);
        assert_eq!(
            seen(&db.url),
            [
                ("before_delete", vec![(1, false)]),
                ("after_delete", vec![(1, true)]),
                ("before_restore", vec![(1, true)]),
                ("after_restore", vec![(1, false)]),
            ]
        );
        assert_eq!(task.version, 3);
    }

    /// A set is one call; what is skipped is not in it.
    async fn a_set_of_rows(db: hooked, conn) {
        grow!(conn, &db.url, 1..=4);
        assert_eq!(go!(handleref::delete(tasks::table.find(2)).execute(conn))?, 1);
        assert_eq!(go!(handleref::delete(tasks::table.filter(tasks::id.le(3))).execute(conn))?, 2);
        assert_eq!(go!(handleref::delete(tasks::table.filter(tasks::id.le(3))).execute(conn))?, 0);
        let calls = seen(&db.url);
        assert_eq!(calls[2..], [("before_delete", vec![(1, false), (3, false)]), ("after_delete", vec![(1, true), (3, true)])]);
        assert_eq!(calls.len(), 4);
    }

    /// Children that a cascade reaches have their hooks called.
    async fn children_of_a_cascade(db: hooked, conn) {
        grow!(conn, &db.url, [1, 2]);
        let mut project: Project = go!(projects::table.find(1).select(Project::as_select()).first(conn))?;
        go!(project.delete(conn))?;
        go!(project.restore(conn))?;
        assert_eq!(
            seen(&db.url),
            [
                ("before_delete", vec![(1, false), (2, false)]),
                ("after_delete", vec![(1, true), (2, true)]),
                ("before_restore", vec![(1, true), (2, true)]),
                ("after_restore", vec![(1, false), (2, false)]),
            ]
        );
    }

    /// A hard delete is no soft one: it calls no hook, of the row or of its children.
    async fn a_hard_delete_calls_none(db: hooked, conn) {
        grow!(conn, &db.url, [1, 13]);
        for id in [1, 13] {
            let task: Task = go!(tasks::table.find(id).select(Task::as_select()).first(conn))?;
            go!(task.hard_delete(conn))?;
        }
        let left: i64 = go!(tasks::table.count().get_result(conn))?;
        assert_eq!((left, seen(&db.url)), (0, vec![]));
        let project: Project = go!(projects::table.find(1).select(Project::as_select()).first(conn))?;
        go!(project.hard_delete(conn))?;
        assert_eq!(seen(&db.url), []);
    }

    /// A hook's error rolls everything back, in a cascade the parent too.
    async fn a_hook_that_refuses(db: hooked, conn) {
        grow!(conn, &db.url, [12, 13]);
        let mut project: Project = go!(projects::table.find(1).select(Project::as_select()).first(conn))?;
        let error = go!(project.delete(conn)).unwrap_err();
        assert!(matches!(&error, Error::Hook(inner) if inner.to_string() == "13 cannot be deleted"), "{error:?}");
        assert_eq!(project.deleted_at, None);
        let deleted: i64 = go!(Task::deleted().count().get_result(conn))?;
        assert_eq!(deleted, 0);
        let projects: i64 = go!(Project::undeleted().count().get_result(conn))?;
        assert_eq!(projects, 1);
        // The connection is as good as before.
        assert_eq!(go!(handleref::delete(tasks::table.find(12)).execute(conn))?, 1);
        assert_eq!(seen(&db.url).len(), 4);
    }
}

/// A hook that panics rolls back as well, and leaves the connection usable.
macro_rules! panics {
    ($name:ident, $conn:ty) => {
        #[test]
        fn $name() -> crate::support::Done {
            use diesel::RunQueryDsl;
            let db = crate::support::Db::$name();
            hooked(&db);
            let conn = &mut db.connect::<$conn>();
            diesel::insert_into(projects::table)
                .values(projects::id.eq(1))
                .execute(conn)?;
            diesel::insert_into(tasks::table)
                .values((
                    tasks::id.eq(14),
                    tasks::project_id.eq(1),
                    tasks::name.eq(&db.url),
                ))
                .execute(conn)?;
            let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                handleref::delete(projects::table).execute(conn)
            }));
            assert!(panicked.is_err());
            assert_eq!(Project::undeleted().count().get_result::<i64>(conn)?, 1);
            handleref::update(tasks::table)
                .set(tasks::id.eq(15))
                .execute(conn)?;
            assert_eq!(handleref::delete(projects::table).execute(conn)?, 1);
            Ok(())
        }
    };
}

mod a_hook_that_panics {
    use super::*;
    #[cfg(feature = "sqlite")]
    panics!(sqlite, diesel::SqliteConnection);
    #[cfg(feature = "postgres")]
    panics!(postgres, diesel::PgConnection);
    #[cfg(feature = "mysql")]
    panics!(mysql, diesel::MysqlConnection);
}

/// A hook that runs queries on an asynchronous connection, in the transaction
/// of the operation.
#[cfg(feature = "async")]
mod a_hook_with_queries {
    use super::*;
    use crate::support::{Db, Done, block_on};
    use diesel_async::RunQueryDsl;

    diesel::table! {
        hook_log (id) {
            id -> Integer,
            entry -> Text,
        }
    }

    macro_rules! queries {
        ($name:ident, $engine:ident, $conn:ty) => {
            mod $engine {
                use super::*;

                #[derive(
                    Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef,
                )]
                #[diesel(table_name = projects)]
                #[handleref(hooks, secondary)]
                pub struct Logged {
                    pub id: i32,
                    pub version: i64,
                    pub deleted_at: Option<NaiveDateTime>,
                }

                impl Hooks<$conn> for Logged {
                    fn after_delete<'a>(
                        rows: &'a [Self],
                        conn: &'a mut $conn,
                    ) -> <$conn as Executor>::Output<'a, Result<(), HookError>> {
                        Box::pin(async move {
                            for row in rows {
                                diesel::insert_into(hook_log::table)
                                    .values((hook_log::id.eq(row.id), hook_log::entry.eq("gone")))
                                    .execute(conn)
                                    .await?;
                            }
                            Ok(())
                        })
                    }
                }

                #[test]
                fn $name() -> Done {
                    block_on(async {
                        let db = Db::$engine();
                        hooked(&db);
                        let conn = &mut db.connect_async::<$conn>().await;
                        diesel::insert_into(projects::table)
                            .values(projects::id.eq(1))
                            .execute(conn)
                            .await?;
                        let mut row: Logged = Logged::undeleted()
                            .select(Logged::as_select())
                            .first(conn)
                            .await?;
                        assert_eq!(row.delete(conn).await?, Outcome::Written);
                        let log: Vec<(i32, String)> = hook_log::table.load(conn).await?;
                        assert_eq!(log, [(1, "gone".to_owned())]);
                        row.restore(conn).await?;
                        // The log has the key already: the hook fails, and with it the delete.
                        let refused = row.delete(conn).await;
                        assert!(matches!(refused, Err(Error::Hook(_))), "{refused:?}");
                        row.reload(conn).await?;
                        assert_eq!((row.version, row.deleted_at), (3, None));
                        Ok(())
                    })
                }
            }
        };
    }

    #[cfg(feature = "sqlite")]
    queries!(
        sqlite_async,
        sqlite,
        diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>
    );
    #[cfg(feature = "postgres")]
    queries!(postgres_async, postgres, diesel_async::AsyncPgConnection);
    #[cfg(feature = "mysql")]
    queries!(mysql_async, mysql, diesel_async::AsyncMysqlConnection);
}
