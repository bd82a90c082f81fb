//! Which records are in a range, in SQL.

use super::models::AnyFeed;
use super::range::{Range, Scope};
use crate::changeset::ObjectRef;
use crate::engine::{Kind, Typed};
use crate::error::Error;
use crate::facts::RECORDED_AT;
use crate::sql::{Raw, Sql, literal_sql, micros_back, quoted, raw};
use crate::time::TimeKind;
use chrono::TimeDelta;

/// The conditions of a range, one for each model.
pub(super) struct Conditions(Vec<Narrow>);

/// The condition on the records of one model.
struct Narrow {
    records: &'static str,
    text: Raw,
    /// One of these, if there are any.
    rows: Vec<Rows>,
}

/// Some rows of a model.
struct Rows {
    /// Those with a key, or with a reference to it.
    is: Typed<'static>,
    and: Raw,
}

impl Conditions {
    pub(super) fn new(
        kind: Kind,
        models: &[&'static dyn AnyFeed],
        range: &Range,
        max_age: Option<TimeDelta>,
    ) -> Result<Self, Error> {
        let times = times(kind, range, max_age);
        let mut all = Vec::with_capacity(models.len());
        for model in models {
            let mut narrow = Narrow {
                records: model.facts().records(),
                text: times.clone(),
                rows: Vec::new(),
            };
            match &range.scope {
                Scope::All => {}
                Scope::Model(name) => {
                    find(models, name)?;
                    narrow.text.push(under_model(kind, &**model, name));
                }
                Scope::Object(object) => narrow.under(kind, models, &**model, object)?,
                Scope::Row(object) => narrow.row(models, &**model, object)?,
            }
            all.push(narrow);
        }
        Ok(Self(all))
    }
}

impl Narrow {
    /// Only what is put under an object.
    fn under(
        &mut self,
        kind: Kind,
        models: &[&'static dyn AnyFeed],
        model: &dyn AnyFeed,
        object: &ObjectRef,
    ) -> Result<(), Error> {
        let reference = model.parent().map(|parent| parent.reference);
        if model.facts().name() == object.model {
            let and = reference.map_or_else(Raw::default, |it| {
                raw!(" AND ({})", [orphan(kind, it.columns)])
            });
            let is = key(models, object, &[])?;
            self.rows.push(Rows { is, and });
        }
        if let Some(reference) = reference.filter(|it| it.model == object.model) {
            let is = key(models, object, reference.columns)?;
            let and = Raw::default();
            self.rows.push(Rows { is, and });
        }
        self.or_none();
        Ok(())
    }

    /// Only what is of one row.
    fn row(
        &mut self,
        models: &[&'static dyn AnyFeed],
        model: &dyn AnyFeed,
        object: &ObjectRef,
    ) -> Result<(), Error> {
        if model.facts().name() == object.model {
            let is = key(models, object, &[])?;
            let and = Raw::default();
            self.rows.push(Rows { is, and });
        }
        self.or_none();
        Ok(())
    }

    fn or_none(&mut self) {
        if self.rows.is_empty() {
            self.text = NONE.into();
        }
    }
}

const NONE: &str = "1 = 0";

fn find<'a>(models: &'a [&'static dyn AnyFeed], name: &str) -> Result<&'a dyn AnyFeed, Error> {
    let found = models.iter().find(|model| model.facts().name() == name);
    let missing = || Error::NotInFeed {
        model: name.to_owned(),
    };
    found.map(|model| &**model).ok_or_else(missing)
}

/// Whether columns are the key of an object; without names, those of its table.
fn key(
    models: &[&'static dyn AnyFeed],
    object: &ObjectRef,
    columns: &'static [&'static str],
) -> Result<Typed<'static>, Error> {
    let model = find(models, &object.model)?;
    let wrong = || Error::WrongObject {
        object: object.to_string(),
        model: model.facts().name(),
    };
    model.key_is(&object.key, columns).ok_or_else(wrong)
}

/// Whether a row has no parent.
fn orphan(kind: Kind, columns: &[&str]) -> Raw {
    let null = |column: &&str| raw!("{} IS NULL", [quoted(kind, column)]);
    let nulls: Vec<Raw> = columns.iter().map(null).collect();
    Raw::join(nulls, " OR ")
}

/// The end of a condition: whether a row is put under an object of a model.
fn under_model(kind: Kind, model: &dyn AnyFeed, name: &str) -> Raw {
    let own = model.facts().name() == name;
    let Some(parent) = model.parent() else {
        return if own { "" } else { " AND 1 = 0" }.into();
    };
    let orphan = orphan(kind, parent.reference.columns);
    match (own, parent.reference.model == name) {
        (true, true) => Raw::default(),
        (true, false) => raw!(" AND ({orphan})", orphan),
        (false, true) => raw!(" AND NOT ({orphan})", orphan),
        (false, false) => " AND 1 = 0".into(),
    }
}

/// Whether a record is of the right time.
fn times(kind: Kind, range: &Range, max_age: Option<TimeDelta>) -> Raw {
    let mut sql = Raw::from("1 = 1");
    let literal = |time| literal_sql(kind, TimeKind::Plain, time);
    if let Some(from) = range.from {
        sql.push(raw!(
            " AND {RECORDED_AT} >= {}",
            [literal(from)],
            RECORDED_AT
        ));
    }
    if let Some(to) = range.to {
        sql.push(raw!(" AND {RECORDED_AT} < {}", [literal(to)], RECORDED_AT));
    }
    if let Some(age) = max_age {
        sql.push(raw!(
            " AND {RECORDED_AT} >= {}",
            [ago(kind, age)],
            RECORDED_AT
        ));
    }
    sql
}

/// The database's clock, put back.
fn ago(kind: Kind, age: TimeDelta) -> Raw {
    // No record is older, and all engines can calculate with it.
    let age = age.clamp(TimeDelta::zero(), TimeDelta::days(50 * 365));
    let micros = age.num_microseconds().unwrap_or(i64::MAX);
    let (before, after) = micros_back(kind);
    raw!("{before}{micros}{after}", before, micros, after)
}

impl Conditions {
    /// The condition on the records of a record table.
    pub(super) fn of(&self, records: &str) -> Option<Sql<'_>> {
        let narrow = self.0.iter().find(|one| one.records == records)?;
        Some(narrow.sql())
    }
}

impl Narrow {
    fn sql(&self) -> Sql<'_> {
        let mut sql = Sql::once(self.text.clone());
        let mut between = " AND ((";
        for Rows { is, and } in &self.rows {
            sql = sql.sql(between).typed(is).made(and.clone());
            between = ") OR (";
        }
        if !self.rows.is_empty() {
            sql = sql.sql("))");
        }
        sql
    }
}
