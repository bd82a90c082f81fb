//! Two connections at one family: nobody stays live below a deleted parent.

use crate::support::ddl::{categories as category_table, family};
use crate::support::models::{
    Article, Category, Comment, Topic, articles, categories, comments, topics,
};
use crate::support::{Db, Done, Engine};
use diesel::connection::SimpleConnection;
#[allow(unused_imports)]
use diesel::prelude::ExpressionMethods;
use diesel::result::Error as DieselError;
use diesel::{Connection, QueryDsl, RunQueryDsl, SelectableHelper};
use handleref::prelude::*;
use handleref::{Error, Outcome};
use std::sync::Barrier;

fn tables(db: &Db) {
    family(db);
    category_table(db);
    db.create("CREATE INDEX articles_of_topics ON articles (topic_id)");
    db.create("CREATE INDEX comments_of_articles ON comments (article_id)");
    db.create("INSERT INTO topics (id, name) VALUES (1, 't')");
    db.create("INSERT INTO articles (id, topic_id, title) VALUES (1, 1, 'a')");
    db.create("INSERT INTO comments (id, article_id, body) VALUES (1, 1, 'c'), (2, 1, 'c')");
    db.create("INSERT INTO categories (id, parent_id, name) VALUES (1, NULL, 'c'), (2, 1, 'c'), (3, 2, 'c')");
}

/// Makes the transactions of a connection keep to a level.
pub(crate) fn isolate(conn: &mut impl SimpleConnection, engine: Engine, level: &str) {
    let sql = match engine {
        Engine::Sqlite => return,
        Engine::Postgres => {
            format!("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL {level}")
        }
        Engine::Mysql => format!("SET SESSION TRANSACTION ISOLATION LEVEL {level}"),
    };
    conn.batch_execute(&sql).unwrap();
}

pub(crate) const LEVELS: [&str; 3] = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"];

/// What a transaction with an old snapshot may say.
pub(super) fn is_conflict(error: &Error) -> bool {
    error.is_retryable()
}

/// One has a snapshot in which a child is deleted; another one restores the
/// child; then the first deletes the parent.
macro_rules! an_old_snapshot {
    ($name:ident, $conn:ty) => {
        #[test]
        fn $name() -> Done {
            for (level, single, tree) in rounds() {
                let db = Db::$name();
                tables(&db);
                let (one, two) = (&mut db.connect::<$conn>(), &mut db.connect::<$conn>());
                handleref::delete(comments::table.find(2)).execute(one)?;
                handleref::delete(categories::table.find(3)).execute(one)?;
                isolate(one, db.engine, level);
                let ended = one.transaction::<_, Error, _>(|one| {
                    let mut topic: Topic = topics::table
                        .find(1)
                        .select(Topic::as_select())
                        .first(one)?;
                    let mut root: Category = categories::table
                        .find(1)
                        .select(Category::as_select())
                        .first(one)?;
                    // SERIALIZABLE locks there what it reads: nobody comes between.
                    if db.engine != Engine::Mysql || level != "SERIALIZABLE" {
                        if single {
                            let mut comment: Comment = comments::table
                                .find(2)
                                .select(Comment::as_select())
                                .first(two)?;
                            let mut leaf: Category = categories::table
                                .find(3)
                                .select(Category::as_select())
                                .first(two)?;
                            assert_eq!(comment.restore(two)?, Outcome::Written);
                            assert_eq!(leaf.restore(two)?, Outcome::Written);
                        } else {
                            let leaf = handleref::restore(categories::table.find(3));
                            assert_eq!(leaf.execute(two)?, 1);
                            let comment = handleref::restore(comments::table.find(2));
                            assert_eq!(comment.with_parents().execute(two)?, 1);
                        }
                    }
                    if tree {
                        root.delete(one)
                    } else {
                        topic.delete(one)
                    }
                });
                let must_fail = match db.engine {
                    Engine::Sqlite => true,
                    Engine::Postgres => level != "READ COMMITTED",
                    Engine::Mysql => false,
                };
                match ended {
                    Ok(Outcome::Written) if !must_fail => {}
                    Err(error)
                        if (must_fail || refuses(db.engine, level)) && is_conflict(&error) => {}
                    other => panic!("{level} {single} {tree}: {other:?}"),
                }
                assert_eq!(live_below_dead(one)?, (0, 0), "{level} {single} {tree}");
            }
            Ok(())
        }
    };
}

/// Whether some servers refuse rows that are newer than the snapshot: MariaDB
/// from 11.6 on (`innodb_snapshot_isolation`).
pub(super) fn refuses(engine: Engine, level: &str) -> bool {
    engine == Engine::Mysql && level == "REPEATABLE READ"
}

/// Levels; whether one row is restored or a set; whether in a tree.
fn rounds() -> impl Iterator<Item = (&'static str, bool, bool)> {
    LEVELS.into_iter().flat_map(|level| {
        [(true, true), (true, false), (false, true), (false, false)]
            .map(|(single, tree)| (level, single, tree))
    })
}

/// How many comments and categories live below a deleted parent.
fn live_below_dead<C>(conn: &mut C) -> Result<(i64, i64), DieselError>
where
    C: Connection + diesel::connection::LoadConnection,
    diesel::query_builder::SqlQuery: for<'a> diesel::query_dsl::LoadQuery<'a, C, Number>,
{
    let comments = diesel::sql_query(
        "SELECT count(*) AS number FROM comments c JOIN articles a ON a.id = c.article_id JOIN topics t ON t.id = a.topic_id \
         WHERE (c.deleted_at IS NULL AND a.deleted_at IS NOT NULL) OR (a.deleted_at IS NULL AND t.deleted_at IS NOT NULL)",
    );
    let categories = diesel::sql_query(
        "SELECT count(*) AS number FROM categories c JOIN categories p ON p.id = c.parent_id \
         WHERE c.deleted_at IS NULL AND p.deleted_at IS NOT NULL",
    );
    let comments: Number = RunQueryDsl::get_result(comments, conn)?;
    let categories: Number = RunQueryDsl::get_result(categories, conn)?;
    Ok((comments.number, categories.number))
}

#[derive(Debug, diesel::QueryableByName)]
struct Number {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    number: i64,
}

mod a_parent_that_is_deleted_under_an_old_snapshot {
    use super::*;
    #[cfg(feature = "sqlite")]
    an_old_snapshot!(sqlite, diesel::SqliteConnection);
    #[cfg(feature = "postgres")]
    an_old_snapshot!(postgres, diesel::PgConnection);
    #[cfg(feature = "mysql")]
    an_old_snapshot!(mysql, diesel::MysqlConnection);
}

/// One deletes and restores the top, the other one restores leaves: at every
/// level of isolation, and however it ends, no leaf lives below the dead.
macro_rules! top_against_leaf {
    ($name:ident, $conn:ty) => {
        #[test]
        fn $name() -> Done {
            const ROUNDS: usize = 60;
            let db = Db::$name();
            tables(&db);
            let admin = &mut db.connect::<$conn>();
            for level in LEVELS {
                let barrier = Barrier::new(2);
                for _ in 0..ROUNDS / LEVELS.len() {
                    handleref::restore(topics::table).execute(admin)?;
                    handleref::restore(categories::table)
                        .with_parents()
                        .execute(admin)?;
                    handleref::restore(articles::table).execute(admin)?;
                    handleref::delete(comments::table).execute(admin)?;
                    handleref::delete(categories::table.find(3)).execute(admin)?;
                    std::thread::scope(|scope| {
                        let top = scope.spawn(|| {
                            let conn = &mut db.connect::<$conn>();
                            isolate(conn, db.engine, level);
                            barrier.wait();
                            let topics = handleref::delete(topics::table).execute(conn);
                            barrier.wait();
                            [
                                topics,
                                handleref::delete(categories::table.find(1)).execute(conn),
                            ]
                        });
                        let leaf = scope.spawn(|| {
                            let conn = &mut db.connect::<$conn>();
                            isolate(conn, db.engine, level);
                            barrier.wait();
                            let comments = handleref::restore(comments::table).execute(conn);
                            barrier.wait();
                            [
                                comments,
                                handleref::restore(categories::table.find(3)).execute(conn),
                            ]
                        });
                        for ended in [top.join().unwrap(), leaf.join().unwrap()]
                            .into_iter()
                            .flatten()
                        {
                            let fine = match &ended {
                                Ok(_) | Err(Error::ParentDeleted { .. }) => true,
                                Err(error) => is_conflict(error),
                            };
                            assert!(fine, "{level}: {ended:?}");
                        }
                    });
                    assert_eq!(live_below_dead(admin)?, (0, 0), "{level}");
                }
            }
            assert_eq!(Article::with_deleted().count().get_result::<i64>(admin)?, 1);
            Ok(())
        }
    };
}

mod the_top_is_deleted_while_a_leaf_is_restored {
    use super::*;
    #[cfg(feature = "sqlite")]
    top_against_leaf!(sqlite, diesel::SqliteConnection);
    #[cfg(feature = "postgres")]
    top_against_leaf!(postgres, diesel::PgConnection);
    #[cfg(feature = "mysql")]
    top_against_leaf!(mysql, diesel::MysqlConnection);
}

/// What a change of a family locks grows with the family, not with the table.
/// (PostgreSQL locks the rows that it finds; SQLite locks the database.)
mod locks_grow_with_the_family {
    #[cfg(feature = "mysql")]
    #[test]
    fn mysql() -> super::Done {
        use super::*;
        const TOPICS: i32 = 200;
        const EACH: i32 = 100;
        let db = Db::mysql();
        tables(&db);
        let conn = &mut db.connect::<diesel::MysqlConnection>();
        let all: Vec<_> = (2..=TOPICS)
            .map(|id| (topics::id.eq(id), topics::name.eq("t")))
            .collect();
        diesel::insert_into(topics::table)
            .values(&all)
            .execute(conn)?;
        for topic in 2..=TOPICS {
            let articles: Vec<_> = (1..=EACH)
                .map(|at| {
                    (
                        articles::id.eq(topic * 1_000 + at),
                        articles::topic_id.eq(topic),
                        articles::title.eq("a"),
                    )
                })
                .collect();
            diesel::insert_into(articles::table)
                .values(&articles)
                .execute(conn)?;
        }
        conn.batch_execute("ANALYZE TABLE topics, articles, comments")?;
        for level in ["READ COMMITTED", "REPEATABLE READ"] {
            isolate(conn, db.engine, level);
            let mut most = 0;
            let mut locked = |conn: &mut diesel::MysqlConnection| -> Result<(), DieselError> {
                let number: Number = diesel::sql_query(
                    "SELECT CAST(trx_rows_locked AS SIGNED) AS number FROM information_schema.innodb_trx \
                     WHERE trx_mysql_thread_id = CONNECTION_ID()",
                )
                .get_result(conn)?;
                most = most.max(number.number);
                Ok(())
            };
            conn.transaction::<_, Error, _>(|conn| {
                assert_eq!(handleref::delete(topics::table.find(7)).execute(conn)?, 1);
                locked(conn)?;
                assert_eq!(
                    Article::deleted().count().get_result::<i64>(conn)?,
                    i64::from(EACH)
                );
                Err(DieselError::RollbackTransaction.into())
            })
            .or_else(rolled_back)?;
            // All are deleted, at one moment, and one comes back.
            handleref::delete(topics::table).execute(conn)?;
            conn.transaction::<_, Error, _>(|conn| {
                assert_eq!(handleref::restore(topics::table.find(7)).execute(conn)?, 1);
                locked(conn)?;
                assert_eq!(
                    Article::undeleted().count().get_result::<i64>(conn)?,
                    i64::from(EACH)
                );
                Err(DieselError::RollbackTransaction.into())
            })
            .or_else(rolled_back)?;
            conn.transaction::<_, Error, _>(|conn| {
                let mut article: Article = articles::table
                    .find(9_001)
                    .select(Article::as_select())
                    .first(conn)?;
                assert_eq!(article.restore_with_parents(conn)?, Outcome::Written);
                locked(conn)?;
                Ok(())
            })?;
            handleref::restore(topics::table).execute(conn)?;
            handleref::restore(articles::table).execute(conn)?;
            // Each row by its entry in the table and in two indexes, and the
            // gaps beside them; 20,000 rows are in the table.
            assert!(most < i64::from(EACH) * 10, "{level}: {most} rows locked");
        }
        Ok(())
    }

    #[cfg(feature = "mysql")]
    fn rolled_back(error: handleref::Error) -> Result<(), handleref::Error> {
        match error {
            handleref::Error::Database(diesel::result::Error::RollbackTransaction) => Ok(()),
            error => Err(error),
        }
    }
}

/// Rows that come to the parents after their children were changed: all of it is
/// done again, for one row as for a set. If they come every time, it is no other
/// transaction's doing, and nothing is written. (A trigger stands for the other
/// transaction, and a sequence, which no rollback sets back, for its being over.)
mod rows_that_come_meanwhile {
    #[cfg(feature = "postgres")]
    #[test]
    fn postgres() -> super::Done {
        use super::*;
        use handleref::ErrorClass;
        let db = Db::postgres();
        tables(&db);
        db.execute(
            "CREATE SEQUENCE comes; \
             CREATE FUNCTION come() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF nextval('comes') < 3 THEN INSERT INTO articles (id, topic_id, title) VALUES (9, 1, 'late'); END IF; \
             RETURN NULL; END $$; \
             CREATE TRIGGER come AFTER UPDATE ON comments EXECUTE FUNCTION come()",
        );
        let conn = &mut db.connect::<diesel::PgConnection>();
        let mut topic: Topic = topics::table.select(Topic::as_select()).first(conn)?;
        for single in [true, false] {
            conn.batch_execute("ALTER SEQUENCE comes RESTART")?;
            if single {
                assert_eq!(topic.delete(conn)?, Outcome::Written);
            } else {
                assert_eq!(handleref::delete(topics::table).execute(conn)?, 1);
            }
            let comes: Number =
                diesel::sql_query("SELECT nextval('comes') AS number").get_result(conn)?;
            assert_eq!(comes.number, 4);
            assert_eq!(Article::undeleted().count().get_result::<i64>(conn)?, 0);
            conn.batch_execute("ALTER SEQUENCE comes RESTART 3")?;
            topic.reload(conn)?;
            topic.restore(conn)?;
        }
        conn.batch_execute("ALTER SEQUENCE comes INCREMENT -1 MINVALUE -1000 RESTART -1")?;
        let ended = [
            topic.delete(conn).map(|_| 1),
            handleref::delete(topics::table).execute(conn),
        ];
        for ended in ended {
            let refused = ended.unwrap_err();
            assert!(matches!(refused, Error::Interfered { .. }), "{refused:?}");
            assert_eq!(refused.class(), ErrorClass::Refused);
        }
        assert_eq!(live_below_dead(conn)?, (0, 0));
        assert_eq!(Article::undeleted().count().get_result::<i64>(conn)?, 1);
        Ok(())
    }
}
