//! The example `takeover`: an application's own migrations, tables, rows and queries, taken over step
//! by step. The steps and what must hold after each are in `examples/takeover/script.rs`.

// The same files on two engines; not all that a model has is asked for.
#![allow(
    clippy::duplicate_mod,
    clippy::panic,
    dead_code,
    missing_docs,
    unreachable_pub
)]

#[cfg(all(feature = "postgres", feature = "uuid"))]
#[path = "../examples/takeover/postgres.rs"]
mod on_postgres;
#[path = "../examples/takeover/sqlite.rs"]
mod on_sqlite;
#[path = "../examples/takeover/values.rs"]
mod values;

type Done<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A folder for files and migrations, which goes with the test.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(engine: &str) -> Done<Self> {
        let name = format!("handleref-takeover-{engine}-{}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        std::fs::create_dir_all(folder.migrations())?;
        Ok(folder)
    }

    fn migrations(&self) -> std::path::PathBuf {
        self.0.join("migrations")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn sqlite() -> Done {
    let folder = Folder::new("sqlite")?;
    on_sqlite::script::run(
        &folder.0.display().to_string(),
        "takeover",
        &folder.migrations(),
    )
}

#[test]
#[cfg(all(feature = "postgres", feature = "uuid"))]
fn postgres() -> Done {
    use diesel::connection::SimpleConnection as _;

    let folder = Folder::new("postgres")?;
    let server = std::env::var("HANDLEREF_POSTGRES_URL")?;
    let prefix = format!("takeover_{}", std::process::id());
    let done = on_postgres::script::run(&server, &prefix, &folder.migrations());
    on_postgres::open(&server, &prefix)?.batch_execute(&format!(
        "DROP SCHEMA IF EXISTS {prefix}, {prefix}_one, {prefix}_two CASCADE"
    ))?;
    done
}
