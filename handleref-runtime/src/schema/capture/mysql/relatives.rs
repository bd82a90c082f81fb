//! The triggers on relatives: a change of one may alter the properties of some
//! rows of the model.

use super::named_trigger;
use super::text::{
    AT, Entry, began, charset, computed, counted, insert, now, row_column, variable,
};
use crate::engine::Kind;
use crate::facts::Relative;
use crate::schema::capture::RecordTarget;
use crate::schema::dialect::Trigger;
use crate::schema::live::Live;
use crate::schema::mysql::{LIVE, collated};
use crate::sql::rising_sql;
use crate::time::TimeKind;

pub(super) fn triggers(target: &RecordTarget<'_>) -> Vec<Trigger> {
    let mut triggers = Vec::new();
    if computed(target).next().is_none() {
        return triggers;
    }
    let relatives = target.recording.relatives.iter();
    for (relative, live) in relatives.zip(&target.recorded.relatives) {
        let events: [(&str, &[&str]); 3] = [
            ("insert", &["NEW"]),
            ("update", &["OLD", "NEW"]),
            ("delete", &["OLD"]),
        ];
        for (event, rows) in events {
            triggers.push(named_trigger(
                target,
                target.relative_trigger_name(event, relative.table),
                Some(relative.table),
                &format!("AFTER {}", event.to_uppercase()),
                &body(target, relative, live, rows),
            ));
        }
    }
    triggers
}

/// A variable for a column of the key.
fn key_variable(at: usize) -> String {
    format!("handleref_k{at}")
}

/// What a property was in the last record.
fn past(at: usize) -> String {
    format!("handleref_q{at}")
}

/// The keys of the rows that belong to a row of the relative.
fn keys(target: &RecordTarget<'_>, relative: &Relative, live: &Live, row: &str) -> String {
    let quote = |name: &str| target.dialect.quote(name);
    let columns = live.columns.iter().filter(|column| column.name != LIVE);
    let columns: Vec<String> = columns
        .map(|column| row_column(target, row, &column.name, &column.sql_type))
        .collect();
    let table = target.inside(&target.wanted.table.table);
    let key = target
        .wanted
        .key
        .iter()
        .map(|name| format!("{table}.{}", quote(name)));
    let key: Vec<String> = key.collect();
    let condition = target.recording.condition;
    let condition = condition.map_or(String::new(), |sql| format!(" WHERE (\n{sql}\n)"));
    format!(
        "SELECT {} FROM (SELECT {}) AS {} JOIN {table} ON (\n{}\n){condition}",
        key.join(", "),
        columns.join(", "),
        quote(relative.table),
        relative.on
    )
}

fn body(target: &RecordTarget<'_>, relative: &Relative, live: &Live, rows: &[&str]) -> String {
    let quote = |name: &str| target.dialect.quote(name);
    let table = target.inside(&target.wanted.table.table);
    let records = target.inside(target.recording.records);
    let mut declare = String::from(
        "DECLARE handleref_done BOOLEAN DEFAULT FALSE;\nDECLARE handleref_seen BIGINT;\n",
    );
    if target.lazy {
        declare.push_str("DECLARE handleref_began DATETIME(6);\n");
    }
    declare.push_str(&format!("DECLARE {AT} DATETIME(6);\n"));
    let at = rising_sql(Kind::Mysql, TimeKind::Plain, "recorded_at").into_string();
    let (mut of_row, mut of_record, mut key_variables) = (Vec::new(), Vec::new(), Vec::new());
    for (at, name) in target.wanted.key.iter().enumerate() {
        let column = target.columns.iter().find(|column| column.name() == *name);
        let sql_type = column.map_or("BIGINT", |column| column.sql_type.as_str());
        declare.push_str(&format!("DECLARE {} {sql_type};\n", key_variable(at)));
        of_row.push(format!("{table}.{} = {}", quote(name), key_variable(at)));
        of_record.push(format!("{} = {}", quote(name), key_variable(at)));
        key_variables.push(key_variable(at));
    }
    let (of_row, of_record) = (of_row.join(" AND "), of_record.join(" AND "));
    let (mut now_values, mut now_variables) = (Vec::new(), Vec::new());
    let (mut past_values, mut past_variables) = (
        vec!["record_version".to_owned(), at],
        vec!["handleref_seen".to_owned(), AT.to_owned()],
    );
    let (mut reset, mut same) = (
        vec![format!("handleref_seen = NULL, {AT} = {}", now())],
        Vec::new(),
    );
    for (at, property, sql) in computed(target) {
        let sql_type = property.sql_type.on(Kind::Mysql);
        let charset = charset(sql_type);
        let (present, past) = (variable(at), past(at));
        declare.push_str(&format!("DECLARE {present}, {past} {sql_type}{charset};\n"));
        now_values.push(format!("(\n{sql}\n)"));
        past_values.push(quote(property.name));
        reset.push(format!("{present} = NULL, {past} = NULL"));
        same.push(match collated(&sql_type.to_lowercase()) {
            true => format!("CAST({present} AS BINARY) <=> CAST({past} AS BINARY)"),
            false => format!("{present} <=> {past}"),
        });
        now_variables.push(present);
        past_variables.push(past);
    }
    let cursor: Vec<String> = rows
        .iter()
        .map(|row| keys(target, relative, live, row))
        .collect();
    let last = format!("FROM {records} WHERE {of_record} ORDER BY record_id DESC LIMIT 1");
    // The row itself is read as it is, and so that it stays: with a lock.
    let from = format!(" FROM {table} WHERE {of_row}");
    let insert = |entry: &Entry<'_>, version: &str| {
        let value = |name: &str| format!("{table}.{name}");
        insert(target, entry, version, value, ["SELECT ", &from])
    };
    let version = target
        .version()
        .map(|name| format!("{table}.{}", quote(name)));
    let entry = Entry {
        changeset: target.changeset(),
        ..Entry::now(target, version.clone(), "relative")
    };
    let write = match &version {
        Some(version) => insert(&entry, version),
        None => counted(&last, &insert(&entry, "handleref_last + 1")),
    };
    let baseline = Entry {
        at: "handleref_began",
        changeset: "NULL".into(),
        properties: false,
        ..Entry::now(target, None, "baseline")
    };
    let baseline = match target.lazy {
        true => format!(
            "IF handleref_seen IS NULL THEN\n{}\n{}\nEND IF;\n",
            began(target),
            insert(&baseline, version.as_deref().unwrap_or("1"))
        ),
        false => String::new(),
    };
    let active = target.active();
    format!(
        "BEGIN\n{declare}DECLARE handleref_rows CURSOR FOR {cursor};\n\
         DECLARE CONTINUE HANDLER FOR NOT FOUND SET handleref_done = TRUE;\n\
         IF {active} THEN\nOPEN handleref_rows;\nhandleref_each: LOOP\n\
         FETCH handleref_rows INTO {keys};\nIF handleref_done THEN LEAVE handleref_each; END IF;\n\
         SET {reset};\n\
         SELECT {past_values} INTO {past_variables} {last};\n\
         SELECT {now_values} INTO {now_variables} FROM {table} WHERE {of_row};\n\
         SET handleref_done = FALSE;\n\
         IF NOT ({same}) THEN\n{baseline}{write}\nEND IF;\n\
         END LOOP;\nCLOSE handleref_rows;\nEND IF;\nEND",
        cursor = cursor.join("\nUNION\n"),
        keys = key_variables.join(", "),
        reset = reset.join(", "),
        past_values = past_values.join(", "),
        past_variables = past_variables.join(", "),
        now_values = now_values.join(", "),
        now_variables = now_variables.join(", "),
        same = same.join(" AND "),
    )
}
