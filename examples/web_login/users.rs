//! Users and their passwords. They are not recorded: a history would keep every
//! password hash that ever was.

use crate::failure::Failure;
use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use diesel::prelude::*;

diesel::table! {
    users (id) {
        id -> Integer,
        name -> Text,
        password_hash -> Text,
    }
}

/// Who is logged in.
#[derive(Debug, Clone)]
pub struct User {
    pub id: i32,
}

/// Adds a user; not if there is one of this name.
pub fn create(conn: &mut SqliteConnection, name: &str, password: &str) -> Result<bool, Failure> {
    let hash = Argon2::default().hash_password(password.as_bytes())?;
    let user = (
        users::name.eq(name),
        users::password_hash.eq(hash.to_string()),
    );
    let added = diesel::insert_or_ignore_into(users::table)
        .values(user)
        .execute(conn)?;
    Ok(added > 0)
}

/// A hash that no password has. Unknown names are checked against it, so that
/// they take as long as known ones.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The user, if name and password are right.
pub fn check(
    conn: &mut SqliteConnection,
    name: &str,
    password: &str,
) -> Result<Option<User>, Failure> {
    let found: Option<(i32, String)> = users::table
        .filter(users::name.eq(name))
        .select((users::id, users::password_hash))
        .first(conn)
        .optional()?;
    let (id, hash) = match &found {
        Some((id, hash)) => (Some(*id), hash.as_str()),
        None => (None, NOBODY),
    };
    let right = Argon2::default().verify_password(password.as_bytes(), hash);
    Ok(id.filter(|_| right.is_ok()).map(|id| User { id }))
}
