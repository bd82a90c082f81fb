//! Who made a changeset, and why.

use crate::error::Error;
use crate::sql::storable;
use crate::time::{Instant, floor_micros, is_storable};
use chrono::NaiveDateTime;
use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// What an index of MySQL holds of a text in any configuration.
const LONGEST: usize = 191;

/// Who made a changeset: a text, a number or a UUID, as the program knows its
/// users. It is a value and no foreign key, so it survives the user.
///
/// ```
/// use handleref_runtime::changeset::Actor;
/// assert_eq!(Actor::from("ann").to_string(), "ann");
/// assert_ne!(Actor::from(7), Actor::from("7"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Actor {
    /// A name, an e-mail address, a subject of OpenID.
    Text(String),
    /// The number of a row.
    Number(i64),
    /// A UUID.
    #[cfg(feature = "uuid")]
    Uuid(uuid::Uuid),
}

impl Actor {
    /// How its kind is stored.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Number(_) => "number",
            #[cfg(feature = "uuid")]
            Self::Uuid(_) => "uuid",
        }
    }

    /// Reads it back. What this build does not know is a text.
    pub(crate) fn stored(kind: &str, text: String) -> Self {
        match kind {
            "number" => text.parse().map_or(Self::Text(text), Self::Number),
            #[cfg(feature = "uuid")]
            "uuid" => uuid::Uuid::try_parse(&text).map_or(Self::Text(text), Self::Uuid),
            _ => Self::Text(text),
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
            #[cfg(feature = "uuid")]
            Self::Uuid(uuid) => uuid.fmt(f),
        }
    }
}

impl From<&str> for Actor {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
impl From<String> for Actor {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
impl From<i32> for Actor {
    fn from(number: i32) -> Self {
        Self::Number(number.into())
    }
}
impl From<i64> for Actor {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}
#[cfg(feature = "uuid")]
impl From<uuid::Uuid> for Actor {
    fn from(uuid: uuid::Uuid) -> Self {
        Self::Uuid(uuid)
    }
}

/// What a changeset says about itself, before it is recorded: who, why, and
/// what else belongs to it. All of it is optional.
///
/// ```
/// use handleref_runtime::changeset::Changeset;
/// let meta = Changeset::by("ann").comment("typo").correlation("req-7");
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ChangesetMeta {
    /// Who.
    pub actor: Option<Actor>,
    /// Why, for people.
    pub comment: Option<String>,
    /// What it has in common with things elsewhere: the id of a request, of a
    /// job, or of other changesets of the same business action.
    pub correlation: Option<String>,
    /// Anything else, as JSON.
    pub metadata: Option<Value>,
    /// When, in UTC, if it is not now: of a change that is recorded later than
    /// it was made.
    pub at: Option<NaiveDateTime>,
    /// The key of what must be done only once; see [`once`](Self::once).
    pub once: Option<String>,
    /// What else is known of what the key stands for.
    pub(crate) once_print: Option<String>,
}

impl ChangesetMeta {
    /// Says nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Who; up to 191 characters.
    #[must_use]
    #[doc(alias("whodunnit", "history_user"))]
    pub fn by(mut self, actor: impl Into<Actor>) -> Self {
        self.actor = Some(actor.into());
        self
    }

    /// Why.
    #[must_use]
    #[doc(alias = "history_change_reason")]
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }

    /// What it has in common with things elsewhere; up to 191 characters.
    #[must_use]
    pub fn correlation(mut self, id: impl Into<String>) -> Self {
        self.correlation = Some(id.into());
        self
    }

    /// Anything that serde can write; read it back with
    /// [`Changeset::metadata_as`](super::Changeset::metadata_as). Up to 127 lists
    /// and objects may be inside one another; recording refuses more.
    ///
    /// # Errors
    /// Those of serde, such as a map whose keys are no texts.
    pub fn metadata(mut self, metadata: &impl Serialize) -> Result<Self, serde_json::Error> {
        self.metadata = Some(serde_json::to_value(metadata)?);
        Ok(self)
    }

    /// When it was made, if that was not now; of the years 1 to 9999. What the
    /// records say (`recorded_at`) stays the database's clock.
    #[must_use]
    #[doc(alias = "_last_save_at")]
    pub fn at(mut self, time: impl Instant) -> Self {
        self.at = Some(floor_micros(time.to_utc()));
        self
    }

    /// Of all changesets of a database only one has this key, of up to 191 characters: a second one is
    /// refused with [`Error::Repeated`], and nothing of it is written. So a
    /// message that is delivered twice, or a job that is started twice, at the same time as well, is
    /// done once. The key belongs to what was recorded: work that records nothing, or fails, leaves
    /// none, and may be repeated.
    ///
    /// ```
    /// use handleref_runtime::changeset::Changeset;
    /// let meta = Changeset::by("importer").once("prices of 2026-11-28");
    /// ```
    #[must_use]
    pub fn once(mut self, key: impl Into<String>) -> Self {
        self.once = Some(key.into());
        self
    }

    /// Whether it comes back from every engine as it was given: in its lax mode
    /// MySQL cuts a text that is too long, and says nothing.
    pub(super) fn check(&self) -> Result<(), Error> {
        let refused = |what, reason| Err(Error::NotStorable { what, reason });
        let actor = self.actor.as_ref().map(ToString::to_string);
        for (what, text, longest) in [
            ("actor of a changeset", &actor, LONGEST),
            ("correlation id of a changeset", &self.correlation, LONGEST),
            ("key of a changeset", &self.once, LONGEST),
            ("comment of a changeset", &self.comment, usize::MAX),
        ] {
            let text = text.as_deref().unwrap_or_default();
            if text.chars().count() > longest {
                return refused(what, "it is longer than 191 characters");
            }
            storable(what, text)?;
        }
        if let Some(key) = &self.once
            && (key.is_empty() || key.ends_with(' '))
        {
            // MySQL takes no notice of spaces at the end.
            return refused("key of a changeset", "it is empty, or ends with a space");
        }
        if let Some(metadata) = &self.metadata {
            readable(metadata, DEEPEST)?;
        }
        match self.at.is_none_or(is_storable) {
            true => Ok(()),
            false => refused("time of a changeset", "its year is not one from 1 to 9999"),
        }
    }
}

/// How many lists and objects may be inside one another: what serde_json reads.
const DEEPEST: u32 = 127;

/// Whether JSON can be stored and read back.
fn readable(value: &Value, left: u32) -> Result<(), Error> {
    const WHAT: &str = "metadata of a changeset";
    if left == 0 && (value.is_array() || value.is_object()) {
        return Err(Error::NotStorable {
            what: WHAT,
            reason: "more than 127 lists and objects are inside one another, which cannot be read back",
        });
    }
    let left = left.saturating_sub(1);
    match value {
        Value::String(text) => storable(WHAT, text),
        Value::Array(values) => values.iter().try_for_each(|value| readable(value, left)),
        Value::Object(fields) => fields.iter().try_for_each(|(name, value)| {
            storable(WHAT, name)?;
            readable(value, left)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_can_be_read_back() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            for (deep, fits) in [(126, true), (127, true), (128, false), (100_000, false)] {
                let mut value = Value::from(7);
                for _ in 0..deep {
                    value = match open {
                        "[" => Value::from(vec![value]),
                        _ => Value::from(serde_json::Map::from_iter([("a".to_owned(), value)])),
                    };
                }
                let meta = ChangesetMeta {
                    metadata: Some(value),
                    ..ChangesetMeta::new()
                };
                assert_eq!(meta.check().is_ok(), fits, "{deep} {open}");
                // Dropped as it was made: a deep value would overflow the stack.
                let mut rest = meta.metadata;
                while let Some(value) = rest {
                    rest = match value {
                        Value::Array(mut values) => values.pop(),
                        Value::Object(fields) => fields.into_iter().next().map(|it| it.1),
                        _ => None,
                    };
                }
                let text = format!("{}7{}", open.repeat(deep), close.repeat(deep));
                let read = serde_json::from_str::<Value>(&text);
                assert_eq!(read.is_ok(), fits, "{deep} {open}: as serde_json reads it");
            }
        }
    }
}
