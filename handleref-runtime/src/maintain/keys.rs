//! Walking through a table in the order of its key, whatever the key's type:
//! the database itself writes the values down, as literals of its own.

use super::Subject;
use crate::engine::Kind;
use crate::session::Session;
use crate::sql::{Raw, Splice, Sql, quoted, raw};
use diesel::result::{Error, QueryResult};

/// A key, as SQL literals.
#[derive(Debug, Clone)]
pub(crate) struct KeyLiteral(Vec<Raw>);

/// The rows behind one key, up to another.
#[derive(Debug, Clone, Default)]
pub(crate) struct Range {
    pub(crate) after: Option<KeyLiteral>,
    pub(crate) until: Option<KeyLiteral>,
}

impl Range {
    /// The condition on the columns of `table` (quoted).
    pub(crate) fn condition(&self, kind: Kind, table: impl Splice + Copy, key: &[&str]) -> Raw {
        let after = self
            .after
            .as_ref()
            .map(|it| compare(kind, table, key, ">", "", it));
        let until = self
            .until
            .as_ref()
            .map(|it| compare(kind, table, key, "<", "=", it));
        let both: Vec<_> = after.into_iter().chain(until).collect();
        match both.is_empty() {
            true => "1 = 1".into(),
            false => Raw::join(both, " AND "),
        }
    }
}

fn compare(
    kind: Kind,
    table: impl Splice,
    key: &[&str],
    sign: &'static str,
    equal: &'static str,
    with: &KeyLiteral,
) -> Raw {
    let columns: Vec<_> = key
        .iter()
        .map(|column| raw!("{table}.{}", [quoted(kind, column)], table))
        .collect();
    let values = &with.0;
    if let ([column], [value]) = (columns.as_slice(), values.as_slice()) {
        return raw!("{column} {sign}{equal} {value}", column, sign, equal, value);
    }
    if kind != Kind::Mysql {
        return raw!(
            "({}) {sign}{equal} ({})",
            [
                Raw::join(columns, ", "),
                Raw::join(values.iter().cloned(), ", ")
            ],
            sign,
            equal
        );
    }
    // MySQL finds no range of an index by a comparison of rows; by one of the
    // first column it does.
    let last = columns.len() - 1;
    let mut nested = Raw::default();
    for (at, (column, value)) in columns.iter().zip(values).enumerate().rev() {
        nested = match at == last {
            true => raw!("{column} {sign}{equal} {value}", column, sign, equal, value),
            false => raw!(
                "({column} {sign} {value} OR ({column} = {value} AND {nested}))",
                column,
                sign,
                value,
                nested
            ),
        };
    }
    match (columns.first(), values.first()) {
        (Some(column), Some(value)) => raw!(
            "({column} {sign}= {value} AND {nested})",
            column,
            sign,
            value,
            nested
        ),
        _ => nested,
    }
}

/// The key of the row that ends a batch of `size` behind `after`; `None` if
/// there are fewer rows than that.
pub(crate) async fn end_of_batch(
    conn: &mut dyn Session,
    subject: &Subject,
    after: Option<&KeyLiteral>,
    size: u32,
) -> QueryResult<Option<KeyLiteral>> {
    let kind = conn.kind();
    let table = quoted(kind, subject.table);
    let columns: Vec<_> = subject.key.iter().map(|it| quoted(kind, it)).collect();
    let literals: Vec<_> = columns
        .iter()
        .map(|column| written(kind, &raw!("{table}.{column}", table, column)))
        .collect();
    let range = Range {
        after: after.cloned(),
        until: None,
    };
    let sql = Sql::new("SELECT ")
        .made(Raw::join(literals, ", "))
        .sql(" FROM ")
        .made(table.clone())
        .sql(" WHERE ")
        .made(range.condition(kind, &table, subject.key))
        .sql(" ORDER BY ")
        .made(Raw::join(columns.iter().cloned(), ", "))
        .sql(" LIMIT 1 OFFSET ")
        .bind(i64::from(size.max(1)) - 1);
    if after.is_none() && kind == Kind::Sqlite {
        no_nulls(conn, &table, &columns).await?;
    }
    let Some(row) = conn.first::<Vec<Option<String>>>(sql).await? else {
        return Ok(None);
    };
    let end = row.into_iter().map(|literal| literal.map(Raw::of_database));
    let end: Option<Vec<Raw>> = end.collect();
    match end.map(KeyLiteral) {
        // For ever, unless checked.
        Some(end) if after.is_some_and(|after| after.0 == end.0) => Err(unwalkable(&format!(
            "the walk through {table} does not get past the key ({})",
            end.0.join(", ")
        ))),
        Some(end) => Ok(Some(end)),
        None => Err(unwalkable(&format!("a key of {table} is NULL"))),
    }
}

fn unwalkable(message: &str) -> Error {
    Error::DeserializationError(message.into())
}

/// Only SQLite lets a part of a primary key be NULL. Such a row is behind no
/// key and before none, so a walk would leave it out.
async fn no_nulls(conn: &mut dyn Session, table: &Raw, columns: &[Raw]) -> QueryResult<()> {
    let null: Vec<_> = columns.iter().map(|it| raw!("{it} IS NULL", it)).collect();
    let sql = raw!(
        "SELECT EXISTS (SELECT 1 FROM {table} WHERE {})",
        [Raw::join(null, " OR ")],
        table
    );
    match conn.one::<(bool,)>(Sql::once(sql)).await? {
        (false,) => Ok(()),
        (true,) => Err(unwalkable(&format!("a key of {table} is NULL"))),
    }
}

/// An expression that writes a value as a literal.
fn written(kind: Kind, column: &Raw) -> Raw {
    match kind {
        // `quote` ends at a NUL. What is concatenated has no affinity, as a
        // literal has none.
        Kind::Sqlite => raw!(
            "CASE WHEN typeof({column}) = 'text' AND instr({column}, char(0)) > 0 \
               THEN '(CAST(x''' || hex({column}) || ''' AS TEXT) || '''')' \
             ELSE quote({column}) END",
            column
        ),
        // Untyped, so it is of the column's type where it is compared.
        Kind::Postgres => raw!("quote_literal(CAST({column} AS TEXT))", column),
        // Bytes and numbers both have the character set `binary`; a number is
        // known by how it looks as a text, which bytes are never shown as.
        Kind::Mysql => raw!(
            "CASE WHEN CHARSET({column}) <> 'binary' \
               THEN CONCAT('_utf8mb4 x''', HEX(CONVERT({column} USING utf8mb4)), '''') \
             WHEN COERCIBILITY({column}) < 5 THEN CONCAT('x''', HEX({column}), '''') \
             WHEN CAST({column} AS CHAR) REGEXP '^-?[0-9]+([.][0-9]+)?$' THEN CAST({column} AS CHAR) \
             ELSE CONCAT('''', CAST({column} AS CHAR), '''') END",
            column
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_composite_keys() {
        let range = Range {
            after: Some(KeyLiteral(vec!["1".into(), "'x'".into()])),
            until: None,
        };
        let key = &["a", "b"];
        assert_eq!(
            &*range.condition(Kind::Postgres, "\"t\"", key),
            "(\"t\".\"a\", \"t\".\"b\") > (1, 'x')"
        );
        assert_eq!(
            &*range.condition(Kind::Mysql, "`t`", key),
            "(`t`.`a` >= 1 AND (`t`.`a` > 1 OR (`t`.`a` = 1 AND `t`.`b` > 'x')))"
        );
        assert_eq!(
            &*Range::default().condition(Kind::Sqlite, "\"t\"", key),
            "1 = 1"
        );
    }
}
