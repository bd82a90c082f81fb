//! What each engine has to answer, and what a table is asked for.

use super::alter::Alteration;
use super::capture::RecordTarget;
use super::capture::access::Role;
use super::live::{Live, LiveTrigger, Queries};
use super::mysql::stored_literal;
use super::names::{TableName, hex_literal, literal, quoted};
use super::problem::ProblemKind;
use crate::engine::Kind;
use crate::facts::Recording;
use crate::model::{Living, Roles};
use crate::sql::literal::standard;
use crate::sql::{Raw, greatest, raw};
use crate::time::TimeKind;

/// What the models of one table need.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// The models' names.
    pub(super) models: String,
    pub(super) table: TableName,
    pub(super) roles: Roles,
    pub(super) key: Vec<&'static str>,
    pub(super) unique: Vec<&'static [&'static str]>,
    /// Managed columns that have an index of their own.
    pub(super) indexed: Vec<&'static str>,
    /// The columns that `save` writes from an instance.
    pub(super) written: Vec<&'static str>,
    pub(super) guards: bool,
    /// The name of the model that is recorded; of any other, if none is.
    pub(super) recorder: &'static str,
    /// How the table is recorded, if one of its models is.
    pub(super) recording: Option<Recording>,
    /// The recorded model, as it is written down beside its record table.
    pub(super) described: Option<String>,
    /// Whether several models record it, each in a way of its own.
    pub(super) recorded_twice: bool,
    /// What becomes of columns, of any table, in the same plan.
    pub(super) alterations: Vec<Alteration>,
}

impl Wanted {
    /// Whether both record into one table.
    pub(super) fn shares_records(&self, other: &Self) -> bool {
        let table = |it: &Self| it.recording.map(|recording| it.sibling(recording.records));
        table(self).is_some_and(|one| table(other) == Some(one))
    }

    /// Something in the schema that the model names.
    pub(super) fn sibling(&self, name: &str) -> TableName {
        TableName {
            schema: self.table.schema.clone(),
            table: name.to_owned(),
        }
    }
}

/// A table as it is wanted and as it is.
pub(super) struct Target<'a> {
    pub(super) wanted: &'a Wanted,
    pub(super) live: &'a Live,
    /// The columns that every row will have once the plan is applied, without
    /// the generated ones; with their types.
    pub(super) columns: Vec<(String, String)>,
    /// The owner of the history of the table, if there is one.
    pub(super) owner: Option<Role>,
    /// The schema of our own tables, if it is recorded.
    pub(super) home: String,
}

impl Target<'_> {
    /// The table's name, quoted, with its schema if the plan has to say it.
    pub(super) fn table(&self, dialect: &dyn Dialect) -> String {
        self.sibling(dialect, &self.wanted.table.table)
    }

    /// The quoted name of something in the schema of the table.
    pub(super) fn sibling(&self, dialect: &dyn Dialect, name: &str) -> String {
        let name = dialect.quote(name);
        match &self.live.schema {
            Some(schema) => format!("{}.{name}", dialect.quote(schema)),
            None => name,
        }
    }
}

/// A column that is to be added.
pub(super) struct NewColumn<'a> {
    pub(super) name: &'a str,
    pub(super) sql_type: &'static str,
    pub(super) fill: Fill<'a>,
}

/// What the rows get that are there already, and those that are inserted later.
pub(super) enum Fill<'a> {
    /// Null, and no default.
    Null,
    /// One.
    One,
    /// The time of the installation, and later of the insert. With another
    /// timestamp column, the rows that are there take its value.
    Now(TimeKind, Option<(&'a str, TimeKind)>),
}

/// SQL to do something and to undo it.
#[derive(Debug, Clone, Default)]
pub(super) struct Change {
    pub(super) up: Vec<String>,
    pub(super) down: Vec<String>,
}

/// An index that is wanted.
pub(super) struct NewIndex<'a> {
    pub(super) name: String,
    pub(super) columns: Vec<&'a str>,
    pub(super) unique: bool,
    /// `"deleted_at" IS NULL` and the like.
    pub(super) condition: Option<String>,
    /// For a column that only rises: a block range index, where there is one.
    pub(super) rising: bool,
}

/// A trigger.
pub(super) struct Trigger {
    pub(super) name: String,
    /// The table that it is on, if it is not the model's.
    pub(super) on: Option<String>,
    pub(super) create: Vec<String>,
    pub(super) drop: Vec<String>,
    pub(super) state: State,
    /// Whether it is none, but something else that comes and goes like one.
    pub(super) other: bool,
}

/// How a trigger is now.
pub(super) enum State {
    Right,
    Missing,
    /// With the statements that bring back what is there now.
    Altered(Vec<String>),
    /// With the statements that switch it on and off.
    Disabled(String, String),
}

/// How a trigger is replaced while others write, which must not find it missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Swap {
    /// DDL is part of the transaction.
    InTransaction,
    /// The statement that makes it replaces what has its name.
    AtOnce,
    /// It is dropped and made while writers are locked out.
    Locked,
}

/// What differs between the engines.
pub(super) trait Dialect: Sync {
    /// What quotes a name.
    fn quote_mark(&self) -> char;
    /// The longest name, and whether it is counted in bytes.
    fn name_limit(&self) -> (usize, bool);
    /// The questions to the catalogue.
    fn queries(&self, table: &TableName) -> Queries;

    /// The type of a version column that is added.
    fn version_type(&self, bits: u32, live: &Live) -> &'static str;
    /// Whether a version can be stored in a column of this type.
    fn takes_version(&self, bits: u32, sql_type: &str) -> bool;
    /// The type of a timestamp column that is added.
    fn time_type(&self, kind: TimeKind, live: &Live) -> &'static str;
    /// Whether a timestamp can be stored in a column of this type.
    fn takes_time(&self, kind: TimeKind, sql_type: &str) -> bool;
    /// Whether a column of this type can be unique.
    fn takes_unique(&self, _sql_type: &str) -> bool {
        true
    }

    /// Adds columns, and fills them in the rows that are there.
    fn add_columns(&self, target: &Target<'_>, columns: &[NewColumn<'_>]) -> Change;
    /// Gives a column a default, where the engine can do that.
    fn set_default(&self, target: &Target<'_>, column: &str, fill: &Fill<'_>) -> Option<Change>;
    /// The condition of a living row.
    fn lives(&self, living: Living<'_>) -> String {
        let text = |kind, text: &str| match kind {
            Kind::Mysql => Raw::of_plan(stored_literal(text)),
            Kind::Sqlite | Kind::Postgres => standard(text),
        };
        let column = Raw::of_plan(self.quote(living.column()));
        living.sql(self.kind(), column, text).into_string()
    }
    /// The column by which living rows collide, where partial indexes are
    /// unknown; with its definition.
    fn live_column(&self, _living: Living<'_>) -> Option<(&'static str, String)> {
        None
    }
    /// Makes an index, and drops it.
    fn index(&self, target: &Target<'_>, index: &NewIndex<'_>) -> (String, String);
    /// The guard; `None` if nothing in the row could tell.
    fn guard(&self, target: &Target<'_>) -> Option<Trigger>;

    /// What else the triggers of a recorded table depend on: a query whose rows
    /// of four texts become [`facts`](super::capture::Recorded::facts).
    fn record_facts(&self, _wanted: &Wanted, _live: &Live) -> Option<String> {
        None
    }
    /// The triggers that record a table, on it, on its record table and on its
    /// relatives; in the order in which they are to be made.
    fn record_triggers(&self, target: &RecordTarget<'_>) -> Vec<Trigger>;
    /// What keeps a table from being recorded on this engine.
    fn record_problems(&self, _target: &RecordTarget<'_>) -> Vec<ProblemKind> {
        Vec::new()
    }
    /// The ways to change the table that no trigger sees.
    fn uncovered(&self, _target: &RecordTarget<'_>) -> Vec<String> {
        Vec::new()
    }
    /// The type of a column of a recorded table, as its record table is to have
    /// it; from what [`Queries::types`] says.
    fn record_type(&self, _live: &Live, _column: &str, declared: &str) -> String {
        declared.to_owned()
    }
    /// The statements that drop a trigger of ours, and its function.
    fn drop_trigger(&self, on: &Live, table: &str, trigger: &str) -> Vec<String>;
    /// The statement that makes a trigger again as the catalogue shows it, and
    /// its function.
    fn restore_trigger(&self, on: &Live, found: &LiveTrigger) -> Vec<String> {
        let function = on.functions.iter().find(|it| it.name == found.name);
        let function = function.map(|function| function.restore.trim_end().to_owned());
        function
            .into_iter()
            .chain([found.restore.clone()])
            .collect()
    }
    /// What the catalogue knows of our own tables; rows of a name, the schema
    /// that it is in, and the body of a function. The row without a name says
    /// which schema new ones get into.
    fn support_query(&self, schema: Option<&str>, names: &[&str]) -> String;
    /// A query for the triggers whose name begins like this, in the schema of
    /// the table: table, name, statement that restores it.
    fn strays_query(&self, live: &Live, prefix: &str) -> String;

    /// How triggers are replaced.
    fn swap(&self, _live: &Live) -> Swap {
        Swap::InTransaction
    }
    /// Does all of it while no other session uses these tables, which are quoted.
    fn exclusively(&self, _tables: &[String], changes: Vec<Change>) -> Vec<Change> {
        changes
    }
    /// Makes a trigger that its table does not have. Its name may be taken by
    /// one on a former table, from which this one took over.
    fn make(&self, on: &Live, trigger: Trigger) -> Change {
        let taken = trigger.other || on.taken.contains(&trigger.name);
        let drop = trigger
            .drop
            .iter()
            .filter(|_| taken && self.kind() == Kind::Mysql);
        Change {
            up: drop
                .filter(|it| it.contains(" IF EXISTS "))
                .cloned()
                .chain(trigger.create)
                .collect(),
            down: trigger.drop,
        }
    }
    /// Replaces a trigger on a table.
    fn replace(
        &self,
        on: &Live,
        table: &str,
        trigger: Trigger,
        restore: Vec<String>,
    ) -> Vec<Change> {
        let swap = self.swap(on);
        let drop = trigger.drop.iter().filter(|_| swap != Swap::AtOnce);
        let change = Change {
            up: drop.cloned().chain(trigger.create).collect(),
            down: trigger.drop.into_iter().chain(restore).collect(),
        };
        match swap {
            Swap::Locked => self.exclusively(&[table.to_owned()], vec![change]),
            Swap::AtOnce | Swap::InTransaction => vec![change],
        }
    }

    /// A statement that fails with a message if there is a row in `from`; `refuse`
    /// is our function that fails, quoted.
    fn refuse_if(&self, from: &str, refuse: &str, message: &str) -> String {
        let message = self.text(message);
        match self.kind() {
            Kind::Postgres => {
                format!("SELECT {refuse}({message}) WHERE EXISTS (SELECT FROM {from})")
            }
            // Not `DO`, which goes on after an error.
            Kind::Mysql => format!(
                "SET @handleref_refused = IF(EXISTS(SELECT 1 FROM {from}), {refuse}({message}), 0)"
            ),
            // It has no such function; the error of a malformed path shows it. A
            // constant would be computed before the first row is looked for.
            Kind::Sqlite => {
                format!(
                    "SELECT json_extract('{{}}', {message} || substr(record_table, 1, 0)) FROM {from}"
                )
            }
        }
    }

    /// The engine.
    fn kind(&self) -> Kind;

    /// A text as a literal.
    fn text(&self, text: &str) -> String {
        match self.kind() {
            Kind::Mysql => hex_literal(text),
            _ => literal(text),
        }
    }

    /// `schema.name`, quoted.
    fn qualified(&self, schema: Option<&str>, name: &str) -> String {
        match schema {
            Some(schema) => format!("{}.{}", self.quote(schema), self.quote(name)),
            None => self.quote(name),
        }
    }

    /// A quoted name.
    fn quote(&self, name: &str) -> String {
        quoted(name, self.quote_mark())
    }

    /// Quoted names, separated by commas.
    fn quote_all(&self, names: &[&str]) -> String {
        names
            .iter()
            .map(|name| self.quote(name))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// The dialect of an engine.
pub(super) fn dialect(kind: Kind) -> &'static dyn Dialect {
    match kind {
        #[cfg(any(feature = "sqlite", test))]
        Kind::Sqlite => &super::sqlite::Sqlite,
        #[cfg(any(feature = "postgres_backend", test))]
        Kind::Postgres => &super::postgres::Postgres,
        #[cfg(any(feature = "mysql_backend", test))]
        Kind::Mysql => &super::mysql::Mysql,
        // There is no connection of an engine that is not compiled in. Without a
        // mention of its dialect a program links none of its triggers.
        #[cfg(not(any(
            all(
                feature = "sqlite",
                feature = "postgres_backend",
                feature = "mysql_backend"
            ),
            test
        )))]
        _ => any(),
    }
}

/// A dialect that is compiled in; SQLite's if none is.
#[cfg(not(any(
    all(
        feature = "sqlite",
        feature = "postgres_backend",
        feature = "mysql_backend"
    ),
    test
)))]
fn any() -> &'static dyn Dialect {
    #[cfg(all(feature = "postgres_backend", not(feature = "sqlite")))]
    return &super::postgres::Postgres;
    #[cfg(all(
        feature = "mysql_backend",
        not(any(feature = "sqlite", feature = "postgres_backend"))
    ))]
    return &super::mysql::Mysql;
    #[cfg(any(
        feature = "sqlite",
        not(any(feature = "postgres_backend", feature = "mysql_backend"))
    ))]
    return &super::sqlite::Sqlite;
}

/// What sets off the guard: a writer that raises neither the version nor, where
/// there is none, `updated_at`. One that raises it does so on purpose: a verb of
/// ours, or a mirror that copies rows as they are.
pub(super) fn guard_condition(dialect: &dyn Dialect, roles: Roles) -> Option<String> {
    if let Some((version, bits)) = roles.version {
        let version = dialect.quote(version);
        let lower = format!("NEW.{version} <= OLD.{version}");
        // Where a column does not refuse what is too large for it.
        return Some(match dialect.kind() {
            Kind::Sqlite => format!("({lower} OR NEW.{version} > {})", greatest(bits)),
            Kind::Postgres | Kind::Mysql => lower,
        });
    }
    let updated_at = dialect.quote(roles.updated_at?.0);
    // Not simply `<=`, because these may be null.
    Some(format!("(NEW.{updated_at} > OLD.{updated_at}) IS NOT TRUE"))
}

/// The version after which the guard goes on.
pub(super) fn before(kind: Kind, version: &Raw) -> Raw {
    match kind {
        // Neither what was nor what is to be.
        Kind::Sqlite => raw!("max(OLD.{version}, NEW.{version} - 1)", version),
        Kind::Postgres | Kind::Mysql => raw!("OLD.{version}", version),
    }
}

/// What the guard assigns, as pairs of a quoted column and an expression.
pub(super) fn amends(dialect: &dyn Dialect, wanted: &Wanted) -> Vec<(String, String)> {
    let (kind, roles) = (dialect.kind(), wanted.roles);
    let quote = |name: &str| Raw::of_plan(dialect.quote(name));
    let version = roles.next_version(kind, &wanted.table.table, |name| before(kind, &quote(name)));
    let updated_at = roles.later(kind, |name| raw!("OLD.{}", [quote(name)]));
    let shown = |(name, value): (&str, Raw)| (dialect.quote(name), value.into_string());
    version.into_iter().chain(updated_at).map(shown).collect()
}
