//! What `install` leaves is what `check` calls good, and a second `install` has nothing to do.

/// A test on each engine from a macro that takes a connection, the engine and a new database.
macro_rules! on_each_engine {
    ($($name:ident $body:ident;)*) => { $(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            #[cfg(feature = "sqlite")]
            #[test]
            fn sqlite() {
                $body!(diesel::SqliteConnection, Engine::Sqlite, Db::sqlite());
            }
            #[cfg(feature = "postgres")]
            #[test]
            fn postgres() {
                $body!(diesel::PgConnection, Engine::Postgres, Db::postgres());
            }
            #[cfg(feature = "mysql")]
            #[test]
            fn mysql() {
                $body!(diesel::MysqlConnection, Engine::Mysql, Db::mysql());
            }
        }
    )* };
}

mod columns;
mod dumps;
mod files;
#[cfg(feature = "postgres")]
mod former;
#[cfg(feature = "sqlite")]
mod former_sqlite;
mod generate;
mod healing;
mod limits;
mod ours;
mod random;
mod replacing;
