//! Schemas, search paths, and names that mean something else elsewhere.
