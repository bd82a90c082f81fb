//! Primary keys: what a handle is made of.

use std::fmt::Write;

/// One primary key, or one column of a composite one.
///
/// Implemented for the integers, text, bytes, `uuid::Uuid` (feature `uuid`),
/// `Option` of these (a struct whose key is filled in by the database) and
/// tuples of up to four. A newtype key needs the four short methods:
///
/// ```
/// use handleref_runtime::key::Key;
///
/// #[derive(Debug, Clone, PartialEq)]
/// struct ArticleId(i32);
/// impl Key for ArticleId {
///     const INTEGER: bool = i32::INTEGER;
///     fn is_unset(&self) -> bool { self.0.is_unset() }
///     fn write(&self, out: &mut String) { self.0.write(out) }
///     fn parse(text: &str) -> Option<Self> { i32::parse(text).map(Self) }
/// }
/// assert_eq!(ArticleId::parse("7"), Some(ArticleId(7)));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be (part of) the primary key of a model",
    note = "implement `handleref::model::Key` for it, or enable the feature `uuid` if it is a UUID"
)]
pub trait Key: Clone + Send + Sync + 'static {
    /// Whether the key is written in digits, so that a handle needs no hyphen
    /// between tag and key.
    const INTEGER: bool = false;
    /// Whether the key is the one of a row that was never stored: no value, 0,
    /// an empty text or the nil UUID.
    fn is_unset(&self) -> bool;
    /// Writes the key as text.
    fn write(&self, out: &mut String);
    /// Reads what [`write`](Key::write) wrote.
    fn parse(text: &str) -> Option<Self>;
    /// The key as text.
    fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }
}

macro_rules! integers {
    ($($int:ty)*) => { $(
        impl Key for $int {
            const INTEGER: bool = true;
            fn is_unset(&self) -> bool {
                *self == 0
            }
            fn write(&self, out: &mut String) {
                // Writing to a String cannot fail.
                let _ = write!(out, "{self}");
            }
            fn parse(text: &str) -> Option<Self> {
                // `FromStr` of integers also takes a leading `+`.
                if text.starts_with('+') { None } else { text.parse().ok() }
            }
        }
    )* };
}
integers!(i16 i32 i64 u16 u32 u64);

impl Key for String {
    fn is_unset(&self) -> bool {
        self.is_empty()
    }
    fn write(&self, out: &mut String) {
        out.push_str(self);
    }
    fn parse(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| text.to_owned())
    }
}

/// Bytes are written in lower-case hexadecimal digits.
impl Key for Vec<u8> {
    fn is_unset(&self) -> bool {
        self.is_empty()
    }
    fn write(&self, out: &mut String) {
        for byte in self {
            let _ = write!(out, "{byte:02x}");
        }
    }
    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || !text.len().is_multiple_of(2) || !text.is_ascii() {
            return None;
        }
        (0..text.len())
            .step_by(2)
            .map(|at| {
                let pair = &text[at..at + 2];
                // `from_str_radix` also takes a sign.
                if pair.starts_with('+') {
                    None
                } else {
                    u8::from_str_radix(pair, 16).ok()
                }
            })
            .collect()
    }
}

#[cfg(feature = "uuid")]
impl Key for uuid::Uuid {
    fn is_unset(&self) -> bool {
        self.is_nil()
    }
    fn write(&self, out: &mut String) {
        let _ = write!(out, "{self}");
    }
    fn parse(text: &str) -> Option<Self> {
        Self::try_parse(text).ok()
    }
}

impl<K: Key> Key for Option<K> {
    const INTEGER: bool = K::INTEGER;
    fn is_unset(&self) -> bool {
        self.as_ref().is_none_or(K::is_unset)
    }
    fn write(&self, out: &mut String) {
        if let Some(key) = self {
            key.write(out);
        }
    }
    fn parse(text: &str) -> Option<Self> {
        K::parse(text).map(Some)
    }
}

macro_rules! tuples {
    ($($($part:ident $index:tt),+;)*) => { $(
        /// The parts of a composite key are separated by commas; a comma or a
        /// backslash inside a part is written with a backslash before it.
        impl<$($part: Key),+> Key for ($($part,)+) {
            fn is_unset(&self) -> bool {
                false $(|| self.$index.is_unset())+
            }
            fn write(&self, out: &mut String) {
                $(
                    if $index > 0 {
                        out.push(',');
                    }
                    for character in self.$index.text().chars() {
                        if matches!(character, ',' | '\\') {
                            out.push('\\');
                        }
                        out.push(character);
                    }
                )+
            }
            fn parse(text: &str) -> Option<Self> {
                let mut parts = split_parts(text)?.into_iter();
                let key = ($($part::parse(&parts.next()?)?,)+);
                parts.next().is_none().then_some(key)
            }
        }
    )* };
}
tuples! {
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
}

/// Splits at commas that no backslash precedes; `None` if a backslash ends the text.
pub(crate) fn split_parts(text: &str) -> Option<Vec<String>> {
    let mut parts = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            ',' => parts.push(String::new()),
            '\\' => parts.last_mut()?.push(characters.next()?),
            _ => parts.last_mut()?.push(character),
        }
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip<K: Key + PartialEq + std::fmt::Debug>(key: K, text: &str) {
        assert_eq!(key.text(), text);
        assert_eq!(K::parse(text), Some(key));
    }

    #[test]
    fn keys_are_read_back_as_written() {
        round_trip(7_i32, "7");
        round_trip(-7_i64, "-7");
        round_trip("a,b".to_owned(), "a,b");
        round_trip(vec![0_u8, 255], "00ff");
        round_trip((1_i32, "x".to_owned()), "1,x");
        round_trip(("a,b\\".to_owned(), "c".to_owned(), 3_i16), "a\\,b\\\\,c,3");
        round_trip(Some(9_i32), "9");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert_eq!(i32::parse("+1"), None);
        assert_eq!(i32::parse("99999999999"), None);
        assert_eq!(<Vec<u8>>::parse("0"), None);
        assert_eq!(<Vec<u8>>::parse("+1"), None);
        assert_eq!(<Vec<u8>>::parse("é"), None);
        assert_eq!(<(i32, i32)>::parse("1"), None);
        assert_eq!(<(i32, i32)>::parse("1,2,3"), None);
        assert_eq!(<(String, String)>::parse("a,b\\"), None);
    }

    #[test]
    fn unset_keys() {
        assert!(
            0_i32.is_unset()
                && String::new().is_unset()
                && None::<i32>.is_unset()
                && Some(0_i32).is_unset()
        );
        assert!((1_i32, 0_i32).is_unset() && !(1_i32, 2_i32).is_unset());
    }
}
