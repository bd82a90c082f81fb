//! Passwords are kept as hashes of Argon2.

use argon2::Argon2;
use argon2::password_hash::{Error, PasswordHasher, PasswordVerifier};

pub fn hash(password: &str) -> Result<String, Error> {
    let hash = Argon2::default().hash_password(password.as_bytes())?;
    Ok(hash.to_string())
}

/// A hash that no password has. Unknown names are checked against it, so that
/// they take as long as known ones.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Whether it is the password of this hash; of none it never is. It takes tens of
/// milliseconds, so not on a thread that must not block.
pub fn is_right(password: &str, hash: Option<&str>) -> bool {
    let checked = Argon2::default().verify_password(password.as_bytes(), hash.unwrap_or(NOBODY));
    hash.is_some() && checked.is_ok()
}
