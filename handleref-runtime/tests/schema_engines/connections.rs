//! Asynchronous connections, and several at once.
use crate::install::OLD;
use crate::models::{Article, Slugged};
use crate::support::{self, Db, url};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use handleref_runtime::schema;

#[cfg(feature = "async")]
mod asynchronous {
    use super::*;
    use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
    use diesel_async::{
        AsyncConnection, AsyncMysqlConnection, AsyncPgConnection, SimpleAsyncConnection,
    };

    macro_rules! install_and_check {
        ($conn:ident, $table:expr) => {{
            $conn.batch_execute(&$table).await.unwrap();
            let schema = schema![Slugged];
            let plan = schema.install(&mut $conn).await.unwrap();
            assert!(!plan.is_empty());
            assert!(schema.plan(&mut $conn).await.unwrap().is_empty());
            assert!(schema.check(&mut $conn).await.unwrap().is_ok());
            for statement in plan.down() {
                $conn.batch_execute(statement).await.unwrap();
            }
            assert_eq!(schema.plan(&mut $conn).await.unwrap(), plan);
        }};
    }

    fn block_on(future: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(future);
    }

    #[test]
    fn postgres() {
        if support::postgres("asynchronous").is_none() {
            return;
        }
        block_on(async {
            let mut conn = AsyncPgConnection::establish(&url("HANDLEREF_POSTGRES_URL").unwrap())
                .await
                .unwrap();
            conn.batch_execute("SET search_path = hr_asynchronous")
                .await
                .unwrap();
            install_and_check!(conn, support::quoted(PgConnection::KIND, OLD));
        });
    }

    #[test]
    fn mysql() {
        if support::mysql("asynchronous").is_none() {
            return;
        }
        block_on(async {
            let mut conn = AsyncMysqlConnection::establish(&url("HANDLEREF_MYSQL_URL").unwrap())
                .await
                .unwrap();
            conn.batch_execute("USE hr_asynchronous").await.unwrap();
            install_and_check!(conn, support::quoted(MysqlConnection::KIND, OLD));
        });
    }

    #[test]
    fn sqlite() {
        block_on(async {
            let mut conn = SyncConnectionWrapper::<SqliteConnection>::establish(":memory:")
                .await
                .unwrap();
            install_and_check!(conn, support::quoted(SqliteConnection::KIND, OLD));
        });
    }
}

/// Four programs that start at once: one of them installs.
fn installers<C: Db>(connect: impl Fn() -> C + Sync) {
    connect().sql(OLD);
    let applied: usize = std::thread::scope(|scope| {
        let run = || {
            connect()
                .install(&schema![Article])
                .map(|plan| usize::from(!plan.is_empty()))
                .unwrap()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    // MySQL's lock is taken after the first look; the rest find nothing left.
    assert_eq!(applied, 1);
    assert!(connect().check(&schema![Article]).is_ok());
}

#[test]
fn installers_wait_for_each_other_on_postgres() {
    if support::postgres("installers").is_none() {
        return;
    }
    installers(|| {
        let mut conn = PgConnection::establish(&url("HANDLEREF_POSTGRES_URL").unwrap()).unwrap();
        conn.batch_execute("SET search_path = hr_installers")
            .unwrap();
        conn
    });
}

#[test]
fn installers_wait_for_each_other_on_mysql() {
    if support::mysql("installers").is_none() {
        return;
    }
    installers(|| {
        let mut conn = MysqlConnection::establish(&url("HANDLEREF_MYSQL_URL").unwrap()).unwrap();
        conn.batch_execute("USE hr_installers").unwrap();
        conn
    });
}

#[test]
fn installers_wait_for_each_other_on_sqlite() {
    let path = std::env::temp_dir().join(format!("handleref-installers-{}.db", std::process::id()));
    let _ = std::fs::remove_file(&path);
    installers(|| {
        let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
        conn
    });
    std::fs::remove_file(&path).unwrap();
}

/// A connection that read the old schema sees the new defaults.
#[test]
fn other_connections_of_sqlite_see_the_change() {
    let path = std::env::temp_dir().join(format!("handleref-others-{}.db", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let connect = || SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let (mut one, mut other) = (connect(), connect());
    one.sql(OLD);
    other.sql("INSERT INTO articles (title) VALUES ('before')");
    one.install(&schema![Article]).unwrap();
    other.sql("INSERT INTO articles (title) VALUES ('after')");
    assert!(
        other
            .row("created_at", "FROM articles WHERE title = 'after'")
            .starts_with("20")
    );
    assert_eq!(
        other.row("integrity_check", "FROM pragma_integrity_check"),
        "ok"
    );
    assert!(other.check(&schema![Article]).is_ok());
    std::fs::remove_file(&path).unwrap();
}
