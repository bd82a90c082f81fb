//! The parts of the triggers' texts.

use super::last;
use crate::engine::Kind;
use crate::facts::Property;
use crate::schema::capture::support::RECORDINGS;
use crate::schema::capture::{RecordColumn, RecordTarget};
use crate::schema::mysql::{LIVE, collated, stored_literal};
use crate::sql::{Raw, now_sql, rising_sql};
use crate::time::TimeKind;

/// What a record says besides the row.
pub(super) struct Entry<'a> {
    /// The row's version, or `None` to count on from the last record.
    pub(super) version: Option<String>,
    pub(super) operation: String,
    pub(super) at: &'a str,
    pub(super) changeset: String,
    pub(super) redacted: String,
    /// Whether the properties are in their variables.
    pub(super) properties: bool,
}

/// The variable of the time of what is recorded now.
pub(super) const AT: &str = "handleref_at";

pub(super) fn now() -> &'static str {
    now_sql(Kind::Mysql, TimeKind::Plain)
}

impl Entry<'_> {
    /// A change that happens now.
    pub(super) fn now(target: &RecordTarget<'_>, version: Option<String>, operation: &str) -> Self {
        Self {
            version,
            operation: format!("'{operation}'"),
            at: AT,
            changeset: target.changeset_of_change(),
            redacted: "NULL".into(),
            properties: true,
        }
    }
}

/// Statements that take the number of the next record, and the number.
fn number(target: &RecordTarget<'_>) -> (String, String) {
    let schema = target.live.schema.as_ref();
    let schema = schema.map(|_| target.support.schema.as_str());
    target.support.take(target.dialect, schema)
}

/// The statements that write a record: `INSERT` with the columns and values, and
/// `rest` of it after them.
pub(super) fn insert(
    target: &RecordTarget<'_>,
    entry: &Entry<'_>,
    version: &str,
    value: impl Fn(&str) -> String,
    [before, after]: [&str; 2],
) -> String {
    let (take, _) = number(target);
    let (columns, values) = values(target, entry, version, value);
    let records = target.inside(target.recording.records);
    format!("{take}INSERT INTO {records} ({columns}) {before}{values}{after};")
}

/// The column list of an `INSERT` into the record table, and its values, with
/// `version` as the record's version and the row's columns as `value` says.
fn values(
    target: &RecordTarget<'_>,
    entry: &Entry<'_>,
    version: &str,
    value: impl Fn(&str) -> String,
) -> (String, String) {
    let (_, number) = number(target);
    let mut values: Vec<String> = vec![
        match entry.operation.as_str() {
            // It comes before everything else.
            "'baseline'" => format!("-{number}"),
            _ => number,
        },
        version.into(),
        entry.operation.clone(),
        entry.at.into(),
        entry.changeset.clone(),
    ];
    if target.recording.redacts() {
        values.push(entry.redacted.clone());
    }
    let column = |column: &RecordColumn| {
        column.captured(Kind::Mysql, value(&target.dialect.quote(column.name())))
    };
    values.extend(target.columns.iter().map(column));
    for (at, property) in target.recording.properties.iter().enumerate() {
        values.push(match (entry.properties, property.sql) {
            (true, Some(_)) => variable(at),
            (true, None) => target.handed(property),
            (false, _) => "NULL".into(),
        });
    }
    if target.has_life_column() {
        values.push(match entry.operation.as_str() {
            "'insert'" => version.into(),
            _ => "NULL".into(),
        });
    }
    // What is null is so by itself, and costs less than a value that says it.
    let columns = target.record_columns().into_iter();
    let said = columns.zip(values).filter(|(_, value)| value != "NULL");
    let (columns, values): (Vec<&str>, Vec<String>) = said.unzip();
    (target.dialect.quote_all(&columns), values.join(", "))
}

/// The variable of a property.
pub(super) fn variable(at: usize) -> String {
    format!("handleref_p{at}")
}

/// The properties that the database computes, with their places.
pub(super) fn computed<'a>(
    target: &'a RecordTarget<'_>,
) -> impl Iterator<Item = (usize, &'a Property, &'static str)> + 'a {
    let properties = target.recording.properties.iter().enumerate();
    properties.filter_map(|(at, property)| Some((at, property, property.sql?)))
}

/// The table's name over one row, for SQL that the model says.
fn derived(target: &RecordTarget<'_>, row: &str) -> String {
    let generated = target
        .live
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column.sql_type.as_str()));
    let generated =
        generated.filter(|(name, _)| *name != LIVE && !target.row.iter().any(|(it, _)| it == name));
    let columns = target
        .row
        .iter()
        .map(|(name, sql_type)| (name.as_str(), sql_type.as_str()))
        .chain(generated);
    let columns: Vec<String> = columns
        .map(|(name, sql_type)| row_column(target, row, name, sql_type))
        .collect();
    let table = target.dialect.quote(&target.wanted.table.table);
    format!("(SELECT {}) AS {table}", columns.join(", "))
}

/// A column of `NEW` or `OLD` in a derived table of one row. MariaDB crashes if
/// it makes that table's column after a `TEXT` or `BLOB` of the row itself, whose
/// value of another statement it copies as the default; after an expression it
/// does not.
pub(super) fn row_column(
    target: &RecordTarget<'_>,
    row: &str,
    name: &str,
    sql_type: &str,
) -> String {
    let name = target.dialect.quote(name);
    let long = [
        "text", "blob", "json", "geometry", "point", "line", "polygon",
    ];
    match long.iter().any(|part| sql_type.contains(part)) {
        true => format!("IFNULL({row}.{name}, NULL) AS {name}"),
        false => format!("{row}.{name} AS {name}"),
    }
}

/// Writes one record of `row`, `NEW` or `OLD`.
pub(super) fn record(target: &RecordTarget<'_>, row: &str, entry: &Entry<'_>) -> String {
    let insert = |version: &str| {
        let value = |name: &str| format!("{row}.{name}");
        insert(target, entry, version, value, ["VALUES (", ")"])
    };
    let last = last(target.dialect, target.wanted, &target.recording, row);
    let Some(version) = &entry.version else {
        return counted(&last, &insert("handleref_last + 1"));
    };
    if entry.at != AT {
        return insert(version);
    }
    // Reading the last record costs as much as writing one; so it is read only if
    // the row says that it may be later than the clock.
    let now = now();
    let updated_at = target.roles().updated_at.map(|(name, _)| old(target, name));
    let doubt = match (entry.operation.as_str(), updated_at) {
        ("'insert'", _) => format!("{version} > 1"),
        (_, Some(updated_at)) => format!("({updated_at} <= {now}) IS NOT TRUE"),
        (_, None) => "TRUE".into(),
    };
    format!(
        "BEGIN\n  DECLARE {AT} DATETIME(6) DEFAULT {now};\n  IF {doubt} THEN\n    \
         SELECT {} INTO {AT};\n  END IF;\n  {}\nEND;",
        rising_sql(
            Kind::Mysql,
            TimeKind::Plain,
            Raw::of_plan(format!("(SELECT recorded_at {last})"))
        ),
        insert(version)
    )
}

/// `insert` with the number after the last record's; if that is taken, because
/// the transaction does not see the last record, then after the one that is
/// last in truth.
pub(super) fn counted(last: &str, insert: &str) -> String {
    let at = rising_sql(Kind::Mysql, TimeKind::Plain, "recorded_at");
    let read = format!("SELECT record_version, {at} INTO handleref_last, {AT} {last}");
    format!(
        "BEGIN\n  DECLARE handleref_last BIGINT DEFAULT 0;\n  DECLARE {AT} DATETIME(6) DEFAULT {};\n  \
         DECLARE CONTINUE HANDLER FOR NOT FOUND BEGIN END;\n  \
         DECLARE CONTINUE HANDLER FOR 1062 BEGIN\n    \
         {read} FOR UPDATE;\n    {insert}\n  END;\n  \
         {read};\n  {insert}\nEND;",
        now()
    )
}

/// Writes the record of a row that was there before recording began, if it has none.
pub(super) fn baseline(target: &RecordTarget<'_>) -> String {
    if !target.lazy {
        return String::new();
    }
    let version = target
        .version()
        .map_or("1".to_owned(), |name| old(target, name));
    let entry = Entry {
        at: "handleref_began",
        changeset: "NULL".into(),
        properties: false,
        ..Entry::now(target, Some(version), "baseline")
    };
    let last = last(target.dialect, target.wanted, &target.recording, "OLD");
    let insert = record(target, "OLD", &entry);
    format!(
        "BEGIN\n  DECLARE handleref_known BIGINT;\n  DECLARE handleref_began DATETIME(6);\n  \
         SELECT (SELECT record_id {last}) INTO handleref_known;\n  IF handleref_known IS NULL THEN\n    \
         {}\n    {insert}\n  END IF;\nEND;\n",
        began(target)
    )
}

/// Reads when recording began.
pub(super) fn began(target: &RecordTarget<'_>) -> String {
    format!(
        "SELECT COALESCE(MIN(began_at), {}) INTO handleref_began FROM {} WHERE record_table = {};",
        now(),
        target.inside_support(RECORDINGS),
        stored_literal(&target.listed())
    )
}

pub(super) fn old(target: &RecordTarget<'_>, name: &str) -> String {
    format!("OLD.{}", target.dialect.quote(name))
}

pub(super) fn new(target: &RecordTarget<'_>, name: &str) -> String {
    format!("NEW.{}", target.dialect.quote(name))
}

/// Goes on only if the model's condition is true of `row`.
pub(super) fn under_condition(target: &RecordTarget<'_>, row: &str, body: String) -> String {
    let Some(condition) = target.recording.condition else {
        return body;
    };
    format!(
        "SELECT (\n{condition}\n) INTO handleref_is FROM {};\nIF handleref_is IS TRUE THEN\n{body}\nEND IF;",
        derived(target, row)
    )
}

/// Fills the variables of the properties.
pub(super) fn properties(target: &RecordTarget<'_>, row: &str) -> String {
    let (into, of): (Vec<String>, Vec<String>) = computed(target)
        .map(|(at, _, sql)| (variable(at), format!("(\n{sql}\n)")))
        .unzip();
    if into.is_empty() {
        return String::new();
    }
    format!(
        "SELECT {} INTO {} FROM {};\n",
        of.join(", "),
        into.join(", "),
        derived(target, row)
    )
}

/// Takes the properties from the last record.
pub(super) fn last_properties(target: &RecordTarget<'_>) -> String {
    let (into, of): (Vec<String>, Vec<String>) = computed(target)
        .map(|(at, property, _)| (variable(at), target.dialect.quote(property.name)))
        .unzip();
    if into.is_empty() {
        return String::new();
    }
    let last = last(target.dialect, target.wanted, &target.recording, "OLD");
    format!(
        "SELECT {} INTO {} {last};\n",
        of.join(", "),
        into.join(", ")
    )
}

/// A trigger's body with the variables that its parts use.
pub(super) fn body(target: &RecordTarget<'_>, text: &str) -> String {
    let mut declare = String::new();
    if target.recording.condition.is_some() {
        declare.push_str("DECLARE handleref_is BOOLEAN;\n");
    }
    for (at, property, _) in computed(target) {
        let sql_type = property.sql_type.on(Kind::Mysql);
        declare.push_str(&format!(
            "DECLARE {} {sql_type}{};\n",
            variable(at),
            charset(sql_type)
        ));
    }
    if text.contains("SELECT ") && computed(target).next().is_some() {
        declare.push_str("DECLARE CONTINUE HANDLER FOR NOT FOUND BEGIN END;\n");
    }
    format!("BEGIN\n{declare}{text}\nEND")
}

/// A variable has the character set of the database, unless it says one.
pub(super) fn charset(sql_type: &str) -> &'static str {
    match collated(&sql_type.to_lowercase()) && !sql_type.to_uppercase().contains("CHARACTER SET") {
        true => " CHARACTER SET utf8mb4",
        false => "",
    }
}
