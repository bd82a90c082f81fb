//! What a database user needs, and what is said if he has it not.

use crate::posts::recorded as tables;
use crate::posts::{All, Post, Topic, posts, topics};
use crate::support::{Db, Engine, each_engine};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
use handleref::history::RecordNo;
use handleref::maintain::{events, release};
use handleref::prelude::*;
use handleref::{Changeset, Error, Maintain, changes, changesets, in_changeset_async, recover};

/// A user of the server who may use the test's schema or database, and no more.
fn user(db: &Db, name: &str) -> Db {
    let (before, rest) = db.url.split_once("://").expect("a URL");
    let (_, rest) = rest.split_once('@').unwrap_or(("", rest));
    let own = own_name(db);
    let name = format!("{own}_{name}");
    let account = match db.engine {
        Engine::Sqlite | Engine::Postgres => {
            db.execute(&format!("CREATE ROLE {name} LOGIN"));
            db.execute(&format!("GRANT USAGE ON SCHEMA {own} TO {name}"));
            name
        }
        Engine::Mysql => {
            db.execute(&format!("CREATE USER {name} IDENTIFIED BY 'p'"));
            // Without any right the database could not be connected to.
            db.execute("CREATE TABLE IF NOT EXISTS nothing (id INTEGER)");
            db.execute(&format!("GRANT SELECT ON nothing TO {name}"));
            format!("{name}:p")
        }
    };
    Db::at(db.engine, format!("{before}://{account}@{rest}"))
}

/// The schema or the database of a test.
fn own_name(db: &Db) -> &str {
    let at = db.url.rfind(['/', 'D']).map_or(0, |at| at + 1);
    &db.url[at..]
}

/// The grants of `docs/grants.md` for a use, with the names of this test.
fn documented(db: &Db, use_of: &str, name: &str) -> Vec<String> {
    const DOCS: &str = include_str!("../../docs/grants.md");
    let engine = match db.engine {
        Engine::Postgres => "-- PostgreSQL\n",
        Engine::Sqlite | Engine::Mysql => "-- MariaDB\n",
    };
    let (_, section) = DOCS.split_once(&format!("\n## {use_of}\n")).expect(use_of);
    let section = section.split("\n## ").next().unwrap();
    let mut blocks = section.split("```sql\n").skip(1);
    let block = blocks
        .find_map(|block| block.strip_prefix(engine))
        .expect(use_of);
    let block = block.split("```").next().unwrap();
    let ours = |line: &str| {
        line.replace("article", "topic")
            .replace("SCHEMA shop", &format!("SCHEMA {}", own_name(db)))
            .replace("TO app;", &format!("TO {}_{name}", own_name(db)))
    };
    // Each right alone.
    let mut grants = Vec::new();
    for line in block.lines().map(ours) {
        let (rights, on) = line.split_once(" ON ").expect("a grant");
        let rights = rights.strip_prefix("GRANT ").expect("a grant");
        grants.extend(
            rights
                .split(", ")
                .map(|right| format!("GRANT {right} ON {on}")),
        );
    }
    grants
}

/// Whether an error says that a right is missing.
fn is_clear(missing: &str, error: &Error) -> bool {
    let reach = missing.contains("USAGE ON SCHEMA");
    match error {
        Error::Denied { right } => reach && right.contains("USAGE"),
        Error::Database(error) => {
            let words = error.to_string();
            words.contains("denied") || (reach && words.contains("does not exist"))
        }
        _ => false,
    }
}

fn revoked(grant: &str) -> String {
    let (rights, user) = grant.rsplit_once(" TO ").unwrap();
    format!("{} FROM {user}", rights.replacen("GRANT", "REVOKE", 1))
}

/// One use after the other; and each without one of its grants.
const USES: [&str; 7] = [
    "Reading history",
    "Time travel",
    "Changes and feed",
    "Reading changesets",
    "Writing",
    "Writing in changesets",
    "Maintaining",
];

/// The server's own words, and never that something is not installed.
macro_rules! refused {
    ($what:expr, $asked:expr) => {
        match $asked {
            Err(Error::Database(error)) => {
                assert!(error.to_string().contains("denied"), "{}: {error}", $what)
            }
            other => panic!("{}: {:?}", $what, other.map(|_| ())),
        }
    };
}

/// Defines a module per behaviour, with a test per server and connection.
macro_rules! each_server {
    ($($(#[doc = $doc:literal])* async fn $name:ident($db:ident: $tables:path, $conn:ident) $body:block)*) => { $(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            each_engine!(@sync "postgres" postgres diesel::PgConnection, $db $tables, $conn $body);
            each_engine!(@sync "mysql" mysql diesel::MysqlConnection, $db $tables, $conn $body);
            each_engine!(@async "postgres" postgres postgres_async diesel_async::AsyncPgConnection, $db $tables, $conn $body);
            each_engine!(@async "mysql" mysql mysql_async diesel_async::AsyncMysqlConnection, $db $tables, $conn $body);
        }
    )* };
}

/// One model, so that nobody needs rights on others.
fn topics_alone(db: &Db) {
    db.create("CREATE TABLE topics (id {KEY} PRIMARY KEY, name {TEXT} NOT NULL)");
    db.install(&handleref::schema![Topic]);
}

macro_rules! run {
    ($conn:expr, $statement:expr) => {
        go!($statement.execute($conn))
    };
}

macro_rules! insert {
    ($conn:expr, $id:expr) => {
        run!(
            $conn,
            diesel::insert_into(topics::table).values((topics::id.eq($id), topics::name.eq("a")))
        )
    };
}

each_server! {
    /// What a user may not see is there all the same.
    async fn missing_rights_are_no_missing_tables(db: tables, _conn) {
        let low = user(&db, "low");
        let conn = &mut connect!(low);
        let work = go!(in_changeset_async(conn, Changeset::by("ann"), async |_| Ok::<_, Error>(())));
        refused!("a changeset", work);
        refused!("changes", go!(changes::<All>().load(conn)));
        refused!("the position of now", go!(changes::<All>().now(conn)));
        refused!("changesets", go!(changesets().count(conn)));
        refused!("a hold", go!(Topic::hold(conn, &1, "case 12")));
        // In a transaction of the caller too, which PostgreSQL has ended then.
        batch!(conn, "BEGIN")?;
        refused!("changes", go!(changes::<All>().load(conn)));
        batch!(conn, "ROLLBACK")?;
        if db.engine == Engine::Postgres {
            Db::execute(&db, &format!("REVOKE USAGE ON SCHEMA {0} FROM {0}_low", own_name(&db)));
            for asked in [go!(changes::<All>().load(conn)).map(drop), go!(changesets().count(conn)).map(drop)] {
                let right = format!("USAGE on the schema `{}`", own_name(&db));
                assert!(matches!(&asked, Err(Error::Denied { right: it }) if *it == right), "{asked:?}");
            }
        }
    }

    /// A lock that is waited for too long, in a language that is not English.
    async fn another_transaction_in_another_language(db: tables, conn) {
        if db.engine != Engine::Mysql { return Ok(()) }
        run!(conn, diesel::insert_into(posts::table).values((posts::id.eq(1), posts::title.eq("a"))))?;
        let mut post: Post = go!(posts::table.select(Post::as_select()).first(conn))?;
        let other = &mut connect!(db);
        batch!(other, "BEGIN")?;
        run!(other, diesel::update(posts::table.find(1)).set(posts::title.eq("b")))?;
        batch!(conn, "SET lc_messages = 'de_DE', innodb_lock_wait_timeout = 0")?;
        post.title = "c".into();
        let saved = go!(post.save(conn));
        assert!(matches!(&saved, Err(error) if error.is_retryable()), "{saved:?}");
        assert!(saved.is_err_and(|error| error.to_string().contains("Sperre")));
        go!(recover(conn))?;
        batch!(other, "ROLLBACK")?;
        go!(post.save(conn))?;
    }

    /// What the docs say that a use needs is enough for it, and all of it is needed.
    /// (The feed reads what the changes are read from.)
    async fn as_the_docs_say(db: topics_alone, admin) {
        if db.engine == Engine::Postgres {
            Db::execute(&db, &format!("REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA {} FROM PUBLIC", own_name(&db)));
        }
        insert!(admin, 1)?;
        let mut id = 1;
        let mut needless = Vec::new();
        let early = go!(Topic::changes().load(admin))?.cursor;
        for (at, use_of) in USES.into_iter().enumerate() {
            let name = format!("u{at}");
            let low = user(&db, &name);
            let conn = &mut connect!(low);
            let mut grants = documented(&db, use_of, &name);
            if use_of == "Writing in changesets" {
                grants.extend(documented(&db, "Writing", &name));
            }
            for grant in &grants { Db::execute(&db, grant); }
            // With all of them, and without each one.
            for missing in [None].into_iter().chain(grants.iter().map(Some)) {
                if let Some(missing) = missing {
                    Db::execute(&db, &revoked(missing));
                }
                id += 1;
                insert!(admin, id)?;
                for name in ["b", "c", "d"] {
                    run!(admin, diesel::update(topics::table.find(id)).set(topics::name.eq(name)))?;
                }
                let mut said: Vec<(&str, Error)> = Vec::new();
                macro_rules! note {
                    ($what:expr, $result:expr) => {
                        if let Err(error) = $result { said.push(($what, Error::from(error))); }
                    };
                }
                match use_of {
                    "Reading history" => {
                        note!("records", go!(Topic::records().count().get_result::<i64>(conn)));
                        note!("gone", go!(Topic::gone().count().get_result::<i64>(conn)));
                        note!("rows", go!(topics::table.count().get_result::<i64>(conn)));
                    }
                    "Time travel" => {
                        let all = topics::table.select(topics::id);
                        note!("a number", go!(all.as_of::<Topic>(RecordNo(1 << 60)).load::<i32>(conn)));
                        note!("a time", go!(all.as_of::<Topic>(chrono::Utc::now()).load::<i32>(conn)));
                    }
                    "Changes and feed" => {
                        note!("changes", go!(Topic::changes().since(&early).load(conn)));
                        note!("now", go!(Topic::changes().now(conn)));
                    }
                    "Reading changesets" => {
                        note!("all", go!(changesets().load(conn)));
                        note!("of a row", go!(changesets().of_key::<Topic>(&1).load(conn)));
                    }
                    "Writing" => {
                        id += 1;
                        note!("insert", insert!(conn, id));
                        note!("update", run!(conn, diesel::update(topics::table.find(id)).set(topics::name.eq("b"))));
                        note!("delete", run!(conn, diesel::delete(topics::table.find(id))));
                    }
                    "Writing in changesets" => {
                        id += 1;
                        let meta = || Changeset::by("ann");
                        note!("nothing", go!(in_changeset_async(conn, meta(), async |_| Ok::<_, Error>(()))));
                        let keyed = meta().once(format!("{id}"));
                        note!("a key", go!(in_changeset_async(conn, keyed, async |_| Ok::<_, Error>(()))));
                        note!("an insert", go!(in_changeset_async(conn, meta(), async |conn| {
                            insert!(conn, id)?;
                            run!(conn, diesel::update(topics::table.find(id)).set(topics::name.eq("b")))?;
                            run!(conn, diesel::delete(topics::table.find(id)))?;
                            Ok::<_, Error>(())
                        })));
                    }
                    _ => {
                        note!("backfill", go!(Topic::backfill().execute(conn)));
                        note!("prune", go!(Topic::prune().keep_last(1).batch(1).execute(conn)));
                        note!("erase", go!(Topic::erase(id).column_with(topics::name, "'gone'").live_row().execute(conn)));
                        match go!(Topic::hold(conn, &1, "case 2")) {
                            Ok(hold) => note!("release", go!(release(conn, hold))),
                            Err(error) => said.push(("hold", error)),
                        }
                        note!("events", go!(events().load(conn)));
                    }
                }
                let Some(missing) = missing else {
                    assert!(said.is_empty(), "{use_of}: {said:?}");
                    continue;
                };
                if said.is_empty() {
                    needless.push(format!("{use_of}: {missing}"));
                }
                for (what, error) in said {
                    assert!(is_clear(missing, &error), "{use_of}, {what}, without {missing}: {error:?}");
                }
                Db::execute(&db, missing);
            }
        }
        assert!(needless.is_empty(), "{needless:#?}");
    }
}
