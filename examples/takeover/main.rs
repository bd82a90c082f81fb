//! An application that exists already is taken over: its own migrations, tables, rows and queries
//! first, then derive, plan, migrate, backfill, drop a column, a second tenant, and back.
//!
//! ```sh
//! cargo run --example takeover                                            # on SQLite
//! cargo run --example takeover --features postgres,uuid -- postgres://..  # schemas takeover_one, takeover_two
//! ```
//!
//! The book goes through it: docs/tutorial/takeover.md. `tests/takeover.rs` runs it.

// The same files on two engines; not all that a model has is asked for.
#![allow(clippy::duplicate_mod, dead_code, missing_docs, unreachable_pub)]
#![allow(clippy::panic)]

#[cfg(all(feature = "postgres", feature = "uuid"))]
mod postgres;
mod sqlite;
mod values;

pub type Done<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Done {
    let place = std::env::args().nth(1);
    let folder = std::env::temp_dir().join(format!("handleref-takeover-{}", std::process::id()));
    let migrations = folder.join("migrations");
    std::fs::create_dir_all(&migrations)?;
    let done = match place {
        None => sqlite::script::run(&folder.display().to_string(), "takeover", &migrations),
        #[cfg(all(feature = "postgres", feature = "uuid"))]
        Some(url) => postgres::script::run(&url, "takeover", &migrations),
        #[cfg(not(all(feature = "postgres", feature = "uuid")))]
        Some(_) => Err("PostgreSQL needs --features postgres,uuid".into()),
    };
    std::fs::remove_dir_all(&folder)?;
    done
}
