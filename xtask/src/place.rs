//! Where a server's programs and data are: on this system, or in a root of its own.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;
use nix::unistd::User;

use crate::edition::Edition;
use crate::process::{output, require, server_account, tied};
use crate::scratch::Scratch;

/// A place for one server.
pub(crate) struct Place<'a> {
    scratch: &'a Scratch,
    account: Option<User>,
    own: Option<Own>,
}

/// A root of its own. Its data is in there, too, where the server can see it.
struct Own {
    edition: &'static Edition,
    root: PathBuf,
    data: Scratch,
}

impl<'a> Place<'a> {
    /// On this system, as `account` if this is root.
    pub(crate) fn here(scratch: &'a Scratch, account: &str) -> Result<Place<'a>> {
        let account = server_account(account)?;
        Ok(Place {
            scratch,
            account,
            own: None,
        })
    }

    /// In the root of an edition.
    pub(crate) fn of(edition: &'static Edition, scratch: &'a Scratch) -> Result<Place<'a>> {
        let root = edition.root()?;
        let data = Scratch::inside(&root.join("srv"))?;
        let own = Some(Own {
            edition,
            root,
            data,
        });
        Ok(Place {
            scratch,
            account: None,
            own,
        })
    }

    /// The edition, if it is not the system's.
    pub(crate) fn edition(&self) -> Option<&'static Edition> {
        self.own.as_ref().map(|own| own.edition)
    }

    /// A file of the run on this system, such as a log.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.scratch.path(name)
    }

    /// A path that the server can read.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        match &self.own {
            None => self.scratch.path(name),
            Some(own) => own.data.path(name),
        }
    }

    /// Makes a folder for its data, which only its account may read.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let Some(own) = &self.own else {
            return self.scratch.folder(name, self.account.as_ref());
        };
        let folder = own.data.folder(name, None)?;
        let mut id = Command::new("chroot");
        id.arg(&own.root).args(["id", "-u", own.edition.account()]);
        let uid = output(&mut id)?.parse().context("a number of an account")?;
        chown(&folder, Some(uid), None)?;
        Ok(folder)
    }

    /// A path as the server sees it.
    pub(crate) fn seen(&self, path: &Path) -> PathBuf {
        let inside = self
            .own
            .as_ref()
            .and_then(|own| path.strip_prefix(&own.root).ok());
        match inside {
            Some(inside) => Path::new("/").join(inside),
            None => path.to_owned(),
        }
    }

    /// Runs a program of the server, in the folder of its data, so that the kernel sends `signal`
    /// when this process dies.
    pub(crate) fn command(&self, program: &Path, signal: Signal, folder: &Path) -> Result<Command> {
        let Some(own) = &self.own else {
            let mut command = tied(program, signal, self.account.as_ref());
            command.current_dir(folder);
            return Ok(command);
        };
        let mut command = Command::new(require("chroot")?);
        command
            .arg(&own.root)
            .args(["setpriv", "--pdeathsig", signal.as_str()])
            .arg(format!("--reuid={}", own.edition.account()))
            .arg(format!("--regid={}", own.edition.account()))
            .args(["--clear-groups", "--"])
            .arg(program);
        Ok(command)
    }

    /// What has to stay as long as the server runs.
    pub(crate) fn kept(self) -> Option<Scratch> {
        self.own.map(|own| own.data)
    }
}
