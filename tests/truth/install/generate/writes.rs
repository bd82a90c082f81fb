//! What is written to a random table, and how many records that leaves.

use super::{Column, Generator, Model};
use crate::support::Engine;
use handleref::__private::Roles;
use handleref::__private::facts::{Capture, Recording};
use handleref::schema::ModelSchema;

/// What is needed to write to a table.
pub(super) struct Written {
    pub(super) key: Vec<&'static str>,
    pub(super) keys: [Vec<&'static str>; 3],
    pub(super) names: Vec<&'static str>,
    pub(super) values: Vec<&'static str>,
    pub(super) roles: Roles,
    pub(super) columns: Vec<Column>,
    pub(super) integer_key: Option<&'static str>,
}

impl Generator {
    pub(super) fn described(
        &mut self,
        table: &'static str,
        ddl: String,
        schema: ModelSchema,
        recording: Option<Recording>,
        it: &Written,
    ) -> Model {
        let rows = self.dice.roll(3);
        let quoted = self.quote(table);
        let names = self.list(&[it.key.clone(), it.names.clone(), vec!["note"]].concat());
        let row = |at: usize| {
            let values = [it.keys[at].clone(), it.values.clone(), vec!["'old'"]]
                .concat()
                .join(", ");
            format!("INSERT INTO {quoted} ({names}) VALUES ({values})")
        };
        let here = |at: usize| {
            let key = it.key.iter().zip(&it.keys[at]);
            let key: Vec<String> = key
                .map(|(name, value)| format!("{} = {value}", self.quote(name)))
                .collect();
            key.join(" AND ")
        };
        let set = |what: &str, at: usize| format!("UPDATE {quoted} SET {what} WHERE {}", here(at));
        let note = self.quote("note");
        let mut writes = vec![
            (row(2), 1),
            (set(&format!("{note} = 'new'"), 2), 1),
            (set(&format!("{note} = {note}"), 2), 0),
        ];
        for column in &it.columns {
            let count = i64::from(!matches!(column.captured, Capture::Skipped(_)));
            let set = set(
                &format!("{} = {}", self.quote(column.name), column.kind.values[1]),
                2,
            );
            writes.push((set, count));
        }
        let now = match self.engine {
            Engine::Sqlite => "'2031-01-01 00:00:00'",
            _ => "TIMESTAMP '2031-01-01 00:00:00'",
        };
        if let Some((deleted_at, _)) = it.roles.deleted_at {
            let deleted_at = self.quote(deleted_at);
            writes.push((set(&format!("{deleted_at} = {now}"), 2), 1));
            writes.push((set(&format!("{deleted_at} = NULL"), 2), 1));
        }
        if let Some(status) = it.roles.status {
            let gone = it.roles.deleted_status.unwrap_or("gone");
            let escaped = match self.engine {
                Engine::Mysql => gone.replace('\\', "\\\\"),
                _ => gone.to_owned(),
            };
            writes.push((
                set(
                    &format!("{} = '{}'", self.quote(status), escaped.replace('\'', "''")),
                    2,
                ),
                1,
            ));
        }
        writes.push((format!("DELETE FROM {quoted} WHERE {}", here(2)), 1));
        let rows: Vec<String> = (0..rows)
            .map(|at| row(usize::try_from(at).unwrap()))
            .collect();
        Model {
            table,
            records: recording.map(|it| it.records),
            ddl,
            first_change: (!rows.is_empty()).then(|| set(&format!("{note} = 'newer'"), 0)),
            rows,
            schema,
            has_relative: recording.is_some_and(|it| !it.relatives.is_empty()),
            requires_changeset: recording.is_some_and(|it| it.requires_changeset),
            writes,
            integer_key: it.integer_key,
        }
    }
}
