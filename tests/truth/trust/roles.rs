//! A database with an owner, and a connection for each kind of user.

use crate::support::recorded::{Author, Label, Paper, bare_papers};
use crate::support::{Db, Engine, fresh_name};
use diesel::connection::SimpleConnection;
use handleref::schema::Schema;

/// The kinds of users, as `docs/security.md` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    Owner,
    Writer,
    Reader,
    Nobody,
}

impl User {
    pub const ALL: [Self; 4] = [Self::Owner, Self::Writer, Self::Reader, Self::Nobody];

    fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Writer => "writer",
            Self::Reader => "reader",
            Self::Nobody => "nobody",
        }
    }
}

pub struct Guarded {
    // Before the users, who own what is in it.
    pub db: Db,
    prefix: String,
}

impl Guarded {
    /// Papers with an owner; the writer has the usual rights on them, and nobody
    /// may only look at them.
    pub fn new(db: Db) -> Self {
        let guarded = Self::bare(db);
        guarded.db.install(&guarded.schema());
        guarded
    }

    /// The same before anything is installed.
    pub fn bare(db: Db) -> Self {
        let guarded = Self {
            db,
            // Accounts of MariaDB are short.
            prefix: format!("u{}", fresh_name().replace("handleref_", "")),
        };
        bare_papers(&guarded.db);
        for user in User::ALL {
            let name = guarded.sql(user);
            guarded.db.execute(&match guarded.db.engine {
                Engine::Mysql => format!("CREATE USER {name} IDENTIFIED BY 'secret'"),
                _ => format!(
                    "CREATE ROLE {name} LOGIN; GRANT USAGE ON SCHEMA {} TO {name}",
                    guarded.schema_name()
                ),
            });
        }
        for table in ["authors", "papers", "labels"] {
            guarded.db.execute(&format!(
                "GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {}",
                guarded.sql(User::Writer)
            ));
            for user in [User::Reader, User::Nobody] {
                let user = guarded.sql(user);
                guarded
                    .db
                    .execute(&format!("GRANT SELECT ON {table} TO {user}"));
            }
        }
        guarded
    }

    /// The models, with the users as the documentation says it.
    pub fn schema(&self) -> Schema {
        handleref::schema![Author, Paper, Label]
            .owned_by(&self.role(User::Owner))
            .writer(&self.role(User::Writer))
            .reader(&self.role(User::Reader))
    }

    /// What a schema calls a user.
    pub fn role(&self, user: User) -> String {
        format!("{}_{}", self.prefix, user.name())
    }

    /// What SQL calls him.
    pub fn sql(&self, user: User) -> String {
        match self.db.engine {
            Engine::Mysql => format!("'{}'@'%'", self.role(user)),
            _ => format!("\"{}\"", self.role(user)),
        }
    }

    /// The schema of PostgreSQL, or the database.
    pub fn schema_name(&self) -> &str {
        match self.db.engine {
            Engine::Mysql => self.db.url.rsplit('/').next().unwrap(),
            _ => self.db.url.rsplit("search_path%3D").next().unwrap(),
        }
    }

    /// The database, as a user logs in.
    pub fn url(&self, user: User) -> String {
        let (scheme, rest) = self.db.url.split_once("://").unwrap();
        let (_, place) = rest.split_once('@').unwrap();
        match self.db.engine {
            Engine::Mysql => format!("{scheme}://{}:secret@{place}", self.role(user)),
            _ => format!("{scheme}://{}@{place}", self.role(user)),
        }
    }

    pub fn connect<C: diesel::Connection>(&self, user: User) -> C {
        C::establish(&self.url(user)).unwrap()
    }

    /// Executes SQL as a user.
    pub fn attempt(&self, user: User, sql: &str) -> Result<(), String> {
        let result = match self.db.engine {
            #[cfg(feature = "postgres")]
            Engine::Postgres => self
                .connect::<diesel::PgConnection>(user)
                .batch_execute(sql),
            #[cfg(feature = "mysql")]
            Engine::Mysql => self
                .connect::<diesel::MysqlConnection>(user)
                .batch_execute(sql),
            _ => unreachable!("SQLite has no users"),
        };
        result.map_err(|error| error.to_string())
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        for user in User::ALL {
            let name = self.sql(user);
            self.db.execute(&match self.db.engine {
                Engine::Mysql => format!("DROP USER {name}"),
                _ => format!("DROP OWNED BY {name} CASCADE; DROP ROLE {name}"),
            });
        }
    }
}
