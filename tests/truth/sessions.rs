//! What a session, a transaction or an isolation level does behind our back.

mod columns;
mod dropped;
mod lost;
mod stuck;
mod times;
