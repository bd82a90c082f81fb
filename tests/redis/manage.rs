//! The relay as a thread, and as a program.

use crate::beside::{Beside, blocking, prefix, url};
use crate::models::recorded as tables;
use crate::models::{All, Note, notes};
use crate::prune::made_two_hours_ago;
use crate::support::{Db, Done};
use chrono::TimeDelta;
use diesel::{Connection, RunQueryDsl, SqliteConnection};
use handleref::feed;
use handleref::redis::{Redis, Relay, manage};
use std::process::ExitCode;
use std::time::{Duration, Instant};

fn note(conn: &mut SqliteConnection, id: i32) -> diesel::QueryResult<usize> {
    diesel::insert_into(notes::table)
        .values(&Note {
            id,
            text: "n".into(),
        })
        .execute(conn)
}

fn call(arguments: &[&str]) -> String {
    let arguments = arguments.iter().map(|&one| one.to_owned());
    let code = manage::<All, _, _>(arguments, SqliteConnection::establish);
    // Codes cannot be compared.
    format!("{code:?}")
}

#[test]
fn redis() -> Done {
    let (db, prefix, at) = (Db::sqlite(), prefix(), url());
    tables(&db);
    let (conn, redis) = (
        &mut db.connect::<SqliteConnection>(),
        &mut SqliteConnection::redis(),
    );
    note(conn, 1)?;
    made_two_hours_ago(&db);
    let options = ["--redis", &at, "--prefix", &prefix];
    let day = ["--max-age", "86400"];
    let relay = ["relay", "--once", "--database", &db.url];
    let ok = format!("{:?}", ExitCode::SUCCESS);
    assert_eq!(call(&[&relay[..], &options, &day].concat()), ok);
    let store = Redis::new().prefix(&prefix).max_age(TimeDelta::days(1));
    let mut held = || feed::diffs(&store).load(redis).map(|page| page.diffs.len());
    assert_eq!(held()?, 1);
    // What is younger than the age stays, what is older goes.
    for (age, left) in [(&day[..], 1), (&["--max-age", "7300"], 1), (&[], 0)] {
        assert_eq!(call(&[&["prune-diffs"], &options[..], age].concat()), ok);
        assert_eq!(held()?, left, "{age:?}");
    }
    let wrong = format!("{:?}", ExitCode::from(2));
    for misused in [
        &["relay", "--prefix"][..],
        &["prune"],
        &["relay", "--fast"],
        &[],
    ] {
        assert_eq!(call(misused), wrong, "{misused:?}");
    }
    let nowhere = [
        "relay",
        "--once",
        "--database",
        "/nowhere/at/all",
        "--redis",
        &at,
    ];
    assert_eq!(call(&nowhere), format!("{:?}", ExitCode::FAILURE));
    Ok(())
}

/// A thread tells how it is, goes on after errors, and stops.
#[test]
fn a_thread_redis() -> Done {
    let (db, prefix) = (Db::sqlite(), prefix());
    tables(&db);
    let conn = &mut db.connect::<SqliteConnection>();
    note(conn, 1)?;
    let store = Redis::new().prefix(&prefix);
    let (at, mut tries) = (db.url.clone(), 0);
    let relay = Relay::<All>::new(&store).poll(Duration::from_millis(5));
    let handle = relay.spawn(
        move || SqliteConnection::establish(&at),
        move || {
            tries += 1;
            match tries {
                1 => Err("not yet".into()),
                _ => Ok::<_, Box<dyn std::error::Error + Send + Sync>>(blocking(&url())),
            }
        },
    )?;
    let until = Instant::now() + Duration::from_secs(60);
    let wait = |done: &dyn Fn(u64) -> bool| {
        while !done(handle.status().moved) {
            assert!(Instant::now() < until, "{:?}", handle.status());
        }
    };
    wait(&|moved| moved == 1);
    note(conn, 2)?;
    wait(&|moved| moved == 2);
    let status = handle.stop();
    assert_eq!(
        (status.moved, status.fills, status.errors, status.error),
        (2, 1, 1, None)
    );
    assert!(status.up_to_date.is_some());
    Ok(())
}
