//! The classes, texts and sources of all errors.

use super::Error;
use crate::changeset::{ObjectRef, UndoConflict};
use crate::handle::HandleError;
use crate::history::{ChangesetNo, CleanError, ZeroLength};
use crate::maintain::Unerasable;
use crate::revert::Conflict;
use crate::schema::{Problem, ProblemKind};
use crate::sync::InvalidCursor;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use std::error::Error as StdError;

/// The name of a variant, and the names of all: a new one does not compile here
/// before it is listed, and fails the test before it has a sample.
macro_rules! variants {
    ($($(#[$when:meta])? $variant:ident),* $(,)?) => {
        fn name(error: &Error) -> &'static str {
            match error {
                $($(#[$when])? Error::$variant { .. } => stringify!($variant),)*
            }
        }
        const VARIANTS: &[&str] = &[$($(#[$when])? stringify!($variant)),*];
    };
}

variants![
    Stale,
    Gone,
    Conflict,
    RolledBack,
    Deleted,
    NoVersion,
    NoField,
    NoModel,
    NoVerb,
    Revert,
    Held,
    CannotErase,
    NotInstalled,
    Denied,
    Undo,
    PlanOutdated,
    NotListed,
    WrongObject,
    NoChangeset,
    Repeated,
    ChangesetRequired,
    NotStorable,
    Foreign,
    InvalidCursor,
    WrongModels,
    TooOld,
    NotInFeed,
    Copied,
    Standby,
    ParentDeleted,
    Interfered,
    TooDeep,
    NotRead,
    ManyRows,
    NotOneSelect,
    ManagedColumn,
    GeneratedColumn,
    VersionsEnd,
    Stamp,
    Schema,
    Mirror,
    Hook,
    OutsideWindow,
    #[cfg(feature = "redis")]
    Redis,
    Database,
];

const MODEL: &str = "Article";

fn samples() -> Vec<Error> {
    let model = MODEL;
    let key = || "7".to_owned();
    let cause = || {
        let texts = Box::new("database is locked".to_owned());
        DieselError::DatabaseError(DatabaseErrorKind::Unknown, texts)
    };
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let problem = |kind| Problem {
        model: MODEL.into(),
        table: "articles".into(),
        column: Some("version".into()),
        kind,
    };
    let object = ObjectRef {
        model: MODEL.into(),
        key: key(),
    };
    vec![
        Error::Stale {
            model,
            key: key(),
            expected: 1,
            found: 2,
        },
        Error::Gone { model, key: key() },
        Error::Conflict {
            lost: false,
            cause: cause(),
        },
        Error::Conflict {
            lost: true,
            cause: cause(),
        },
        Error::RolledBack { cause: cause() },
        Error::Deleted { model, key: key() },
        Error::NoVersion {
            model,
            key: key(),
            version: 3,
        },
        Error::NoField {
            model,
            field: "title".into(),
        },
        Error::NoModel {
            name: "Pots".into(),
        },
        Error::NoVerb { model },
        Error::Revert {
            model,
            key: key(),
            conflicts: vec![Conflict::Gone, Conflict::KeyTaken],
        },
        Error::Held {
            model,
            key: key(),
            reason: "a lawsuit".into(),
        },
        Error::CannotErase {
            model,
            columns: names(&["title", "body"]),
            reason: Unerasable::NeedsValue,
        },
        Error::NotInstalled {
            model,
            records: "article_records",
        },
        Error::Denied {
            right: "USAGE on the schema `app`".into(),
        },
        Error::Undo {
            no: ChangesetNo(5),
            conflicts: vec![UndoConflict {
                object,
                conflict: Conflict::Gone,
            }],
        },
        Error::PlanOutdated { no: ChangesetNo(5) },
        Error::NotListed {
            no: ChangesetNo(5),
            tables: names(&["topic_records", "user_records"]),
        },
        Error::WrongObject {
            object: "Topic 9".into(),
            model,
        },
        Error::NoChangeset { no: ChangesetNo(5) },
        Error::Repeated {
            changeset: ChangesetNo(5),
        },
        Error::ChangesetRequired {
            table: "articles".into(),
        },
        Error::NotStorable {
            what: "comment of a changeset",
            reason: "there is a NUL in it",
        },
        Error::Foreign,
        Error::InvalidCursor,
        Error::WrongModels {
            cursor: names(&["Article", "Topic"]),
            asked: names(&["Article"]),
        },
        Error::TooOld { model },
        Error::NotInFeed {
            model: "Topic".into(),
        },
        Error::Copied,
        Error::Standby,
        Error::ParentDeleted {
            model,
            parent: "Topic",
            parent_key: "9".into(),
        },
        Error::Interfered { model },
        Error::TooDeep { model, levels: 16 },
        Error::NotRead {
            models: vec!["Article", "Topic"],
        },
        Error::ManyRows { model: "Article" },
        Error::NotOneSelect {
            reason: "it is two",
        },
        Error::ManagedColumn {
            model,
            column: "version",
        },
        Error::GeneratedColumn {
            column: "slug".into(),
        },
        Error::VersionsEnd { of: None },
        Error::VersionsEnd {
            of: Some("articles".into()),
        },
        Error::Stamp { model },
        Error::Schema(vec![
            problem(ProblemKind::MissingColumn),
            problem(ProblemKind::MissingDefault),
        ]),
        Error::Mirror {
            what: "Article 7".into(),
            reason: "it has no key".into(),
        },
        Error::Hook("published articles stay".into()),
        Error::OutsideWindow {
            reason: "nothing was moved there yet",
        },
        #[cfg(feature = "redis")]
        Error::Redis((::redis::ErrorKind::Io, "connection refused").into()),
        Error::Database(DieselError::NotFound),
    ]
}

/// An error, and after an arrow what it has as its source.
fn described(name: &str, error: &dyn StdError) -> String {
    match error.source() {
        Some(source) => format!("{name}: {error} <- {source}"),
        None => format!("{name}: {error}"),
    }
}

#[track_caller]
fn assert_texts(texts: &[String], expected: &str) {
    let (texts, expected) = (texts.join("\n"), expected.trim());
    for (texts, expected) in texts.lines().zip(expected.lines()) {
        assert_eq!(texts, expected);
    }
    assert_eq!(texts.lines().count(), expected.lines().count(), "{texts}");
}

#[test]
fn every_error_has_its_class_its_text_and_its_source() {
    let samples = samples();
    for variant in VARIANTS {
        assert!(samples.iter().any(|one| name(one) == *variant), "{variant}");
    }
    let named = |one: &Error| format!("{} ({:?})", name(one), one.class());
    let texts: Vec<_> = samples
        .iter()
        .map(|one| described(&named(one), one))
        .collect();
    let redis = cfg!(feature = "redis");
    let expected = ERRORS
        .lines()
        .filter(|line| redis || !line.starts_with("Redis "));
    assert_texts(&texts, &expected.collect::<Vec<_>>().join("\n"));
}

#[test]
fn so_have_the_errors_of_single_places() {
    let clean = |text: Option<&str>| CleanError {
        model: MODEL,
        field: "price",
        text: text.map(str::to_owned),
        message: "it is no number".into(),
    };
    let all: &[(&str, &dyn StdError)] = &[
        ("Unsaved", &HandleError::Unsaved { tag: "art" }),
        (
            "Negative",
            &HandleError::Negative {
                tag: "art",
                key: "-7".into(),
            },
        ),
        ("Malformed", &HandleError::Malformed("7\"art".into())),
        ("TooLarge", &HandleError::TooLarge("art99".into())),
        (
            "Tag",
            &HandleError::Tag {
                expected: "art",
                found: "top".into(),
            },
        ),
        ("CleanError", &clean(Some("1e\"400"))),
        ("CleanError", &clean(None)),
        ("InvalidCursor", &InvalidCursor),
        ("ZeroLength", &ZeroLength),
    ];
    let texts: Vec<_> = all
        .iter()
        .map(|(name, one)| described(name, *one))
        .collect();
    assert_texts(&texts, OTHERS);

    #[cfg(feature = "axum")]
    assert_eq!(
        crate::changeset::MissingChangesetLayer.to_string(),
        "the handler takes a `ChangesetMeta`, but there is no `ChangesetLayer` around its route: add \
         `.layer(ChangesetLayer::new())`, or take an `Option<ChangesetMeta>`"
    );
}

const ERRORS: &str = "
Stale (Reload): Article 7 was changed by someone else: this instance holds version 1, the database version 2; reload it and apply the change again
Gone (NotFound): Article 7 does not exist (any more)
Conflict (Retry): another transaction was in the way; repeat this one from its beginning: database is locked <- database is locked
Conflict (Retry): the database has rolled back the whole transaction; repeat it from its beginning: database is locked <- database is locked
RolledBack (Database): the database has ended the whole transaction: database is locked <- database is locked
Deleted (Refused): Article 7 is soft-deleted; restore it before writing to it
NoVersion (NotFound): the history of Article 7 has no version 3: it never was, was not recorded, or was pruned
NoField (Invalid): Article has no field `title` whose values are in its history
NoModel (Invalid): the registry has no model `Pots` that this engine can read: list it in `schema!`, and derive `Recorded`, `Queryable` and `Selectable`; its fields must be `Serialize`
NoVerb (Invalid): rows of Article cannot be soft-deleted or restored on this type of connection
Revert (Refused): Article 7 cannot be reverted:
  it does not exist any more
  another row has its key by now
Held (Refused): the records of Article 7 are held: a lawsuit; release the hold first
CannotErase (Invalid): `title`, `body` of Article cannot be null: say what comes in its place, by `column_with(users::name, \"'erased'\")` or `named_with(\"name\", \"'erased'\")`
NotInstalled (Setup): the history `article_records` of Article is not installed; see `handleref::schema!`
Denied (Setup): the database user has not the right USAGE on the schema `app`: grant it; docs/grants.md says what each use needs
Undo (Refused): changeset 5 cannot be undone:
  Article 7: it does not exist any more
PlanOutdated (Reload): rows were changed since the undo of changeset 5 was planned; make the plan again
NotListed (Invalid): changeset 5, or its undo, changes models that are not listed: list those with the record tables `topic_records`, `user_records` too
WrongObject (Invalid): Topic 9 is no reference to a Article
NoChangeset (NotFound): there is no changeset 5
Repeated (Refused): changeset 5 has this key: what it stands for was done already, and nothing was written now
ChangesetRequired (Invalid): articles needs a changeset; see `in_changeset`
NotStorable (Invalid): the comment of a changeset cannot be stored: there is a NUL in it
Foreign (Resync): the cursor is of another database, or it has read changes that this one does not have (a restored backup, an old snapshot): copy the rows again, or start at `Cursor::beginning()`
InvalidCursor (Invalid): this is no cursor of handleref, or only a part of one; without one, start at `Cursor::beginning()`
WrongModels (Invalid): the cursor is for Article, Topic, and not for Article: ask for the same models, or start a cursor of its own
TooOld (Resync): records of Article after the cursor were pruned: copy the rows again, or start at `Cursor::beginning()` with what is left
NotInFeed (Invalid): Topic is not among the models of the feed's store: name it where the store is made, as in `feed::Database::<(.., Topic)>::new()`
Copied (Setup): this database is a copy of another one, whose records it has: run `install` of its schema once, which makes it one of its own
Standby (Setup): a standby of PostgreSQL does not say which transactions are going on: read changes from the primary
ParentDeleted (Refused): Article cannot be restored while its Topic 9 is soft-deleted; restore the parent first, or restore upward with `.with_parents()`
Interfered (Refused): a hook or a trigger changed a Article that was just being soft-deleted or restored, so that it no longer belongs to the change: everything was rolled back
TooDeep (Refused): the parents of Article go on above 16 tables, which one restore cannot climb: restore the topmost ones first
NotRead (Invalid): the query reads no table of Article, Topic: name the models of the tables that it reads, as in `.as_of::<(Article, Topic)>(..)`
ManyRows (Invalid): an expected version is that of one Article: give `handleref::update` the row by its whole key, `find(key)` or `&row`
NotOneSelect (Invalid): the query cannot be asked as of a moment: it is two
ManagedColumn (Invalid): `version` of Article is managed by handleref and cannot be set by hand; leave it out, in a derived changeset with `#[diesel(skip_update)]`
GeneratedColumn (Invalid): the database computes the column `slug` and takes no value for it: mark the field with `#[handleref(generated)]`, in a derived changeset with `#[diesel(skip_update)]`
VersionsEnd (Setup): a row has the greatest version that its column holds: give the column and the field a wider integer (BIGINT and `i64`), or the row a lower version
VersionsEnd (Setup): a row of articles has the greatest version that its column holds: give the column and the field a wider integer (BIGINT and `i64`), or the row a lower version
Stamp (Setup): no free deletion timestamp for Article: `deleted_at` (or `updated_at`, with a status) must hold microseconds (DATETIME(6) on MySQL and MariaDB)
Schema (Setup): the schema needs a decision:
Article: table `articles`, column `version`: the column is missing
Article: table `articles`, column `version`: the column has no default
Mirror (Refused): Article 7 cannot be mirrored: it has no key
Hook (Refused): a lifecycle hook refused: published articles stay <- published articles stay
OutsideWindow (Fallback): Redis does not have what was asked for: nothing was moved there yet; ask the database with the same cursor, for instance through `Redis::or_database`
Redis (Fallback): Redis: connection refused - Io <- connection refused - Io
Database (Database): Record not found <- Record not found
";

const OTHERS: &str = r#"
Unsaved: this `art` has no handle yet: its key is unset; insert the row first
Negative: a handle cannot name the `art` with the negative key -7
Malformed: "7\"art" is not a handle; a handle is letters, then the key, such as `org1` or `org-1`
TooLarge: the number in the handle "art99" does not fit the key
Tag: the handle names a `top`, but a `art` was asked for
CleanError: "1e\"400" is no value of `price` of Article: it is no number
CleanError: null is no value of `price` of Article: it is no number
InvalidCursor: this is no cursor of handleref, or only a part of one; without one, start at `Cursor::beginning()`
ZeroLength: records cannot be resampled into stretches of no length: `Every` of zero
"#;
