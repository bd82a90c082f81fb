//! Servers of other versions than this system's: each lives in a Debian root of its own.

use std::fmt;
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::apt::Need;
use crate::engine::Engine;
use crate::process::{find, is_root, output};
use crate::{interrupt, scratch};

/// A product and version that can be asked for, as in `--engine postgres@18`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Edition {
    /// The product and its version, separated by `@`.
    pub(crate) name: &'static str,
    /// The engine whose tests run on it.
    pub(crate) engine: Engine,
    /// Debian's suite that has it.
    suite: &'static str,
    /// The package of its server.
    package: &'static str,
}

/// All of them, the oldest of a product first.
pub(crate) const EDITIONS: [Edition; 6] = [
    edition(Engine::Postgres, "postgres@15", "bookworm", "postgresql-15"),
    edition(Engine::Postgres, "postgres@17", "trixie", "postgresql-17"),
    edition(Engine::Postgres, "postgres@18", "sid", "postgresql-18"),
    edition(Engine::Mysql, "mariadb@10.11", "bookworm", "mariadb-server"),
    edition(Engine::Mysql, "mariadb@11.8", "trixie", "mariadb-server"),
    edition(Engine::Mysql, "mysql@9.7", "sid", "mysql-server-core"),
];

const fn edition(
    engine: Engine,
    name: &'static str,
    suite: &'static str,
    package: &'static str,
) -> Edition {
    Edition {
        name,
        engine,
        suite,
        package,
    }
}

/// What makes a root.
pub(crate) const NEED: Need = Need {
    what: "debootstrap",
    package: "debootstrap",
    service: None,
    present: || find("debootstrap").is_some(),
};

/// A server could not be had, which says nothing about the library.
#[derive(Debug)]
pub(crate) struct Unavailable(pub(crate) &'static str);

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} could not be installed, and was not tested", self.0)
    }
}

impl Edition {
    /// The edition of this name.
    pub(crate) fn from_name(name: &str) -> Option<&'static Edition> {
        EDITIONS.iter().find(|edition| edition.name == name)
    }

    /// The folder of its programs in the root.
    pub(crate) fn programs(&self) -> PathBuf {
        match self.name.split_once('@') {
            Some(("postgres", version)) => {
                Path::new("/usr/lib/postgresql").join(version).join("bin")
            }
            _ => PathBuf::from("/usr/bin"),
        }
    }

    /// The account that its server runs as.
    pub(crate) fn account(&self) -> &'static str {
        match self.engine {
            Engine::Postgres => "postgres",
            Engine::Mysql | Engine::Sqlite => "mysql",
        }
    }

    /// Whether it is Oracle's product.
    pub(crate) fn is_mysql_proper(&self) -> bool {
        self.name.starts_with("mysql@")
    }

    /// Writes scripts into `folder` that run its client programs: those of this system may be too
    /// old for it.
    pub(crate) fn write_tools(&self, folder: &Path) -> Result<()> {
        let tools: &[&str] = match self.engine {
            Engine::Postgres => &["pg_dump", "psql"],
            Engine::Mysql if self.is_mysql_proper() => &[],
            Engine::Mysql => &["mariadb", "mariadb-dump"],
            Engine::Sqlite => &[],
        };
        let root = self.root()?;
        for tool in tools {
            let script = folder.join(tool);
            let (root, program) = (root.display(), self.programs().join(tool));
            let program = program.display();
            let text = format!("#!/bin/sh\nexec chroot '{root}' {program} \"$@\"\n");
            fs::write(&script, text)?;
            fs::set_permissions(&script, Permissions::from_mode(0o755))?;
        }
        Ok(())
    }

    /// Its root, which is made at the first call and kept.
    pub(crate) fn root(&self) -> Result<PathBuf> {
        self.made().context(Unavailable(self.name))
    }

    fn made(&self) -> Result<PathBuf> {
        if !is_root() {
            anyhow::bail!("only root can run a server in a Debian root of its own");
        }
        let roots = scratch::target().join("xtask/roots");
        let root = roots.join(format!("{}-{}", self.package, self.suite));
        // A root without this file was not finished.
        let ready = root.join("srv/ready");
        if ready.is_file() {
            return Ok(root);
        }
        if root.exists() {
            fs::remove_dir_all(&root)?;
        }
        fs::create_dir_all(&roots)?;
        eprintln!(
            "{}: installing Debian's {} ({})",
            self.name, self.package, self.suite
        );
        let begun = Instant::now();
        let mut debootstrap = Command::new("debootstrap");
        debootstrap
            .arg("--variant=minbase")
            .arg(format!("--include={}", self.package))
            .arg(self.suite)
            .arg(&root)
            .args(mirror());
        output(&mut debootstrap)?;
        interrupt::check()?;
        let mut id = Command::new("chroot");
        if output(id.arg(&root).args(["id", self.account()])).is_err() {
            let mut add = Command::new("chroot");
            output(add.arg(&root).args(["useradd", "--system", self.account()]))?;
        }
        fs::File::create(&ready)?.write_all(self.name.as_bytes())?;
        eprintln!("installed in {} s", begun.elapsed().as_secs());
        Ok(root)
    }
}

/// Where this system gets its packages from; none for debootstrap's own choice.
fn mirror() -> Option<String> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    first_address(
        &(read("/etc/apt/sources.list.d/debian.sources") + &read("/etc/apt/sources.list")),
    )
}

fn first_address(sources: &str) -> Option<String> {
    sources.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        match words.next()? {
            "URIs:" => words.next(),
            "deb" => words.find(|word| word.contains("://")),
            _ => None,
        }
        .map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_both_forms() {
        let sources = "Types: deb\n# x\nURIs: a://b/debian\nSuites: x\n";
        assert_eq!(first_address(sources).as_deref(), Some("a://b/debian"));
        let sources = "# c\ndeb [signed-by=/k] a://c/debian sid main\n";
        assert_eq!(first_address(sources).as_deref(), Some("a://c/debian"));
        assert_eq!(first_address(""), None);
    }

    #[test]
    fn names_begin_with_their_product() {
        for edition in &EDITIONS {
            let (product, version) = edition.name.split_once('@').unwrap_or_default();
            assert!(!version.is_empty(), "{}", edition.name);
            let engine = match product {
                "postgres" => Engine::Postgres,
                _ => Engine::Mysql,
            };
            assert_eq!(edition.engine, engine);
        }
    }
}
