//! Names: tables as Diesel renders them, quoting, and the names of what
//! handleref adds.

use super::dialect::Dialect;

use crate::sql::literal::{hex, standard};

pub(super) use crate::sql::literal::{fnv1a, quoted};

/// A text as a literal of SQLite and PostgreSQL, for DDL.
pub(super) fn literal(text: &str) -> String {
    standard(text).into_string()
}

/// A text as a literal of MySQL, for DDL.
pub(super) fn hex_literal(text: &str) -> String {
    hex(text).into_string()
}

/// A table, and the schema (database, on MySQL) that the model names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableName {
    pub(super) schema: Option<String>,
    pub(super) table: String,
}

impl TableName {
    /// Reads a name as a Diesel query builder writes it: `"a"."b"` or `` `b` ``,
    /// with quotes inside a name doubled. Gives `None` if it is anything else.
    pub(super) fn parse(rendered: &str) -> Option<Self> {
        let (mut parts, mut rest) = (Vec::new(), rendered);
        while let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '`')) {
            let (mut part, mut chars) = (String::new(), rest[1..].char_indices().peekable());
            loop {
                let (at, c) = chars.next()?;
                if c != quote {
                    part.push(c);
                } else if chars.next_if(|(_, next)| *next == quote).is_some() {
                    part.push(quote);
                } else {
                    rest = &rest[at + 2..];
                    break;
                }
            }
            parts.push(part);
            match rest.strip_prefix('.') {
                Some(more) if !more.is_empty() => rest = more,
                Some(_) => return None,
                None => break,
            }
        }
        let table = parts.pop().filter(|_| rest.is_empty())?;
        let schema = parts.pop();
        parts.is_empty().then_some(Self { schema, table })
    }

    /// The name as people write it.
    pub(super) fn shown(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{schema}.{}", self.table),
            None => self.table.clone(),
        }
    }
}

/// The name of an index on `columns`.
pub(super) fn index_name(
    dialect: &dyn Dialect,
    table: &str,
    unique: bool,
    columns: &[&str],
) -> String {
    let infix = if unique {
        "handleref_unique"
    } else {
        "handleref"
    };
    shortened(dialect, format!("{table}_{infix}_{}", columns.join("_")))
}

/// The name of a table's guard trigger, and of its function.
pub(super) fn guard_name(dialect: &dyn Dialect, table: &str) -> String {
    shortened(dialect, format!("handleref_guard_{table}"))
}

/// `name`, cut to the engine's limit; a hash of the whole keeps it apart from
/// others with the same beginning.
pub(super) fn shortened(dialect: &dyn Dialect, name: String) -> String {
    let (limit, bytes) = dialect.name_limit();
    let length = |text: &str| {
        if bytes {
            text.len()
        } else {
            text.chars().count()
        }
    };
    if length(&name) <= limit {
        return name;
    }
    let hash = format!("_{:08x}", fnv1a(&name));
    let mut cut = name;
    while length(&cut) > limit - hash.len() {
        cut.pop();
    }
    cut + &hash
}

/// SQL without what servers change when they store it: blanks, quotes of
/// names, parentheses, the case of letters, and casts such as `::text`.
/// Literals are kept as they are.
pub(super) fn folded(sql: &str) -> String {
    let (mut out, mut quote) = (String::with_capacity(sql.len()), None);
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), _) if c == open => {
                quote = None;
                out.extend(Some(c).filter(|c| *c == '\''));
            }
            (Some('\''), _) => out.push(c),
            (None, '\'') => {
                quote = Some(c);
                out.push(c);
            }
            (None, '"' | '`') => quote = Some(c),
            (None, ':') if chars.next_if_eq(&':').is_some() => {
                let mut quoted = false;
                while let Some(c) =
                    chars.next_if(|c| quoted || c.is_alphanumeric() || "_.\"".contains(*c))
                {
                    quoted ^= c == '"';
                }
                for words in [
                    " without time zone",
                    " with time zone",
                    " precision",
                    " varying",
                ] {
                    let mut ahead = chars.clone();
                    if words.chars().all(|word| ahead.next() == Some(word)) {
                        chars = ahead;
                    }
                }
            }
            _ if c.is_whitespace() || matches!(c, '(' | ')' | '"' | '`') => {}
            _ => out.extend(c.to_lowercase()),
        }
    }
    out
}

/// SQL with every run of blanks as one space, for texts that are stored as
/// they were written.
pub(super) fn squeezed(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::{mysql::Mysql, postgres::Postgres, sqlite::Sqlite};
    use super::*;

    #[test]
    fn tables_are_read_as_diesel_renders_them() {
        let name = |schema: Option<&str>, table: &str| {
            Some(TableName {
                schema: schema.map(Into::into),
                table: table.into(),
            })
        };
        assert_eq!(TableName::parse("`order`"), name(None, "order"));
        assert_eq!(
            TableName::parse(r#""a.b"."say ""hi""""#),
            name(Some("a.b"), r#"say "hi""#)
        );
        assert_eq!(TableName::parse("`müll``eimer`"), name(None, "müll`eimer"));
        for bad in ["", "articles", "`a", "`a`x", "`a`.", "`a`.`b`.`c`"] {
            assert_eq!(TableName::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_servers_change_is_folded() {
        let found = r#"WHERE ((("State")::text IS DISTINCT FROM 'It''s (A)'::"my kind".b) AND x)"#;
        assert_eq!(folded(found), "wherestateisdistinctfrom'It''s (A)'andx");
        assert_eq!(folded("`it's` IS NOT 'A' "), "it'sisnot'A'");
        let found = "((a)::timestamp without time zone <= b) AND (c)::double precision > d";
        assert_eq!(folded(found), "a<=bandc>d");
    }

    #[test]
    fn long_names_are_cut_and_stay_distinct() {
        let long = "ä".repeat(60);
        let [one, two] =
            ["created_at", "updated_at"].map(|c| index_name(&Postgres, &long, false, &[c]));
        assert!(
            one.len() <= 63 && two.len() <= 63 && one != two,
            "{one} {two}"
        );
        let guard = guard_name(&Mysql, &long);
        assert_eq!(guard.chars().count(), 64);
        assert_eq!(
            index_name(&Sqlite, "articles", true, &["a", "b"]),
            "articles_handleref_unique_a_b"
        );
    }
}
