//! The models of the snapshots, and their tables as a user's own migrations
//! create them. Together they use every attribute of both derives.

use crate::place::Place;
use handleref::schema::Schema;

pub mod capture;
pub mod elsewhere;
pub mod kinds;
pub mod links;
pub mod managed;
pub mod properties;
pub mod roles;
pub mod smallest;

/// Models that are installed together.
pub struct Group {
    /// The statements that create the tables.
    pub tables: fn(&Place) -> String,
    pub schema: fn(&Place) -> Schema,
    /// Rows of all tables.
    pub rows: &'static str,
}
