//! What a changeset did, object by object.

use crate::history::{FieldChange, ObjectRef};
use serde::Serialize;
use std::fmt;

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum State {
    /// The row was not there before.
    Added,
    /// It is not there afterwards.
    Deleted,
    /// It lived before, and is soft-deleted afterwards.
    SoftDeleted,
    /// It was soft-deleted before, and lives afterwards.
    Restored,
}

impl State {
    /// `+` if the object lives afterwards, else `-`.
    pub const fn symbol(self) -> char {
        match self {
            Self::Added | Self::Restored => '+',
            Self::Deleted | Self::SoftDeleted => '-',
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added => "added",
            Self::Deleted => "deleted",
            Self::SoftDeleted => "soft-deleted",
            Self::Restored => "restored",
        })
    }
}

/// Another object that an object is linked to afterwards, or not any more: a
/// row of a join table (many-to-many) that came or went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
#[doc(alias("M2MChange", "change_type"))]
pub struct LinkChange {
    /// Whether the link is there afterwards.
    pub added: bool,
    /// The other object.
    pub to: ObjectRef,
    /// The name of the link model, such as `ArticleTag`.
    pub through: &'static str,
}

impl fmt::Display for LinkChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.added { '+' } else { '-' };
        write!(f, "{}: {sign} {}", self.through, self.to)
    }
}

/// The net effect of a changeset on one object.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ObjectChange {
    /// The object; it may be gone by now.
    pub object: ObjectRef,
    /// Whether it came or went.
    pub state: Option<State>,
    /// The fields that changed; all of them for an added object, none for one
    /// that was deleted.
    pub values: Vec<FieldChange>,
    /// The links that came and went, where the object is the one that the link
    /// model names first.
    pub links: Vec<LinkChange>,
    /// Whether the state before is known. If not, the record before the
    /// changeset was pruned or never written, and no fields are listed.
    pub known: bool,
}

impl ObjectChange {
    pub(super) fn of(object: ObjectRef) -> Self {
        Self {
            object,
            state: None,
            values: Vec::new(),
            links: Vec::new(),
            known: true,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.state.is_none() && self.values.is_empty() && self.links.is_empty() && self.known
    }

    /// The change of a field or column, by its name.
    pub fn value(&self, field: &str) -> Option<&FieldChange> {
        let mut values = self.values.iter();
        values.find(|change| change.field == field || change.column == field)
    }
}

impl fmt::Display for ObjectChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.state {
            Some(state) => write!(f, "{} {} {state}", state.symbol(), self.object)?,
            None => write!(f, "  {}", self.object)?,
        }
        if !self.known {
            f.write_str(" changed; what it was before is not known (any more)")?;
        }
        for value in &self.values {
            write!(f, "\n    {value}")?;
        }
        for link in &self.links {
            write!(f, "\n    {link}")?;
        }
        Ok(())
    }
}

/// The net effect of a changeset, in the order in which the objects were first
/// changed. Displayed, it is a text for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Changes(pub(super) Vec<ObjectChange>);

impl Changes {
    /// The net effect on one object.
    pub fn of(&self, object: &ObjectRef) -> Option<&ObjectChange> {
        self.0.iter().find(|change| change.object == *object)
    }

    /// The objects, one after the other.
    pub fn iter(&self) -> std::slice::Iter<'_, ObjectChange> {
        self.0.iter()
    }

    /// The number of objects.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the listed models are as they were before.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a Changes {
    type Item = &'a ObjectChange;
    type IntoIter = std::slice::Iter<'a, ObjectChange>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl IntoIterator for Changes {
    type Item = ObjectChange;
    type IntoIter = std::vec::IntoIter<ObjectChange>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, change) in self.0.iter().enumerate() {
            write!(f, "{}{change}", if at > 0 { "\n" } else { "" })?;
        }
        Ok(())
    }
}
