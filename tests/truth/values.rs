//! Values as the column holds them, and as the instance does.
