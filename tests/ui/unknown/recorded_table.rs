//! There is no such table.

use handleref::Recorded;

#[derive(Recorded)]
struct Article {
    id: i32,
    title: String,
}

fn main() {}
