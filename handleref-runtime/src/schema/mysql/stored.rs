//! Texts that the server keeps, and how it shows them again.

use crate::schema::names::{hex_literal, literal, squeezed};

/// `text` as a literal in a definition that the server stores. MariaDB writes
/// `_utf8mb4 x'..'` down as text and forgets to escape it.
pub(in crate::schema) fn stored_literal(text: &str) -> String {
    if text.contains('\\') {
        // What a backslash means depends on the session.
        let hex = hex_literal(text);
        return format!(
            "CONVERT({} USING utf8mb4)",
            hex.trim_start_matches("_utf8mb4 ")
        );
    }
    literal(text)
}

/// Whether the catalogue shows this text of a trigger.
///
/// Servers write its literals anew. MariaDB drops what says their character set
/// (`_utf8mb4`), writes a line break as `\n`, and forgets to escape a backslash.
/// So what differs in nothing but blanks, quotes and escapes is one text.
pub(in crate::schema) fn same_text(found: &str, wanted: &str) -> bool {
    same_body(&squeezed(found), &squeezed(wanted))
        || same_body(&bare(found), &bare(&unescaped(wanted)))
}

/// MySQL (not MariaDB) garbles names that hold a backtick; from the first of
/// them on there is no telling.
fn same_body(found: &str, wanted: &str) -> bool {
    let readable = wanted.split("``").next().unwrap_or_default();
    let readable = match readable.len() == wanted.len() {
        true => wanted,
        false => readable.rfind('`').map_or("", |at| &readable[..=at]),
    };
    found == wanted || (readable.len() < wanted.len() && found.starts_with(readable))
}

/// A text without quotes, escapes, and the names of character sets before literals.
fn bare(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        let word = text
            .chars()
            .next_back()
            .is_some_and(|last: char| last.is_alphanumeric() || last == '_');
        if c == '_'
            && !word
            && let Some(after) = introduced(rest)
        {
            rest = after;
            continue;
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '\'' | '"' => {}
            '\\' => {
                let blank = |c: &char| matches!(c, 'n' | 'r' | 't' | '0' | 'Z');
                if rest.chars().next().as_ref().is_some_and(blank) {
                    text.push(' ');
                    rest = rest.get(1..).unwrap_or_default();
                }
            }
            '\0' | '\u{1a}' => text.push(' '),
            c => text.push(c),
        }
    }
    squeezed(&text)
}

/// What follows `_utf8mb4` and the like, if that is a literal.
fn introduced(sql: &str) -> Option<&str> {
    let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let after = sql.trim_start_matches(name).trim_start();
    let literal = ["'", "\"", "x'", "X'", "b'", "B'", "0x"];
    literal
        .iter()
        .any(|start| after.starts_with(start))
        .then_some(after)
}

/// A text with the escapes of its literals as what they stand for.
fn unescaped(sql: &str) -> String {
    let (mut out, mut chars) = (String::with_capacity(sql.len()), sql.chars());
    while let Some(c) = chars.next() {
        let meant = match c {
            '\\' => chars.next().map(|c| match c {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                '0' => '\0',
                'Z' => '\u{1a}',
                c => c,
            }),
            c => Some(c),
        };
        out.extend(meant);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::same_text;

    #[test]
    fn what_a_server_writes_anew_is_one_text() {
        for (wanted, found) in [
            ("SET @a = _utf8mb4 x'C327'", "SET @a =  x'C327'"),
            ("SET @a = _utf8mb4'x', b = a_'x'", "SET @a = 'x', b = a_'x'"),
            (r"SET @a = 'a\n\'b\\'", r"SET @a = 'a\n''b\'"),
            ("SET @a = \"say \"\"so\"\"\"", "SET @a = 'say \"so\"'"),
            ("SET @a = 'a\n  b'", r"SET @a = 'a\n  b'"),
        ] {
            assert!(same_text(found, wanted), "{wanted}: {found}");
        }
        assert!(!same_text("SET @a = 'x'", "SET @a = 'y'"));
        assert!(!same_text("SET @a = _b", "SET @a = b"));
    }
}
