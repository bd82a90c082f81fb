//! What records must be like, in SQL: so that a page of them is full.

use crate::any::Metadata;
use crate::changeset::is_named;
use crate::engine::Kind;
use crate::error::Error;
use crate::facts::{
    Capture, RECORD_CHANGESET, RECORD_ID, RECORD_OPERATION, RECORD_REDACTED, RECORDED_AT,
};
use crate::history::Operation;
use crate::history::previous::previous_sql;
use crate::sql::{Raw, Sql, differs, quoted, raw};
use crate::time::BoundTime;

/// What is wanted of the records of a row; all of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// The actor of their changeset is written so.
    pub(crate) by: Option<String>,
    pub(crate) from: Option<BoundTime>,
    /// Before this time.
    pub(crate) until: Option<BoundTime>,
    /// One of these fields was set, by its name or that of its column.
    pub(crate) fields: Vec<String>,
    /// One of these.
    pub(crate) operations: Vec<Operation>,
}

/// The number of the record before one of the same row.
pub(super) fn before(facts: &Metadata, kind: Kind) -> Raw {
    let (table, records) = (quoted(kind, facts.table()), quoted(kind, facts.records()));
    let id = raw!("{table}.{RECORD_ID}", table, RECORD_ID);
    previous_sql(kind, &records, facts.key(), &table, id)
}

impl Wanted {
    pub(super) fn is_all(&self) -> bool {
        let none = self.by.is_none() && self.from.is_none() && self.until.is_none();
        none && self.fields.is_empty() && self.operations.is_empty()
    }

    /// ` AND ..`, of records that are called as their model's table.
    pub(super) fn sql<'a>(&'a self, facts: &Metadata, kind: Kind) -> Result<Sql<'a>, Error> {
        let mut sql = Sql::new("");
        if let Some(name) = &self.by {
            sql = sql.sql(" AND EXISTS (SELECT 1 FROM handleref_changesets handleref_c WHERE ");
            sql = sql.sql("handleref_c.id = ").name(facts.table());
            sql = sql.sql(".").name(RECORD_CHANGESET).sql(" AND ");
            sql = sql.append(is_named(kind, name)).sql(")");
        }
        for (time, than) in [(&self.from, " >= "), (&self.until, " < ")] {
            if let Some(time) = time {
                sql = sql.sql(" AND ").name(RECORDED_AT).sql(than).bind(time);
            }
        }
        if !self.operations.is_empty() {
            let operations = self.operations.iter().map(|it| it.as_str().to_owned());
            sql = sql.sql(" AND ").name(RECORD_OPERATION).sql(" IN (");
            sql = sql.list(operations).sql(")");
        }
        if !self.fields.is_empty() {
            sql = sql.sql(" AND (1 = 0");
            for name in &self.fields {
                let at = place(facts, name).ok_or_else(|| Error::NoField {
                    model: facts.name(),
                    field: name.clone(),
                })?;
                sql = sql.sql(" OR ").append(set(facts, kind, at));
            }
            sql = sql.sql(")");
        }
        Ok(sql)
    }
}

/// The place of a field of which the history tells whether it changed.
fn place(facts: &Metadata, name: &str) -> Option<usize> {
    let columns = facts.model.recording.columns;
    let at = (0..columns.len()).find(|at| facts.is_named(*at, name))?;
    let redacted = matches!(columns.get(at)?.capture, Capture::Redacted(_));
    (redacted || facts.tells(at)).then_some(at)
}

/// Whether a record set a field to something else than the one before it.
fn set<'a>(facts: &Metadata, kind: Kind, at: usize) -> Sql<'a> {
    let Some(column) = facts.model.recording.columns.get(at) else {
        return Sql::new("1 = 0");
    };
    if column.capture != Capture::Value {
        let listed = Sql::new(match kind {
            Kind::Mysql => "CONCAT(',', ",
            Kind::Sqlite | Kind::Postgres => "(',' || ",
        });
        let listed = listed.name(RECORD_REDACTED).sql(match kind {
            Kind::Mysql => ", ',')",
            Kind::Sqlite | Kind::Postgres => " || ',')",
        });
        let mut pattern = "%,".to_owned();
        for character in column.name.chars() {
            if matches!(character, '%' | '_' | '!') {
                pattern.push('!');
            }
            pattern.push(character);
        }
        pattern.push_str(",%");
        return listed.sql(" LIKE ").bind(pattern).sql(" ESCAPE '!'");
    }
    let (table, records) = (quoted(kind, facts.table()), quoted(kind, facts.records()));
    let field = quoted(kind, column.name);
    let differs = differs(
        kind,
        raw!("handleref_b.{field}", field),
        raw!("{table}.{field}", table, field),
    );
    let before = before(facts, kind);
    // As it is shown: all of an inserted row that is not null, and nothing of what only
    // repeats a row.
    Sql::new("").made(raw!(
        "(({RECORD_OPERATION} = 'insert' AND {field} IS NOT NULL) OR \
         ({RECORD_OPERATION} NOT IN ('insert', 'delete', 'baseline', 'erase') AND EXISTS \
         (SELECT 1 FROM {records} handleref_b WHERE handleref_b.{RECORD_ID} = {before} AND {differs})))",
        RECORD_OPERATION,
        field,
        records,
        RECORD_ID,
        before,
        differs
    ))
}
