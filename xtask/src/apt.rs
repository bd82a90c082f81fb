//! Installing what a machine lacks.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Result, bail};

use crate::engine::Engine;
use crate::interrupt;
use crate::process::{find, is_root, output};

/// Something that must be on the machine.
#[derive(Clone, Copy)]
pub(crate) struct Need {
    /// What it is, for people.
    pub(crate) what: &'static str,
    /// The Debian package that brings it.
    pub(crate) package: &'static str,
    /// The system service that apt starts with it, on the standard port.
    pub(crate) service: Option<&'static str>,
    /// Whether it is there.
    pub(crate) present: fn() -> bool,
}

const PKG_CONFIG: Need = Need {
    what: "pkg-config",
    package: "pkg-config",
    service: None,
    present: || find("pkg-config").is_some(),
};

const LIBPQ: Need = Need {
    what: "the PostgreSQL client library",
    package: "libpq-dev",
    service: None,
    present: || has_library(&["libpq"], "PQ_LIB_DIR", "pg_config"),
};

const LIBMARIADB: Need = Need {
    what: "the MySQL or MariaDB client library",
    package: "libmariadb-dev",
    service: None,
    present: || {
        let names = ["mysqlclient", "libmariadb"];
        has_library(&names, "MYSQLCLIENT_LIB_DIR", "mysql_config")
    },
};

/// The example `git_history` and its tests talk to git. Which version it takes, they say.
const GIT: Need = Need {
    what: "git",
    package: "git",
    service: None,
    present: || find("git").is_some(),
};

/// What makes an environment of its own for Python.
pub(crate) const PYTHON: Need = Need {
    what: "Python with venv",
    package: "python3-venv",
    service: None,
    present: || {
        let mut python = Command::new("python3");
        python
            .args(["-c", "import venv, ensurepip"])
            .stderr(Stdio::null());
        python.status().is_ok_and(|status| status.success())
    },
};

/// What the tests use besides the servers.
pub(crate) fn to_test() -> Vec<Need> {
    vec![GIT]
}

/// What it takes to build the library for `engines`; SQLite is built from source.
pub(crate) fn to_build(engines: &[Engine]) -> Vec<Need> {
    let needs = engines.iter().flat_map(|engine| match engine {
        Engine::Sqlite => vec![],
        Engine::Postgres => vec![PKG_CONFIG, LIBPQ],
        Engine::Mysql => vec![PKG_CONFIG, LIBMARIADB],
    });
    needs.collect()
}

/// Installs those of `needs` that are missing.
pub(crate) fn ensure(needs: &[Need]) -> Result<()> {
    let missing = missing(needs);
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<_> = missing.iter().map(|need| need.package).collect();
    let wanted = sentence(&missing);
    if !is_debian() {
        bail!("{wanted}; this is not a Debian system, so install it by hand");
    }
    if !is_root() && output(Command::new("sudo").args(["-n", "true"])).is_err() {
        bail!(
            "{wanted}; this user may not install it (neither root nor `sudo` without a password): \
             run `apt-get install {}`",
            packages.join(" ")
        );
    }

    eprintln!("{wanted}; installing {}", packages.join(" "));
    let started = Instant::now();
    apt_get(&["update", "-qq"])?;
    let mut install = vec!["install", "-y", "-qq", "--no-install-recommends"];
    install.extend(&packages);
    apt_get(&install)?;
    for service in missing.iter().filter_map(|need| need.service) {
        // Our servers have ports of their own. Where no service runs, there is nothing to stop.
        let _ = output(&mut as_root("service", &[service, "stop"]));
    }
    eprintln!("installed in {} s", started.elapsed().as_secs());

    let still: Vec<_> = needs.iter().filter(|need| !(need.present)()).collect();
    match still.first() {
        None => Ok(()),
        Some(need) => bail!(
            "{} was not found, although the package {} is installed",
            need.what,
            need.package
        ),
    }
}

/// Those of `needs` that are missing, each once.
fn missing(needs: &[Need]) -> Vec<Need> {
    let mut missing: Vec<Need> = Vec::new();
    for need in needs {
        let known = missing.iter().any(|other| other.package == need.package);
        if !known && !(need.present)() {
            missing.push(*need);
        }
    }
    missing
}

/// What is missing, in words.
fn sentence(missing: &[Need]) -> String {
    let missing: Vec<_> = missing
        .iter()
        .map(|need| format!("{} (package {})", need.what, need.package))
        .collect();
    format!("missing: {}", missing.join(", "))
}

fn is_debian() -> bool {
    Path::new("/etc/debian_version").exists() && find("apt-get").is_some()
}

/// Whether a C library can be linked: pkg-config knows one of `names`, or `variable` says where
/// it is. A `config` program counts too, except on Debian, where it can be there without the
/// library.
fn has_library(names: &[&str], variable: &str, config: &str) -> bool {
    let known = |name: &&str| output(Command::new("pkg-config").args(["--exists", name])).is_ok();
    names.iter().any(known)
        || env::var_os(variable).is_some()
        || (!is_debian() && find(config).is_some())
}

/// A command with the rights of root.
fn as_root(program: &str, args: &[&str]) -> Command {
    let mut command = if is_root() {
        Command::new("env")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "env"]);
        sudo
    };
    command
        .args(["DEBIAN_FRONTEND=noninteractive", program])
        .args(args)
        .stdin(Stdio::null());
    command
}

/// Runs apt-get, which waits if another one is at work; what it prints is shown if it fails.
fn apt_get(args: &[&str]) -> Result<()> {
    interrupt::check()?;
    let mut command = as_root("apt-get", &["-o", "DPkg::Lock::Timeout=300"]);
    let printed = command.args(args).output()?;
    interrupt::check()?;
    if !printed.status.success() {
        bail!(
            "`apt-get {}` failed:\n{}{}",
            args.join(" "),
            String::from_utf8_lossy(&printed.stdout),
            String::from_utf8_lossy(&printed.stderr)
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABSENT: Need = Need {
        what: "a thing",
        package: "thing",
        service: None,
        present: || false,
    };

    #[test]
    fn what_is_there_is_not_missing() {
        let there = Need {
            package: "other",
            present: || true,
            ..ABSENT
        };
        let missing = missing(&[there, ABSENT, ABSENT]);
        let packages: Vec<_> = missing.iter().map(|need| need.package).collect();
        assert_eq!(packages, ["thing"]);
        assert_eq!(sentence(&missing), "missing: a thing (package thing)");
    }

    #[test]
    fn sqlite_needs_nothing() {
        assert!(to_build(&[Engine::Sqlite]).is_empty());
        assert_eq!(to_build(&[Engine::Sqlite, Engine::Postgres]).len(), 2);
    }
}
