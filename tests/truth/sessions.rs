//! What a session, a transaction or an isolation level does behind our back.

mod columns;
mod dropped;
mod lives;
mod lost;
mod pairs;
mod stuck;
mod times;
mod waits;
