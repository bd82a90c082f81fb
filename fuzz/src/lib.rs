//! Every parser of texts that a stranger may have written.

pub mod parsers;
