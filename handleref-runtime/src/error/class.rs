//! What a caller can do about an error.

use super::Error;

/// What a caller can do about an [`Error`]; see [`Error::class`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorClass {
    /// Another transaction was in the way. Repeat the whole transaction from its
    /// beginning, a few times at most: the same may succeed then.
    Retry,
    /// What the caller holds is older than the database: an instance, a plan.
    /// Read it again, and decide anew.
    Reload,
    /// What was named is not there. (A query of Diesel's that finds no row says so
    /// itself, as [`Error::Database`] with Diesel's `NotFound`.)
    NotFound,
    /// The rows as they are, or a rule of the program, stand in the way. Someone
    /// has to decide; until then the answer stays the same.
    Refused,
    /// The call cannot succeed on any data: a mistake of the program, or of the
    /// input that it handed on.
    Invalid,
    /// The database is not set up for it: something is not installed, not allowed,
    /// too narrow, or this is not the server to ask. The administrator has
    /// to act; [`Schema::check`](crate::schema::Schema::check) says what is missing.
    Setup,
    /// A reader cannot go on from its cursor. Copy the rows again, and go on from
    /// the cursor that is taken then.
    Resync,
    /// Redis cannot answer, and the database can: ask it with the same cursor, as
    /// `Redis::or_database` does by itself.
    Fallback,
    /// The database or Diesel refused, for a reason that handleref does not know:
    /// look at the error inside.
    Database,
}

impl Error {
    /// What a caller can do about it. Every error has one class, so that a program
    /// need not know them all.
    ///
    /// ```
    /// use handleref_runtime::error::{Error, ErrorClass};
    ///
    /// /// What a server answers by HTTP.
    /// fn status(error: &Error) -> u16 {
    ///     match error.class() {
    ///         // The transaction was repeated, and something was in the way again.
    ///         ErrorClass::Retry => 503,
    ///         ErrorClass::Reload | ErrorClass::Refused => 409,
    ///         ErrorClass::NotFound => 404,
    ///         ErrorClass::Invalid => 400,
    ///         ErrorClass::Resync => 410,
    ///         _ => 500,
    ///     }
    /// }
    /// let key = || "7".to_owned();
    /// assert_eq!(status(&Error::Deleted { model: "Article", key: key() }), 409);
    /// assert_eq!(status(&Error::Gone { model: "Article", key: key() }), 404);
    /// assert_eq!(status(&Error::TooOld { model: "Article" }), 410);
    /// ```
    pub fn class(&self) -> ErrorClass {
        // No `_`: a new error has to be decided on.
        match self {
            Self::Conflict { .. } => ErrorClass::Retry,
            Self::Stale { .. } | Self::PlanOutdated { .. } => ErrorClass::Reload,
            Self::Gone { .. } | Self::NoVersion { .. } | Self::NoChangeset { .. } => {
                ErrorClass::NotFound
            }
            // Not to be reloaded: a deleted row is still deleted then. Nor to be
            // repeated: rows that others add are tried again before `Interfered`.
            Self::Deleted { .. }
            | Self::ParentDeleted { .. }
            | Self::TooDeep { .. }
            | Self::Revert { .. }
            | Self::Undo { .. }
            | Self::Held { .. }
            | Self::Repeated { .. }
            | Self::Hook(_)
            | Self::Interfered { .. }
            | Self::Mirror { .. } => ErrorClass::Refused,
            Self::NoField { .. }
            | Self::NoModel { .. }
            | Self::NoVerb { .. }
            | Self::CannotErase { .. }
            | Self::NotListed { .. }
            | Self::WrongObject { .. }
            | Self::ChangesetRequired { .. }
            | Self::NotStorable { .. }
            | Self::InvalidCursor
            | Self::WrongModels { .. }
            | Self::NotInFeed { .. }
            | Self::ManyRows { .. }
            | Self::NotOneSelect { .. }
            | Self::NotRead { .. }
            | Self::ManagedColumn { .. }
            | Self::GeneratedColumn { .. } => ErrorClass::Invalid,
            Self::NotInstalled { .. }
            | Self::Denied { .. }
            | Self::Copied
            | Self::Standby
            | Self::VersionsEnd { .. }
            | Self::Stamp { .. }
            | Self::Schema(_) => ErrorClass::Setup,
            Self::Foreign | Self::TooOld { .. } => ErrorClass::Resync,
            Self::OutsideWindow { .. } => ErrorClass::Fallback,
            #[cfg(feature = "redis")]
            Self::Redis(_) => ErrorClass::Fallback,
            Self::RolledBack { .. } | Self::Database(_) => ErrorClass::Database,
        }
    }

    /// Whether the same may succeed if the whole transaction is repeated from
    /// its beginning, with everything read anew: [`ErrorClass::Retry`].
    ///
    /// For an error of Diesel: `handleref::Error::from(error).is_retryable()`.
    ///
    /// ```
    /// use handleref_runtime::error::Error;
    ///
    /// /// Runs a transaction up to five times.
    /// fn repeated<T>(mut transaction: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    ///     for _ in 1..5 {
    ///         match transaction() {
    ///             Err(error) if error.is_retryable() => {}
    ///             ended => return ended,
    ///         }
    ///     }
    ///     transaction()
    /// }
    ///
    /// let mut runs = 0;
    /// let done = repeated(|| {
    ///     runs += 1;
    ///     match runs {
    ///         1 => Err(conflict()),
    ///         _ => Ok("done"),
    ///     }
    /// });
    /// assert_eq!((done.unwrap(), runs), ("done", 2));
    /// # fn conflict() -> Error {
    /// #     use diesel::result::{DatabaseErrorKind, Error};
    /// #     let info = Box::new("could not serialize access".to_owned());
    /// #     Error::DatabaseError(DatabaseErrorKind::SerializationFailure, info).into()
    /// # }
    /// ```
    ///
    /// The guide has one with a connection, which [`recover`](crate::session::recover)
    /// makes usable again.
    pub fn is_retryable(&self) -> bool {
        self.class() == ErrorClass::Retry
    }
}
