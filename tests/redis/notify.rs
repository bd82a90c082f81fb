//! A relay that waits long is woken on PostgreSQL.

#![cfg(feature = "postgres")]

use crate::beside::{blocking, store, url};
use crate::models::recorded as tables;
use crate::models::{All, Note, Question, questions};
use crate::support::{Db, Done};
use diesel::{Connection, PgConnection, RunQueryDsl};
use handleref::feed::Feed;
use handleref::redis::Relay;
use std::time::{Duration, Instant};

fn ask(conn: &mut PgConnection, id: i32) -> diesel::QueryResult<usize> {
    let question = Question {
        id,
        text: "?".into(),
        asked: None,
    };
    diesel::insert_into(questions::table)
        .values(&question)
        .execute(conn)
}

/// Far less than it would wait.
const LIMIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_secs(3_600);

#[test]
fn postgres() -> Done {
    let db = Db::postgres();
    tables(&db);
    let (store, at) = (store(), db.url.clone());
    let relay = Relay::<All>::new(&store).poll(PAUSE).listen();
    let handle = relay.spawn(
        move || PgConnection::establish(&at),
        || redis::Client::open(url())?.get_connection(),
    )?;
    let (conn, redis) = (&mut db.connect::<PgConnection>(), &mut blocking(&url()));
    let began = Instant::now();
    while handle.status().up_to_date.is_none() {
        assert!(began.elapsed() < LIMIT, "{:?}", handle.status());
    }
    for id in 1..=3 {
        ask(conn, id)?;
        let began = Instant::now();
        let count = usize::try_from(id)?;
        while Question::diffs(&store).load(redis)?.diffs.len() < count {
            assert!(began.elapsed() < LIMIT, "{:?}", handle.status());
        }
        println!("after {:?}", began.elapsed());
    }
    let status = handle.stop();
    assert_eq!((status.moved, status.errors), (3, 0));
    Ok(())
}

#[cfg(feature = "async")]
#[test]
fn postgres_async() -> Done {
    use diesel_async::AsyncConnection;
    crate::support::block_on(async {
        let db = Db::postgres();
        tables(&db);
        let (store, at) = (store(), db.url.clone());
        let relay = std::sync::Arc::new(Relay::<All>::new(&store).poll(PAUSE).listen());
        let its = relay.clone();
        let task = tokio::spawn(async move {
            let database = || diesel_async::AsyncPgConnection::establish(&at);
            let redis = || async move {
                redis::Client::open(url())?
                    .get_multiplexed_async_connection()
                    .await
            };
            its.run_async(database, redis).await;
        });
        let (conn, redis) = (&mut db.connect::<PgConnection>(), &mut blocking(&url()));
        let began = Instant::now();
        while relay.status().up_to_date.is_none() {
            assert!(began.elapsed() < LIMIT, "{:?}", relay.status());
            tokio::task::yield_now().await;
        }
        for id in 1..=3 {
            ask(conn, id)?;
            let (began, count) = (Instant::now(), usize::try_from(id)?);
            while Question::diffs(&store).load(redis)?.diffs.len() < count {
                assert!(began.elapsed() < LIMIT, "{:?}", relay.status());
                tokio::task::yield_now().await;
            }
        }
        task.abort();
        assert!(task.await.is_err_and(|error| error.is_cancelled()));
        Ok(())
    })
}

/// The trigger is there if it is asked for, and goes when it is not any more.
#[test]
fn installed() -> Done {
    let db = Db::postgres();
    tables(&db);
    let conn = &mut db.connect::<PgConnection>();
    let count = |conn: &mut PgConnection| {
        let sql = "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'handleref_notify_%' \
                   AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace)";
        diesel::select(diesel::dsl::sql::<diesel::sql_types::BigInt>(&format!(
            "({sql})"
        )))
        .get_result::<i64>(conn)
    };
    assert_eq!(count(conn)?, 2);
    assert!(handleref::schema![Question, Note].check(conn)?.is_ok());
    diesel::sql_query("DROP TRIGGER handleref_notify_question_records ON question_records")
        .execute(conn)?;
    assert!(!handleref::schema![Question].check(conn)?.is_ok());
    handleref::schema![Question].install(conn)?;
    assert_eq!(count(conn)?, 2);
    Ok(())
}
