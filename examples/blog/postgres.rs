//! The blog on PostgreSQL.

pub type Connection = diesel_async::AsyncPgConnection;
pub const ID: &str = "id SERIAL PRIMARY KEY";
pub const SETUP: &str = "";

#[path = "database.rs"]
pub mod database;
#[path = "server.rs"]
pub mod server;
