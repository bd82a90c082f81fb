//! Schemas, search paths, and names that mean something else elsewhere.

use crate::support::{Db, Engine};
use diesel::{Identifiable, Queryable, Selectable};
use handleref::{HandleRef, Recorded};
use serde::Serialize;

mod altered;
mod files;
mod keys;
mod partitions;
mod settings;
mod tenants;

diesel::table! { tickets (id) { id -> Integer, title -> Text, version -> BigInt, } }

/// What every tenant has.
#[derive(
    Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Identifiable, HandleRef, Recorded,
)]
#[diesel(table_name = tickets)]
pub struct Ticket {
    pub id: i32,
    pub title: String,
    pub version: i64,
}

/// The schema (PostgreSQL) or database (MySQL) of a test.
fn home(db: &Db) -> String {
    let name = db.url.rsplit(['/', 'D']).next();
    name.unwrap_or_default().to_owned()
}

/// Makes another one beside it, and gives its name.
fn beside(db: &Db, suffix: &str) -> String {
    let name = format!("{}_{suffix}", home(db));
    match db.engine {
        Engine::Postgres => db.execute(&format!("CREATE SCHEMA {name}")),
        _ => db.execute(&format!("CREATE DATABASE {name}")),
    }
    name
}

fn forget(db: &Db, name: &str) {
    match db.engine {
        Engine::Postgres => db.execute(&format!("DROP SCHEMA {name} CASCADE")),
        _ => db.execute(&format!("DROP DATABASE {name}")),
    }
}

/// What makes a home the one that names mean.
fn enter(engine: Engine, name: &str) -> String {
    match engine {
        Engine::Postgres => format!("SET search_path = {name}"),
        _ => format!("USE {name}"),
    }
}

const TICKETS: &str = "CREATE TABLE tickets (id INTEGER PRIMARY KEY, title VARCHAR(99) NOT NULL)";
