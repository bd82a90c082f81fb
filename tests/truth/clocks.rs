//! Instants of any age, and clocks that are set back.

mod set_back;
