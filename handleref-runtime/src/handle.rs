//! Handles: a model's tag and a row's key in one short text, such as `org1`.

use crate::key::Key;
use std::fmt;
use std::str::FromStr;

/// A reference to a row across models: a tag and an integer key, `org1`.
///
/// The text form and the parser follow `split_ref` of django-handleref: ASCII
/// letters (lower-cased), any blanks and hyphens, ASCII digits, and nothing
/// else. Keys that are no integers belong to a model, which knows their type:
/// see [`HandleRef::parse_handle`](crate::model::HandleRef::parse_handle).
///
/// ```
/// use handleref_runtime::handle::Handle;
///
/// let handle: Handle = "ASDF-123".parse()?;
/// assert_eq!((handle.tag(), handle.key()), ("asdf", 123));
/// assert_eq!(handle.to_string(), "asdf123");
/// assert!("asdf123a".parse::<Handle>().is_err());
/// # Ok::<(), handleref_runtime::handle::HandleError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "split_ref")]
pub struct Handle {
    tag: String,
    key: u64,
}

impl Handle {
    /// A handle of `tag`, which must be ASCII letters and is lower-cased.
    ///
    /// # Errors
    /// [`HandleError::Malformed`] if `tag` is empty or holds anything but ASCII letters.
    pub fn new(tag: &str, key: u64) -> Result<Self, HandleError> {
        if tag.is_empty() || !tag.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Err(HandleError::Malformed(tag.to_owned()));
        }
        Ok(Self {
            tag: tag.to_ascii_lowercase(),
            key,
        })
    }

    /// The tag, in lower case.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The key.
    pub fn key(&self) -> u64 {
        self.key
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.tag, self.key)
    }
}

impl FromStr for Handle {
    type Err = HandleError;

    fn from_str(text: &str) -> Result<Self, HandleError> {
        let malformed = || HandleError::Malformed(text.to_owned());
        let (tag, key) = split(text).ok_or_else(malformed)?;
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(malformed());
        }
        // All digits, so the only failure left is a number above u64::MAX.
        Self::new(
            tag,
            key.parse()
                .map_err(|_| HandleError::TooLarge(text.to_owned()))?,
        )
    }
}

/// Letters, then what follows the blanks and hyphens after them.
fn split(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|character: char| !character.is_ascii_alphabetic())?;
    let (tag, rest) = text.split_at(end);
    (!tag.is_empty()).then(|| (tag, rest.trim_start_matches([' ', '-'])))
}

/// Writes the handle of a key of any type.
pub(crate) fn write<K: Key>(tag: &'static str, key: &K) -> Result<String, HandleError> {
    if key.is_unset() {
        return Err(HandleError::Unsaved { tag });
    }
    let text = key.text();
    if K::INTEGER && text.starts_with('-') {
        // "org-1" would be read as the key 1.
        return Err(HandleError::Negative { tag, key: text });
    }
    Ok(if K::INTEGER {
        format!("{tag}{text}")
    } else {
        format!("{tag}-{text}")
    })
}

/// Reads the handle of a key of any type.
pub(crate) fn read<K: Key>(tag: &'static str, text: &str) -> Result<K, HandleError> {
    let malformed = || HandleError::Malformed(text.to_owned());
    let (found, rest) = split(text).ok_or_else(malformed)?;
    if !found.eq_ignore_ascii_case(tag) {
        return Err(HandleError::Tag {
            expected: tag,
            found: found.to_ascii_lowercase(),
        });
    }
    if K::INTEGER {
        if rest.is_empty() || !rest.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(malformed());
        }
        return K::parse(rest).ok_or_else(|| HandleError::TooLarge(text.to_owned()));
    }
    // Exactly one hyphen separates: what follows belongs to the key, blanks and hyphens too.
    let key = text
        .get(found.len()..)
        .and_then(|rest| rest.strip_prefix('-'))
        .ok_or_else(malformed)?;
    K::parse(key).ok_or_else(malformed)
}

/// Why a handle could not be written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandleError {
    /// The row was never stored: its key is unset (no value, 0, empty or nil).
    #[error("this `{tag}` has no handle yet: its key is unset; insert the row first")]
    Unsaved {
        /// The model's tag.
        tag: &'static str,
    },
    /// A negative integer key has no handle, because hyphens are ignored when one is read.
    #[error("a handle cannot name the `{tag}` with the negative key {key}")]
    Negative {
        /// The model's tag.
        tag: &'static str,
        /// The key.
        key: String,
    },
    /// The text is not letters, blanks or hyphens, and a key.
    #[error("{0:?} is not a handle; a handle is letters, then the key, such as `org1` or `org-1`")]
    Malformed(String),
    /// The number does not fit the key.
    #[error("the number in the handle {0:?} does not fit the key")]
    TooLarge(String),
    /// The handle belongs to another model.
    #[error("the handle names a `{found}`, but a `{expected}` was asked for")]
    Tag {
        /// The tag of the model that was asked.
        expected: &'static str,
        /// The tag in the text.
        found: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_good_inputs_of_the_seed() {
        for (text, tag, key) in [
            ("ASDF123", "asdf", 123),
            ("asdf 123", "asdf", 123),
            ("asdf-123", "asdf", 123),
            ("fac--  12", "fac", 12),
        ] {
            assert_eq!(text.parse(), Handle::new(tag, key), "{text}");
        }
    }

    #[test]
    fn the_bad_inputs_of_the_seed_and_the_trailing_newline_that_slipped_through() {
        for text in [
            "asdf123a",
            "123asdf",
            "a_b1",
            " a1",
            "a1 ",
            "é1",
            "aé1",
            "",
            "a",
            "1",
            "asdf123\n",
            "a\n1",
            "a\u{a0}1",
            "a١",
        ] {
            assert_eq!(
                text.parse::<Handle>(),
                Err(HandleError::Malformed(text.to_owned())),
                "{text:?}"
            );
        }
        assert_eq!(
            "a99999999999999999999".parse::<Handle>(),
            Err(HandleError::TooLarge("a99999999999999999999".to_owned()))
        );
    }

    #[test]
    fn keys_of_every_type_are_read_back() {
        assert_eq!(write("org", &7_i32), Ok("org7".to_owned()));
        assert_eq!(read::<i32>("org", "ORG - 7"), Ok(7));
        assert_eq!(
            write("doc", &"a b-c".to_owned()),
            Ok("doc-a b-c".to_owned())
        );
        assert_eq!(read::<String>("doc", "doc-a b-c"), Ok("a b-c".to_owned()));
        assert_eq!(read::<String>("doc", "doc--x"), Ok("-x".to_owned()));
        assert_eq!(
            read::<(i32, String)>("link", "link-3,x"),
            Ok((3, "x".to_owned()))
        );
    }

    #[test]
    fn a_handle_of_another_model_or_of_no_row_is_refused() {
        assert_eq!(
            read::<i32>("org", "net7"),
            Err(HandleError::Tag {
                expected: "org",
                found: "net".to_owned()
            })
        );
        assert_eq!(
            write("org", &0_i32),
            Err(HandleError::Unsaved { tag: "org" })
        );
        assert_eq!(
            write("org", &-1_i32),
            Err(HandleError::Negative {
                tag: "org",
                key: "-1".to_owned()
            })
        );
        assert_eq!(
            read::<i32>("org", "org99999999999"),
            Err(HandleError::TooLarge("org99999999999".to_owned()))
        );
        assert_eq!(
            read::<i32>("org", "org1\n"),
            Err(HandleError::Malformed("org1\n".to_owned()))
        );
    }
}
