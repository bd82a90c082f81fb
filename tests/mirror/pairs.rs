//! The macro that runs a behaviour between databases of two engines.

/// Defines a module per behaviour: `all` pairs of engines, or a `few`, in which
/// each engine is a source once and a target once, or these without asynchronous
/// connections (`synchronous`). The name of a test says the source's engine, its
/// module the target's.
macro_rules! each_pair {
    ($($(#[doc = $doc:literal])* $pairs:ident async fn $name:ident($source:ident, $from:ident, $target:ident, $to:ident) $body:block)*) => { $(
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            $crate::pairs::each_pair!(@$pairs $source $from $target $to $body);
        }
    )* };
    (@all $($rest:tt)*) => {
        $crate::pairs::each_pair!(@to "sqlite" to_sqlite sqlite diesel::SqliteConnection, $($rest)*);
        $crate::pairs::each_pair!(@to "postgres" to_postgres postgres diesel::PgConnection, $($rest)*);
        $crate::pairs::each_pair!(@to "mysql" to_mysql mysql diesel::MysqlConnection, $($rest)*);
        $crate::pairs::each_pair!(@asynchronous $($rest)*);
    };
    (@to $feature:literal $module:ident $engine:ident $type:ty, $($rest:tt)*) => {
        #[cfg(feature = $feature)]
        mod $module {
            #[allow(unused_imports)]
            use super::*;
            $crate::pairs::each_pair!(@one "sqlite" sqlite diesel::SqliteConnection, $engine $type, $($rest)*);
            $crate::pairs::each_pair!(@one "postgres" postgres diesel::PgConnection, $engine $type, $($rest)*);
            $crate::pairs::each_pair!(@one "mysql" mysql diesel::MysqlConnection, $engine $type, $($rest)*);
        }
    };
    (@few $($rest:tt)*) => {
        $crate::pairs::each_pair!(@synchronous $($rest)*);
        $crate::pairs::each_pair!(@asynchronous $($rest)*);
    };
    (@synchronous $($rest:tt)*) => {
        #[cfg(feature = "postgres")]
        mod to_postgres {
            #[allow(unused_imports)]
            use super::*;
            $crate::pairs::each_pair!(@one "sqlite" sqlite diesel::SqliteConnection, postgres diesel::PgConnection, $($rest)*);
        }
        #[cfg(feature = "mysql")]
        mod to_mysql {
            #[allow(unused_imports)]
            use super::*;
            $crate::pairs::each_pair!(@one "postgres" postgres diesel::PgConnection, mysql diesel::MysqlConnection, $($rest)*);
        }
        #[cfg(feature = "sqlite")]
        mod to_sqlite {
            #[allow(unused_imports)]
            use super::*;
            $crate::pairs::each_pair!(@one "mysql" mysql diesel::MysqlConnection, sqlite diesel::SqliteConnection, $($rest)*);
        }
    };
    (@asynchronous $($rest:tt)*) => {
        #[cfg(all(feature = "async", feature = "postgres"))]
        mod to_postgres_async {
            #[allow(unused_imports)]
            use super::*;
            $crate::pairs::each_pair!(@one_async "mysql" mysql mysql_async diesel_async::AsyncMysqlConnection,
                postgres diesel_async::AsyncPgConnection, $($rest)*);
        }
        #[cfg(all(feature = "async", feature = "sqlite"))]
        mod to_sqlite_async {
            #[allow(unused_imports)]
            use super::*;
            $crate::pairs::each_pair!(@one_async "postgres" postgres postgres_async diesel_async::AsyncPgConnection,
                sqlite diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>, $($rest)*);
        }
        #[cfg(all(feature = "async", feature = "mysql"))]
        mod to_mysql_async {
            #[allow(unused_imports)]
            use super::*;
            $crate::pairs::each_pair!(@one_async "sqlite" sqlite sqlite_async
                diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>,
                mysql diesel_async::AsyncMysqlConnection, $($rest)*);
        }
    };
    (@one $feature:literal $engine:ident $type:ty, $other:ident $to_type:ty, $source:ident $from:ident $target:ident $to:ident $body:block) => {
        #[cfg(feature = $feature)]
        #[test]
        fn $engine() -> $crate::support::Done {
            #[allow(unused_imports)]
            use diesel::RunQueryDsl;
            #[allow(unused_imports)]
            use $crate::support::go_sync as go;
            #[allow(unused_macros)]
            let ($source, $target) = ($crate::support::Db::$engine(), $crate::support::Db::$other());
            #[allow(unused_variables)]
            let ($from, $to) = (&mut $source.connect::<$type>(), &mut $target.connect::<$to_type>());
            $body
            Ok(())
        }
    };
    (@one_async $feature:literal $engine:ident $name:ident $type:ty, $other:ident $to_type:ty, $source:ident $from:ident $target:ident $to:ident $body:block) => {
        #[cfg(feature = $feature)]
        #[test]
        fn $name() -> $crate::support::Done {
            #[allow(unused_imports)]
            use diesel_async::RunQueryDsl;
            #[allow(unused_imports)]
            use $crate::support::go_async as go;
            $crate::support::block_on(async {
                let ($source, $target) = ($crate::support::Db::$engine(), $crate::support::Db::$other());
                #[allow(unused_variables)]
                let ($from, $to) = (
                    &mut $source.connect_async::<$type>().await,
                    &mut $target.connect_async::<$to_type>().await,
                );
                $body
                Ok(())
            })
        }
    };
}
pub(crate) use each_pair;

/// All rows of all models, sorted by their keys, and whether two such worlds
/// are the same: row by row, with every column.
macro_rules! world {
    ($conn:expr) => {{
        let mut topics: Vec<$crate::posts::Topic> = go!($crate::posts::topics::table.load($conn))?;
        let mut posts: Vec<$crate::posts::Post> = go!($crate::posts::posts::table.load($conn))?;
        let mut tags: Vec<$crate::posts::Tag> = go!($crate::posts::tags::table.load($conn))?;
        let mut links: Vec<$crate::posts::PostTag> =
            go!($crate::posts::post_tags::table.load($conn))?;
        let mut readings: Vec<$crate::posts::Reading> =
            go!($crate::posts::readings::table.load($conn))?;
        topics.sort_by_key(|it| it.id);
        posts.sort_by_key(|it| it.id);
        tags.sort_by_key(|it| it.id);
        links.sort_by_key(|it| (it.post_id, it.tag_id));
        readings.sort_by_key(|it| it.id);
        (topics, posts, tags, links, readings)
    }};
}
pub(crate) use world;
