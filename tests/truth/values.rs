//! Values as the column holds them, and as the instance does.

mod domains;
mod managed;
mod saved;
mod saved_types;
