//! Indexes that deletes of parents need.

use super::finding::{Area, Cure, Finding, Severity};
use super::{Case, unread};
use crate::engine::Kind;
use crate::schema::unindexed;
use crate::session::Session;
use crate::sql::{Raw, quoted, raw};

pub(super) async fn examine(conn: &mut dyn Session, case: &Case, findings: &mut Vec<Finding>) {
    let kind = conn.kind();
    for table in &case.tables {
        let keys = match unindexed(conn, &table.table).await {
            Ok(keys) => keys,
            Err(error) => {
                findings.push(unread(Area::Indexes, Some(&table.table), &error).model(table.model));
                continue;
            }
        };
        for key in keys {
            let names: Vec<&str> = key.columns.iter().map(|(from, _)| from.as_str()).collect();
            let columns = Raw::join(names.iter().map(|it| quoted(kind, it)), ", ");
            let name = quoted(kind, &format!("{}_{}_idx", table.table, names.join("_")));
            let concurrently = match kind {
                Kind::Postgres => "CONCURRENTLY ",
                Kind::Sqlite | Kind::Mysql => "",
            };
            let sql = raw!(
                "CREATE INDEX {concurrently}{name} ON {} ({columns});",
                [table.table(kind)],
                concurrently,
                name,
                columns
            );
            let found = format!(
                "no index begins with it: whoever deletes from `{}` reads the whole table",
                key.table
            );
            findings.push(
                Finding::new(Area::Indexes, Severity::Warning, found)
                    .model(table.model)
                    .of(format!("{}.{}", table.table, names.join(", ")))
                    .cure(Cure::Sql(sql.into_string())),
            );
        }
    }
}
