//! The trigger on updates that leave the key as it is.

use super::given::Place;
use super::write::{Writer, or};
use crate::engine::Kind;
use crate::schema::capture::RecordColumn;
use crate::schema::capture::support::CONTEXT;
use crate::schema::dialect::Dialect;
use crate::schema::names::literal;
use crate::sql::Raw;
use crate::sql::literal::standard;

impl Writer<'_> {
    /// Whether an update changes a value that is recorded; not its key, which has
    /// a trigger of its own.
    fn telling(&self) -> String {
        let names = self.target.telling().map(RecordColumn::name);
        self.differ(names.filter(|name| !self.target.wanted.key.contains(name)))
    }

    /// That an update does not change skipped columns alone; they need not be
    /// distinguished from the version that the guard raises for them.
    pub(super) fn unskipped(&self) -> Option<String> {
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
        let mut guarded = None;
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
            guarded = Some((rest, guard_condition));
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
            let managed_names: Vec<&str> = target.version().into_iter().chain(updated_at).collect();
            let unrecorded = self.last(
                &format!(
                    "record_operation <> 'delete' AND {column} IS NOT NEW.{}",
                    self.dialect.quote(managed)
                ),
                "NEW",
            );
            let mut own = format!("ifnull({unrecorded}, 1)");
            if target.skipped().next().is_some() && self.guard_condition().is_some() {
                own = format!("{own} AND (SELECT amending FROM {CONTEXT}) = 0");
            }
            if let Some((rest, condition)) = &guarded
                && *rest == managed_names
            {
                own = format!("({condition} OR {own})");
                guarded = None;
            }
            let differ = self.differ(managed_names.into_iter());
            tests.push(format!("{differ} AND {own}"));
        }
        if let Some((rest, condition)) = guarded {
            let differ = self.differ(rest.into_iter());
            tests.push(format!("{condition} AND {differ}"));
        }
        or(&tests)
    }

    pub(super) fn operation(&self) -> String {
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

    pub(super) fn redacted(&self) -> String {
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
        let mut body = String::new();
        let conditions = self.unskipped().into_iter().collect();
        let mut record = self.record(0, "", String::new());
        record.operation = self.operation();
        record.redacted = self.redacted();
        let untouched = target.version().map(|version| {
            let version = self.dialect.quote(version);
            format!("{version} IS NEW.{version}")
        });
        match target.version() {
            Some(version) => {
                let raised = guard_condition.is_some();
                body += &self.opening(conditions, &|count| match raised {
                    true => self.ticks_and_amended(count, version),
                    false => self.ticks(count),
                });
                if self.gives() {
                    body += &self.give(version);
                } else {
                    let amended = |name: &str| self.kept(name, version, Place::Beside);
                    record.values = self.captured(&amended);
                    record.values.extend(self.properties(&amended));
                    record.version = amended(version);
                    let as_written = untouched.iter().map(|test| format!("{table}.{test}"));
                    let tests = as_written.chain(self.unskipped());
                    self.join(&mut record, tests.chain(self.condition(&amended)));
                    body += &self.statement(&record);
                }
            }
            None => {
                body += &self.opening(conditions, &|count| self.ticks_for(count, "NEW"));
                // As the row is: a trigger of the user's own may have been first.
                record.version = self.next();
                let held = |name: &str| match target.is_managed(name) {
                    true => self.amended(name),
                    false => format!("{table}.{}", self.dialect.quote(name)),
                };
                self.of_the_table(&mut record, &held, self.unskipped());
                body += &self.statement(&record);
            }
        }
        if let Some(guard_condition) = guard_condition {
            let assign = |(name, value)| format!("{name} = {value}");
            let assign: Vec<String> = self.amends_after_kept().into_iter().map(assign).collect();
            let tests = [guard_condition.clone(), self.key_is("", "NEW")];
            let tests: Vec<String> = tests.into_iter().chain(untouched).collect();
            let amend = format!(
                "  UPDATE {table} SET {} WHERE {};\n",
                assign.join(", "),
                tests.join(" AND ")
            );
            body += &match target.skipped().next() {
                // Else it would be recorded that the version rose.
                Some(_) => format!(
                    "  UPDATE {CONTEXT} SET amending = 1 WHERE {guard_condition};\n{amend}  UPDATE {CONTEXT} SET amending = 0 WHERE amending;\n"
                ),
                None => amend,
            };
        }
        format!(
            "AFTER UPDATE ON {table} FOR EACH ROW\nWHEN NOT {} AND {}\nBEGIN\n{body}END",
            self.key_differs(),
            self.tells(),
        )
    }
}
