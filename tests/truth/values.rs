//! Values as the column holds them, and as the instance does.

mod computed;
mod declared;
mod domains;
mod ends;
mod managed;
mod saved;
mod saved_types;
