//! Redis answers as the database does, to the same question.

use crate::beside::{Beside, catch_up, store};
use crate::models::recorded as tables;
use crate::models::{All, Choice, Note, Question, choices, notes, questions};
use crate::support::each_engine;
use diesel::QueryDsl;
use diesel::prelude::ExpressionMethods;
use handleref::feed::{self, Database, Diff, Feed};
use handleref::redis::Relay;
use handleref::{Cursor, Error};

macro_rules! run {
    ($conn:expr, $statement:expr) => {
        go!($statement.execute($conn))?
    };
}

/// Twenty-odd changes of all kinds.
macro_rules! changes {
    ($conn:expr) => {
        for id in 1..=3 {
            run!(
                $conn,
                diesel::insert_into(questions::table).values(&Question {
                    id,
                    text: "?".into(),
                    asked: None
                })
            );
            let choice = Choice {
                id,
                question_id: Some(id),
                label: "a".into(),
                votes: 0,
            };
            run!($conn, diesel::insert_into(choices::table).values(&choice));
            run!(
                $conn,
                diesel::insert_into(notes::table).values(&Note {
                    id,
                    text: "n".into()
                })
            );
        }
        run!(
            $conn,
            diesel::update(choices::table).set(choices::votes.eq(1))
        );
        run!(
            $conn,
            diesel::update(questions::table.find(2)).set(questions::text.eq("!"))
        );
        run!($conn, diesel::delete(choices::table.find(3)));
    };
}

fn ids(diffs: &[Diff]) -> Vec<i64> {
    diffs.iter().map(|diff| diff.id).collect()
}

each_engine! {
    /// The same ranges of the same scopes give the same.
    async fn ranges(db: tables, conn) {
        let (store, redis, database) = (store(), &mut go!(Conn::redis()), Database::<All>::new());
        changes!(conn);
        catch_up!(Relay::<All>::new(&store), conn, redis);
        let all = go!(feed::diffs(&database).load(conn))?.diffs;
        assert_eq!(all.len(), 14);
        let (early, late) = (all[3].at, all[9].at);
        macro_rules! same {
            ($($range:tt)*) => {
                for object in [None, Some(all[4].address().clone())] {
                    let (mut held, mut made) = (feed::diffs(&store)$($range)*, feed::diffs(&database)$($range)*);
                    if let Some(object) = &object {
                        (held, made) = (held.of_object(object), made.of_object(object));
                    }
                    let (held, made) = (go!(held.load(redis))?, go!(made.load(conn))?);
                    assert_eq!((held.diffs, held.more), (made.diffs, made.more), "{} {object:?}", stringify!($($range)*));
                    let (held, made) = (Question::diffs(&store)$($range)*, Question::diffs(&database)$($range)*);
                    let (held, made) = (go!(held.load(redis))?, go!(made.load(conn))?);
                    assert_eq!((held.diffs, held.more), (made.diffs, made.more), "{} of a model", stringify!($($range)*));
                }
            };
        }
        same!(.from(early));
        same!(.since(early));
        same!(.until(late));
        same!(.before(late));
        same!(.from(early).before(late));
        same!(.from(late + chrono::TimeDelta::days(1)));
        same!(.limit(4));
        same!(.from(early).limit(2));
        same!(.newest(3));
        same!(.from(early).before(late).newest(2));
        same!(.reverse());
        same!(.reverse().limit(3));
        same!(.reverse().limit(3).before(&all[9]));
        same!(.until(&all[5]));
        assert_eq!(go!(feed::diffs(&store).first(redis))?.unwrap(), all[0]);
        assert_eq!(go!(feed::diffs(&store).last(redis))?.unwrap(), all[13]);
        assert!(go!(Question::diffs(&store).of(&9).first(redis))?.is_none());
    }

    /// Pages by cursor, each from the other store.
    async fn one_cursor_for_both(db: tables, conn) {
        let (store, redis, database) = (store(), &mut go!(Conn::redis()), Database::<All>::new());
        let relay = Relay::<All>::new(&store);
        catch_up!(relay, conn, redis);
        let start = go!(feed::diffs(&store).newest(1).load(redis))?.cursor;
        changes!(conn);
        let all = go!(feed::diffs(&database).since(&start).load(conn))?;
        assert_eq!(all.diffs.len(), 14);
        // The relay is still where it was.
        let none = go!(feed::diffs(&store).since(&start).load(redis))?;
        assert!(none.diffs.is_empty() && !none.more);
        // A reader who is further than the relay stays there.
        let ahead = go!(feed::diffs(&store).since(&all.cursor).load(redis))?;
        assert_eq!((ahead.diffs.len(), ahead.cursor), (0, all.cursor.clone()));
        catch_up!(relay, conn, redis);
        for (first, second) in [(false, false), (true, false), (false, true), (true, true)] {
            let (mut cursor, mut read) = (start.clone(), Vec::new());
            for page in 0.. {
                let from_redis = if page % 2 == 0 { first } else { second };
                let batch = match from_redis {
                    true => {
                        // To where the database was just read.
                        catch_up!(relay, conn, redis);
                        go!(feed::diffs(&store).since(&cursor).limit(3).load(redis))?
                    }
                    false => go!(feed::diffs(&database).since(&cursor).limit(3).load(conn))?,
                };
                read.extend(batch.diffs);
                cursor = batch.cursor.to_string().parse()?;
                if !batch.more { break; }
                assert!(page < 10);
            }
            assert_eq!(read, all.diffs, "{first} {second}");
            assert!(go!(feed::diffs(&store).since(&cursor).load(redis))?.diffs.is_empty());
            assert!(go!(feed::diffs(&database).since(&cursor).load(conn))?.diffs.is_empty());
        }
        // What a read by time has left goes on by its cursor.
        let page = go!(feed::diffs(&store).from(all.diffs[2].at).limit(2).load(redis))?;
        let rest = go!(feed::diffs(&store).since(&page.cursor).load(redis))?;
        let both = [ids(&page.diffs), ids(&rest.diffs)].concat();
        // Times may tie.
        let first = all.diffs.iter().position(|diff| diff.at == all.diffs[2].at).unwrap();
        assert_eq!(both, ids(&all.diffs[first..]));
        let other = go!(feed::diffs(&Database::<Note>::new()).load(conn))?;
        let wrong = go!(feed::diffs(&store).since(&other.cursor).load(redis));
        assert!(matches!(wrong, Err(Error::WrongModels { .. })), "{wrong:?}");
    }

    /// Without a relay, or from before what Redis holds, the database answers.
    async fn or_the_database(db: tables, conn) {
        let (store, redis) = (store().max_age(chrono::TimeDelta::seconds(1)), &mut go!(Conn::redis()));
        let both = store.clone().or_database(Database::<All>::new());
        let begin = go!(feed::diffs(&Database::<All>::new()).load(conn))?.cursor;
        changes!(conn);
        let empty = go!(feed::diffs(&store).load(redis));
        assert!(matches!(empty, Err(Error::OutsideWindow { .. })), "{empty:?}");
        let made = go!(feed::diffs(&both).load(&mut (&mut *redis, &mut *conn)))?;
        assert_eq!(made.diffs.len(), 14);
        let relay = Relay::<All>::new(&store);
        catch_up!(relay, conn, redis);
        let seen = go!(feed::diffs(&store).newest(1).load(redis))?.cursor;
        // Until the first changes are too old, and pruned.
        loop {
            catch_up!(relay, conn, redis);
            match go!(feed::diffs(&store).since(&begin).load(redis)) {
                Err(Error::OutsideWindow { .. }) => break,
                read => { read?; }
            }
        }
        let from_start = go!(feed::diffs(&store).since(&Cursor::beginning()).load(redis));
        assert!(matches!(from_start, Err(Error::OutsideWindow { .. })), "{from_start:?}");
        let read = go!(feed::diffs(&both).since(&begin).load(&mut (&mut *redis, &mut *conn)))?;
        assert_eq!(read.diffs, made.diffs);
        // One who has read them is served from Redis.
        run!(conn, diesel::update(notes::table).set(notes::text.eq("m")));
        catch_up!(relay, conn, redis);
        let held = go!(feed::diffs(&store).since(&seen).load(redis))?;
        assert_eq!(held.diffs.len(), 3);
        // So is everybody by time.
        let recent = go!(feed::diffs(&store).from(held.diffs[0].at).load(redis))?;
        assert_eq!(recent.diffs, held.diffs);
    }
}
