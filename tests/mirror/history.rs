//! Somebody who changes the source: another connection, in plain SQL, so that
//! the same history can be made on every engine and from another thread.

use crate::support::dice::Dice;
use crate::support::{Db, Engine};
use diesel::connection::SimpleConnection;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub struct Writer {
    conn: Box<dyn SimpleConnection + Send>,
    dice: Dice,
}

/// Keys go from 1 up to this.
const KEYS: i32 = 9;

impl Writer {
    pub fn new(db: &Db, seed: u64) -> Self {
        let conn: Box<dyn SimpleConnection + Send> = match db.engine {
            Engine::Sqlite => Box::new(db.connect::<diesel::SqliteConnection>()),
            #[cfg(feature = "postgres")]
            Engine::Postgres => Box::new(db.connect::<diesel::PgConnection>()),
            #[cfg(feature = "mysql")]
            Engine::Mysql => Box::new(db.connect::<diesel::MysqlConnection>()),
            #[allow(unreachable_patterns)]
            _ => unreachable!("its feature is off"),
        };
        let dice = Dice(seed);
        Self { conn, dice }
    }

    /// Some transactions; a few are rolled back.
    pub fn transactions(&mut self, count: usize) {
        for _ in 0..count {
            let statements = 1 + self.dice.roll(4);
            self.conn.batch_execute("BEGIN").unwrap();
            // What a constraint refuses ends the transaction.
            let fine = (0..statements).all(|_| {
                let sql = self.statement();
                self.conn.batch_execute(&sql).is_ok()
            });
            let end = if fine && self.dice.roll(10) > 0 {
                "COMMIT"
            } else {
                "ROLLBACK"
            };
            self.conn.batch_execute(end).unwrap();
        }
    }

    fn statement(&mut self) -> String {
        let dice = &mut self.dice;
        let (id, other) = (1 + dice.roll(KEYS), 1 + dice.roll(KEYS));
        let (tag, text) = (1 + dice.roll(KEYS), dice.roll(1_000_000));
        match dice.roll(24) {
            0 | 1 => format!("INSERT INTO topics (id, name) VALUES ({id}, 'topic {text}')"),
            2 => format!("UPDATE topics SET name = 'topic {text}' WHERE id = {id}"),
            3 => format!("DELETE FROM topics WHERE id = {id}"),
            // Another key, where nothing refers to the old one.
            4 => format!("UPDATE topics SET id = {other} WHERE id = {id}"),
            5 => format!("UPDATE tags SET id = {other} WHERE id = {id}"),
            6..=8 => format!(
                "INSERT INTO posts (id, topic_id, parent_id, title, body, secret) \
                 SELECT {id}, (SELECT MAX(id) FROM topics WHERE id <= {other}), \
                 (SELECT p.id FROM posts p WHERE p.id = {other}), 'it''s \\ {text}', NULL, 's{text}'"
            ),
            9 => format!("UPDATE posts SET title = 'title {text}' WHERE id = {id}"),
            10 => format!("UPDATE posts SET secret = 'secret {text}' WHERE id = {id}"),
            11 => {
                format!("UPDATE posts SET body = 'body {text}', topic_id = NULL WHERE id >= {id}")
            }
            12 => format!("UPDATE posts SET body = NULL WHERE body IS NOT NULL AND id < {id}"),
            13 => format!("UPDATE posts SET topic_id = {other} WHERE id = {id}"),
            14 => format!("UPDATE posts SET parent_id = {other} WHERE id = {id}"),
            15 => format!(
                "UPDATE posts SET parent_id = NULL, deleted_at = updated_at WHERE id = {id}"
            ),
            16 => format!("UPDATE posts SET deleted_at = NULL WHERE id <= {id}"),
            17 => format!("DELETE FROM posts WHERE id = {id}"),
            18 => format!("INSERT INTO tags (id, name) VALUES ({id}, 'tag {text}')"),
            19 => format!(
                "INSERT INTO tags (id, name) SELECT {}, 'a' UNION ALL SELECT {}, 'b'",
                text + 10,
                text + 11
            ),
            20 => format!(
                "DELETE FROM tags WHERE id >= {tag} AND id NOT IN (SELECT tag_id FROM post_tags)"
            ),
            21 => format!("INSERT INTO post_tags (post_id, tag_id) VALUES ({id}, {tag})"),
            22 => format!("UPDATE post_tags SET weight = {text} WHERE post_id = {id}"),
            // Two names change places, on a detour.
            _ => format!(
                "UPDATE topics SET name = 'on the way' WHERE id = {id}; \
                 UPDATE topics SET name = 'name {id}' WHERE id = {other}; \
                 UPDATE topics SET name = 'name {other}' WHERE id = {id}"
            ),
        }
    }
}

/// A writer that writes until it is stopped, or at its end: it may be faster
/// than the mirror.
pub struct Others {
    enough: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<usize>,
}

impl Others {
    pub fn write(mut writer: Writer) -> Self {
        let enough = Arc::new(AtomicBool::new(false));
        let until = enough.clone();
        let thread = std::thread::spawn(move || {
            let mut transactions = 0;
            while transactions < 300 && !until.load(Ordering::Relaxed) {
                writer.transactions(3);
                transactions += 3;
            }
            transactions
        });
        Self { enough, thread }
    }

    /// How many transactions it made.
    pub fn stop(self) -> usize {
        self.enough.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}
