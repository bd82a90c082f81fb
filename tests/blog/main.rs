//! The example `blog`, over real connections, as the people who use it: on SQLite and PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
// The modules are the example's, which uses more of them than this file.
#![allow(dead_code, unreachable_pub)]
#![allow(clippy::duplicate_mod)]

#[path = "../../examples/accounts/mod.rs"]
mod accounts;
#[path = "../http/client.rs"]
mod client;
#[path = "../../examples/accounts/document.rs"]
mod document;
#[path = "../../examples/blog/models.rs"]
mod models;
#[path = "../../examples/blog/policy.rs"]
mod policy;
#[path = "../../examples/blog/postgres.rs"]
mod postgres;
#[path = "../clients/program.rs"]
mod program;
mod site;
#[path = "../../examples/blog/sqlite.rs"]
mod sqlite;
#[allow(unused_macros, unused_imports)]
#[path = "../suite/support/mod.rs"]
mod support;

mod articles;
mod client_schemathesis;
mod log;
mod people;

/// The same on both engines.
macro_rules! each_site {
    ($($(#[doc = $doc:literal])* fn $name:ident($site:ident) $body:block)*) => { $(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            fn run($site: &$crate::site::Site) $body

            #[test]
            fn sqlite_async() {
                run(&$crate::site::sqlite());
            }

            #[test]
            fn postgres_async() {
                run(&$crate::site::postgres());
            }
        }
    )* };
}
use each_site;

/// What the models, the policy and the routes of such a blog take.
#[test]
fn it_is_not_much_to_write() {
    let files = [
        include_str!("../../examples/blog/models.rs"),
        include_str!("../../examples/blog/policy.rs"),
        include_str!("../../examples/blog/server.rs"),
    ];
    let lines = files.iter().flat_map(|file| file.lines());
    let written = lines.filter(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with("//") && !line.starts_with("use ")
    });
    let count = written.count();
    assert!((100..=150).contains(&count), "{count} lines");
}
