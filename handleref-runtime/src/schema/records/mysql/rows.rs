//! The triggers on the table itself.

use super::{ACTIVE, ID, last, same_key};
use crate::engine::Kind;
use crate::record::facts::Property;
use crate::schema::dialect::Living;
use crate::schema::mysql::{LIVE, collated, stored_literal};
use crate::schema::records::support::RECORDINGS;
use crate::schema::records::{RecordColumn, RecordTarget};
use crate::time::{TimeKind, now_sql};

/// What a record says besides the row.
pub(super) struct Said<'a> {
    /// The row's version, or `None` to count on from the last record.
    pub(super) version: Option<String>,
    pub(super) operation: String,
    pub(super) at: &'a str,
    pub(super) changeset: &'a str,
    pub(super) redacted: String,
    /// Whether the properties are in their variables.
    pub(super) properties: bool,
}

pub(super) fn now() -> &'static str {
    now_sql(Kind::Mysql, TimeKind::Plain)
}

impl Said<'_> {
    /// A change that happens now.
    pub(super) fn now(version: Option<String>, operation: &str) -> Self {
        Self {
            version,
            operation: format!("'{operation}'"),
            at: now(),
            changeset: "@handleref_changeset",
            redacted: "NULL".into(),
            properties: true,
        }
    }
}

/// The column list of an `INSERT` into the record table, and its values, with
/// `version` as the record's version and the row's columns as `value` says.
pub(super) fn values(
    target: &RecordTarget<'_>,
    said: &Said<'_>,
    version: &str,
    value: impl Fn(&str) -> String,
) -> (String, String) {
    let columns = target.dialect.quote_all(&target.record_columns());
    let mut values: Vec<String> = vec![
        ID.into(),
        version.into(),
        said.operation.clone(),
        said.at.into(),
        said.changeset.into(),
    ];
    if target.recording.redacts() {
        values.push(said.redacted.clone());
    }
    let column = |column: &RecordColumn| column.captured(value(&target.dialect.quote(column.name())));
    values.extend(target.columns.iter().map(column));
    for (at, property) in target.recording.properties.iter().enumerate() {
        values.push(match said.properties && property.sql.is_some() {
            true => variable(at),
            false => "NULL".into(),
        });
    }
    (columns, values.join(", "))
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
    let generated = target.live.columns.iter().map(|column| column.name.as_str());
    let generated = generated.filter(|name| *name != LIVE && !target.row.iter().any(|(it, _)| it == name));
    let names = target.row.iter().map(|(name, _)| name.as_str()).chain(generated);
    let columns = names.map(|name| {
        let name = target.dialect.quote(name);
        format!("{row}.{name} AS {name}")
    });
    let columns: Vec<String> = columns.collect();
    let table = target.dialect.quote(&target.wanted.table.table);
    format!("(SELECT {}) AS {table}", columns.join(", "))
}

/// Writes one record of `row`, `NEW` or `OLD`.
fn record(target: &RecordTarget<'_>, row: &str, said: &Said<'_>) -> String {
    let insert = |version: &str| {
        let (columns, values) = values(target, said, version, |name| format!("{row}.{name}"));
        let records = target.inside(target.recording.records);
        format!("INSERT INTO {records} ({columns}) VALUES ({values});")
    };
    if let Some(version) = &said.version {
        return insert(version);
    }
    let last = last(target.dialect, target.wanted, &target.recording, row);
    counted(&last, &insert("handleref_last + 1"))
}

/// `insert` with the number after the last record's; if that is taken, because
/// the transaction does not see the last record, then after the one that is
/// last in truth.
pub(super) fn counted(last: &str, insert: &str) -> String {
    format!(
        "BEGIN\n  DECLARE handleref_last BIGINT DEFAULT 0;\n  \
         DECLARE CONTINUE HANDLER FOR NOT FOUND BEGIN END;\n  \
         DECLARE CONTINUE HANDLER FOR 1062 BEGIN\n    \
         SELECT record_version INTO handleref_last {last} FOR UPDATE;\n    {insert}\n  END;\n  \
         SELECT record_version INTO handleref_last {last};\n  {insert}\nEND;"
    )
}

/// Writes the record of a row that was there before recording began, if it has none.
fn baseline(target: &RecordTarget<'_>) -> String {
    if !target.lazy {
        return String::new();
    }
    let version = target.version().map_or("1".to_owned(), |name| old(target, name));
    let said = Said {
        at: "handleref_began",
        changeset: "NULL",
        properties: false,
        ..Said::now(Some(version), "baseline")
    };
    let last = last(target.dialect, target.wanted, &target.recording, "OLD");
    let insert = record(target, "OLD", &said);
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

fn old(target: &RecordTarget<'_>, name: &str) -> String {
    format!("OLD.{}", target.dialect.quote(name))
}

fn new(target: &RecordTarget<'_>, name: &str) -> String {
    format!("NEW.{}", target.dialect.quote(name))
}

/// Goes on only if the model's condition is true of `row`.
fn under_condition(target: &RecordTarget<'_>, row: &str, body: String) -> String {
    let Some(condition) = target.recording.condition else {
        return body;
    };
    format!(
        "SELECT (\n{condition}\n) INTO handleref_is FROM {};\nIF handleref_is IS TRUE THEN\n{body}\nEND IF;",
        derived(target, row)
    )
}

/// Fills the variables of the properties.
fn properties(target: &RecordTarget<'_>, row: &str) -> String {
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
fn last_properties(target: &RecordTarget<'_>) -> String {
    let (into, of): (Vec<String>, Vec<String>) = computed(target)
        .map(|(at, property, _)| (variable(at), target.dialect.quote(property.name)))
        .unzip();
    if into.is_empty() {
        return String::new();
    }
    let last = last(target.dialect, target.wanted, &target.recording, "OLD");
    format!("SELECT {} INTO {} {last};\n", of.join(", "), into.join(", "))
}

/// A trigger's body with the variables that its parts use.
fn body(target: &RecordTarget<'_>, text: &str) -> String {
    let mut declare = String::new();
    if target.recording.condition.is_some() {
        declare.push_str("DECLARE handleref_is BOOLEAN;\n");
    }
    for (at, property, _) in computed(target) {
        let sql_type = property.sql_type.on(Kind::Mysql);
        declare.push_str(&format!("DECLARE {} {sql_type}{};\n", variable(at), charset(sql_type)));
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

/// The record of an insert.
fn inserted(target: &RecordTarget<'_>) -> String {
    let version = target.version().map(|name| new(target, name));
    let insert = record(target, "NEW", &Said::now(version, "insert"));
    under_condition(target, "NEW", format!("{}{insert}", properties(target, "NEW")))
}

/// The record of a delete.
fn deleted(target: &RecordTarget<'_>) -> String {
    let version = target
        .version()
        .map(|name| format!("{} + 1", old(target, name)));
    let delete = record(target, "OLD", &Said::now(version, "delete"));
    let text = format!("{}{}{delete}", baseline(target), last_properties(target));
    under_condition(target, "OLD", text)
}

pub(super) fn insert(target: &RecordTarget<'_>) -> String {
    let text = format!("IF {ACTIVE} THEN\n{}\nEND IF;", inserted(target));
    body(target, &text)
}

pub(super) fn delete(target: &RecordTarget<'_>) -> String {
    let text = format!("IF {ACTIVE} THEN\n{}\nEND IF;", deleted(target));
    body(target, &text)
}

/// Whether columns are as they were, byte by byte; `None` if there are none.
fn same<'a>(
    target: &RecordTarget<'_>,
    columns: impl Iterator<Item = &'a RecordColumn>,
) -> Option<String> {
    let same: Vec<String> = columns.map(|column| same_column(target, column)).collect();
    (!same.is_empty()).then(|| same.join("\n  AND "))
}

fn same_column(target: &RecordTarget<'_>, column: &RecordColumn) -> String {
    let (new, old) = (new(target, column.name()), old(target, column.name()));
    match collated(&column.row_type) {
        true => format!("CAST({new} AS BINARY) <=> CAST({old} AS BINARY)"),
        false => format!("{new} <=> {old}"),
    }
}

/// When an update is recorded: a cheap condition, and one to look at after it.
fn told(target: &RecordTarget<'_>) -> (String, Option<String>) {
    let telling = same(target, target.telling());
    let managed = same(
        target,
        target.columns.iter().filter(|column| target.is_managed(column.name())),
    );
    let skipped = same(target, target.skipped());
    let differ = |same: Option<String>| same.map_or("FALSE".to_owned(), |same| format!("NOT ({same})"));
    if let Some(version) = target.version().filter(|_| target.guard) {
        // The guard has raised the version if anything changed.
        let outer = format!("{} <> {}", new(target, version), old(target, version));
        let inner = skipped.map(|skipped| format!("{} OR ({skipped})", differ(telling)));
        return (outer, inner);
    }
    let others = match skipped {
        Some(skipped) => format!("({} AND {skipped})", differ(managed)),
        None => differ(managed),
    };
    (format!("({} OR {others})", differ(telling)), None)
}

/// `update`, `soft_delete` or `restore`.
fn operation(target: &RecordTarget<'_>) -> String {
    let lives = |row: &str| match target.living() {
        Some(Living::Null(column)) => format!("({row}.{} IS NULL)", target.dialect.quote(column)),
        Some(Living::Not(column, text)) => {
            let column = target.dialect.quote(column);
            format!("(NOT {row}.{column} <=> {})", stored_literal(text))
        }
        None => "TRUE".into(),
    };
    if target.living().is_none() {
        return "'update'".into();
    }
    let (new, old) = (lives("NEW"), lives("OLD"));
    format!("IF({new} = {old}, 'update', IF({new}, 'restore', 'soft_delete'))")
}

/// The names of the redacted columns that changed.
fn redacted(target: &RecordTarget<'_>) -> String {
    let name = |column: &RecordColumn| {
        let (same, name) = (same_column(target, column), stored_literal(column.name()));
        format!("IF({same}, NULL, {name})")
    };
    let names: Vec<String> = target.redacted().map(name).collect();
    match names.is_empty() {
        true => "NULL".into(),
        false => format!("NULLIF(CONCAT_WS(',', {}), '')", names.join(", ")),
    }
}

pub(super) fn update(target: &RecordTarget<'_>) -> String {
    let version = target.version().map(|name| new(target, name));
    let said = Said {
        operation: operation(target),
        redacted: redacted(target),
        ..Said::now(version, "update")
    };
    let write = format!(
        "{}{}{}",
        baseline(target),
        properties(target, "NEW"),
        record(target, "NEW", &said)
    );
    let write = under_condition(target, "NEW", write);
    let (outer, inner) = told(target);
    let write = match inner {
        Some(inner) => format!("IF {inner} THEN\n{write}\nEND IF;"),
        None => write,
    };
    let stays = same_key(target.dialect, &target.wanted.key);
    let (deleted, inserted) = (deleted(target), inserted(target));
    let moved = format!("IF {stays} THEN\n{write}\nELSE\n{deleted}\n{inserted}\nEND IF;");
    let risky = risky(target);
    let (usual, rest) = match risky.is_empty() {
        true => (stays.clone(), format!("NOT ({stays})")),
        false => {
            let same: Vec<String> = risky.iter().map(|name| same_value(target, name, "NEW")).collect();
            (format!("{stays} AND {}", same.join(" AND ")), format!("({outer} OR NOT ({stays}))"))
        }
    };
    let text = format!(
        "IF {outer} AND {ACTIVE} AND {usual} THEN\n{write}\nELSEIF {ACTIVE} AND {rest} THEN\n{}\nEND IF;",
        unless_ignored(target, &risky, &moved)
    );
    body(target, &text)
}

/// Columns besides the key for whose sake the engine may refuse an update.
fn risky(target: &RecordTarget<'_>) -> Vec<String> {
    let unique = target.live.indexes.iter().filter(|index| index.unique);
    let mut names: Vec<&str> = unique
        .flat_map(|index| index.columns.iter().map(String::as_str))
        .chain(super::known(target, "bound").map(|[name, ..]| name))
        .collect();
    if names.contains(&LIVE) {
        let roles = target.roles();
        names.extend(roles.deleted_at.map(|(name, _)| name));
        names.extend(roles.status);
    }
    names.sort_unstable();
    names.dedup();
    names.retain(|name| {
        let there = target.row.iter().any(|(column, _)| column == name);
        there && !target.wanted.key.contains(name)
    });
    names.into_iter().map(str::to_owned).collect()
}

/// Whether a column of the table is in `row` as it was, byte by byte.
fn same_value(target: &RecordTarget<'_>, name: &str, row: &str) -> String {
    let sql_type = target.row.iter().find(|(column, _)| column == name);
    let name = target.dialect.quote(name);
    match sql_type.is_some_and(|(_, sql_type)| collated(sql_type)) {
        true => format!("CAST({row}.{name} AS BINARY) <=> CAST(OLD.{name} AS BINARY)"),
        false => format!("{row}.{name} <=> OLD.{name}"),
    }
}

/// MariaDB runs the trigger for rows, too, that `UPDATE IGNORE` left as they
/// were because the engine refused them. Then the old row is still there.
fn unless_ignored(target: &RecordTarget<'_>, risky: &[String], write: &str) -> String {
    let table = target.inside(&target.wanted.table.table);
    let key = target.wanted.key.iter().map(|name| {
        let name = target.dialect.quote(name);
        format!("handleref_t.{name} = OLD.{name}")
    });
    let risky = risky.iter().map(|name| same_value(target, name, "handleref_t"));
    let all: Vec<String> = key.chain(risky).collect();
    format!(
        "BEGIN\nDECLARE handleref_ignored BIGINT;\n\
         SELECT COUNT(*) INTO handleref_ignored FROM {table} AS handleref_t WHERE {};\n\
         IF handleref_ignored = 0 THEN\n{write}\nEND IF;\nEND;",
        all.join(" AND ")
    )
}

/// Lets the versions of a key that was there before go on. `REPLACE` runs this
/// before it deletes the row that it replaces, which takes a version, too.
pub(super) fn continued(target: &RecordTarget<'_>) -> String {
    let Some(version) = target.version() else {
        return String::new();
    };
    let last = last(target.dialect, target.wanted, &target.recording, "NEW");
    let (new_version, column) = (new(target, version), target.dialect.quote(version));
    let mut look = format!(
        "SELECT record_version, record_version + IF(record_operation = 'delete', 1, 2) INTO handleref_last, handleref_next {last};"
    );
    if target.lazy {
        // The row may be there, and have no record yet.
        let key = |name: &&str| format!("{} = {}", target.dialect.quote(name), new(target, name));
        let key: Vec<String> = target.wanted.key.iter().map(key).collect();
        look.push_str(&format!(
            "\nIF handleref_last IS NULL THEN\nSELECT {column}, {column} + 2 INTO handleref_last, handleref_next FROM {} WHERE {};\nEND IF;",
            target.inside(&target.wanted.table.table),
            key.join(" AND ")
        ));
    }
    // A key that the engine is about to choose has no past.
    let automatic: Vec<&str> = super::known(target, "automatic").map(|[name, ..]| name).collect();
    let chosen = target.wanted.key.iter().find(|name| automatic.contains(name));
    let known = chosen.map_or("TRUE".to_owned(), |name| format!("{} <> 0", new(target, name)));
    format!(
        "BEGIN\nDECLARE handleref_last, handleref_next BIGINT;\nDECLARE CONTINUE HANDLER FOR NOT FOUND BEGIN END;\n\
         IF {ACTIVE} AND {known} THEN\n{look}\n\
         IF handleref_last IS NOT NULL AND ({new_version} > handleref_last) IS NOT TRUE THEN\nSET {new_version} = handleref_next;\nEND IF;\n\
         END IF;\nEND"
    )
}
