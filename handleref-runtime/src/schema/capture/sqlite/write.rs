//! The bodies of the triggers on the table.

use crate::engine::Kind;
use crate::facts;
use crate::schema::capture::RecordTarget;
use crate::schema::capture::support::CONTEXT;
use crate::schema::dialect::{Dialect, amends, guard_condition};
use crate::schema::names::literal;
use crate::schema::sqlite::Sqlite;
use crate::sql::{Raw, record_time_sql};

pub(super) struct Writer<'a> {
    pub(super) dialect: &'a Sqlite,
    pub(super) target: &'a RecordTarget<'a>,
}

/// One record, as an `INSERT` into the record table.
pub(super) struct Record {
    /// How far before the counter its id is.
    pub(super) back: u32,
    pub(super) version: String,
    /// An expression.
    pub(super) operation: String,
    pub(super) at: String,
    pub(super) changeset: String,
    pub(super) redacted: String,
    /// The model's columns and the properties.
    pub(super) values: Vec<String>,
    /// What follows the columns: `FROM` and conditions.
    pub(super) rest: String,
}

impl Writer<'_> {
    pub(super) fn table(&self) -> String {
        self.dialect.quote(&self.target.wanted.table.table)
    }

    pub(super) fn records(&self) -> String {
        self.dialect.quote(self.target.recording.records)
    }

    /// `COLLATE BINARY`, if it makes a difference.
    pub(super) fn bytes(&self) -> &'static str {
        let detail = self.target.live.detail.to_ascii_uppercase();
        if detail.contains("COLLATE") {
            " COLLATE BINARY"
        } else {
            ""
        }
    }

    /// Whether one of the columns differs, byte by byte.
    pub(super) fn differ<'n>(&self, columns: impl Iterator<Item = &'n str>) -> String {
        let bytes = self.bytes();
        let differs = |column| {
            let column = self.dialect.quote(column);
            format!("NEW.{column}{bytes} IS NOT OLD.{column}")
        };
        or(&columns.map(differs).collect::<Vec<_>>())
    }

    pub(super) fn key_differs(&self) -> String {
        self.differ(self.target.wanted.key.iter().copied())
    }

    /// Rows of `alias` with the key of `side`.
    pub(super) fn key_is(&self, alias: &str, side: &str) -> String {
        let equal = |column: &&str| {
            let column = self.dialect.quote(column);
            format!("{alias}{column} IS {side}.{column}")
        };
        let key: Vec<String> = self.target.wanted.key.iter().map(equal).collect();
        key.join(" AND ")
    }

    /// Of the last record of the key of `side`, as a scalar.
    pub(super) fn last(&self, expression: &str, side: &str) -> String {
        format!(
            "(SELECT {expression} FROM {} WHERE {} ORDER BY record_id DESC LIMIT 1)",
            self.records(),
            self.key_is("", side)
        )
    }

    pub(super) fn no_record(&self, side: &str) -> String {
        format!(
            "NOT EXISTS (SELECT 1 FROM {} WHERE {})",
            self.records(),
            self.key_is("", side)
        )
    }

    pub(super) fn statement(&self, record: &Record) -> String {
        let columns = self.target.record_columns();
        let back = record.back;
        // Else `OR IGNORE` of the statement, which reaches what triggers do, would
        // leave out a record that cannot be written.
        let version = match self.target.version() {
            Some(_) => self.or_refuse(
                &record.version,
                "a row without a version cannot be recorded",
            ),
            None => record.version.clone(),
        };
        let tick = match record.operation.as_str() {
            "'baseline'" => format!("(SELECT {back} - tick FROM {CONTEXT})"),
            _ if back == 0 => format!("(SELECT tick FROM {CONTEXT})"),
            _ => format!("(SELECT tick - {back} FROM {CONTEXT})"),
        };
        let mut values = vec![
            tick,
            version,
            record.operation.clone(),
            record.at.clone(),
            record.changeset.clone(),
        ];
        values.extend(
            self.target
                .recording
                .redacts()
                .then(|| record.redacted.clone()),
        );
        values.extend(record.values.iter().cloned());
        format!(
            "  INSERT INTO {} ({})\n    SELECT {}\n    {};\n",
            self.records(),
            self.dialect.quote_all(&columns),
            values.join(", "),
            record.rest,
        )
    }

    pub(super) fn record(&self, back: u32, operation: &str, version: String) -> Record {
        Record {
            back,
            version,
            operation: literal(operation),
            at: at(),
            changeset: self.target.changeset_of_change(),
            redacted: "NULL".into(),
            values: Vec::new(),
            rest: String::new(),
        }
    }

    /// A row as a table of one row under the table's name, for expressions of
    /// the user; `value` gives what stands for a column.
    pub(super) fn as_table(&self, value: &dyn Fn(&str) -> String) -> String {
        let columns = self
            .target
            .live
            .columns
            .iter()
            .map(|column| column.name.as_str());
        let row = self.target.row.iter().map(|(name, _)| name.as_str());
        let added = row.filter(|name| self.target.live.column(name).is_none());
        let aliased = |name: &str| format!("{} AS {}", value(name), self.dialect.quote(name));
        let columns: Vec<String> = columns.chain(added).map(aliased).collect();
        format!("(SELECT {}) AS {}", columns.join(", "), self.table())
    }

    /// The condition of the model over a row.
    pub(super) fn condition(&self, value: &dyn Fn(&str) -> String) -> Option<String> {
        let condition = self.target.recording.condition?;
        Some(format!(
            "(SELECT ({condition}) FROM {})",
            self.as_table(value)
        ))
    }

    pub(super) fn properties(&self, value: &dyn Fn(&str) -> String) -> Vec<String> {
        let property = |property: &facts::Property| match property.sql {
            Some(sql) => format!("(SELECT ({sql}) FROM {})", self.as_table(value)),
            None => self.target.handed(property),
        };
        self.target
            .recording
            .properties
            .iter()
            .map(property)
            .collect()
    }

    pub(super) fn last_properties(&self, side: &str) -> Vec<String> {
        let last = |property: &facts::Property| self.last(&self.dialect.quote(property.name), side);
        self.target.recording.properties.iter().map(last).collect()
    }

    pub(super) fn captured(&self, value: &dyn Fn(&str) -> String) -> Vec<String> {
        let columns = self.target.columns.iter();
        columns
            .map(|column| column.captured(Kind::Sqlite, value(column.name())))
            .collect()
    }

    /// `WHERE` recording is on, and whatever else.
    pub(super) fn unless_paused(&self, more: impl IntoIterator<Item = String>) -> String {
        let mut all = vec![self.active()];
        all.extend(more);
        format!("WHERE {}", all.join(" AND "))
    }

    /// Whether recording goes on.
    pub(super) fn active(&self) -> String {
        let paused = self.or_refuse(
            &format!("(SELECT paused FROM {CONTEXT})"),
            &format!("{CONTEXT} has lost its row; `install` brings it back"),
        );
        format!("{paused} = 0")
    }

    /// `value`, or if it is null an error that no conflict clause can take away.
    fn or_refuse(&self, value: &str, message: &str) -> String {
        format!(
            "ifnull({value}, RAISE(ABORT, {}))",
            literal(&format!("handleref: {message}"))
        )
    }

    /// Assignments of the counter, which takes so many numbers, and of the time
    /// of what is recorded now. A number that is taken is refused here, because
    /// `OR IGNORE` and `OR REPLACE` of the statement would reach the insert of the record.
    fn taken(&self, count: u32) -> String {
        let records = self.records();
        let mut free = format!("tick >= ifnull((SELECT max(record_id) FROM {records}), 0)");
        if self.target.lazy {
            free += &format!(" AND tick >= ifnull(-(SELECT min(record_id) FROM {records}), 0)");
        }
        let message = literal(
            "handleref: the numbers of records begin again, as after a restore of a part of the \
             database; `install` sets the counter past all that are there",
        );
        format!(
            "tick = CASE WHEN {free} THEN tick + {count} ELSE RAISE(ABORT, {message}) END, clock = {}",
            record_time_sql(Kind::Sqlite, Raw::of_plan(records), "")
        )
    }

    pub(super) fn ticks(&self, count: u32) -> String {
        format!("  UPDATE {CONTEXT} SET {};\n", self.taken(count))
    }

    /// Takes so many numbers, and keeps the version that goes on after the last
    /// record of a key: null if there is none. An `INSERT` that reads the table
    /// that it writes would need a temporary one.
    pub(super) fn ticks_and_next(&self, count: u32, next: &str, side: &str) -> String {
        let next = self.last(next, side);
        let taken = self.taken(count);
        format!("  UPDATE {CONTEXT} SET {taken}, next = {next};\n")
    }

    /// The numbers for a record of a row that has no version of its own, too.
    pub(super) fn ticks_for(&self, count: u32, side: &str) -> String {
        match self.target.version() {
            Some(_) => self.ticks(count),
            None => self.ticks_and_next(count, "record_version + 1", side),
        }
    }

    pub(super) fn side(&self, side: &'static str) -> impl Fn(&str) -> String + '_ {
        move |name| format!("{side}.{}", self.dialect.quote(name))
    }

    /// What sets off the guard, if there is one.
    pub(super) fn guard_condition(&self) -> Option<String> {
        guard_condition(self.dialect, self.target.roles()).filter(|_| self.target.guard)
    }

    /// A column of the row as it is once the guard has amended it.
    pub(super) fn amended(&self, name: &str) -> String {
        let column = self.dialect.quote(name);
        let new = format!("NEW.{column}");
        let Some(guard_condition) = self
            .guard_condition()
            .filter(|_| self.target.is_managed(name))
        else {
            return new;
        };
        let amends = amends(self.dialect, self.target.wanted);
        match amends.into_iter().find(|(amended, _)| *amended == column) {
            Some((_, value)) => format!("CASE WHEN {guard_condition} THEN {value} ELSE {new} END"),
            None => new,
        }
    }
}

/// The time of what is recorded now.
pub(super) fn at() -> String {
    format!("(SELECT clock FROM {CONTEXT})")
}

/// A disjunction; of nothing it is false.
pub(super) fn or(tests: &[String]) -> String {
    match tests.is_empty() {
        true => "(0)".into(),
        false => format!("({})", tests.join(" OR ")),
    }
}
