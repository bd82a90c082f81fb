//! The token that says what was read.

use super::position::Position;
use crate::error::Error;
use crate::sql::fnv1a;
use std::fmt;
use std::mem::discriminant;
use std::str::FromStr;

/// What a reader of [`changes`](super::changes) has read so far.
///
/// A text to be kept (of letters, digits, `-`, `_` and `.`, so that it
/// can be part of a URL), which is opaque. It knows its
/// format, the database that gave it, and the models that it is about; another
/// database or other models refuse it with an error.
///
/// On PostgreSQL it names the transactions that were going on, so its length
/// grows with their number.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Cursor(Option<Box<Inner>>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Inner {
    pub(crate) database: String,
    /// The names of the models, sorted.
    pub(crate) models: Vec<String>,
    pub(crate) position: Position,
    pub(crate) witness: Option<Witness>,
}

/// A change that was read: a database that does not have it, has another history.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Witness {
    /// The place of its model among those of the cursor.
    pub(crate) model: usize,
    pub(crate) id: i64,
    /// When it was recorded, in microseconds of the Unix time.
    pub(crate) at: i64,
}

const FORMAT: &str = "hr1";

/// Longer is none: it would name some 40,000 transactions that were going on.
const LONGEST: usize = 1 << 20;

impl Cursor {
    /// Before the first change that there is.
    pub const fn beginning() -> Self {
        Self(None)
    }

    pub(crate) fn new(inner: Inner) -> Self {
        Self(Some(Box::new(inner)))
    }

    pub(crate) fn inner(&self) -> Option<&Inner> {
        self.0.as_deref()
    }

    /// What it says, if it is about these models (sorted) of this database, whose
    /// positions are like this one.
    pub(crate) fn of(
        &self,
        database: &str,
        models: &[String],
        like: &Position,
    ) -> Result<Option<&Inner>, Error> {
        let Some(inner) = self.inner() else {
            return Ok(None);
        };
        if inner.database != database {
            return Err(Error::Foreign);
        }
        if discriminant(&inner.position) != discriminant(like) {
            return Err(Error::InvalidCursor);
        }
        if inner.models != models {
            return Err(Error::WrongModels {
                cursor: inner.models.clone(),
                asked: models.to_vec(),
            });
        }
        Ok(Some(inner))
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(inner) = self.inner() else {
            return f.write_str(FORMAT);
        };
        let mut text = format!(
            "{FORMAT}.{}.{}.{}.",
            inner.database,
            inner.models.join("-"),
            inner.position
        );
        if let Some(Witness { model, id, at }) = &inner.witness {
            text.push_str(&format!("{model}-{id}-{at}"));
        }
        write!(f, "{text}.{:08x}", fnv1a(&text))
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor({self})")
    }
}

/// A text that is no [`Cursor`], or only a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is no cursor of handleref, or only a part of one; without one, start at `Cursor::beginning()`"
)]
pub struct InvalidCursor;

impl FromStr for Cursor {
    type Err = InvalidCursor;

    /// A cursor from outside may be made by hand: a text that handleref does not
    /// write is none.
    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        if text == FORMAT {
            return Ok(Self::beginning());
        }
        if text.len() > LONGEST {
            return Err(InvalidCursor);
        }
        let cursor = read(text).map(Self::new).ok_or(InvalidCursor)?;
        // There are many ways to write a number, and one that is ours.
        match cursor.to_string() == text {
            true => Ok(cursor),
            false => Err(InvalidCursor),
        }
    }
}

fn read(text: &str) -> Option<Inner> {
    let (text, check) = text.rsplit_once('.')?;
    if format!("{:08x}", fnv1a(text)) != check {
        return None;
    }
    let parts: Vec<&str> = text.split('.').collect();
    let [FORMAT, database, models, position, witness] = parts[..] else {
        return None;
    };
    let word = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_alphanumeric());
    if !word(database) {
        return None;
    }
    let models: Vec<String> = models.split('-').map(str::to_owned).collect();
    if models.iter().any(String::is_empty) || !models.is_sorted() {
        return None;
    }
    let numbers: Vec<&str> = witness.splitn(4, '-').collect();
    let witness = match numbers[..] {
        [""] => None,
        [model, id, at] => Some(Witness {
            model: model.parse().ok().filter(|at| *at < models.len())?,
            id: id.parse().ok()?,
            at: at.parse().ok()?,
        }),
        _ => return None,
    };
    Some(Inner {
        database: database.to_owned(),
        models,
        position: Position::read(position)?,
        witness,
    })
}

impl From<InvalidCursor> for Error {
    fn from(_: InvalidCursor) -> Self {
        Self::InvalidCursor
    }
}

impl serde::Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Cursor {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_and_parts_of_them_do_not() {
        let cursor = Cursor::new(Inner {
            database: "4f0c".into(),
            models: vec!["Article".into(), "Topic".into()],
            position: Position::Tick(12),
            witness: Some(Witness {
                model: 1,
                id: 12,
                at: 5,
            }),
        });
        let text = cursor.to_string();
        assert_eq!(text.parse(), Ok(cursor.clone()));
        assert_eq!(serde_json::to_value(&cursor).unwrap(), text);
        assert_eq!(
            serde_json::from_value::<Cursor>(text.clone().into()).unwrap(),
            cursor
        );
        for end in 4..text.len() {
            assert_eq!(
                text[..end].parse::<Cursor>(),
                Err(InvalidCursor),
                "{}",
                &text[..end]
            );
        }
        assert_eq!("hr1".parse(), Ok(Cursor::beginning()));
    }
}
