//! What a model says about its table.

use super::Registered;
use super::dialect::Wanted;
use crate::any::described::Described;
use crate::any::{Engines, Subject, Verbs};
use crate::facts::Recording;
use crate::model::Roles;

/// What a model says about its table.
#[derive(Debug, Clone)]
pub struct ModelSchema {
    pub(super) name: &'static str,
    /// The tag of its handles, if it has any.
    pub(super) tag: Option<&'static str>,
    pub(super) table: String,
    pub(super) roles: Roles,
    pub(super) key: &'static [&'static str],
    pub(super) unique: &'static [&'static [&'static str]],
    pub(super) indexed: &'static [&'static str],
    pub(super) written: &'static [&'static str],
    pub(super) recording: Option<Recording>,
    /// The same, for work on its rows.
    pub(super) subject: Option<Subject>,
    pub(super) registered: Option<Registered>,
}

impl ModelSchema {
    /// A model by its facts; `table` is quoted as Diesel does it.
    #[doc(hidden)]
    pub fn described(
        name: &'static str,
        table: &str,
        roles: Roles,
        key: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            tag: None,
            table: table.to_owned(),
            roles,
            key,
            unique: &[],
            indexed: &[],
            written: &[],
            recording: None,
            subject: None,
            registered: None,
        }
    }

    /// With these sets of columns that are unique among the living.
    #[doc(hidden)]
    #[must_use]
    pub fn with_unique(mut self, unique: &'static [&'static [&'static str]]) -> Self {
        self.unique = unique;
        self
    }

    /// With an index of their own for these managed columns.
    #[doc(hidden)]
    #[must_use]
    pub fn with_indexed(mut self, indexed: &'static [&'static str]) -> Self {
        self.indexed = indexed;
        self
    }

    /// As this recorded model, if it is one.
    #[doc(hidden)]
    #[must_use]
    pub fn recorded_as(mut self, subject: Option<Subject>) -> Self {
        self.recording = subject.map(|subject| subject.recording);
        self.subject = subject;
        self
    }

    /// With what a registry knows of it.
    #[doc(hidden)]
    #[must_use]
    pub fn registered(mut self, (engines, verbs): (Engines, [Option<Verbs>; 9])) -> Self {
        self.registered = Some(Registered {
            engines,
            verbs: verbs.into_iter().flatten().collect(),
            tag: self.tag,
        });
        self
    }

    /// As it is written down in the database, if it is recorded.
    pub(super) fn description(&self) -> Option<String> {
        let subject = self.subject?;
        let engines = self.registered.as_ref().map(|it| it.engines);
        let facts = engines.and_then(|it| it.any()).map(|it| it.facts());
        let fields = facts.map(|it| it.fields);
        Some(Described::new(&subject, self.tag, fields, self.unique).text())
    }

    /// With this recording.
    #[doc(hidden)]
    #[must_use]
    pub fn with_recording(mut self, recording: Recording) -> Self {
        self.recording = Some(recording);
        self
    }
}

/// A backend to render a table's name; names do not depend on the engine.
#[cfg(feature = "sqlite")]
pub(crate) type Renderer = diesel::sqlite::Sqlite;
#[cfg(all(feature = "postgres_backend", not(feature = "sqlite")))]
pub(crate) type Renderer = diesel::pg::Pg;
#[cfg(all(
    feature = "mysql_backend",
    not(any(feature = "sqlite", feature = "postgres_backend"))
))]
pub(crate) type Renderer = diesel::mysql::Mysql;

#[cfg(any(
    feature = "sqlite",
    feature = "postgres_backend",
    feature = "mysql_backend"
))]
impl ModelSchema {
    /// The facts about `M`.
    pub fn of<M>() -> Self
    where
        M: crate::model::HandleRef<
                Table: diesel::QuerySource<
                    FromClause: diesel::query_builder::QueryFragment<Renderer>,
                >,
            >,
    {
        Self {
            tag: Some(M::TAG),
            unique: M::UNIQUE,
            indexed: M::INDEXED,
            written: M::WRITTEN,
            ..Self::described(M::NAME, &rendered(&M::table()), M::ROLES, M::KEY_COLUMNS)
        }
    }

    /// The facts about a model that is recorded, and nothing else.
    #[doc(hidden)]
    pub fn recorded_only<T>(
        name: &'static str,
        table: &T,
        key: &'static [&'static str],
        recording: Recording,
    ) -> Self
    where
        T: diesel::QuerySource<FromClause: diesel::query_builder::QueryFragment<Renderer>>,
    {
        Self::described(name, &rendered(table), Roles::NONE, key).with_recording(recording)
    }
}

/// A table's name as Diesel writes it.
#[cfg(any(
    feature = "sqlite",
    feature = "postgres_backend",
    feature = "mysql_backend"
))]
fn rendered<T>(table: &T) -> String
where
    T: diesel::QuerySource<FromClause: diesel::query_builder::QueryFragment<Renderer>>,
{
    use diesel::query_builder::{QueryBuilder, QueryFragment};
    let mut sql = <Renderer as diesel::backend::Backend>::QueryBuilder::default();
    // Fails only for a FROM clause that is no table's name; then it does not parse.
    match table.from_clause().to_sql(&mut sql, &Renderer::default()) {
        Ok(()) => sql.finish(),
        Err(_) => String::new(),
    }
}

/// Adds what another model of the same table needs.
pub(super) fn join(wanted: &mut Wanted, model: &ModelSchema) {
    wanted.models = format!("{}, {}", wanted.models, model.name);
    let (one, other) = (&mut wanted.roles, model.roles);
    one.version = one.version.or(other.version);
    one.created_at = one.created_at.or(other.created_at);
    one.updated_at = one.updated_at.or(other.updated_at);
    one.deleted_at = one.deleted_at.or(other.deleted_at);
    if one.status.is_none() || one.status == other.status {
        one.status = other.status.or(one.status);
        one.deleted_status = one.deleted_status.or(other.deleted_status);
    }
    if wanted.recording.is_some() && model.recording.is_some() {
        wanted.recorded_twice |= wanted.recording != model.recording;
    }
    if wanted.recording.is_none() && model.recording.is_some() {
        wanted.recording = model.recording;
        wanted.recorder = model.name;
        wanted.described = model.description();
    }
    wanted.written.extend(model.written);
    wanted.indexed.extend(model.indexed);
    for columns in model.unique {
        if !wanted.unique.contains(columns) {
            wanted.unique.push(columns);
        }
    }
}
