//! What a database user needs, and what is said if he has it not.

use crate::models::*;
use crate::support::{Db, Engine, each_engine};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
use handleref::prelude::*;
use handleref::{
    Changeset, Error, Maintain, changes, changesets, record_changeset_async, recover, scan,
};

/// A user of the server who may use the test's schema or database, and no more.
fn user(db: &Db, name: &str) -> Option<Db> {
    if db.engine == Engine::Sqlite {
        return None;
    }
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
    Some(Db::at(db.engine, format!("{before}://{account}@{rest}")))
}

/// The schema or the database of a test.
fn own_name(db: &Db) -> &str {
    let at = db.url.rfind(['/', 'D']).map_or(0, |at| at + 1);
    &db.url[at..]
}

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

each_engine! {
    /// What a user may not see is there all the same.
    async fn missing_rights_are_no_missing_tables(db: tables, _conn) {
        let Some(low) = user(&db, "low") else { return Ok(()) };
        let conn = &mut connect!(low);
        let work = go!(record_changeset_async(conn, Changeset::by("ann"), async |_| Ok::<_, Error>(())));
        refused!("a changeset", work);
        refused!("changes", go!(changes::<All>().load(conn)));
        refused!("the position of now", go!(changes::<All>().now(conn)));
        refused!("changesets", go!(changesets().count(conn)));
        refused!("a hold", go!(Question::hold(conn, &1, "case 12")));
        refused!("a scan", go!(scan().model::<Question>().execute(conn)));
        refused!("history", go!(Question::records().count().get_result::<i64>(conn)).map_err(Error::from));
        // In a transaction of the caller too, which PostgreSQL has ended then.
        sql!(conn, "BEGIN");
        refused!("changes", go!(changes::<All>().load(conn)));
        sql!(conn, "ROLLBACK");
        if db.engine == Engine::Postgres {
            db.execute(&format!("REVOKE USAGE ON SCHEMA {0} FROM {0}_low", own_name(&db)));
            for asked in [go!(changes::<All>().load(conn)).map(drop), go!(changesets().count(conn)).map(drop)] {
                let right = format!("USAGE on the schema `{}`", own_name(&db));
                assert!(matches!(&asked, Err(Error::Denied { right: it }) if *it == right), "{asked:?}");
            }
        }
    }

    /// A lock that is waited for too long, in a language that is not English.
    async fn another_transaction_in_another_language(db: tables, conn) {
        if db.engine != Engine::Mysql { return Ok(()) }
        ask!(conn, 1, "Who?");
        let mut question: Question = go!(questions::table.select(Question::as_select()).first(conn))?;
        let other = &mut connect!(db);
        sql!(other, "BEGIN");
        reword!(other, 1, "Where?");
        sql!(conn, "SET lc_messages = 'de_DE', innodb_lock_wait_timeout = 0");
        question.text = "Why?".into();
        let saved = go!(question.save(conn));
        assert!(matches!(&saved, Err(error) if error.is_retryable()), "{saved:?}");
        assert!(saved.is_err_and(|error| error.to_string().contains("Sperre")));
        go!(recover(conn))?;
        sql!(other, "ROLLBACK");
        go!(question.save(conn))?;
    }
}
