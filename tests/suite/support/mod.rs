//! Fresh databases, and the macro that runs a behaviour on all of them.
//!
//! `cargo xtask test` starts the servers and names them in the environment:
//! `HANDLEREF_POSTGRES_URL` and `HANDLEREF_MYSQL_URL`. A test of an engine
//! exists only if the engine's feature is on, and fails if its server is not
//! there: nothing is skipped.

pub mod ddl;
pub mod dice;
pub mod kept;
pub mod models;
pub mod recorded;

use std::sync::atomic::{AtomicU32, Ordering};

/// What tests return, so that they can use `?`.
pub type Done = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// Which engine a database belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    #[cfg_attr(not(feature = "postgres"), allow(dead_code))]
    Postgres,
    #[cfg_attr(not(feature = "mysql"), allow(dead_code))]
    Mysql,
}

/// A database of one test: a file, a schema of a server or a database of one.
pub struct Db {
    pub engine: Engine,
    pub url: String,
    name: String,
}

impl Db {
    #[cfg(feature = "sqlite")]
    pub fn sqlite() -> Self {
        let name = fresh_name();
        let path = std::env::temp_dir().join(format!("{name}.sqlite"));
        let url = path
            .to_str()
            .expect("a temporary folder with a readable name")
            .to_owned();
        let db = Self {
            engine: Engine::Sqlite,
            url,
            name,
        };
        db.execute("PRAGMA journal_mode = WAL");
        db
    }

    #[cfg(feature = "postgres")]
    pub fn postgres() -> Self {
        let (name, server) = (fresh_name(), server("HANDLEREF_POSTGRES_URL"));
        // Every connection of this URL lands in the test's own schema.
        let url = format!("{server}?options=-c%20search_path%3D{name}");
        let db = Self {
            engine: Engine::Postgres,
            url,
            name,
        };
        db.execute(&format!("CREATE SCHEMA {}", db.name));
        db
    }

    #[cfg(feature = "mysql")]
    pub fn mysql() -> Self {
        let (name, server) = (fresh_name(), server("HANDLEREF_MYSQL_URL"));
        let admin = Self {
            engine: Engine::Mysql,
            url: server.clone(),
            name: String::new(),
        };
        admin.execute(&format!("CREATE DATABASE {name}"));
        let base = server
            .rsplit_once('/')
            .expect("a URL with a database")
            .0
            .to_owned();
        Self {
            engine: Engine::Mysql,
            url: format!("{base}/{name}"),
            name,
        }
    }

    /// A database of a server of the test's own, which goes with the server.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    #[allow(dead_code)] // Not every test program starts servers.
    pub fn at(engine: Engine, url: String) -> Self {
        let name = String::new();
        Self { engine, url, name }
    }

    /// Executes SQL on a connection of its own.
    pub fn execute(&self, sql: &str) {
        use diesel::Connection;
        use diesel::connection::SimpleConnection;
        match self.engine {
            Engine::Sqlite => diesel::SqliteConnection::establish(&self.url)
                .unwrap()
                .batch_execute(sql)
                .unwrap(),
            #[cfg(feature = "postgres")]
            Engine::Postgres => diesel::PgConnection::establish(&self.url)
                .unwrap()
                .batch_execute(sql)
                .unwrap(),
            #[cfg(feature = "mysql")]
            Engine::Mysql => diesel::MysqlConnection::establish(&self.url)
                .unwrap()
                .batch_execute(sql)
                .unwrap(),
            #[allow(unreachable_patterns)]
            _ => unreachable!("its feature is off"),
        }
    }

    /// A connection to this database.
    pub fn connect<C: diesel::Connection>(&self) -> C {
        let mut conn = C::establish(&self.url).unwrap();
        if self.engine == Engine::Sqlite {
            conn.batch_execute(
                "PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON; PRAGMA synchronous = OFF",
            )
            .unwrap();
        }
        conn
    }

    /// An asynchronous connection to this database.
    #[cfg(feature = "async")]
    pub async fn connect_async<C: diesel_async::AsyncConnection>(&self) -> C {
        let mut conn = C::establish(&self.url).await.unwrap();
        if self.engine == Engine::Sqlite {
            conn.batch_execute(
                "PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON; PRAGMA synchronous = OFF",
            )
            .await
            .unwrap();
        }
        conn
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        match self.engine {
            Engine::Sqlite => {
                for suffix in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(format!("{}{suffix}", self.url));
                }
            }
            // A failed test may have left connections open that would block
            // this; the server is a throwaway.
            // Of a server of the test's own there is nothing to drop.
            _ if std::thread::panicking() || self.name.is_empty() => {}
            Engine::Postgres => self.execute(&format!("DROP SCHEMA {} CASCADE", self.name)),
            #[cfg(feature = "mysql")]
            Engine::Mysql => {
                use diesel::Connection;
                use diesel::connection::SimpleConnection;
                let dropped = diesel::MysqlConnection::establish(&self.url)
                    .unwrap()
                    .batch_execute(&format!("DROP DATABASE {}", self.name));
                // Now and then MariaDB leaves a file of a replaced trigger
                // (`.TRG-`) behind, and then cannot remove the folder.
                if let Err(error) = dropped {
                    let said = error.to_string();
                    assert!(said.contains("Directory not empty"), "{said}");
                }
            }
            #[allow(unreachable_patterns)]
            _ => unreachable!("its feature is off"),
        }
    }
}

pub fn fresh_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!(
        "handleref_{}_{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!(
            "{variable} is not set: run `cargo xtask test`, or set it to a throwaway server's URL"
        )
    })
}

/// Runs a future to its end.
#[cfg(feature = "async")]
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// Runs `operation` until it has waited more than `wakes` times, and drops it then.
#[cfg(feature = "async")]
pub async fn up_to<F: Future>(wakes: usize, operation: F) -> Option<F::Output> {
    let mut operation = std::pin::pin!(operation);
    let mut waited = 0;
    std::future::poll_fn(|context| match operation.as_mut().poll(context) {
        std::task::Poll::Ready(output) => std::task::Poll::Ready(Some(output)),
        std::task::Poll::Pending if waited == wakes => std::task::Poll::Ready(None),
        std::task::Poll::Pending => {
            waited += 1;
            std::task::Poll::Pending
        }
    })
    .await
}

/// `go!(x)` is `x` in a synchronous test and `x.await` in an asynchronous one.
macro_rules! go_sync {
    ($operation:expr) => {
        $operation
    };
}
#[allow(unused_macros)]
macro_rules! go_async {
    ($operation:expr) => {
        $operation.await
    };
}
/// `batch!(conn, sql)` sends statements as they are. MySQL prepares none that
/// begins a transaction.
#[allow(unused_macros)]
macro_rules! batch_sync {
    ($conn:expr, $sql:expr) => {
        diesel::connection::SimpleConnection::batch_execute($conn, $sql)
    };
}
#[allow(unused_macros)]
macro_rules! batch_async {
    ($conn:expr, $sql:expr) => {
        diesel_async::SimpleAsyncConnection::batch_execute($conn, $sql).await
    };
}
/// `transaction!(conn, inner, { .. })` runs the block in a transaction.
#[allow(unused_macros)]
macro_rules! transaction_sync {
    ($conn:expr, $inner:ident, $body:block) => {
        diesel::Connection::transaction::<_, handleref::Error, _>($conn, |$inner| $body)
    };
}
#[allow(unused_macros)]
macro_rules! transaction_async {
    ($conn:expr, $inner:ident, $body:block) => {
        diesel_async::AsyncConnection::transaction::<_, handleref::Error, _>(
            $conn,
            async |$inner| $body,
        )
        .await
    };
}
#[cfg(feature = "async")]
pub(crate) use batch_async;
pub(crate) use batch_sync;
pub(crate) use go_sync;
#[cfg(feature = "async")]
pub(crate) use transaction_async;
pub(crate) use transaction_sync;

/// What `on_conflict` takes: MySQL names no columns.
macro_rules! conflict_target {
    (mysql $column:expr) => {
        diesel::dsl::DuplicatedKeys
    };
    ($engine:ident $column:expr) => {
        $column
    };
}
pub(crate) use conflict_target;
#[cfg(feature = "async")]
pub(crate) use go_async;

/// Defines a module per behaviour, with a test per engine and connection.
macro_rules! each_engine {
    ($($(#[doc = $doc:literal])* async fn $name:ident($db:ident: $tables:path, $conn:ident) $body:block)*) => { $(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $crate::support::each_engine!(@sync "sqlite" sqlite diesel::SqliteConnection, $db $tables, $conn $body);
            $crate::support::each_engine!(@sync "postgres" postgres diesel::PgConnection, $db $tables, $conn $body);
            $crate::support::each_engine!(@sync "mysql" mysql diesel::MysqlConnection, $db $tables, $conn $body);
            $crate::support::each_engine!(@async "sqlite" sqlite sqlite_async
                diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>,
                $db $tables, $conn $body);
            $crate::support::each_engine!(@async "postgres" postgres postgres_async
                diesel_async::AsyncPgConnection, $db $tables, $conn $body);
            $crate::support::each_engine!(@async "mysql" mysql mysql_async
                diesel_async::AsyncMysqlConnection, $db $tables, $conn $body);
        }
    )* };
    (@sync $feature:literal $engine:ident $type:ty, $db:ident $tables:path, $conn:ident $body:block) => {
        #[cfg(feature = $feature)]
        #[test]
        fn $engine() -> $crate::support::Done {
            #[allow(unused_imports)]
            use diesel::RunQueryDsl;
            #[allow(unused_imports)]
            use $crate::support::{batch_sync as batch, go_sync as go, transaction_sync as transaction};
            #[allow(dead_code)]
            type Conn = $type;
            #[allow(unused_macros)]
            macro_rules! on_key { ($column:expr) => { $crate::support::conflict_target!($engine $column) } }
            #[allow(unused_macros)]
            macro_rules! connect { ($from:expr) => { $from.connect::<Conn>() } }
            let $db = $crate::support::Db::$engine();
            $tables(&$db);
            #[allow(unused_mut, unused_variables)]
            let $conn = &mut $db.connect::<Conn>();
            $body
            Ok(())
        }
    };
    (@async $feature:literal $engine:ident $name:ident $type:ty, $db:ident $tables:path, $conn:ident $body:block) => {
        #[cfg(all(feature = "async", feature = $feature))]
        #[test]
        fn $name() -> $crate::support::Done {
            #[allow(unused_imports)]
            use diesel_async::RunQueryDsl;
            #[allow(unused_imports)]
            use $crate::support::{batch_async as batch, go_async as go, transaction_async as transaction};
            #[allow(dead_code)]
            type Conn = $type;
            #[allow(unused_macros)]
            macro_rules! on_key { ($column:expr) => { $crate::support::conflict_target!($engine $column) } }
            #[allow(unused_macros)]
            macro_rules! connect { ($from:expr) => { $from.connect_async::<Conn>().await } }
            $crate::support::block_on(async {
                let $db = $crate::support::Db::$engine();
                $tables(&$db);
                #[allow(unused_mut, unused_variables)]
                let $conn = &mut $db.connect_async::<Conn>().await;
                $body
                Ok(())
            })
        }
    };
}
pub(crate) use each_engine;
