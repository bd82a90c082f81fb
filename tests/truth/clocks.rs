//! Instants of any age, and clocks that are set back.

#[cfg(feature = "sqlite")]
mod instants;
mod set_back;
