//! Random descriptions of models, as `schema!` hands them to the runtime, with
//! the tables that they describe.

use super::columns::{Kind, kinds};
use crate::support::Engine;
use crate::support::dice::Dice;
use handleref::__private::facts::{Capture, Property, RecordedColumn, Recording, Relative};
use handleref::__private::{Roles, TimeKind, types};
use handleref::schema::ModelSchema;

mod key;
mod writes;

use key::Key;
use writes::Written;

/// Descriptions are constants of the derive; here they are made at run time.
fn forever(text: impl Into<String>) -> &'static str {
    Box::leak(text.into().into_boxed_str())
}

fn all<T>(things: Vec<T>) -> &'static [T] {
    Box::leak(things.into_boxed_slice())
}

/// A model, its table, and what can be written to it.
pub(super) struct Model {
    pub(super) table: &'static str,
    pub(super) records: Option<&'static str>,
    pub(super) ddl: String,
    /// Rows that are there before.
    pub(super) rows: Vec<String>,
    pub(super) schema: ModelSchema,
    pub(super) requires_changeset: bool,
    pub(super) has_relative: bool,
    /// An insert, an update, one that changes nothing, a soft delete, a delete,
    /// and how many records each leaves.
    pub(super) writes: Vec<(String, i64)>,
    /// An update of a row that was there before.
    pub(super) first_change: Option<String>,
    integer_key: Option<&'static str>,
}

struct Column {
    name: &'static str,
    kind: &'static Kind,
    captured: Capture,
}

pub(super) struct Generator {
    pub(super) engine: Engine,
    pub(super) dice: Dice,
}

impl Generator {
    fn one_in(&mut self, sides: i32) -> bool {
        self.dice.roll(sides) == 0
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        let at = self.dice.roll(i32::try_from(of.len()).unwrap());
        of[usize::try_from(at).unwrap()]
    }

    pub(super) fn quote(&self, name: &str) -> String {
        let mark = match self.engine {
            Engine::Mysql => '`',
            _ => '"',
        };
        let doubled = name.replace(mark, &format!("{mark}{mark}"));
        format!("{mark}{doubled}{mark}")
    }

    fn table_name(&mut self, at: usize) -> String {
        match self.dice.roll(8) {
            0 => format!("Müll Eimer {at}"),
            1 => format!("we\"ird{at}"),
            2 => format!("select_{at}"),
            3 => format!("it's {at}"),
            4 => format!("{}{at}", "long_name_".repeat(5)),
            _ => format!("model_{at}"),
        }
    }

    /// SQL over the table that is true of every row, with texts and comments
    /// that a server may write down in another way than they were written.
    fn truth(&mut self, table: &str) -> String {
        let table = self.quote(table);
        let key = format!("{table}.{} IS NOT NULL", self.quote("note"));
        let text = match (self.engine, self.dice.roll(7)) {
            (_, 0) => "'it''s' <> 'ü'".to_owned(),
            (_, 1) => "/* 'why' */ 'a' <> 'b' -- so\n".to_owned(),
            (Engine::Mysql, 2) => "_utf8mb4'x' <> _utf8mb4 x'C3BC'".to_owned(),
            (Engine::Mysql, 3) => "\"say \"\"so\"\"\" <> 'a\\n\\'b\\\\'".to_owned(),
            (Engine::Mysql, 4) => "0x41 <> N'b' AND b'01' = 1".to_owned(),
            (Engine::Postgres, 2) => "E'a\\n' <> $x$b$handleref$ $x$".to_owned(),
            (_, 5) => "'a\n  b' <> ''".to_owned(),
            _ => "1 = 1".to_owned(),
        };
        match self.one_in(2) {
            true => format!("{text} AND ({key} OR {key} IS NOT TRUE)"),
            false => format!("({text})"),
        }
    }

    pub(super) fn model(&mut self, at: usize, others: &[Model]) -> Model {
        let table = forever(self.table_name(at));
        let Key {
            names: key,
            mut definitions,
            values: keys,
            integer: integer_key,
        } = self.key();
        let mut constraints = match key.len() {
            0 => Vec::new(),
            _ => vec![format!("PRIMARY KEY ({})", self.list(&key))],
        };
        let (mut columns, mut names, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for at in 0..1 + self.dice.roll(5) {
            let kinds = kinds(self.engine);
            let kind = &kinds
                [usize::try_from(self.dice.roll(i32::try_from(kinds.len()).unwrap())).unwrap()];
            let name = match self.dice.roll(6) {
                0 => forever(format!("Order {at}")),
                1 => forever(format!("ä'{at}")),
                _ => forever(format!("c{at}")),
            };
            let generated = self.engine;
            let constant = match (generated, kind.ddl) {
                (Engine::Mysql, "TEXT" | "LONGTEXT" | "BLOB" | "JSON") => None,
                (_, _) if kind.values[0].contains('(') => None,
                _ => Some(kind.values[0]),
            };
            let null = match (self.dice.roll(3), constant) {
                (0, Some(constant)) if kind.ddl != "TIMESTAMP NULL" => {
                    format!(" NOT NULL DEFAULT {constant}")
                }
                _ => String::new(),
            };
            definitions.push(format!("{} {}{null}", self.quote(name), kind.ddl));
            let captured = match self.dice.roll(6) {
                0 => Capture::Skipped(self.placeholder(kind)),
                1 => Capture::Redacted(self.placeholder(kind)),
                _ => Capture::Value,
            };
            names.push(name);
            values.push(kind.values[0]);
            columns.push(Column {
                name,
                kind,
                captured,
            });
        }
        // What every model has: a text that writes change.
        let note = match self.engine {
            Engine::Mysql => "VARCHAR(60)",
            _ => "TEXT",
        };
        definitions.push(format!("{} {note}", self.quote("note")));
        if self.one_in(5) {
            let virtually = match self.engine {
                Engine::Postgres => "STORED",
                _ => self.pick(&["STORED", "VIRTUAL"]),
            };
            let expression = match self.engine {
                Engine::Mysql => "concat(`note`, '+')",
                _ => "\"note\" || '+'",
            };
            definitions.push(format!(
                "{} {note} GENERATED ALWAYS AS ({expression}) {virtually}",
                self.quote("computed")
            ));
        }
        let roles = self.roles(&mut definitions);
        let unique: &'static [&'static [&'static str]] = match self.dice.roll(6) {
            0 if !self.needs_deleted_at(&roles) => &[&["slug"]],
            1 if !self.needs_deleted_at(&roles) => &[&["slug", "part"], &["part"]],
            _ => &[],
        };
        let slug = match self.engine {
            Engine::Mysql => "VARCHAR(60)",
            _ => "TEXT",
        };
        if !unique.is_empty() {
            definitions.push(format!("{} {slug}", self.quote("slug")));
            definitions.push(format!("{} INTEGER", self.quote("part")));
        }
        if self.one_in(6) {
            definitions.push(format!("{} {slug}", self.quote("email")));
            constraints.push(format!("UNIQUE ({})", self.quote("email")));
        }
        let parent = others
            .iter()
            .rev()
            .find(|it| it.integer_key == Some("INTEGER"))
            .filter(|_| self.one_in(4));
        if let Some(parent) = parent {
            definitions.push(format!("{} INTEGER", self.quote("parent_ref")));
            constraints.push(format!(
                "FOREIGN KEY ({}) REFERENCES {} ({})",
                self.quote("parent_ref"),
                self.quote(parent.table),
                self.quote("id")
            ));
        }
        definitions.append(&mut constraints);
        let ddl = format!(
            "CREATE TABLE {} ({})",
            self.quote(table),
            definitions.join(", ")
        );

        let mut schema = ModelSchema::described(
            forever(format!("Model{at}")),
            &self.quote(table),
            roles,
            all(key.clone()),
        )
        .with_unique(unique);
        let recording =
            (!self.one_in(6)).then(|| self.recording(table, &key, &columns, roles, others));
        if let Some(recording) = recording {
            schema = schema.with_recording(recording);
        }
        self.described(
            table,
            ddl,
            schema,
            recording,
            &Written {
                key,
                keys,
                names,
                values,
                roles,
                columns,
                integer_key,
            },
        )
    }

    fn list(&self, names: &[&str]) -> String {
        names
            .iter()
            .map(|name| self.quote(name))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// What stands in a snapshot for a value that is not kept.
    fn placeholder(&mut self, kind: &'static Kind) -> Option<&'static str> {
        self.one_in(2).then_some(kind.values[1])
    }

    fn roles(&mut self, definitions: &mut Vec<String>) -> Roles {
        let mut roles = Roles::NONE;
        let (time, now) = match self.engine {
            Engine::Sqlite => (
                "TIMESTAMP",
                "(replace(strftime('%Y-%m-%d %H:%M:%f', 'now'), '.000', ''))",
            ),
            Engine::Postgres => ("TIMESTAMP", "(statement_timestamp() AT TIME ZONE 'UTC')"),
            Engine::Mysql => ("DATETIME(6)", "(UTC_TIMESTAMP(6))"),
        };
        // Half of the columns are there, the others are added.
        if self.one_in(2) {
            let (bits, ddl) = self.pick(&[(16, "SMALLINT"), (32, "INTEGER"), (64, "BIGINT")]);
            let name = self.pick(&["version", "Rev"]);
            roles.version = Some((name, bits));
            if self.one_in(2) {
                definitions.push(format!("{} {ddl} NOT NULL DEFAULT 1", self.quote(name)));
            }
        }
        let zoned = self.one_in(3);
        let kind = match self.engine {
            Engine::Postgres if zoned => TimeKind::Zoned,
            Engine::Sqlite if zoned => TimeKind::ZonedText,
            _ => TimeKind::Plain,
        };
        if self.one_in(2) {
            roles.created_at = Some(("created_at", kind));
        }
        if self.one_in(2) {
            roles.updated_at = Some(("updated_at", kind));
            if kind == TimeKind::Plain && self.one_in(2) {
                definitions.push(format!(
                    "{} {time} NOT NULL DEFAULT {now}",
                    self.quote("updated_at")
                ));
            }
        }
        if self.one_in(2) {
            roles.deleted_at = Some(("deleted_at", kind));
            if kind == TimeKind::Plain && self.one_in(2) {
                definitions.push(format!("{} {time} NULL", self.quote("deleted_at")));
            }
        }
        if self.one_in(4) {
            roles.status = Some("Status");
            roles.deleted_status =
                self.pick(&[Some("gone"), Some("it's \\ \"gone\""), Some("fort ü"), None]);
            let text = match self.engine {
                Engine::Mysql => "VARCHAR(40)",
                _ => "TEXT",
            };
            definitions.push(format!("{} {text}", self.quote("Status")));
        }
        roles
    }

    /// Whether `unique` would be refused.
    fn needs_deleted_at(&self, roles: &Roles) -> bool {
        roles.status.is_some() && roles.deleted_status.is_none() && roles.deleted_at.is_none()
    }

    fn recording(
        &mut self,
        table: &'static str,
        key: &[&'static str],
        columns: &[Column],
        roles: Roles,
        others: &[Model],
    ) -> Recording {
        let mut recorded: Vec<RecordedColumn> =
            key.iter().map(|name| RecordedColumn::new(name)).collect();
        for column in columns {
            let mut one = RecordedColumn::new(column.name).with_capture(column.captured);
            if let Some(wider) = column.kind.wider.filter(|_| self.one_in(3)) {
                one = one.with_type(wider);
            }
            if self.one_in(5) {
                one = one.with_former_name(forever(format!("former {}", column.name)));
            }
            recorded.push(one);
        }
        recorded.push(RecordedColumn::new("note"));
        let times = [roles.created_at, roles.updated_at, roles.deleted_at]
            .into_iter()
            .flatten();
        let managed = roles
            .version
            .map(|(name, _)| name)
            .into_iter()
            .chain(times.map(|(name, _)| name));
        recorded.extend(managed.chain(roles.status).map(RecordedColumn::new));
        let records = match self.dice.roll(3) {
            0 => forever(format!("History of {table}")),
            _ => forever(format!("{table}_records")),
        };
        let mut recording = Recording::new(records, all(recorded));
        if self.one_in(4) {
            recording = recording.with_condition(forever(self.truth(table)));
        }
        if self.one_in(5) {
            recording = recording.with_required_changeset();
        }
        if self.one_in(4) {
            recording = recording.with_notify();
        }
        if self.one_in(6) {
            recording = recording.as_link();
        }
        self.with_properties(recording, table, key, others)
    }

    fn with_properties(
        &mut self,
        recording: Recording,
        table: &'static str,
        key: &[&'static str],
        others: &[Model],
    ) -> Recording {
        let mut properties = Vec::new();
        if self.one_in(4) {
            properties.push(Property::new::<types::Text>("handed", None));
        }
        if self.one_in(4) {
            let truth = self.truth(table);
            let sql = format!(
                "CASE WHEN {truth} THEN {}.{} ELSE 'never' END",
                self.quote(table),
                self.quote("note")
            );
            properties.push(Property::new::<types::Nullable<types::Text>>(
                "told",
                Some(forever(sql)),
            ));
        }
        let relative = others.iter().rev().find(|it| it.integer_key.is_some());
        let relative = relative.filter(|_| key == ["id"] && self.one_in(3));
        let mut relatives = Vec::new();
        if let Some(relative) = relative {
            let (mine, theirs) = (self.quote(table), self.quote(relative.table));
            let text = match self.engine {
                Engine::Mysql => "CHAR",
                _ => "TEXT",
            };
            let id = self.quote("id");
            let on = format!("CAST({theirs}.{id} AS {text}) = CAST({mine}.{id} AS {text})");
            let sql = format!(
                "SELECT count(*) FROM {theirs} WHERE {on} AND {}",
                self.truth(relative.table)
            );
            properties.push(Property::new::<types::BigInt>("kin", Some(forever(sql))));
            relatives.push(Relative::new(relative.table, forever(on)));
        }
        recording
            .with_properties(all(properties))
            .with_relatives(all(relatives))
    }
}
