//! The relay: what overlaps, what is lost, what is of somebody else.

use crate::beside::{Beside, another, assert_same, catch_up, flush, prefix, store};
use crate::models::recorded as tables;
use crate::models::{All, Note, Question, notes, questions};
use crate::server::Server;
use crate::support::{Engine, each_engine};
use diesel::QueryDsl;
use diesel::prelude::ExpressionMethods;
use handleref::Error;
use handleref::feed::{self, Database};
use handleref::redis::{Redis, Relay};

macro_rules! note {
    ($conn:expr, $id:expr) => {
        go!(diesel::insert_into(notes::table)
            .values(&Note {
                id: $id,
                text: "n".into()
            })
            .execute($conn))?
    };
}

each_engine! {
    /// A transaction that wrote first and commits last. Readers of Redis get its
    /// changes after those with greater numbers, and all of them once.
    async fn overlapping(db: tables, conn) {
        let (store, redis, slow) = (store(), &mut go!(Conn::redis()), &mut connect!(db));
        let relay = Relay::<All>::new(&store).batch(2);
        catch_up!(relay, conn, redis);
        let mut cursor = go!(feed::diffs(&store).newest(1).load(redis))?.cursor;
        let begun = chrono::Utc::now() - chrono::TimeDelta::seconds(60);
        batch!(slow, "BEGIN")?;
        go!(diesel::sql_query("INSERT INTO notes VALUES (1, 'slow')").execute(slow))?;
        // On SQLite nobody else writes meanwhile.
        let others = if db.engine == Engine::Sqlite { 0 } else { 5 };
        for id in 2..2 + others { note!(conn, id); }
        let mut read = Vec::new();
        macro_rules! look {
            () => {{
                catch_up!(relay, conn, redis);
                // By a time that is long enough ago it is always all that is there.
                let timed = go!(feed::diffs(&store).from(begun).load(redis))?;
                loop {
                    let page = go!(feed::diffs(&store).since(&cursor).limit(2).load(redis))?;
                    cursor = page.cursor;
                    read.extend(page.diffs);
                    if !page.more { break; }
                }
                assert_eq!(timed.diffs.len(), read.len());
                timed.cursor
            }};
        }
        let timed = look!();
        assert_eq!(read.len(), usize::try_from(others)?);
        batch!(slow, "COMMIT")?;
        note!(conn, 9);
        look!();
        let notes: Vec<&str> = read.iter().map(|diff| &*diff.object.key).collect();
        let mut expected: Vec<String> = (2..2 + others).map(|id| id.to_string()).collect();
        expected.extend(["1".to_owned(), "9".into()]);
        assert_eq!(notes, expected);
        // Nor has the one a gap who read by time in between.
        let rest = go!(feed::diffs(&store).since(&timed).load(redis))?;
        let rest: Vec<&str> = rest.diffs.iter().map(|diff| &*diff.object.key).collect();
        assert_eq!(rest, ["1", "9"]);
        assert_same!(&store, conn, redis);
    }

    /// Redis is empty all of a sudden; nothing is told until it is filled again.
    async fn flushed(db: tables, conn) {
        let server = Server::start(&["--appendonly", "no"]);
        let (store, redis) = (Redis::new().prefix(&prefix()), &mut go!(Conn::redis_at(&server.url())));
        let relay = Relay::<All>::new(&store).batch(2);
        for id in 1..=5 { note!(conn, id); }
        catch_up!(relay, conn, redis);
        let cursor = go!(feed::diffs(&store).newest(1).load(redis))?.cursor;
        assert_same!(&store, conn, redis);
        flush(&server.url());
        note!(conn, 6);
        let gone = go!(feed::diffs(&store).since(&cursor).load(redis));
        assert!(matches!(gone, Err(Error::OutsideWindow { .. })), "{gone:?}");
        catch_up!(relay, conn, redis);
        assert_eq!(assert_same!(&store, conn, redis).len(), 6);
        // What that reader has not seen was there when it was filled: the database knows.
        let both = store.or_database(Database::<All>::new());
        let read = go!(feed::diffs(&both).since(&cursor).load(&mut (&mut *redis, &mut *conn)))?;
        assert_eq!(read.diffs.len(), 1);
    }

    /// Another database behind the same prefix: nothing of the first one is left.
    async fn another_database(db: tables, conn) {
        let (store, redis) = (store(), &mut go!(Conn::redis()));
        for id in 1..=5 { note!(conn, id); }
        catch_up!(Relay::<All>::new(&store), conn, redis);
        let cursor = go!(feed::diffs(&store).newest(1).load(redis))?.cursor;
        let second = another(&db);
        tables(&second);
        let other = &mut connect!(second);
        go!(diesel::insert_into(questions::table).values(&Question { id: 1, text: "?".into(), asked: None }).execute(other))?;
        catch_up!(Relay::<All>::new(&store), other, redis);
        assert_eq!(assert_same!(&store, other, redis).len(), 1);
        let object = handleref::changeset::ObjectRef::new::<Note>(&1);
        assert!(go!(feed::diffs(&store).of_object(&object).load(redis))?.diffs.is_empty());
        let foreign = go!(feed::diffs(&store).since(&cursor).load(redis));
        assert!(matches!(foreign, Err(Error::OutsideWindow { .. })), "{foreign:?}");
        let both = store.or_database(Database::<All>::new());
        let foreign = go!(feed::diffs(&both).since(&cursor).load(&mut (&mut *redis, &mut *other)));
        assert!(matches!(foreign, Err(Error::Foreign)), "{foreign:?}");
    }

    /// Several relays at once do no harm.
    async fn two_relays(db: tables, conn) {
        let (store, redis) = (store(), &mut go!(Conn::redis()));
        let (one, two) = (Relay::<All>::new(&store).batch(1), Relay::<All>::new(&store).batch(3));
        for id in 1..=9 {
            note!(conn, id);
            go!(one.step(conn, redis))?;
            go!(two.step(conn, redis))?;
        }
        go!(diesel::update(notes::table.find(2)).set(notes::text.eq("m")).execute(conn))?;
        catch_up!(two, conn, redis);
        catch_up!(one, conn, redis);
        assert_eq!(assert_same!(&store, conn, redis).len(), 10);
    }
}
