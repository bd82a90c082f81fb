//! What a prune leaves for readers: up to where records are gone.

use crate::engine::Kind;
use crate::error::Error;
use crate::facts::{RECORD_ID, RECORD_STAMP, RECORD_XID};
use crate::session::Session;
use crate::sql::Sql;

/// Notes, in the transaction of a prune, that these records are about to go.
pub(crate) async fn note(conn: &mut dyn Session, records: &str, ids: &[i64]) -> Result<(), Error> {
    let Some(last) = ids.iter().max() else {
        return Ok(());
    };
    let kind = conn.kind();
    let mark = match kind {
        Kind::Sqlite => Sql::new("NULL"),
        Kind::Postgres => Sql::new("").bind(last_transaction(conn, records, ids).await?),
        Kind::Mysql => Sql::new("").bind(last_stamp(conn, records, ids).await?),
    };
    let greatest = match kind {
        Kind::Sqlite => "max",
        Kind::Postgres | Kind::Mysql => "GREATEST",
    };
    let raised = |column: &'static str, to: Sql<'static>| {
        let sql = Sql::new(column).sql(" = ").sql(greatest);
        let sql = sql.sql("(COALESCE(").sql(column);
        sql.sql(", 0), COALESCE(").append(to).sql(", 0))")
    };
    let sql = Sql::new("UPDATE handleref_recordings SET ")
        .append(raised("pruned_record", Sql::new("").bind(*last)))
        .sql(", ")
        .append(raised("pruned_mark", mark))
        .sql(" WHERE record_table = ")
        .bind(records);
    conn.execute(sql).await?;
    Ok(())
}

/// The id after that of the last transaction that wrote some records: who has
/// seen all before it has seen them. Those that came with a copy are older than
/// all of its transactions.
async fn last_transaction(
    conn: &mut dyn Session,
    records: &str,
    ids: &[i64],
) -> Result<i64, Error> {
    let sql = Sql::new("SELECT COALESCE(MAX(").name(RECORD_XID);
    let sql = sql.sql("::text::bigint), -1) + 1 FROM ").name(records);
    let sql = sql.sql(" WHERE ").name(RECORD_ID).sql(" IN (").list(ids);
    let sql = sql.sql(") AND ").name(RECORD_ID);
    let sql = sql.sql(" > (SELECT born_record FROM handleref_database)");
    Ok(conn.one::<(i64,)>(sql).await?.0)
}

/// The last stamp of some records. If one has none yet, no reader has seen it:
/// then it is one that no reader has reached.
async fn last_stamp(conn: &mut dyn Session, records: &str, ids: &[i64]) -> Result<i64, Error> {
    let sql = Sql::new("SELECT COALESCE(MAX(").name(RECORD_STAMP);
    let sql = sql.sql("), 0), COUNT(*) - COUNT(").name(RECORD_STAMP);
    let sql = sql.sql(") FROM ").name(records).sql(" WHERE ");
    let sql = sql.name(RECORD_ID).sql(" IN (").list(ids).sql(")");
    let (last, without): (i64, i64) = conn.one(sql).await?;
    if without == 0 {
        return Ok(last);
    }
    conn.batch(&"UPDATE handleref_database SET stamp = stamp + 1".into())
        .await?;
    let sql = Sql::new("SELECT stamp FROM handleref_database");
    Ok(conn.one::<(i64,)>(sql).await?.0)
}
