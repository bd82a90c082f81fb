//! The tables of a target: those of the source, without its triggers.

use crate::support::{Db, Engine};

/// `topics`, `posts`, `tags`, `post_tags`, `readings`, with foreign keys.
pub fn plain(db: &Db) {
    bare(db);
    for column in [
        "version BIGINT NOT NULL",
        "created_at {TIME} NOT NULL",
        "updated_at {TIME} NOT NULL",
        "deleted_at {TIME}",
    ] {
        // Only PostgreSQL and MySQL could add these to a table with rows.
        let default = match (db.engine, column.contains("NOT NULL")) {
            (Engine::Sqlite, true) => " DEFAULT 0",
            _ => "",
        };
        db.create(&format!("ALTER TABLE posts ADD COLUMN {column}{default}"));
    }
}

/// The same, as it is before handleref adds its columns. Links go with their
/// post, where the source would record that (MySQL and MariaDB set off no
/// triggers by foreign keys).
pub fn bare(db: &Db) {
    let along = match db.engine {
        Engine::Sqlite | Engine::Postgres => " ON DELETE CASCADE",
        Engine::Mysql => "",
    };
    db.create("CREATE TABLE topics (id {KEY} PRIMARY KEY, name {TEXT} NOT NULL UNIQUE)");
    db.create(
        "CREATE TABLE posts (id {KEY} PRIMARY KEY, topic_id INTEGER, parent_id INTEGER, \
         title {TEXT} NOT NULL, body {TEXT}, secret {TEXT}, \
         FOREIGN KEY (topic_id) REFERENCES topics (id), FOREIGN KEY (parent_id) REFERENCES posts (id))",
    );
    db.create("CREATE TABLE tags (id {KEY} PRIMARY KEY, name {TEXT} NOT NULL)");
    db.create(&format!(
        "CREATE TABLE post_tags (post_id INTEGER NOT NULL, tag_id INTEGER NOT NULL, weight INTEGER, \
         PRIMARY KEY (post_id, tag_id), FOREIGN KEY (post_id) REFERENCES posts (id){along}, \
         FOREIGN KEY (tag_id) REFERENCES tags (id))"
    ));
    db.create(
        "CREATE TABLE readings (id {KEY} PRIMARY KEY, topic_id INTEGER NOT NULL, tag_id INTEGER NOT NULL)",
    );
}

/// The tables of a source: with rows that are older than the recording.
pub fn recorded(db: &Db) {
    bare(db);
    db.execute("INSERT INTO topics (id, name) VALUES (90, 'old'), (91, 'older')");
    // The child comes before its parent, by its key.
    db.execute("INSERT INTO posts (id, topic_id, title, secret) VALUES (95, 90, 'old', 'x')");
    db.execute("INSERT INTO posts (id, topic_id, parent_id, title) VALUES (94, 91, 95, 'child')");
    db.execute(
        "INSERT INTO posts (id, topic_id, parent_id, title) VALUES (93, 91, 94, 'grandchild')",
    );
    installed(db);
}

/// What handleref adds.
pub fn installed(db: &Db) {
    use crate::posts::{Post, PostTag, Reading, Tag, Topic};
    db.install(&handleref::schema![Topic, Post, Tag, PostTag, Reading]);
}

impl Db {
    /// As `execute`, by a name that diesel-async does not have.
    pub fn sql(&self, sql: &str) {
        self.execute(sql);
    }
}
