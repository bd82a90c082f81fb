//! Values as the column holds them, and as the instance does.

mod saved;
mod saved_types;
