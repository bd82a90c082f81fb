//! Eight writers whose transactions overlap, and readers all the while: each of
//! these gets every committed change exactly once, and the changes of a row in
//! the order of its versions. A reader who asks by time loses rows.

use crate::posts::{Post, PostRecords, Topic, TopicRecords, posts, recorded};
use crate::support::dice::Dice;
use crate::support::{Db, Engine};
use diesel::connection::Connection;
use handleref::prelude::*;
use handleref::sync::{Batch, Change};
use handleref::{Cursor, Operation};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const WRITERS: i32 = 8;
/// By each writer.
const TRANSACTIONS: i32 = 2_500;
const READERS: u64 = 3;

/// What a writer does in one transaction: a new topic with posts, or changes of
/// posts, of others too.
fn statements(dice: &mut Dice, writer: i32, round: i32) -> Vec<String> {
    let id = round * WRITERS + writer + 1;
    if dice.roll(2) == 0 {
        return vec![
            format!("INSERT INTO topics (id, name) VALUES ({id}, 'topic {id}')"),
            format!("INSERT INTO posts (id, topic_id, title) VALUES ({id}, {id}, 'post {id}')"),
        ];
    }
    // In the order of keys, so that deadlocks are few.
    let known = (round * WRITERS).max(1);
    let mut some: Vec<i32> = (0..1 + dice.roll(3))
        .map(|_| 1 + dice.roll(known))
        .collect();
    some.sort_unstable();
    let change = |dice: &mut Dice, post: i32| match dice.roll(6) {
        0 => format!("DELETE FROM posts WHERE id = {post}"),
        1 => format!(
            "INSERT INTO posts (id, title) SELECT {post}, 'again' WHERE NOT EXISTS (SELECT 1 FROM posts WHERE id = {post})"
        ),
        _ => format!("UPDATE posts SET title = 'by {writer} in {round}' WHERE id = {post}"),
    };
    some.into_iter().map(|post| change(dice, post)).collect()
}

/// Runs one transaction; whether it was committed.
fn transact<C: Connection>(conn: &mut C, db: &Db, dice: &mut Dice, sql: &[String]) -> bool {
    let begin = match db.engine {
        Engine::Sqlite => "BEGIN IMMEDIATE",
        _ => "BEGIN",
    };
    // SQLite's waiting is not fair: somebody may get no turn for ten seconds.
    while let Err(error) = conn.batch_execute(begin) {
        assert!(error.to_string().contains("locked"), "{error}");
    }
    // A deadlock is a rollback, too.
    let written = sql.iter().all(|sql| conn.batch_execute(sql).is_ok());
    // On SQLite everybody waits for whoever pauses.
    let most = if db.engine == Engine::Sqlite {
        100
    } else {
        3_000
    };
    std::thread::sleep(Duration::from_micros(dice.roll(most).unsigned_abs().into()));
    if written && dice.roll(10) != 0 {
        return conn.batch_execute("COMMIT").is_ok();
    }
    conn.batch_execute("ROLLBACK").unwrap();
    false
}

/// Writes now and then, and keeps the transaction open for a long time: hundreds
/// of others come and go meanwhile.
fn dawdle<C: Connection>(conn: &mut C, db: &Db, done: &AtomicBool) {
    let mut id = 1_000_000;
    // On SQLite nobody else could write.
    while db.engine != Engine::Sqlite && !done.load(Ordering::SeqCst) {
        id += 1;
        conn.batch_execute("BEGIN").unwrap();
        for half in [1, 2] {
            conn.batch_execute(&format!(
                "INSERT INTO topics (id, name) VALUES ({id}{half}, 'slow {id}{half}')"
            ))
            .unwrap();
            std::thread::sleep(Duration::from_millis(150));
        }
        conn.batch_execute("COMMIT").unwrap();
    }
}

/// Reads by cursor until there is nothing more after the writers are done.
fn follow(
    done: &AtomicBool,
    seed: u64,
    mut load: impl FnMut(&Cursor, u32) -> Batch,
) -> Vec<Change> {
    let (mut cursor, mut dice, mut read) = (Cursor::beginning(), Dice(seed), Vec::new());
    loop {
        let last = done.load(Ordering::SeqCst);
        let limit = [1, 3, 17, 100, 1_000][usize::try_from(dice.roll(5)).unwrap()];
        let batch = load(&cursor, limit);
        assert!(batch.changes.len() <= limit as usize);
        // What a reader keeps is the text.
        cursor = batch.cursor.to_string().parse().unwrap();
        let none = batch.changes.is_empty() && !batch.more;
        read.extend(batch.changes);
        if last && none {
            return read;
        }
    }
}

/// All changes, once each, every row in the order of its versions, and no post
/// before its topic.
fn check(read: &[Change], expected: &HashSet<i64>) {
    let ids: HashSet<i64> = read.iter().map(|change| change.id).collect();
    assert_eq!(ids.len(), read.len(), "a change came twice");
    let missing: Vec<_> = expected.difference(&ids).take(5).collect();
    assert!(missing.is_empty(), "lost, among others: {missing:?}");
    assert_eq!(ids.len(), expected.len());
    let mut versions: HashMap<(&str, &str), i64> = HashMap::new();
    for change in read {
        let last = versions.insert((change.model, &change.key), change.version);
        assert!(
            last < Some(change.version),
            "{change} after version {last:?}"
        );
        let topic = change.row::<Post>().and_then(|post| post.topic_id);
        if let Some(topic) = topic.filter(|_| change.operation == Operation::Insert) {
            let topic = topic.to_string();
            assert!(
                versions.contains_key(&("Topic", &*topic)),
                "{change} before its topic"
            );
        }
    }
}

macro_rules! torture {
    ($($engine:ident $feature:literal $conn:ty;)*) => { $(
        #[cfg(feature = $feature)]
        #[test]
        fn $engine() {
            use diesel::prelude::*;
            let db = Db::$engine();
            recorded(&db);
            let (done, committed) = (AtomicBool::new(false), AtomicUsize::new(0));
            let written_all = AtomicBool::new(false);
            let connect = || db.connect::<$conn>();
            let write = |writer: i32| {
                let (mut conn, mut dice) = (connect(), Dice(u64::from(writer.unsigned_abs()) + 40));
                for round in 0..TRANSACTIONS {
                    let sql = statements(&mut dice, writer, round);
                    if transact(&mut conn, &db, &mut dice, &sql) {
                        committed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            };
            let read = |seed: u64| {
                let mut conn = connect();
                follow(&done, seed, |cursor, limit| {
                    handleref::changes::<(Topic, Post)>().since(cursor).limit(limit).load(&mut conn).unwrap()
                })
            };
            // The version of each row that a reader by time has seen last.
            let by_time = || {
                let (mut conn, mut since, mut seen) = (connect(), None, HashMap::new());
                loop {
                    let last = done.load(Ordering::SeqCst);
                    let all = Post::with_deleted().select(Post::as_select()).into_boxed();
                    let rows: Vec<Post> = match since {
                        Some(since) => all.filter(Post::changed_after(since)),
                        None => all,
                    }
                    .load(&mut conn)
                    .unwrap();
                    since = since.max(rows.iter().map(|row| row.updated_at).max());
                    seen.extend(rows.into_iter().map(|row| (row.id, row.version)));
                    if last {
                        return seen;
                    }
                }
            };
            let (read, seen) = std::thread::scope(|scope| {
                let readers: Vec<_> = (0..READERS).map(|seed| scope.spawn(move || read(seed))).collect();
                let by_time = scope.spawn(by_time);
                let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(move || write(writer))).collect();
                let slow = scope.spawn(|| dawdle(&mut connect(), &db, &written_all));
                let written: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
                written_all.store(true, Ordering::SeqCst);
                slow.join().unwrap();
                done.store(true, Ordering::SeqCst);
                assert!(written.iter().all(Result::is_ok), "a writer failed");
                let read: Vec<_> = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
                (read, by_time.join().unwrap())
            });
            let mut conn = connect();
            let mut expected: HashSet<i64> = HashSet::new();
            expected.extend(Topic::records().select(TopicRecords::RECORD_ID).load::<i64>(&mut conn).unwrap());
            expected.extend(Post::records().select(PostRecords::RECORD_ID).load::<i64>(&mut conn).unwrap());
            let committed = committed.into_inner();
            assert!(committed > 10_000, "only {committed} transactions");
            read.iter().for_each(|read| check(read, &expected));
            let rows: Vec<(i32, i64)> = posts::table.select((posts::id, posts::version)).load(&mut conn).unwrap();
            let lost = rows.iter().filter(|(id, version)| seen.get(id) != Some(version)).count();
            println!("{committed} committed, {} changes; by time {lost} of {} rows were lost", expected.len(), rows.len());
            // On SQLite it loses only what has the same millisecond.
            assert!(lost > 0 || db.engine == Engine::Sqlite, "a reader by time loses nothing: no test of overlaps");
        }
    )* };
}
torture! {
    sqlite "sqlite" diesel::SqliteConnection;
    postgres "postgres" diesel::PgConnection;
    mysql "mysql" diesel::MysqlConnection;
}
