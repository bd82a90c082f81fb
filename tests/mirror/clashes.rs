//! Orders that the source allows and the target does not.

use crate::pairs::{each_pair, world};
use crate::posts::All;
use crate::support::{Db, Engine};
use crate::tables::{bare, installed, plain, recorded};
use handleref::mirror::Mirror;

/// A source whose constraints are looked at when a transaction ends, where the
/// engine can.
fn lenient(db: &Db) {
    bare(db);
    if db.engine == Engine::Postgres {
        db.execute(
            "ALTER TABLE topics DROP CONSTRAINT topics_name_key; \
             ALTER TABLE topics ADD UNIQUE (name) DEFERRABLE INITIALLY DEFERRED; \
             ALTER TABLE posts ALTER CONSTRAINT posts_topic_id_fkey DEFERRABLE INITIALLY DEFERRED",
        );
    }
    installed(db);
}

each_pair! {
    /// A row that refers to itself goes, and rows that refer to each other go
    /// together, which MySQL and MariaDB do not let them.
    all async fn rows_that_hold_each_other(source, from, target, to) {
        recorded(&source);
        plain(&target);
        go!(Mirror::<All>::new("all").pull(from, to))?;
        for (batch, ids) in [(1, "(8)"), (2, "(8)"), (100, "(6, 7, 8)")] {
            let mirror = Mirror::<All>::new("all").batch(batch);
            for id in 6..=8 {
                let exists = format!("(SELECT p.id FROM posts p WHERE p.id = {id})");
                source.sql(&format!("INSERT INTO posts (id, title) SELECT {id}, 'a' FROM topics WHERE id = 90 AND {exists} IS NULL"));
            }
            source.sql("UPDATE posts SET parent_id = 8 WHERE id = 8");
            if batch == 100 {
                source.sql("UPDATE posts SET parent_id = 13 - id WHERE id IN (6, 7)");
            }
            go!(mirror.pull(from, to))?;
            let delete = format!("DELETE FROM posts WHERE id IN {ids}");
            match source.engine {
                Engine::Mysql => source.sql(&format!(
                    "SET foreign_key_checks = 0; {delete}; SET foreign_key_checks = 1"
                )),
                _ => source.sql(&delete),
            }
            go!(mirror.pull(from, to))?;
            assert_eq!(world!(from), world!(to), "{batch}");
        }
    }

    /// Names change places and move along, whatever a batch holds of it.
    all async fn swapped_names(source, from, target, to) {
        lenient(&source);
        plain(&target);
        for id in 1..=5 {
            source.sql(&format!("INSERT INTO topics (id, name) VALUES ({id}, 'n{id}')"));
        }
        // Topic 5 is referred to; a mirror must not lose or change that post.
        source.sql("INSERT INTO posts (id, topic_id, title) VALUES (1, 5, 'p')");
        let mirrors = [1, 2, 3, 100].map(|batch| Mirror::<All>::new("all").batch(batch));
        go!(mirrors[0].pull(from, to))?;
        for mirror in &mirrors {
            source.sql(
                "BEGIN; UPDATE topics SET name = 'x' WHERE id = 1; UPDATE topics SET name = 'y' WHERE id = 2; \
                 UPDATE topics SET name = 'z' WHERE id = 5; UPDATE topics SET name = 'n5' WHERE id = 1; \
                 UPDATE topics SET name = 'x' WHERE id = 5; UPDATE topics SET name = 'n1' WHERE id = 2; COMMIT",
            );
            source.sql("BEGIN; DELETE FROM topics WHERE id = 3; \
                 UPDATE topics SET name = 'three' WHERE id = 4; INSERT INTO topics (id, name) VALUES (3, 'n4'); COMMIT");
            if source.engine == Engine::Postgres {
                // In one statement, and in several without a detour.
                source.sql("UPDATE topics SET name = CASE id WHEN 1 THEN 'n1' ELSE 'n5' END WHERE id IN (1, 2)");
                source.sql("UPDATE topics SET name = 'm' || CAST(id % 5 + 1 AS TEXT)");
                source.sql("UPDATE topics SET name = 'm' || CAST((id + 1) % 5 + 1 AS TEXT)");
                source.sql("BEGIN; INSERT INTO posts (id, topic_id, title) VALUES (2, 6, 'early'); \
                    INSERT INTO topics VALUES (6, 'late'); COMMIT");
                source.sql("DELETE FROM posts WHERE id = 2");
                source.sql("DELETE FROM topics WHERE id = 6");
            }
            go!(mirror.pull(from, to))?;
            assert_eq!(world!(from), world!(to), "{mirror:?}");
            for id in 1..=5 {
                source.sql(&format!("UPDATE topics SET name = 'o{id}' WHERE id = {id}"));
            }
            for id in 1..=5 {
                source.sql(&format!("UPDATE topics SET name = 'n{id}' WHERE id = {id}"));
            }
        }
    }

    /// A tree whose children come before their parents.
    all async fn a_tree_from_its_leaves(source, from, target, to) {
        recorded(&source);
        plain(&target);
        for id in (1..=30).rev() {
            let parent = if id == 30 { "NULL".to_owned() } else { (id + 1).to_string() };
            source.sql(&format!("INSERT INTO posts (id, parent_id, title) VALUES ({id}, {parent}, 't')"));
        }
        let mirror = Mirror::<All>::new("all").page(7);
        assert_eq!(go!(mirror.pull(from, to))?.copied, Some(35));
        assert_eq!(world!(from), world!(to));
        source.sql("BEGIN; UPDATE posts SET parent_id = NULL WHERE id < 31; DELETE FROM posts WHERE id < 31; COMMIT");
        go!(mirror.pull(from, to))?;
        assert_eq!(world!(from), world!(to));
    }
}
