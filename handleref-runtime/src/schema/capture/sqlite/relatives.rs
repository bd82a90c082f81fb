//! The triggers on relatives: a property may have changed.

use super::named;
use super::write::{Writer, at, or};
use crate::engine::Kind;
use crate::facts::{Property, Relative};
use crate::schema::capture::support::CONTEXT;
use crate::schema::dialect::{Dialect, Trigger};
use crate::schema::live::Live;

pub(super) fn triggers(writer: &Writer<'_>) -> Vec<Trigger> {
    let target = writer.target;
    if target.computed().next().is_none() {
        return Vec::new();
    }
    let mut triggers = Vec::new();
    let relatives = target
        .recording
        .relatives
        .iter()
        .zip(&target.recorded.relatives);
    for (relative, live) in relatives {
        for (kind, sides) in [
            ("insert", &["NEW"][..]),
            ("update", &["NEW", "OLD"]),
            ("delete", &["OLD"]),
        ] {
            let name = target.relative_trigger_name(kind, relative.table);
            let body = body(writer, relative, live, kind, sides);
            triggers.push(named(
                writer.dialect,
                target,
                name,
                Some(relative.table.into()),
                &body,
            ));
        }
    }
    triggers
}

fn body(
    writer: &Writer<'_>,
    relative: &Relative,
    live: &Live,
    kind: &str,
    sides: &[&str],
) -> String {
    let (dialect, target) = (writer.dialect, writer.target);
    let (table, on) = (writer.table(), dialect.quote(relative.table));
    let names: Vec<String> = live
        .columns
        .iter()
        .map(|it| dialect.quote(&it.name))
        .collect();
    let row = |side: &&str| {
        let columns: Vec<String> = names
            .iter()
            .map(|it| format!("{side}.{it} AS {it}"))
            .collect();
        format!("SELECT {}", columns.join(", "))
    };
    let rows: Vec<String> = sides.iter().map(row).collect();
    let key = |prefix: &str| {
        let key = target.wanted.key.iter();
        let key: Vec<String> = key
            .map(|it| format!("{prefix}.{}", dialect.quote(it)))
            .collect();
        match key.len() {
            1 => key.concat(),
            _ => format!("({})", key.join(", ")),
        }
    };
    let selected = key(&table);
    let selected = selected.trim_start_matches('(').trim_end_matches(')');
    // The objects that the row belongs to, or did.
    let touched = format!(
        "{} IN (SELECT {selected} FROM ({}) AS {on} JOIN {table} ON ({}))",
        key(&table),
        rows.join(" UNION ALL "),
        relative.on
    );
    let last = |expression: &str| writer.last(expression, &table);
    let value = |it: &Property| match it.sql {
        Some(sql) => format!("({sql})"),
        None => last(&dialect.quote(it.name)),
    };
    let held = |name: &str| format!("{table}.{}", dialect.quote(name));
    let mut values: Vec<String> = target
        .columns
        .iter()
        .map(|column| column.captured(Kind::Sqlite, held(column.name())))
        .collect();
    let condition = target
        .recording
        .condition
        .map(|it| format!(" AND ({it})"))
        .unwrap_or_default();
    let rest = format!(
        "FROM {table} WHERE {} AND {touched}{condition}",
        writer.active()
    );
    let tick = format!(
        "  UPDATE {CONTEXT} SET tick = max(tick, ifnull((SELECT max(record_id) FROM {0}), 0), ifnull(-(SELECT min(record_id) FROM {0}), 0));\n",
        writer.records()
    );
    let mut text = writer.ticks(0);
    let id = format!("(SELECT tick FROM {CONTEXT}) + row_number() OVER ()");
    let version = target.version().map(held);
    let columns = dialect.quote_all(&target.record_columns());
    let mut insert = |version: String,
                      operation: &str,
                      at: &str,
                      changeset: &str,
                      values: &[String],
                      rest: &str| {
        let redacted = if target.recording.redacts() {
            "NULL, "
        } else {
            ""
        };
        // A baseline comes before everything else.
        let sign = if operation == "baseline" { "-" } else { "" };
        text += &format!(
            "  INSERT INTO {} ({columns})\n    SELECT {sign}({id}), {version}, '{operation}', {at}, {changeset}, {redacted}{}\n    {rest};\n{tick}",
            writer.records(),
            values.join(", "),
        );
    };
    if target.lazy {
        let first = writer.beginning(0, version.clone().unwrap_or_else(|| "1".into()));
        let nulls = target
            .recording
            .properties
            .iter()
            .map(|_| "NULL".to_owned());
        let values: Vec<String> = values.iter().cloned().chain(nulls).collect();
        let rest = format!("{rest} AND {} IS NULL", last("record_id"));
        insert(first.version, "baseline", &first.at, "NULL", &values, &rest);
    }
    let changed = target.computed().map(|(property, sql)| {
        let last = last(&dialect.quote(property.name));
        format!("({sql}) COLLATE BINARY IS NOT {last}")
    });
    let rest = format!("{rest} AND {}", or(&changed.collect::<Vec<_>>()));
    values.extend(target.recording.properties.iter().map(value));
    let version = version.unwrap_or_else(|| format!("ifnull({}, 0) + 1", last("record_version")));
    let changeset = target.changeset();
    insert(version, "relative", &at(), &changeset, &values, &rest);
    let verb = kind.to_uppercase();
    let differs = names
        .iter()
        .map(|it| format!("NEW.{it} COLLATE BINARY IS NOT OLD.{it}"));
    let when = match kind {
        "update" => format!("\nWHEN {}", or(&differs.collect::<Vec<_>>())),
        _ => String::new(),
    };
    format!("AFTER {verb} ON {on} FOR EACH ROW{when}\nBEGIN\n{text}END")
}
