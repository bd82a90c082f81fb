//! A PostgreSQL server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;

use super::{Disk, Launch, Started, launch};
use crate::apt::Need;
use crate::place::Place;
use crate::process::{find, output};

/// The account of Debian's package; PostgreSQL refuses to run as root.
pub(super) const ACCOUNT: &str = "postgres";

/// The programs it takes.
pub(super) const NEED: Need = Need {
    what: "the PostgreSQL server",
    package: "postgresql",
    service: Some("postgresql"),
    present: || folder().is_some(),
};

const SETTINGS: [&str; 3] = [
    "listen_addresses=127.0.0.1",
    // No socket: its path could be longer than the system allows.
    "unix_socket_directories=",
    "max_connections=200",
];

/// For data that need not survive a crash of the machine.
const CARELESS: [&str; 3] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
];

/// Starts a server with an empty database `handleref`.
pub(super) fn start(place: Place<'_>, disk: Disk) -> Result<Started> {
    let careless = match disk {
        Disk::Awaited => &[][..],
        Disk::Ignored => &CARELESS[..],
    };
    let programs = match place.edition() {
        Some(edition) => edition.programs(),
        None => folder().context("the PostgreSQL server was not found")?,
    };
    let home = place.folder("postgres")?;
    let data = place.seen(&home.join("data"));

    let mut initdb = place.command(&programs.join("initdb"), Signal::SIGTERM, &home)?;
    initdb
        .arg("--pgdata")
        .arg(&data)
        .args(["--auth=trust", "--username=postgres", "--no-sync"])
        .args(["--encoding=UTF8", "--locale=C.UTF-8"]);
    output(&mut initdb)?;

    let (daemon, port) = launch(&Launch {
        title: "PostgreSQL",
        log: &place.log("postgres.log"),
        // The fast shutdown: it does not wait for clients to leave.
        stop: Signal::SIGINT,
        command: &|port| {
            let server = programs.join("postgres");
            let mut command = place.command(&server, Signal::SIGINT, &home)?;
            command.arg("-D").arg(&data).arg("-p").arg(port.to_string());
            for setting in SETTINGS.iter().chain(careless) {
                command.args(["-c", setting]);
            }
            command.env("LC_ALL", "C");
            Ok(command)
        },
        answers: &|port| query(&url(port, "postgres"), "SELECT 1").map(drop),
    })?;
    query(&url(port, "postgres"), "CREATE DATABASE handleref")?;
    let url = url(port, "handleref");
    let version = version(&url)?;
    Ok(Started {
        daemon,
        url,
        version,
        data: place.kept(),
    })
}

fn url(port: u16, database: &str) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/{database}")
}

/// The version of the server at `url`.
pub(super) fn version(url: &str) -> Result<String> {
    let text = query(url, "SHOW server_version")?;
    let number = text.split_whitespace().next().unwrap_or_default();
    Ok(format!("PostgreSQL {number}"))
}

/// Runs one statement and returns what psql prints.
fn query(url: &str, sql: &str) -> Result<String> {
    let psql = folder()
        .map(|folder| folder.join("psql"))
        .filter(|file| file.is_file())
        .or_else(|| find("psql"))
        .context("the program `psql` was not found")?;
    let mut command = Command::new(psql);
    command
        .args(["--no-psqlrc", "--no-password", "--quiet"])
        .args(["--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"])
        .args(["--dbname", url, "--command", sql])
        .env("PGCONNECT_TIMEOUT", "5");
    output(&mut command)
}

/// The folder of the server's programs: Debian's of the newest version, which is on nobody's
/// `PATH`, or else the one on the `PATH`.
fn folder() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok();
    let debian = versions.and_then(|entries| {
        entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|version| is_complete(&version.join("bin")))
            .max_by_key(|version| number(version))
    });
    match debian {
        Some(version) => Some(version.join("bin")),
        None => find("postgres")
            .and_then(|server| Some(server.parent()?.to_owned()))
            .filter(|folder| is_complete(folder)),
    }
}

/// Whether a folder has both programs; Debian's client package makes one without them.
fn is_complete(folder: &Path) -> bool {
    folder.join("postgres").is_file() && folder.join("initdb").is_file()
}

/// The number that a folder is named by.
fn number(folder: &Path) -> Option<u32> {
    folder.file_name()?.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(number(Path::new("/lib/15")) > number(Path::new("/lib/9")));
        assert_eq!(number(Path::new("/lib/x")), None);
    }
}
