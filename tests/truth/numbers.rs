//! The numbers of records never run backwards.
