//! The measurements that later ones are shown beside.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{fs, io};

use anyhow::{Context as _, Result};

use crate::scratch::workspace;

/// Numbers by name. Of the past only ratios and counts are shown: times are those of one machine.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Baseline(BTreeMap<String, Vec<f64>>);

impl Baseline {
    /// What was stored, if anything was.
    pub(super) fn load() -> Result<Option<Baseline>> {
        let file = file();
        match fs::read_to_string(&file) {
            Ok(text) => Baseline::read(&text)
                .with_context(|| format!("{} could not be read", file.display()))
                .map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps these numbers for later runs.
    pub(super) fn store(&self) -> Result<()> {
        let file = file();
        fs::create_dir_all(file.parent().unwrap_or(workspace()))?;
        Ok(fs::write(file, self.write())?)
    }

    pub(super) fn set(&mut self, name: &str, values: impl Into<Vec<f64>>) {
        self.0.insert(name.to_owned(), values.into());
    }

    /// The numbers of this name; those that are missing are no numbers.
    pub(super) fn get<const N: usize>(&self, name: &str) -> [f64; N] {
        let values = self.0.get(name).map_or(&[][..], Vec::as_slice);
        std::array::from_fn(|at| values.get(at).copied().unwrap_or(f64::NAN))
    }

    fn read(text: &str) -> Result<Baseline> {
        let mut baseline = Baseline::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut fields = line.split('\t');
            let name = fields.next().unwrap_or_default();
            let values = fields.map(str::parse).collect::<Result<Vec<f64>, _>>();
            baseline.set(name, values.with_context(|| line.to_owned())?);
        }
        Ok(baseline)
    }

    fn write(&self) -> String {
        let mut text = "# Written by `cargo xtask bench --only compile --baseline`\n".to_owned();
        for (name, values) in &self.0 {
            text.push_str(name);
            for value in values {
                let _ = write!(text, "\t{}", (value * 1e3).round() / 1e3);
            }
            text.push('\n');
        }
        text
    }
}

fn file() -> PathBuf {
    workspace().join("xtask/baselines/compile.tsv")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() -> Result<()> {
        let mut baseline = Baseline::default();
        baseline.set("a", [1.25, 7.0]);
        baseline.set("b", [2.345_678]);
        let text = baseline.write();
        assert!(text.ends_with("\na\t1.25\t7\nb\t2.346\n"), "{text}");
        assert_eq!(Baseline::read(&text)?.get("a"), [1.25, 7.0]);
        let [there, missing] = Baseline::read(&text)?.get("b");
        assert!((there - 2.346).abs() < 1e-9 && missing.is_nan());
        assert!(Baseline::read("a\tx").is_err());
        Ok(())
    }
}
