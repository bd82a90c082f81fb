//! The statements that write records.
//!
//! `o` is a row as it was, `n` as it is, and `last` its newest record.

use super::body::{AMENDING, planned};
use super::facts::equality;
use super::rows::Rows;
use crate::engine::Kind;
use crate::model::Living;
use crate::schema::capture::RecordTarget;
use crate::schema::capture::support::{RECORDINGS, SEQUENCE, SWITCHES};
use crate::schema::names::literal;
use crate::sql::{Raw, next_sql, now_sql, rising_sql};
use crate::time::TimeKind;

/// Operators and functions are named with their schema: the writer's search
/// path decides nothing.
const NEXT_VERSION: &str = "coalesce(last.record_version, 0) OPERATOR(pg_catalog.+) 1";

/// What is written about rows.
pub(super) struct Record<'a> {
    version: String,
    operation: &'a str,
    pub(super) recorded_at: String,
    changeset: String,
    redacted: String,
    /// The alias of the row.
    row: &'a str,
    properties: Properties,
    from: String,
    filter: Vec<String>,
}

#[derive(Clone, Copy)]
enum Properties {
    Null,
    Computed,
    Joined(&'static str),
}

/// Writes the statements for one table.
pub(super) struct Records<'a, 'b> {
    pub(super) target: &'a RecordTarget<'b>,
    records: String,
    pub(super) table: String,
    pub(super) next: String,
    pub(super) version: Option<String>,
}

impl<'a, 'b> Records<'a, 'b> {
    pub(super) fn new(target: &'a RecordTarget<'b>) -> Self {
        let sequence = target.regclass(SEQUENCE);
        Self {
            target,
            records: target.inside(target.recording.records),
            table: target.inside(&target.wanted.table.table),
            next: format!("pg_catalog.nextval({sequence})"),
            version: target.version().map(|name| target.dialect.quote(name)),
        }
    }

    fn quote(&self, name: &str) -> String {
        self.target.dialect.quote(name)
    }

    /// `a.key = b.key`.
    pub(super) fn same(&self, a: &str, b: &str) -> String {
        let keys = self.target.wanted.key.iter();
        let tests: Vec<_> = keys
            .map(|key| {
                let (equal, key) = (equality(self.target, key), self.quote(key));
                format!("{a}.{key} {equal} {b}.{key}")
            })
            .collect();
        format!("({})", tests.join(" AND "))
    }

    /// Whether columns differ by their bytes, whatever their types are.
    fn differ<'n>(&self, names: impl Iterator<Item = &'n str>) -> Option<String> {
        let names: Vec<_> = names.map(|name| self.quote(name)).collect();
        let row = |alias: &str| {
            let row: Vec<_> = names.iter().map(|name| format!("{alias}.{name}")).collect();
            format!("ROW({})", row.join(", "))
        };
        (!names.is_empty())
            .then(|| format!("pg_catalog.record_image_ne({}, {})", row("n"), row("o")))
    }

    /// Whether there is something to record about a row that kept its key.
    pub(super) fn changed(&self) -> String {
        let roles = self.target.roles();
        let managed = || {
            let version = roles.version.map(|(name, _)| name);
            version
                .into_iter()
                .chain(roles.updated_at.map(|(name, _)| name))
        };
        let telling = || self.target.telling().map(|column| column.name());
        let skipped = self.differ(self.target.skipped().map(|column| column.name()));
        let Some(skipped) = skipped else {
            let changed = self.differ(telling().chain(managed()));
            return changed.unwrap_or_else(|| "false".into());
        };
        let touched = self
            .differ(managed())
            .map(|touched| format!("({touched} AND NOT {skipped})"));
        let tests: Vec<_> = self.differ(telling()).into_iter().chain(touched).collect();
        match tests.is_empty() {
            true => "false".into(),
            false => format!("({})", tests.join(" OR ")),
        }
    }

    /// An expression of the user's, over a row by the name of the table.
    fn over(&self, row: &str, sql: &str) -> String {
        let name = self.quote(&self.target.wanted.table.table);
        format!("(SELECT ({sql}) FROM (SELECT {row}.*) AS {name})")
    }

    fn condition(&self, row: &str) -> Option<String> {
        self.target
            .recording
            .condition
            .map(|sql| self.over(row, sql))
    }

    /// Whether a row is deleted softly.
    pub(super) fn dead(&self, row: &str, living: &Living<'_>) -> String {
        match living {
            Living::Null(column) => format!("({row}.{} IS NOT NULL)", self.quote(column)),
            Living::Not(column, text) => {
                let equal = equality(self.target, column);
                let (column, text) = (self.quote(column), literal(text));
                format!("({row}.{column} {equal} {text}) IS TRUE")
            }
        }
    }

    fn operation(&self) -> String {
        let Some(living) = self.target.living() else {
            return "'update'".into();
        };
        let (o, n) = (self.dead("o", &living), self.dead("n", &living));
        format!(
            "CASE WHEN ({o}) OPERATOR(pg_catalog.=) ({n}) THEN 'update' WHEN {n} THEN 'soft_delete' ELSE 'restore' END"
        )
    }

    /// The redacted columns that changed.
    fn redacted(&self) -> String {
        let names = self.target.redacted().filter_map(|column| {
            let differ = self.differ(std::iter::once(column.name()))?;
            Some(format!(
                "CASE WHEN {differ} THEN {} END",
                literal(column.name())
            ))
        });
        let names = names.collect::<Vec<_>>().join(", ");
        format!(
            "(SELECT handleref_r FROM pg_catalog.concat_ws(',', {names}) AS handleref_r WHERE handleref_r OPERATOR(pg_catalog.<>) '')"
        )
    }

    /// The newest record of a row. An index scan, one row at a time, on any
    /// number of rows.
    pub(super) fn last(&self, row: &str, before: &str) -> String {
        let computed = self
            .target
            .computed()
            .map(|(property, _)| self.quote(property.name));
        let computed: String = computed.map(|name| format!(", l.{name}")).collect();
        format!(
            "LATERAL (SELECT l.record_version, l.recorded_at{computed} FROM {} AS l WHERE {}{before} ORDER BY l.record_id DESC LIMIT 1) AS last",
            self.records,
            self.same("l", row),
        )
    }

    pub(super) fn record<'r>(
        &self,
        operation: &'r str,
        row: &'r str,
        version: String,
        from: String,
    ) -> Record<'r> {
        Record {
            version,
            operation,
            recorded_at: rising_sql(Kind::Postgres, TimeKind::Plain, "last.recorded_at")
                .into_string(),
            changeset: self.target.changeset_of_change(),
            redacted: "NULL".into(),
            row,
            properties: Properties::Computed,
            from,
            filter: self.condition(row).into_iter().collect(),
        }
    }

    pub(super) fn insert(&self, record: Record<'_>) -> String {
        let target = self.target;
        let columns = target.record_columns();
        let columns: Vec<_> = columns.iter().map(|name| self.quote(name)).collect();
        let mut values = vec![
            match record.operation {
                // It comes before everything else.
                "'baseline'" => format!("OPERATOR(pg_catalog.-) {}", self.next),
                _ => self.next.clone(),
            },
            record.version,
            record.operation.to_owned(),
            record.recorded_at,
            record.changeset,
        ];
        if target.recording.redacts() {
            values.push(record.redacted);
        }
        for column in &target.columns {
            let value = format!("{}.{}", record.row, self.quote(column.name()));
            values.push(column.captured(Kind::Postgres, value));
        }
        for property in target.recording.properties {
            values.push(match (record.properties, property.sql) {
                (Properties::Computed, Some(sql)) => self.over(record.row, sql),
                (Properties::Computed, None) => target.handed(property),
                (Properties::Joined(alias), Some(_)) => {
                    format!("{alias}.{}", self.quote(property.name))
                }
                _ => "NULL".into(),
            });
        }
        let filter = match record.filter.is_empty() {
            true => String::new(),
            false => format!("\nWHERE {}", record.filter.join(" AND ")),
        };
        format!(
            "INSERT INTO {} ({})\nSELECT {}\nFROM {}{filter}",
            self.records,
            columns.join(", "),
            values.join(", "),
            record.from,
        )
    }

    /// The row as it was, for the first record of a row that was there before.
    pub(super) fn baseline(&self, from: &str, filter: impl IntoIterator<Item = String>) -> String {
        let version = match &self.version {
            Some(version) => format!("o.{version}"),
            None => "1".into(),
        };
        let mut record = self.record("'baseline'", "o", version, from.into());
        record.recorded_at = format!(
            "coalesce((SELECT began_at FROM {} WHERE record_table OPERATOR(pg_catalog.=) {}), {})",
            self.target.inside_support(RECORDINGS),
            literal(&self.target.listed()),
            now_sql(Kind::Postgres, TimeKind::Plain),
        );
        record.changeset = "NULL".into();
        record.properties = Properties::Null;
        record.filter.extend(filter);
        record.filter.push(format!(
            "NOT EXISTS (SELECT FROM {} AS l WHERE {})",
            self.records,
            self.same("l", "o")
        ));
        self.insert(record)
    }

    pub(super) fn change(&self, rows: Rows<'_>) -> String {
        let version = match &self.version {
            Some(version) => format!("n.{version}"),
            None => NEXT_VERSION.into(),
        };
        let from = self.with_last(rows.from, "n");
        let operation = self.operation();
        let mut record = self.record(&operation, "n", version, from);
        record.redacted = self.redacted();
        record
            .filter
            .splice(0..0, [self.same("n", "o"), self.changed()]);
        record.filter.extend(rows.when.map(str::to_owned));
        self.insert(record)
    }

    fn with_last(&self, from: &str, row: &str) -> String {
        format!("{from}\nLEFT JOIN {} ON true", self.last(row, ""))
    }

    pub(super) fn delete_records(
        &self,
        from: &str,
        filter: impl IntoIterator<Item = String>,
    ) -> String {
        let version = match &self.version {
            Some(version) => {
                let held = Raw::of_plan(format!("o.{version}::bigint"));
                next_sql(Kind::Postgres, held, 64, &self.target.wanted.table.table).into_string()
            }
            None => NEXT_VERSION.into(),
        };
        let from = self.with_last(from, "o");
        let mut record = self.record("'delete'", "o", version, from);
        record.properties = Properties::Joined("last");
        record.filter.extend(filter);
        self.insert(record)
    }

    /// Rows under a new key. One that was there before goes on with its
    /// versions: then its row has to be amended, see `going_on`.
    pub(super) fn insert_records(&self, from: &str, when: Option<&str>) -> String {
        let version = match &self.version {
            Some(version) => format!("n.{version}"),
            None => NEXT_VERSION.into(),
        };
        let mut record = self.record("'insert'", "n", version, self.with_last(from, "n"));
        if let Some(version) = &self.version {
            let fresh =
                format!("(last.record_version OPERATOR(pg_catalog.<) n.{version}) IS NOT FALSE");
            record.filter.insert(0, fresh);
        }
        record.filter.extend(when.map(str::to_owned));
        self.insert(record)
    }

    /// Whether the newest record of a row is of its version or a later one.
    pub(super) fn below_high_water(&self) -> String {
        let version = self.version.as_deref().unwrap_or("record_version");
        format!("last.record_version OPERATOR(pg_catalog.>=) n.{version}")
    }

    /// Rows whose key has records up to their version or beyond, not counting
    /// those since `$1`: raises their versions, and records them.
    pub(super) fn going_on(&self, from: &str) -> String {
        let Some(version) = &self.version else {
            return String::new();
        };
        let from = format!(
            "{from}\nCROSS JOIN {}",
            self.last("n", " AND l.record_id OPERATOR(pg_catalog.<) $1")
        );
        let below = self.below_high_water();
        // A row of that key may be there still, as the snapshot of the transaction
        // shows it: with records that it does not show. Then locking it fails.
        let seen = format!(
            "SELECT FROM {from}\nCROSS JOIN LATERAL (SELECT FROM {} AS t WHERE {} FOR NO KEY UPDATE) AS t\nWHERE {below}",
            self.table,
            self.same("t", "n"),
        );
        let amend = format!(
            "UPDATE {} AS t SET {version} = {}\nFROM {from}\nWHERE {} AND {below}",
            self.table,
            self.target.next_version("last.record_version"),
            self.same("t", "n"),
        );
        let from = format!(
            "{from}\nJOIN {} AS t ON {}",
            self.table,
            self.same("t", "n")
        );
        let mut record = self.record("'insert'", "t", format!("t.{version}"), from);
        record.filter.insert(0, below);
        let (mark, unmark) = self.marks();
        format!(
            "{}    amending := pg_catalog.current_setting('handleref.amending', true);\n{mark}    \
             PERFORM pg_catalog.set_config('handleref.amending', TG_RELID::pg_catalog.text, true);\n{}    \
             PERFORM pg_catalog.set_config('handleref.amending', coalesce(amending, ''), true);\n{unmark}{}",
            planned(&seen, " USING first"),
            planned(&amend, " USING first"),
            planned(&self.insert(record), " USING first"),
        )
    }

    /// Notes that what follows is a write of the trigger's own, where a setting
    /// alone is not believed; and ends that, unless it was noted before.
    fn marks(&self) -> (String, String) {
        if !self.target.support.is_owned() {
            return Default::default();
        }
        let switches = self.target.inside_support(SWITCHES);
        let mark = format!(
            "    INSERT INTO {switches} (transaction_id, switch, value) VALUES (pg_catalog.pg_current_xact_id(), {AMENDING}, 1) ON CONFLICT DO NOTHING;\n    \
             GET DIAGNOSTICS marked = ROW_COUNT;\n"
        );
        let unmark = format!(
            "    IF marked OPERATOR(pg_catalog.>) 0 THEN\n      DELETE FROM {switches} AS s WHERE {};\n    END IF;\n",
            self.target.noted(AMENDING)
        );
        (mark, unmark)
    }

    /// For a relative's trigger: records the objects whose properties differ
    /// from their newest record. `rows` are the relative's rows that changed,
    /// if they are known.
    pub(super) fn relative(
        &self,
        relative: &str,
        on: &str,
        rows: Option<&str>,
        when: Option<&str>,
    ) -> String {
        let name = self.quote(&self.target.wanted.table.table);
        let objects = match rows {
            None => format!("{} AS t", self.table),
            Some(rows) => {
                let key = self
                    .target
                    .wanted
                    .key
                    .iter()
                    .map(|key| format!("{name}.{}", self.quote(key)));
                format!(
                    "(SELECT DISTINCT ON ({}) {name}.* FROM ({rows}) AS {} JOIN {} AS {name} ON ({on})) AS t",
                    key.collect::<Vec<_>>().join(", "),
                    self.quote(relative),
                    self.table,
                )
            }
        };
        let (mut values, mut now, mut then) = (Vec::new(), Vec::new(), Vec::new());
        for (property, sql) in self.target.computed() {
            let column = self.quote(property.name);
            let sql_type = property.sql_type.on(Kind::Postgres);
            values.push(format!("CAST(({sql}) AS {sql_type}) AS {column}"));
            now.push(format!("p.{column}"));
            then.push(format!("last.{column}"));
        }
        let computed = format!(
            "{objects}\nCROSS JOIN LATERAL (SELECT {} FROM (SELECT t.*) AS {name}) AS p",
            values.join(", ")
        );
        let version = match &self.version {
            Some(version) => format!("t.{version}"),
            None => NEXT_VERSION.into(),
        };
        let mut record = self.record("'relative'", "t", version, self.with_last(&computed, "t"));
        record.changeset = self.target.changeset();
        record.properties = Properties::Joined("p");
        record.filter.push(format!(
            "pg_catalog.record_image_ne(ROW({}), ROW({}))",
            now.join(", "),
            then.join(", ")
        ));
        record.filter.extend(when.map(str::to_owned));
        self.insert(record)
    }
}
