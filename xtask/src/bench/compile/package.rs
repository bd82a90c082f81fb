//! The crates that are compiled, as a workspace of their own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::SystemTime;

use anyhow::{Result, bail};

use super::clock::{Cost, timed};
use crate::foreground::{Foreground, cargo};
use crate::scratch::workspace;

/// A crate.
#[derive(Debug, Clone)]
pub(super) struct Package {
    pub(super) name: String,
    /// All of its library.
    pub(super) source: String,
    /// Those of handleref, beside the default ones.
    pub(super) features: Vec<&'static str>,
}

/// The folder of the crates.
pub(super) struct Packages {
    home: PathBuf,
}

impl Packages {
    /// Writes the crates, with the versions that this workspace has locked, and compiles what
    /// they depend on.
    pub(super) fn generate(home: &Path, packages: &[Package]) -> Result<Packages> {
        fs::create_dir_all(home)?;
        let members: Vec<_> = packages
            .iter()
            .map(|package| format!("{:?}", package.name))
            .collect();
        fs::write(
            home.join("Cargo.toml"),
            format!(
                "[workspace]\nmembers = [{}]\nresolver = \"3\"\n",
                members.join(", ")
            ),
        )?;
        fs::copy(workspace().join("Cargo.lock"), home.join("Cargo.lock"))?;
        let all = Packages {
            home: home.to_owned(),
        };
        for package in packages {
            let source = all.source(&package.name);
            fs::create_dir_all(source.parent().unwrap_or(home))?;
            fs::write(&source, &package.source)?;
            fs::write(
                home.join(&package.name).join("Cargo.toml"),
                manifest(package),
            )?;
        }
        Ok(all)
    }

    /// Runs `cargo check` or `cargo build` for one crate. Crates are chosen one by one, so the
    /// features of handleref are those of this crate.
    pub(super) fn compile(&self, command: &str, name: &str) -> Result<()> {
        let mut command = self.cargo(&[command, "--quiet", "--package", name], "target");
        let status = Foreground::start(command.stdout(Stdio::null()))?.wait()?;
        finished(name, status)
    }

    /// What it costs to compile this crate anew, and nothing else.
    pub(super) fn measure(&self, command: &str, name: &str) -> Result<Cost> {
        let file = File::options().append(true).open(self.source(name))?;
        file.set_modified(SystemTime::now())?;
        timed(|| self.compile(command, name))
    }

    /// What it costs to compile this crate after an edit, incrementally, as Cargo does.
    pub(super) fn edit(&self, name: &str, source: &str) -> Result<Cost> {
        fs::write(self.source(name), source)?;
        let mut command = self.cargo(&["build", "--quiet", "--package", name], "edits");
        command.env("CARGO_INCREMENTAL", "1").stdout(Stdio::null());
        timed(|| finished(name, Foreground::start(&mut command)?.wait()?))
    }

    /// The compiled library.
    pub(super) fn library(&self, name: &str) -> PathBuf {
        self.home.join(format!("target/debug/lib{name}.rlib"))
    }

    /// Compiles a crate and what it depends on into `target`, with `flags` for the compiler, and
    /// returns their libraries.
    pub(super) fn libraries(&self, name: &str, target: &str, flags: &str) -> Result<Vec<PathBuf>> {
        let arguments = [
            "build",
            "--quiet",
            "--message-format=json",
            "--package",
            name,
        ];
        let mut command = self.cargo(&arguments, target);
        command.env("RUSTFLAGS", flags).stdout(Stdio::piped());
        let mut libraries = Vec::new();
        let status = Foreground::start(&mut command)?.lines(|line| {
            libraries.extend(named(line));
            Ok(())
        })?;
        finished(name, status)?;
        Ok(libraries)
    }

    fn cargo(&self, arguments: &[&str], target: &str) -> Command {
        let mut command = cargo(arguments);
        command
            .current_dir(&self.home)
            .env("CARGO_TARGET_DIR", self.home.join(target))
            .env("CARGO_INCREMENTAL", "0");
        command
    }

    fn source(&self, name: &str) -> PathBuf {
        self.home.join(name).join("src/lib.rs")
    }
}

fn finished(name: &str, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("{name} was not compiled ({status})");
    }
    Ok(())
}

/// The libraries in a message of Cargo's.
fn named(message: &str) -> impl Iterator<Item = PathBuf> {
    let strings = message.split('"');
    strings
        .filter(|text| text.ends_with(".rlib"))
        .map(PathBuf::from)
}

fn manifest(package: &Package) -> String {
    let Package { name, features, .. } = package;
    let root = workspace().display().to_string();
    let mut text = format!(
        "[package]\nname = {name:?}\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         chrono = {{ version = \"0.4\", default-features = false, features = [\"serde\", \"std\"] }}\n\
         diesel = {{ version = \"~2.3\", default-features = false, features = [\"chrono\", \"sqlite\", \"32-column-tables\"] }}\n\
         handleref = {{ path = {root:?}, features = {features:?} }}\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\n"
    );
    if features.contains(&"axum") {
        text.push_str("axum = { version = \"0.8\", default-features = false }\n");
    }
    if features.contains(&"async") {
        text.push_str(
            "diesel-async = { version = \"0.9\", default-features = false, features = [\"sqlite\"] }\n",
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_read_from_messages() {
        let message = r#"{"reason":"compiler-artifact","filenames":["/t/debug/deps/liba-1.rlib","/t/debug/deps/liba-1.rmeta"]}"#;
        let libraries: Vec<_> = named(message).collect();
        assert_eq!(libraries, [Path::new("/t/debug/deps/liba-1.rlib")]);
    }

    #[test]
    fn a_program_has_the_features_that_it_names() {
        let package = |features| Package {
            name: "a".to_owned(),
            source: String::new(),
            features,
        };
        let text = manifest(&package(vec!["mirror", "async"]));
        assert!(
            text.contains(r#"features = ["mirror", "async"] }"#),
            "{text}"
        );
        assert!(text.contains("diesel-async"), "{text}");
        assert!(!manifest(&package(vec![])).contains("diesel-async"));
    }
}
