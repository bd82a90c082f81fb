//! What holds of every family: after any story, from several connections, at
//! the same costs.

mod concurrent_families;
mod random_stories_of_a_family;
mod statements_grow_with_tables;
