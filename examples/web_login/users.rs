//! Users and their passwords. They are not recorded: a history would keep every
//! password hash that ever was.

use crate::accounts::passwords;
use crate::failure::Failure;
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
    let hash = passwords::hash(password)?;
    let user = (users::name.eq(name), users::password_hash.eq(hash));
    let added = diesel::insert_or_ignore_into(users::table)
        .values(user)
        .execute(conn)?;
    Ok(added > 0)
}

/// The user of this name, and the hash of the password.
pub fn find(conn: &mut SqliteConnection, name: &str) -> Result<Option<(User, String)>, Failure> {
    let found: Option<(i32, String)> = users::table
        .filter(users::name.eq(name))
        .select((users::id, users::password_hash))
        .first(conn)
        .optional()?;
    Ok(found.map(|(id, hash)| (User { id }, hash)))
}

/// The name of the user with this number.
pub fn name_of(conn: &mut SqliteConnection, id: i64) -> Result<Option<String>, Failure> {
    let Ok(id) = i32::try_from(id) else {
        return Ok(None);
    };
    let name = users::table.find(id).select(users::name);
    Ok(name.first(conn).optional()?)
}
