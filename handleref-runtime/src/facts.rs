//! What a recorded model says about its record table.

use crate::engine::Kind;
use diesel::Column;
use diesel::sql_types::{SqlType, is_nullable};

/// The name of the column that numbers all records of a database.
pub const RECORD_ID: &str = "record_id";
/// The name of the column that numbers the versions of one row.
pub const RECORD_VERSION: &str = "record_version";
/// The name of the column that says what happened.
pub const RECORD_OPERATION: &str = "record_operation";
/// The name of the column that says when.
pub const RECORDED_AT: &str = "recorded_at";
/// The name of the column that says in which changeset.
pub const RECORD_CHANGESET: &str = "record_changeset";
/// The name of the column that lists redacted columns that changed; only where
/// the model redacts any.
pub const RECORD_REDACTED: &str = "record_redacted";

/// The name of the column that says in which transaction; only on PostgreSQL.
pub const RECORD_XID: &str = "record_xid";
/// The name of the column that numbers records after they are visible; only on
/// MySQL and MariaDB, null until then.
pub const RECORD_STAMP: &str = "record_stamp";
/// The name of the column that says with which version a life of the key
/// began; only on MySQL and MariaDB, and null in all other records.
pub const RECORD_LIFE: &str = "record_life";

/// The channel on which PostgreSQL tells that records were written, of models
/// with `#[recorded(notify)]`.
pub const CHANNEL: &str = "handleref_changes";

/// The columns of a record table that are ours; the first five are in each.
pub(crate) const BOOKKEEPING: [&str; 9] = [
    RECORD_ID,
    RECORD_VERSION,
    RECORD_OPERATION,
    RECORDED_AT,
    RECORD_CHANGESET,
    RECORD_REDACTED,
    RECORD_XID,
    RECORD_STAMP,
    RECORD_LIFE,
];

/// What is recorded of a model, and how; made by `#[derive(Recorded)]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recording {
    /// The record table: the struct's name in snake case and `_records`, or
    /// `#[recorded(table_name = "..")]`. It is in the schema of the table.
    pub records: &'static str,
    /// The struct's columns, in order.
    pub columns: &'static [RecordedColumn],
    /// Values that are computed when a record is written.
    pub properties: &'static [Property],
    /// Tables whose changes may alter a property.
    pub relatives: &'static [Relative],
    /// A condition in SQL; a change after which it is not true is not recorded.
    pub condition: Option<&'static str>,
    /// Whether every change of a row must be made in a changeset.
    pub requires_changeset: bool,
    /// The models that this one refers to.
    pub references: &'static [Reference],
    /// Whether a row does nothing but join rows of two models (many-to-many):
    /// of the two [`references`](Recording::references), the first is the owner.
    pub link: bool,
    /// Whether writing records wakes those that listen; only on PostgreSQL.
    pub notifies: bool,
}

/// Columns that refer to the primary key of another model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Reference {
    /// The columns' SQL names, in the order of the key.
    pub columns: &'static [&'static str],
    /// The name of the other struct.
    pub model: &'static str,
}

/// One column of a recorded model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedColumn {
    /// The column's SQL name, in the table and in the record table.
    pub name: &'static str,
    /// What is kept of it.
    pub capture: Capture,
    /// Its former name, by which the record table may still know it.
    pub renamed_from: Option<&'static str>,
    /// The type in the record table, if it is not the one of the table.
    pub sql_type: Option<&'static str>,
    /// Whether the model can be loaded where the column is null.
    pub nullable: bool,
}

/// What a record keeps of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Capture {
    /// The value.
    Value,
    /// Nothing. Snapshots have null, or this SQL expression.
    Skipped(Option<&'static str>),
    /// Whether it changed. Snapshots have null, or this SQL expression.
    Redacted(Option<&'static str>),
}

/// A value that is computed when a record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Property {
    /// The column of the record table.
    pub name: &'static str,
    /// The column's type.
    pub sql_type: PropertyType,
    /// The SQL expression, over the table by its name and any other table;
    /// `None` if Rust computes the value.
    pub sql: Option<&'static str>,
}

/// The type of a property on each engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PropertyType {
    sqlite: &'static str,
    postgres: &'static str,
    mysql: &'static str,
}

impl PropertyType {
    /// The type's name on an engine.
    pub const fn on(self, engine: Kind) -> &'static str {
        match engine {
            Kind::Sqlite => self.sqlite,
            Kind::Postgres => self.postgres,
            Kind::Mysql => self.mysql,
        }
    }
}

/// A table whose changes may alter a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Relative {
    /// The table's SQL name.
    pub table: &'static str,
    /// The condition in SQL under which a row of it belongs to a row of the
    /// model, both tables by their names.
    pub on: &'static str,
}

impl Recording {
    /// A recording of these columns into this table, with nothing special.
    pub const fn new(records: &'static str, columns: &'static [RecordedColumn]) -> Self {
        Self {
            records,
            columns,
            properties: &[],
            relatives: &[],
            condition: None,
            requires_changeset: false,
            references: &[],
            link: false,
            notifies: false,
        }
    }
    /// With properties.
    pub const fn with_properties(mut self, properties: &'static [Property]) -> Self {
        self.properties = properties;
        self
    }
    /// With relatives.
    pub const fn with_relatives(mut self, relatives: &'static [Relative]) -> Self {
        self.relatives = relatives;
        self
    }
    /// Under a condition.
    pub const fn with_condition(mut self, condition: &'static str) -> Self {
        self.condition = Some(condition);
        self
    }
    /// With changesets only.
    pub const fn with_required_changeset(mut self) -> Self {
        self.requires_changeset = true;
        self
    }
    /// With references.
    pub const fn with_references(mut self, references: &'static [Reference]) -> Self {
        self.references = references;
        self
    }
    /// As a link between two models.
    pub const fn as_link(mut self) -> Self {
        self.link = true;
        self
    }
    /// With a notification of those that listen.
    pub const fn with_notify(mut self) -> Self {
        self.notifies = true;
        self
    }
    /// Whether a column is redacted, so that records say which ones changed.
    pub fn redacts(&self) -> bool {
        self.columns
            .iter()
            .any(|column| matches!(column.capture, Capture::Redacted(_)))
    }
}

impl RecordedColumn {
    /// A column whose value is recorded, and which can be null.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            capture: Capture::Value,
            renamed_from: None,
            sql_type: None,
            nullable: true,
        }
    }
    /// The column `C`, whose value is recorded.
    pub const fn of<C: Column<SqlType: SqlType<IsNull: Nullability>>>() -> Self {
        let mut column = Self::new(C::NAME);
        column.nullable = <<C::SqlType as SqlType>::IsNull as Nullability>::NULLABLE;
        column
    }
    /// Of which less is kept.
    pub const fn with_capture(mut self, capture: Capture) -> Self {
        self.capture = capture;
        self
    }
    /// That had another name.
    pub const fn with_former_name(mut self, name: &'static str) -> Self {
        self.renamed_from = Some(name);
        self
    }
    /// That has another type in the record table.
    pub const fn with_type(mut self, sql_type: &'static str) -> Self {
        self.sql_type = Some(sql_type);
        self
    }
}

impl Property {
    /// One of which no more is known.
    pub(crate) const fn known_by_name(name: &'static str) -> Self {
        Self {
            name,
            sql_type: PropertyType {
                sqlite: "",
                postgres: "",
                mysql: "",
            },
            sql: None,
        }
    }

    /// A property of the SQL type `ST`.
    pub const fn new<ST: PropertySqlType>(name: &'static str, sql: Option<&'static str>) -> Self {
        Self {
            name,
            sql_type: ST::TYPE,
            sql,
        }
    }
}

impl Relative {
    /// The table `T` under a condition.
    pub const fn new(table: &'static str, on: &'static str) -> Self {
        Self { table, on }
    }
}

impl Reference {
    /// These columns refer to the model of this name.
    pub const fn new(columns: &'static [&'static str], model: &'static str) -> Self {
        Self { columns, model }
    }
}

/// What Diesel says of a SQL type's nulls, as a constant.
pub trait Nullability {
    /// Whether there are any.
    const NULLABLE: bool;
}
impl Nullability for is_nullable::NotNull {
    const NULLABLE: bool = false;
}
impl Nullability for is_nullable::IsNullable {
    const NULLABLE: bool = true;
}

/// A SQL type that a property may have.
#[diagnostic::on_unimplemented(
    message = "a property cannot have the SQL type `{Self}`",
    note = "use `Bool`, `SmallInt`, `Integer`, `BigInt`, `Float`, `Double`, `Numeric`, `Text`, `Binary`, `Date` or `Timestamp`, or `Nullable<..>` of one"
)]
pub trait PropertySqlType: diesel::sql_types::SqlType + 'static {
    /// Its name on each engine.
    const TYPE: PropertyType;
}

macro_rules! property_types {
    ($($sql:ident $sqlite:literal $postgres:literal $mysql:literal)*) => { $(
        impl PropertySqlType for diesel::sql_types::$sql {
            const TYPE: PropertyType =
                PropertyType { sqlite: $sqlite, postgres: $postgres, mysql: $mysql };
        }
    )* };
}
property_types! {
    Bool "BOOLEAN" "BOOLEAN" "BOOLEAN"
    SmallInt "SMALLINT" "SMALLINT" "SMALLINT"
    Integer "INTEGER" "INTEGER" "INT"
    BigInt "BIGINT" "BIGINT" "BIGINT"
    Float "FLOAT" "REAL" "FLOAT"
    Double "DOUBLE" "DOUBLE PRECISION" "DOUBLE"
    Numeric "NUMERIC" "NUMERIC" "DECIMAL(65,30)"
    Text "TEXT" "TEXT" "LONGTEXT"
    Binary "BLOB" "BYTEA" "LONGBLOB"
    Date "DATE" "DATE" "DATE"
    Timestamp "TIMESTAMP" "TIMESTAMP" "DATETIME(6)"
}

impl<ST> PropertySqlType for diesel::sql_types::Nullable<ST>
where
    ST: PropertySqlType
        + diesel::sql_types::SqlType<IsNull = diesel::sql_types::is_nullable::NotNull>,
{
    const TYPE: PropertyType = ST::TYPE;
}
