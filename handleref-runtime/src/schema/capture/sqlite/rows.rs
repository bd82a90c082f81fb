//! The triggers on the table.

use super::write::{Record, Writer, or};
use crate::engine::Kind;
use crate::facts;
use crate::schema::capture::RecordColumn;
use crate::schema::capture::support::{CONTEXT, RECORDINGS};
use crate::schema::dialect::{Dialect, amends};
use crate::schema::names::literal;
use crate::sql::literal::standard;
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
    fn next(&self) -> String {
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
    fn of_the_table(
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
        let mut body = match self.target.lazy {
            true => self.ticks(1) + &self.first(0, Vec::new()),
            false => String::new(),
        };
        body += &self.ticks_for(1, "OLD");
        body += &self.gone(0);
        format!(
            "AFTER DELETE ON {} FOR EACH ROW\nBEGIN\n{body}END",
            self.table()
        )
    }

    /// Whether an update changes a value that is recorded.
    fn telling(&self) -> String {
        self.differ(self.target.telling().map(RecordColumn::name))
    }

    /// That an update does not change skipped columns alone; they need not be
    /// distinguished from the version that the guard raises for them.
    fn unskipped(&self) -> Option<String> {
        let mut skipped = self.target.skipped().map(RecordColumn::name).peekable();
        skipped.peek()?;
        Some(format!(
            "({} OR NOT {})",
            self.telling(),
            self.differ(skipped)
        ))
    }

    /// Whether an update means anything: a record, or that the guard acts.
    fn tells(&self) -> String {
        let target = self.target;
        let mut tests = vec![self.telling()];
        let row = target.row.iter().map(|(name, _)| name.as_str());
        let is_telling = |name: &&str| target.telling().any(|column| column.name() == *name);
        if let Some(guard_condition) = self.guard_condition() {
            let rest: Vec<&str> = match target.version() {
                Some(_) => row.filter(|name| !is_telling(name)).collect(),
                // The guard's own write may lower `updated_at` and so look like
                // a write for the guard; but it changes nothing else.
                None => row
                    .filter(|name| !is_telling(name) && !target.is_managed(name))
                    .collect(),
            };
            tests.push(format!(
                "{guard_condition} AND {}",
                self.differ(rest.into_iter())
            ));
        }
        let updated_at = target
            .roles()
            .updated_at
            .map(|(name, _)| name)
            .filter(|name| {
                let mut columns = target.columns.iter();
                columns.any(|column| column.name() == *name && column.is_value())
            });
        // A write of the triggers themselves: it has its record already, or
        // is about to get it, if the row is there again after its deletion.
        let recorded = match (target.version(), updated_at) {
            (Some(version), _) => Some(("record_version".to_owned(), version)),
            (None, Some(updated_at)) => Some((self.dialect.quote(updated_at), updated_at)),
            (None, None) => None,
        };
        if let Some((column, managed)) = recorded {
            let managed_names = target.version().into_iter().chain(updated_at);
            let unrecorded = self.last(
                &format!(
                    "record_operation <> 'delete' AND {column} IS NOT NEW.{}",
                    self.dialect.quote(managed)
                ),
                "NEW",
            );
            let mut own = format!("{} AND ifnull({unrecorded}, 1)", self.differ(managed_names));
            if target.skipped().next().is_some() && self.guard_condition().is_some() {
                own = format!("{own} AND (SELECT amending FROM {CONTEXT}) = 0");
            }
            tests.push(own);
        }
        or(&tests)
    }

    fn operation(&self) -> String {
        let lives = |side: &str| {
            let living = self.target.living()?;
            let column = format!("{side}.{}", self.dialect.quote(living.column()));
            let text = |_, text: &str| standard(text);
            let living = living.sql(Kind::Sqlite, Raw::of_plan(column), text);
            Some(format!("({living})"))
        };
        match (lives("NEW"), lives("OLD")) {
            (Some(new), Some(old)) => format!(
                "CASE WHEN {new} = {old} THEN 'update' WHEN {new} THEN 'restore' ELSE 'soft_delete' END"
            ),
            _ => "'update'".into(),
        }
    }

    fn redacted(&self) -> String {
        let bytes = self.bytes();
        let name = |column: &RecordColumn| {
            let quoted = self.dialect.quote(column.name());
            let text = literal(&format!(",{}", column.name()));
            format!("CASE WHEN NEW.{quoted}{bytes} IS NOT OLD.{quoted} THEN {text} ELSE '' END")
        };
        let names: Vec<String> = self.target.redacted().map(name).collect();
        format!("nullif(substr({}, 2), '')", names.join(" || "))
    }

    pub(super) fn update(&self) -> String {
        let (target, table) = (self.target, self.table());
        let guard_condition = self.guard_condition();
        let mut body = match target.lazy {
            true => self.ticks(1) + &self.first(0, self.unskipped().into_iter().collect()),
            false => String::new(),
        };
        body += &self.ticks_for(1, "NEW");
        let amended = |name: &str| self.amended(name);
        let mut record = self.record(0, "", String::new());
        record.operation = self.operation();
        record.redacted = self.redacted();
        match target.version() {
            Some(version) => {
                record.version = amended(version);
                record.values = self.captured(&amended);
                record.values.extend(self.properties(&amended));
                record.rest = self
                    .unless_paused(self.unskipped().into_iter().chain(self.condition(&amended)));
            }
            None => {
                // As the row is: a trigger of the user's own may have been first.
                record.version = self.next();
                let held = |name: &str| match target.is_managed(name) {
                    true => self.amended(name),
                    false => format!("{table}.{}", self.dialect.quote(name)),
                };
                self.of_the_table(&mut record, &held, self.unskipped());
            }
        }
        body += &self.statement(&record);
        if let Some(guard_condition) = guard_condition {
            let amends = amends(self.dialect, target.wanted).into_iter();
            let assign: Vec<String> = amends
                .map(|(name, value)| format!("{name} = {value}"))
                .collect();
            let amend = format!(
                "  UPDATE {table} SET {} WHERE {guard_condition} AND {};\n",
                assign.join(", "),
                self.key_is("", "NEW")
            );
            body += &match target.skipped().next() {
                // Else it would be recorded that the version rose.
                Some(_) => format!(
                    "  UPDATE {CONTEXT} SET amending = 1 WHERE {guard_condition};\n{amend}  UPDATE {CONTEXT} SET amending = 0 WHERE amending;\n"
                ),
                None => amend,
            };
        }
        let untouched = self
            .untouched()
            .map(|test| format!(" AND {test}"))
            .unwrap_or_default();
        format!(
            "AFTER UPDATE ON {table} FOR EACH ROW\nWHEN NOT {} AND {}{untouched}\nBEGIN\n{body}END",
            self.key_differs(),
            self.tells(),
        )
    }

    /// A changed key: the old row is gone, and there is a new one.
    pub(super) fn rekey(&self) -> String {
        let (target, table) = (self.target, self.table());
        let mut body = match target.lazy {
            true => self.ticks(1) + &self.first(0, Vec::new()),
            false => String::new(),
        };
        body += &self.ticks_for(1, "OLD");
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
