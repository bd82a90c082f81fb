//! Entity tags, and conditions on them.

use super::problem::Problem;
use http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};

/// The tag of a representation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag {
    weak: bool,
    text: String,
}

impl Tag {
    /// A whole row, in this version.
    pub(super) fn of_version(version: i64) -> Self {
        Self {
            weak: false,
            text: format!("v{version}"),
        }
    }

    /// Something that is made of it, such as some of its fields.
    pub(super) fn weak(text: String) -> Self {
        Self { weak: true, text }
    }

    /// A whole thing, other than a row.
    pub(super) fn strong(text: String) -> Self {
        Self { weak: false, text }
    }

    pub(super) fn header(&self) -> Option<HeaderValue> {
        let weak = if self.weak { "W/" } else { "" };
        HeaderValue::try_from(format!("{weak}\"{}\"", self.text)).ok()
    }
}

/// The value of `If-Match` or `If-None-Match`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tags {
    /// `*`
    Any,
    These(Vec<Tag>),
}

impl Tags {
    /// The condition of a request, if there is one.
    ///
    /// # Errors
    /// 400 if it is not what RFC 9110 has.
    fn of(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Self>, Problem> {
        let mut tags = Vec::new();
        let mut any = false;
        for value in headers.get_all(name) {
            let read = value.to_str().ok().and_then(read);
            match read {
                Some(Self::Any) => any = true,
                Some(Self::These(more)) => tags.extend(more),
                None => {
                    let detail = format!("`{name}` holds no list of entity tags, such as \"v13\"");
                    return Err(Problem::bad_request(detail));
                }
            }
        }
        Ok(match (any, tags.is_empty()) {
            (true, true) => Some(Self::Any),
            (false, false) => Some(Self::These(tags)),
            (false, true) => None,
            (true, false) => {
                let detail = format!("`{name}` holds `*` beside entity tags");
                return Err(Problem::bad_request(detail));
            }
        })
    }

    /// Whether one of them is this tag, and both are strong.
    fn has_strong(&self, tag: &Tag) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => !tag.weak && tags.contains(tag),
        }
    }

    /// Whether one of them is this tag, weak or not.
    fn has(&self, tag: &Tag) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|it| it.text == tag.text),
        }
    }
}

/// Reads a list of tags.
fn read(text: &str) -> Option<Tags> {
    if text.trim() == "*" {
        return Some(Tags::Any);
    }
    let (mut tags, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let (weak, after) = match rest.strip_prefix("W/") {
            Some(after) => (true, after),
            None => (false, rest),
        };
        let (text, after) = after.strip_prefix('"')?.split_once('"')?;
        if text.chars().any(|c| c <= ' ' || c == '\u{7f}') {
            return None;
        }
        tags.push(Tag {
            weak,
            text: text.to_owned(),
        });
        rest = after.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(after) => after.trim_start(),
            None if rest.is_empty() => rest,
            None => return None,
        };
    }
    (!tags.is_empty()).then_some(Tags::These(tags))
}

/// The conditions of a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
}

impl Conditions {
    pub(super) fn of(parts: &Parts) -> Result<Self, Problem> {
        Ok(Self {
            if_match: Tags::of(&parts.headers, &IF_MATCH)?,
            if_none_match: Tags::of(&parts.headers, &IF_NONE_MATCH)?,
        })
    }

    /// Whether `If-Match` names this; `*` names nothing.
    pub(super) fn names(&self, tag: &Tag) -> bool {
        match &self.if_match {
            Some(Tags::These(tags)) => tags.contains(tag),
            Some(Tags::Any) | None => false,
        }
    }

    pub(super) fn is_match(&self) -> bool {
        self.if_match.is_some()
    }

    /// Whether what is there is what the client has already.
    pub(super) fn is_known(&self, tag: Option<&Tag>) -> bool {
        let known = self.if_none_match.as_ref();
        known.is_some_and(|known| tag.map_or(*known == Tags::Any, |tag| known.has(tag)))
    }

    /// Whether a row that is there, in this version, may be written.
    ///
    /// # Errors
    /// 412 if not; 400 if the model has no versions to compare.
    pub(super) fn allow(&self, version: Option<i64>) -> Result<(), Problem> {
        let tag = version.map(Tag::of_version);
        match (&self.if_match, &tag) {
            (None | Some(Tags::Any), _) => {}
            (Some(tags), Some(tag)) if tags.has_strong(tag) => {}
            (Some(_), Some(_)) => return Err(stale()),
            (Some(_), None) => {
                let detail = "rows of this model have no version, so `If-Match` can only be `*`";
                return Err(Problem::bad_request(detail));
            }
        }
        match self.is_known(tag.as_ref()) {
            true => {
                let detail = "`If-None-Match` names what is there already";
                Err(failed(detail))
            }
            false => Ok(()),
        }
    }
}

/// 412.
pub(super) fn stale() -> Problem {
    failed(
        "the row has another version than `If-Match` says: somebody else has changed it; read it again",
    )
}

fn failed(detail: &'static str) -> Problem {
    let status = StatusCode::PRECONDITION_FAILED;
    Problem::new(status, "precondition-failed", "Precondition failed", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn these(tags: &[(bool, &str)]) -> Option<Tags> {
        let tags = tags.iter().map(|(weak, text)| Tag {
            weak: *weak,
            text: (*text).to_owned(),
        });
        Some(Tags::These(tags.collect()))
    }

    #[test]
    fn tags_are_read_as_rfc_9110_has_them() {
        assert_eq!(read(" * "), Some(Tags::Any));
        assert_eq!(read("\"v1\""), these(&[(false, "v1")]));
        let two = these(&[(true, "a,b"), (false, "")]);
        assert_eq!(read("W/\"a,b\" , \"\""), two);
        for wrong in [
            "",
            "v1",
            "\"v1",
            "\"a\" \"b\"",
            "w/\"a\"",
            "\"a b\"",
            "*, \"a\"",
            "\"a\",",
        ] {
            let is_list = read(wrong);
            assert!(
                is_list.is_none() || wrong.ends_with(','),
                "{wrong}: {is_list:?}"
            );
        }
    }

    #[test]
    fn what_is_weak_matches_nothing_that_is_written() {
        let known = these(&[(true, "v1"), (false, "v2")]);
        let conditions = Conditions {
            if_match: known.clone(),
            if_none_match: None,
        };
        assert!(conditions.allow(Some(1)).is_err() && conditions.allow(Some(2)).is_ok());
        let reading = Conditions {
            if_match: None,
            if_none_match: known,
        };
        assert!(reading.is_known(Some(&Tag::of_version(1))));
        assert!(!reading.is_known(Some(&Tag::of_version(3))) && !reading.is_known(None));
    }
}
