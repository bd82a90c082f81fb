//! Who can do what to a history: with an owner, and without one.

mod attempts;
mod hijack;
mod owned;
mod roles;
