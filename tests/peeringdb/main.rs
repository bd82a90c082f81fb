//! The example `peeringdb`: its mirror is exact, whatever happens in the
//! source and whenever, and its proof would notice if it were not.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
// The modules are the example's, which uses more of them than this file.
#![allow(dead_code, unreachable_pub)]

#[path = "../../examples/peeringdb/api.rs"]
mod api;
#[path = "../../examples/peeringdb/args.rs"]
mod args;
#[path = "../../examples/peeringdb/changes.rs"]
mod changes;
#[path = "../../examples/peeringdb/generate.rs"]
mod generate;
#[path = "../../examples/peeringdb/models.rs"]
mod models;
#[path = "../../examples/peeringdb/overlap.rs"]
mod overlap;
#[path = "../../examples/peeringdb/random.rs"]
mod random;
#[path = "../../examples/peeringdb/schema.rs"]
mod schema;
#[cfg(feature = "axum")]
#[path = "../../examples/peeringdb/serve.rs"]
mod serve;
#[path = "../../examples/peeringdb/stamp.rs"]
mod stamp;
#[path = "../../examples/peeringdb/sync/mod.rs"]
mod sync;
#[path = "../../examples/peeringdb/verify.rs"]
mod verify;

#[cfg(feature = "axum")]
mod client_peeringdb;
#[cfg(feature = "axum")]
mod copied;
mod files;
mod overlapping;
#[cfg(feature = "axum")]
#[path = "../clients/program.rs"]
mod program;
mod proof;
mod pulls;
#[cfg(feature = "axum")]
mod served;
#[cfg(feature = "axum")]
mod watch;

use api::Objects;
use chrono::TimeDelta;
use diesel::prelude::*;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use sync::{Conn, Mirror};
use verify::Difference;

/// A directory with a source and a mirror, removed at the end.
struct Pair {
    dir: PathBuf,
}

impl Pair {
    /// With a loaded source and an empty mirror.
    fn new(objects: &Objects) -> (Self, Conn, Conn) {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "handleref-mirror-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&dir).unwrap();
        let pair = Self { dir };
        let (mut source, mirror) = (pair.source(), pair.mirror());
        objects.store(&mut source).unwrap();
        (pair, source, mirror)
    }

    fn open(&self, name: &str) -> Conn {
        let mut conn = schema::open(self.dir.join(name).to_str().unwrap()).unwrap();
        diesel::sql_query("PRAGMA synchronous = OFF")
            .execute(&mut conn)
            .unwrap();
        conn
    }

    fn source(&self) -> Conn {
        self.open("source")
    }

    fn mirror(&self) -> Conn {
        self.open("mirror")
    }

    /// The source as it is now.
    fn copy(&self, source: &mut Conn, name: &str) -> Conn {
        let file = self.dir.join(name);
        diesel::sql_query(format!("VACUUM INTO '{}'", file.display()))
            .execute(source)
            .unwrap();
        self.open(name)
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn sync() -> Mirror<'static> {
    Mirror::new("test", &models::PARENTS_FIRST)
}

/// A pull with a shorter reach; the overlap must be more than the clock's resolution.
fn sync_with(overlap: TimeDelta) -> Mirror<'static> {
    Mirror { overlap, ..sync() }
}

fn differences(one: &mut Conn, other: &mut Conn) -> Vec<Difference> {
    verify::compare(one, other).unwrap().differences
}
