//! Which git it takes.

use crate::git::Result;

/// The oldest one that this was tried with, which is Debian 12's.
pub const OLDEST: (u32, u32) = (2, 39);

/// Looks at what `git --version` says.
///
/// # Errors
/// If that git is too old, or nothing that says its version.
pub fn check(said: &str) -> Result<()> {
    let (major, minor) = OLDEST;
    let version = said.strip_prefix("git version ").unwrap_or_default();
    let mut numbers = version.split(['.', ' ']).map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(first)), Some(Ok(second))) if (first, second) >= OLDEST => Ok(()),
        (Some(Ok(_)), Some(Ok(_))) => Err(format!(
            "git {major}.{minor} or later is needed, and `git` is version {version}"
        )
        .into()),
        _ => Err(format!(
            "git {major}.{minor} or later is needed, and `git --version` says `{said}`"
        )
        .into()),
    }
}
