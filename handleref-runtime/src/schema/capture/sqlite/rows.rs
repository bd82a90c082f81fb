//! The triggers on the table.

use super::write::{Record, Writer};
use crate::engine::Kind;
use crate::facts;
use crate::schema::capture::RecordColumn;
use crate::schema::capture::support::{CONTEXT, RECORDINGS};
use crate::schema::dialect::Dialect;
use crate::schema::names::literal;
use crate::sql::{Raw, next_sql};

/// The version by which a new row goes on after the last record of its key; if
/// that is no delete, the row was replaced, and the delete comes between.
const CONTINUED: &str = "record_version + 1 + (record_operation <> 'delete')";

impl Writer<'_> {
    /// A row that is not recorded yet gets its baseline, as of the beginning.
    fn first(&self, back: u32, conditions: Vec<String>) -> String {
        let old = self.side("OLD");
        let version = self.target.version().map_or("1".into(), &old);
        let mut record = self.beginning(back, version);
        record.values = self.captured(&old);
        record.values.extend(
            self.target
                .recording
                .properties
                .iter()
                .map(|_| "NULL".into()),
        );
        let more = conditions.into_iter().chain(self.condition(&old));
        record.rest = self.unless_paused(more.chain([self.no_record("OLD")]));
        self.statement(&record)
    }

    /// Takes the number of the record of a change by `take`, and before it that
    /// of a baseline, if the row may need one.
    pub(super) fn opening(&self, conditions: Vec<String>, take: &dyn Fn(u32) -> String) -> String {
        match (self.target.lazy, self.target.version()) {
            (false, _) => take(1),
            (true, Some(_)) => take(2) + &self.first(1, conditions),
            // What is kept goes on after the baseline.
            (true, None) => self.ticks(1) + &self.first(0, conditions) + &take(1),
        }
    }

    pub(super) fn beginning(&self, back: u32, version: String) -> Record {
        Record {
            at: format!(
                "(SELECT began_at FROM {RECORDINGS} WHERE record_table = {})",
                literal(&self.target.listed())
            ),
            changeset: "NULL".into(),
            ..self.record(back, "baseline", version)
        }
    }

    /// The last record of the new key is no delete although the row is new: it
    /// was replaced.
    fn replaced(&self, back: u32) -> String {
        let mut record = self.record(back, "delete", "record_version + 1".into());
        let names = self.target.columns.iter().map(RecordColumn::name);
        let properties = self.target.recording.properties.iter().map(|it| it.name);
        record.values = names
            .chain(properties)
            .map(|name| self.dialect.quote(name))
            .collect();
        let last = format!("record_id = {}", self.last("record_id", "NEW"));
        let there = format!("(SELECT next FROM {CONTEXT}) IS NOT NULL");
        record.rest = format!(
            "FROM {} {}",
            self.records(),
            self.unless_paused([there, last, "record_operation <> 'delete'".into()])
        );
        self.statement(&record)
    }

    /// The record of a row that is gone.
    fn gone(&self, back: u32) -> String {
        let old = self.side("OLD");
        let version = match self.target.version() {
            Some(version) => {
                let table = &self.target.wanted.table.table;
                next_sql(Kind::Sqlite, Raw::of_plan(old(version)), 64, table).into_string()
            }
            None => self.next(),
        };
        let mut record = self.record(back, "delete", version);
        record.values = self.captured(&old);
        record.values.extend(self.last_properties("OLD"));
        record.rest = self.unless_paused(self.condition(&old));
        self.statement(&record)
    }

    /// The version of the next record, if the row has none of its own.
    pub(super) fn next(&self) -> String {
        format!("ifnull((SELECT next FROM {CONTEXT}), 1)")
    }

    /// Whether the row is still as the statement wrote it. If not, a trigger of
    /// the user's own has changed it before, and that is recorded already.
    fn untouched(&self) -> Option<String> {
        let version = self.dialect.quote(self.target.version()?);
        let key = self.key_is("", "NEW");
        Some(format!(
            "(SELECT {version} FROM {} WHERE {key}) IS NEW.{version}",
            self.table()
        ))
    }

    /// A record of the row with the key of `NEW` as it is in the table; `held`
    /// gives what stands for its columns.
    pub(super) fn of_the_table(
        &self,
        record: &mut Record,
        held: &dyn Fn(&str) -> String,
        more: Option<String>,
    ) {
        let table = self.table();
        record.values = self.captured(held);
        let property = |it: &facts::Property| match it.sql {
            Some(sql) => format!("({sql})"),
            None => self.target.handed(it),
        };
        record
            .values
            .extend(self.target.recording.properties.iter().map(property));
        let condition = self.target.recording.condition.map(|it| format!("({it})"));
        let key = self.key_is(&format!("{table}."), "NEW");
        let tests = [key].into_iter().chain(more).chain(condition);
        record.rest = format!("FROM {table} {}", self.unless_paused(tests));
    }

    pub(super) fn insert(&self) -> String {
        let table = self.table();
        let mut body = self.ticks_and_next(2, CONTINUED, "NEW") + &self.replaced(1);
        let mut record = self.record(0, "insert", String::new());
        match self.target.version().map(|name| self.dialect.quote(name)) {
            Some(version) => {
                // The new row continues the former life of its key.
                let next = format!("(SELECT next FROM {CONTEXT})");
                body += &format!(
                    "  UPDATE {table} SET {version} = {} WHERE NEW.{version} < {next} AND {};\n",
                    self.target.held_version(&next),
                    self.key_is("", "NEW")
                );
                record.version = format!("{table}.{version}");
            }
            None => record.version = self.next(),
        }
        let held = |name: &str| format!("{table}.{}", self.dialect.quote(name));
        self.of_the_table(&mut record, &held, None);
        body += &self.statement(&record);
        let when = self
            .untouched()
            .map(|test| format!("\nWHEN {test}"))
            .unwrap_or_default();
        format!("AFTER INSERT ON {table} FOR EACH ROW{when}\nBEGIN\n{body}END")
    }

    pub(super) fn delete(&self) -> String {
        let mut body = self.opening(Vec::new(), &|count| self.ticks_for(count, "OLD"));
        body += &self.gone(0);
        format!(
            "AFTER DELETE ON {} FOR EACH ROW\nBEGIN\n{body}END",
            self.table()
        )
    }

    /// A changed key: the old row is gone, and there is a new one.
    pub(super) fn rekey(&self) -> String {
        let (target, table) = (self.target, self.table());
        let mut body = self.opening(Vec::new(), &|count| self.ticks_for(count, "OLD"));
        body += &self.gone(0);
        body += &self.ticks_and_next(2, CONTINUED, "NEW");
        body += &self.replaced(1);
        // The higher one: of the statement, or of a former life of the key.
        let own = |name: &str| self.amended(name);
        let continued = |name: &str| {
            let amended = own(name);
            if target.version() != Some(name) {
                return amended;
            }
            let next = target.held_version(&format!("ifnull((SELECT next FROM {CONTEXT}), 0)"));
            format!("max({amended}, {next})")
        };
        let version = target.version().map_or_else(|| self.next(), continued);
        let mut record = self.record(0, "insert", version);
        record.values = self.captured(&continued);
        record.values.extend(self.properties(&continued));
        record.rest = self.unless_paused(self.condition(&continued));
        body += &self.statement(&record);
        let managed = target
            .roles()
            .updated_at
            .map(|(name, _)| name)
            .filter(|_| self.guard_condition().is_some());
        let managed: Vec<&str> = target.version().into_iter().chain(managed).collect();
        let assign = |name: &&str| format!("{} = {}", self.dialect.quote(name), continued(name));
        let assign: Vec<String> = managed.iter().map(assign).collect();
        if !assign.is_empty() {
            body += &format!(
                "  UPDATE {table} SET {} WHERE {};\n",
                assign.join(", "),
                self.key_is("", "NEW")
            );
        }
        // The names that SQLite itself has for the key of a table.
        let key = self.dialect.quote_all(&target.wanted.key);
        format!(
            "AFTER UPDATE OF {key}, rowid, oid, _rowid_ ON {table} FOR EACH ROW\nWHEN {}\nBEGIN\n{body}END",
            self.key_differs()
        )
    }

    /// A row without a record that may be about to be replaced. If it is not,
    /// its baseline does no harm.
    pub(super) fn baseline(&self) -> String {
        let table = self.table();
        let held = |name: &str| format!("{table}.{}", self.dialect.quote(name));
        let mut record = self.beginning(0, self.target.version().map_or("1".into(), held));
        record.values = self.captured(&held);
        record.values.extend(
            self.target
                .recording
                .properties
                .iter()
                .map(|_| "NULL".into()),
        );
        let condition = self.target.recording.condition.map(|it| format!("({it})"));
        let key = self.key_is(&format!("{table}."), "NEW");
        record.rest = format!(
            "FROM {table} {}",
            self.unless_paused([key.clone()].into_iter().chain(condition))
        );
        format!(
            "BEFORE INSERT ON {table} FOR EACH ROW\nWHEN EXISTS (SELECT 1 FROM {table} WHERE {key}) AND {}\nBEGIN\n{}{}END",
            self.no_record("NEW"),
            self.ticks(1),
            self.statement(&record)
        )
    }
}
