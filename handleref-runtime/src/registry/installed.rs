//! The models that a database has, for programs that have no struct of them.

use super::{Model, Registry};
use crate::any::described::{Described, Field, Keeps};
use crate::any::{AnyModel, Engines, Metadata, Subject};
use crate::engine::Kind;
use crate::error::Error;
use crate::facts::{Capture, Property, RecordedColumn, Recording, Reference};
use crate::history::stored::{Stored, StoredModel, StoredParent};
use crate::history::stored_type::Class;
use crate::model::Roles;
use crate::schema::Catalog;
use crate::session::absent::{HISTORY, or_not_installed};
use crate::session::{Boxed, Executor, Session};
use crate::sql::{Sql, unreadable};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

impl Registry {
    /// The models that are installed in a database, as
    /// [`Schema::install`](crate::schema::Schema::install) wrote them down there; no struct of
    /// them is needed. Their values are as the database has them: a type that JSON does not know is
    /// a text. What a struct does by its own code is not done: hooks, `validate`, and soft
    /// delete and restore ([`Error::NoVerb`]).
    ///
    /// What is read of a model is kept as long as the program runs; the same again takes no more memory.
    ///
    /// # Errors
    /// [`Error::NotInstalled`] if nothing is installed, and [`Error::Database`], also if what
    /// is written down of a model cannot be read. Models that an older library
    /// installed are not written down: a later `install` does it.
    pub fn installed<C: Executor>(conn: &mut C) -> C::Output<'_, Result<Self, Error>> {
        C::finish(installed(conn))
    }
}

/// See [`Registry::installed`].
pub(crate) fn installed(conn: &mut dyn Session) -> Boxed<'_, Result<Registry, Error>> {
    Box::pin(async move {
        let query = "SELECT model FROM handleref_recordings WHERE model IS NOT NULL ORDER BY began_record, record_table";
        let rows: Vec<(String,)> = match conn.rows(Sql::once(query)).await {
            Ok(rows) => rows,
            Err(error) => return Err(or_not_installed(conn, error, HISTORY).await),
        };
        let mut all = Vec::with_capacity(rows.len());
        for (text,) in rows {
            let described: Described = serde_json::from_str(&text)
                .map_err(|_| unreadable("what is written down of a model"))?;
            all.push(described);
        }
        let (kind, mut catalog) = (conn.kind(), Catalog::default());
        let mut models = Vec::with_capacity(all.len());
        for described in &all {
            let types = types(conn, &mut catalog, described).await?;
            let parents = described.references.iter().filter_map(|(columns, name)| {
                let parent = all.iter().find(|other| other.name == *name)?;
                Some((columns.clone(), parent))
            });
            let stored = kept(kind, described, &types, &parents.collect::<Vec<_>>());
            models.push(Model {
                facts: stored.facts(),
                tag: described.tag.as_deref().map(text),
                engines: Engines::stored(kind, stored),
                verbs: Arc::default(),
            });
        }
        Ok(Registry {
            engines: models.iter().map(|model| model.engines).collect(),
            models: models.into(),
        })
    })
}

/// The types of the columns; of the record table where the model's table has not (any more) such
/// a column.
async fn types(
    conn: &mut dyn Session,
    catalog: &mut Catalog,
    described: &Described,
) -> Result<Vec<Class>, Error> {
    let kind = conn.kind();
    let table = catalog.table(conn, &described.table).await?;
    let records = catalog.table(conn, &described.records).await?;
    let class = |field: &Field| {
        let found = [&table, &records].into_iter().find_map(|it| {
            let at = it.columns.iter().position(|name| *name == field.column)?;
            it.sql_types.get(at)
        });
        found.map_or(Class::Other, |it| Class::of(kind, it))
    };
    Ok(described.fields.iter().map(class).collect())
}

/// What was made already, by the engine and all that is known.
type Made = HashMap<(Kind, String), &'static dyn AnyModel>;

static MADE: Mutex<Option<Made>> = Mutex::new(None);
static TEXTS: Mutex<Option<HashMap<String, &'static str>>> = Mutex::new(None);

/// A text that is kept for ever, once.
fn text(text: &str) -> &'static str {
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    let texts = texts.get_or_insert_default();
    if let Some(known) = texts.get(text) {
        return known;
    }
    let kept: &'static str = Box::leak(text.to_owned().into_boxed_str());
    texts.insert(text.to_owned(), kept);
    kept
}

fn list<T>(items: impl Iterator<Item = T>) -> &'static [T] {
    Box::leak(items.collect::<Vec<T>>().into_boxed_slice())
}

fn names(all: &[String]) -> &'static [&'static str] {
    list(all.iter().map(|name| text(name)))
}

/// The model, which is made once: models are named by references that last as long as the
/// program.
fn kept(
    kind: Kind,
    described: &Described,
    classes: &[Class],
    parents: &[(Vec<String>, &Described)],
) -> &'static dyn AnyModel {
    let parent = |(columns, parent): &(Vec<String>, &Described)| (columns.clone(), parent.text());
    let parents_known: Vec<_> = parents.iter().map(parent).collect();
    let known = format!("{} {classes:?} {parents_known:?}", described.text());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let made = made.get_or_insert_default();
    if let Some(model) = made.get(&(kind, known.clone())) {
        return *model;
    }
    let parents = parents.iter().filter_map(|(columns, parent)| {
        Some(StoredParent {
            name: text(&parent.name),
            table: text(&parent.table),
            keys: names(&parent.key),
            foreign_key: names(columns),
            living: roles(parent).living()?,
        })
    });
    let model: &'static StoredModel = Box::leak(Box::new(StoredModel {
        kind,
        facts: facts(described),
        classes: classes.to_vec(),
        parents: parents.collect(),
    }));
    let model: &'static Stored = Box::leak(Box::new(Stored(model)));
    made.insert((kind, known), model);
    model
}

fn roles(described: &Described) -> Roles {
    let time = |role: &Option<(String, crate::any::described::Time)>| {
        role.as_ref()
            .map(|(name, kind)| (text(name), (*kind).into()))
    };
    Roles {
        version: described
            .version
            .as_ref()
            .map(|(name, bits)| (text(name), *bits)),
        created_at: time(&described.created_at),
        updated_at: time(&described.updated_at),
        deleted_at: time(&described.deleted_at),
        status: described.status.as_deref().map(text),
        deleted_status: described.deleted_status.as_deref().map(text),
    }
}

fn facts(described: &Described) -> Metadata {
    let columns = described.fields.iter().map(|field| {
        let instead = field.instead.as_deref().map(text);
        let mut column = RecordedColumn::new(text(&field.column)).with_capture(match field.keeps {
            Keeps::Value => Capture::Value,
            Keeps::Skipped => Capture::Skipped(instead),
            Keeps::Redacted => Capture::Redacted(instead),
        });
        column.nullable = field.nullable;
        column
    });
    let references = described
        .references
        .iter()
        .map(|(columns, model)| Reference {
            columns: names(columns),
            model: text(model),
        });
    let properties = described.properties.iter();
    let recording = Recording {
        references: list(references),
        properties: list(properties.map(|name| Property::known_by_name(text(name)))),
        condition: described.condition.as_deref().map(text),
        requires_changeset: described.requires_changeset,
        link: described.link,
        notifies: described.notifies,
        ..Recording::new(text(&described.records), list(columns))
    };
    let fields = described.fields.iter();
    Metadata {
        model: Subject {
            name: text(&described.name),
            table: text(&described.table),
            key: names(&described.key),
            recording,
            roles: roles(described),
        },
        fields: list(fields.map(|it| text(it.name.as_deref().unwrap_or(&it.column)))),
        unique: list(described.unique.iter().map(|columns| names(columns))),
    }
}
