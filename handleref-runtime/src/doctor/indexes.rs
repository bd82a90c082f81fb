//! Whether a cascade finds the children of a row without reading all of them.

use super::Patient;
use super::checked::counted;
use super::finding::{Area, Cure, Findings, Severity};
use crate::engine::Kind;
use crate::error::Error;
use crate::schema::{Catalog, RecordedTable};
use crate::session::Session;
use crate::sql::{Raw, Sql, quoted, raw};

pub(super) async fn look(
    conn: &mut dyn Session,
    patient: &Patient<'_>,
    findings: &mut Findings,
) -> Result<(), Error> {
    let mut catalog = Catalog::default();
    let mut seen = 0;
    for table in &patient.readable {
        let mut all = references(conn, &mut catalog, table).await?;
        all.dedup();
        let inspected = catalog.table(conn, &table.table).await?;
        for columns in all {
            seen += 1;
            let starts = |index: &Vec<String>| {
                index.len() >= columns.len()
                    && index
                        .iter()
                        .take(columns.len())
                        .all(|it| columns.contains(it))
            };
            let key: Vec<String> = table.key.iter().map(|it| (*it).to_owned()).collect();
            if inspected.whole.iter().any(starts) || starts(&key) {
                continue;
            }
            missing(conn, table, &columns, findings).await?;
        }
    }
    findings.fine(
        Area::Indexes,
        format!(
            "{} of recorded tables, each with an index",
            counted(seen, "foreign key")
        ),
    );
    Ok(())
}

/// The columns that refer to other tables: those of foreign keys, and those that models declare.
async fn references(
    conn: &mut dyn Session,
    catalog: &mut Catalog,
    table: &RecordedTable,
) -> Result<Vec<Vec<String>>, Error> {
    let keys = catalog.foreign_keys(conn, &table.table).await?;
    let keys = keys
        .iter()
        .map(|key| key.columns.iter().map(|it| it.0.clone()).collect());
    let declared = table.recording.references.iter();
    let declared = declared.map(|it| it.columns.iter().map(|it| (*it).to_owned()).collect());
    let mut all: Vec<Vec<String>> = keys.chain(declared).collect();
    all.sort();
    Ok(all)
}

async fn missing(
    conn: &mut dyn Session,
    table: &RecordedTable,
    columns: &[String],
    findings: &mut Findings,
) -> Result<(), Error> {
    let kind = conn.kind();
    let name = table.table(kind);
    let sql = raw!("SELECT COUNT(*) FROM {name}", name);
    let (rows,): (i64,) = conn.one(Sql::once(sql)).await?;
    let list = Raw::join(columns.iter().map(|it| quoted(kind, it)), ", ");
    let index = quoted(
        kind,
        &format!("{}_{}_index", table.table, columns.join("_")),
    );
    let how = match kind {
        Kind::Postgres => "CONCURRENTLY ",
        Kind::Sqlite | Kind::Mysql => "",
    };
    let cure = raw!(
        "CREATE INDEX {how}{index} ON {name} ({list});",
        how,
        index,
        name,
        list
    );
    findings.add(
        (Area::Indexes, Severity::Warning),
        format!("{}.{}", table.table, columns.join(", ")),
        format!(
            "has no index: a cascade reads the whole table ({})",
            counted(rows, "row")
        ),
        vec![Cure::Sql(cure.into_string())],
    );
    Ok(())
}
