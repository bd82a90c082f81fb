//! The exit codes.

/// What the process ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// All is fine.
    Fine = 0,
    /// Something was found: drift, a difference.
    Found = 1,
    /// The arguments are wrong.
    Usage = 2,
    /// A person has to decide first.
    Decide = 3,
    /// The database refused, or is not there.
    Database = 4,
    /// It was interrupted, and goes on when it is called again.
    Interrupted = 5,
}

/// For `--help` and the manual.
pub(super) const CODES: &str = "\
Exit codes:
  0  fine
  1  something was found (drift, differences, nothing under this name)
  2  wrong arguments
  3  a decision is needed: see the plan, then repeat with --apply
  4  the database refused, or is not there
  5  interrupted; the same command goes on";
