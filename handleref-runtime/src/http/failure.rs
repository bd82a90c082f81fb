//! What an error is to a client.

mod unique;

use super::call::{Call, busy};
use super::problem::Problem;
use super::server::Failure;
use super::tag::stale;
use crate::error::Error;
use crate::history::ChangesetNo;
use crate::session::Session;
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};
use http::StatusCode;

/// Why a request is not done.
pub(super) enum Refused {
    Problem(Problem),
    Error(Error),
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}
impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}
impl From<DieselError> for Refused {
    fn from(error: DieselError) -> Self {
        Self::Error(error.into())
    }
}

/// An error in words that say nothing of SQL, constraints or hosts. What is not the client's is
/// told to the program.
pub(super) async fn explained(call: &Call, conn: &mut dyn Session, error: &Error) -> Problem {
    if let Error::Database(DieselError::DatabaseError(kind, info)) = error
        && let Some(problem) = violated(call, conn, kind, &**info).await
    {
        return problem;
    }
    match error {
        Error::Conflict { .. } => busy("another request was in the way three times; repeat it"),
        Error::Stale { .. } => match call.conditions.is_match() {
            true => stale(),
            false => Problem::conflict(
                "changed",
                "somebody else has changed the row at this moment; read it again",
            ),
        },
        Error::Gone { .. } | Error::Deleted { .. } | Error::WrongObject { .. } => {
            Problem::not_found()
        }
        Error::NoVersion { .. } => Problem::not_found(),
        Error::Repeated { changeset } => repeated(*changeset),
        Error::ParentDeleted {
            parent, parent_key, ..
        } => {
            let detail = format!("its {parent} {parent_key} is deleted; restore that one before");
            let problem = Problem::conflict("parent-deleted", detail);
            problem.with("parent", format!("{parent} {parent_key}"))
        }
        Error::Hook(refusal) if is_own(&**refusal) => {
            Problem::conflict("refused", format!("a rule refuses it: {refusal}"))
        }
        Error::NotStorable { what, reason } => {
            Problem::invalid(format!("the {what} cannot be stored: {reason}"))
        }
        Error::VersionsEnd { .. } => Problem::conflict(
            "versions-end",
            "the row cannot be changed any more: its version is the greatest that there is",
        ),
        _ => {
            call.server.failed(&Failure::Error(error));
            Problem::internal()
        }
    }
}

/// A layer of the program's has given the changeset a key that is there.
pub(super) fn repeated(changeset: ChangesetNo) -> Problem {
    let problem = Problem::conflict("repeated", "it was done before");
    problem.with("changeset", changeset.0)
}

/// Whether a refusal of a hook is in the program's own words, and not in the database's.
fn is_own(refusal: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(refusal);
    while let Some(error) = cause {
        if error.is::<DieselError>() || error.is::<Error>() {
            return false;
        }
        cause = error.source();
    }
    true
}

async fn violated(
    call: &Call,
    conn: &mut dyn Session,
    kind: &DatabaseErrorKind,
    info: &(dyn DatabaseErrorInformation + Send + Sync),
) -> Option<Problem> {
    let message = info.message();
    Some(match kind {
        DatabaseErrorKind::UniqueViolation => unique::violated(call, conn, info).await,
        DatabaseErrorKind::ForeignKeyViolation => Problem::conflict(
            "reference",
            "it refers to something that is not there, or something refers to it",
        ),
        DatabaseErrorKind::NotNullViolation => {
            let problem = Problem::invalid("a value that is needed is null or missing");
            let column = info.column_name().map(str::to_owned);
            let column = column.or_else(|| {
                let last = message.rsplit(['.', '\'']).next()?;
                Some(last.to_owned())
            });
            let field = column.and_then(|column| call.server.model.field_of(&column));
            match field.filter(|field| !call.is_hidden(field)) {
                Some(field) => problem.field(field, "must not be null"),
                None => problem,
            }
        }
        DatabaseErrorKind::CheckViolation => Problem::invalid("a value is not allowed"),
        _ if message.contains("handleref:") && call.query.has("as_of") => {
            let (status, title) = (StatusCode::GONE, "Not known any more");
            let detail =
                "what was at that moment is not known: recording began later, or it was pruned";
            Problem::new(status, "before-history", title, detail)
        }
        _ if is_of_value(message) => Problem::invalid("a value cannot be stored in its column"),
        _ => return None,
    })
}

/// Whether a value is too long, too great or of no use to its column; Diesel has no kind for it.
fn is_of_value(message: &str) -> bool {
    let starts = [
        "value too long for type",
        "integer out of range",
        "smallint out of range",
        "bigint out of range",
        "numeric field overflow",
        "Data too long for column",
        "Out of range value for column",
        "Incorrect string value",
        "invalid byte sequence for encoding",
        "datatype mismatch",
        "string or blob too big",
    ];
    starts.iter().any(|start| message.starts_with(start))
}
