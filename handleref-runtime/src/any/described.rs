//! A recorded model as the database knows it: what `install` writes down beside its record
//! table, so that a program without the model's struct can read its history.

use crate::any::Subject;
use crate::facts::Capture;
use crate::model::Roles;
use crate::time::TimeKind;
use serde::{Deserialize, Serialize};

/// What is written down of a model. What is not said is as it usually is, so that the text is
/// short, and one of a newer library can be read as far as it is understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Described {
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tag: Option<String>,
    pub(crate) table: String,
    pub(crate) records: String,
    pub(crate) key: Vec<String>,
    pub(crate) fields: Vec<Field>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<(String, u32)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) created_at: Option<(String, Time)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) updated_at: Option<(String, Time)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deleted_at: Option<(String, Time)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deleted_status: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) unique: Vec<Vec<String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) references: Vec<(Vec<String>, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) properties: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) condition: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) requires_changeset: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) link: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) notifies: bool,
}

/// A field and its column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Field {
    pub(crate) column: String,
    /// The name of the struct's field, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(default, skip_serializing_if = "Keeps::is_value")]
    pub(crate) keeps: Keeps,
    /// What snapshots have instead, as SQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) instead: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) nullable: bool,
}

/// See [`Capture`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Keeps {
    #[default]
    Value,
    Skipped,
    Redacted,
}

impl Keeps {
    // As serde calls it.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn is_value(&self) -> bool {
        *self == Self::Value
    }
}

/// See [`TimeKind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Time {
    Plain,
    Zoned,
    ZonedText,
}

impl From<TimeKind> for Time {
    fn from(kind: TimeKind) -> Self {
        match kind {
            TimeKind::Plain => Self::Plain,
            TimeKind::Zoned => Self::Zoned,
            TimeKind::ZonedText => Self::ZonedText,
        }
    }
}

impl From<Time> for TimeKind {
    fn from(kind: Time) -> Self {
        match kind {
            Time::Plain => Self::Plain,
            Time::Zoned => Self::Zoned,
            Time::ZonedText => Self::ZonedText,
        }
    }
}

fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

impl Described {
    /// What is known of a model. Its fields have the names of their columns, if no others
    /// are known.
    pub(crate) fn new(
        subject: &Subject,
        tag: Option<&str>,
        fields: Option<&[&str]>,
        unique: &[&[&str]],
    ) -> Self {
        let (recording, roles) = (&subject.recording, subject.roles);
        let text = |text: &'static str| text.to_owned();
        let time =
            |role: Option<(&'static str, TimeKind)>| role.map(|it| (text(it.0), it.1.into()));
        let fields = recording.columns.iter().enumerate().map(|(at, column)| {
            let name = fields.and_then(|names| names.get(at)).copied();
            let (keeps, instead) = match column.capture {
                Capture::Value => (Keeps::Value, None),
                Capture::Skipped(sql) => (Keeps::Skipped, sql),
                Capture::Redacted(sql) => (Keeps::Redacted, sql),
            };
            Field {
                column: text(column.name),
                name: name.filter(|it| *it != column.name).map(str::to_owned),
                keeps,
                instead: instead.map(str::to_owned),
                nullable: column.nullable,
            }
        });
        let Roles {
            version, status, ..
        } = roles;
        Self {
            name: text(subject.name),
            tag: tag.map(str::to_owned),
            table: text(subject.table),
            records: text(recording.records),
            key: texts(subject.key),
            fields: fields.collect(),
            version: version.map(|(name, bits)| (text(name), bits)),
            created_at: time(roles.created_at),
            updated_at: time(roles.updated_at),
            deleted_at: time(roles.deleted_at),
            status: status.map(text),
            deleted_status: roles.deleted_status.map(text),
            unique: unique.iter().map(|columns| texts(columns)).collect(),
            references: recording
                .references
                .iter()
                .map(|it| (texts(it.columns), text(it.model)))
                .collect(),
            properties: recording
                .properties
                .iter()
                .map(|it| text(it.name))
                .collect(),
            condition: recording.condition.map(text),
            requires_changeset: recording.requires_changeset,
            link: recording.link,
            notifies: recording.notifies,
        }
    }

    /// As it is stored.
    pub(crate) fn text(&self) -> String {
        // A struct of texts and numbers is always JSON.
        serde_json::to_string(self).unwrap_or_default()
    }
}
