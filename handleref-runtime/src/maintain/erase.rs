//! Personal data of one row, taken out of every record.

use crate::error::Error;
use crate::history::MayBeNull;
use crate::history::any::{AnyKey, Keyed};
use crate::history::model::{Recall, Recorded};
use crate::session::Executor;
use diesel::Column;
use std::borrow::Cow;
use std::fmt;

mod run;
mod targets;

#[cfg(feature = "manage")]
pub(crate) use run::erase;
pub(super) use targets::refuse;

/// Takes the values of some columns of one row out of all its records.
///
/// ```text
/// let erased = User::erase(7)
///     .column(users::email)                 // null
///     .column_with(users::name, "'erased'") // a column that cannot be null: an SQL expression
///     .property("display_name")             // a property of the records that was made of them
///     .named("phone")                       // whatever the record table has: a column without a field
///     .live_row()                           // the row itself too, if it is still there
///     .execute(conn)?;
/// let erased = User::erase(8)
///     .everything()                         // all columns but for the key and what handleref writes
///     .column_with(users::name, "'erased'")
///     .also(7)                              // and the records of a key that the row had before
///     .execute(conn)?;
/// ```
///
/// The records stay, with their versions, times and all other columns. A record
/// [`Erase`](crate::history::Operation::Erase) is added, by which readers of
/// [`changes`](crate::sync::changes) learn of it. What remains as well is an
/// event `erase` that names the model, the key and the
/// columns, when and how many records; never a value. With
/// [`live_row`](Erase::live_row) the row is changed first, as a change like any
/// other that is recorded, and then all its records, that one included.
///
/// A column that is skipped or redacted gets in the records what a record of
/// today has of it, null or its stand-in: older records may have a value from
/// before.
///
/// The key stays: it is in every record, in events and in holds, so the key of
/// a model should not be personal data.
///
/// Copies elsewhere are the caller's to find: properties of *other* models that
/// were computed from this row, and whatever else the program copied.
///
/// Nor is a database file free of a value at once when no query finds it any
/// more. SQLite keeps it in free pages, unless `PRAGMA secure_delete` was on,
/// until `VACUUM`, and in the WAL until a checkpoint. PostgreSQL keeps the old
/// versions of rows until `VACUUM`, and MySQL and MariaDB until the purge.
/// Write-ahead logs, binary logs, replicas that lag behind and backups keep
/// them for as long as they are kept.
#[derive(Debug, Clone)]
#[must_use = "nothing happens before `.execute(conn)`"]
pub struct Erase<M: Recorded> {
    key: M::RecordKey,
    /// Keys that the row had before.
    others: Vec<M::RecordKey>,
    what: What,
}

/// What is erased of a row.
#[derive(Debug, Clone, Default)]
pub(crate) struct What {
    /// Names and what comes in their place, null if nothing is given.
    pub(crate) wanted: Vec<(Cow<'static, str>, Option<Cow<'static, str>>)>,
    pub(crate) everything: bool,
    pub(crate) live: bool,
}

/// What an [`Erase`] did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Erased {
    /// The number of records of the row; the values are gone from all of them.
    pub records: i64,
    /// Whether the row itself was changed.
    pub live_row: bool,
    /// The columns and properties whose values are gone.
    pub columns: Vec<String>,
}

/// Why columns cannot be erased; see [`Error::CannotErase`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unerasable {
    /// They cannot be null, and nothing is given that comes in their place.
    NeedsValue,
    /// They are (part of) the key, by which records, events and holds know the row.
    IsKey,
    /// They are recorded today, so records would have their values again.
    IsRecorded,
}

impl fmt::Display for Unerasable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NeedsValue => {
                "cannot be null: say what comes in its place, by `column_with(users::name, \"'erased'\")` or \
                 `named_with(\"name\", \"'erased'\")`"
            }
            Self::IsKey => {
                "is the key, which stays in every record, event and hold of the row, so it cannot be erased: a key must \
                 not be personal data; give the table one that says nothing of a person, and keep this as a column"
            }
            Self::IsRecorded => {
                "is recorded today: mark the field with `#[recorded(redact)]` and install that first, or use `erase` \
                 for one row"
            }
        })
    }
}

impl<M: Recorded> Erase<M> {
    pub(super) fn new(key: M::RecordKey) -> Self {
        Self {
            key,
            others: Vec::new(),
            what: What::default(),
        }
    }

    /// Sets this column to null. It must be one that can be null, or the
    /// records could not be loaded as the model any more.
    pub fn column<C>(self, _: C) -> Self
    where
        C: Column<Table = M::LiveTable> + MayBeNull,
    {
        self.set(C::NAME.into(), None)
    }

    /// Sets this column to the value of an SQL expression, such as `'erased'`.
    /// The expression is part of the statement as it is. The name of the column
    /// keeps the value: `.everything().column_with(users::plan, "plan")`.
    pub fn column_with<C>(self, _: C, sql: impl Into<Cow<'static, str>>) -> Self
    where
        C: Column<Table = M::LiveTable>,
    {
        self.set(C::NAME.into(), Some(sql.into()))
    }

    /// Sets this property of the records to null.
    pub fn property(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.set(name.into(), None)
    }

    /// Sets a column of the record table to null, by its name in SQL: one that
    /// the model has no field for any more, or a former property.
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.set(name.into(), None)
    }

    /// As [`named`](Erase::named), to the value of an SQL expression.
    pub fn named_with(
        self,
        name: impl Into<Cow<'static, str>>,
        sql: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.set(name.into(), Some(sql.into()))
    }

    /// Every column and property that the record table has, those that the model
    /// does not have any more included; but for the key and for what handleref
    /// writes (version, timestamps, status). What else is given for a column
    /// counts: give a value for each that cannot be null. None is made up,
    /// because 0 or an empty text may mean something.
    pub fn everything(mut self) -> Self {
        self.what.everything = true;
        self
    }

    /// The records of this key too, which the row had before; it may be called
    /// several times. A changed key is recorded as the delete of one row and the
    /// insert of another one, so the records of the former key stay its own; see
    /// [`former_keys`](super::Maintain::former_keys). If another row has that
    /// key by now, its records lose the same columns. The row itself is changed
    /// by [`live_row`](Erase::live_row) only under the key of the `erase`.
    pub fn also(mut self, key: M::RecordKey) -> Self {
        self.others.push(key);
        self
    }

    /// The row itself too, if it is still there.
    pub fn live_row(mut self) -> Self {
        self.what.live = true;
        self
    }

    /// What was given last counts.
    fn set(mut self, name: Cow<'static, str>, sql: Option<Cow<'static, str>>) -> Self {
        self.what.wanted.retain(|(known, _)| *known != name);
        self.what.wanted.push((name, sql));
        self
    }

    /// Runs it.
    ///
    /// # Errors
    /// [`Error::Held`]; [`Error::NoField`] if the record table has no such column
    /// or property; [`Error::ManagedColumn`] if a column is written by handleref;
    /// [`Error::CannotErase`] if one is part of the key, or cannot be null and no
    /// value is given; [`Error::NotInstalled`] or [`Error::Database`]. Nothing is
    /// erased then.
    pub fn execute<'a, C>(self, conn: &'a mut C) -> C::Output<'a, Result<Erased, Error>>
    where
        C: Executor,
        M: Recall<C::Engine>,
    {
        let keys = std::iter::once(self.key).chain(self.others);
        let keys = keys.map(AnyKey::new::<M, C::Engine>).collect();
        C::finish(run::erase(
            conn,
            Keyed::of::<M, C::Engine>(),
            self.what,
            keys,
            true,
        ))
    }
}
