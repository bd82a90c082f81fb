//! How triggers are replaced on MySQL and on MariaDB.

use crate::schema::live::Live;

/// How a plan locks out other writers.
pub(in crate::schema) const LOCK_TABLES: &str = "LOCK TABLES ";

/// What [`Live::detail`](Live) says of MariaDB.
pub(super) const MARIADB: &str = "mariadb";

/// How a trigger is made; MariaDB, unlike MySQL, replaces one in the same statement.
pub(in crate::schema) fn create_trigger(live: &Live) -> &'static str {
    match live.detail == MARIADB {
        true => "CREATE OR REPLACE TRIGGER",
        false => "CREATE TRIGGER",
    }
}
