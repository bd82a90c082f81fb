//! Record tables: what is to be recorded of a table, as the engines' triggers
//! need it, and what is there of it.

use super::dialect::{Dialect, Wanted};
use super::home;
use super::live::{Live, LiveTrigger};
use super::names::{fnv1a, shortened};
use crate::context::{CHANGESET_HERE, Switch, handed};
use crate::engine::Kind;
use crate::facts;
use crate::facts::{Capture, Property, RecordedColumn, Recording};
use crate::model::{Living, Roles};
use crate::schema::live::Texts;
use crate::sql::{Raw, held_sql, next_sql};
use support::Support;

pub(super) mod access;
mod compare;
mod declared;
mod indexes;
pub(super) mod mysql;
mod numbers;
pub(super) mod postgres;
pub(super) mod read;
mod registry;
pub(super) mod sqlite;
pub(super) mod support;
mod table;
mod types;

/// What there is of a recording.
#[derive(Debug, Clone, Default)]
pub(super) struct Recorded {
    /// The record table.
    pub(super) table: Live,
    /// The relatives' tables, in the order of [`Recording::relatives`].
    pub(super) relatives: Vec<Live>,
    /// Whether the rows that were there before have records, if the record
    /// table is listed in `handleref_recordings`.
    pub(super) backfilled: Option<bool>,
    /// What is written down of the model there.
    pub(super) described: Option<String>,
    /// Rows that were changed before they had a baseline, if it is not backfilled.
    pub(super) lost: i64,
    /// Whether there are rows.
    pub(super) filled: bool,
    /// The triggers on relatives, former ones included, with their tables.
    pub(super) on_relatives: Vec<(String, LiveTrigger)>,
    /// What else the dialect asked for; see [`Dialect::record_facts`].
    pub(super) facts: Vec<Texts>,
}

/// A recorded table, as it is once the plan is applied.
pub(super) struct RecordTarget<'a> {
    pub(super) dialect: &'a dyn Dialect,
    pub(super) wanted: &'a Wanted,
    pub(super) recording: Recording,
    /// The table as it is now.
    pub(super) live: &'a Live,
    pub(super) recorded: &'a Recorded,
    pub(super) support: &'a Support,
    /// All columns that the table will have, without the generated ones; names
    /// and types in lower case. What the guard compares.
    pub(super) row: &'a [(String, String)],
    /// The sets of columns that will be unique then.
    pub(super) unique: Vec<Vec<String>>,
    /// The model's columns, in order.
    pub(super) columns: Vec<RecordColumn>,
    /// Whether rows may be without a record, so that the first change of a row
    /// has to write its baseline.
    pub(super) lazy: bool,
    /// Whether rows are guarded: a change by a writer that does not raise the
    /// version raises it.
    pub(super) guard: bool,
}

/// A column of the model.
#[derive(Debug, Clone)]
pub(super) struct RecordColumn {
    pub(super) facts: RecordedColumn,
    /// The type in the record table, ready for DDL, without `NULL`.
    pub(super) sql_type: String,
    /// The type in the table, in lower case.
    pub(super) row_type: String,
}

impl RecordColumn {
    pub(super) fn name(&self) -> &'static str {
        self.facts.name
    }

    /// Whether its value is recorded.
    pub(super) fn is_value(&self) -> bool {
        self.facts.capture == Capture::Value
    }

    /// What a record holds, if `value` is the SQL of the column's value.
    pub(super) fn captured(&self, kind: Kind, value: String) -> String {
        match self.facts.capture {
            Capture::Value => {
                let value = self.facts.as_recorded(kind, Raw::of_plan(value));
                value.into_string()
            }
            Capture::Skipped(None) | Capture::Redacted(None) => "NULL".into(),
            Capture::Skipped(Some(sql)) | Capture::Redacted(Some(sql)) => format!("({sql})"),
        }
    }
}

impl<'a> RecordTarget<'a> {
    pub(super) fn roles(&self) -> Roles {
        self.wanted.roles
    }

    /// The version column; only then is the record's version the row's.
    pub(super) fn version(&self) -> Option<&'static str> {
        self.wanted.roles.version.map(|(name, _)| name)
    }

    /// The version of a row after `version`, which is SQL.
    pub(super) fn next_version(&self, version: &str) -> String {
        let bits = self.roles().version.map_or(64, |(_, bits)| bits);
        let version = Raw::of_plan(version.to_owned());
        next_sql(self.dialect.kind(), version, bits, &self.wanted.table.table).into_string()
    }

    /// `version`, which is SQL, if the column of the version holds it.
    pub(super) fn held_version(&self, version: &str) -> String {
        let bits = self.roles().version.map_or(64, |(_, bits)| bits);
        let version = Raw::of_plan(version.to_owned());
        held_sql(self.dialect.kind(), version, bits, &self.wanted.table.table).into_string()
    }

    /// The columns whose change means that a record is written: values and
    /// redacted ones, without the version and `updated_at`.
    pub(super) fn telling(&self) -> impl Iterator<Item = &RecordColumn> {
        self.columns.iter().filter(|column| {
            !matches!(column.facts.capture, Capture::Skipped(_)) && !self.is_managed(column.name())
        })
    }

    /// Whether this is the version or `updated_at`.
    pub(super) fn is_managed(&self, name: &str) -> bool {
        let updated_at = self.roles().updated_at.map(|(name, _)| name);
        self.version() == Some(name) || updated_at == Some(name)
    }

    /// The columns that are left out of the records.
    pub(super) fn skipped(&self) -> impl Iterator<Item = &RecordColumn> {
        let skipped = |column: &&RecordColumn| matches!(column.facts.capture, Capture::Skipped(_));
        self.columns.iter().filter(skipped)
    }

    /// The columns of which only the change is recorded.
    pub(super) fn redacted(&self) -> impl Iterator<Item = &RecordColumn> {
        let redacted =
            |column: &&RecordColumn| matches!(column.facts.capture, Capture::Redacted(_));
        self.columns.iter().filter(redacted)
    }

    /// The properties that the database computes.
    pub(super) fn computed(&self) -> impl Iterator<Item = (&'static Property, &'static str)> {
        let properties = self.recording.properties.iter();
        properties.filter_map(|property| Some((property, property.sql?)))
    }

    /// The labels of an enum of PostgreSQL.
    fn labels(&self, name: &str) -> Option<Vec<&'a str>> {
        let facts = self.recorded.facts.iter();
        let labels: Vec<&str> = facts
            .filter_map(|(found, kind, label, _)| {
                let same = found.as_deref()?.eq_ignore_ascii_case(name);
                (same && kind.as_deref() == Some(postgres::LABEL)).then_some(label.as_deref()?)
            })
            .collect();
        (!labels.is_empty()).then_some(labels)
    }

    /// What says that a row lives, for `soft_delete` and `restore`.
    pub(super) fn living(&self) -> Option<Living<'static>> {
        self.roles().living()
    }

    /// The quoted name of something in the schema of the table, for DDL.
    pub(super) fn sibling(&self, name: &str) -> String {
        self.dialect.qualified(self.live.schema.as_deref(), name)
    }

    /// The quoted name of something in the schema of the table, for the inside
    /// of a trigger, where the search path is anyone's.
    pub(super) fn inside(&self, name: &str) -> String {
        match self.dialect.kind() {
            Kind::Postgres => format!("{}.{}", self.home(), self.dialect.quote(name)),
            // A trigger of these is at home in the schema of its table.
            Kind::Sqlite | Kind::Mysql => self.dialect.qualified(None, name),
        }
    }

    /// The quoted schema of the table on PostgreSQL; where it is the default
    /// one, [what stands for it](home::HOME).
    pub(super) fn home(&self) -> String {
        match self.live.schema {
            None => home::HOME.to_owned(),
            Some(_) => self.dialect.quote(&self.live.detail),
        }
    }

    /// One of our own tables by its number, on PostgreSQL.
    pub(super) fn regclass(&self, name: &str) -> String {
        let schema = match self.live.schema {
            None => home::HOME_IN_TEXT.to_owned(),
            Some(_) => self.dialect.quote(&self.live.detail),
        };
        let name = self.dialect.text(&format!("{schema}.{name}"));
        format!("{name}::pg_catalog.regclass")
    }

    /// The number of the table of changesets as text, on PostgreSQL: what
    /// settings are named by.
    pub(super) fn list(&self) -> String {
        let table = self.regclass(support::CHANGESETS);
        format!("{table}::pg_catalog.oid::pg_catalog.text")
    }

    /// The quoted name of one of our own tables or functions, for the inside of
    /// a trigger.
    pub(super) fn inside_support(&self, name: &str) -> String {
        let schema = match self.dialect.kind() {
            Kind::Sqlite => None,
            Kind::Postgres => return self.inside(name),
            Kind::Mysql if self.live.schema.is_none() => None,
            Kind::Mysql => Some(self.support.schema.as_str()),
        };
        self.dialect.qualified(schema, name)
    }

    /// The changeset of a record that is written now: what the connection says,
    /// and with an owner what one of the owner's functions has noted of it.
    pub(super) fn changeset(&self) -> String {
        let owned = self.support.is_owned();
        let switches = self.inside_support(support::SWITCHES);
        match self.dialect.kind() {
            Kind::Sqlite => format!("(SELECT changeset FROM {})", support::CONTEXT),
            Kind::Postgres => {
                let setting = Switch::Changeset.setting(Raw::of_plan(self.list()));
                let setting = format!("pg_catalog.current_setting({setting}, true)");
                let number = match owned {
                    false => format!("{setting}::bigint"),
                    true => format!(
                        "(SELECT s.value FROM {switches} AS s WHERE {})",
                        self.noted("'changeset'")
                    ),
                };
                format!("(SELECT CASE WHEN {setting} OPERATOR(pg_catalog.<>) '' THEN {number} END)")
            }
            Kind::Mysql if owned => {
                let noted = noted_by_mysql(&switches, Switch::Changeset);
                format!("IF({CHANGESET_HERE} IS NULL, NULL, {noted})")
            }
            Kind::Mysql => CHANGESET_HERE.into(),
        }
    }

    /// The condition on a row `s` of `handleref_switches` that it is of this
    /// transaction, on PostgreSQL; `switch` is SQL.
    pub(super) fn noted(&self, switch: &str) -> String {
        format!(
            "s.transaction_id OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id_if_assigned() \
             AND s.switch OPERATOR(pg_catalog.=) {switch}"
        )
    }

    /// The changeset of a record of a change of the row itself: a model may
    /// require that there is one, which is open.
    pub(super) fn changeset_of_change(&self) -> String {
        let changeset = self.changeset();
        if !self.recording.requires_changeset {
            return changeset;
        }
        let message = crate::error::changeset_required(&self.wanted.table.table);
        let message = match self.dialect.kind() {
            // What is shown of a trigger has to make it again.
            Kind::Mysql => super::mysql::stored_literal(&message),
            Kind::Sqlite | Kind::Postgres => self.dialect.text(&message),
        };
        let refuse = self.inside_support(support::REFUSE);
        let changesets = self.inside_support(support::CHANGESETS);
        // One that is seen and has no end is of this transaction.
        let open = match self.dialect.kind() {
            Kind::Postgres => format!(
                "(SELECT c.id FROM {changesets} AS c WHERE c.id OPERATOR(pg_catalog.=) {changeset} AND c.last_record IS NULL)"
            ),
            Kind::Sqlite | Kind::Mysql => {
                format!(
                    "(SELECT c.id FROM {changesets} AS c WHERE c.id = {changeset} AND c.last_record IS NULL)"
                )
            }
        };
        match self.dialect.kind() {
            Kind::Sqlite => format!("coalesce({open}, RAISE(ABORT, {message}))"),
            // The function gives nothing: it fails.
            Kind::Postgres => format!("coalesce({open}, {refuse}({message})::int)"),
            Kind::Mysql => format!("IFNULL({open}, {refuse}({message}))"),
        }
    }

    /// The record table as `handleref_recordings` lists it.
    pub(super) fn listed(&self) -> String {
        self.wanted.sibling(self.recording.records).shown()
    }

    /// The name of one of our triggers: `kind` is `insert` and the like, and
    /// `table` the one that it is on.
    pub(super) fn trigger_name(&self, kind: &str, table: &str) -> String {
        trigger_name(self.dialect, kind, table)
    }

    /// The name of a trigger on a relative.
    pub(super) fn relative_trigger_name(&self, kind: &str, relative: &str) -> String {
        let prefix = relative_prefix(self.recording.records);
        shortened(self.dialect, format!("{prefix}{kind}_{relative}"))
    }

    /// All columns of the record table that a trigger fills, unquoted:
    /// bookkeeping, the model's columns, properties.
    pub(super) fn record_columns(&self) -> Vec<&'static str> {
        use crate::facts as f;
        let redacted = self.recording.redacts().then_some(f::RECORD_REDACTED);
        let bookkeeping = [
            f::RECORD_ID,
            f::RECORD_VERSION,
            f::RECORD_OPERATION,
            f::RECORDED_AT,
            f::RECORD_CHANGESET,
        ];
        bookkeeping
            .into_iter()
            .chain(redacted)
            .chain(self.columns.iter().map(RecordColumn::name))
            .chain(self.recording.properties.iter().map(|it| it.name))
            .chain(self.has_life_column().then_some(f::RECORD_LIFE))
            .collect()
    }

    /// The columns of the table and of the record table, as they are and as they will be.
    pub(super) fn column_names(&self) -> impl Iterator<Item = &str> {
        let lives = [self.live, &self.recorded.table].into_iter();
        let lives = lives.flat_map(|live| live.columns.iter().map(|it| it.name.as_str()));
        lives
            .chain(self.record_columns())
            .chain(self.row.iter().map(|it| it.0.as_str()))
    }

    /// Whether a table is the model's, the record table, or one of the relatives.
    pub(super) fn live_of(&self, table: Option<&str>) -> &'a Live {
        let Some(table) = table else { return self.live };
        if table == self.recording.records {
            return &self.recorded.table;
        }
        let at = self
            .recording
            .relatives
            .iter()
            .position(|it| it.table == table);
        at.and_then(|at| self.recorded.relatives.get(at))
            .unwrap_or(self.live)
    }
}

/// What a row of `handleref_switches` says of a switch of MySQL; null if there
/// is none. The session's variable has to be the number in the row.
pub(super) fn noted_by_mysql(switches: &str, switch: Switch) -> String {
    let (name, token) = match switch {
        Switch::Changeset => ("changeset", "changeset_token"),
        Switch::Paused => ("paused", "paused"),
        Switch::Door => ("door", "door"),
    };
    format!(
        "(SELECT s.value FROM {switches} s WHERE s.connection = CONNECTION_ID() AND s.switch = '{name}' AND s.token = @handleref_{token})"
    )
}

/// See [`RecordTarget::trigger_name`].
pub(super) fn trigger_name(dialect: &dyn Dialect, kind: &str, table: &str) -> String {
    shortened(dialect, format!("handleref_{kind}_{table}"))
}

/// How the names of the triggers on relatives begin: several recordings may
/// have the same relative.
pub(super) fn relative_prefix(records: &str) -> String {
    format!("handleref_relative_{:08x}_", fnv1a(records))
}

impl RecordTarget<'_> {
    /// The value of a property that Rust computes, as the connection gives it
    /// to the triggers; null if it gives none.
    pub(super) fn handed(&self, property: &facts::Property) -> String {
        handed::value_sql(
            self.dialect.kind(),
            self.recording.records,
            property.name,
            property.sql_type.on(self.dialect.kind()),
        )
        .into_string()
    }
}
