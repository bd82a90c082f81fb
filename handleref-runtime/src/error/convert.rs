//! From and to Diesel's errors, and what the messages of databases mean.

use super::Error;
use super::languages::{CONFLICTS, LOCKED};
use super::lives::is_about_lives;
use diesel::result::DatabaseErrorKind;

impl From<diesel::result::Error> for Error {
    /// Wraps the error of a statement, and unwraps an [`Error`] that travelled
    /// through Diesel.
    fn from(error: diesel::result::Error) -> Self {
        match error {
            diesel::result::Error::QueryBuilderError(inner) => match inner.downcast::<Self>() {
                Ok(own) => *own,
                Err(other) => Self::Database(diesel::result::Error::QueryBuilderError(other)),
            },
            conflict if is_conflict(&conflict) => Self::Conflict {
                lost: false,
                cause: conflict,
            },
            diesel::result::Error::DatabaseError(_, ref info) => {
                if let Some(table) = table_that_requires_a_changeset(info.message()) {
                    return Self::ChangesetRequired { table };
                }
                if let Some(column) = generated_column(info.message()) {
                    return Self::GeneratedColumn { column };
                }
                match crate::sql::versions_end(info.message()) {
                    Some(of) => Self::VersionsEnd { of },
                    None => Self::Database(error),
                }
            }
            other => Self::Database(other),
        }
    }
}

impl From<Error> for diesel::result::Error {
    /// Packs the error so that `?` works where Diesel's is expected; converting
    /// back gives the same error.
    fn from(error: Error) -> Self {
        match error {
            Error::Database(error)
            | Error::Conflict {
                lost: false,
                cause: error,
            } => error,
            own => Self::QueryBuilderError(Box::new(own)),
        }
    }
}

/// Whether another transaction was in the way. Diesel has a kind for a part of
/// these only, and no number for the rest.
pub(crate) fn is_conflict(error: &diesel::result::Error) -> bool {
    const MESSAGES: [&str; 8] = [
        // MySQL and MariaDB: 1213, 1205, 1020, 3572.
        "Deadlock found when trying to get lock",
        "Lock wait timeout exceeded",
        "Record has changed since last read in table",
        "Statement aborted because lock(s) could not be acquired immediately",
        // PostgreSQL: 40P01, 55P03.
        "deadlock detected",
        "canceling statement due to lock timeout",
        // SQLite: BUSY and its kinds, LOCKED.
        "database is locked",
        "database table is locked",
    ];
    match error {
        diesel::result::Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => true,
        diesel::result::Error::DatabaseError(DatabaseErrorKind::UniqueViolation, info) => {
            // MySQL names an index in its message only, between quotes in any language.
            let mut parts = info.message().rsplit('\'');
            info.constraint_name()
                .map_or_else(|| parts.any(is_about_lives), is_about_lives)
        }
        diesel::result::Error::DatabaseError(_, info) => {
            let message = info.message();
            let mut starts = MESSAGES.iter().chain(&CONFLICTS);
            let mut locked = LOCKED.iter();
            starts.any(|start| message.starts_with(start))
                || locked.any(|(before, after)| {
                    let rest = message.strip_prefix(before);
                    rest.is_some_and(|rest| rest.ends_with(after))
                })
        }
        _ => false,
    }
}

const REQUIRED: [&str; 2] = ["handleref: ", " needs a changeset; see `in_changeset`"];

/// What the triggers of a table say that requires a changeset: the text that is
/// installed, whatever the function is called. MySQL cuts a message after 128
/// characters.
pub(crate) fn changeset_required(table: &str) -> String {
    let [before, after] = REQUIRED;
    format!("{before}{table}{after}")
}

fn table_that_requires_a_changeset(message: &str) -> Option<String> {
    let [before, after] = REQUIRED;
    let table = message.strip_prefix(before)?.strip_suffix(after)?;
    Some(table.to_owned())
}

/// The generated column that a message is about, in the words of SQLite,
/// PostgreSQL, and MySQL and MariaDB.
fn generated_column(message: &str) -> Option<String> {
    let found = if let Some(rest) = message.strip_prefix("cannot UPDATE generated column ") {
        rest.trim_matches('"')
    } else if let Some(rest) = message.strip_suffix("\" can only be updated to DEFAULT") {
        rest.strip_prefix("column \"")?
    } else {
        let rest = message.strip_prefix("The value specified for generated column '")?;
        rest.split_once("' in table ")?.0
    };
    Some(found.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_not_waited_for_is_a_conflict_in_any_language() {
        let conflicts = |message: &str| {
            let conflicts = Box::new(message.to_owned());
            is_conflict(&diesel::result::Error::DatabaseError(
                DatabaseErrorKind::Unknown,
                conflicts,
            ))
        };
        for message in [
            "could not obtain lock on row in relation \"papers\"",
            "konnte Sperre für Zeile in Relation »papers« nicht setzen",
            "リレーション\"papers\"の行ロックを取得できませんでした",
            "\"papers\" 릴레이션의 잠금 정보를 구할 수 없음",
            "无法获取关系 \"app.papers\" 上的锁",
        ] {
            assert!(conflicts(message), "{message}");
        }
        for message in [
            "",
            "\"",
            "リレーション\"papers\"は存在しません",
            "\"papers\" 릴레이션(relation)이 없습니다",
        ] {
            assert!(!conflicts(message), "{message}");
        }
    }

    #[test]
    fn nothing_is_lost_on_the_way_through_diesel() {
        let stale = || Error::Stale {
            model: "Article",
            key: "7".into(),
            expected: 1,
            found: 2,
        };
        let back = Error::from(diesel::result::Error::from(stale()));
        assert!(
            matches!(
                back,
                Error::Stale {
                    model: "Article",
                    expected: 1,
                    found: 2,
                    ..
                }
            ),
            "{back:?}"
        );
        assert_eq!(back.to_string(), stale().to_string());
        let plain = Error::from(diesel::result::Error::NotFound);
        assert!(matches!(
            diesel::result::Error::from(plain),
            diesel::result::Error::NotFound
        ));
    }
}
