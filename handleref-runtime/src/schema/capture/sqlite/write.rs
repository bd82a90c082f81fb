//! The bodies of the triggers on the table.

use crate::engine::Kind;
use crate::facts;
use crate::schema::capture::RecordTarget;
use crate::schema::capture::support::CONTEXT;
use crate::schema::dialect::{Dialect, amends, guard_condition};
use crate::schema::names::literal;
use crate::schema::sqlite::Sqlite;
use crate::sql::now_sql;
use crate::time::TimeKind;

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
    /// Whether the context is one of the tables there.
    pub(super) joined: bool,
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
            _ if record.joined => format!("{CONTEXT}.tick"),
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
            joined: false,
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
        self.unpaused(&format!("(SELECT paused FROM {CONTEXT})"))
    }

    fn unpaused(&self, paused: &str) -> String {
        let paused = self.or_refuse(
            paused,
            &format!("{CONTEXT} has lost its row; `install` brings it back"),
        );
        format!("{paused} = 0")
    }

    /// The row with the key of `NEW` and the context beside it, which costs less
    /// than to ask the context for one value after the other. `LEFT`, because a
    /// lost row of the context must not take the record along.
    pub(super) fn join(&self, record: &mut Record, more: impl IntoIterator<Item = String>) {
        let table = self.table();
        record.joined = true;
        record.at = format!("max({CONTEXT}.moment, {CONTEXT}.clock)");
        let asked = self.target.changeset();
        record.changeset = record
            .changeset
            .replace(&asked, &format!("{CONTEXT}.changeset"));
        let mut tests = vec![self.key_is(&format!("{table}."), "NEW")];
        tests.push(self.unpaused(&format!("{CONTEXT}.paused")));
        tests.extend(more);
        record.rest = format!(
            "FROM {table} LEFT JOIN {CONTEXT} ON {CONTEXT}.id = 1 WHERE {}",
            tests.join(" AND ")
        );
    }

    /// `value`, or if it is null an error that no conflict clause can take away.
    fn or_refuse(&self, value: &str, message: &str) -> String {
        format!(
            "ifnull({value}, RAISE(ABORT, {}))",
            literal(&format!("handleref: {message}"))
        )
    }

    /// Takes so many numbers of the counter, and keeps a version for the
    /// statements that follow. An `INSERT` that reads the table that it writes
    /// would need a temporary one.
    ///
    /// What is known of the table's last record is looked up when the clock has
    /// moved on, when another table was recorded since, or when anybody but the
    /// triggers has touched the counter. While none of these is so, nobody but
    /// this table's triggers has written records, and those stay in order by
    /// themselves. A number that is taken is refused here, because `OR IGNORE` and
    /// `OR REPLACE` of the statement would reach the insert of the record.
    fn taken(&self, count: u32, next: Option<&str>) -> String {
        let records = self.records();
        let name = literal(self.target.recording.records);
        // With its table, as records may have a column of that name.
        let mut taken = format!("record_id > {CONTEXT}.tick");
        if self.target.lazy {
            taken += &format!(" OR (SELECT -min(record_id) FROM {records}) > {CONTEXT}.tick");
        }
        let message = literal(
            "handleref: the numbers of records begin again, as after a restore of a part of the \
             database; `install` sets the counter past all that are there",
        );
        let now = now_sql(Kind::Sqlite, TimeKind::Plain);
        let next = next.map(|next| format!(", next = {next}"));
        format!(
            "  UPDATE {CONTEXT} SET moment = {now}, instant = julianday('now'), timed = {name}, \
             clock = ifnull((SELECT CASE WHEN {taken} THEN RAISE(ABORT, {message}) ELSE recorded_at END \
             FROM {records} ORDER BY record_id DESC LIMIT 1), '')\n    \
             WHERE id = 1 AND NOT (instant IS julianday('now') AND timed IS {name} AND taken IS tick);\n  \
             UPDATE {CONTEXT} SET tick = tick + {count}, taken = tick + {count}{} WHERE id = 1;\n",
            next.unwrap_or_default()
        )
    }

    pub(super) fn ticks(&self, count: u32) -> String {
        self.taken(count, None)
    }

    /// The version that goes on after the last record of a key is kept, too: null
    /// if there is none.
    pub(super) fn ticks_and_next(&self, count: u32, next: &str, side: &str) -> String {
        self.taken(count, Some(&self.last(next, side)))
    }

    /// The same; the version that the guard gives a row is kept.
    pub(super) fn ticks_and_amended(&self, count: u32, version: &str) -> String {
        self.taken(count, Some(&self.amended(version)))
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

    /// What the guard assigns. The clock has been read by then.
    pub(super) fn amends(&self) -> Vec<(String, String)> {
        let now = now_sql(Kind::Sqlite, TimeKind::Plain);
        let read = format!("(SELECT moment FROM {CONTEXT})");
        let amends = amends(self.dialect, self.target.wanted).into_iter();
        amends
            .map(|(name, value)| (name, value.replace(now, &read)))
            .collect()
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
        let mut amends = self.amends().into_iter();
        match amends.find(|(amended, _)| *amended == column) {
            Some((_, value)) => format!("CASE WHEN {guard_condition} THEN {value} ELSE {new} END"),
            None => new,
        }
    }
}

/// The time of what is recorded now.
pub(super) fn at() -> String {
    format!("(SELECT max(moment, clock) FROM {CONTEXT})")
}

/// A disjunction; of nothing it is false.
pub(super) fn or(tests: &[String]) -> String {
    match tests.is_empty() {
        true => "(0)".into(),
        false => format!("({})", tests.join(" OR ")),
    }
}
