//! The triggers on the table.

use super::write::{Record, Writer};
use crate::engine::Kind;
use crate::record::facts::{self, Capture};
use crate::schema::dialect::{Dialect, Living, amends};
use crate::schema::names::literal;
use crate::schema::records::RecordColumn;
use crate::schema::records::support::{CONTEXT, RECORDINGS};

impl Writer<'_> {
    /// A row that is not recorded yet gets its baseline, as of the beginning.
    fn first(&self, back: u32, conditions: Vec<String>) -> String {
        let old = self.side("OLD");
        let version = self.target.version().map_or("1".into(), &old);
        let mut record = self.beginning(back, version);
        record.values = self.captured(&old);
        record.values.extend(self.target.recording.properties.iter().map(|_| "NULL".into()));
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
        record.values = names.chain(properties).map(|name| self.dialect.quote(name)).collect();
        let last = format!("record_id = {}", self.last("record_id", "NEW"));
        record.rest = format!(
            "FROM {} {}",
            self.records(),
            self.unless_paused([last, "record_operation <> 'delete'".into()])
        );
        self.statement(&record)
    }

    /// The record of a row that is gone.
    fn gone(&self, back: u32) -> String {
        let old = self.side("OLD");
        let version = match self.target.version() {
            Some(version) => format!("{} + 1", old(version)),
            None => self.next("OLD"),
        };
        let mut record = self.record(back, "delete", version);
        record.values = self.captured(&old);
        record.values.extend(self.last_properties("OLD"));
        record.rest = self.unless_paused(self.condition(&old));
        self.statement(&record)
    }

    /// The version of the next record, if the row has none of its own.
    fn next(&self, side: &str) -> String {
        format!("ifnull({}, 0) + 1", self.last("record_version", side))
    }

    /// Whether the row is still as the statement wrote it. If not, a trigger of
    /// the user's own has changed it before, and that is recorded already.
    fn untouched(&self) -> Option<String> {
        let version = self.dialect.quote(self.target.version()?);
        let key = self.key_is("", "NEW");
        Some(format!("(SELECT {version} FROM {} WHERE {key}) IS NEW.{version}", self.table()))
    }

    /// A record of the row with the key of `NEW` as it is in the table; `held`
    /// gives what stands for its columns.
    fn of_the_table(&self, record: &mut Record, held: &dyn Fn(&str) -> String, more: Option<String>) {
        let table = self.table();
        record.values = self.captured(held);
        let property =
            |it: &facts::Property| it.sql.map_or("NULL".into(), |sql| format!("({sql})"));
        record.values.extend(self.target.recording.properties.iter().map(property));
        let condition = self.target.recording.condition.map(|it| format!("({it})"));
        let key = self.key_is(&format!("{table}."), "NEW");
        let tests = [key].into_iter().chain(more).chain(condition);
        record.rest = format!("FROM {table} {}", self.unless_paused(tests));
    }

    pub(super) fn insert(&self) -> String {
        let table = self.table();
        let mut body = self.ticks(2) + &self.replaced(1);
        let mut record = self.record(0, "insert", String::new());
        match self.target.version().map(|name| self.dialect.quote(name)) {
            Some(version) => {
                // The new row continues the former life of its key.
                let next = self.last("record_version + 1", "NEW");
                body += &format!(
                    "  UPDATE {table} SET {version} = {next} WHERE NEW.{version} < {next} AND {};\n",
                    self.key_is("", "NEW")
                );
                record.version = format!("{table}.{version}");
            }
            None => record.version = self.next("NEW"),
        }
        let held = |name: &str| format!("{table}.{}", self.dialect.quote(name));
        self.of_the_table(&mut record, &held, None);
        body += &self.statement(&record);
        let when = self.untouched().map(|test| format!("\nWHEN {test}")).unwrap_or_default();
        format!("AFTER INSERT ON {table} FOR EACH ROW{when}\nBEGIN\n{body}END")
    }

    pub(super) fn delete(&self) -> String {
        let mut body = self.ticks(if self.target.lazy { 2 } else { 1 });
        if self.target.lazy {
            body += &self.first(1, Vec::new());
        }
        body += &self.gone(0);
        format!("AFTER DELETE ON {} FOR EACH ROW\nBEGIN\n{body}END", self.table())
    }

    /// Whether an update is recorded, beyond that something in the row differs.
    fn tells(&self) -> String {
        let target = self.target;
        let values = self.differ(target.telling().map(RecordColumn::name));
        let updated_at = target.roles().updated_at.map(|(name, _)| name).filter(|name| {
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
        let Some((column, managed)) = recorded else {
            return values;
        };
        let managed_names = target.version().into_iter().chain(updated_at);
        let unrecorded = self.last(
            &format!(
                "record_operation <> 'delete' AND {column} IS NOT NEW.{}",
                self.dialect.quote(managed)
            ),
            "NEW",
        );
        let mut own = format!("{} AND ifnull({unrecorded}, 1)", self.differ(managed_names));
        if let Some(trespass) = self.trespass() {
            own = match target.version() {
                Some(_) => format!("({trespass} OR {own})"),
                // The guard's own write may lower `updated_at` and so look like
                // a trespass; but it touches nothing that the model does not have.
                None => format!("({} OR {own})", self.differ(self.unlisted())),
            };
        }
        if target.skipped().next().is_some() {
            let skipped = self.differ(target.skipped().map(RecordColumn::name));
            own = format!("NOT {skipped} AND {own}");
            if self.trespass().is_some() {
                own = format!("(SELECT amending FROM {CONTEXT}) = 0 AND {own}");
            }
        }
        format!("({values} OR {own})")
    }

    /// The columns of the table that the model does not have.
    fn unlisted(&self) -> impl Iterator<Item = &str> {
        let row = self.target.row.iter().map(|(name, _)| name.as_str());
        row.filter(|name| {
            let mut columns = self.target.columns.iter();
            !self.target.is_managed(name) && !columns.any(|column| column.name() == *name)
        })
    }

    fn operation(&self) -> String {
        let lives = |side: &str| match self.target.living() {
            None => None,
            Some(Living::Null(column)) => {
                Some(format!("({side}.{} IS NULL)", self.dialect.quote(column)))
            }
            Some(Living::Not(column, text)) => Some(format!(
                "({side}.{} IS NOT {})",
                self.dialect.quote(column),
                literal(text)
            )),
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
        let trespass = self.trespass();
        let row = target.row.iter().map(|(name, _)| name.as_str());
        let differs = match trespass {
            // The guard looks at every column.
            Some(_) => self.differ(row),
            None => {
                let skipped = |name: &str| {
                    target.columns.iter().any(|column| {
                        column.name() == name
                            && matches!(column.facts.capture, Capture::Skipped(_))
                    })
                };
                let told = |name: &&str| {
                    let mut columns = target.columns.iter();
                    target.is_managed(name)
                        || (columns.any(|column| column.name() == *name) && !skipped(name))
                };
                self.differ(row.filter(told))
            }
        };
        let tells = self.tells();
        let mut body = self.ticks(if target.lazy { 2 } else { 1 });
        if target.lazy {
            body += &self.first(1, vec![tells.clone()]);
        }
        let amended = |name: &str| self.amended(name);
        let mut record = self.record(0, "", String::new());
        record.operation = self.operation();
        record.redacted = self.redacted();
        match target.version() {
            Some(version) => {
                record.version = amended(version);
                record.values = self.captured(&amended);
                record.values.extend(self.properties(&amended));
                record.rest = self.unless_paused([tells].into_iter().chain(self.condition(&amended)));
            }
            None => {
                // As the row is: a trigger of the user's own may have been first.
                record.version = self.next("NEW");
                let held = |name: &str| match target.is_managed(name) {
                    true => self.amended(name),
                    false => format!("{table}.{}", self.dialect.quote(name)),
                };
                self.of_the_table(&mut record, &held, Some(tells));
            }
        }
        body += &self.statement(&record);
        if let Some(trespass) = trespass {
            let amends = amends(self.dialect, Kind::Sqlite, target.roles()).into_iter();
            let assign: Vec<String> = amends.map(|(name, value)| format!("{name} = {value}")).collect();
            let amend = format!(
                "  UPDATE {table} SET {} WHERE {trespass} AND {};\n",
                assign.join(", "),
                self.key_is("", "NEW")
            );
            body += &match target.skipped().next() {
                // Else it would be recorded that the version rose.
                Some(_) => format!(
                    "  UPDATE {CONTEXT} SET amending = 1 WHERE {trespass};\n{amend}  UPDATE {CONTEXT} SET amending = 0 WHERE amending;\n"
                ),
                None => amend,
            };
        }
        let untouched = self.untouched().map(|test| format!(" AND {test}")).unwrap_or_default();
        format!(
            "AFTER UPDATE ON {table} FOR EACH ROW\nWHEN NOT {} AND {differs}{untouched}\nBEGIN\n{body}END",
            self.key_differs()
        )
    }

    /// A changed key: the old row is gone, and there is a new one.
    pub(super) fn rekey(&self) -> String {
        let (target, table) = (self.target, self.table());
        let mut body = self.ticks(if target.lazy { 4 } else { 3 });
        if target.lazy {
            body += &self.first(3, Vec::new());
        }
        body += &self.gone(2);
        body += &self.replaced(1);
        // The higher one: of the statement, or of a former life of the key.
        let own = |name: &str| self.amended(name);
        let continued = |name: &str| {
            let amended = own(name);
            if target.version() != Some(name) {
                return amended;
            }
            let last = self.last(
                &format!("record_version + (record_id <> (SELECT tick FROM {CONTEXT}))"),
                "NEW",
            );
            format!("max({amended}, ifnull({last}, 0))")
        };
        let version = target.version().map_or_else(|| self.next("NEW"), continued);
        let mut record = self.record(0, "insert", version);
        record.values = self.captured(&continued);
        record.values.extend(self.properties(&continued));
        record.rest = self.unless_paused(self.condition(&continued));
        body += &self.statement(&record);
        let managed = target.roles().updated_at.map(|(name, _)| name).filter(|_| self.trespass().is_some());
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
        record.values.extend(self.target.recording.properties.iter().map(|_| "NULL".into()));
        let condition = self.target.recording.condition.map(|it| format!("({it})"));
        let key = self.key_is(&format!("{table}."), "NEW");
        record.rest = format!("FROM {table} {}", self.unless_paused([key.clone()].into_iter().chain(condition)));
        format!(
            "BEFORE INSERT ON {table} FOR EACH ROW\nWHEN EXISTS (SELECT 1 FROM {table} WHERE {key}) AND {}\nBEGIN\n{}{}END",
            self.no_record("NEW"),
            self.ticks(1),
            self.statement(&record)
        )
    }
}

