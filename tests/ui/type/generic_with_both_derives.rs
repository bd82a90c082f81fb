//! A generic struct with both derives: told once.

use handleref::{HandleRef, Recorded};

#[derive(HandleRef, Recorded)]
struct Article<T> {
    id: T,
}

fn main() {}
