//! How much the engine takes into a row and into an index, before it is asked.

use crate::facts::Capture;
use crate::schema::capture::RecordColumn;
use crate::schema::problem::ProblemKind;

/// All columns of a row together, but for what is kept apart from it.
const ROW: u64 = 65_535;
/// The bookkeeping columns, which are at most this large.
const BOOKKEEPING: u64 = 128;
/// One column of any other type.
const OTHER: u64 = 16;
/// All columns of an index together.
pub(in crate::schema) const INDEX: u64 = 3_072;

/// A type of text or bytes: characters at most, and bytes of each.
fn long(sql_type: &str) -> Option<(u64, u64)> {
    let sql_type = sql_type.to_lowercase();
    let (name, rest) = sql_type.split_once('(')?;
    let length = rest.split(')').next()?.parse().ok()?;
    let set = sql_type.split_once("character set ");
    let set = set.and_then(|(_, rest)| rest.split_whitespace().next());
    let bytes = match (name.trim(), set) {
        ("binary" | "varbinary", _) => 1,
        ("char" | "varchar", Some("latin1" | "latin2" | "ascii" | "binary")) => 1,
        ("char" | "varchar", Some("utf8" | "utf8mb3")) => 3,
        ("char" | "varchar", _) => 4,
        _ => return None,
    };
    Some((length, bytes))
}

/// How many bytes of a row a column takes at most.
pub(in crate::schema) fn size(sql_type: &str) -> u64 {
    long(sql_type).map_or(OTHER, |(length, bytes)| length * bytes + 2)
}

/// The beginning of a column that takes so many bytes less.
pub(in crate::schema) fn shorter(sql_type: &str, less: u64) -> Option<u64> {
    let (length, bytes) = long(sql_type)?;
    length
        .checked_sub(less.div_ceil(bytes))
        .filter(|it| *it > 0)
}

/// Lets a record fit into a row: it is larger than the row of the table, so the
/// longest texts are kept apart. `there` says the types of the record table, of
/// which a long text stays one.
pub(in crate::schema) fn fit<'a>(
    columns: &mut [RecordColumn],
    key: &[&str],
    properties: usize,
    there: impl Fn(&str) -> Option<&'a str>,
) -> Option<ProblemKind> {
    let free = |column: &RecordColumn| {
        let own = column.facts.sql_type.is_none() && column.facts.capture == Capture::Value;
        own && !key.contains(&column.name()) && apart(&column.sql_type).is_some()
    };
    for column in columns.iter_mut().filter(|column| free(column)) {
        let apart = apart(&column.sql_type);
        let now = there(column.name()).map(str::to_lowercase);
        if let Some(apart) = apart.filter(|it| now == Some(it.to_lowercase())) {
            column.sql_type = apart;
        }
    }
    loop {
        let columns_size: u64 = columns.iter().map(|column| size(&column.sql_type)).sum();
        let nulls = u64::try_from(columns.len()).unwrap_or(u64::MAX) / 8;
        let properties = u64::try_from(properties).unwrap_or(u64::MAX);
        let bytes = columns_size + nulls + BOOKKEEPING + properties.saturating_mul(OTHER);
        if bytes <= ROW {
            return None;
        }
        let longest = columns.iter_mut().filter(|column| free(column));
        let Some(longest) = longest.max_by_key(|column| size(&column.sql_type)) else {
            return Some(ProblemKind::TooLarge { bytes, most: ROW });
        };
        longest.sql_type = apart(&longest.sql_type)?;
    }
}

/// The type that is kept apart from the row, for one that is long.
fn apart(sql_type: &str) -> Option<String> {
    let (length, bytes) = long(sql_type)?;
    let lower = sql_type.to_lowercase();
    let name = match lower.contains("binary(") {
        true => "BLOB",
        false => "TEXT",
    };
    let rest = sql_type.split_once(')').map_or("", |(_, rest)| rest);
    (length * bytes > 255).then(|| format!("{name}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::{apart, shorter, size};

    #[test]
    fn types_are_measured() {
        let text = "varchar(6000) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
        assert_eq!(size(text), 24_002);
        assert_eq!(
            apart(text).as_deref(),
            Some("TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        );
        assert_eq!(size("varbinary(300)"), 302);
        assert_eq!(apart("varbinary(300)").as_deref(), Some("BLOB"));
        assert_eq!(apart("varchar(60)"), None);
        assert_eq!(size("bigint(20)"), 16);
        assert_eq!(shorter("varchar(768) character set utf8mb4", 17), Some(763));
        assert_eq!(shorter("bigint(20)", 17), None);
    }
}
