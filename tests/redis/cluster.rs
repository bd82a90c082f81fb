//! A Redis Cluster: a real one, of one server that has all slots. It refuses
//! commands about the keys of several.

use crate::beside::{assert_same, catch_up, store};
use crate::models::recorded as tables;
use crate::models::{All, Choice, Note, Question, choices, notes, questions};
use crate::server::Server;
use crate::support::{Done, go_sync as go};
use diesel::QueryDsl;
#[cfg(feature = "sqlite")]
use diesel::RunQueryDsl;
use handleref::feed;
use handleref::redis::{Plain, Relay, prune_diffs};
use redis::cluster::ClusterClient;

fn cluster() -> Result<Server, redis::RedisError> {
    let server = Server::start(&["--cluster-enabled", "yes"]);
    let conn = &mut crate::beside::blocking(&server.url());
    redis::cmd("CLUSTER")
        .arg("ADDSLOTSRANGE")
        .arg(0)
        .arg(16_383)
        .exec(conn)?;
    loop {
        let info: String = redis::cmd("CLUSTER").arg("INFO").query(conn)?;
        if info.contains("cluster_state:ok") {
            return Ok(server);
        }
    }
}

macro_rules! through {
    ($conn:expr, $redis:expr) => {{
        use diesel::ExpressionMethods;
        let (conn, redis, store) = ($conn, $redis, store());
        let relay = Relay::<All>::new(&store);
        catch_up!(relay, conn, redis);
        for id in 1..=3 {
            go!(diesel::insert_into(questions::table)
                .values(&Question {
                    id,
                    text: "?".into(),
                    asked: None
                })
                .execute(conn))?;
            let choice = Choice {
                id,
                question_id: Some(id),
                label: "a".into(),
                votes: 0,
            };
            go!(diesel::insert_into(choices::table)
                .values(&choice)
                .execute(conn))?;
            go!(diesel::insert_into(notes::table)
                .values(&Note {
                    id,
                    text: "n".into()
                })
                .execute(conn))?;
        }
        go!(diesel::update(questions::table.find(2))
            .set(questions::text.eq("!"))
            .execute(conn))?;
        catch_up!(relay, conn, redis);
        assert_eq!(assert_same!(&store, conn, redis).len(), 10);
        assert_eq!(go!(prune_diffs(&store, redis))?.skipped, []);
        let cursor = go!(feed::diffs(&store)
            .from(chrono::DateTime::UNIX_EPOCH)
            .load(redis))?
        .cursor;
        assert!(
            go!(feed::diffs(&store).since(&cursor).load(redis))?
                .diffs
                .is_empty()
        );
    }};
}

#[cfg(feature = "sqlite")]
#[test]
fn redis() -> Done {
    let (db, server) = (crate::support::Db::sqlite(), cluster()?);
    tables(&db);
    let client = ClusterClient::new([server.url()])?;
    through!(
        &mut db.connect::<diesel::SqliteConnection>(),
        &mut Plain(client.get_connection()?)
    );
    // What each key is in shows in its name.
    let conn = &mut crate::beside::blocking(&server.url());
    let slot = |key: &str, conn: &mut redis::Connection| {
        redis::cmd("CLUSTER")
            .arg("KEYSLOT")
            .arg(key)
            .query::<u32>(conn)
    };
    assert_eq!(slot("p:{*}", conn)?, slot("p:{*}:times", conn)?);
    assert_ne!(slot("p:{Note:1}", conn)?, slot("p:{Note:2}", conn)?);
    // And it would have refused.
    let crossed = redis::cmd("DEL")
        .arg("p:{Note:1}")
        .arg("p:{Note:2}")
        .exec(conn);
    assert_eq!(crossed.unwrap_err().code(), Some("CROSSSLOT"));
    Ok(())
}

#[cfg(all(feature = "sqlite", feature = "async"))]
mod nonblocking {
    use super::*;
    use crate::support::go_async as go;
    use diesel_async::RunQueryDsl;
    use handleref::redis::Nonblocking;

    #[test]
    fn redis_async() -> Done {
        type Conn =
            diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>;
        crate::support::block_on(async {
            let (db, server) = (crate::support::Db::sqlite(), cluster()?);
            tables(&db);
            let client = ClusterClient::new([server.url()])?;
            let conn = &mut Nonblocking(client.get_async_connection().await?);
            through!(&mut db.connect_async::<Conn>().await, conn);
            Ok(())
        })
    }
}
