//! What [`schema!`](crate::schema!) puts into a registry: each model on each engine
//! that can read it, and its verbs on each type of connection. Inherent functions
//! are preferred, and those of the traits stand in where their bounds do not hold.

pub use crate::any::{Engines, Verbs};
pub use crate::registry::VerbsOn;

use crate::any::AnyModel;
use crate::engine::Engine;
use crate::history::any::masked;
use crate::history::{Fields, Json, Loaded, Recall};
use std::marker::PhantomData;

/// The model `M` on the engine `DB`.
#[derive(Debug)]
pub struct On<M, DB>(PhantomData<fn() -> (M, DB)>);

impl<M, DB> On<M, DB>
where
    DB: Engine,
    M: Recall<DB> + Loaded<DB> + Fields<Json>,
{
    pub fn model() -> Option<&'static dyn AnyModel> {
        Some(masked::<M, DB>())
    }
}

pub trait NotOn {
    fn model() -> Option<&'static dyn AnyModel> {
        None
    }
}
impl<M, DB> NotOn for On<M, DB> {}

pub trait NoVerbs {
    fn verbs() -> Option<Verbs> {
        None
    }
}
impl<M, C> NoVerbs for VerbsOn<M, C> {}

/// In the place of what a build does not have; nothing is implemented for it.
#[derive(Debug)]
pub enum Absent {}

macro_rules! aliases {
    ($($(#[$there:meta])* $name:ident = $ty:ty;)*) => { $(
        #[cfg(all($($there),*))]
        pub type $name = $ty;
        #[cfg(not(all($($there),*)))]
        pub type $name = Absent;
    )* };
}

/// The backends.
pub mod engines {
    #[allow(unused_imports)]
    use super::Absent;
    aliases! {
        #[feature = "sqlite"]
        Sqlite = diesel::sqlite::Sqlite;
        #[feature = "postgres_backend"]
        Postgres = diesel::pg::Pg;
        #[feature = "mysql_backend"]
        Mysql = diesel::mysql::Mysql;
    }
}

/// The types of connections.
pub mod connections {
    #[allow(unused_imports)]
    use super::Absent;
    #[cfg(feature = "r2d2")]
    use diesel::r2d2::{ConnectionManager, PooledConnection};
    aliases! {
        #[feature = "sqlite"]
        Sqlite = diesel::SqliteConnection;
        #[feature = "postgres"]
        Postgres = diesel::PgConnection;
        #[feature = "mysql"]
        Mysql = diesel::MysqlConnection;
        #[feature = "r2d2"] #[feature = "sqlite"]
        PooledSqlite = PooledConnection<ConnectionManager<diesel::SqliteConnection>>;
        #[feature = "r2d2"] #[feature = "postgres"]
        PooledPostgres = PooledConnection<ConnectionManager<diesel::PgConnection>>;
        #[feature = "r2d2"] #[feature = "mysql"]
        PooledMysql = PooledConnection<ConnectionManager<diesel::MysqlConnection>>;
        #[feature = "async"] #[feature = "sqlite"]
        AsyncSqlite = diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>;
        #[feature = "async"] #[feature = "postgres_backend"]
        AsyncPostgres = diesel_async::AsyncPgConnection;
        #[feature = "async"] #[feature = "mysql_backend"]
        AsyncMysql = diesel_async::AsyncMysqlConnection;
    }
}

/// What a registry knows of a model.
#[doc(hidden)]
#[macro_export]
macro_rules! __registered {
    ($model:ty) => {{
        use $crate::private::{Engines, On, VerbsOn, connections, engines};
        (
            Engines::new(
                On::<$model, engines::Sqlite>::model(),
                On::<$model, engines::Postgres>::model(),
                On::<$model, engines::Mysql>::model(),
            ),
            [
                VerbsOn::<$model, connections::Sqlite>::verbs(),
                VerbsOn::<$model, connections::Postgres>::verbs(),
                VerbsOn::<$model, connections::Mysql>::verbs(),
                VerbsOn::<$model, connections::PooledSqlite>::verbs(),
                VerbsOn::<$model, connections::PooledPostgres>::verbs(),
                VerbsOn::<$model, connections::PooledMysql>::verbs(),
                VerbsOn::<$model, connections::AsyncSqlite>::verbs(),
                VerbsOn::<$model, connections::AsyncPostgres>::verbs(),
                VerbsOn::<$model, connections::AsyncMysql>::verbs(),
            ],
        )
    }};
}
