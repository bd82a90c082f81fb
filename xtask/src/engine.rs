//! The database engines that tests run on.

use anyhow::{Result, bail};

use crate::edition::{EDITIONS, Edition};

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

/// The engines that are wanted, and for some of them which edition of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The engines, each once and in order.
    pub(crate) engines: Vec<Engine>,
    /// At most one of each engine.
    pub(crate) editions: Vec<&'static Edition>,
}

impl Wanted {
    /// Those of the names on the command line; all engines if there is none.
    pub(crate) fn named(names: &[String]) -> Result<Wanted> {
        let (mut engines, mut editions) = (Vec::new(), Vec::<&'static Edition>::new());
        for name in names {
            let Some(edition) = edition(name)? else {
                engines.push(Engine::from_name(name)?);
                continue;
            };
            if let Some(other) = editions.iter().find(|other| other.engine == edition.engine) {
                let (one, two) = (other.name, edition.name);
                bail!(
                    "`{one}` and `{two}` are servers of one engine: run them one after the other"
                );
            }
            engines.push(edition.engine);
            editions.push(edition);
        }
        engines.sort_unstable();
        engines.dedup();
        if engines.is_empty() {
            engines = Engine::ALL.to_vec();
        }
        Ok(Wanted { engines, editions })
    }
}

/// The edition that is meant by a name with a version.
fn edition(name: &str) -> Result<Option<&'static Edition>> {
    if !name.contains('@') {
        return Ok(None);
    }
    let Some(edition) = Edition::from_name(name) else {
        let known: Vec<_> = EDITIONS.iter().map(|edition| edition.name).collect();
        bail!("there is no `{name}`: use {}", known.join(", "));
    };
    Ok(Some(edition))
}
