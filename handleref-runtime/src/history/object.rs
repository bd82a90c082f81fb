//! References to rows that survive the rows.

use super::query::{KeyIs, Loaded, load};
use super::{LiveName, Recall, Recorded};
use crate::engine::Engine;
use crate::error::Error;
use crate::facts::RECORD_ID;
use crate::key::Key;
use crate::session::{Executor, Session};
use crate::sql::Sql;
use serde_json::Value;
use std::fmt;

/// A row by its model and its key: the name of the struct, and the key as text.
///
/// It stays when the row is deleted. What it refers to is asked through
/// [`to`](ObjectRef::to), which says the model as a type.
///
/// ```text
/// let object = ObjectRef::of(&article);
/// assert_eq!(object.to_string(), "Article 7");
/// object.to::<Article>()?.instance(conn)?;      // Some(article), or None if it is gone
/// object.to::<Article>()?.last_state(conn)?;    // as it was last, even then
/// ```
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[non_exhaustive]
#[doc(alias("ObjectWrapper", "GenericForeignKey"))]
pub struct ObjectRef {
    /// The name of the model's struct.
    pub model: String,
    /// The key as text, as [`Key::text`] writes it.
    pub key: String,
}

impl ObjectRef {
    /// The row that this instance is of.
    #[doc(alias = "wrap")]
    pub fn of<M: Recorded>(row: &M) -> Self {
        Self::new::<M>(&row.record_key())
    }

    /// The row of a model with this key.
    pub fn new<M: Recorded>(key: &M::RecordKey) -> Self {
        Self {
            model: M::RECORDED_NAME.to_owned(),
            key: key.text(),
        }
    }

    /// The row of a model that is known by its name, such as the one that a
    /// foreign key refers to; `None` if a value is null.
    pub(crate) fn referred(model: &str, values: &[&Value]) -> Option<Self> {
        let parts: Option<Vec<String>> = values.iter().map(|value| part(value)).collect();
        let parts = parts?;
        let key = match parts.as_slice() {
            [one] => one.clone(),
            many => {
                let escaped = |part: &String| part.replace('\\', "\\\\").replace(',', "\\,");
                many.iter().map(escaped).collect::<Vec<_>>().join(",")
            }
        };
        Some(Self {
            model: model.to_owned(),
            key,
        })
    }

    /// Whether it is a row of this model.
    pub fn is<M: Recorded>(&self) -> bool {
        self.model == M::RECORDED_NAME
    }

    /// The same, with the model as a type.
    ///
    /// # Errors
    /// [`Error::WrongObject`] if it is a row of another model, or if the key
    /// cannot be read as one of this model.
    pub fn to<M: Recorded>(&self) -> Result<ObjectOf<M>, Error> {
        let key = match self.is::<M>() {
            true => M::RecordKey::parse(&self.key),
            false => None,
        };
        match key {
            Some(key) => Ok(ObjectOf { key }),
            None => Err(Error::WrongObject {
                object: self.to_string(),
                model: M::RECORDED_NAME,
            }),
        }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.model, self.key)
    }
}

/// One part of a key as [`Key`] writes it, from the value that serde makes.
fn part(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(bytes) => {
            let digits = |byte: &Value| byte.as_u64().map(|byte| format!("{byte:02x}"));
            bytes.iter().map(digits).collect()
        }
        other => Some(other.to_string()),
    }
}

/// An [`ObjectRef`] whose model is a type.
pub struct ObjectOf<M: Recorded> {
    /// The key.
    pub key: M::RecordKey,
}

impl<M: Recorded> fmt::Debug for ObjectOf<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", M::RECORDED_NAME, self.key.text())
    }
}

impl<M: Recorded> Clone for ObjectOf<M> {
    fn clone(&self) -> Self {
        Self {
            key: self.key.clone(),
        }
    }
}

impl<M: Recorded> ObjectOf<M> {
    /// The row as it is now, soft-deleted or not; `None` if it is gone.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn instance<'a, C>(&'a self, conn: &'a mut C) -> C::Output<'a, Result<Option<M>, Error>>
    where
        C: Executor,
        M: Recall<C::Engine> + Loaded<C::Engine>,
    {
        C::run(live::<M, C::Engine>(conn, &self.key, false))
    }

    /// Whether the row is gone. A soft-deleted row is not; for that the
    /// model has a condition, [`SoftDelete::is_deleted`](crate::model::SoftDelete::is_deleted).
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn is_deleted<'a, C>(&'a self, conn: &'a mut C) -> C::Output<'a, Result<bool, Error>>
    where
        C: Executor,
        M: Recall<C::Engine> + Loaded<C::Engine>,
    {
        C::run(async move {
            Ok(live::<M, C::Engine>(conn, &self.key, false)
                .await?
                .is_none())
        })
    }

    /// The row as its last record says, even if it is gone; `None` if there is
    /// no record.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn last_state<'a, C>(&'a self, conn: &'a mut C) -> C::Output<'a, Result<Option<M>, Error>>
    where
        C: Executor,
        M: Recall<C::Engine> + Loaded<C::Engine>,
    {
        C::run(async move {
            let key = KeyIs::<M, C::Engine>::new(&self.key);
            let from = Sql::new(" FROM ")
                .name(M::RECORDING.records)
                .sql(" AS ")
                .name(M::LiveTable::SQL_NAME)
                .sql(" WHERE ")
                .part::<C::Engine>(&key)
                .sql(" ORDER BY ")
                .name(RECORD_ID)
                .sql(" DESC LIMIT 1");
            Ok(load::<M, C::Engine>(conn, from).await?.pop())
        })
    }
}

/// The row with this key.
pub(crate) async fn live<M, DB>(
    conn: &mut dyn Session,
    key: &M::RecordKey,
    lock: bool,
) -> Result<Option<M>, Error>
where
    DB: Engine,
    M: Recall<DB> + Loaded<DB>,
{
    let key = KeyIs::<M, DB>::new(key);
    let from = Sql::new(" FROM ")
        .name(M::LiveTable::SQL_NAME)
        .sql(" WHERE ")
        .part::<DB>(&key);
    let from = if lock { from.lock() } else { from };
    Ok(load::<M, DB>(conn, from).await?.pop())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_written_as_keys_are() {
        let referred = |values: &[&Value]| ObjectRef::referred("M", values).map(|it| it.key);
        assert_eq!(referred(&[&json!(7)]).as_deref(), Some("7"));
        assert_eq!(referred(&[&json!("a,b")]).as_deref(), Some("a,b"));
        assert_eq!(referred(&[&json!([0, 255])]).as_deref(), Some("00ff"));
        assert_eq!(referred(&[&Value::Null]), None);
        let composite = ("a,b\\".to_owned(), 3_i32);
        let values = [&json!("a,b\\"), &json!(3)];
        assert_eq!(referred(&values), Some(composite.text()));
    }
}
