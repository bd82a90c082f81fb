//! Files in the shape of the API: a directory with one `<tag>-0.json` or
//! `<tag>.json` for each model, `{"data": [..], "meta": {}}`.

use crate::models::{
    Exchange, ExchangeLan, Facility, Network, NetworkExchangeLan, NetworkFacility, Organisation,
};
use crate::sync::{Conn, Mirrored};
use diesel::Connection;
use handleref::HandleRef;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// A result whose error is a sentence.
pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The objects of all models.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Objects {
    pub org: Vec<Organisation>,
    pub fac: Vec<Facility>,
    pub net: Vec<Network>,
    pub ix: Vec<Exchange>,
    pub ixlan: Vec<ExchangeLan>,
    pub netfac: Vec<NetworkFacility>,
    pub netixlan: Vec<NetworkExchangeLan>,
}

/// One file.
#[derive(Deserialize)]
struct File<T> {
    data: Vec<T>,
}

impl Objects {
    /// Reads a directory. What is missing there is no error, because many
    /// people have a part of such data only: it is told by `notice`.
    ///
    /// # Errors
    /// If a file cannot be read or is not of this shape, or none is there.
    pub fn read(dir: &Path, mut notice: impl FnMut(String)) -> Result<Self> {
        if !dir.is_dir() {
            return Err(format!("{} is no directory", dir.display()).into());
        }
        let mut objects = Self {
            org: read(dir, &mut notice)?,
            fac: read(dir, &mut notice)?,
            net: read(dir, &mut notice)?,
            ix: read(dir, &mut notice)?,
            ixlan: read(dir, &mut notice)?,
            netfac: read(dir, &mut notice)?,
            netixlan: read(dir, &mut notice)?,
        };
        if objects.len() == 0 {
            return Err(format!("there are no objects in {}", dir.display()).into());
        }
        objects.leave_out_orphans(notice);
        Ok(objects)
    }

    /// Writes a directory that [`read`](Objects::read) gives back as it was.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&self, dir: &Path) -> Result<()> {
        fs::create_dir_all(dir)
            .map_err(|error| format!("{} cannot be created: {error}", dir.display()))?;
        write(dir, &self.org)?;
        write(dir, &self.fac)?;
        write(dir, &self.net)?;
        write(dir, &self.ix)?;
        write(dir, &self.ixlan)?;
        write(dir, &self.netfac)?;
        write(dir, &self.netixlan)
    }

    /// Puts all objects into a database, in one transaction.
    ///
    /// # Errors
    /// If the database refuses one of them.
    pub fn store(&self, conn: &mut Conn) -> diesel::QueryResult<()> {
        conn.transaction(|conn| {
            self.org.iter().try_for_each(|row| row.put(conn))?;
            self.fac.iter().try_for_each(|row| row.put(conn))?;
            self.net.iter().try_for_each(|row| row.put(conn))?;
            self.ix.iter().try_for_each(|row| row.put(conn))?;
            self.ixlan.iter().try_for_each(|row| row.put(conn))?;
            self.netfac.iter().try_for_each(|row| row.put(conn))?;
            self.netixlan.iter().try_for_each(|row| row.put(conn))
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        let links = self.netfac.len() + self.netixlan.len();
        self.org.len() + self.fac.len() + self.net.len() + self.ix.len() + self.ixlan.len() + links
    }

    /// Takes out what belongs to something that is not there, as in a part of
    /// the data: the foreign keys would refuse it.
    fn leave_out_orphans(&mut self, mut notice: impl FnMut(String)) {
        let orgs = keys(&self.org);
        keep(&mut self.fac, &mut notice, |fac| orgs.contains(&fac.org_id));
        keep(&mut self.net, &mut notice, |net| orgs.contains(&net.org_id));
        keep(&mut self.ix, &mut notice, |ix| orgs.contains(&ix.org_id));
        let (facs, nets, ixes) = (keys(&self.fac), keys(&self.net), keys(&self.ix));
        keep(&mut self.ixlan, &mut notice, |lan| {
            ixes.contains(&lan.ix_id)
        });
        let lans = keys(&self.ixlan);
        keep(&mut self.netfac, &mut notice, |link| {
            nets.contains(&link.net_id) && facs.contains(&link.fac_id)
        });
        keep(&mut self.netixlan, &mut notice, |link| {
            nets.contains(&link.net_id)
                && ixes.contains(&link.ix_id)
                && lans.contains(&link.ixlan_id)
        });
    }
}

fn keys<M: HandleRef<Key = i32>>(rows: &[M]) -> HashSet<i32> {
    rows.iter().map(M::key).collect()
}

fn keep<M: HandleRef>(
    rows: &mut Vec<M>,
    notice: &mut impl FnMut(String),
    has_parents: impl Fn(&M) -> bool,
) {
    let before = rows.len();
    rows.retain(has_parents);
    if rows.len() < before {
        notice(format!(
            "{} {} left out, because what they belong to is not there",
            before - rows.len(),
            M::TAG
        ));
    }
}

/// The file of a model, if there is one.
fn find<M: HandleRef>(dir: &Path) -> Option<PathBuf> {
    let names = [format!("{}-0.json", M::TAG), format!("{}.json", M::TAG)];
    names
        .iter()
        .map(|name| dir.join(name))
        .find(|path| path.is_file())
}

fn read<M: HandleRef + DeserializeOwned>(
    dir: &Path,
    notice: &mut impl FnMut(String),
) -> Result<Vec<M>> {
    let Some(path) = find::<M>(dir) else {
        notice(format!(
            "no {tag}-0.json and no {tag}.json in {}",
            dir.display(),
            tag = M::TAG
        ));
        return Ok(Vec::new());
    };
    let text = fs::read_to_string(&path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    let file: File<M> =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(file.data)
}

/// Writes an object in a line, so that a difference between two files is short.
fn write<M: HandleRef + Serialize>(dir: &Path, rows: &[M]) -> Result<()> {
    let path = find::<M>(dir).unwrap_or_else(|| dir.join(format!("{}-0.json", M::TAG)));
    let rows = rows
        .iter()
        .map(serde_json::to_string)
        .collect::<serde_json::Result<Vec<_>>>()?;
    let text = format!("{{\"data\": [\n{}\n], \"meta\": {{}}}}\n", rows.join(",\n"));
    fs::write(&path, text)
        .map_err(|error| format!("{} cannot be written: {error}", path.display()).into())
}
