//! Models as resources of HTTP: over real connections, on every engine, with pools of synchronous
//! and asynchronous connections.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

#[allow(dead_code, unused_macros, unused_imports)]
#[path = "../suite/support/mod.rs"]
mod support;

mod bodies;
mod bulk;
mod client;
mod conditions;
mod diffs;
#[cfg(feature = "openapi")]
mod document;
mod events;
mod hostile;
mod lists;
mod log;
mod models;
mod numbers;
mod past;
mod policies;
mod refusals;
mod repeats;
mod routes;
mod site;
mod timeouts;
#[cfg(feature = "tracing")]
mod traces;

/// Defines a module per behaviour, with a test for each engine and kind of pool. The behaviour is
/// compiled once.
macro_rules! each_site {
    ($($(#[doc = $doc:literal])* fn $name:ident($site:ident $(, $made:expr)?) $body:block)*) => { $(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            fn run(start: fn(&$crate::models::Options) -> $crate::site::Site) {
                #[allow(unused_variables)]
                let options = $crate::models::Options::default();
                $(let options = $made;)?
                let $site = &start(&options);
                $body
            }

            $crate::each_site!(@test "sqlite" sqlite sqlite_async);
            $crate::each_site!(@test "postgres" postgres postgres_async);
            $crate::each_site!(@test "mysql" mysql mysql_async);
        }
    )* };
    (@test $feature:literal $engine:ident $name:ident) => {
        #[cfg(feature = $feature)]
        #[test]
        fn $engine() {
            run($crate::site::$engine);
        }
        #[cfg(all(feature = "deadpool", feature = $feature))]
        #[test]
        fn $name() {
            run($crate::site::$name);
        }
    };
}
pub(crate) use each_site;
