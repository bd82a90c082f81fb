//! What `install` leaves is what `check` calls good, and a second `install` has nothing to do.

mod columns;
mod files;
mod generate;
mod random;
mod replacing;
