//! A mirror verifies itself.

use crate::history::{Others, Writer};
use crate::pairs::{each_pair, world};
use crate::posts::All;
use crate::support::{Db, Engine};
use crate::tables::{bare, installed, plain, recorded};
use handleref::mirror::{Difference, Mirror, Verified};

fn shown(verified: &Verified) -> Vec<String> {
    verified
        .differences
        .iter()
        .map(Difference::to_string)
        .collect()
}

each_pair! {
    /// What somebody did to the target is found, and nothing else is written.
    all async fn damage_by_hand(source, from, target, to) {
        recorded(&source);
        plain(&target);
        for id in 1..=40 {
            source.sql(&format!("INSERT INTO tags (id, name) VALUES ({id}, 'tag {id}')"));
            source.sql(&format!("INSERT INTO post_tags (post_id, tag_id) VALUES (95, {id})"));
        }
        let mirror = Mirror::<All>::new("all").page(10);
        let verified = go!(mirror.verify(from, to))?;
        assert!(verified.is_equal(), "{verified:?}");
        // 2 topics, 3 posts, 4 ranges of tags and of links.
        assert_eq!((verified.rows, verified.ranges, verified.different_ranges), (85, 10, 0));

        target.sql("UPDATE tags SET name = 'Tag 17' WHERE id = 17");
        target.sql("UPDATE posts SET version = version + 1 WHERE id = 94");
        target.sql("UPDATE posts SET secret = NULL WHERE id = 95");
        target.sql("DELETE FROM post_tags WHERE tag_id = 3");
        target.sql("DELETE FROM post_tags WHERE tag_id = 23");
        target.sql("DELETE FROM tags WHERE id = 23");
        target.sql("INSERT INTO topics (id, name) VALUES (7, 'nobody''s')");
        target.sql("INSERT INTO tags (id, name) VALUES (77, 'surplus')");
        let expected = [
            "Topic 7 is surplus", "Post 94 was changed", "Post 95 was changed", "Tag 17 was changed",
            "Tag 23 is missing", "Tag 77 is surplus", "PostTag 95,3 is missing", "PostTag 95,23 is missing",
        ];
        let sorted = |mut texts: Vec<String>| { texts.sort(); texts };
        let wanted = sorted(expected.map(str::to_owned).to_vec());
        let check = go!(mirror.check(from, to))?;
        assert_eq!((sorted(shown(&check)), check.repaired), (wanted.clone(), 0));
        assert_eq!((check.different_ranges, check.unsettled), (5, 0));
        assert_ne!(world!(from), world!(to));
        // A repair that wrote more would be noticed here.
        target.create("CREATE TABLE touched (id INTEGER)");
        crate::repairs::watch(&target);
        let repair = go!(mirror.verify(from, to))?;
        assert_eq!((sorted(shown(&repair)), repair.repaired), (wanted, 8));
        assert_eq!(world!(from), world!(to));
        assert_eq!(crate::repairs::touched(&target), 2, "updates of tags and posts that were fine");
        assert!(go!(mirror.verify(from, to))?.is_equal());
    }

    /// Differences that are only a writer's doing are none.
    few async fn while_others_write(source, from, target, to) {
        recorded(&source);
        plain(&target);
        let mirror = Mirror::<All>::new("all").page(4).batch(20);
        go!(mirror.pull(from, to))?;
        let others = Others::write(Writer::new(&source, 11));
        for _ in 0..15 {
            let verified = go!(mirror.verify(from, to))?;
            assert_eq!(shown(&verified), <[&str; 0]>::default());
        }
        assert!(others.stop() > 0);
        assert!(go!(mirror.verify(from, to))?.is_equal());
        assert_eq!(world!(from), world!(to));
    }

    /// Where handleref's guard would raise a version, nothing is repaired, and
    /// it is said why.
    few async fn a_guarded_target(source, from, target, to) {
        recorded(&source);
        bare(&target);
        installed(&target);
        let mirror = Mirror::<All>::new("all");
        go!(mirror.pull(from, to))?;
        target.sql("UPDATE posts SET title = 'by hand' WHERE id = 95");
        target.sql("DELETE FROM posts WHERE id = 93");
        let damaged = world!(to);
        let refused = go!(mirror.verify(from, to));
        let error = refused.unwrap_err().to_string();
        assert!(error.starts_with("Post 9") && error.contains("trigger"), "{error}");
        assert_eq!(world!(to), damaged);
        assert_eq!(shown(&go!(mirror.check(from, to))?).len(), 2);
    }
}

/// Notes updates that leave a row's name or title as it was.
fn watch(db: &Db) {
    for (table, column, key) in [
        ("tags", "name", "id"),
        ("posts", "title", "id"),
        ("topics", "name", "id"),
    ] {
        match db.engine {
            Engine::Sqlite => db.execute(&format!(
                "CREATE TRIGGER watch_{table} AFTER UPDATE ON {table} WHEN NEW.{column} = OLD.{column} \
                 BEGIN INSERT INTO touched VALUES (NEW.{key}); END"
            )),
            Engine::Mysql => db.execute(&format!(
                "CREATE TRIGGER watch_{table} AFTER UPDATE ON {table} FOR EACH ROW \
                 INSERT INTO touched SELECT NEW.{key} FROM (SELECT 1) x WHERE BINARY NEW.{column} = BINARY OLD.{column}"
            )),
            Engine::Postgres => db.execute(&format!(
                "CREATE OR REPLACE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS \
                 'BEGIN INSERT INTO touched VALUES (NEW.{key}); RETURN NULL; END'; \
                 CREATE TRIGGER watch_{table} AFTER UPDATE ON {table} FOR EACH ROW \
                 WHEN (NEW.{column} = OLD.{column}) EXECUTE FUNCTION watch()"
            )),
        }
    }
}

/// How many such updates there were.
fn touched(db: &Db) -> i64 {
    use diesel::{QueryableByName, RunQueryDsl};
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        rows: i64,
    }
    let query = || diesel::sql_query("SELECT COUNT(*) AS \"rows\" FROM touched");
    match db.engine {
        Engine::Sqlite => {
            query().get_result::<Count>(&mut db.connect::<diesel::SqliteConnection>())
        }
        #[cfg(feature = "postgres")]
        Engine::Postgres => query().get_result(&mut db.connect::<diesel::PgConnection>()),
        #[cfg(feature = "mysql")]
        Engine::Mysql => diesel::sql_query("SELECT COUNT(*) AS `rows` FROM touched")
            .get_result(&mut db.connect::<diesel::MysqlConnection>()),
        #[allow(unreachable_patterns)]
        _ => unreachable!("its feature is off"),
    }
    .unwrap()
    .rows
}
