//! A database of one test: in memory, a schema of a server or a database of one.

use diesel::QueryResult;
use diesel::connection::{Connection, SimpleConnection};
use handleref::schema::{Plan, Schema};
use std::sync::atomic::{AtomicU32, Ordering};

/// What has texts of its own, and the name of its folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    Sqlite,
    Postgres,
    Mariadb,
    Mysql,
}

impl Server {
    pub const ALL: [Self; 4] = [Self::Sqlite, Self::Postgres, Self::Mariadb, Self::Mysql];

    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mariadb => "mariadb",
            Self::Mysql => "mysql",
        }
    }

    /// Whether the dialect is that of MySQL.
    pub fn is_mysql(self) -> bool {
        matches!(self, Self::Mariadb | Self::Mysql)
    }

    /// One of the texts: for SQLite, for PostgreSQL, or for MySQL and MariaDB.
    pub fn pick<'t>(self, sqlite: &'t str, postgres: &'t str, mysql: &'t str) -> &'t str {
        match self {
            Self::Sqlite => sqlite,
            Self::Postgres => postgres,
            Self::Mariadb | Self::Mysql => mysql,
        }
    }

    /// SQL with `[name]` quoted, and with the types that engines call differently.
    pub fn sql(self, sql: &str) -> String {
        let mark = self.pick("\"", "\"", "`");
        sql.replace(['[', ']'], mark)
            .replace("{text}", self.pick("TEXT", "TEXT", "VARCHAR(100)"))
            .replace("{time}", self.pick("TIMESTAMP", "TIMESTAMP", "DATETIME(6)"))
            .replace(
                "{serial}",
                self.pick(
                    "INTEGER PRIMARY KEY AUTOINCREMENT",
                    "SERIAL PRIMARY KEY",
                    "INTEGER AUTO_INCREMENT PRIMARY KEY",
                ),
            )
    }
}

/// A synchronous connection of any engine.
pub trait Session {
    fn attempt(&mut self, sql: &str) -> QueryResult<()>;
    fn execute(&mut self, sql: &str) {
        self.attempt(sql)
            .unwrap_or_else(|error| panic!("{error}\n{sql}"));
    }
    fn plan(&mut self, schema: &Schema) -> Plan;
    fn install(&mut self, schema: &Schema) -> Plan;
    /// What is wrong; nothing if all is well.
    fn check(&mut self, schema: &Schema) -> Option<String>;
}

macro_rules! session {
    ($conn:ty) => {
        impl Session for $conn {
            fn attempt(&mut self, sql: &str) -> QueryResult<()> {
                self.batch_execute(sql)
            }
            fn plan(&mut self, schema: &Schema) -> Plan {
                schema.plan(self).unwrap()
            }
            fn install(&mut self, schema: &Schema) -> Plan {
                schema.install(self).unwrap()
            }
            fn check(&mut self, schema: &Schema) -> Option<String> {
                let report = schema.check(self).unwrap();
                (!report.is_ok()).then(|| report.to_string())
            }
        }
    };
}
#[cfg(feature = "sqlite")]
session!(diesel::SqliteConnection);
#[cfg(feature = "postgres")]
session!(diesel::PgConnection);
#[cfg(feature = "mysql")]
session!(diesel::MysqlConnection);

pub struct Place {
    pub server: Server,
    pub session: Box<dyn Session>,
    /// What the schema or database is called in this run alone.
    name: String,
    roles: Vec<String>,
}

impl Place {
    #[cfg(feature = "sqlite")]
    pub fn sqlite() -> Self {
        let session = diesel::SqliteConnection::establish(":memory:").unwrap();
        let mut place = Self::new(Server::Sqlite, Box::new(session));
        let far = place.far();
        place
            .session
            .execute(&format!("ATTACH ':memory:' AS \"{far}\""));
        place
    }

    #[cfg(feature = "postgres")]
    pub fn postgres() -> Self {
        let url = server("HANDLEREF_POSTGRES_URL");
        let session = diesel::PgConnection::establish(&url).unwrap();
        let mut place = Self::new(Server::Postgres, Box::new(session));
        let (name, far) = (place.name.clone(), place.far());
        place.session.execute(&format!(
            "CREATE SCHEMA {name}; CREATE SCHEMA {far}; SET search_path = {name}; SET client_min_messages = warning"
        ));
        place
    }

    #[cfg(feature = "mysql")]
    pub fn mysql() -> Self {
        use diesel::RunQueryDsl;
        let url = server("HANDLEREF_MYSQL_URL");
        let mut session = diesel::MysqlConnection::establish(&url).unwrap();
        let version: String =
            diesel::select(diesel::dsl::sql::<diesel::sql_types::Text>("VERSION()"))
                .get_result(&mut session)
                .unwrap();
        let server = match version.contains("MariaDB") {
            true => Server::Mariadb,
            false => Server::Mysql,
        };
        let mut place = Self::new(server, Box::new(session));
        let (name, far) = (place.name.clone(), place.far());
        // Versions differ in what they take by default.
        for database in [&name, &far] {
            place.session.execute(&format!(
                "CREATE DATABASE {database} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
            ));
        }
        place.session.execute(&format!("USE {name}"));
        place
    }

    fn new(server: Server, session: Box<dyn Session>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            server,
            session,
            name: format!("ddl{}n{number}", std::process::id()),
            roles: Vec::new(),
        }
    }

    /// Another schema or database of the same server.
    pub fn far(&self) -> String {
        format!("{}_far", self.name)
    }

    /// A role or account, which is made if it is not there yet.
    pub fn role(&mut self, what: &str) -> String {
        let role = format!("{}_{what}", self.name);
        if self.server != Server::Sqlite && !self.roles.contains(&role) {
            self.session.execute(&match self.server.is_mysql() {
                true => format!("CREATE USER '{role}'@'%'"),
                false => format!("CREATE ROLE \"{role}\""),
            });
            self.roles.push(role.clone());
        }
        role
    }

    /// Executes SQL with [placeholders](Server::sql).
    pub fn execute(&mut self, sql: &str) {
        self.session.execute(&self.server.sql(sql));
    }

    /// Fails unless all that a schema wants is there.
    pub fn is_as_wanted(&mut self, schema: &Schema) {
        let plan = self.session.plan(schema);
        assert!(plan.is_empty(), "{plan}");
        if let Some(report) = self.session.check(schema) {
            panic!("{report}");
        }
    }

    /// A text without the names of this run: the schema is `home`, the other one
    /// `far`, and roles are what they are for. On MySQL texts are in hexadecimal.
    pub fn unnamed(&self, text: &str) -> String {
        let hex = |text: &str| -> String {
            let digits = text.bytes().map(|byte| format!("{byte:02x}"));
            digits.collect()
        };
        let prefix = format!("{}_", self.name);
        text.replace(&prefix, "")
            .replace(&self.name, "home")
            .replace(&hex(&prefix), "")
            .replace(&hex(&self.name), &hex("home"))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // The server is a throwaway.
        if std::thread::panicking() {
            return;
        }
        let (name, far) = (self.name.clone(), self.far());
        match self.server {
            Server::Sqlite => {}
            Server::Postgres => {
                self.session
                    .execute(&format!("DROP SCHEMA {name}, {far} CASCADE"));
                for role in std::mem::take(&mut self.roles) {
                    self.session.execute(&format!("DROP ROLE \"{role}\""));
                }
            }
            Server::Mariadb | Server::Mysql => {
                for role in std::mem::take(&mut self.roles) {
                    self.session.execute(&format!("DROP USER '{role}'@'%'"));
                }
                for database in [name, far] {
                    // Now and then MariaDB leaves a file of a replaced trigger
                    // behind, and then cannot remove the folder.
                    let dropped = self.session.attempt(&format!("DROP DATABASE {database}"));
                    if let Err(error) = dropped {
                        let said = error.to_string();
                        assert!(said.contains("Directory not empty"), "{said}");
                    }
                }
            }
        }
    }
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!(
            "{variable} is not set: run `cargo xtask test`, or set it to a throwaway server's URL"
        )
    })
}
