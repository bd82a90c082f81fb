//! Text that is SQL, as a type: what a user wrote cannot be taken for it.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::ops::Deref;

/// SQL that this crate is the author of.
///
/// It is text of the source code (`&'static str`), or [put together](raw!) of
/// such texts, numbers, quoted names and literals. A `String` is none of these;
/// the doors for text that was made elsewhere are [`of_plan`](Raw::of_plan),
/// [`of_diesel`](Raw::of_diesel), [`of_caller`](Raw::of_caller) and
/// [`of_database`](Raw::of_database), and `tests/layers.rs` knows who uses them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[doc(hidden)]
pub struct Raw(Cow<'static, str>);

impl Raw {
    /// What `raw!` puts together; it looks at what is put in.
    pub(crate) fn put_together(parts: fmt::Arguments<'_>) -> Self {
        Self(match parts.as_str() {
            Some(text) => text.into(),
            None => parts.to_string().into(),
        })
    }

    /// What this layer has quoted.
    pub(super) fn trusted(text: String) -> Self {
        Self(text.into())
    }

    /// A part of a plan or a trigger: DDL cannot bind anything, and is shown to
    /// people before it is executed.
    pub(crate) fn of_plan(text: impl Into<Cow<'static, str>>) -> Self {
        Self(text.into())
    }

    /// A name that Diesel has quoted.
    pub(crate) fn of_diesel(text: String) -> Self {
        Self(text.into())
    }

    /// An expression that a caller gives as SQL, and answers for.
    pub(crate) fn of_caller(text: Cow<'static, str>) -> Self {
        Self(text)
    }

    /// A literal that the database itself has written.
    pub(crate) fn of_database(text: String) -> Self {
        Self(text.into())
    }

    /// All of them, with `between` in between.
    pub(crate) fn join(parts: impl IntoIterator<Item = Self>, between: &'static str) -> Self {
        let mut joined = String::new();
        for (at, part) in parts.into_iter().enumerate() {
            if at > 0 {
                joined.push_str(between);
            }
            joined.push_str(&part);
        }
        Self(joined.into())
    }

    /// Numbers, separated by commas.
    pub(crate) fn numbers(numbers: impl IntoIterator<Item = i64>) -> Self {
        let numbers = numbers.into_iter();
        Self::join(numbers.map(|number| Self(number.to_string().into())), ", ")
    }

    /// This, and what follows.
    pub(crate) fn then(mut self, next: impl Into<Self>) -> Self {
        self.push(next);
        self
    }

    pub(crate) fn push(&mut self, next: impl Into<Self>) {
        self.0.to_mut().push_str(&next.into());
    }

    pub(crate) fn into_string(self) -> String {
        self.0.into_owned()
    }
}

impl Extend<Self> for Raw {
    fn extend<I: IntoIterator<Item = Self>>(&mut self, parts: I) {
        let text = self.0.to_mut();
        parts.into_iter().for_each(|part| text.push_str(&part));
    }
}
impl FromIterator<Self> for Raw {
    fn from_iter<I: IntoIterator<Item = Self>>(parts: I) -> Self {
        Self::join(parts, "")
    }
}
impl From<&'static str> for Raw {
    fn from(text: &'static str) -> Self {
        Self(text.into())
    }
}
impl From<&Self> for Raw {
    fn from(text: &Self) -> Self {
        text.clone()
    }
}
impl From<Raw> for Cow<'static, str> {
    fn from(text: Raw) -> Self {
        text.0
    }
}
impl Deref for Raw {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}
impl Borrow<str> for Raw {
    fn borrow(&self) -> &str {
        &self.0
    }
}
impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What may stand in SQL as it is.
pub(crate) trait Splice: fmt::Display {}
impl Splice for Raw {}
impl Splice for &'static str {}
impl Splice for i32 {}
impl Splice for i64 {}
impl Splice for u64 {}
impl Splice for u32 {}
impl Splice for usize {}
impl<T: Splice> Splice for &T {}

/// For `raw!`: no more than that it is allowed.
pub(crate) const fn spliced<T: Splice>(part: &T) -> &T {
    part
}

/// A [`Raw`] like a text of `format!`. Values for `{}` come first, in brackets;
/// then the names that stand in the braces:
/// `raw!("{table}.{} = {value}", [quoted(kind, name)], table, value)`. What is
/// only named in the braces does not compile, so nothing gets past the types.
macro_rules! raw {
    ($text:literal $(, $name:ident)* $(,)?) => {
        $crate::sql::raw!($text, [], $($name),*)
    };
    ($text:literal, [$($value:expr),* $(,)?] $(, $name:ident)* $(,)?) => {
        {
            // So that the arguments, which are not `Send`, are gone at once.
            let text = $crate::sql::Raw::put_together(format_args!(
                concat!($text),
                $($crate::sql::spliced(&$value),)*
                $($name = $crate::sql::spliced(&$name)),*
            ));
            text
        }
    };
}
pub(crate) use raw;
