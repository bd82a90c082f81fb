//! Types of record columns: which change of a type old records follow.

use crate::engine::Kind;

/// What a column of a record table needs so that it takes values of another type.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing.
    None,
    /// `ALTER`: every old value is one of the new type, too.
    Widen,
    /// There may be old values that the new type cannot hold, or would change.
    Clash,
}

/// The way from the type of a record column to the one that is wanted.
pub(super) fn step(kind: Kind, from: &str, to: &str) -> Step {
    if same_text(from, to) {
        return Step::None;
    }
    let (from, to) = (Type::parse(kind, from), Type::parse(kind, to));
    let widens = match kind {
        // What a declared type means there is its affinity.
        Kind::Sqlite if affinity(&from.whole) == affinity(&to.whole) => return Step::None,
        Kind::Sqlite => false,
        Kind::Postgres => postgres(&from, &to),
        Kind::Mysql => mysql(&from, &to),
    };
    match widens {
        true => Step::Widen,
        false => Step::Clash,
    }
}

fn same_text(one: &str, other: &str) -> bool {
    let words = |text: &str| {
        text.to_lowercase()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    words(one) == words(other)
}

/// `varchar(10) character set utf8mb4`, taken apart.
pub(super) struct Type {
    /// In lower case.
    pub(super) whole: String,
    /// Without arguments, and without character set and collation.
    pub(super) name: String,
    pub(super) arguments: Vec<u64>,
    /// What follows: character set and collation.
    rest: String,
}

impl Type {
    pub(super) fn parse(kind: Kind, text: &str) -> Self {
        let whole = text.to_lowercase();
        let at = |mark: &str| whole.find(mark).unwrap_or(whole.len());
        let (head, rest) = whole.split_at(at(" character set ").min(at(" collate ")));
        let (mut name, mut arguments) = (head.to_owned(), Vec::new());
        if let (Some(open), Some(close)) = (head.find('('), head.rfind(')')) {
            let numbers = head.get(open + 1..close).unwrap_or_default().split(',');
            arguments = numbers
                .filter_map(|number| number.trim().parse().ok())
                .collect();
            let tail = head.get(close + 1..).unwrap_or_default();
            name = format!("{}{tail}", head.get(..open).unwrap_or_default());
        }
        let rest = rest.to_owned();
        Self {
            whole,
            name: canonical(kind, name.trim()).to_owned(),
            arguments,
            rest,
        }
    }

    pub(super) fn argument(&self, at: usize, default: u64) -> u64 {
        self.arguments.get(at).copied().unwrap_or(default)
    }

    /// `enum('a','b'`, of a type that is a list of labels; nothing of others.
    pub(super) fn labels(&self) -> &str {
        match self.name.as_str() {
            "enum" | "set" => self
                .whole
                .trim_end_matches(&self.rest)
                .trim_end_matches(')'),
            _ => "",
        }
    }

    /// Its place in a list of types of which each holds what the earlier ones do.
    fn place(&self, names: &[&str]) -> Option<usize> {
        names.iter().position(|name| *name == self.name)
    }

    /// Whether `to` comes later in the list, or is the same type.
    fn rises(&self, to: &Self, names: &[&str]) -> bool {
        matches!((self.place(names), to.place(names)), (Some(from), Some(to)) if from <= to)
    }

    /// Whether a decimal number of this type is one of the other.
    fn decimal_fits(&self, to: &Self, defaults: (u64, u64)) -> bool {
        let digits = |it: &Self| (it.argument(0, defaults.0), it.argument(1, defaults.1));
        let ((from, scale), (to, to_scale)) = (digits(self), digits(to));
        // A larger scale would show digits that were not written.
        scale == to_scale && from <= to
    }
}

/// What people write, and what the catalogue says.
fn canonical(kind: Kind, name: &str) -> &str {
    const POSTGRES: [(&str, &str); 15] = [
        ("int2", "smallint"),
        ("int4", "integer"),
        ("int", "integer"),
        ("int8", "bigint"),
        ("float4", "real"),
        ("float8", "double precision"),
        ("bool", "boolean"),
        ("varchar", "character varying"),
        ("char", "character"),
        ("bpchar", "character"),
        ("decimal", "numeric"),
        ("timestamp", "timestamp without time zone"),
        ("timestamptz", "timestamp with time zone"),
        ("time", "time without time zone"),
        ("timetz", "time with time zone"),
    ];
    const MYSQL: [(&str, &str); 3] = [
        ("integer", "int"),
        ("numeric", "decimal"),
        ("double precision", "double"),
    ];
    let known: &[(&str, &str)] = match kind {
        Kind::Postgres => &POSTGRES,
        Kind::Mysql => &MYSQL,
        Kind::Sqlite => &[],
    };
    let found = known.iter().find(|(alias, _)| *alias == name);
    found.map_or(name, |(_, canonical)| canonical)
}

pub(super) fn affinity(declared: &str) -> &'static str {
    let has = |part: &str| declared.contains(part);
    let head = declared
        .split(" collate ")
        .next()
        .unwrap_or_default()
        .trim();
    if has("int") {
        "integer"
    } else if has("char") || has("clob") || has("text") {
        "text"
    } else if has("blob") || head.is_empty() {
        "blob"
    } else if has("real") || has("floa") || has("doub") {
        "real"
    } else {
        "numeric"
    }
}

fn postgres(from: &Type, to: &Type) -> bool {
    let unbounded = u64::MAX;
    match (from.name.as_str(), to.name.as_str()) {
        ("character varying", "text") => true,
        ("character varying", "character varying") => {
            from.argument(0, unbounded) <= to.argument(0, unbounded)
        }
        ("text", "character varying") => to.arguments.is_empty(),
        ("numeric", "numeric") => {
            to.arguments.is_empty() || (!from.arguments.is_empty() && from.decimal_fits(to, (0, 0)))
        }
        ("smallint" | "integer" | "bigint", "numeric") => to.arguments.is_empty(),
        ("real", "double precision") => true,
        (one, other) if one == other => match one {
            // The number of digits of a second, or only another collation.
            _ if one.contains("time") => from.argument(0, 6) <= to.argument(0, 6),
            _ => from.arguments == to.arguments,
        },
        _ => from.rises(to, &["smallint", "integer", "bigint"]),
    }
}

fn mysql(from: &Type, to: &Type) -> bool {
    let integers = ["tinyint", "smallint", "mediumint", "int", "bigint"];
    let plain = |name: &str| name.trim_end_matches(" unsigned").to_owned();
    let place = |it: &Type| integers.iter().position(|name| *name == plain(&it.name));
    if let (Some(small), Some(large)) = (place(from), place(to)) {
        let unsigned = |it: &Type| it.name.ends_with(" unsigned");
        return match (unsigned(from), unsigned(to)) {
            (true, false) => small < large,
            (false, true) => false,
            _ => small <= large,
        };
    }
    if !recoded(from, to) {
        return false;
    }
    let texts = ["tinytext", "text", "mediumtext", "longtext"];
    let blobs = ["tinyblob", "blob", "mediumblob", "longblob"];
    match (from.name.as_str(), to.name.as_str()) {
        ("char" | "varchar", "varchar") | ("varbinary", "varbinary") => {
            from.argument(0, 1) <= to.argument(0, 1)
        }
        ("char" | "varchar", "text" | "mediumtext" | "longtext") => true,
        ("varbinary", "blob" | "mediumblob" | "longblob") => true,
        ("float", "double") => true,
        ("decimal", "decimal") => from.decimal_fits(to, (10, 0)),
        ("datetime" | "time" | "timestamp", name) if name == from.name => {
            from.argument(0, 0) <= to.argument(0, 0)
        }
        // Values are added at the end.
        ("enum" | "set", name) if name == from.name => to.labels().starts_with(from.labels()),
        (one, other) if one == other => from.arguments == to.arguments,
        _ => from.rises(to, &texts) || from.rises(to, &blobs),
    }
}

/// Whether the second character set has all characters of the first.
fn recoded(from: &Type, to: &Type) -> bool {
    let set = |it: &Type| {
        let mut words = it.rest.split_whitespace().skip_while(|word| *word != "set");
        words.nth(1).unwrap_or_default().to_owned()
    };
    let (from, to) = (set(from), set(to));
    from == to || to == "utf8mb4" || from == "ascii"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_values_follow_or_clash() {
        let cases = [
            (Kind::Sqlite, "VARCHAR(10)", "TEXT", Step::None),
            (Kind::Sqlite, "INTEGER", "BIGINT", Step::None),
            (Kind::Sqlite, "INTEGER", "TEXT", Step::Clash),
            (Kind::Sqlite, "", "TEXT", Step::Clash),
            (Kind::Postgres, "integer", "bigint", Step::Widen),
            (Kind::Postgres, "bigint", "integer", Step::Clash),
            (
                Kind::Postgres,
                "character varying(10)",
                "character varying(20)",
                Step::Widen,
            ),
            (
                Kind::Postgres,
                "character varying(20)",
                "character varying(10)",
                Step::Clash,
            ),
            (Kind::Postgres, "character varying", "text", Step::Widen),
            (Kind::Postgres, "text", "integer", Step::Clash),
            (
                Kind::Postgres,
                "text",
                "text COLLATE pg_catalog.\"C\"",
                Step::Widen,
            ),
            (
                Kind::Postgres,
                "timestamp(3) without time zone",
                "timestamp without time zone",
                Step::Widen,
            ),
            (
                Kind::Postgres,
                "timestamp without time zone",
                "timestamp with time zone",
                Step::Clash,
            ),
            (
                Kind::Postgres,
                "numeric(10,2)",
                "numeric(12,2)",
                Step::Widen,
            ),
            (
                Kind::Postgres,
                "numeric(10,2)",
                "numeric(12,3)",
                Step::Clash,
            ),
            (Kind::Postgres, "numeric", "numeric(12,3)", Step::Clash),
            (Kind::Mysql, "int(11)", "bigint(20)", Step::Widen),
            (Kind::Mysql, "int unsigned", "bigint", Step::Widen),
            (Kind::Mysql, "int", "bigint unsigned", Step::Clash),
            (
                Kind::Mysql,
                "varchar(10) CHARACTER SET utf8mb4 COLLATE x",
                "text CHARACTER SET utf8mb4 COLLATE x",
                Step::Widen,
            ),
            (
                Kind::Mysql,
                "varchar(10) CHARACTER SET utf8mb4",
                "varchar(10) CHARACTER SET latin1",
                Step::Clash,
            ),
            (
                Kind::Mysql,
                "varchar(10) CHARACTER SET utf8mb4",
                "varchar(9) CHARACTER SET utf8mb4",
                Step::Clash,
            ),
            (
                Kind::Mysql,
                "enum('a','b')",
                "enum('a','b','c')",
                Step::Widen,
            ),
            (Kind::Mysql, "enum('a','b')", "enum('a','c')", Step::Clash),
            (Kind::Mysql, "datetime", "datetime(6)", Step::Widen),
        ];
        for (kind, from, to, expected) in cases {
            assert_eq!(step(kind, from, to), expected, "{kind:?}: {from} to {to}");
        }
    }
}
