//! A Redis server.

use std::process::Command;

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;

use super::{Launch, Started, launch};
use crate::apt::Need;
use crate::process::{find, output, require, tied};
use crate::scratch::Scratch;

/// The programs it takes.
pub(super) const NEED: Need = Need {
    what: "the Redis server",
    package: "redis-server",
    service: Some("redis-server"),
    present: || find("redis-server").is_some() && find("redis-cli").is_some(),
};

/// Starts an empty server that writes nothing to disk.
pub(super) fn start(scratch: &Scratch) -> Result<Started> {
    let server = require("redis-server")?;
    let home = scratch.folder("redis", None)?;
    let (daemon, port) = launch(&Launch {
        title: "Redis",
        log: &scratch.path("redis.log"),
        stop: Signal::SIGTERM,
        command: &|port| {
            let mut command = tied(&server, Signal::SIGTERM, None);
            command
                .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
                .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
                .arg("--dir")
                .arg(&home)
                .current_dir(&home);
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
        data: None,
    })
}

fn url(port: u16) -> String {
    format!("redis://127.0.0.1:{port}")
}

/// The version of the server at `url`.
pub(super) fn version(url: &str) -> Result<String> {
    let mut command = Command::new(require("redis-cli")?);
    let text = output(command.args(["-u", url, "info", "server"]))?;
    let number = text
        .lines()
        .find_map(|line| line.strip_prefix("redis_version:"))
        .context("the Redis server does not tell its version")?;
    Ok(format!("Redis {}", number.trim()))
}
