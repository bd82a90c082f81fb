//! The Cargo features of the library, as they are tested and checked.

use crate::engine::Engine;

/// Features that are no engine and are on in every test run.
const ALWAYS: [&str; 10] = [
    "async", "axum", "bb8", "deadpool", "manage", "mirror", "openapi", "r2d2", "tracing", "uuid",
];

/// Those whose tests need a server that comes with a full run alone.
const FULL: [&str; 1] = ["redis"];

/// What a run turns on for `engines`, as a value for `--features`.
pub(crate) fn list(engines: &[Engine]) -> String {
    let full = FULL.iter().filter(|_| engines == Engine::ALL);
    let engines = engines.iter().map(|engine| engine.name());
    let features: Vec<_> = engines
        .chain(ALWAYS)
        .chain(full.copied())
        .map(|feature| format!("handleref/{feature}"))
        .collect();
    features.join(",")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// Features that another one turns on, so that they are tested with it.
    const IMPLIED: [&str; 3] = ["default", "postgres_backend", "mysql_backend"];

    /// The names in the `[features]` table of a manifest.
    fn declared(manifest: &str) -> BTreeSet<&str> {
        manifest
            .lines()
            .skip_while(|line| line.trim() != "[features]")
            .skip(1)
            .take_while(|line| !line.starts_with('['))
            .filter(|line| !line.starts_with([' ', '#', ']']))
            .filter_map(|line| Some(line.split_once('=')?.0.trim()))
            .collect()
    }

    #[test]
    fn a_list_names_the_package() {
        assert_eq!(
            list(&[Engine::Sqlite, Engine::Mysql]),
            "handleref/sqlite,handleref/mysql,handleref/async,handleref/axum,handleref/bb8,handleref/deadpool,handleref/manage,handleref/mirror,handleref/openapi,handleref/r2d2,handleref/tracing,handleref/uuid"
        );
        assert!(list(&Engine::ALL).ends_with(",handleref/redis"));
    }

    #[test]
    fn a_manifest_is_read() {
        let manifest = "[features]\n## Text = x.\na = [\n  \"b=c\",\n]\nb = []\n[lints]\nc = 1\n";
        assert_eq!(declared(manifest), BTreeSet::from(["a", "b"]));
    }

    /// A feature that no run turns on would never be compiled.
    #[test]
    fn every_feature_is_tested() -> std::io::Result<()> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
        let manifest = std::fs::read_to_string(manifest)?;
        let tested: BTreeSet<_> = Engine::ALL
            .iter()
            .map(|engine| engine.name())
            .chain(ALWAYS)
            .chain(FULL)
            .chain(IMPLIED)
            .collect();
        assert_eq!(
            declared(&manifest),
            tested,
            "what is missing goes into `ALWAYS`"
        );
        Ok(())
    }
}
