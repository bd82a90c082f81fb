//! Texts that strangers wrote.

use http::header::HeaderName;
use http::request::Parts;
use percent_encoding::percent_decode_str;

/// What the column `correlation_id` holds.
const CORRELATION_CHARS: usize = 191;

/// A comment is read by people; a client may send much more.
const COMMENT_CHARS: usize = 1000;

/// The value of a header, if it is UTF-8.
pub(super) fn value(request: &Parts, name: &HeaderName) -> Option<String> {
    let value = request.headers.get(name)?.as_bytes();
    Some(std::str::from_utf8(value).ok()?.to_owned())
}

/// A value in the notation of RFC 8187, `UTF-8'language'percent-encoded`, or
/// the text itself.
pub(super) fn decoded(text: String) -> Option<String> {
    let encoded = text
        .split_once('\'')
        .filter(|(charset, _)| charset.eq_ignore_ascii_case("utf-8"))
        .and_then(|(_, rest)| rest.split_once('\''));
    match encoded {
        Some((_, encoded)) => percent_decoded(encoded),
        None => Some(text),
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    // What is decoded leaves a `%` as it is that no two digits follow.
    let is_whole = |after: &str| {
        let digits = after.as_bytes().first_chunk::<2>();
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !text.split('%').skip(1).all(is_whole) {
        return None;
    }
    let text = percent_decode_str(text).decode_utf8().ok()?;
    Some(text.into_owned())
}

/// A correlation id, unless it is empty or too long.
pub(super) fn as_correlation(text: &str) -> Option<String> {
    tidy(text).filter(|text| text.chars().count() <= CORRELATION_CHARS)
}

/// A comment, unless it is empty; cut if it is too long.
pub(super) fn as_comment(text: &str) -> Option<String> {
    let mut text = tidy(text)?;
    if let Some((end, _)) = text.char_indices().nth(COMMENT_CHARS) {
        text.truncate(end);
    }
    Some(text)
}

/// Without control characters: PostgreSQL takes no NUL, and no log an escape.
fn tidy(text: &str) -> Option<String> {
    let text = text.replace(char::is_control, " ");
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded_str(text: &str) -> Option<String> {
        decoded(text.to_owned())
    }

    #[test]
    fn only_what_says_so_is_decoded() {
        for plain in [
            "",
            "100% done",
            "50%25",
            "it's 'so'",
            "latin1''%fc",
            "utf-8'",
        ] {
            assert_eq!(decoded_str(plain).as_deref(), Some(plain));
        }
        for (encoded, text) in [
            ("UTF-8''%C3%BCber%20alles", "über alles"),
            ("utf-8'de'gr%C3%bc%c3%9fe", "grüße"),
            ("UTF-8''plain, it's", "plain, it's"),
            ("UTF-8''", ""),
        ] {
            assert_eq!(decoded_str(encoded).as_deref(), Some(text));
        }
        for broken in ["%", "%4", "%+4", "%zz", "%ü", "a%f0%28", "%FF"] {
            assert_eq!(decoded_str(&format!("UTF-8''{broken}")), None, "{broken}");
        }
    }

    #[test]
    fn texts_are_tidied_and_have_a_length() {
        assert_eq!(
            as_comment(" a\u{0}b\r\nc\u{1b} ").as_deref(),
            Some("a b  c")
        );
        assert_eq!(
            (as_comment(" \t\u{85}"), as_correlation("\u{0}")),
            (None, None)
        );

        let long = "ü".repeat(1000);
        assert_eq!(as_comment(&long).as_deref(), Some(&*long));
        assert_eq!(as_comment(&format!("{long}ü")).as_deref(), Some(&*long));
        let long = "ü".repeat(191);
        assert_eq!(as_correlation(&long).as_deref(), Some(&*long));
        assert_eq!(as_correlation(&format!("{long}u")), None);
    }
}
