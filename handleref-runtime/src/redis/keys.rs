//! The names of keys.

use super::connection::{RedisConnection, one};
use crate::changeset::ObjectRef;
use crate::error::Error;
use crate::sql::storable;
use ::redis::cmd;

/// The keys under a prefix. What is between the braces decides in which slot of a
/// cluster a key is, so those of one object are together, those of a model, and
/// those of the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    pub(super) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
        }
    }

    /// Refuses a prefix that is a mistake.
    pub(super) fn check(&self) -> Result<(), Error> {
        storable("prefix of the keys in Redis", &self.prefix)
    }

    /// The diffs of all models.
    pub(super) fn all(&self) -> String {
        format!("{}:{{*}}", self.prefix)
    }

    /// Those under objects of a model.
    pub(super) fn model(&self, name: &str) -> String {
        format!("{}:{{{name}}}", self.prefix)
    }

    /// Those under an object.
    pub(super) fn object(&self, object: &ObjectRef) -> String {
        format!("{}:{{{}:{}}}", self.prefix, object.model, object.key)
    }

    /// The times of the diffs at a key.
    pub(super) fn times(key: &str) -> String {
        format!("{key}:times")
    }

    /// Where the relay is.
    pub(super) fn state(&self) -> String {
        self.all() + ":state"
    }

    /// Where it was, by the times of what it had moved.
    pub(super) fn marks(&self) -> String {
        self.all() + ":marks"
    }

    /// The models under which there are diffs.
    pub(super) fn models(&self) -> String {
        self.all() + ":models"
    }

    /// Their names.
    pub(super) async fn models_there<R: RedisConnection>(
        &self,
        conn: &mut R,
    ) -> Result<Vec<String>, Error> {
        let names: Vec<Vec<u8>> = one(conn, cmd("SMEMBERS").arg(self.models()).to_owned()).await?;
        // What is no text is no model's name.
        let texts = names.into_iter().map(String::from_utf8);
        Ok(texts.filter_map(Result::ok).collect())
    }

    /// The relay that is filling an empty Redis.
    pub(super) fn lock(&self) -> String {
        self.all() + ":lock"
    }

    /// A pattern that all of them match.
    pub(super) fn pattern(&self) -> String {
        let mut pattern = String::with_capacity(self.prefix.len() + 4);
        for letter in self.prefix.chars() {
            if matches!(letter, '*' | '?' | '[' | ']' | '\\' | '^') {
                pattern.push('\\');
            }
            pattern.push(letter);
        }
        pattern + ":{*"
    }

    /// Whether this is the key of all diffs, of a model, or of an object.
    pub(super) fn is_ours(&self, key: &str) -> bool {
        let rest = key.strip_prefix(self.prefix.as_str());
        let inside = rest.and_then(|rest| rest.strip_prefix(":{")?.strip_suffix('}'));
        inside.is_some_and(|inside| !inside.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_one_thing_are_together() {
        let keys = Keys::new("a*b");
        let object = ObjectRef {
            model: "Article".into(),
            key: "7".into(),
        };
        assert_eq!(keys.object(&object), "a*b:{Article:7}");
        assert_eq!(keys.model("Article"), "a*b:{Article}");
        assert_eq!(Keys::times(&keys.all()), "a*b:{*}:times");
        assert_eq!(keys.pattern(), "a\\*b:{*");
        for ours in ["a*b:{Article:7}", "a*b:{Article}", "a*b:{*}"] {
            assert!(keys.is_ours(ours), "{ours}");
        }
        for other in ["a*b:{Article", "a*b:{*}:times", "ab:{Article:7}", "a*b:{}"] {
            assert!(!keys.is_ours(other), "{other}");
        }
    }
}
