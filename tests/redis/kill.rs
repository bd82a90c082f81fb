//! A relay is killed fifty times while others write, and Redis is flushed, killed
//! and started anew. A reader misses nothing and gets nothing twice, and in the end
//! Redis holds what the database has.

use crate::beside::{Beside, assert_same, blocking, catch_up};
use crate::models::{All, recorded as tables};
use crate::server::Server;
use crate::support::dice::Dice;
use crate::support::{Db, Done, Engine, go_sync as go};
use diesel::Connection;
use handleref::feed::{self, Database, Diff, Diffs, Feeds};
use handleref::redis::{Listen, Redis, RedisConnection, Relay, Step};
use handleref::{Cursor, Error, Executor};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::{Duration, Instant};

const ENGINE: &str = "HANDLEREF_TEST_ENGINE";
const URL: &str = "HANDLEREF_TEST_URL";
const REDIS: &str = "HANDLEREF_TEST_REDIS";
const PREFIX: &str = "kill";

/// In the other process: a relay, until it is killed. In this one: without an
/// address there is nothing to do.
#[test]
fn another_process() {
    fn run<C: Connection + Listen<Mode = <redis::Connection as RedisConnection>::Mode>>(
        url: &str,
        redis: &str,
    ) where
        All: Feeds<C::Engine>,
    {
        let relay = Relay::<All>::new(&Redis::new().prefix(PREFIX))
            .poll(Duration::from_millis(1))
            .batch(20);
        let client = redis::Client::open(redis).unwrap();
        let connect = || {
            let mut conn = C::establish(url).unwrap();
            if !url.contains("://") {
                conn.batch_execute("PRAGMA busy_timeout = 10000")?;
            }
            Ok::<_, diesel::result::Error>(conn)
        };
        relay.run(connect, || client.get_connection());
    }
    let read = |name| std::env::var(name).ok();
    let (Some(engine), Some(url), Some(redis)) = (read(ENGINE), read(URL), read(REDIS)) else {
        return;
    };
    match engine.as_str() {
        #[cfg(feature = "sqlite")]
        "Sqlite" => run::<diesel::SqliteConnection>(&url, &redis),
        #[cfg(feature = "postgres")]
        "Postgres" => run::<diesel::PgConnection>(&url, &redis),
        #[cfg(feature = "mysql")]
        "Mysql" => run::<diesel::MysqlConnection>(&url, &redis),
        other => panic!("no engine {other}"),
    }
}

fn relay(db: &Db, server: &Server) -> Child {
    let (_, module) = module_path!().split_once("::").unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("{module}::another_process")])
        .env(ENGINE, format!("{:?}", db.engine))
        .env(URL, &db.url)
        .env(REDIS, server.url())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// How much is written, so that there is always something for the relay to do.
#[derive(Default)]
struct Load {
    allowed: AtomicI32,
    stop: AtomicBool,
}

/// Writes until it is told to stop, in transactions of a few changes, of which some
/// are rolled back.
fn write<C: Connection>(db: &Db, first: i32, load: &Load) -> Done {
    let (conn, mut dice, mut next) = (&mut db.connect::<C>(), Dice(7), first);
    let begin = if db.engine == Engine::Sqlite {
        "BEGIN IMMEDIATE"
    } else {
        "BEGIN"
    };
    while !load.stop.load(Ordering::Relaxed) {
        if next - first >= load.allowed.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
            continue;
        }
        let mut sqls = vec![begin.to_owned()];
        for _ in 0..=dice.roll(3) {
            let id = next - dice.roll(40);
            sqls.push(match dice.roll(6) {
                0 => format!("DELETE FROM notes WHERE id = {id}"),
                1 => format!("UPDATE notes SET text = 'u{next}' WHERE id >= {id} AND id <= {next}"),
                2 => format!(
                    "UPDATE choices SET votes = votes + 1 WHERE id >= {id} AND id <= {next}"
                ),
                3 => format!("INSERT INTO notes VALUES ({next}, 'n')"),
                4 => format!("INSERT INTO choices VALUES ({next}, {id}, 'c', 0)"),
                _ => format!("INSERT INTO questions VALUES ({next}, 'q', NULL)"),
            });
            next += 1;
        }
        sqls.push(
            if dice.roll(10) == 0 {
                "ROLLBACK"
            } else {
                "COMMIT"
            }
            .into(),
        );
        // One that meets a deadlock has not written.
        if sqls
            .iter()
            .try_for_each(|sql| conn.batch_execute(sql))
            .is_err()
        {
            conn.batch_execute("ROLLBACK")?;
        }
    }
    Ok(())
}

/// What a reader got who asks Redis, and the database where Redis does not know.
#[derive(Default)]
struct Read {
    diffs: Vec<Diff>,
    from_redis: usize,
    from_database: usize,
}

fn read<C>(db: &Db, url: &str, cursor: &mut Cursor, read: &mut Read) -> Done
where
    C: 'static + Connection + Executor<Mode = <redis::Connection as RedisConnection>::Mode>,
    for<'a> C: Executor<Output<'a, Result<Diffs, Error>> = Result<Diffs, Error>>,
    All: Feeds<C::Engine>,
{
    let (store, conn) = (Redis::new().prefix(PREFIX), &mut db.connect::<C>());
    let client = redis::Client::open(url)?;
    let mut redis = client.get_connection();
    loop {
        let held = match &mut redis {
            Ok(redis) => feed::diffs(&store).since(&*cursor).limit(50).load(redis),
            Err(_) => Err(Error::OutsideWindow { reason: "down" }),
        };
        let page = match held {
            Ok(page) => {
                read.from_redis += page.diffs.len();
                page
            }
            Err(Error::OutsideWindow { .. } | Error::Redis(_)) => {
                redis = client.get_connection();
                let made = feed::diffs(&Database::<All>::new())
                    .since(&*cursor)
                    .limit(50)
                    .load(conn)?;
                read.from_database += made.diffs.len();
                made
            }
            Err(error) => return Err(error.into()),
        };
        *cursor = page.cursor;
        read.diffs.extend(page.diffs);
        if !page.more {
            return Ok(());
        }
    }
}

fn killed<C>(db: &Db) -> Done
where
    C: 'static + Connection + Beside<Redis = redis::Connection, Connecting = redis::Connection>,
    C: Executor<Mode = <redis::Connection as RedisConnection>::Mode>,
    for<'a> C: Executor<Output<'a, Result<Diffs, Error>> = Result<Diffs, Error>>,
    for<'a> C: Executor<Output<'a, Result<Step, Error>> = Result<Step, Error>>,
    All: Feeds<C::Engine>,
{
    tables(db);
    let mut server = Server::start(&["--appendonly", "yes"]);
    let url = server.url();
    let (load, done) = (&Load::default(), &AtomicBool::new(false));
    let mut got = Read::default();
    let got_there = &mut got;
    let driven = std::thread::scope(|scope| -> Done {
        let writers = [1, 1_000_000].map(|first| {
            scope.spawn(move || write::<C>(db, first, load).map_err(|it| it.to_string()))
        });
        let at = url.as_str();
        let reader = scope.spawn(move || {
            let mut cursor = Cursor::beginning();
            loop {
                let last = done.load(Ordering::Relaxed);
                read::<C>(db, at, &mut cursor, got_there).map_err(|it| it.to_string())?;
                if last {
                    return Ok::<_, String>(());
                }
            }
        });
        let driven = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            drive(db, &mut server, load)
        }));
        load.stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().unwrap()?;
        }
        done.store(driven.is_err(), Ordering::Relaxed);
        driven.unwrap()?;
        let (store, conn, redis) = (
            Redis::new().prefix(PREFIX),
            &mut db.connect::<C>(),
            &mut blocking(at),
        );
        catch_up!(Relay::<All>::new(&store), conn, redis);
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap()?;
        Ok(())
    });
    driven?;
    let (store, conn, redis) = (
        Redis::new().prefix(PREFIX),
        &mut db.connect::<C>(),
        &mut blocking(&url),
    );
    let all = assert_same!(&store, conn, redis);
    println!(
        "{} diffs; {} read from Redis, {} from the database",
        all.len(),
        got.from_redis,
        got.from_database
    );
    assert!(all.len() > 500 && got.from_redis > 0 && got.from_database > 0);
    let versions = |diff: &Diff| (diff.object.clone(), diff.version);
    let mut seen = std::collections::HashMap::new();
    for (object, version) in got.diffs.iter().map(versions) {
        let last = seen.insert(object.clone(), version).unwrap_or(0);
        assert!(last < version, "{object}: {version} after {last}");
    }
    let mut ids: Vec<i64> = got.diffs.iter().map(|diff| diff.id).collect();
    ids.sort_unstable();
    let mut expected: Vec<i64> = all.iter().map(|diff| diff.id).collect();
    expected.sort_unstable();
    assert_eq!(ids, expected);
    Ok(())
}

/// Where the relay is, if it is anywhere.
fn moved(server: &Server) -> Option<String> {
    let mut conn = redis::Client::open(server.url())
        .ok()?
        .get_connection()
        .ok()?;
    redis::cmd("HGET")
        .arg(format!("{PREFIX}:{{*}}:state"))
        .arg("cursor")
        .query(&mut conn)
        .ok()?
}

/// Gives it something to do, and waits until it has gone on.
fn goes_on(server: &Server, load: &Load) {
    let (before, began) = (moved(server), Instant::now());
    load.allowed.fetch_add(40, Ordering::Relaxed);
    while moved(server).is_none_or(|now| Some(now) == before) {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "the relay does not go on"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn drive(db: &Db, server: &mut Server, load: &Load) -> Done {
    let mut dice = Dice(11);
    for round in 0..50 {
        let mut child = Killed(relay(db, server));
        goes_on(server, load);
        match round {
            8 | 24 => crate::beside::flush(&server.url()),
            16 | 32 => {
                server.down();
                server.up();
                goes_on(server, load);
            }
            40 => {
                server.down();
                server.forget();
                server.up();
                goes_on(server, load);
            }
            _ => {}
        }
        // Anywhere.
        std::thread::sleep(Duration::from_micros(
            dice.roll(15_000).unsigned_abs().into(),
        ));
        child.0.kill()?;
    }
    Ok(())
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(feature = "sqlite")]
#[test]
fn sqlite() -> Done {
    killed::<diesel::SqliteConnection>(&Db::sqlite())
}

#[cfg(feature = "postgres")]
#[test]
fn postgres() -> Done {
    killed::<diesel::PgConnection>(&Db::postgres())
}

#[cfg(feature = "mysql")]
#[test]
fn mysql() -> Done {
    killed::<diesel::MysqlConnection>(&Db::mysql())
}
