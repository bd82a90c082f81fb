//! Which columns are erased, and what comes in their place.

use super::{Unerasable, What};
use crate::error::Error;
use crate::facts::{BOOKKEEPING, Capture};
use crate::history::subject::Subject;
use crate::schema::Catalog;
use crate::session::Session;
use crate::sql::Raw;

/// A column that is erased.
pub(super) struct Target {
    pub(super) name: String,
    pub(super) is_property: bool,
    /// What comes in its place in records, in SQL; null if nothing is given.
    pub(super) recorded: Option<Raw>,
    /// The same in the row; none if the row has no such column, if the database
    /// computes it, or if the row is not meant.
    pub(super) live: Option<Option<Raw>>,
}

impl What {
    pub(super) async fn targets(
        &self,
        conn: &mut dyn Session,
        subject: &Subject,
    ) -> Result<Vec<Target>, Error> {
        let recording = &subject.recording;
        let mut catalog = Catalog::default();
        let records = catalog.table(conn, recording.records).await?;
        let row = match self.live {
            true => Some(catalog.table(conn, subject.table).await?),
            false => None,
        };
        for (name, _) in &self.wanted {
            refuse(subject, name)?;
            if !records.columns.iter().any(|it| it == name) {
                return Err(Error::NoField {
                    model: subject.name,
                    field: name.clone().into_owned(),
                });
            }
        }
        let mut names: Vec<&str> = self.wanted.iter().map(|(name, _)| &**name).collect();
        if self.everything {
            let rest = records.columns.iter().map(String::as_str);
            let rest = rest.filter(|name| !stays(subject, name) && !self.says(name));
            names.extend(rest);
        }
        let (mut targets, mut needy) = (Vec::new(), Vec::new());
        for name in names {
            let given = self.wanted.iter().find(|(known, _)| known == name);
            let given = given.and_then(|(_, sql)| sql.clone()).map(Raw::of_caller);
            let mut fields = recording.columns.iter();
            let field = fields.find(|it| it.name == name);
            let has = |columns: &[String]| columns.iter().any(|it| it == name);
            let (recorded, can_be_null) = match field.map(|it| (it.capture, it.nullable)) {
                Some((Capture::Value, nullable)) => (given.clone(), nullable),
                // As a record of today has it.
                Some((Capture::Skipped(with) | Capture::Redacted(with), _)) => {
                    (with.map(Raw::from), true)
                }
                None => (given.clone(), true),
            };
            let live = row.as_ref().and_then(|row| {
                let there = (field.is_some() || has(&row.columns)) && !has(&row.computed);
                there.then(|| (given, has(&row.not_null)))
            });
            let lacks = recorded.is_none() && (!can_be_null || has(&records.not_null));
            if lacks || matches!(live, Some((None, true))) {
                needy.push(name.to_owned());
            }
            let mut properties = recording.properties.iter();
            targets.push(Target {
                is_property: properties.any(|it| it.name == name),
                name: name.to_owned(),
                recorded,
                live: live.map(|(sql, _)| sql),
            });
        }
        match needy.is_empty() {
            true => Ok(targets),
            false => Err(Error::CannotErase {
                model: subject.name,
                columns: needy,
                reason: Unerasable::NeedsValue,
            }),
        }
    }

    fn says(&self, name: &str) -> bool {
        self.wanted.iter().any(|(known, _)| known == name)
    }
}

/// The columns that handleref writes.
fn managed(subject: &Subject) -> impl Iterator<Item = &'static str> {
    let roles = subject.roles;
    BOOKKEEPING
        .into_iter()
        .chain(roles.managed())
        .chain(roles.status)
}

/// Whether a column of the record table is none that can be erased.
fn stays(subject: &Subject, name: &str) -> bool {
    subject.key.contains(&name) || managed(subject).any(|column| column == name)
}

/// # Errors
/// Why a column stays, if it does.
pub(in super::super) fn refuse(subject: &Subject, name: &str) -> Result<(), Error> {
    let model = subject.name;
    if subject.key.contains(&name) {
        return Err(Error::CannotErase {
            model,
            columns: vec![name.to_owned()],
            reason: Unerasable::IsKey,
        });
    }
    match managed(subject).find(|column| *column == name) {
        Some(column) => Err(Error::ManagedColumn { model, column }),
        None => Ok(()),
    }
}
