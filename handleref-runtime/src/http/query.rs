//! What stands behind the question mark.

use super::problem::Problem;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The parameters, in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(Vec<(String, String)>);

/// Parameters that are not filters.
const SINGLE: &[&str] = &[
    "as_of", "cursor", "fields", "limit", "order", "since", "until",
];

impl Query {
    /// # Errors
    /// 400 if it is not UTF-8 when decoded, or holds a NUL, which no database takes.
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(name)?, decoded(value)?))
        });
        Ok(Self(pairs.collect::<Result<_, Problem>>()?))
    }

    /// The value of a parameter that is given at most once.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(it, _)| it == name);
        found.map(|(_, value)| value.as_str())
    }

    /// All values of a parameter.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let found = self.0.iter().filter(move |(it, _)| it == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether it is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.one(name).is_some()
    }

    /// # Errors
    /// 400 if there is one that is not known, or one twice that means one thing.
    pub(super) fn check(&self, known: &[&str]) -> Result<(), Problem> {
        let mut seen: Vec<&str> = Vec::new();
        for (name, _) in &self.0 {
            if !known.contains(&name.as_str()) {
                let there = known.join(", ");
                let detail = match known.is_empty() {
                    true => format!("there is no parameter `{name}` here; there are none"),
                    false => format!("there is no parameter `{name}` here; there are: {there}"),
                };
                return Err(Problem::bad_request(detail).field(name.clone(), "is not known"));
            }
            if SINGLE.contains(&name.as_str()) && seen.contains(&name.as_str()) {
                let detail = format!("`{name}` is given twice");
                return Err(Problem::bad_request(detail).field(name.clone(), "is given twice"));
            }
            seen.push(name);
        }
        Ok(())
    }

    /// Whether a deletion is for good. Of several the last one counts, as in
    /// django-timestampable, whose spellings these are.
    ///
    /// # Errors
    /// 400 for any other spelling.
    pub(super) fn permanent(&self) -> Result<bool, Problem> {
        let Some(value) = self.all("permanent").last() else {
            return Ok(false);
        };
        match value {
            "" | "null" | "Null" | "NULL" => Ok(false),
            "t" | "T" | "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on"
            | "On" | "ON" | "1" => Ok(true),
            "f" | "F" | "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off"
            | "Off" | "OFF" | "0" => Ok(false),
            _ => {
                let problem = Problem::bad_request("`permanent` must be a valid boolean");
                Err(problem.field(
                    "permanent",
                    "must be a valid boolean, such as true or false",
                ))
            }
        }
    }

    /// The same parameters with another value of one, encoded.
    pub(super) fn with(&self, name: &str, value: &str) -> String {
        let others = self.0.iter().filter(|(it, _)| it != name);
        let pairs = others.map(|(name, value)| (name.as_str(), value.as_str()));
        let pairs = pairs.chain([(name, value)]);
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pairs = pairs.map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        format!("?{}", pairs.collect::<Vec<_>>().join("&"))
    }

    /// All of them but where in the list a page begins and how long it is, in an order that
    /// does not depend on how they were written.
    pub(super) fn fingerprint(&self) -> String {
        let others = self.0.iter().filter(|(name, _)| {
            !["cursor", "limit", "fields", "permanent"].contains(&name.as_str())
        });
        let mut all: Vec<_> = others.collect();
        all.sort();
        format!("{all:?}")
    }
}

fn decoded(text: &str) -> Result<String, Problem> {
    let spaced = text.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(text) if !text.contains('\0') => Ok(text.into_owned()),
        _ => Err(Problem::bad_request(
            "the query is no UTF-8 without NUL, percent-encoded",
        )),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_as_forms_write_them() {
        let query = Query::parse("a=1&a=2&b=x+y%26&c&=d").unwrap();
        assert_eq!(query.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(query.one("b"), Some("x y&"));
        assert_eq!((query.one("c"), query.one("e")), (Some(""), None));
        assert!(Query::parse("a=%ff").is_err() && Query::parse("a=%00").is_err());
        let next = query.with("cursor", "z/");
        assert_eq!(next, "?a=1&a=2&b=x%20y%26&c=&=d&cursor=z%2F");
        let again = Query::parse(&next[1..]).unwrap();
        assert_eq!(again.fingerprint(), query.fingerprint());
    }
}
