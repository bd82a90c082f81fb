//! A MariaDB server, which stands for MySQL too, or one of MySQL's own.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;

use super::{Disk, Launch, Started, launch};
use crate::apt::Need;
use crate::edition::Edition;
use crate::place::Place;
use crate::process::{find, output, require};

/// The account of Debian's package; MariaDB refuses to run as root.
pub(super) const ACCOUNT: &str = "mysql";

/// The programs it takes.
pub(super) const NEED: Need = Need {
    what: "the MariaDB server",
    package: "mariadb-server",
    service: Some("mariadb"),
    present: || {
        ["mariadbd", "mariadb-install-db", "mariadb"]
            .iter()
            .all(|program| find(program).is_some())
    },
};

/// Without these the server's character set is latin1.
const SETTINGS: [&str; 7] = [
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--character-set-server=utf8mb4",
    "--max-connections=200",
    // Relative to the data folder: a full path could be longer than the system allows.
    "--socket=socket",
    "--pid-file=pid",
    // Throwaway data need not be tidied on shutdown.
    "--innodb-fast-shutdown=2",
];

/// MySQL's own server, which makes its first files itself.
const MYSQLD: &str = "/usr/sbin/mysqld";

/// Options of MySQL's own server.
const PROPER: [&str; 4] = [
    "--mysqlx=OFF",
    // Else only SUPER may create triggers, because MySQL writes a binary log by default.
    "--log-bin-trust-function-creators=ON",
    "--secure-file-priv=",
    "--innodb-redo-log-capacity=64M",
];

/// How MySQL makes its first files.
const INITIALIZE: [&str; 2] = ["--initialize-insecure", "--innodb-redo-log-capacity=64M"];

/// How MariaDB makes them. In a root of its own it finds no name of the machine.
const INSTALL: [&str; 3] = [
    "--skip-test-db",
    "--auth-root-authentication-method=normal",
    "--force",
];

/// Run by the server before it answers anybody.
const INIT: &str = "\
CREATE DATABASE IF NOT EXISTS handleref;
CREATE USER IF NOT EXISTS handleref@'%' IDENTIFIED BY 'handleref';
GRANT ALL ON *.* TO handleref@'%' WITH GRANT OPTION;
";

/// Starts a server with an empty database `handleref` and a user of that name who may do anything.
pub(super) fn start(place: Place<'_>, disk: Disk) -> Result<Started> {
    let disk = match disk {
        Disk::Awaited => ["--innodb-flush-log-at-trx-commit=1", "--sync-binlog=1"],
        Disk::Ignored => ["--innodb-flush-log-at-trx-commit=0", "--sync-binlog=0"],
    };
    let proper = place.edition().is_some_and(Edition::is_mysql_proper);
    let home = place.folder("mariadb")?;
    let data = place.seen(&home.join("data"));
    // A server that starts clears its folder for temporary tables, also of those of a server that
    // runs: each has its own.
    let temporary = place.seen(&home);
    let init = place.path("mariadb.sql");
    fs::write(&init, INIT)?;
    fs::set_permissions(&init, Permissions::from_mode(0o644))?;
    let init = place.seen(&init);

    let (server, install) = match place.edition() {
        None => (require("mariadbd")?, require("mariadb-install-db")?),
        Some(_) if proper => (MYSQLD.into(), MYSQLD.into()),
        Some(edition) => (
            PathBuf::from("/usr/sbin/mariadbd"),
            edition.programs().join("mariadb-install-db"),
        ),
    };
    let (how, more) = match proper {
        true => (&INITIALIZE[..], &PROPER[..]),
        false => (&INSTALL[..], &[][..]),
    };
    let mut install = place.command(&install, Signal::SIGTERM, &home)?;
    install
        .env("TMPDIR", &temporary)
        .arg("--no-defaults")
        .args(how)
        .arg(format!("--datadir={}", data.display()));
    output(&mut install)?;

    let (daemon, port) = launch(&Launch {
        title: if proper { "MySQL" } else { "MariaDB" },
        log: &place.log("mariadb.log"),
        stop: Signal::SIGTERM,
        command: &|port| {
            // Not `--user`: a change of user after the start would undo the tie to this process.
            let mut command = place.command(&server, Signal::SIGTERM, &home)?;
            command
                .env("TMPDIR", &temporary)
                .arg("--no-defaults")
                .arg(format!("--datadir={}", data.display()))
                .arg(format!("--init-file={}", init.display()))
                .arg(format!("--port={port}"))
                .args(SETTINGS)
                .args(disk)
                .args(more);
            Ok(command)
        },
        answers: &|port| version(&url(port)).map(drop),
    })?;
    let url = url(port);
    let version = version(&url)?;
    Ok(Started {
        daemon,
        url,
        version,
        data: place.kept(),
    })
}

fn url(port: u16) -> String {
    format!("mysql://handleref:handleref@127.0.0.1:{port}/handleref")
}

/// The version of the server at `url`.
pub(super) fn version(url: &str) -> Result<String> {
    let address = Address::parse(url).context("the address of the MySQL server is malformed")?;
    let mut command = Command::new(require("mariadb")?);
    command
        .args(["--no-defaults", "--protocol=TCP", "--connect-timeout=5"])
        .args(["--batch", "--skip-column-names"])
        .args(["--host", address.host, "--port", address.port])
        .args(["--user", address.user, "--execute", "SELECT VERSION()"])
        .arg(address.database)
        .env("MYSQL_PWD", address.password);
    Ok(product(&output(&mut command)?))
}

/// What a server is, from the version that it tells.
fn product(version: &str) -> String {
    let number = version.split('-').next().unwrap_or_default();
    let name = if version.contains("MariaDB") {
        "MariaDB"
    } else {
        "MySQL"
    };
    format!("{name} {number}")
}

/// The parts of `mysql://user:password@host:port/database`.
#[derive(Debug, PartialEq, Eq)]
struct Address<'a> {
    user: &'a str,
    password: &'a str,
    host: &'a str,
    port: &'a str,
    database: &'a str,
}

impl<'a> Address<'a> {
    /// Splits a URL; a password with characters that are escaped there is not understood.
    fn parse(url: &'a str) -> Option<Address<'a>> {
        let (login, place) = url.strip_prefix("mysql://")?.rsplit_once('@')?;
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let (place, database) = place.split_once('/')?;
        let (host, port) = place.split_once(':').unwrap_or((place, "3306"));
        Some(Address {
            user,
            password,
            host,
            port,
            database: database.split('?').next().unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_split() {
        let full = Address {
            user: "u",
            password: "p",
            host: "h",
            port: "1",
            database: "d",
        };
        assert_eq!(Address::parse("mysql://u:p@h:1/d?x=y"), Some(full));
        let short = Address {
            user: "root",
            password: "",
            host: "127.0.0.1",
            port: "3306",
            database: "",
        };
        assert_eq!(Address::parse("mysql://root@127.0.0.1/"), Some(short));
        assert_eq!(Address::parse("postgres://root@127.0.0.1/"), None);
    }

    #[test]
    fn the_two_products_are_told_apart() {
        assert_eq!(product("10.11.19-MariaDB-0+deb12u1"), "MariaDB 10.11.19");
        assert_eq!(product("9.7.4"), "MySQL 9.7.4");
    }
}
