//! The database engines that tests run on.

use anyhow::{Result, bail};

/// An engine that the library supports, and the name of the Cargo feature that turns it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Engine {
    /// SQLite, in the test's own process.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL's protocol and dialect; the server that is started is MariaDB.
    Mysql,
}

impl Engine {
    /// Every engine, in the order in which results are shown.
    pub(crate) const ALL: [Engine; 3] = [Engine::Sqlite, Engine::Postgres, Engine::Mysql];

    /// The name on the command line, of the Cargo feature, and of the engine's tests.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
            Engine::Mysql => "mysql",
        }
    }

    /// The engine called `name`.
    pub(crate) fn from_name(name: &str) -> Result<Engine> {
        match Engine::ALL.into_iter().find(|engine| engine.name() == name) {
            Some(engine) => Ok(engine),
            None => bail!("there is no engine `{name}`: use sqlite, postgres or mysql"),
        }
    }
}

/// The names of `engines`, separated by commas.
pub(crate) fn names(engines: &[Engine]) -> String {
    let names: Vec<_> = engines.iter().map(|engine| engine.name()).collect();
    names.join(",")
}
