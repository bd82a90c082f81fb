//! The collations of columns, which SQLite keeps in the table's text alone.

use crate::schema::live::Live;
use crate::schema::sqlite::strict;

/// The type of a column in its record table.
pub(in crate::schema) fn record_type(live: &Live, column: &str, declared: &str) -> String {
    if declared.eq_ignore_ascii_case("any") && strict(live) {
        // Keeps a value as it is, which is called by no name in other tables.
        return String::new();
    }
    match collation(&live.detail, column) {
        Some(collation) => format!("{declared} COLLATE {collation}"),
        None => declared.to_owned(),
    }
}

/// What follows `COLLATE` in the definition of a column.
fn collation(create_table: &str, column: &str) -> Option<String> {
    let words = words(create_table);
    let (mut depth, mut first, mut ours) = (0_usize, false, false);
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        match word.as_str() {
            "(" => {
                depth += 1;
                first = depth == 1;
                continue;
            }
            ")" => depth = depth.saturating_sub(1),
            "," if depth == 1 => {
                first = true;
                continue;
            }
            _ if first && depth == 1 => ours = unquoted(&word).eq_ignore_ascii_case(column),
            _ if ours && depth == 1 && word.eq_ignore_ascii_case("collate") => return words.next(),
            _ => {}
        }
        first = false;
    }
    None
}

fn unquoted(word: &str) -> String {
    let mut chars = word.chars();
    match (chars.next(), chars.next_back()) {
        (Some('['), Some(']')) => chars.as_str().to_owned(),
        (Some(open @ ('"' | '`' | '\'')), Some(_)) => chars
            .as_str()
            .replace(&format!("{open}{open}"), &open.to_string()),
        _ => word.to_owned(),
    }
}

/// SQL as words, quoted names and literals, and single other characters;
/// without comments.
fn words(sql: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '-' if chars.next_if_eq(&'-').is_some() => {
                while chars.next_if(|c| *c != '\n').is_some() {}
            }
            '/' if chars.next_if_eq(&'*').is_some() => {
                let mut star = false;
                for c in chars.by_ref() {
                    if star && c == '/' {
                        break;
                    }
                    star = c == '*';
                }
            }
            '"' | '`' | '\'' | '[' => {
                let close = if c == '[' { ']' } else { c };
                let mut word = String::from(c);
                while let Some(c) = chars.next() {
                    word.push(c);
                    if c == close {
                        match chars.next_if(|next| *next == close && close != ']') {
                            Some(next) => word.push(next),
                            None => break,
                        }
                    }
                }
                words.push(word);
            }
            _ if c.is_whitespace() => {}
            _ if c.is_alphanumeric() || c == '_' => {
                let mut word = String::from(c);
                while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || matches!(c, '_' | '$'))
                {
                    word.push(c);
                }
                words.push(word);
            }
            _ => words.push(c.into()),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::collation;

    #[test]
    fn collations_are_found_in_the_text() {
        let sql = "CREATE TABLE \"collate\" ( -- a, comment COLLATE x\n id INTEGER, `na``me` VARCHAR(10, 2) NOT NULL COLLATE NOCASE, \
                   [b c] TEXT DEFAULT ('(, COLLATE y') CHECK (b > '' COLLATE z), d TEXT /* , */ COLLATE \"rtrim\", UNIQUE (id COLLATE BINARY))";
        assert_eq!(collation(sql, "na`me").as_deref(), Some("NOCASE"));
        assert_eq!(collation(sql, "D").as_deref(), Some("\"rtrim\""));
        let divided = "CREATE TABLE t (a INTEGER CHECK (a / 2 > 0), b TEXT COLLATE NOCASE)";
        assert_eq!(collation(divided, "b").as_deref(), Some("NOCASE"));
        for none in ["id", "b c", "collate", "x"] {
            assert_eq!(collation(sql, none), None, "{none}");
        }
    }
}
