//! How triggers are replaced on MySQL and on MariaDB.

use crate::engine::Kind;
use crate::schema::capture::access::Role;
use crate::schema::live::{Live, LiveTrigger};

/// How a plan locks out other writers.
pub(in crate::schema) const LOCK_TABLES: &str = "LOCK TABLES ";

/// What [`Live::detail`](Live) says of MariaDB.
pub(super) const MARIADB: &str = "mariadb";

/// How a trigger is made; MariaDB, unlike MySQL, replaces one in the same statement.
pub(in crate::schema) fn create_trigger(live: &Live, owner: Option<&Role>) -> String {
    let create = match live.detail == MARIADB {
        true => "CREATE OR REPLACE",
        false => "CREATE",
    };
    match owner {
        Some(owner) => format!("{create} DEFINER = {} TRIGGER", owner.sql(Kind::Mysql)),
        None => format!("{create} TRIGGER"),
    }
}

/// Whether a trigger runs with the rights of the owner, if there is one.
pub(in crate::schema) fn is_his(found: &LiveTrigger, owner: Option<&Role>) -> bool {
    owner.is_none_or(|owner| found.definer == owner.shown(Kind::Mysql))
}
