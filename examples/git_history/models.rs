//! The tables. The key of a file is its path, so a file that is deleted and
//! made again is a row deleted and one inserted under the same key.

use diesel::prelude::*;
use handleref::prelude::*;
use serde::Serialize;

diesel::table! {
    files (path) {
        path -> Text,
        mode -> Text,
        size -> Nullable<BigInt>,
        object -> Text,
        content -> Nullable<Text>,
        version -> BigInt,
    }
}

diesel::table! {
    commits (number) {
        number -> BigInt,
        id -> Text,
        record_no -> Nullable<BigInt>,
    }
}

/// A file as it is now, or was.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, HandleRef, Recorded)]
#[diesel(table_name = files, primary_key(path))]
pub struct File {
    pub path: String,
    /// As git writes it: `100644`, `100755`, `120000` (a symbolic link) or
    /// `160000` (a submodule).
    pub mode: String,
    /// In bytes; null of a submodule.
    pub size: Option<i64>,
    /// The name of its content in git.
    pub object: String,
    /// Null if it is too long, or no text.
    pub content: Option<String>,
    pub version: i64,
}

/// What a commit writes of a file.
#[derive(Debug, Clone, Insertable, AsChangeset)]
#[diesel(
    table_name = files,
    primary_key(path),
    treat_none_as_null = true,
    treat_none_as_default_value = false
)]
pub struct State<'a> {
    pub path: &'a str,
    pub mode: &'a str,
    pub size: Option<i64>,
    pub object: &'a str,
    pub content: Option<&'a str>,
}

/// A commit that was replayed. Its author, time and message are in its
/// changeset, whose correlation id is the commit's name; one that changed no
/// file has none.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = commits, treat_none_as_default_value = false)]
pub struct Replayed {
    /// From 1 for the root.
    pub number: i64,
    pub id: String,
    /// The last record of the files after this commit: as of it, the table is
    /// the commit's tree. Null while there was none.
    pub record_no: Option<i64>,
}

/// What a file becomes by an undo that has to merge it: all that depends on
/// its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    pub path: String,
    pub object: String,
    pub size: i64,
    pub content: Option<String>,
}

/// A record of a file, without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub record: i64,
    pub version: i64,
    pub deleted: bool,
    pub mode: String,
    pub object: String,
}
