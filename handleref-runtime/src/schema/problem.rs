//! What can be wrong with a table.

use std::fmt;

/// Something about a table that is not as its model needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The model's name; several if they share the table.
    pub model: String,
    /// The table, with its schema if the model names one.
    pub table: String,
    /// The column, if it is about one.
    pub column: Option<String>,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// What is wrong with a table; see [`Problem`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The table does not exist. handleref does not create tables.
    MissingTable,
    /// It is something else, such as a view.
    NotATable {
        /// What it is.
        found: String,
    },
    /// A managed column is missing.
    MissingColumn,
    /// A column is missing whose type handleref does not know: one of the key,
    /// of a unique set, or a status.
    UnknownColumn,
    /// A managed column cannot hold what the model says.
    WrongType {
        /// The types that would do.
        expected: String,
        /// The column's type.
        found: String,
    },
    /// A managed column has no default, so that an insert must name it.
    MissingDefault,
    /// An index is missing.
    MissingIndex {
        /// Its name.
        index: String,
    },
    /// An index of ours was replaced by another one of its name.
    AlteredIndex {
        /// Its name.
        index: String,
    },
    /// An index of ours that no model asks for, and that every write pays for.
    SurplusIndex {
        /// Its name.
        index: String,
    },
    /// Columns that are to be unique among the living are unique among all
    /// rows, so that the value of a soft-deleted row cannot be used again.
    PlainUnique {
        /// The index or constraint.
        index: String,
    },
    /// Unique among the living, but nothing that an index could look at says
    /// which rows live: the status of a deleted row is not given as a text, and there
    /// is no `deleted_at`.
    UniqueNeedsDeletedAt,
    /// MySQL and MariaDB cannot index a column of this type as a whole.
    NotIndexable {
        /// The column's type.
        found: String,
    },
    /// A trigger is missing.
    MissingTrigger {
        /// Its name.
        trigger: String,
    },
    /// A trigger or its function is not the one that the model and the table's
    /// columns ask for.
    AlteredTrigger {
        /// Its name.
        trigger: String,
        /// What tells it from the one that is needed: columns that only one of them names, or
        /// a line of its text.
        why: String,
    },
    /// A trigger is there, but switched off.
    DisabledTrigger {
        /// Its name.
        trigger: String,
    },
    /// A trigger runs with the rights of an account that does not exist or has
    /// lost them, so every write that sets it off fails (MySQL, MariaDB).
    LostDefiner {
        /// The account.
        definer: String,
    },
    /// A trigger of ours that nothing asks for any more.
    ObsoleteTrigger {
        /// Its name.
        trigger: String,
    },
    /// One of the tables or functions that recording needs is missing.
    MissingSupport,
    /// A column of one of our own tables is gone, with its values.
    LostColumn,
    /// A record would be larger than what the engine takes into a row.
    TooLarge {
        /// Its size in bytes, with the longest texts kept apart.
        bytes: u64,
        /// The engine's limit.
        most: u64,
    },
    /// A newer version of the library installed this.
    NewerLibrary {
        /// The layout that is there.
        found: i64,
        /// The last one that this library knows.
        known: i64,
    },
    /// An older version of the library installed this.
    OlderLibrary {
        /// The layout that is there.
        found: i64,
        /// The one that this library makes.
        known: i64,
    },
    /// The database is a copy of another one, whose transactions its records
    /// name (PostgreSQL). It gets an identity of its own, once there are no writers.
    Copied,
    /// What a transaction says to the triggers was committed (SQLite): recording
    /// is paused, or belongs to a changeset that has ended, for every writer.
    StuckSwitch {
        /// Which: `paused`, `door` or `changeset`.
        switch: String,
    },
    /// The numbers of records begin again: a record that is written now would
    /// come before others that are older. The counter was dropped or set back, or
    /// a backup was loaded without it; records that were written since then may
    /// be in the wrong order.
    NumbersBegunAgain {
        /// The number that the next record would have.
        next: i64,
        /// The greatest number that is stored.
        stored: i64,
    },
    /// The record table is missing.
    MissingRecordTable,
    /// Rows were changed before they had a baseline, by triggers that wrote none:
    /// what they were is lost. A backfill makes the recording begin after that.
    LostBeginnings {
        /// How many.
        rows: i64,
    },
    /// The record table is there, but `handleref_recordings` does not list it.
    Unlisted,
    /// Something of the record table's name is there, and no record table.
    NotARecordTable {
        /// What it is.
        found: String,
    },
    /// A column of the record table still has its former name.
    RenamedColumn {
        /// The former name.
        from: String,
    },
    /// A column of the record table has a narrower type than the table's.
    WidenedColumn {
        /// The type that it has.
        from: String,
        /// The type that it gets.
        to: String,
    },
    /// The old records hold values of a type that the column no longer has.
    OldRecords {
        /// The type of the old records.
        from: String,
        /// The column's type now.
        to: String,
        /// What `#[recorded(sql_type = "..")]` may say so that both fit.
        keep: Option<String>,
    },
    /// `#[recorded(sql_type = "..")]` declares a type that cannot hold every
    /// value of the column, or that Diesel does not read as the column's.
    WrongDeclaration {
        /// The type that is declared.
        declared: String,
        /// The column's type.
        found: String,
    },
    /// A column of the model has the name of a bookkeeping column of records.
    ReservedColumn,
    /// Two models of one table are recorded, each in another way; or into one
    /// record table.
    RecordedTwice,
    /// A recorded model needs a primary key, all of it recorded.
    UnrecordedKey,
    /// A relative's table does not exist.
    UnknownRelative {
        /// The table.
        table: String,
    },
    /// The table is in another schema than the first recorded one of these
    /// models (PostgreSQL). Each schema has record numbers of its own.
    OtherSchema {
        /// Where it is.
        schema: String,
        /// Where the others are.
        others: String,
    },
    /// The database computes the column, and `save` would write it: mark the
    /// field with `#[handleref(generated)]`.
    Generated,
    /// A row has used nine tenths of the versions that the column holds. At the
    /// last one it can be neither changed nor deleted; see
    /// [`Error::VersionsEnd`](crate::error::Error::VersionsEnd).
    FewVersions {
        /// The greatest version of a row.
        found: i64,
        /// The greatest one that the column holds.
        most: i64,
    },
    /// There is no such role or account.
    UnknownRole,
    /// It is not the owner's of the history any more.
    OtherOwner {
        /// Whose it is.
        role: String,
    },
    /// A user besides the owner of the history may change it.
    ExcessRight {
        /// The user; `PUBLIC` is every one.
        role: String,
        /// What the user may do: `INSERT`, `EXECUTE` and the like.
        right: String,
    },
    /// An account may change every table of the database, and so the history,
    /// too (MySQL, MariaDB). It is to have rights on single tables instead. With
    /// `CREATE TEMPORARY TABLES` it can put a table of its own in the place of
    /// one that triggers name.
    WideRight {
        /// The account.
        role: String,
        /// What it may do.
        right: String,
    },
    /// The engine changes rows of the table where no trigger sees it.
    Unseen {
        /// By what.
        by: String,
    },
}

impl Problem {
    /// Whether `install` puts it right. What it does not, it refuses: a person
    /// has to decide. (But for [`FewVersions`](ProblemKind::FewVersions) and
    /// [`Generated`](ProblemKind::Generated), which are not in its way.)
    pub fn is_repairable(&self) -> bool {
        self.kind.is_repairable()
    }
}

impl ProblemKind {
    /// Whether `install` refuses to do anything.
    pub(super) fn stops(&self) -> bool {
        !self.is_repairable() && !matches!(self, Self::FewVersions { .. } | Self::Generated)
    }

    fn is_repairable(&self) -> bool {
        !matches!(
            self,
            Self::MissingTable
                | Self::NotATable { .. }
                | Self::UnknownColumn
                | Self::WrongType { .. }
                | Self::PlainUnique { .. }
                | Self::UniqueNeedsDeletedAt
                | Self::NotIndexable { .. }
                | Self::NotARecordTable { .. }
                | Self::OldRecords { .. }
                | Self::WrongDeclaration { .. }
                | Self::ReservedColumn
                | Self::RecordedTwice
                | Self::UnrecordedKey
                | Self::UnknownRelative { .. }
                | Self::UnknownRole
                | Self::WideRight { .. }
                | Self::OtherSchema { .. }
                | Self::Unseen { .. }
                | Self::LostBeginnings { .. }
                | Self::LostColumn
                | Self::TooLarge { .. }
                | Self::NewerLibrary { .. }
                | Self::FewVersions { .. }
                | Self::Generated
        )
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ProblemKind as K;
        write!(f, "{}: table `{}`", self.model, self.table)?;
        if let Some(column) = &self.column {
            write!(f, ", column `{column}`")?;
        }
        f.write_str(": ")?;
        match &self.kind {
            K::MissingTable => f.write_str("the table does not exist; create it first"),
            K::NotATable { found } => write!(f, "this is a {found}, not a table"),
            K::MissingColumn => f.write_str("the column is missing"),
            K::UnknownColumn => f.write_str(
                "the column is missing; add it yourself, handleref does not know its type",
            ),
            K::WrongType { expected, found } => {
                write!(
                    f,
                    "the column is {found}, but must be {expected}; handleref never changes a column's type"
                )
            }
            K::MissingDefault => f.write_str("the column has no default"),
            K::MissingIndex { index } => write!(f, "the index `{index}` is missing"),
            K::AlteredIndex { index } => {
                write!(f, "the index `{index}` is not as handleref made it")
            }
            K::SurplusIndex { index } => write!(
                f,
                "no model asks for the index `{index}`; `install` drops it, `#[handleref(index)]` on the field keeps it"
            ),
            K::PlainUnique { index } => write!(
                f,
                "`{index}` makes these columns unique among all rows, so the value of a soft-deleted row \
                 cannot be used again; drop it, and handleref adds one for the living"
            ),
            K::UniqueNeedsDeletedAt => f.write_str(
                "`unique` needs to know the deleted rows in SQL, and the status of a deleted row is not given as a text; \
                 add a `deleted_at` column beside the status",
            ),
            K::NotIndexable { found } => {
                write!(
                    f,
                    "a column of type {found} cannot be unique on MySQL and MariaDB; use VARCHAR"
                )
            }
            K::MissingTrigger { trigger } => write!(f, "the trigger `{trigger}` is missing"),
            K::AlteredTrigger { trigger, why } => write!(
                f,
                "the trigger `{trigger}` is not the one that is needed now: {why}"
            ),
            K::DisabledTrigger { trigger } => write!(f, "the trigger `{trigger}` is disabled"),
            K::LostDefiner { definer } => write!(
                f,
                "the trigger runs with the rights of {definer}, which is gone or may not write records any more, \
                 so that every write fails; install again as a user who may"
            ),
            K::ObsoleteTrigger { trigger } => {
                write!(f, "the trigger `{trigger}` is not needed any more")
            }
            K::MissingSupport => f.write_str("recording needs it, and it is missing or altered"),
            K::LostColumn => f.write_str(
                "the column is gone, with its values; restore the table from a backup, or, if that is no loss, \
                 drop the table and install again",
            ),
            K::TooLarge { bytes, most } => write!(
                f,
                "a record would take {bytes} bytes of a row, and the engine allows {most}; \
                 make columns TEXT or BLOB, or leave some out with `#[recorded(skip)]`"
            ),
            K::NewerLibrary { found, known } => write!(
                f,
                "a newer version of handleref installed this (layout {found}, this one knows {known}); \
                 update this program, and leave installing to those that are up to date"
            ),
            K::OlderLibrary { found, known } => write!(
                f,
                "an older version of handleref installed this (layout {found}, this one makes {known}); \
                 install again, and update the programs that still use the older version"
            ),
            K::Copied => f.write_str("the database is a copy that has no identity of its own yet"),
            K::StuckSwitch { switch } => write!(
                f,
                "`{switch}` is set for every writer: a transaction of handleref's was committed by SQL inside it"
            ),
            K::NumbersBegunAgain { next, stored } => write!(
                f,
                "the next record would be number {next}, and there is a number {stored} already: newer \
                  records would come before older ones"
            ),
            K::MissingRecordTable => f.write_str("the record table is missing"),
            K::LostBeginnings { rows } => write!(
                f,
                "{rows} rows were changed or deleted before they had a baseline, and what they were is lost; \
                 run `backfill`, which lets the recording begin after that"
            ),
            K::Unlisted => {
                f.write_str("the record table is not listed in `handleref_recordings` as it is now")
            }
            K::NotARecordTable { found } => write!(
                f,
                "this {found} is no record table of handleref; rename it, or choose another name \
                 with `#[recorded(table_name = \"..\")]`"
            ),
            K::RenamedColumn { from } => write!(f, "the column is still named `{from}`"),
            K::WidenedColumn { from, to } => write!(f, "the column is {from}, but must be {to}"),
            K::OldRecords { from, to, keep } => {
                write!(f, "old records hold {from}, and the column is {to} now; ")?;
                if let Some(keep) = keep {
                    write!(
                        f,
                        "keep both with `#[recorded(sql_type = \"{keep}\")]`, or "
                    )?;
                }
                f.write_str(
                    "give the column a new name, so that the old one stays in the past, or convert the record table yourself",
                )
            }
            K::WrongDeclaration { declared, found } => write!(
                f,
                "`#[recorded(sql_type = \"{declared}\")]` cannot hold, or does not read as, every value of a column of \
                 type {found}; a text of any length holds texts and enums (LONGTEXT on MySQL and MariaDB), other types only \
                 a wider one of their kind, and a key none but its own"
            ),
            K::ReservedColumn => f.write_str(
                "records have a column of this name themselves; give the model's column another one",
            ),
            K::RecordedTwice => f.write_str(
                "only one model of a table can be recorded, and into a record table of its own",
            ),
            K::UnrecordedKey => f.write_str(
                "a recorded model needs a primary key, and all of its columns among those recorded",
            ),
            K::UnknownRelative { table } => {
                write!(f, "the table `{table}` of a relative does not exist")
            }
            K::OtherSchema { schema, others } => write!(
                f,
                "the table was found in the schema `{schema}`, and recorded tables before it in `{others}`: \
                 the recorded models of one `schema!` are in one schema, because each schema has record numbers of its own"
            ),
            K::Generated => f.write_str(
                "the database computes the column, so a `save` of the model fails; mark its field with `#[handleref(generated)]`",
            ),
            K::FewVersions { found, most } => write!(
                f,
                "a row has version {found}, and the column ends at {most}, where the row can be neither changed nor deleted: \
                 give the column and the field a wider integer (BIGINT and `i64`)"
            ),
            K::UnknownRole => f.write_str("there is no role or account of this name; create it first"),
            K::OtherOwner { role } => {
                write!(f, "this is `{role}`'s, and not the owner's of the history")
            }
            K::ExcessRight { role, right } => write!(
                f,
                "`{role}` has {right}, so that it can change the history; only its owner needs that"
            ),
            K::WideRight { role, right } => write!(
                f,
                "`{role}` has {right} on the whole database, so that it can change the history; \
                 grant it rights on the tables of the program instead"
            ),
            K::Unseen { by } => write!(f, "changes would not be recorded: {by}"),
        }
    }
}

/// One problem a line.
pub(crate) fn lines(problems: &[Problem]) -> String {
    let lines: Vec<_> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}
