//! Throwaway database servers.

mod mariadb;
mod postgres;
mod redis;

use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::Signal;

use crate::apt::{self, Need};
use crate::daemon::Daemon;
use crate::edition::{self, Edition};
use crate::engine::{Engine, Wanted};
use crate::place::Place;
use crate::scratch::Scratch;
use crate::{interrupt, ports};

/// How long a server has until it answers.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How often a server is started anew because its port was taken meanwhile.
const ATTEMPTS: u32 = 3;

/// A kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// PostgreSQL.
    Postgres,
    /// MariaDB.
    Mysql,
    /// Redis.
    Redis,
}

impl Service {
    /// The environment variable that tells the tests its address.
    fn variable(self) -> &'static str {
        match self {
            Service::Postgres => "HANDLEREF_POSTGRES_URL",
            Service::Mysql => "HANDLEREF_MYSQL_URL",
            Service::Redis => "HANDLEREF_REDIS_URL",
        }
    }

    /// The address of a server that somebody else runs.
    fn given(self) -> Option<String> {
        env::var(self.variable()).ok().filter(|url| !url.is_empty())
    }

    /// The edition of it that is asked for.
    fn edition(self, wanted: &Wanted) -> Option<&'static Edition> {
        let engine = match self {
            Service::Postgres => Engine::Postgres,
            Service::Mysql => Engine::Mysql,
            Service::Redis => return None,
        };
        let mut editions = wanted.editions.iter();
        editions.find(|edition| edition.engine == engine).copied()
    }

    /// The address of a server that somebody else runs, unless an edition is asked for.
    fn address(self, wanted: &Wanted) -> Option<String> {
        match self.edition(wanted) {
            Some(_) => None,
            None => self.given(),
        }
    }

    /// The programs it takes.
    fn need(self) -> Need {
        match self {
            Service::Postgres => postgres::NEED,
            Service::Mysql => mariadb::NEED,
            Service::Redis => redis::NEED,
        }
    }

    /// The account that the server runs as if root starts it.
    fn account(self) -> Option<&'static str> {
        match self {
            Service::Postgres => Some(postgres::ACCOUNT),
            Service::Mysql => Some(mariadb::ACCOUNT),
            Service::Redis => None,
        }
    }
}

/// Whether a commit waits until it is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disk {
    /// It does, as servers do by default.
    Awaited,
    /// It does not.
    Ignored,
}

/// The servers for `engines`. Redis belongs to no engine, and comes with a full run.
fn services(engines: &[Engine]) -> Vec<Service> {
    let mut services = Vec::new();
    for engine in engines {
        match engine {
            Engine::Sqlite => {}
            Engine::Postgres => services.push(Service::Postgres),
            Engine::Mysql => services.push(Service::Mysql),
        }
    }
    if engines == Engine::ALL {
        services.push(Service::Redis);
    }
    services
}

/// Those of them that nobody else runs.
fn to_start(wanted: &Wanted) -> impl Iterator<Item = Service> {
    let services = services(&wanted.engines).into_iter();
    services.filter(|service| service.address(wanted).is_none())
}

/// What it takes to start the servers for `wanted`. The programs of this system are needed
/// besides those of an edition: tests start servers of their own, and talk to others with them.
pub(crate) fn needs(wanted: &Wanted) -> Vec<Need> {
    let mut needs: Vec<Need> = to_start(wanted).map(Service::need).collect();
    if !wanted.editions.is_empty() {
        needs.push(edition::NEED);
    }
    needs
}

/// Where a server is and what it is.
pub(crate) struct Endpoint {
    /// The kind of server.
    pub(crate) service: Service,
    /// Its address.
    pub(crate) url: String,
    /// Its version, if it could be asked.
    pub(crate) version: Option<String>,
}

/// Running servers; dropping them stops them and removes their data.
#[derive(Default)]
pub(crate) struct Servers {
    endpoints: Vec<Endpoint>,
    daemons: Vec<Daemon>,
    /// The client programs of editions.
    tools: Option<PathBuf>,
    /// The last fields, so that they go after the servers.
    data: Vec<Scratch>,
    scratch: Option<Scratch>,
}

impl Servers {
    /// Starts what `wanted` needs, or takes the servers that the environment names. The programs
    /// must be there: see [`needs`].
    pub(crate) fn start(wanted: &Wanted) -> Result<Servers> {
        let services = services(&wanted.engines).into_iter();
        Self::begin(
            &services
                .map(|service| (service, service.address(wanted), service.edition(wanted)))
                .collect::<Vec<_>>(),
            Disk::Ignored,
        )
    }

    /// Starts the server of an engine, whatever the environment names.
    pub(crate) fn own(engine: Engine, disk: Disk) -> Result<Servers> {
        let services = services(&[engine]).into_iter();
        Self::begin(
            &services
                .map(|service| (service, None, None))
                .collect::<Vec<_>>(),
            disk,
        )
    }

    /// Starts the services that have no address yet.
    fn begin(
        services: &[(Service, Option<String>, Option<&'static Edition>)],
        disk: Disk,
    ) -> Result<Servers> {
        let begun = Instant::now();
        let mut servers = Servers::default();
        let to_start = services.iter().filter(|(_, given, _)| given.is_none());
        let to_start: Vec<_> = to_start.map(|(service, ..)| *service).collect();
        if !to_start.is_empty() {
            let accounts: Vec<_> = to_start.into_iter().filter_map(Service::account).collect();
            servers.scratch = Some(Scratch::new(&accounts)?);
        }
        for (service, given, edition) in services {
            servers.add(*service, given.clone(), *edition, disk)?;
        }
        if !servers.daemons.is_empty() {
            let seconds = begun.elapsed().as_secs_f32();
            let versions = servers.endpoints.iter();
            let versions: Vec<_> = versions
                .filter_map(|endpoint| endpoint.version.as_deref())
                .collect();
            eprintln!("{} ready after {seconds:.1} s", versions.join(", "));
        }
        Ok(servers)
    }

    fn add(
        &mut self,
        service: Service,
        given: Option<String>,
        edition: Option<&'static Edition>,
        disk: Disk,
    ) -> Result<()> {
        interrupt::check()?;
        let (url, version) = match (given, &self.scratch) {
            (Some(url), _) => {
                let version = match service {
                    Service::Postgres => postgres::version(&url),
                    Service::Mysql => mariadb::version(&url),
                    Service::Redis => redis::version(&url),
                };
                (url, version.ok())
            }
            (None, None) => bail!("there is no folder for the server's data"),
            (None, Some(scratch)) => {
                if let Some(edition) = edition {
                    let tools = scratch.path("tools");
                    fs::create_dir_all(&tools)?;
                    edition.write_tools(&tools)?;
                    self.tools = Some(tools);
                }
                let place = |account| match edition {
                    Some(edition) => Place::of(edition, scratch),
                    None => Place::here(scratch, account),
                };
                let started = match service {
                    Service::Postgres => postgres::start(place(postgres::ACCOUNT)?, disk)?,
                    Service::Mysql => mariadb::start(place(mariadb::ACCOUNT)?, disk)?,
                    Service::Redis => redis::start(scratch)?,
                };
                self.daemons.push(started.daemon);
                self.data.extend(started.data);
                (started.url, Some(started.version))
            }
        };
        self.endpoints.push(Endpoint {
            service,
            url,
            version,
        });
        Ok(())
    }

    /// Where the servers are.
    pub(crate) fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The environment variables that tell it to the tests.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let endpoints = self.endpoints.iter();
        endpoints.map(|endpoint| (endpoint.service.variable(), endpoint.url.as_str()))
    }

    /// The `PATH` on which the tests find client programs that fit the servers.
    pub(crate) fn path(&self) -> Result<OsString> {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = self.tools.iter().cloned().chain(env::split_paths(&path));
        Ok(env::join_paths(folders)?)
    }

    /// An error if a server has ended by itself.
    pub(crate) fn check(&mut self) -> Result<()> {
        for daemon in &mut self.daemons {
            if let Some(status) = daemon.ended() {
                bail!("{} died ({status}); {}", daemon.title(), daemon.log_tail());
            }
        }
        Ok(())
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        // All are asked before any is waited for.
        for daemon in &mut self.daemons {
            daemon.ask_to_stop();
        }
        self.daemons.clear();
    }
}

/// A server that answers.
struct Started {
    daemon: Daemon,
    url: String,
    version: String,
    /// What goes after it, if it is in a root of its own.
    data: Option<Scratch>,
}

/// What `launch` has to know of a server.
struct Launch<'a> {
    title: &'static str,
    /// Where its output goes.
    log: &'a Path,
    /// The signal that stops it.
    stop: Signal,
    /// The command that runs it on a port.
    command: &'a dyn Fn(u16) -> Result<Command>,
    /// Succeeds as soon as the server on a port answers.
    answers: &'a dyn Fn(u16) -> Result<()>,
}

/// Starts a server on a free port and waits until it answers.
fn launch(server: &Launch<'_>) -> Result<(Daemon, u16)> {
    let mut attempt = 1;
    loop {
        let port = ports::free()?;
        let mut command = (server.command)(port)?;
        let mut daemon = Daemon::start(server.title, &mut command, server.stop, server.log)?;
        match wait_for(&mut daemon, || (server.answers)(port)) {
            Ok(()) => return Ok((daemon, port)),
            Err(error) => {
                let text = format!("{error:#}");
                if attempt == ATTEMPTS || !text.contains("Address already in use") {
                    return Err(error);
                }
                attempt += 1;
            }
        }
    }
}

/// Waits until a server answers.
fn wait_for(daemon: &mut Daemon, answers: impl Fn() -> Result<()>) -> Result<()> {
    let title = daemon.title();
    let deadline = Instant::now() + START_LIMIT;
    loop {
        interrupt::check()?;
        if let Some(status) = daemon.ended() {
            bail!("{title} did not start ({status}); {}", daemon.log_tail());
        }
        let Err(error) = answers() else {
            return Ok(());
        };
        if Instant::now() > deadline {
            let seconds = START_LIMIT.as_secs();
            let log = daemon.log_tail();
            return Err(error).context(format!("{title} did not answer in {seconds} s; {log}"));
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Starts servers and keeps them until Ctrl-C or the end of standard input.
pub(crate) fn stay(wanted: &Wanted) -> Result<()> {
    if services(&wanted.engines).is_empty() {
        bail!("sqlite needs no server");
    }
    apt::ensure(&needs(wanted))?;
    let mut servers = Servers::start(wanted)?;
    for (variable, url) in servers.variables() {
        println!("export {variable}='{url}'");
    }
    eprintln!("Ctrl-C, or the end of standard input, stops the servers");

    let (sender, ended) = mpsc::channel();
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        let mut bytes = [0; 4096];
        while input.read(&mut bytes).is_ok_and(|count| count > 0) {}
        // It fails if nobody waits any more.
        let _ = sender.send(());
    });
    loop {
        if interrupt::happened() {
            return Ok(());
        }
        servers.check()?;
        if ended.recv_timeout(Duration::from_millis(100)) != Err(mpsc::RecvTimeoutError::Timeout) {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_engine_has_its_server() {
        assert_eq!(services(&[Engine::Sqlite]), []);
        let two = [Engine::Sqlite, Engine::Mysql];
        assert_eq!(services(&two), [Service::Mysql]);
        let all = [Service::Postgres, Service::Mysql, Service::Redis];
        assert_eq!(services(&Engine::ALL), all);
    }
}
