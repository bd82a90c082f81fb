//! The tables, as a user's own migrations would create them.

use super::{Db, Engine};

impl Db {
    /// Creates tables; `{KEY}`, `{TEXT}`, `{TIME}` and `{NOW}` stand for what
    /// the engine calls them.
    pub fn create(&self, sql: &str) {
        let (key, text, time, now) = match self.engine {
            // The text form that Diesel itself writes.
            Engine::Sqlite => (
                "INTEGER",
                "TEXT",
                "TIMESTAMP",
                "(replace(strftime('%Y-%m-%d %H:%M:%f', 'now'), '.000', ''))",
            ),
            Engine::Postgres => (
                "INTEGER",
                "TEXT",
                "TIMESTAMP",
                "(statement_timestamp() AT TIME ZONE 'UTC')",
            ),
            Engine::Mysql => (
                "INTEGER",
                "VARCHAR(255)",
                "DATETIME(6)",
                "(UTC_TIMESTAMP(6))",
            ),
        };
        let sql = sql
            .replace("{KEY}", key)
            .replace("{TEXT}", text)
            .replace("{TIME}", time)
            .replace("{NOW}", now);
        self.execute(&sql);
    }
}

const STAMPS: &str = "
    version BIGINT NOT NULL DEFAULT 1,
    created_at {TIME} NOT NULL DEFAULT {NOW},
    updated_at {TIME} NOT NULL DEFAULT {NOW}";

/// `notes`: every role, no relatives.
pub fn notes(db: &Db) {
    db.create(&format!(
        "CREATE TABLE notes (id {{KEY}} PRIMARY KEY, title {{TEXT}} NOT NULL, body {{TEXT}}, topic_id INTEGER, {STAMPS}, \
         deleted_at {{TIME}})"
    ));
}

/// `topics`, `articles`, `comments`, `remarks`: three levels of a family, the
/// last with a second parent (`users`).
pub fn family(db: &Db) {
    for (table, columns) in [
        ("users", "name {TEXT} NOT NULL"),
        ("topics", "name {TEXT} NOT NULL"),
        (
            "articles",
            "topic_id INTEGER NOT NULL REFERENCES topics (id) ON DELETE CASCADE, title {TEXT} NOT NULL",
        ),
        (
            "comments",
            "article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, \
             user_id INTEGER REFERENCES users (id) ON DELETE CASCADE, body {TEXT} NOT NULL",
        ),
    ] {
        db.create(&format!("CREATE TABLE {table} (id {{KEY}} PRIMARY KEY, {columns}, {STAMPS}, deleted_at {{TIME}})"));
    }
}

/// `categories`: a tree in one table.
pub fn categories(db: &Db) {
    db.create(&format!(
        "CREATE TABLE categories (id {{KEY}} PRIMARY KEY, parent_id INTEGER, name {{TEXT}} NOT NULL, {STAMPS}, \
         deleted_at {{TIME}})"
    ));
}

/// `orgs`: a status text; `jobs`: a status enum and `deleted_at` beside it.
pub fn statuses(db: &Db) {
    db.create(
        "CREATE TABLE orgs (id {KEY} PRIMARY KEY, name {TEXT} NOT NULL, status {TEXT}, \
         created {TIME} NOT NULL DEFAULT {NOW}, updated {TIME} NOT NULL DEFAULT {NOW})",
    );
    db.create(
        "CREATE TABLE jobs (id {KEY} PRIMARY KEY, state {TEXT} NOT NULL, rev INTEGER NOT NULL DEFAULT 1, \
         deleted_at {TIME})",
    );
}

/// `carriers`, `nets`, `links`: three levels of a family with a status alone,
/// as the seed has it; `hubs`, `ports`, `cables`: one that has `deleted_at`
/// beside it here and there; `areas`: a tree in one table.
pub fn status_families(db: &Db) {
    const STATUS: &str = "status {TEXT}, created {TIME} NOT NULL DEFAULT {NOW}, updated {TIME} NOT NULL DEFAULT {NOW}";
    for (table, columns) in [
        ("carriers", "name {TEXT} NOT NULL"),
        ("nets", "carrier_id INTEGER NOT NULL"),
        ("links", "net_id INTEGER NOT NULL, peer_id INTEGER"),
        ("ports", "hub_id INTEGER NOT NULL"),
        ("areas", "parent_id INTEGER, name {TEXT} NOT NULL"),
    ] {
        db.create(&format!(
            "CREATE TABLE {table} (id {{KEY}} PRIMARY KEY, {columns}, {STATUS})"
        ));
    }
    for (table, columns) in [
        ("hubs", "name {TEXT}"),
        ("cables", "port_id INTEGER NOT NULL"),
    ] {
        db.create(&format!(
            "CREATE TABLE {table} (id {{KEY}} PRIMARY KEY, {columns}, {STAMPS}, deleted_at {{TIME}})"
        ));
    }
}

/// `tasks`: a model with hooks, and a log that the hooks write.
pub fn hooked(db: &Db) {
    db.create(&format!(
        "CREATE TABLE projects (id {{KEY}} PRIMARY KEY, {STAMPS}, deleted_at {{TIME}})"
    ));
    db.create(&format!(
        "CREATE TABLE tasks (id {{KEY}} PRIMARY KEY, project_id INTEGER NOT NULL, name {{TEXT}} NOT NULL, {STAMPS}, \
         deleted_at {{TIME}})"
    ));
    db.create("CREATE TABLE hook_log (id {KEY} PRIMARY KEY, entry {TEXT} NOT NULL)");
}

/// `slugs`: a unique text, whoever holds it.
pub fn slugs(db: &Db) {
    db.create(&format!(
        "CREATE TABLE slugs (id {{KEY}} PRIMARY KEY, parent_id INTEGER, slug {{TEXT}} NOT NULL UNIQUE, \
         title {{TEXT}} NOT NULL, {STAMPS}, deleted_at {{TIME}})"
    ));
}

/// One table per kind of key.
pub fn keys(db: &Db) {
    let (uuid, binary) = match db.engine {
        Engine::Sqlite => ("BLOB", "BLOB"),
        Engine::Postgres => ("UUID", "BYTEA"),
        Engine::Mysql => ("BINARY(16)", "VARBINARY(64)"),
    };
    for (table, key) in [
        ("big_keys", "id BIGINT PRIMARY KEY".to_owned()),
        ("text_keys", "id VARCHAR(64) PRIMARY KEY".to_owned()),
        ("uuid_keys", format!("id {uuid} PRIMARY KEY")),
        ("binary_keys", format!("id {binary} PRIMARY KEY")),
        (
            "pair_keys",
            "a INTEGER NOT NULL, b VARCHAR(64) NOT NULL, PRIMARY KEY (a, b)".to_owned(),
        ),
    ] {
        // A key constraint ends a table's definition on every engine.
        let (columns, constraint) = key
            .split_once(", PRIMARY")
            .map_or((key.as_str(), String::new()), |(columns, rest)| {
                (columns, format!(", PRIMARY{rest}"))
            });
        db.create(&format!(
            "CREATE TABLE {table} ({columns}, note {{TEXT}}, version BIGINT NOT NULL DEFAULT 1, \
             deleted_at {{TIME}}{constraint})"
        ));
    }
    db.create(
        "CREATE TABLE pair_children (id {KEY} PRIMARY KEY, pair_a INTEGER, pair_b VARCHAR(64), \
         version BIGINT NOT NULL DEFAULT 1, deleted_at {TIME})",
    );
}
