//! Which columns of a model have which part.

use super::VersionSqlType;
use crate::engine::Kind;
use crate::sql::{Raw, next_sql, rising_sql};
use crate::time::{TimeKind, TimeSqlType};
use diesel::Column;

/// The columns of a model that handleref writes, by their SQL names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Roles {
    /// The version, with the number of bits of its integer.
    pub version: Option<(&'static str, u32)>,
    /// The time of the creation.
    pub created_at: Option<(&'static str, TimeKind)>,
    /// The time of the last change.
    pub updated_at: Option<(&'static str, TimeKind)>,
    /// The time of the soft delete.
    pub deleted_at: Option<(&'static str, TimeKind)>,
    /// The status that says whether a row is deleted.
    pub status: Option<&'static str>,
    /// The status of a deleted row, if it is given as a text.
    pub deleted_status: Option<&'static str>,
}

impl Roles {
    /// No roles; a start for the builder methods that the derive calls.
    pub const NONE: Self = Self {
        version: None,
        created_at: None,
        updated_at: None,
        deleted_at: None,
        status: None,
        deleted_status: None,
    };

    /// The column by which deletions are distinguished; see
    /// [`DeletionStamp`](super::DeletionStamp).
    pub(crate) const fn mark(self) -> Option<(&'static str, TimeKind)> {
        match (self.deleted_at, self.status) {
            (Some(deleted_at), _) => Some(deleted_at),
            (None, Some(_)) => self.updated_at,
            (None, None) => None,
        }
    }

    /// What every change writes into the version of a row, if there is one:
    /// `held` writes the column with the version that it has, and `of` is the
    /// table or model.
    pub(crate) fn next_version(
        self,
        kind: Kind,
        of: &str,
        held: impl FnOnce(&'static str) -> Raw,
    ) -> Option<(&'static str, Raw)> {
        let (name, bits) = self.version?;
        Some((name, next_sql(kind, held(name), bits, of)))
    }

    /// The same of `updated_at`.
    pub(crate) fn later(
        self,
        kind: Kind,
        held: impl FnOnce(&'static str) -> Raw,
    ) -> Option<(&'static str, Raw)> {
        let (name, time) = self.updated_at?;
        Some((name, rising_sql(kind, time, held(name))))
    }

    /// Both.
    pub(crate) fn bump(
        self,
        kind: Kind,
        of: &str,
        held: impl Fn(&'static str) -> Raw,
    ) -> impl Iterator<Item = (&'static str, Raw)> {
        let version = self.next_version(kind, of, &held);
        version.into_iter().chain(self.later(kind, held))
    }

    /// Names that a changeset of the user must not assign.
    pub(crate) fn managed(self) -> impl Iterator<Item = &'static str> {
        let timestamps = [self.created_at, self.updated_at, self.deleted_at];
        let version = self.version.map(|(name, _)| name);
        version
            .into_iter()
            .chain(timestamps.into_iter().flatten().map(|(name, _)| name))
    }
}

impl Roles {
    /// With the version column `C`.
    pub const fn with_version<C: Column<SqlType: VersionSqlType>>(mut self) -> Self {
        self.version = Some((C::NAME, <C::SqlType as VersionSqlType>::BITS));
        self
    }
    /// With `C` as the time of the creation.
    pub const fn with_created_at<C: Column<SqlType: TimeSqlType>>(mut self) -> Self {
        self.created_at = Some((C::NAME, <C::SqlType as TimeSqlType>::KIND));
        self
    }
    /// With `C` as the time of the last change.
    pub const fn with_updated_at<C: Column<SqlType: TimeSqlType>>(mut self) -> Self {
        self.updated_at = Some((C::NAME, <C::SqlType as TimeSqlType>::KIND));
        self
    }
    /// With `C` as the time of the soft delete.
    pub const fn with_deleted_at<C: Column<SqlType: TimeSqlType>>(mut self) -> Self {
        self.deleted_at = Some((C::NAME, <C::SqlType as TimeSqlType>::KIND));
        self
    }
    /// With `C` as the status.
    pub const fn with_status<C: Column>(mut self) -> Self {
        self.status = Some(C::NAME);
        self
    }
    /// With the text that the status of a deleted row has.
    pub const fn with_deleted_status(mut self, status: &'static str) -> Self {
        self.deleted_status = Some(status);
        self
    }
}
